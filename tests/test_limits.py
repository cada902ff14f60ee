"""Every limit is reached here, with small numbers, and holds (DESIGN 6)."""
import base64
import datetime
import os
import select
import socket
import ssl
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

import peers
from daemon import (BINARY, Daemon, Talk, client_context, free_ports, make_certificate,
                    wait_until)
from edges import PROTOCOL_OF, greet, greeting

EDGE_OF = {protocol: edge for edge, protocol in PROTOCOL_OF.items()}

BACKENDS = {"smtp": peers.smtp, "submission": peers.smtp, "imap": peers.imap, "pop3": peers.pop3,
            "managesieve": peers.sieve, "lmtp": peers.lmtp}
USERS = ["submission", "imap", "pop3", "managesieve"]
SPOKEN = [protocol for protocol in BACKENDS if protocol != "lmtp"]  # it is SMTP's
TAGGED = {"imap": b"a "}  # what stands before a command
OUT = {"imap": b"a LOGOUT\r\n", "managesieve": b"LOGOUT\r\n"}
LATE_S = 10  # a deadline of a second or two is over by then on a busy machine too


class From(Talk):
    """A client with an address of its own."""

    def __init__(self, port, address="127.0.0.1", timeout=15):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout,
                                             source_address=(address, 0))
        self.rest = b""

    def is_closed(self):
        """Closes as well: else the daemon lingers before it writes the record."""
        super().is_closed()
        self.close()
        return True


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(str(tmp_path_factory.mktemp("certificate")))


@pytest.fixture
def serve(tmp_path, certificate):
    """serve(protocol, limits): a daemon with one edge and one worker; its ports and backend."""
    os.chmod(tmp_path, 0o755)
    running = []

    def start(protocol, limits, backend=None, more="", wrap=list):
        server = peers.Backend(backend or BACKENDS[protocol])
        plain, tls = free_ports(2)
        chain, key = certificate
        tls_text = f'listen_tls = ["127.0.0.1:{tls}"];' if protocol != "smtp" else ""
        daemon = Daemon(tmp_path, f'''
            workers = 1; drain_timeout = "1s";
            certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
            limits = {{ {limits} }};
            backend = {{ b = {{ address = ["127.0.0.1:{server.port}"]; }}; }};
            edge = {{ e = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{plain}"]; {tls_text}
                             backend = "b"; {more} }}; }};''', wrap=wrap)
        running.extend((daemon, server))
        daemon.ready()
        return SimpleNamespace(daemon=daemon, backend=server, plain=plain, tls=tls)

    yield start
    for one in running:
        one.close()


def outcome(stage, after=0):
    return stage.daemon.wait("session ended", after=after)["outcome"]


def refused(stage, reason):
    assert stage.daemon.wait("connection refused")["reason"] == reason


def drip(talk, data):
    """A byte each 100 ms until the other side ends; returns how long that took."""
    began = time.monotonic()
    for i in range(len(data)):
        try:
            if select.select([talk.sock], [], [], 0.1)[0] and not talk.sock.recv(65536):
                break
            talk.sock.send(data[i:i + 1])
        except (ConnectionError, ssl.SSLError):
            break
    took = time.monotonic() - began
    talk.close()
    return took


def client_hello():
    out = ssl.MemoryBIO()
    client = client_context().wrap_bio(ssl.MemoryBIO(), out)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def greeted(talk, protocol):
    """Up to where a command may come."""
    return greet(talk, EDGE_OF[protocol])


# Who comes in


def test_connections_per_address(serve):
    stage = serve("imap", "connections_per_address = 3;")
    talks = [From(stage.plain) for _ in range(3)]
    for talk in talks:
        assert talk.line().startswith(b"* OK")
    assert From(stage.plain).line().startswith(b"* BYE [UNAVAILABLE]")
    refused(stage, "connections_per_address")
    assert From(stage.plain, "127.0.0.2").line().startswith(b"* OK")
    talks[0].close()
    stage.daemon.wait("session ended")
    assert From(stage.plain).line().startswith(b"* OK")


LOGINS = {"imap": (b"a LOGIN %s\r\n", b"a OK", b"* BYE [UNAVAILABLE]"),
          "pop3": (b"AUTH PLAIN %s\r\n", b"+OK", b"-ERR [SYS/TEMP]"),
          "managesieve": (b'AUTHENTICATE "PLAIN" "%s"\r\n', b"OK", b"BYE (TRYLATER)"),
          "submission": (b"AUTH PLAIN %s\r\n", b"235", b"421 4.3.2")}


def log_in(port, protocol, user, address="127.0.0.1", password="secret"):
    talk = From(port, address)
    talk.sock = client_context().wrap_socket(talk.sock)
    greeted(talk, protocol)
    credential = f"{user} {password}".encode()
    if protocol != "imap":
        credential = base64.b64encode(f"\0{user}\0{password}".encode())
    talk.say(LOGINS[protocol][0] % credential)
    return talk, talk.line()


@pytest.mark.parametrize("protocol", USERS)
def test_failed_logins_are_refused_on_a_new_connection_too(serve, protocol):
    stage = serve(protocol, 'login_delay_after = 0; login_refuse_after = 2; login_refuse_for = "1h";')
    _, well, refusal = LOGINS[protocol]

    def asked():
        lines = [line for session in list(stage.backend.sessions) for line in session["lines"]]
        return sum(line.startswith((b"a LOGIN", b"AUTH")) for line in lines)
    for _ in range(2):
        talk, answer = log_in(stage.tls, protocol, "alice", password="wrong")
        assert not answer.startswith((well, refusal))
        talk.close()
    for password in ("wrong", "secret"):
        assert log_in(stage.tls, protocol, "alice", password=password)[1].startswith(refusal)
    assert stage.daemon.wait("login refused")["user"] == "alice"
    assert asked() == 2
    talk, answer = log_in(stage.tls, protocol, "alice", "127.0.0.2")  # from elsewhere
    assert answer.startswith(well)


@pytest.mark.parametrize("protocol", USERS)
def test_connections_per_user(serve, protocol):
    stage = serve(protocol, "connections_per_user = 2;")
    _, well, refusal = LOGINS[protocol]
    talks = []
    for _ in range(2):
        talk, answer = log_in(stage.tls, protocol, "alice")
        assert answer.startswith(well)
        talks.append(talk)
    third, answer = log_in(stage.tls, protocol, "alice")
    assert answer.startswith(refusal)
    assert third.is_closed()
    assert stage.daemon.wait("login refused")["reason"] == "connections_per_user"
    assert outcome(stage) == "overload"
    talk, answer = log_in(stage.tls, protocol, "alice", "127.0.0.2")  # from elsewhere
    assert answer.startswith(well)
    seen = len(stage.daemon.events)
    talks[0].close()
    stage.daemon.wait("session ended", after=seen)
    talk, answer = log_in(stage.tls, protocol, "alice")
    assert answer.startswith(well)


@pytest.mark.parametrize("protocol", USERS)
def test_a_login_without_a_name_is_nobodys(serve, protocol):
    """A mechanism that hides who it is does not pass for the one who failed before."""
    stage = serve(protocol, "login_delay_after = 100; login_failures_max = 100;")
    talk = From(stage.tls)
    talk.sock = client_context().wrap_socket(talk.sock)
    greeted(talk, protocol)
    if protocol == "imap":
        assert b"NO" in talk.say(b"a LOGIN bob wrong\r\n").until(b"a ")
        talk.say(b"b AUTHENTICATE GSSAPI YIIB\r\n").until(b"b ")
    elif protocol == "managesieve":
        assert b"NO" in talk.say(b'AUTHENTICATE "PLAIN" "AGJvYgB4"\r\n').line()
        talk.say(b'AUTHENTICATE "GSSAPI" "YIIB"\r\n').line()
    else:
        assert talk.say(b"AUTH PLAIN AGJvYgB4\r\n").line()[:1] in b"5-"
        talk.say(b"AUTH GSSAPI YIIB\r\n").line()
    talk.close()
    assert "user" not in stage.daemon.wait("session ended")


def test_handshakes_per_second(serve):
    stage = serve("imap", "handshakes_per_second = 4;")
    began, served = time.monotonic(), 0
    while (line := From(stage.plain).line()).startswith(b"* OK"):
        served += 1
    assert line.startswith(b"* BYE")
    assert 4 <= served <= 4 + 4 * (time.monotonic() - began)  # so many it gives meanwhile
    refused(stage, "handshakes_per_second")
    assert From(stage.plain, "127.0.0.2").line().startswith(b"* OK")
    assert wait_until(lambda: From(stage.plain).line().startswith(b"* OK"))


def test_exempt(serve):
    stage = serve("imap", 'connections_per_address = 1; handshakes_per_second = 1;'
                          'exempt = ["127.0.0.2/32"];')
    talks = [From(stage.plain, "127.0.0.2") for _ in range(10)]
    assert all(talk.line().startswith(b"* OK") for talk in talks)
    one, two = From(stage.plain), From(stage.plain)
    assert one.line().startswith(b"* OK") and two.line().startswith(b"* BYE")


@pytest.mark.parametrize("protocol, word", [("smtp", b"421 4.3.2"), ("imap", b"* BYE"),
                                            ("pop3", b"-ERR"), ("managesieve", b"BYE (TRYLATER)"),
                                            ("lmtp", b"421 4.3.2")])
def test_max_sessions(serve, protocol, word):
    stage = serve(protocol, "max_sessions = 2;")
    talks = [From(stage.plain), From(stage.plain, "127.0.0.2")]
    for talk in talks:
        talk.line()
    assert From(stage.plain, "127.0.0.3").line().startswith(word)
    refused(stage, "max_sessions")


def test_max_sessions_on_a_tls_port(serve):
    stage = serve("imap", "max_sessions = 1;")
    talk = From(stage.plain)
    talk.line()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        From(stage.tls).starttls()
    refused(stage, "max_sessions")


def test_a_balancer_is_not_taken_for_its_clients(serve):
    stage = serve("imap", "connections_per_address = 1;", more='proxy_from = ["127.0.0.1/32"];')

    def come(address):
        talk = From(stage.plain).say(b"PROXY TCP4 %s 192.0.2.9 4000 143\r\n" % address)
        return talk, talk.line()

    first, line = come(b"198.51.100.1")
    assert line.startswith(b"* OK")
    assert come(b"198.51.100.1")[1].startswith(b"* BYE [UNAVAILABLE]")
    assert stage.daemon.wait("connection refused")["client"] == "198.51.100.1"
    other, line = come(b"198.51.100.2")
    assert line.startswith(b"* OK")
    seen = len(stage.daemon.events)
    first.close()
    stage.daemon.wait("session ended", after=seen)
    assert come(b"198.51.100.1")[1].startswith(b"* OK")
    other.close()


@pytest.mark.parametrize("cut", [0, 100], ids=["all of it", "a piece of it"])
def test_a_balancer_sends_its_header_and_the_clienthello_at_once(serve, cut):
    """As HAProxy does, where the client was quick."""
    stage = serve("imap", "", more='proxy_from = ["127.0.0.1/32"];')
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(theirs, ours)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = ours.read()
    talk = From(stage.tls)
    talk.sock.sendall(b"PROXY TCP4 198.51.100.1 192.0.2.9 4000 993\r\n" + hello[:cut or len(hello)])
    talk.sock.sendall(hello[cut or len(hello):])
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            got = talk.sock.recv(65536)
            assert got, "the session ended"
            theirs.write(got)
    talk.sock.sendall(ours.read())
    talk.close()
    ended = stage.daemon.wait("session ended")
    assert (ended["client"], ended["tls"]) == ("198.51.100.1", "TLSv1.3")


# Handshakes


def in_thread(work):
    """Runs work; its result comes from .result(timeout)."""
    box = {}
    done = threading.Event()

    def run():
        try:
            box["value"] = work()
        except OSError as error:  # ssl.SSLError is one
            box["value"] = error
        done.set()

    threading.Thread(target=run, daemon=True).start()

    def result(timeout=10):
        assert done.wait(timeout), "not in time"
        return box["value"]

    return SimpleNamespace(done=done, result=result)


def starttls_by_command(stage):
    talk = From(stage.plain, "127.0.0.2")
    talk.line()
    talk.say(b"a STARTTLS\r\n").line()
    return talk.starttls()


@pytest.mark.parametrize("come", [lambda stage: From(stage.tls, "127.0.0.2").starttls(),
                                  starttls_by_command], ids=["tls", "starttls"])
def test_max_handshakes_queue(serve, come):
    stage = serve("imap", "max_handshakes = 2;")
    silent = [From(stage.tls), From(stage.tls)]
    assert_open(stage, 2)
    waiting = in_thread(lambda: come(stage).sock.version())
    assert_open(stage, 3)
    greeting = From(stage.plain)  # no handshake: not concerned
    assert greeting.line().startswith(b"* OK")
    assert not waiting.done.wait(0.5)
    silent[0].close()
    assert waiting.result() == "TLSv1.3"


def assert_open(stage, count):
    """As many sessions are open, the greeted ones included."""
    deadline = time.monotonic() + 10
    while (got := stage.daemon.status()["workers"][0]["open"]) != count:
        assert time.monotonic() < deadline, got


class Handshake:
    """One that begins now; who answers it has begun no other until it is finished."""

    def __init__(self, port):
        self.sock, self.into, self.out = From(port).sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context().wrap_bio(self.into, self.out)
        self.go_on()

    def fileno(self):
        return self.sock.fileno()

    def go_on(self):
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            self.sock.sendall(self.out.read())

    def finish(self):
        is_over = False
        while not is_over:
            part = self.sock.recv(65536)
            assert part, "no end of the handshake"
            self.into.write(part)
            is_over = self.go_on()


def test_who_comes_first_is_served_first_and_the_newest_refused(serve):
    stage = serve("imap", "max_handshakes = 1; max_sessions = 4;")
    silent = From(stage.tls)
    waiting = []
    for n in range(3):
        assert_open(stage, n + 1)
        waiting.append(Handshake(stage.tls))
    assert_open(stage, 4)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        From(stage.tls).starttls()
    refused(stage, "max_sessions")
    silent.close()
    while waiting:
        answered = select.select(waiting, [], [], 10)[0]
        assert answered == waiting[:1]
        waiting.pop(0).finish()


@pytest.mark.parametrize("protocol, busy", [("imap", b"* BYE"), ("pop3", b"-ERR"), ("submission", b"421 ")])
def test_while_the_line_is_too_slow_the_newest_are_told_so(serve, protocol, busy):
    stage = serve(protocol, 'max_handshakes = 1; handshake_wait = "300ms";')
    silent = From(stage.tls)
    assert_open(stage, 1)
    waiting = Handshake(stage.tls)
    assert_open(stage, 2)
    assert stage.daemon.status()["sums"]["handshakes_waiting"] == 1
    assert wait_until(lambda: From(stage.plain).line().startswith(busy), 10)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        From(stage.tls).starttls()
    refused(stage, "handshake_wait")
    assert stage.daemon.status()["sums"]["refused_busy"] >= 2
    silent.close()
    waiting.finish()
    assert not From(stage.plain).line().startswith(busy)
    From(stage.tls).starttls()


def test_a_place_in_line_ends_with_handshake_timeout(serve):
    stage = serve("imap", 'max_handshakes = 1; handshake_timeout = "1s";')
    silent = [From(stage.tls) for _ in range(3)]
    began = time.monotonic()
    got = {stage.daemon.wait("session ended", error=error)["outcome"]
           for error in ("no handshake in time", "no turn for a handshake in time")}
    assert got == {"timeout"} and time.monotonic() - began < LATE_S
    assert all(talk.is_closed() for talk in silent)
    From(stage.tls).starttls()


@pytest.mark.parametrize("is_implicit", [True, False], ids=["tls", "starttls"])
def test_handshake_timeout_is_not_extended_by_dripping(serve, is_implicit):
    stage = serve("imap", 'handshake_timeout = "1s";')
    talk = From(stage.tls if is_implicit else stage.plain)
    if not is_implicit:
        talk.line()
        talk.say(b"a STARTTLS\r\n").line()
    assert 0.8 < drip(talk, client_hello()) < LATE_S
    record = stage.daemon.wait("session ended")
    assert record["outcome"] == "timeout" and record["error"] == "no handshake in time"


# What is said


@pytest.mark.parametrize("protocol", SPOKEN)
def test_errors_max(serve, protocol):
    stage = serve(protocol, "errors_max = 3;")
    talk = greeted(From(stage.plain), protocol)
    nonsense = TAGGED.get(protocol, b"") + b"NONSENSE\r\n"
    for n in range(2):
        talk.say(nonsense)
        assert talk.line()
    talk.say(nonsense)
    talk.is_closed()
    assert outcome(stage) == "bad-syntax"


NO = (b"a NO", b"-ERR", b"535", b"NO")


def failed_login(talk, protocol, user=b"alice"):
    """Says a wrong password; the line of the answer, or nothing if the session ended."""
    if protocol == "imap":
        return talk.say(b"a LOGIN %s wrong\r\n" % user).until(b"a ")
    if protocol == "pop3":
        talk.say(b"USER %s\r\n" % user).line()
        return talk.say(b"PASS wrong\r\n").line()
    response = base64.b64encode(b"\0%s\0wrong" % user)
    command = b'AUTHENTICATE "PLAIN" "%s"\r\n' if protocol == "managesieve" else b"AUTH PLAIN %s\r\n"
    return talk.say(command % response).line()


@pytest.mark.parametrize("protocol", USERS)
def test_login_failures_max(serve, protocol):
    stage = serve(protocol, "login_failures_max = 2;")
    talk = greeted(From(stage.tls).starttls(), protocol)
    assert failed_login(talk, protocol).startswith(NO)
    assert failed_login(talk, protocol).startswith(NO)
    talk.is_closed()
    record = stage.daemon.wait("session ended")
    assert record["outcome"] == "login-failed" and record["login_failures"] == "2"


@pytest.mark.parametrize("protocol", SPOKEN)
def test_line_max(serve, protocol):
    stage = serve(protocol, "line_max = 600;")
    head = TAGGED.get(protocol, b"") + b"NOOP "
    for length, is_ok in ((600, True), (601, False)):
        seen = len(stage.daemon.events)
        talk = greeted(From(stage.plain), protocol)
        talk.say(head + b"x" * (length - len(head) - 2) + b"\r\n")
        talk.line()
        if is_ok:
            talk.say(OUT.get(protocol, b"QUIT\r\n"))
        talk.is_closed()
        assert outcome(stage, seen) == ("ok" if is_ok else "too-long")


@pytest.mark.parametrize("protocol", USERS)
@pytest.mark.parametrize("is_initial", [True, False])
def test_auth_line_max(serve, protocol, is_initial):
    stage = serve(protocol, "auth_line_max = 1000; line_max = 512;")
    head = {"imap": b"a AUTHENTICATE PLAIN", "managesieve": b'AUTHENTICATE "PLAIN"'}.get(protocol, b"AUTH PLAIN")
    quote = b'"' if protocol == "managesieve" else b""
    used = (len(head) + 1 if is_initial else 0) + 2 * len(quote)
    for length, is_ok in ((1000, True), (1001, False)):
        seen = len(stage.daemon.events)
        talk = greeted(From(stage.tls).starttls(), protocol)
        response = base64.b64encode(b"\0alice\0" + b"x" * 2000)[:length - used - 2]
        if is_ok and len(response) % 4:
            response = response[:len(response) // 4 * 4]
        response = quote + response + quote
        if is_initial:
            talk.say(head + b" " + response + b"\r\n")
        else:
            talk.say(head + b"\r\n").line()
            talk.say(response + b"\r\n")
        line = talk.line()
        if is_ok:
            assert line.startswith((b"a NO", b"-ERR [AUTH]", b"535", b"NO")), line
            talk.close()
        else:
            talk.is_closed()
        assert outcome(stage, seen) == ("client-gone" if is_ok else "too-long")


def test_literal_max(serve):
    stage = serve("imap", "literal_max = 64;")
    talk = greeted(From(stage.tls).starttls(), "imap")
    assert talk.say(b"a LOGIN {65}\r\n").line().startswith(b"a NO [TOOBIG]")
    assert talk.say(b"b LOGIN alice {64}\r\n").line().startswith(b"+")
    assert talk.say(b"x" * 64 + b"\r\n").until(b"b ").startswith(b"b NO [AUTH")
    assert talk.say(b"c LOGIN {40}\r\n").line().startswith(b"+")
    assert talk.say(b"x" * 40 + b" {40}\r\n").line().startswith(b"c NO [TOOBIG]")  # together
    talk.say(b"d LOGIN {65+}\r\n")
    talk.is_closed()
    assert outcome(stage) == "too-long"


# What is waited for


@pytest.mark.parametrize("protocol", ["smtp", "submission"])
def test_command_timeout(serve, protocol):
    stage = serve(protocol, 'command_timeout = "1s";')
    talk = greeted(From(stage.plain), protocol)
    assert 0.8 < drip(talk, b"NOOP " + b"x" * 200) < LATE_S  # half a command is none
    assert outcome(stage) == "timeout"
    talk = greeted(From(stage.plain), protocol)
    began = time.monotonic()
    assert talk.line().startswith(b"421 4.4.2")
    assert 0.8 < time.monotonic() - began < LATE_S


def message_begun(talk):
    greeted(talk, "smtp")
    talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
    talk.say(b"RCPT TO:<b@example.org>\r\n").reply()
    assert talk.say(b"DATA\r\n").reply().startswith(b"354")
    return talk.say(b"Subject: x\r\n\r\nhalf of it")


def test_data_timeout(serve):
    stage = serve("smtp", 'data_timeout = "1s";')
    talk = message_begun(From(stage.plain))
    began = time.monotonic()
    assert talk.line().startswith(b"421 4.4.2")
    assert 0.8 < time.monotonic() - began < LATE_S
    talk.close()
    assert outcome(stage) == "timeout"
    assert not stage.backend.sessions[-1]["messages"]


def no_reply(reader, sock, session):
    """peers.smtp up to the end of the message, then silence."""
    sock.sendall(b"220 backend ESMTP\r\n")
    while line := reader.read():
        if line[:4].upper() == b"DATA":
            sock.sendall(b"354 go on\r\n")
            while reader.read():
                pass
            return
        sock.sendall(b"250 2.0.0 ok\r\n")


def test_reply_timeout(serve):
    stage = serve("smtp", 'reply_timeout = "1s"; data_timeout = "20s";', backend=no_reply)
    talk = message_begun(From(stage.plain))
    talk.say(b"\r\n.\r\n")
    began = time.monotonic()
    assert talk.line().startswith(b"421 4.4.2")
    assert 0.8 < time.monotonic() - began < LATE_S


@pytest.mark.parametrize("protocol", ["imap", "pop3", "managesieve"])
@pytest.mark.parametrize("is_implicit", [True, False], ids=["tls", "plain"])
def test_login_timeout_is_not_extended(serve, protocol, is_implicit):
    """Neither by bytes that drip nor by commands that are no login."""
    stage = serve(protocol, 'login_timeout = "2s";')
    port = stage.tls if is_implicit else stage.plain
    noop = TAGGED.get(protocol, b"") + b"NOOP\r\n"
    for data in (b"a LOGIN " + b"x" * 200, noop * 50):
        seen = len(stage.daemon.events)
        talk = From(port).starttls() if is_implicit else From(port)
        greeting(talk, EDGE_OF[protocol])
        assert 0.8 < drip(talk, data) < LATE_S
        assert outcome(stage, seen) == "timeout"


def silence(reader, sock, session):
    reader.read()


@pytest.mark.parametrize("protocol, answer", [("smtp", b"421 4.3.2"), ("imap", b"* BYE"),
                                              ("pop3", b"-ERR"), ("managesieve", b"BYE (TRYLATER)"),
                                              ("lmtp", b"421 4.3.2")])
def test_greeting_timeout(serve, protocol, answer):
    stage = serve(protocol, 'greeting_timeout = "1s";', backend=silence)
    if protocol == "smtp":
        talk = greeted(From(stage.plain), protocol).say(b"MAIL FROM:<a@example.net>\r\n")
    else:
        talk = From(stage.tls).starttls()
    if protocol == "lmtp":
        talk.line()
        talk.say(b"LHLO x\r\n")  # in TLS what is offered is the backend's
    began = time.monotonic()
    assert talk.line().startswith(answer)
    assert 0.8 < time.monotonic() - began < LATE_S
    talk.close()
    assert outcome(stage) in ("backend-down", "backend-broken")


def test_idle_timeout_of_less_than_the_rfcs_want_is_refused(tmp_path):
    def check(value):
        path = tmp_path / "mailseal.conf"
        path.write_text(f'''hostname = "mx.example.org"; limits = {{ idle_timeout = "{value}"; }};
            backend = {{ b = {{ address = ["127.0.0.1:10025"]; }}; }};
            edge = {{ e = {{ protocol = "smtp"; listen = ["*:25"]; backend = "b"; }}; }};''')
        return subprocess.run([BINARY, "config", "check", "-c", str(path)], text=True,
                              capture_output=True)

    assert check("35m").returncode == 0
    short = check("34m")
    assert short.returncode == 1 and "idle_timeout" in short.stdout + short.stderr


# Failed logins


def slowed(stage, talk, seen):
    """Seconds by which an answer to this client was held back, as the log says when it has ended."""
    port = str(talk.sock.getsockname()[1])
    talk.close()
    session = stage.daemon.wait("session ended", after=seen, port=port)["session"]
    return sum(float(e["seconds"]) for e in stage.daemon.events[seen:]
               if e.get("event") == "login slowed" and e["session"] == session)


def guess(stage, protocol, address, user=b"alice"):
    """Seconds by which the answer to a wrong password was held back, in a session of its own."""
    seen = len(stage.daemon.events)
    talk = greeted(From(stage.tls, address).starttls(), protocol)
    began = time.monotonic()
    answer = failed_login(talk, protocol, user)
    took = time.monotonic() - began
    assert answer.startswith(NO)
    held = slowed(stage, talk, seen)
    assert took > 0.9 * held
    return held


@pytest.mark.parametrize("protocol", USERS)
def test_failed_logins_slow_that_user_from_that_address(serve, protocol):
    stage = serve(protocol, "login_delay_after = 2;")
    assert [guess(stage, protocol, "127.0.0.1") for _ in range(4)] == [0, 0, 1, 2]
    assert guess(stage, protocol, "127.0.0.2") == 0
    assert guess(stage, protocol, "127.0.0.1", b"bob") == 0
    event = stage.daemon.wait("login slowed", seconds="2.000")
    assert event["user"] == "alice" and event["client"] == "127.0.0.1"


def test_who_hides_his_name_is_slowed_as_one(serve):
    """A mechanism that shows none must not let him guess as fast as he can."""
    stage = serve("imap", "login_delay_after = 1;")

    def guess_namelessly():
        seen = len(stage.daemon.events)
        talk = greeted(From(stage.tls).starttls(), "imap")
        answer = talk.say(b"a AUTHENTICATE PLAIN AABzZWNyZXQ=\r\n").until(b"a ")
        assert answer.startswith(b"a NO")
        return slowed(stage, talk, seen)

    assert [guess_namelessly() for _ in range(3)] == [0, 1, 2]
    assert guess(stage, "imap", "127.0.0.1") == 0


def test_the_right_password_is_not_held_back_and_forgives(serve):
    stage = serve("imap", "login_delay_after = 1;")
    assert [guess(stage, "imap", "127.0.0.1") for _ in range(2)] == [0, 1]
    seen = len(stage.daemon.events)
    talk = greeted(From(stage.tls).starttls(), "imap")
    assert talk.say(b"a LOGIN alice secret\r\n").until(b"a ").startswith(b"a OK")
    assert slowed(stage, talk, seen) == 0
    assert guess(stage, "imap", "127.0.0.1") == 0


def written(event):
    """When, in seconds."""
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


def test_a_held_session_goes_on(serve):
    """What the client said meanwhile is answered behind; who leaves keeps his place till then."""
    stage = serve("imap", "login_delay_after = 1; login_failures_max = 3;")
    guess(stage, "imap", "127.0.0.1")
    talk = greeted(From(stage.tls).starttls(), "imap")
    began = time.monotonic()
    talk.say(b"a LOGIN alice wrong\r\nb NOOP\r\nc LOGIN alice secret\r\nd NOOP\r\n")
    assert talk.until(b"d ").split(b"\r\n")[0].startswith(b"a NO")
    assert time.monotonic() - began > 0.9
    talk.close()

    guess(stage, "imap", "127.0.0.1")
    seen = len(stage.daemon.events)
    talk = greeted(From(stage.tls).starttls(), "imap").say(b"a LOGIN alice wrong\r\n")
    held = stage.daemon.wait("login slowed", after=seen)
    talk.close()
    ended = stage.daemon.wait("session ended", session=held["session"])
    assert written(ended) - written(held) > 0.9 * float(held["seconds"])


def test_other_sessions_move_while_one_is_held(serve):
    stage = serve("imap", "login_delay_after = 1;")
    for _ in range(2):
        guess(stage, "imap", "127.0.0.1")
    held = in_thread(lambda: guess(stage, "imap", "127.0.0.1"))
    stage.daemon.wait("login slowed", seconds="2.000")
    seen = len(stage.daemon.events)
    assert guess(stage, "imap", "127.0.0.2") == 0
    assert held.result() == 2
    assert [e["client"] for e in stage.daemon.events[seen:]
            if e["event"] == "session ended"] == ["127.0.0.2", "127.0.0.1"]


# Who cannot bear a ticket


def sealed(port, address, last=b""):
    """Did the sender get a ticket? It hangs up when that comes, or says something first."""
    talk = From(port, address)
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls(maximum_version=ssl.TLSVersion.TLSv1_2)
    has_ticket = talk.sock.session.has_ticket
    if last:
        talk.say(last).reply()
    talk.close()
    return has_ticket


def test_a_sender_that_hangs_up_at_tickets_gets_none(serve):
    stage = serve("smtp", "handshakes_per_second = 0;")
    for _ in range(3):
        seen = len(stage.daemon.events)
        assert sealed(stage.plain, "127.0.0.1")
        assert outcome(stage, seen) == "client-gone"
    stage.daemon.wait("sender gets no tickets for a day", client="127.0.0.1")
    assert not sealed(stage.plain, "127.0.0.1", b"EHLO x\r\n")
    for _ in range(4):
        assert sealed(stage.plain, "127.0.0.2", b"EHLO x\r\n")  # others, and those who go on


# No descriptor left


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def test_who_comes_without_a_descriptor_left_waits_and_nothing_spins(serve):
    stage = serve("smtp", "", wrap=lambda command: ["prlimit", "--nofile=64:64", *command])
    worker = stage.daemon.children()["worker"][0]
    used = cpu_seconds(worker)
    talks = [From(stage.plain) for _ in range(64)]

    def said():
        return [written(e) for e in stage.daemon.events
                if e["event"] == "no descriptor left for a connection"]

    assert wait_until(lambda: len(said()) == 3)
    assert said()[2] - said()[0] > 1.5 and cpu_seconds(worker) - used < 0.5, said()
    for talk in talks[:-1]:
        talk.close()
    assert talks[-1].line().startswith(b"220 ")
