"""TLS reports that go out (RFC 8460): by mail through an MTA, by HTTPS, once, and never of
themselves."""
import datetime
import email
import email.policy
import gzip
import http.server
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading

import pytest

import tlsrpt_schema
from daemon import BINARY, free_ports, make_certificate, wait_until
from farend import FarEnd
from names import SERVFAIL, TXT
from test_relay import Mta, Relay, in_folder

FROM = "tls-reports@example.org"
WEB = "127.0.3.2"
YESTERDAY = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)).date()


class WebServer:
    """Takes reports at any path, with a certificate that nobody knows; answers as .status says."""

    def __init__(self, folder):
        self.posts, self.status, self.changed = [], 200, threading.Condition()
        chain, key = make_certificate(folder, "web", host="somebody-else.example")
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with web.changed:
                    web.posts.append((self.path, self.headers["Content-Type"], body))
                    web.changed.notify_all()
                self.send_response(web.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.server = http.server.ThreadingHTTPServer((WEB, 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.posts) >= count, 15), self.posts

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Sending(Relay):
    """Sends reports through an MTA that is a script; records: the TXT record of _smtp._tls.NAME."""

    def __init__(self, folder):
        self.records, self.script = {}, {}
        self.mta_port = free_ports(1)[0]
        self.mta = FarEnd("127.0.4.1", self.mta_port, None, RCPT=lambda session, line:
                          self.script.get(line.split("<")[1].split(">")[0], "250 ok\r\n"))
        self.web = WebServer(folder)
        super().__init__(folder, rest=f'''tlsrpt = {{ send = true; from = "{FROM}";
            organization = "Organization \\"of\\" tests"; contact = "postmaster@example.org";
            submit = "127.0.4.1:{self.mta_port}"; private_networks = ["{WEB}"]; }};''')
        plain = self.names.say
        self.names.say = lambda name, kind: self.tlsrpt_facts(name, kind) or plain(name, kind)
        self.names.hosts["web.example"] = WEB

    def tlsrpt_facts(self, name, kind):
        if not name.startswith("_smtp._tls."):
            return None
        said = self.records.get(name.removeprefix("_smtp._tls.").removesuffix(".example"))
        if said == SERVFAIL:
            return SERVFAIL, None
        texts = [said] if isinstance(said, str) else said or []
        return 0, [bytes([len(t)]) + t.encode() for t in texts] if kind == TXT else None

    def report(self, *words, code=0):
        done = subprocess.run([BINARY, "report", "tlsrpt", "-c", self.config, *words],
                              capture_output=True, text=True)
        assert done.returncode == code, done
        return done.stdout

    def sent(self, name):
        """What is known of the reports to NAME.example: by where they go."""
        return {r["to"]: r for r in json.loads(self.report("--sent", "--json", f"{name}.example"))}

    def count(self, name, messages=1, **far):
        """Sessions with NAME.example, which were yesterday's: nobody waits for tomorrow here."""
        if f"{name}.example" not in self.names.mx:
            self.far(name, **far)
        for _ in range(messages):
            mta = Mta(self.lmtp)
            mta.send(f"b@{name}.example")
            mta.close()
        assert wait_until(lambda: json.loads(self.report("--json", f"{name}.example")))
        self.day_passes()

    def day_passes(self):
        with sqlite3.connect(f"{self.folder}/state/resolver/tlsrpt.db", timeout=10) as db:
            db.execute("UPDATE policy SET day = day - 1 WHERE day = unixepoch() / 86400")
        db.close()

    def send(self, day=None):
        done = self.ctl("tlsrpt-send", *([day] if day else []))
        assert done.returncode == 0, done

    def mails_to(self, mailbox):
        with self.mta.changed:
            mails = [email.message_from_bytes(m, policy=email.policy.SMTP)
                     for m in self.mta.messages]
        return [m for m in mails if m["To"].addresses[0].addr_spec == mailbox]

    def close(self):
        super().close()
        self.mta.close()
        self.web.close()


@pytest.fixture(scope="module")
def relay():
    yield from in_folder(Sending)


def test_by_mail(relay):
    relay.records["mailed"] = "v=TLSRPTv1; rua=mailto:reports@mailed.example"
    relay.count("mailed", tls=False)
    relay.send()
    relay.wait("TLS report sent", domain="mailed.example")
    mail, = relay.mails_to("reports@mailed.example")
    report_id = f"{YESTERDAY}.mailed.example@mail.example.org"
    assert mail["From"].addresses[0].addr_spec == FROM and mail["Message-ID"] and mail["Date"]
    assert mail["Subject"] == ("Report Domain: mailed.example Submitter: example.org "
                               f"Report-ID: <{report_id}>")
    assert mail["TLS-Report-Domain"] == "mailed.example"
    assert mail["TLS-Report-Submitter"] == "example.org"
    assert mail["TLS-Required"] == "No"  # RFC 8689 5: whatever TLS it meets
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "tlsrpt"
    words, attachment = mail.iter_parts()
    assert words.get_content_type() == "text/plain" and "mailed.example" in words.get_content()
    assert attachment.get_content_type() == "application/tlsrpt+gzip"
    begin = int(datetime.datetime.combine(YESTERDAY, datetime.time(),
                                          datetime.timezone.utc).timestamp())
    name = attachment.get_filename().split("!")
    assert name[:4] == ["example.org", "mailed.example", str(begin), str(begin + 86399)]
    assert name[4].endswith(".json.gz")
    report = tlsrpt_schema.check(json.loads(gzip.decompress(attachment.get_content())))
    assert report["organization-name"] == 'Organization "of" tests'
    assert report["contact-info"] == "postmaster@example.org"
    assert report["report-id"] == report_id
    assert report["date-range"]["start-datetime"] == f"{YESTERDAY}T00:00:00Z"
    policy, = report["policies"]
    assert policy["policy"] == {"policy-type": "no-policy-found", "policy-domain": "mailed.example"}
    assert policy["summary"]["total-failure-session-count"] == 1
    assert policy["failure-details"][0]["result-type"] == "starttls-not-supported"
    session = next(s for s in relay.mta.sessions
                   if "RCPT TO:<reports@mailed.example>" in s["lines"])
    assert session["lines"][0] == "EHLO mail.example.org"
    assert any(line.startswith(f"MAIL FROM:<{FROM}>") for line in session["lines"])
    known = relay.sent("mailed")["mailto:reports@mailed.example"]
    assert known["state"] == "sent" and known["tries"] == 1, known
    assert wait_until(lambda: relay.status()["tlsrpt"]["sent"] >= 1)
    assert json.loads(relay.report("--preview", "mailed.example")) == report


def test_by_https_whatever_the_certificate(relay):
    relay.records["posted"] = (f"v=TLSRPTv1; rua=https://web.example:{relay.web.port}/v1/x?y=z,"
                               "mailto:also@posted.example")
    relay.count("posted", messages=2)
    before = len(relay.web.posts)
    relay.send()
    relay.web.wait(before + 1)
    path, kind, body = relay.web.posts[-1]
    assert (path, kind) == ("/v1/x?y=z", "application/tlsrpt+gzip")
    report = tlsrpt_schema.check(json.loads(gzip.decompress(body)))
    assert report["policies"][0]["summary"]["total-successful-session-count"] >= 1
    assert wait_until(lambda: {r["state"] for r in relay.sent("posted").values()} == {"sent"})
    assert len(relay.sent("posted")) == 2 and len(relay.mails_to("also@posted.example")) == 1


@pytest.mark.parametrize("name, record", [
    ("silent", None), ("twice", ["v=TLSRPTv1; rua=mailto:a@twice.example",
                                 "v=TLSRPTv1; rua=mailto:b@twice.example"]),
    ("other", "v=TLSRPTv2; rua=mailto:a@other.example"),
    ("nowhere", "v=TLSRPTv1; rua=ftp://nowhere.example/")])
def test_who_does_not_ask_for_reports_gets_none(relay, name, record):
    relay.records[name] = record
    relay.records[f"after-{name}"] = f"v=TLSRPTv1; rua=mailto:r@after-{name}.example"
    relay.count(name)
    relay.count(f"after-{name}")
    relay.send()
    relay.wait("TLS report sent", domain=f"after-{name}.example")
    assert wait_until(lambda: relay.sent(name) == {})
    assert not relay.mails_to(f"a@{name}.example") and not relay.mails_to(f"b@{name}.example")


def test_what_was_sent_is_not_sent_again(relay):
    relay.records["once"] = "v=TLSRPTv1; rua=mailto:r@once.example"
    relay.count("once")
    relay.send()
    relay.wait("TLS report sent", domain="once.example")
    relay.records["later"] = "v=TLSRPTv1; rua=mailto:r@later.example"
    relay.count("later")
    relay.send()
    relay.wait("TLS report sent", domain="later.example")
    assert len(relay.mails_to("r@once.example")) == 1


def test_what_fails_is_tried_again_over_a_restart(relay):
    relay.records["late"] = "v=TLSRPTv1; rua=mailto:r@late.example"
    relay.records["lost"] = SERVFAIL
    relay.script["r@late.example"] = "451 4.3.0 not now\r\n"
    relay.count("late")
    relay.count("lost")
    relay.send()
    failed = relay.wait("TLS report not sent, tried again later", domain="late.example")
    assert failed["reason"] == "our MTA says: 451 4.3.0 not now", failed
    relay.wait("TLS report not sent, tried again later", domain="lost.example")
    assert wait_until(lambda: relay.sent("late") and all(
        r["state"] == "waiting" and r["tries"] == 1 for r in relay.sent("late").values()))
    relay.process.terminate()
    relay.process.wait(15)
    relay.start_again()
    assert relay.sent("late")["mailto:r@late.example"]["error"] == failed["reason"]
    relay.script.clear()
    relay.records["lost"] = "v=TLSRPTv1; rua=mailto:r@lost.example"
    relay.send()
    relay.wait("TLS report sent", domain="late.example")
    relay.wait("TLS report sent", domain="lost.example")
    assert relay.sent("late")["mailto:r@late.example"]["tries"] == 2


def test_what_our_mta_refuses_for_good_is_given_up(relay):
    relay.records["refused"] = "v=TLSRPTv1; rua=mailto:r@refused.example"
    relay.script["r@refused.example"] = "550 5.1.1 no\r\n"
    relay.count("refused")
    relay.send()
    relay.wait("TLS report given up", domain="refused.example")
    assert relay.sent("refused")["mailto:r@refused.example"]["state"] == "given-up"
    text = relay.report("--sent", "refused.example")
    assert "given-up" in text and "550 5.1.1 no" in text, text


@pytest.mark.parametrize("host, why", [
    ("127.0.0.1", "nothing may be posted there"), ("[::1]", "nothing may be posted there"),
    ("0x7f.1", "nothing may be posted there"), ("2130706433", "nothing may be posted there"),
    ("user@web.example", "nothing may be posted there"),
    ("inside.example", "its web server has an address of a private network"),
    ("nobody.example", "its web server has no address")])
def test_strangers_do_not_send_us_to_our_own_network(relay, host, why):
    name = "ssrf" + "".join(c for c in host if c.isalnum())[:20]
    listener = socket.create_server(("127.0.0.1", 0))
    relay.names.hosts["inside.example"] = "127.0.0.1"
    relay.records[name] = f"v=TLSRPTv1; rua=https://{host}:{listener.getsockname()[1]}/"
    relay.count(name)
    relay.send()
    assert wait_until(lambda: any(r["error"] == why for r in relay.sent(name).values())), (
        relay.sent(name))
    listener.settimeout(0)
    with pytest.raises(BlockingIOError):
        listener.accept()
    listener.close()


def test_a_web_server_that_does_not_want_it_now(relay):
    relay.records["busy"] = f"v=TLSRPTv1; rua=https://web.example:{relay.web.port}/busy"
    relay.web.status = 503
    relay.count("busy")
    relay.send()
    assert wait_until(lambda: any(r["error"] == "the web server answers with 503"
                                  for r in relay.sent("busy").values())), relay.sent("busy")
    relay.web.status = 201
    relay.send()
    relay.wait("TLS report sent", domain="busy.example")


def test_report_mail_is_not_counted(relay):
    """Two providers that only exchange reports fall silent: our reports make no sessions."""
    relay.far("reported")
    mta = Mta(relay.lmtp)
    assert mta.send("r@reported.example", sender=FROM)[-1].startswith("250")
    assert mta.send("r@reported.example", sender=FROM.upper())[-1].startswith("250")
    mta.close()
    relay.far("counted")
    mta = Mta(relay.lmtp)
    assert mta.send("b@counted.example")[-1].startswith("250")
    mta.close()
    assert wait_until(lambda: json.loads(relay.report("--json", "counted.example")))
    assert json.loads(relay.report("--json", "reported.example")) == []
    # Nor does another message go by their connection, uncounted.
    mta = Mta(relay.lmtp)
    assert mta.send("b@reported.example")[-1].startswith("250")
    mta.close()
    assert wait_until(lambda: json.loads(relay.report("--json", "reported.example")))


@pytest.mark.parametrize("day, why", [
    ("today", "that is no day"), (None, None), ("2001-01-01", "nothing is kept"),
    (str(datetime.date.today() + datetime.timedelta(days=2)), "not over yet")])
def test_days_that_cannot_be_sent(relay, day, why):
    done = relay.ctl("tlsrpt-send", *([day] if day else []))
    assert (done.returncode, why is None or why in done.stdout) == (1 if why else 0, True), done


def test_nothing_is_sent_unless_it_is_wished(relay):
    before = relay.settings
    relay.change(before.replace("send = true;", ""))
    done = relay.ctl("tlsrpt-send")
    assert done.returncode == 1 and "tlsrpt.send" in done.stdout
    relay.change(before)
    relay.records["wished"] = "v=TLSRPTv1; rua=mailto:r@wished.example"
    relay.count("wished")
    assert wait_until(lambda: relay.ctl("tlsrpt-send").returncode == 0)
    relay.wait("TLS report sent", domain="wished.example")


class UnixMta(FarEnd):
    def __init__(self, path):
        self.script, self.context, self.address = {}, None, path
        self.sessions, self.messages, self.changed = [], [], threading.Condition()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(20)
        os.chmod(path, 0o666)
        threading.Thread(target=self.accept, daemon=True).start()


def test_our_mta_at_a_unix_socket(relay):
    before, mta = relay.settings, UnixMta(f"{relay.folder}/submit")
    relay.change(before.replace(f"127.0.4.1:{relay.mta_port}", f"unix:{mta.address}"))
    relay.records["unix"] = "v=TLSRPTv1; rua=mailto:r@unix.example"
    relay.count("unix")
    assert wait_until(lambda: relay.ctl("tlsrpt-send").returncode == 0)
    relay.wait("TLS report sent", domain="unix.example")
    assert any(b"TLS-Report-Domain: unix.example" in text for text in mta.messages)
    relay.change(before)
    mta.close()


def test_a_resolver_that_is_killed_while_it_sends_loses_nothing(relay):
    relay.records["killed"] = "v=TLSRPTv1; rua=mailto:r@killed.example"
    held, go = threading.Event(), threading.Event()

    def hold(session, line):
        held.set()
        go.wait(15)
        return "250 ok\r\n"

    relay.mta.script["MAIL"] = hold
    relay.count("killed")
    relay.send()
    assert held.wait(15)
    os.kill(relay.status()["resolver_pid"], signal.SIGKILL)
    del relay.mta.script["MAIL"]
    go.set()
    assert relay.sent("killed")["mailto:r@killed.example"]["state"] == "waiting"
    assert wait_until(lambda: relay.ctl("tlsrpt-send").returncode == 0)
    assert wait_until(lambda: (relay.ctl("tlsrpt-send"), relay.sent("killed"))[1].get(
        "mailto:r@killed.example", {}).get("state") == "sent", 60)
    assert len(relay.mails_to("r@killed.example")) == 1


def test_a_preview_of_nothing(relay):
    relay.report("--preview", "never.example", code=1)
    done = subprocess.run([BINARY, "report", "tlsrpt", "--preview"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("Usage: mailseal report tlsrpt")
