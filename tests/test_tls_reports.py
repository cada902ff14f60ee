"""What TLS reports are made of (RFC 8460): sessions of the relay, and those that libtlsrpt tells."""
import ctypes
import http.server
import json
import os
import signal
import socket
import ssl
import stat
import struct
import subprocess
import threading
import time

import pytest

from daemon import BINARY, make_certificate, wait_until
from names import A, MX, TXT
from test_relay import TEXT, Mta, Relay, in_folder, socketmap

STS_ADDRESS = "127.0.3.1"
POLICY = "version: STSv1\nmode: {}\nmx: {}\nmax_age: 86400\n"
NAMED = "mx.named.example"


class StsServer:
    """The web server of mta-sts.NAME.example; files: what it has, by NAME."""

    def __init__(self, folder, files):
        chain, key = make_certificate(folder, "sts", host="mta-sts.named.example", other=[
            f"mta-sts.{name}.example" for name in files])
        self.chain = chain

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = files[self.headers["Host"].split(".")[1]].encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.server = http.server.ThreadingHTTPServer((STS_ADDRESS, 443), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Reporting(Relay):
    """With a collector, a policy service, and domains that have MTA-STS policies."""

    def __init__(self, folder):
        self.files = {"named": POLICY.format("enforce", NAMED),
                      "misnamed": POLICY.format("enforce", "mx.misnamed.example"),
                      "tested": POLICY.format("testing", "mx.tested.example"),
                      "reported": POLICY.format("enforce", "mx.reported.example"),
                      "elsewhere": POLICY.format("enforce", "mx.other.example"),
                      "broken": "version: STSv2\n"}
        self.sts = StsServer(folder, self.files)
        super().__init__(folder, rest=f'''tlsrpt = {{ collector = "unix:{folder}/door/tlsrpt";
            mode = "0622"; from = "tls-reports@mail.example.org"; }};
            policy_service = {{ socketmap = "unix:{folder}/policy"; mode = "0666"; }};''',
                         resolver=f'ca_file = "{self.sts.chain}";')
        plain = self.names.say
        self.names.say = lambda name, kind: self.sts_facts(name, kind) or plain(name, kind)
        self.door = f"{folder}/door/tlsrpt"

    def sts_facts(self, name, kind):
        label, _, domain = name.partition(".")
        if domain.partition(".")[0] not in self.files or label not in ("_mta-sts", "mta-sts"):
            return None
        text = b"v=STSv1; id=1;"
        records = {TXT: bytes([len(text)]) + text, A: socket.inet_aton(STS_ADDRESS)}
        return 0, records.get(kind if label != "_mta-sts" or kind == TXT else MX)

    def report(self, *words):
        done = subprocess.run([BINARY, "report", "tlsrpt", "-c", self.config, *words],
                              capture_output=True, text=True, check=True)
        return done.stdout

    def policies(self, name):
        """Those of NAME.example, by type: successes, failures, and what failed."""
        return {p["policy"]["policy-type"]: p
                for day in json.loads(self.report("--json", f"{name}.example"))
                for p in day["policies"]}

    def wait_sums(self, name, **expected):
        """"sts": (successes, failures)... The counting comes after the mail's answer."""
        expected = {kind.replace("_", "-"): sums for kind, sums in expected.items()}
        assert wait_until(
            lambda: {kind: tuple(p["summary"][f"total-{how}-session-count"]
                                 for how in ("successful", "failure"))
                     for kind, p in self.policies(name).items()} == expected), self.policies(name)
        return self.policies(name)

    def close(self):
        super().close()
        self.sts.close()


@pytest.fixture(scope="module")
def relay():
    yield from in_folder(Reporting)


def send(relay, name):
    mta = Mta(relay.lmtp)
    said = mta.send(f"b@{name}.example")
    mta.close()
    return said


def test_a_connection_counts_once_however_many_messages_it_carries(relay):
    far = relay.far("twice")
    for _ in range(2):
        assert send(relay, "twice")[-1].startswith("250")
    assert len(far.sessions) == 1
    relay.wait_sums("twice", no_policy_found=(1, 0))


def test_a_far_end_without_starttls(relay):
    far = relay.far("bare", tls=False)
    assert send(relay, "bare")[-1].startswith("250")
    found = relay.wait_sums("bare", no_policy_found=(0, 1))["no-policy-found"]
    assert found["policy"] == {"policy-type": "no-policy-found", "policy-domain": "bare.example",
                               "policy-string": [], "mx-host": []}
    assert found["failure-details"] == [{
        "result-type": "starttls-not-supported", "failed-session-count": 1,
        "sending-mta-ip": "127.0.0.1", "receiving-mx-hostname": "mx.bare.example",
        "receiving-mx-helo": "far.example", "receiving-ip": far.address}]


def test_a_far_end_that_cannot_be_reached_is_not_counted(relay):
    relay.names.add("closed", "127.0.1.250")
    assert send(relay, "closed")[1].startswith("451 4.4.1")
    relay.far("open")
    send(relay, "open")
    relay.wait_sums("open", no_policy_found=(1, 0))
    assert relay.policies("closed") == {}


def test_a_certificate_that_fails_by_mta_sts(relay):
    relay.far("misnamed")
    assert send(relay, "misnamed")[-1].startswith("451 4.7.5")
    found = relay.wait_sums("misnamed", sts=(0, 1))["sts"]
    assert found["policy"] == {
        "policy-type": "sts", "policy-domain": "misnamed.example", "mx-host": ["mx.misnamed.example"],
        "policy-string": ["version: STSv1", "mode: enforce", "mx: mx.misnamed.example",
                          "max_age: 86400"]}
    detail = found["failure-details"][0]
    assert detail["result-type"] == "certificate-host-mismatch", detail
    assert detail["failure-reason-code"] == "hostname mismatch", detail


def test_a_report_arrives_whatever_the_policy_and_is_not_counted(relay):
    """RFC 8460 3. Any other message of the sender's would wait."""
    far = relay.far("reported")
    for text, said in (b"", "451 4.7.5"), (b"TLS-Required: No\r\n", "250"):
        mta = Mta(relay.lmtp)
        assert mta.send("r@reported.example", sender="tls-reports@mail.example.org",
                        text=text + TEXT)[-1].startswith(said)
        mta.close()
    assert len(far.messages) == 1
    send(relay, "reported")
    relay.wait_sums("reported", sts=(0, 1))  # that one alone


def test_mode_testing_is_counted_though_mail_goes(relay):
    relay.far("tested")
    assert send(relay, "tested")[-1].startswith("250")
    found = relay.wait_sums("tested", sts=(0, 1))["sts"]
    assert found["failure-details"][0]["result-type"] == "certificate-host-mismatch"


def test_a_host_that_the_policy_does_not_name(relay):
    relay.far("elsewhere")
    assert send(relay, "elsewhere")[-1].startswith("451 4.7.5")
    detail = relay.wait_sums("elsewhere", sts=(0, 1))["sts"]["failure-details"][0]
    assert (detail["result-type"], detail["receiving-mx-hostname"]) == (
        "validation-failure", "mx.elsewhere.example")
    assert "receiving-ip" not in detail


def test_a_policy_that_is_broken_is_a_failure_though_mail_goes(relay):
    relay.far("broken")
    assert send(relay, "broken")[-1].startswith("250")
    found = relay.wait_sums("broken", sts=(0, 1))["sts"]
    assert found["failure-details"][0]["result-type"] == "sts-policy-invalid"
    assert "version" in found["failure-details"][0]["failure-reason-code"]
    # A Postfix that delivers itself asks, and cannot tell it. Older ones send no reports at all.
    for map_name in "policy", "policy-tlsrpt":
        assert socketmap(relay, f"{map_name} broken.example") == "NOTFOUND "
    relay.wait_sums("broken", sts=(0, 2))


class Libtlsrpt:
    """The library where it is installed, as in Debian 13; else what it writes."""

    def __init__(self, path):
        self.path = path
        try:
            self.library = ctypes.CDLL("libtlsrpt.so.0")
        except OSError:
            self.library = None

    def tell(self, domain, record, kind, strings, patterns, failure, final):
        if self.library:
            self.by_library(domain, record, kind, strings, patterns, failure, final)
            return
        keys = "c", "s", "n", "h", "r", "a", "f"
        policy = {"policy-type": kind, "policy-domain": domain, "policy-string": strings,
                  "mx-host": patterns, "t": int(failure is not None), "f": final}
        if failure:
            policy["failure-details"] = [{k: v for k, v in zip(keys, failure) if v is not None}]
        datagram(self.path, json.dumps({"d": domain, "pr": record, "policies": [policy]}).encode())

    def by_library(self, domain, record, kind, strings, patterns, failure, final):
        connection, request = ctypes.c_void_p(), ctypes.c_void_p()

        def call(name, *arguments):
            code = getattr(self.library, "tlsrpt_" + name)(*[
                a.encode() if isinstance(a, str) else a for a in arguments])
            assert code == 0, (name, code)

        call("open", ctypes.byref(connection), self.path)
        call("init_delivery_request", ctypes.byref(request), connection, domain, record)
        call("init_policy", request, kind, domain)
        for text in strings:
            call("add_policy_string", request, text)
        for text in patterns:
            call("add_mx_host_pattern", request, text)
        if failure:
            call("add_delivery_request_failure", request, *failure)
        call("finish_policy", request, final)
        call("finish_delivery_request", ctypes.byref(request))
        call("close", ctypes.byref(connection))


def datagram(path, data):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(data, path)


def test_what_libtlsrpt_tells(relay):
    library = Libtlsrpt(relay.door)
    strings, patterns = ["version: STSv1", "mode: enforce"], ["*.told.example"]
    record = "v=TLSRPTv1; rua=mailto:a@told.example"
    failure = (205, "192.0.2.1", "mx.told.example", "250-mx.told.example\r\n250 STARTTLS",
               "192.0.2.9", None, "self-signed_certificate")
    library.tell("told.example", record, 2, strings, patterns, failure, 1)
    library.tell("told.example", record, 2, strings, patterns, None, 0)
    found = relay.wait_sums("told", sts=(1, 1))["sts"]
    assert found["policy"]["policy-string"] == strings
    assert found["policy"]["mx-host"] == patterns
    assert found["failure-details"] == [{
        "result-type": "validation-failure", "failed-session-count": 1,
        "sending-mta-ip": "192.0.2.1", "receiving-mx-hostname": "mx.told.example",
        "receiving-mx-helo": "mx.told.example", "receiving-ip": "192.0.2.9",
        "failure-reason-code": "self-signed_certificate"}]
    assert stat.S_IMODE(os.stat(relay.door).st_mode) == 0o622


def test_what_is_no_datagram_of_libtlsrpt_is_refused(relay):
    def sums():
        said = relay.status()["sums"]
        return said["tlsrpt_datagrams"], said["tlsrpt_refused"]

    datagrams, refused = sums()
    seen = len(relay.events)
    for data in b"", b"{}", b"\xff" * 100, b" " * 70000:
        datagram(relay.door, data)
    assert wait_until(lambda: sums() == (datagrams + 4, refused + 4)), sums()
    relay.wait("collector of TLS reports was told what is no datagram of libtlsrpt", after=seen)
    assert sum(e["event"].startswith("collector of") for e in relay.events[seen:]) == 1


def test_a_resolver_that_stands_still_costs_counts_and_nobody_waits(relay):
    policy = {"policy-type": 1, "policy-string": ["x" * 4000] * 4, "t": 0, "f": 0}
    data = json.dumps({"d": "flood.example", "policies": [policy]}).encode()
    resolver, seen = relay.status()["resolver_pid"], len(relay.events)
    before, count = relay.status()["sums"]["tlsrpt_datagrams"], 400
    os.kill(resolver, signal.SIGSTOP)
    try:
        for _ in range(count):
            datagram(relay.door, data)
        assert wait_until(lambda: relay.status()["sums"]["tlsrpt_datagrams"] == before + count), (
            before, relay.status()["sums"])
    finally:
        os.kill(resolver, signal.SIGCONT)
    assert wait_until(lambda: relay.policies("flood"))
    datagram(relay.door, data)
    lost = int(relay.wait("sessions were not counted for TLS reports", after=seen)["lost"])
    assert 0 < lost < count
    relay.wait_sums("flood", tlsa=(count + 1 - lost, 0))


def test_counts_outlive_a_restart_and_are_read_without_a_daemon(relay):
    relay.far("kept")
    assert send(relay, "kept")[-1].startswith("250")
    relay.wait_sums("kept", no_policy_found=(1, 0))
    relay.process.terminate()
    relay.process.wait(15)
    relay.wait_sums("kept", no_policy_found=(1, 0))
    relay.start_again()
    datagram(relay.door, b'{"d":"kept.example","policies":[{"policy-type":9,"t":0,"f":0}]}')
    relay.wait_sums("kept", no_policy_found=(2, 0))
    day = json.loads(relay.report("--json", "kept.example"))[-1]["day"]
    text = relay.report("--day", day, "KEPT.example")
    assert text.startswith(f"{day} kept.example no-policy-found kept.example: "), text
    assert relay.report("--day", "1999-12-31") == ""


def test_the_collector_and_the_policy_service_change_places_and_back(relay):
    before, policy = relay.settings, f"{relay.folder}/policy"
    swapped = before.replace(policy, "PATH").replace(relay.door, policy).replace("PATH", relay.door)
    for count, (config, door, service) in enumerate([(swapped, policy, relay.door),
                                                     (before, relay.door, policy)]):
        relay.change(config)
        datagram(door, b'{"d":"moved.example","policies":[{"policy-type":9,"t":0,"f":0}]}')
        relay.wait_sums("moved", no_policy_found=(count + 1, 0))
        assert socketmap(relay, "policy broken.example", service) == "NOTFOUND "


@pytest.mark.parametrize("words", [(), ("tlsrpt", "a b"), ("tlsrpt", "-d", "today"),
                                   ("tlsrpt", "-d", "2026-02-30")])
def test_a_report_that_is_none(words):
    done = subprocess.run([BINARY, "report", *words], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("Usage: mailseal report"), done


def test_a_flood_of_datagrams_has_an_end(relay):
    """What is over in a second is refused: mail has to do with resolver, too."""
    refused = relay.status()["sums"]["tlsrpt_refused"]
    flood = json.dumps({"d": "flood.example", "pr": "v=TLSRPTv1; rua=mailto:a@b", "policies": [
        {"policy-type": 9, "policy-domain": "flood.example", "t": 0, "f": 0}]}).encode()
    begun = time.monotonic()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        for _ in range(5000):
            sock.sendto(flood, relay.door)
    most = 1000 * (int(time.monotonic() - begun) + 2)
    assert wait_until(lambda: relay.status()["sums"]["tlsrpt_refused"] >= refused + 5000 - most)
    assert most < 5000, most
    relay.far("behind")
    assert send(relay, "behind")[-1].startswith("250")
