"""mailseal check --sender: what senders made of Python's smtplib do to it, and what it says of them."""
import json
import re
import smtplib
import socket
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon import BINARY, ROOT

ZONE = "test.example.org"
CASES = ["good", "plain", "refused", "tls10", "no-secrecy", "self-signed", "expired", "wrong-name",
         "stripped", "injected", "dane-mismatch", "dane-plain", "dane-unusable", "sts-certificate",
         "sts-mx", "sts-plain", "sts-testing"]
PORT, WEB = 2525, "127.0.9.99"
ADDRESS = {name: f"127.0.9.{number}" for number, name in enumerate(CASES, 1)}


class Bench:
    """The command, listening."""

    def __init__(self, folder, *options, listen=("127.0.9.1:2525+17",)):
        self.ca = str(folder / "ca.pem")
        self.options = ["--zone", ZONE, "--ca", self.ca, "--https", f"{WEB}:2443"]
        self.options += [word for one in listen for word in ("--listen", one)]
        self.process = subprocess.Popen(
            [BINARY, "check", "--sender", *self.options, "--json", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("ready: "):
                break
        else:
            raise AssertionError("".join(self.lines))
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        self.lines.extend(self.process.stderr)

    def end(self):
        self.process.terminate()
        return self.result()

    def result(self, timeout=60):
        """The exit status, and what it says, with the cases by name."""
        self.process.wait(timeout)
        said = json.loads(self.process.stdout.read())
        said["cases"] = {case["name"]: case for case in said["cases"]}
        return self.process.returncode, said

    def verdicts(self):
        status, said = self.end()
        return status, {name: (case["verdict"], case["arrival"])
                        for name, case in said["cases"].items()}


@pytest.fixture
def bench(tmp_path):
    benches = []

    def start(*options, **kwargs):
        benches.append(Bench(tmp_path, *options, **kwargs))
        return benches[-1]
    yield start
    for one in benches:
        one.process.kill()
        one.process.wait()


def trusting(bench=None, everything=False):
    context = ssl.create_default_context(cafile=bench.ca if bench else None)
    if not bench:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if everything:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL@SECLEVEL=0")
    return context


def deliver(session, case, number=1):
    session.sendmail("a@sender.example", f"test@{case}.{ZONE}",
                     f"Message-ID: <{case}-{number}@sender.example>\r\n\r\nx\r\n")


def send(case, context=None, falls_back=True, number=1):
    """As an MTA does: TLS where it is offered, by context; else in clear, if it falls back."""
    with smtplib.SMTP(ADDRESS[case], PORT, local_hostname="sender.example", timeout=30) as session:
        session.ehlo()
        if context and session.has_extn("starttls"):
            session._host = f"mx-{case}.{ZONE}"
            try:
                if session.starttls(context=context)[0] != 220:
                    raise ssl.SSLError("refused")
            except (ssl.SSLError, OSError, smtplib.SMTPException):
                session.close()
                return send(case, None, falls_back, number) if falls_back else None
        elif not falls_back:
            return None
        return deliver(session, case, number)


def to_all(how, cases=CASES):
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(how, case) for case in cases]:
            done.result()


def test_a_sender_that_never_seals(bench):
    one = bench()
    to_all(send)
    status, verdicts = one.verdicts()
    assert status == 1
    assert {name for name, verdict in verdicts.items() if verdict[1] != "in-clear"} == set()
    assert {name for name, verdict in verdicts.items() if verdict[0] == "pass"} == {
        "plain", "refused", "tls10", "no-secrecy"}
    assert verdicts["injected"][0] == "warn"


def test_a_sender_that_seals_as_it_can(bench):
    """Opportunistic TLS without a look at certificates: right there, wrong by DANE and MTA-STS."""
    one = bench()
    context = trusting(everything=True)
    to_all(lambda case: send(case, context))
    send("stripped", context, number=2)
    status, said = one.end()
    verdicts = {name: case["verdict"] for name, case in said["cases"].items()}
    assert status == 1 and said["groups"] == {
        "opportunistic": "warn", "dane": "fail", "mta-sts": "fail"}
    assert {name for name in verdicts if verdicts[name] == "fail"} == {
        "dane-mismatch", "dane-plain", "sts-certificate", "sts-mx", "sts-plain"}
    assert {name for name in verdicts if verdicts[name] == "warn"} == {
        "tls10", "no-secrecy", "stripped"}
    assert said["cases"]["tls10"]["version"] == "TLSv1.0"
    assert said["cases"]["no-secrecy"]["suite"].startswith("TLS_RSA_WITH_")
    assert said["cases"]["good"]["version"] == "TLSv1.3"
    assert said["cases"]["good"]["message_id"] == "<good-1@sender.example>"
    assert said["cases"]["good"]["recipient"] == f"test@good.{ZONE}"
    assert said["cases"]["stripped"]["was_sealed"] is True
    assert said["cases"]["good"]["peer"].startswith("127.")


def test_stripped_begins_with_the_next_connection(bench):
    """Two that came while STARTTLS was offered show nothing of one to whom it is not."""
    one = bench()
    with smtplib.SMTP(ADDRESS["stripped"], PORT, timeout=30) as first:
        with smtplib.SMTP(ADDRESS["stripped"], PORT, timeout=30) as second:
            for session in (first, second):
                session.starttls(context=trusting())
                deliver(session, "stripped")
    case = one.end()[1]["cases"]["stripped"]
    assert (case["was_sealed"], case["verdict"], case["visits"]) == (True, "unknown", 0)


def test_a_sender_that_verifies_and_falls_back(bench):
    """The worst of both: what a certificate does not prove goes in clear."""
    one = bench()
    context = trusting(one)
    to_all(lambda case: send(case, context), ["good", "self-signed", "expired", "wrong-name",
                                              "dane-unusable", "sts-testing", "sts-mx"])
    verdicts = one.verdicts()[1]
    assert verdicts["good"] == ("pass", "in-tls")
    for name in ("self-signed", "expired", "wrong-name", "dane-unusable", "sts-testing"):
        assert verdicts[name] == ("fail", "in-clear"), name
    assert verdicts["sts-mx"] == ("fail", "in-tls")  # its certificate is well; the policy is not
    assert verdicts["plain"] == ("unknown", "never")


def test_who_breaks_off_has_an_alert(bench):
    one = bench()
    context = trusting(one)
    to_all(lambda case: send(case, context, falls_back=False),
           ["sts-certificate", "sts-plain", "expired"])
    said = one.end()[1]["cases"]
    assert (said["sts-certificate"]["verdict"], said["sts-certificate"]["arrival"]) == (
        "pass", "broken")
    assert (said["sts-plain"]["verdict"], said["sts-plain"]["arrival"]) == ("pass", "left")
    assert "certificate expired" in said["expired"]["alert"]
    assert said["expired"]["verdict"] == "warn"


def fetch(one, host):
    with socket.create_connection((WEB, 2443), 30) as sock:
        with trusting(one).wrap_socket(sock, server_hostname=host) as tls:
            tls.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = b""
            while piece := tls.recv(4096):
                answer += piece
    return answer.decode()


def test_policies(bench):
    one = bench()
    for case, mode, host in (("sts-mx", "enforce", "mx-of-nobody-sts-mx"),
                             ("sts-testing", "testing", "mx-sts-testing")):
        answer = fetch(one, f"mta-sts.{case}.{ZONE}")
        assert answer.startswith("HTTP/1.1 200 OK\r\n")
        assert f"mode: {mode}\r\nmx: {host}.{ZONE}\r\n" in answer
    said = one.end()[1]["cases"]
    # who read that policy has no reason to come
    assert (said["sts-mx"]["verdict"], said["sts-mx"]["arrival"]) == ("pass", "never")
    assert said["sts-testing"]["verdict"] == "unknown"


def test_a_policy_whose_certificate_is_not_believed(bench):
    """The sender is not judged by a policy that it could not have."""
    one = bench()
    with socket.create_connection((WEB, 2443), 30) as sock:
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(
                sock, server_hostname=f"mta-sts.sts-mx.{ZONE}")
    to_all(lambda case: send(case, trusting()), ["sts-mx", "sts-certificate"])
    said = one.end()[1]["cases"]
    assert (said["sts-mx"]["policy_refusals"], said["sts-mx"]["verdict"]) == (1, "unknown")
    assert (said["sts-certificate"]["policy_refusals"], said["sts-certificate"]["verdict"]) == (
        0, "fail")


def test_it_ends_when_all_is_settled(bench):
    one = bench("--only", "good,dane-plain", "--settle", "1s",
                listen=["good=127.0.9.1:2525", "dane-plain=127.0.9.12:2525"])
    send("good", trusting(one))
    send("dane-plain", trusting(one), falls_back=False)
    status, said = one.result()
    assert status == 0 and said["verdict"] == "pass" and len(said["cases"]) == 2
    assert any(re.match(r"pass +dane-plain +came and left, from 127", line) for line in one.lines)


def test_it_ends_in_time_and_cannot_tell(bench):
    one = bench("--for", "1s", "--only", "good", listen=["127.0.9.1:2525"])
    assert one.result()[0] == 2


def test_strangers_do_not_count(bench):
    one = bench("--from", "192.0.2.0/24")
    with socket.create_connection((ADDRESS["dane-plain"], PORT), 30) as sock:
        assert sock.makefile().readline().startswith("554 5.7.1 ")
    status, said = one.end()
    assert status == 2 and said["strangers"] == 1
    assert said["cases"]["dane-plain"]["arrival"] == "never"


def test_who_is_no_mail_program_does_not_count(bench):
    one = bench()
    with socket.create_connection((ADDRESS["dane-plain"], PORT), 30) as sock:
        assert sock.makefile().readline().startswith("220 ")
    with smtplib.SMTP(ADDRESS["dane-plain"], PORT, timeout=30) as relay:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            relay.sendmail("a@b.example", "victim@elsewhere.example", "x")
    status, said = one.end()
    assert status == 2 and said["strangers"] == 2
    assert said["cases"]["dane-plain"]["arrival"] == "never"


def test_one_address_has_so_many_connections(bench):
    one = bench()
    socks = [socket.create_connection((ADDRESS["good"], PORT), 30) for _ in range(40)]
    greeted = [sock.makefile().readline() for sock in socks]
    for sock in socks:
        sock.close()
    assert sum(line.startswith("220 ") for line in greeted) == 32, greeted
    assert one.end()[0] == 2


def run(*arguments):
    done = subprocess.run([BINARY, "check", "--sender", *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_the_zone_is_of_the_kept_ca(tmp_path):
    words = ["--zone", ZONE, "--ca", str(tmp_path / "ca.pem"), "--listen", "2001:db8::fffe+17"]
    first, again = run(*words, "--print-zone"), run(*words, "--print-zone")
    assert first == again and first[0] == 0
    assert "\nmx-plain\tAAAA\t2001:db8::ffff\n" in first[1]
    assert "\nmx-refused\tAAAA\t2001:db8::1:0\n" in first[1]
    assert re.search(r"_25._tcp.mx-good\tTLSA\t2 1 1 [0-9a-f]{64}\n", first[1])
    assert (tmp_path / "ca.pem").stat().st_mode & 0o777 == 0o600
    status, certificate, _ = run("--ca", str(tmp_path / "ca.pem"), "--print-ca")
    assert status == 0 and certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in certificate


@pytest.mark.parametrize("words, why", [
    ((), "--ca FILE"),
    (("--ca", "CA"), "--zone is wanted"),
    (("--ca", "CA", "--zone", "localhost", "--listen", "127.0.9.1+17"), "--zone is wanted"),
    (("--ca", "CA", "--zone", ZONE, "--listen", "127.0.9.1"), "case plain has no address"),
    (("--ca", "CA", "--zone", ZONE, "--listen", "plain"), "plain: "),
    (("--ca", "CA", "--zone", ZONE, "--listen", "nosuch=127.0.9.1"), 'no case "nosuch"'),
    (("--ca", "CA", "--zone", ZONE, "--listen", "127.0.9.1+0"), "no number of addresses"),
    (("--ca", "CA", "--zone", ZONE, "--listen", "192.0.2.1+17", "--user", "nosuch"),
     "cannot listen on 192.0.2.1"),
    (("--ca", "CA", "--only", "good,bad"), 'no case "bad"'),
    (("--ca", "CA", "--from", "x"), "--from x: "),
    (("--ca", "CA", "--for", "x"), "is no time"),
    (("--ca", "/dev/null/x", "--print-ca"), "/dev/null/x: "),
    (("--ca", "BAD", "--print-ca"), "not the key and certificate of a CA"),
    (("--chain", "BAD"), "belong together"),
    (("--ca", "CA", "extra"), '"extra": no argument'),
])
def test_what_is_wrong_is_said(tmp_path, words, why):
    (tmp_path / "BAD").write_text("nothing\n")
    files = {name: str(tmp_path / name) for name in ("CA", "BAD")}
    status, out, said = run(*[files.get(word, word) for word in words])
    assert status == 2 and not out and why in said, said


def test_help():
    status, out, _ = run("--help")
    assert status == 0 and "Example: mailseal check --sender" in out
    status, out, _ = run("--cases")
    assert status == 0 and re.findall(r"(?m)^[a-z][a-z0-9-]*", out) == CASES


def test_the_manual_has_all_cases():
    with open(f"{ROOT}/doc/mailseal-check-sender.1", encoding="utf-8") as page:
        text = re.sub(r"\s+", " ", page.read().replace("\\-", "-").lower())
    lines = run("--cases")[1].splitlines()
    for case, wanted in zip(lines[::2], lines[1::2]):
        name, fault = case.split(maxsplit=1)
        assert f".tp .b {name} {fault}. .br {wanted.strip()}.".lower() in text, name
    for option in re.findall(r"--[a-z-]+", run("--help")[1]):
        assert option in text, option
