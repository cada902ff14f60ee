"""From one key to the next by plan, while a Postfix that demands DANE sends all the while: nothing is lost,
nothing waits."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import uuid

import pytest

from daemon import BINARY, make_certificate
from labtools import ADDRESS, BOB, RUN, Log, inside, letter, mailbox, network, until
from sending import SENDER
from test_tlsa import der, put, record

# Nobody has asked for them before, so no cache has them.
DOMAIN = f"roll-{uuid.uuid4().hex[:8]}.beta.test"
HOST = f"mx-{DOMAIN}"
FOLDER = f"{RUN}/rollover"
CONFIG = f"{RUN}/beta/mailseal.conf"
ZONE = "/etc/nsd/zones/beta.test.plain"
TTL_S = 2
PATIENCE = 60
SIGN = """cd /etc/nsd/zones; cat >beta.test.plain
ldns-signzone -n -t 0 -o beta.test -f beta.test.zone beta.test.plain $(ls Kbeta.test.*.private | sed 's/.private//')
kill -HUP $(cat /run/nsd/nsd.pid)"""


class Zone:
    """beta.test, signed anew with each change; as it was at the end."""

    def __init__(self):
        self.before = inside("ns", "cat", ZONE)

    def publish(self, *chains):
        digests = [record(chain)[3:].hex() for chain in chains]
        self.sign(self.before + f"{DOMAIN}. MX 10 {HOST}.\n{HOST}. A {ADDRESS['beta']}\n" + "".join(
            f"_25._tcp.{HOST}. {TTL_S} TLSA 3 1 1 {digest}\n" for digest in digests))

    @staticmethod
    def sign(text):
        inside("ns", "sh", "-ec", SIGN, input=text)

    def close(self):
        self.sign(self.before)


class Beta:
    """The mailseal of beta, with one more certificate for a while: of the operator's files."""

    def __init__(self):
        self.pair = f"{FOLDER}/mx.pem", f"{FOLDER}/mx.key"
        self.own = pathlib.Path(RUN, "beta/mailseal/state/certificates/roll")
        self.before = pathlib.Path(CONFIG).read_text(encoding="ascii")
        at = "certificate = {\n"
        assert at in self.before
        self.reload('witness_every = "1s";\n' + self.before.replace(
            at, f'{at}\troll = {{ chain = "{self.pair[0]}"; key = "{self.pair[1]}"; }};\n'))

    def reload(self, text):
        pathlib.Path(CONFIG).write_text(text, encoding="ascii")
        said = self.say("ctl", "reload")
        assert not said.returncode, said.stderr

    @staticmethod
    def say(command, *words):
        return subprocess.run([BINARY, command, "-c", CONFIG, *words], capture_output=True, text=True, timeout=60)

    def plan(self):
        """The TLSA record that is to be added."""
        said = self.say("tlsa", "plan", "--json", "roll")
        assert not said.returncode, said.stderr
        return next(b"\3\1\1" + bytes.fromhex(r["data"]) for r in json.loads(said.stdout)["records"]
                    if (r["key"], r["port"], r["host"]) == ("next key", 25, HOST))

    def rollover(self):
        return next(r for r in json.loads(self.say("tlsa", "status", "--json").stdout)
                    if r["certificate"] == "roll")

    def comes_to(self, *states):
        until(lambda: self.rollover()["state"] in states, PATIENCE)

    def sign(self):
        """The next key, and what the lab's CA makes of the request for it."""
        chain, key = f"{FOLDER}/next.pem", f"{FOLDER}/next.key"
        subprocess.run(["openssl", "x509", "-req", "-in", self.own / "next.csr", "-CA", f"{RUN}/ca.pem", "-CAkey",
                        f"{RUN}/ca.key", "-days", "30", "-out", chain, "-copy_extensions", "copy"], check=True,
                       capture_output=True)
        shutil.copy(self.own / "next.pem", key)
        return chain, key

    def kept_out(self):
        alarms = json.loads(self.say("ctl", "--json", "status").stdout)["alarms"]
        return [a["text"] for a in alarms if (a["kind"], a["subject"]) == ("tlsa-guard", "roll")]

    def close(self):
        self.reload(self.before)
        shutil.rmtree(self.own, ignore_errors=True)


def served():
    """The certificate that port 25 of beta shows who asks for HOST, in DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with network("client"):
        sock = socket.create_connection((ADDRESS["beta"], 25), 30)
    with sock:
        said = sock.makefile("rb")
        for word, end in ((b"", b"220 "), (b"EHLO client.test\r\n", b"250 "), (b"STARTTLS\r\n", b"220 ")):
            sock.sendall(word)
            while not (line := said.readline()).startswith(end):
                assert line, "the connection was closed"
        with context.wrap_socket(sock, server_hostname=HOST) as tls:
            return tls.getpeercert(binary_form=True)


class Stream:
    """Messages that the Postfix of sender is given, one after the other, until end(). Each has a connection
    of its own and resumes nothing, and goes where DNSSEC says, or nowhere."""

    def __init__(self):
        self.tag, self.sent, self.stop, self.failed = f"rolling-{uuid.uuid4()}", 0, threading.Event(), []
        inside("sender", "postconf", "-M", "roll/unix=roll unix - - y - - smtp -o smtp_tls_security_level=dane-only"
                                           " -o smtp_connection_cache_on_demand=no"
                                           " -o smtp_tls_session_cache_database=")
        inside("sender", "postconf", f"transport_maps=inline:{{ {{ beta.test = roll:{DOMAIN} }} }}")
        inside("sender", "postfix", "reload")
        self.log = Log("sender", "mail.log")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stop.wait(0.1):
                text = letter(SENDER, BOB, f"{self.tag}-{self.sent + 1}").as_string()
                inside("sender", "sendmail", "-i", "-f", SENDER, BOB, input=text)
                self.sent += 1
        except AssertionError as error:
            self.failed.append(error)

    def statuses(self):
        return re.findall(rf"postfix/smtp\[\d+\]: \w+: to=<{BOB}>.*status=(\w+) (.*)", self.log.text())

    def went_on(self):
        """Some more have been handed to Postfix since, and arrived."""
        wanted = self.sent + 3
        self.log.until(lambda: self.failed or len(self.statuses()) >= wanted, f"{wanted} messages that arrived")
        assert not self.failed, self.failed
        assert {status for status, _ in self.statuses()} == {"sent"}, self.statuses()

    def end(self):
        self.stop.set()
        self.thread.join()

    def close(self):
        self.end()
        inside("sender", "postconf", "-X", "transport_maps")
        inside("sender", "postconf", "-MX", "roll/unix")
        inside("sender", "postfix", "reload")


@pytest.fixture
def first():
    """The pair in force at the beginning."""
    os.makedirs(FOLDER, mode=0o755)
    pair = make_certificate(FOLDER, "first", host=HOST)
    put(pair, (f"{FOLDER}/mx.pem", f"{FOLDER}/mx.key"))
    yield pair
    shutil.rmtree(FOLDER)


@pytest.fixture
def parts(first, sender):
    """(zone, beta, stream), in which all goes well with the first key."""
    with contextlib.ExitStack() as stack:
        made = []
        for make in (Zone, Beta, Stream):
            made.append(make())
            stack.callback(made[-1].close)
            if make is Zone:
                made[0].publish(first[0])
        until(lambda: served() == der(first[0]), PATIENCE)
        made[2].went_on()
        yield made


def bob_has(tag):
    box = mailbox(ADDRESS["beta"], BOB, "beta")
    found = box.search(None, "SUBJECT", tag)[1][0].split()
    box.logout()
    return len(found)


def test_a_rollover_loses_and_delays_no_mail(parts, first):
    zone, beta, stream = parts
    new = beta.plan()
    second = beta.sign()
    assert record(second[0]) == new
    put(make_certificate(FOLDER, "wrong", host=HOST), beta.pair)
    until(beta.kept_out, PATIENCE)
    stream.went_on()
    assert served() == der(first[0]) and beta.rollover()["state"] == "planned"

    put(second, beta.pair)  # the right one, before its time
    until(lambda: any("planned one" in text for text in beta.kept_out()), PATIENCE)
    stream.went_on()
    assert served() == der(first[0])
    zone.publish(first[0], second[0])
    until(lambda: served() == der(second[0]), PATIENCE)
    assert beta.rollover()["ttl_s"] == TTL_S
    stream.went_on()
    beta.comes_to("over")
    assert "old key's records" in beta.rollover()["todo"]
    zone.publish(second[0])
    stream.went_on()
    until(lambda: not beta.kept_out(), PATIENCE)

    stream.end()
    stream.log.until(lambda: len(stream.statuses()) >= stream.sent, "end of the stream")
    assert {status for status, _ in stream.statuses()} == {"sent"}, stream.statuses()
    verified = re.findall(rf"Verified TLS connection established to {HOST}", stream.log.text())
    assert len(verified) == len(stream.statuses()) == stream.sent == bob_has(stream.tag)
