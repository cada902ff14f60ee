"""TLS reports of others (RFC 8460), taken in as a mail pipe does it, and shown."""
import datetime
import gzip
import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
from email.message import EmailMessage

import pytest

from daemon import BINARY

DOMAIN = "provider.example"
YESTERDAY = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date()


def report_of(organization, number, result=None, domain=DOMAIN, mx="mx1.provider.example", **more):
    policy = {"policy": {"policy-type": "sts", "policy-domain": domain},
              "summary": {"total-successful-session-count": 20,
                          "total-failure-session-count": 3 if result else 0}}
    if result:
        policy["failure-details"] = [{"result-type": result, "receiving-mx-hostname": mx,
                                      "failed-session-count": 3, "failure-reason-code": "why"}]
    return {"organization-name": organization, "contact-info": "c@reporter.example",
            "report-id": number, "policies": [policy],
            "date-range": {"start-datetime": f"{YESTERDAY}T00:00:00Z",
                           "end-datetime": f"{YESTERDAY}T23:59:59Z"}, **more}


def message_of(report, signed_by=None, authserv="mx.provider.example", compressed=True):
    mail = EmailMessage()
    mail["From"] = "TLS reports <noreply@reporter.example>"
    mail["Subject"] = "Report Domain: provider.example Submitter: reporter.example"
    mail.set_content("A report.")
    data = json.dumps(report).encode()
    if compressed:
        mail.add_attachment(gzip.compress(data), "application", "tlsrpt+gzip", filename="a.json.gz")
    else:
        mail.add_attachment(data, "application", "tlsrpt+json", filename="a.json")
    head = b""
    if signed_by:
        head = (f"Authentication-Results: {authserv};\n dkim=pass header.d={signed_by}"
                "\n").encode()
    return head + mail.as_bytes()


class Provider:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "mailseal.conf"
        self.config.write_text(f'state_dir = "{folder}"; run_dir = "{folder}/run"; hostname = '
                               '"mx.provider.example"; tlsrpt = { };\n')

    def run(self, *words, stdin=b"", binary=BINARY, **process):
        return subprocess.run([binary, "report", "tlsrpt", "-c", self.config, *words], input=stdin,
                              capture_output=True, timeout=60, **process)

    def ingest(self, data, *words, code=0, **process):
        done = self.run("--ingest", "-", *words, stdin=data, **process)
        assert done.returncode == code, done
        return done

    def received(self, *words, code=0):
        done = self.run("--received", *words)
        assert done.returncode == code, done
        return done.stdout.decode()

    def failures(self, *words, code=1):
        return json.loads(self.received("--json", *words, code=code))["failures"]


@pytest.fixture
def provider(tmp_path):
    return Provider(tmp_path)


def test_nothing_came_yet(provider):
    assert "none" in provider.received()
    assert json.loads(provider.received("--json")) == {"reporters": [], "failures": []}


@pytest.mark.parametrize("wrap", [
    message_of, lambda r: message_of(r, compressed=False), lambda r: json.dumps(r).encode(),
    lambda r: gzip.compress(json.dumps(r).encode()),
    lambda r: message_of(r).replace(b"\n", b"\r\n")])
def test_a_report_is_kept_and_shown_in_every_form(provider, wrap):
    provider.ingest(wrap(report_of("Reporter Inc", "1", "certificate-expired")))
    seen = json.loads(provider.received("--json", code=1))
    reporter, = seen["reporters"]
    assert (reporter["organization"], reporter["domain"], reporter["reports"],
            reporter["succeeded"], reporter["failed"]) == ("Reporter Inc", DOMAIN, 1, 20, 3)
    failure, = seen["failures"]
    assert (failure["result"], failure["mx"], failure["sessions"], failure["reason"]) == (
        "certificate-expired", "mx1.provider.example", 3, "why")
    assert failure["new"] is True and failure["first_seen"]
    text = provider.received(DOMAIN.upper(), code=1)
    assert re.search(r"new: Reporter Inc \((reporter\.example|no mail)\) tells of "
                     "provider.example: certificate-expired at mx1.provider.example", text), text
    assert provider.received("other.example") == provider.received("other.example", "--since", "7d")


def test_a_report_that_comes_twice_is_kept_once(provider):
    data = message_of(report_of("R", "1"))
    assert provider.ingest(data).stdout.startswith(b"kept: report 1 of R, 1 policies")
    assert provider.ingest(data).stdout.startswith(b"known already")
    assert json.loads(provider.received("--json"))["reporters"][0]["reports"] == 1


def test_a_new_failure_is_said_once(provider):
    alarm = b'"TLS report tells a new failure"'
    assert alarm in provider.ingest(message_of(report_of("R", "1", "certificate-expired"))).stderr
    assert alarm not in provider.ingest(
        message_of(report_of("R", "2", "certificate-expired", mx="mx2.provider.example"))).stderr
    assert alarm in provider.ingest(message_of(report_of("R", "3", "starttls-not-supported"))).stderr
    assert alarm in provider.ingest(message_of(report_of("S", "1", "certificate-expired"))).stderr
    assert all(f["new"] for f in provider.failures())
    with sqlite3.connect(provider.folder / "reports" / "received.db") as db:
        db.execute("UPDATE seen SET first = first - 2 * 86400 WHERE organization = 'R'")
    db.close()
    assert {f["organization"] for f in provider.failures() if f["new"]} == {"S"}
    assert all(f["new"] for f in provider.failures("--since", "7d"))


def test_who_signed_it_is_what_our_mta_says(provider):
    name = "--authserv-id", "mx.provider.example"
    for number, how in enumerate([{"signed_by": "reporter.example"}, {},
                                  {"signed_by": "evil.example"},
                                  {"signed_by": "reporter.example", "authserv": "evil.example"}]):
        provider.ingest(message_of(report_of(f"R{number}", "1", "tlsa-invalid"), **how), *name)
    seen = {f["organization"]: f for f in provider.failures()}
    assert {o: f["signature"] for o, f in seen.items()} == {
        "R0": "verified", "R1": "unverified", "R2": "unverified", "R3": "unverified"}
    # What nobody vouches for alarms nobody.
    assert {o for o, f in seen.items() if f["new"]} == {"R0"}
    provider.ingest(message_of(report_of("R4", "1", "tlsa-invalid"), signed_by="reporter.example"))
    assert {f["organization"]: f["signature"] for f in provider.failures()}["R4"] == "not-asked"


@pytest.mark.parametrize("rubbish", [
    b"", b"Subject: hello\n\nno report\n", b"{}", b"{", b"\x1f\x8b\x08",
    gzip.compress(b" " * 50_000_000), b"{}," * 500_000, b"x" * (10 * 1024 * 1024 + 1)],
    ids=["empty", "a-letter", "no-policies", "half", "gzip-cut", "bomb", "parts", "large"])
def test_rubbish_is_refused(provider, rubbish):
    done = provider.ingest(rubbish, code=65)
    assert b"is no TLS report" in done.stderr
    assert not (provider.folder / "reports" / "received.db").exists()


def test_a_full_disk_lets_the_mail_wait(provider):
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))

    big = report_of("R", "1", policies=report_of("R", "1", "tlsa-invalid")["policies"] * 900)
    done = provider.ingest(json.dumps(big).encode(), code=75, preexec_fn=no_room,
                           restore_signals=False)  # SIGXFSZ stays ignored: write() fails
    assert b"mailseal report" in done.stderr
    provider.ingest(json.dumps(big).encode())
    assert json.loads(provider.received("--json", code=1))["reporters"][0]["failed"] == 2700


def test_a_folder_that_may_not_be_written_lets_the_mail_wait(provider):
    (provider.folder / "reports").write_text("a file")
    provider.ingest(message_of(report_of("R", "1")), code=75)
    provider.config.write_text("nonsense")
    provider.ingest(message_of(report_of("R", "1")), code=75)


def test_what_strangers_write_is_harmless(provider):
    evil = "=cmd|' /C calc'!A0\x1b[31m\r\nnew: all is lost\u202e"
    provider.ingest(message_of(report_of(evil, evil, evil, domain=evil, mx=evil)))
    for text in provider.received(code=1), provider.received("--json", code=1):
        assert "\x1b" not in text and "\u202e" not in text and "\nnew: all" not in text
    done = provider.ingest(message_of(report_of("<script>", "2", "<script>")))
    assert b"\x1b" not in done.stdout + done.stderr


def test_what_senders_get_wrong_is_taken_all_the_same(provider):
    report = report_of("R", "1", "certificate-expired")
    del report["policies"][0]["policy"]["policy-domain"]  # users complain of such
    report["policies"][0]["policy"]["mx-host"] = "mx1.provider.example"
    report["policies"][0]["summary"]["total-successful-session-count"] = "20"
    del report["report-id"], report["contact-info"]
    provider.ingest(message_of(report))
    assert provider.ingest(message_of(report)).stdout.startswith(b"known already")
    assert json.loads(provider.received("--json", code=1))["reporters"][0]["succeeded"] == 20


def test_pipes_at_once(provider):
    runs = [subprocess.Popen([BINARY, "report", "tlsrpt", "-c", provider.config, "--ingest", "-"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(8)]
    for number, run in enumerate(runs):
        run.stdin.write(message_of(report_of("R", str(number), "dane-required")))
        run.stdin.close()
    assert [run.wait(60) for run in runs] == [0] * 8
    for run in runs:
        run.stdout.close()
        run.stderr.close()
    assert json.loads(provider.received("--json", code=1))["reporters"][0]["reports"] == 8


@pytest.mark.parametrize("words", [
    ("--ingest",), ("--ingest", "-", "a.example"), ("--sent", "--received"),
    ("--authserv-id", "x"), ("--since", "7d"), ("--received", "--day", "2026-01-01"),
    ("--received", "--since", "soon")])
def test_what_does_not_fit_together(provider, words):
    assert provider.run(*words).returncode == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_the_user_of_the_pipe_needs_its_folder_alone(provider):
    os.chmod(provider.folder, 0o711)
    for parent in provider.folder.parents:
        if str(parent) not in ("/", "/tmp"):
            os.chmod(parent, 0o711)
    shutil.copy(BINARY, provider.folder / "mailseal")  # where another user gets at it
    (provider.folder / "reports").mkdir()
    os.chown(provider.folder / "reports", 65534, 65534)
    os.chmod(provider.folder / "reports", 0o700)
    provider.ingest(message_of(report_of("R", "1")), binary=provider.folder / "mailseal",
                    user=65534, group=65534, extra_groups=[])
    assert json.loads(provider.received("--json"))["reporters"][0]["reports"] == 1
