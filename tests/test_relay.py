"""The relay: messages handed over by LMTP and SMTP, far ends and name server as scripts."""
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from daemon import BINARY, Daemon, free_ports, make_certificate, memory_kib, wait_until
from farend import FarEnd
from names import A, ANCHOR, MX, NXDOMAIN, SERVFAIL, NameServer, wire

TEXT = b"Subject: hello\r\n\r\nfirst\r\n..second\r\n"


class Names(NameServer):
    """NAME.example has the MX that add() gave it, each with an address."""

    def __init__(self):
        self.hosts = {}  # "mx.NAME.example": address
        self.mx = {}     # "NAME.example": [(preference, host)]
        super().__init__(self.facts)

    def add(self, name, address, preference=10, domain=None):
        self.hosts[f"mx.{name}.example"] = address
        self.mx.setdefault(f"{domain or name}.example", []).append(
            (preference, f"mx.{name}.example"))

    def facts(self, name, kind):
        if name.startswith("servfail"):
            return SERVFAIL, None
        if name == "null.example" and kind == MX:
            return 0, b"\0\0\0"
        if kind == MX and name in self.mx:
            return 0, [struct.pack("!H", p) + wire(host) for p, host in self.mx[name]]
        if kind == A and name in self.hosts:
            return 0, socket.inet_aton(self.hosts[name])
        known = name in self.mx or name in self.hosts or name.startswith("null")
        return 0 if known else NXDOMAIN, None


def pin_of(chain):
    """As the configuration writes it."""
    with open(chain, encoding="ascii") as pem:
        der = ssl.PEM_cert_to_DER_cert(pem.read())
    key = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=der,
                         capture_output=True, check=True).stdout
    spki = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    return "sha256:" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def context_at(chain, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def context_of(relay):
    return context_at(relay.chain, relay.key)


class Relay(Daemon):
    """mailseal as a relay, and the far ends that a test makes."""

    def __init__(self, folder, relay="", rest="", listen="", workers=1, resolver="", env=None):
        self.names, self.folder = Names(), str(folder)
        self.lmtp, self.smtp, self.port = free_ports(3)
        self.far_ends, self.rest, self.relay = [], rest, relay
        self.chain, self.key = make_certificate(self.folder, "far", host="mx.sealed.example")
        make_certificate(self.folder, "other", host="mx.sealed.example")
        rest = rest.replace("PORT", str(self.port)).replace("PIN", pin_of(self.chain))
        super().__init__(folder, f'''workers = {workers}; drain_timeout = "2s";
            relay = {{ out = {{ listen = ["lmtp:127.0.0.1:{self.lmtp}", "smtp:127.0.0.1:{self.smtp}",
              "lmtp:unix:{self.folder}/lmtp"{listen and f', "{listen}"'}]; port = {self.port}; mode = "0666";
              ca_file = "{self.chain}"; {relay} }}; }};
            resolver = {{ forward = "{self.names.address}"; trust_anchor = "{folder}/anchor"; {resolver} }};
            {rest}''', env)

    def far(self, name, tls=True, preference=10, domain=None, **script):
        """A far end, MX of NAME.example or of another domain."""
        address = f"127.0.1.{len(self.far_ends) + 1}"
        context = context_of(self) if tls else None
        self.names.add(name, address, preference, domain)
        far = FarEnd(address, self.port, context, **script)
        far.name = name
        self.far_ends.append(far)
        return far

    def write(self, config):
        self.settings = config
        super().write(config)

    def change(self, config):
        self.write(config)
        seen = len(self.events)
        assert self.ctl("reload").returncode == 0
        self.wait("configuration reloaded", after=seen)

    def start_again(self):
        self.start()
        self.ready()

    def close(self):
        super().close()
        for far in self.far_ends:
            far.close()
        self.names.close()


class Mta:
    """One connection of an MTA."""

    def __init__(self, where, hello="LHLO mta.example", timeout=30, address="127.0.0.1"):
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.settimeout(timeout)
        self.sock.connect(where if isinstance(where, str) else (address, where))
        self.file = self.sock.makefile("rb")
        assert self.reply().startswith("220")
        self.hello = self.ask(hello)

    def reply(self):
        text = ""
        while True:
            line = self.file.readline().decode()
            text += line
            if len(line) < 4 or line[3] != "-":
                return text

    def say(self, *lines):
        self.sock.sendall("".join(line + "\r\n" for line in lines).encode())

    def ask(self, *lines):
        self.say(*lines)
        said = [self.reply() for _ in lines]
        return said if len(said) > 1 else said[0]

    def send(self, *recipients, sender="a@mail.example.org", text=TEXT, parameters=""):
        """All replies: to MAIL, each RCPT, DATA, and those behind the dot."""
        said = self.ask(f"MAIL FROM:<{sender}>{parameters}",
                        *[f"RCPT TO:<{r}>" for r in recipients], "DATA")
        if said[-1].startswith("354"):
            self.sock.sendall(text + b".\r\n")
            taken = [r for r in said[1:-1] if r.startswith("250")]
            said += [self.reply() for _ in (taken if "LMTP" in self.kind else taken[:1])]
        return said

    @property
    def kind(self):
        return "LMTP"

    def close(self):
        self.file.close()
        self.sock.close()


class SmtpMta(Mta):
    kind = "SMTP"


def in_folder(make):
    """A fixture: what make(folder) gives, ready, until its end."""
    folder = tempfile.mkdtemp(prefix="mailseal-")
    os.chmod(folder, 0o755)  # processes that are not root's get into it
    with open(f"{folder}/anchor", "w", encoding="ascii") as out:
        out.write(ANCHOR)
    daemon = make(folder).ready()
    yield daemon
    daemon.close()
    shutil.rmtree(folder)


def relays(rest="", listen="", relay='plain_after = "1s"; hold = ["held.example"]; '
           'refuse = [".refused.example"];', workers=1):
    yield from in_folder(lambda folder: Relay(folder, relay, rest.replace("FOLDER", folder), listen,
                                              workers))


@pytest.fixture(scope="module")
def relay():
    yield from relays()


@pytest.fixture
def relay_alone():
    """One that a test may end."""
    yield from relays()


def socketmap(relay, question, path=None):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(path or f"{relay.folder}/policy")
        sock.sendall(b"%d:%s," % (len(question), question.encode()))
        said = sock.recv(10000).decode()
    return said.partition(":")[2][:-1]


@pytest.fixture
def transports():
    port = free_ports(1)[0]
    yield from relays('''policy_service = { socketmap = "unix:FOLDER/policy"; mode = "0666";
        local_domains = ["our.example", ".our.example"]; };''', f"lmtp:127.0.0.0/8:{port}")


@pytest.fixture
def relay_with_service():
    yield from relays('policy_service = { socketmap = "unix:FOLDER/policy"; mode = "0666"; };')


@pytest.fixture
def mta(relay):
    one = Mta(relay.lmtp)
    yield one
    one.close()


def test_a_message_goes_sealed_and_the_answer_is_the_far_ends(relay, mta):
    far = relay.far("plain")
    seen = len(relay.events)
    said = mta.send("b@plain.example")
    assert said[1].startswith(f"250 2.1.0 mx.plain.example[{far.address}] said: "), said
    assert said[3] == (f"250 2.0.0 mx.plain.example[{far.address}] said: "
                       "Ok: queued as FAR1\r\n"), said
    head, _, rest = far.messages[0].partition(b"Subject")
    assert b"Subject" + rest == TEXT and b"with LMTP id" in head, far.messages
    assert far.sessions[0]["tls"] == "TLSv1.3"
    mta.close()
    relay.wait("handoff ended", after=seen, protocol="lmtp", messages="1", outcome="ok")


def test_status_counts_what_went_out(relay, mta):
    relay.far("counted")
    before = relay.status()["sums"]
    assert mta.send("b@counted.example")[3].startswith("250")
    after = relay.status()["sums"]
    grown = {name for name in after if after[name] > before[name] and name.startswith(("h", "m"))}
    assert grown == {"hops", "hops_sealed", "messages_relayed"}, (before, after)
    assert after["handoffs_open"] >= 1


def test_what_the_relay_offers(mta):
    assert mta.hello.split("\r\n") == [
        "250-mail.example.org", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-8BITMIME",
        "250-SMTPUTF8", "250 SIZE", ""]


def test_a_connection_carries_another_message_to_the_same_domain(relay, mta):
    far = relay.far("again")
    for _ in range(3):
        assert mta.send("b@again.example")[3].startswith("250")
    assert len(far.sessions) == 1 and len(far.messages) == 3
    relay.wait("hop ended", domain="again.example", messages="3", outcome="ok",
               queue="FAR1,FAR1,FAR1")


def test_each_recipient_gets_the_answer_of_its_own_destination(relay, mta):
    well = relay.far("well")
    relay.far("full", RCPT="452 4.2.2 mailbox full\r\n")
    relay.far("late", end="554 5.7.1 no spam\r\n")
    relay.far("sender", MAIL="550 5.7.1 not from you\r\n")
    said = mta.send("a@well.example", "b@full.example", "c@late.example", "d@sender.example",
                    "e@well.example", "f@nowhere.example")
    codes = [line[:9] for line in said]
    assert codes == ["250 2.1.0", "250 2.1.0", "452 4.2.2", "250 2.1.0", "550 5.7.1", "250 2.1.0",
                     "550 5.1.2", "354 End d", "250 2.0.0", "554 5.7.1", "250 2.0.0"], said
    assert "no spam" in said[9] and "not from you" in said[4]
    assert len(well.messages) == 1
    assert [l for l in well.sessions[0]["lines"] if l.startswith("RCPT")] == [
        "RCPT TO:<a@well.example>", "RCPT TO:<e@well.example>"]


def test_by_smtp_one_destination_at_a_time(relay):
    one, two = relay.far("one"), relay.far("two")
    client = SmtpMta(relay.smtp, "EHLO mta.example")
    said = client.send("a@one.example", "b@two.example", "c@one.example")
    assert [line[:3] for line in said] == ["250", "250", "452", "250", "354", "250"], said
    assert b"with ESMTP id" in one.messages[0] and not two.messages
    client.close()


NOT_REACHED = {
    "a@nothing.example": "550 5.1.2 nothing.example: there is no such domain",
    "a@null.example": "556 5.1.10 null.example: ",
    "a@servfail.example": "451 4.4.3 servfail.example: ",
    "a@[127.0.0.1]": "550 5.1.2 ",
}


@pytest.mark.parametrize("address", NOT_REACHED)
def test_who_cannot_be_reached_says_why(mta, address):
    assert mta.send(address)[1].startswith(NOT_REACHED[address])


def test_nobody_there(relay, mta):
    relay.names.add("deaf", "127.0.1.250")
    said = mta.send("a@deaf.example")
    assert said[1] == "451 4.4.1 mx.deaf.example[127.0.1.250]: Connection refused\r\n", said


def test_the_next_host_takes_over(relay, mta):
    relay.names.add("gone", "127.0.1.250", 5, "turns")
    relay.far("rude", preference=10, domain="turns", greeting="554 5.3.2 go away\r\n")
    relay.far("closed", preference=20, domain="turns", EHLO=None)
    last = relay.far("last", preference=30, domain="turns")
    assert mta.send("a@turns.example")[3].startswith("250 2.0.0 mx.last.example[")
    assert last.messages


def test_a_host_without_tls_gets_mail_in_clear(relay, mta):
    relay.far("clear", tls=False)
    seen = len(relay.events)
    assert mta.send("a@clear.example")[3].startswith("250")
    relay.wait("hop ended", after=seen, domain="clear.example", seal="plain",
               policy="opportunistic", timeout=20)


def test_plain_text_only_when_tls_has_failed_for_a_while(relay, mta):
    far = relay.far("mangled", STARTTLS="454 4.7.0 not now\r\n")
    said = mta.send("a@mangled.example")
    assert said[1].startswith("454 4.7.0 mx.mangled.example["), said
    assert not any(l.startswith("MAIL") for s in far.sessions for l in s["lines"])
    assert wait_until(lambda: mta.ask("RSET") and
                      mta.send("a@mangled.example")[1].startswith("250"), 20)
    relay.wait("TLS has failed for long, mail goes in clear", host="mx.mangled.example")


@pytest.fixture
def old_times():
    yield from relays(relay='tls = { min_version = "1.0"; }; plain_after = "1h";')


def test_an_old_version_where_it_is_written_is_better_than_none(old_times, relay, mta):
    """A far end of 2009: without the setting it is as one whose handshakes fail."""
    def only_old(far):
        far.context.minimum_version = ssl.TLSVersion.TLSv1
        far.context.maximum_version = ssl.TLSVersion.TLSv1
        far.context.set_ciphers("ALL:@SECLEVEL=0")
    only_old(old_times.far("old"))
    only_old(relay.far("ancient"))
    client = Mta(old_times.lmtp)
    assert client.send("a@old.example")[-1].startswith("250 2.0.0")
    client.close()
    old_times.wait("hop ended", domain="old.example", seal="legacy", tls="TLSv1.0", timeout=20)
    assert mta.send("a@ancient.example")[1].startswith("451 4.7.5 mx.ancient.example[")


def test_a_handshake_that_breaks_is_no_reason_for_plain_text(relay, mta):
    far = relay.far("breaks", STARTTLS=lambda *_: "220 go\r\n\x15\x03")
    said = mta.send("a@breaks.example")
    assert said[1].startswith("451 4."), said
    assert not any(l.startswith("MAIL") for s in far.sessions for l in s["lines"])


MOMENTS = ["greeting", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "end"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_far_end_that_hangs_up_is_never_a_success(relay, mta, moment):
    relay.far(f"hangs{moment.lower()}", **{moment: None})
    said = mta.send(f"a@hangs{moment.lower()}.example")
    assert said[-1].startswith(("451 4.", "503 ")), said
    assert any(line.startswith("451 4.") for line in said[1:]), said
    assert mta.ask("NOOP").startswith("250")


@pytest.mark.parametrize("moment", ["greeting", "EHLO"])
def test_a_host_that_wants_nobody_is_no_reason_to_return_mail(relay, mta, moment):
    """No word of it is about the message."""
    name = f"nobody{moment.lower()}"
    relay.far(name, **{moment: "554 5.3.2 go away\r\n", "HELO": "554 5.3.2 go away\r\n"})
    assert mta.send(f"a@{name}.example")[1].startswith("451 4.4.0 ")


@pytest.mark.parametrize("moment", MOMENTS[:-1])
def test_a_far_end_that_shuts_down_is_never_a_success(relay, mta, moment):
    relay.far(f"shuts{moment.lower()}", **{moment: "421 4.3.2 going down\r\n"})
    said = mta.send(f"a@shuts{moment.lower()}.example")
    assert any(line.startswith("451 4.") for line in said[1:]), said
    assert not any(line.startswith("250 2.0.0") for line in said), said


def test_a_far_end_that_hangs_up_in_the_text(relay, mta):
    relay.far("cuts", reads=2)
    said = mta.send("a@cuts.example", text=TEXT * 20000)
    assert said[-1].startswith("451 4.4."), said


def test_an_mta_that_vanishes_in_the_text_leaves_no_message(relay):
    far = relay.far("vanish")
    client = Mta(relay.lmtp)
    assert client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@vanish.example>", "DATA")[2][:3] == "354"
    client.sock.sendall(TEXT * 1000)
    client.close()
    relay.wait("hop ended", domain="vanish.example", outcome="given-up")
    far.wait(lambda: far.sessions)
    assert not far.messages


def test_what_a_host_cannot_carry(relay, mta):
    relay.far("old", EHLO="250-far.example\r\n250 SIZE 1000\r\n", tls=False)
    said = mta.send("a@old.example", parameters=" SMTPUTF8")
    assert said[1].startswith("550 5.6.7 mx.old.example["), said
    mta.ask("RSET")
    said = mta.send("a@old.example", parameters=" SIZE=1001")
    assert said[1].startswith("552 5.3.4 mx.old.example["), said


def test_a_reply_of_several_lines_keeps_them(relay, mta):
    far = relay.far("lines", RCPT="550-5.1.1 one\r\n550-two\r\n550 5.1.1 three\r\n")
    whose = f"mx.lines.example[{far.address}] said:"
    assert mta.send("a@lines.example")[1] == (
        f"550-5.1.1 {whose} one\r\n550-5.0.0 {whose} two\r\n550 5.1.1 {whose} three\r\n")


def test_a_unix_socket_offers_requiretls_and_unproven_hosts_do_not_get_such_mail(relay):
    far = relay.far("unproven")
    client = Mta(f"{relay.folder}/lmtp")
    assert "250-REQUIRETLS" in client.hello or "250 REQUIRETLS" in client.hello
    said = client.send("a@unproven.example", parameters=" REQUIRETLS")
    assert said[1].startswith("550 5.7.30 "), said
    assert not far.sessions
    client.close()


class Slow:
    """Reads a line, and now and then rests."""

    def __init__(self, reader):
        self.file, self.inner, self.count = reader.file, reader, 0

    def read(self):
        self.count += 1
        if self.count % 2000 == 0:
            threading.Event().wait(0.02)
        return self.inner.read()


@pytest.mark.parametrize("is_slow", [False, True], ids=["fast", "slow"])
def test_a_large_message_does_not_grow_the_worker(relay, mta, is_slow):
    """100 MiB, more than fits anywhere on the way: flow control, nothing is stored."""
    def go_ahead(session, _):
        session["talk"].reader = Slow(session["talk"].reader)
        return "354 go\r\n"
    far = relay.far(f"large{is_slow:d}", **({"DATA": go_ahead} if is_slow else {}))
    assert mta.send(f"a@{far.name}.example")[-1].startswith("250")
    worker = relay.status()["workers"][0]["pid"]
    with open(f"/proc/{worker}/clear_refs", "w", encoding="ascii") as peak:
        peak.write("5")
    before = memory_kib(worker, "VmRSS")
    said = mta.ask("MAIL FROM:<a@b.example>", f"RCPT TO:<a@{far.name}.example>", "DATA")
    assert said[2].startswith("354"), said
    block, count = (b"x" * 998 + b"\r\n") * 1024, 103
    for _ in range(count):
        mta.sock.sendall(block)
    mta.sock.sendall(b".\r\n")
    assert mta.reply().startswith("250")
    assert far.messages[-1].endswith(block) and len(far.messages[-1]) > 100 << 20
    far.messages.clear()
    grown = memory_kib(worker, "VmHWM") - before
    print(f"100 MiB, {'slow' if is_slow else 'fast'} far end: the worker grew by {grown} KiB")
    assert grown <= 1024, (before, grown)


def test_a_worker_that_is_killed_says_nothing(relay):
    far = relay.far("killed", end=lambda *_: os.kill(relay.status()["workers"][0]["pid"],
                                                      signal.SIGKILL) or "250 2.0.0 ok\r\n")
    client = Mta(relay.lmtp)
    said = client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@killed.example>", "DATA")
    assert said[2].startswith("354")
    client.sock.sendall(TEXT + b".\r\n")
    assert client.file.readline() == b"" and far.messages
    client.close()
    relay.wait("process died and is started again")


@pytest.mark.parametrize("text", [TEXT, (b"x" * 998 + b"\r\n") * 8192], ids=["small", "large"])
def test_an_mta_that_ends_behind_its_quit_gets_its_answers(relay, text):
    """As Exim does: the final dot, QUIT, and no more to send."""
    held = threading.Event()
    name = f"quits{len(text)}"
    far = relay.far(name, end=lambda *_: held.wait(10) and "250 2.0.0 Ok: queued as Q1\r\n")
    client, seen = SmtpMta(relay.smtp, "EHLO mta.example"), len(relay.events)
    said = client.ask("MAIL FROM:<a@b.example>", f"RCPT TO:<b@{name}.example>", "DATA")
    assert said[2].startswith("354")
    client.sock.sendall(text + b".\r\nQUIT\r\n")
    client.sock.shutdown(socket.SHUT_WR)
    far.wait(lambda: far.messages)
    held.set()
    assert client.reply().startswith("250 2.0.0 ") and client.reply().startswith("221 ")
    assert client.file.read() == b""
    client.close()
    relay.wait("handoff ended", after=seen, protocol="smtp", messages="1", outcome="ok")


def test_an_mta_that_ends_in_the_text_is_gone(relay):
    far = relay.far("ends")
    client, seen = Mta(relay.lmtp), len(relay.events)
    said = client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@ends.example>", "DATA")
    assert said[2].startswith("354")
    client.sock.sendall(TEXT)
    client.sock.shutdown(socket.SHUT_WR)
    relay.wait("handoff ended", after=seen, outcome="client-gone")
    assert not far.messages
    client.close()


def test_a_resolver_that_is_killed_is_waited_for(relay, mta):
    far = relay.far("patient")
    os.kill(relay.status()["resolver_pid"], signal.SIGKILL)
    assert mta.send("a@patient.example")[3].startswith("250") and far.messages


def test_a_drain_ends_after_the_answer(relay_alone):
    held = threading.Event()
    relay_alone.far("slow", end=lambda *_: held.wait(10) and "250 2.0.0 Ok: queued as X\r\n")
    client, idle = Mta(relay_alone.lmtp), Mta(relay_alone.lmtp)
    said = client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@slow.example>", "DATA")
    assert said[2].startswith("354")
    client.sock.sendall(TEXT + b".\r\n")
    relay_alone.ctl("drain")
    assert idle.reply().startswith("421 4.3.2")
    held.set()
    assert client.reply().startswith("250 2.0.0")
    assert client.reply().startswith("421 4.3.2")
    relay_alone.wait("ended")


ROUTES = """route = (
    { domain = "proven.route"; host = "mx.sealed.example:PORT"; },
    { domain = "pinned.route"; host = "127.0.1.1:PORT"; tls = { verify = "pin"; pin = "PIN"; }; },
    { domain = "mispinned.route"; host = "127.0.1.1:PORT";
      tls = { verify = "pin"; pin = "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; }; },
    { domain = "wrong.route"; host = "127.0.1.1:PORT"; tls = { name = "other.example"; }; },
    { domain = "implicit.route"; host = "127.0.1.2:PORT";
      tls = { mode = "implicit"; name = "mx.sealed.example"; }; },
    { domain = "own.route"; host = "mx.sealed.example:PORT";
      tls = { verify = "file"; ca_file = "FOLDER/far.pem"; }; },
    { domain = "other.route"; host = "mx.sealed.example:PORT";
      tls = { verify = "file"; ca_file = "FOLDER/other.pem"; }; },
    { domain = "misnamed.route"; host = "127.0.1.1:PORT";
      tls = { verify = "file"; ca_file = "FOLDER/far.pem"; name = "other.example"; }; },
    { domain = "plain.route"; host = "127.0.1.1:PORT"; tls = { mode = "none"; }; },
    { domain = ".below.route"; host = "127.0.1.1:PORT"; tls = { name = "mx.sealed.example"; }; }
);"""


@pytest.fixture(scope="module")
def routed():
    yield from relays(ROUTES)


@pytest.fixture(scope="module")
def far(routed):
    """One that proves to be mx.sealed.example, at 127.0.1.1, and another with TLS at once."""
    one = routed.far("sealed")
    two = routed.far("sealed2", implicit=True)
    return one, two


ROUTED = {  # domain: (answer to RCPT begins, policy, seal)
    "proven.route": ("250", "verify", "authenticated"),
    "pinned.route": ("250", "verify", "authenticated"),
    "mispinned.route": ("451 4.7.5 127.0.1.1[127.0.1.1]: its certificate", "verify", "sealed"),
    "wrong.route": ("451 4.7.5 127.0.1.1[127.0.1.1]: its certificate", "verify", "sealed"),
    "implicit.route": ("250", "verify", "authenticated"),
    "own.route": ("250", "verify", "authenticated"),
    "other.route": ("451 4.7.5 mx.sealed.example[127.0.1.1]: its certificate", "verify", "sealed"),
    "misnamed.route": ("451 4.7.5 127.0.1.1[127.0.1.1]: its certificate", "verify", "sealed"),
    "plain.route": ("250", "plain", "local"),
    "a.below.route": ("250", "verify", "authenticated"),
    "below.route": ("550 5.4.4", None, None),
}


@pytest.mark.parametrize("domain", ROUTED)
def test_the_operators_routes(routed, far, domain):
    answer, policy, seal = ROUTED[domain]
    client = Mta(routed.lmtp)
    seen = len(routed.events)
    said = client.send(f"a@{domain}")
    client.close()
    assert said[1].startswith(answer), said
    assert answer == "250" or not [line for end in far for session in end.sessions
                                   for line in session["lines"] if f"@{domain}>" in line]
    if policy:
        routed.wait("hop ended", after=seen, domain=domain, policy=policy, seal=seal)


def answer_of(relay, domain):
    client = Mta(relay.lmtp)
    said = client.send(f"a@{domain}")
    client.close()
    return said[-1] if said[1].startswith("250") else said[1]


def lose_tls(relay, far, domain):
    """It was there once, and is no more; no connection of before is used again."""
    assert answer_of(relay, domain).startswith("250")
    relay.wait("hop ended", domain=domain, outcome="ok", timeout=20)
    far.context = None


def test_a_host_that_loses_tls_is_a_downgrade(relay):
    far = relay.far("loses")
    lose_tls(relay, far, "loses.example")
    seen = len(relay.events)
    assert answer_of(relay, "loses.example").startswith("250")
    relay.wait("downgrade", after=seen, domain="loses.example", mx="mx.loses.example",
               lost="starttls")
    relay.wait("hop ended", after=seen, domain="loses.example", seal="plain", timeout=20)
    far.context = context_of(relay)
    assert answer_of(relay, "loses.example").startswith("250")
    relay.wait("TLS is back", after=seen, domain="loses.example")


def test_a_listed_domain_waits_until_it_is_released(relay):
    far = relay.far("held")
    lose_tls(relay, far, "held.example")
    said = answer_of(relay, "held.example")
    assert re.match(r"451 4\.7\.4 mx\.held\.example\[.*\]: it has no TLS now and had it since "
                    r"\d{4}-\d\d-\d\d: mail waits for a while\r\n", said), said
    assert len(far.messages) == 1
    assert relay.ctl("release", "Held.Example").returncode == 0
    relay.wait("released", domain="held.example", hosts="1")
    assert answer_of(relay, "held.example").startswith("250")


def test_a_listed_domain_gets_nothing_in_clear_once_it_had_tls(relay):
    far = relay.far("a.refused")
    lose_tls(relay, far, "a.refused.example")
    assert answer_of(relay, "a.refused.example").startswith("451 4.7.4 mx.a.refused.example[")
    far.context, far.script["STARTTLS"] = context_of(relay), "454 4.7.0 not now\r\n"
    ends = time.monotonic() + 2  # longer than plain_after
    while time.monotonic() < ends:
        assert answer_of(relay, "a.refused.example").startswith("45")
    assert len(far.messages) == 1


def test_memory_survives_a_restart_and_many_at_once_are_our_own_fault(relay_alone):
    fars = [relay_alone.far(f"many{i}") for i in range(6)]
    held = relay_alone.far("held")
    for name in [f"many{i}" for i in range(6)] + ["held"]:
        assert answer_of(relay_alone, f"{name}.example").startswith("250")
    os.kill(relay_alone.process.pid, signal.SIGKILL)
    relay_alone.process.wait()
    relay_alone.start_again()
    for far in fars:
        far.context = None
        assert answer_of(relay_alone, f"{far.name}.example").startswith("250")
    relay_alone.wait("many far ends lost TLS at once: the fault is presumed here", lost="5")
    held.context = None
    assert answer_of(relay_alone, "held.example").startswith("250")


@pytest.mark.parametrize("words", [["release"], ["release", "a b"], ["release", "a", "b"]])
def test_release_wants_one_domain(relay, words):
    assert relay.ctl(*words).returncode in (1, 2)


def test_postfix_gets_an_address_of_loopback_for_each_domain(transports):
    """The map "transport", and that the relay is there."""
    far = transports.far("elsewhere")
    said = socketmap(transports, "transport elsewhere.example")
    address, port = re.fullmatch(r"OK lmtp:\[(127\.\d+\.\d+\.\d+)\]:(\d+)", said).groups()
    for key in ("ELSEWHERE.example", "a@elsewhere.example", '"b@c"@Elsewhere.example'):
        assert socketmap(transports, f"transport {key}") == said, key
    assert socketmap(transports, "transport another.example") not in (said, "NOTFOUND ")
    for key in ("our.example", "a@our.example", "a.sub.our.example", ".example", "*"):
        assert socketmap(transports, f"transport {key}") == "NOTFOUND ", key
    client = Mta(int(port), address=address)
    assert client.send("a@elsewhere.example")[3].startswith("250") and far.messages
    client.close()


def test_without_local_domains_there_is_no_map(relay_with_service):
    assert socketmap(relay_with_service, "transport elsewhere.example").startswith("PERM ")


def test_mailseal_policy_knows_what_the_relay_remembers(relay):
    far = relay.far("remembered")
    assert answer_of(relay, "remembered.example").startswith("250")

    def told(*options):
        return subprocess.run([BINARY, "policy", "-c", relay.config, *options, "remembered.example"],
                              capture_output=True, text=True, timeout=60, check=False).stdout

    def memory():
        return json.loads(told("--json"))["hosts"][0]["memory"]
    assert wait_until(lambda: memory()["sessions"] == 1, 10)
    assert memory()["without_tls"] == "warn" and memory()["lost_since"] is None, memory()
    assert re.search(r"memory +TLS since 20\d\d-.*UTC, 1 session", told())
    far.context = None
    relay.wait("hop ended", domain="remembered.example")
    assert answer_of(relay, "remembered.example").startswith("250")
    assert wait_until(lambda: memory()["lost_since"], 10)


@pytest.fixture
def from_an_address():
    yield from relays(relay='source = "127.0.0.77";')


def test_mail_goes_out_from_the_address_of_the_settings(from_an_address):
    far = from_an_address.far("elsewhere")
    assert answer_of(from_an_address, "elsewhere.example").startswith("250")
    assert far.sessions[0]["peer"][0] == "127.0.0.77"
