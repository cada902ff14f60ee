"""No line ever waits for a delayed acknowledgement, in any protocol: of each the best of many times is far below
the 40 ms that Linux takes for one at least. A busy machine makes some of them late, a stall makes all of them."""
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest

import edges
import farend
import links
import peers
import test_relay
from daemon import Daemon, Talk, client_context, free_ports, make_certificate
from links import folder, pki  # noqa: F401 (fixtures)
from test_relay import relay  # noqa: F401 (a fixture)

STALL_S = 0.03
ROUNDS = 40
LATE = b"late"  # a line with it is kept from the script until the client has the answer before it


class Watched:
    """A reader of a peer's script that acknowledges late, and tells of all that comes."""

    def __init__(self, reader, sock, watch):
        self.file, self.sock, self.watch, self.rest = reader.file, sock, watch, b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        part = self.file.read1(65536)
        self.rest += part
        self.watch.came(part)
        return part

    def read(self):
        while b"\n" not in self.rest:
            if not self.more():
                return None
        line, self.rest = self.rest.split(b"\n", 1)
        if LATE in line:
            self.watch.may_go.wait(30)
        return line + b"\n"

    def exactly(self, count):
        while len(self.rest) < count:
            if not self.more():
                return None
        got, self.rest = self.rest[:count], self.rest[count:]
        return got


class Watch:
    """What a test knows of its backend."""

    def __init__(self):
        self.changed, self.text, self.may_go = threading.Condition(), b"", threading.Event()

    def came(self, part):
        with self.changed:
            self.text += part
            self.changed.notify_all()

    def saw(self, text):
        with self.changed:
            assert self.changed.wait_for(lambda: text in self.text, 30), self.text[-200:]

    def serve(self, script):
        return lambda reader, sock, session: script(Watched(reader, sock, self), sock, session)


def echo(reader, sock, session):
    """Its lines, back; of one with "mute" nothing."""
    while line := reader.read():
        session["lines"].append(line)
        if b"mute" not in line:
            sock.sendall(line)


def took(act):
    began = time.monotonic()
    act()
    return time.monotonic() - began


def stalls(times):
    """times(): what each step took, by its name. Those that never were quick, of many rounds."""
    best = {}
    for _ in range(ROUNDS):
        for step, seconds in times().items():
            best[step] = min(seconds, best.get(step, seconds))
        if max(best.values()) < STALL_S:
            break
    return {step: seconds for step, seconds in best.items() if seconds >= STALL_S}


def late_answer(watch, sock, say, answer):
    """Of two commands that went in one piece the second is answered when the first answer has come, which the
    client does not acknowledge by itself."""
    watch.may_go.clear()
    say()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    answer()
    return took(lambda: (watch.may_go.set(), answer()))


def late_piece(watch, sock, number, ending=b"\r\n"):
    """The second piece of a line goes when the first has come, which the backend does not acknowledge by itself."""
    head, tail = b"mute%d" % number, b"over%d" % number
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(head + ending)
    watch.saw(head)
    return took(lambda: (sock.sendall(tail + ending), watch.saw(tail)))


SMTP_MAIL = [b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n",
             b"Subject: x\r\n\r\ntext\r\n.\r\n", b"RSET\r\n", b"QUIT\r\n"]
LOGIN = b"AUTH PLAIN " + peers.PLAIN + b"\r\n"
SAID = {"mx": [b"EHLO c.example\r\n", *SMTP_MAIL], "lmtp": [b"LHLO c.example\r\n", *SMTP_MAIL],
        "submission": [b"EHLO c.example\r\n", LOGIN, *SMTP_MAIL],
        "imap": [b"a CAPABILITY\r\n", b"a LOGIN alice secret\r\n", b"a NOOP\r\n", b"a LOGOUT\r\n"],
        "pop3": [b"USER alice\r\n", b"PASS secret\r\n", b"STAT\r\n", b"QUIT\r\n"],
        "sieve": [b'AUTHENTICATE "PLAIN" "' + peers.PLAIN + b'"\r\n', b"LISTSCRIPTS\r\n",
                  b"LOGOUT\r\n"]}
TWICE = {"mx": b"RCPT TO:<b@example.org>\r\nRCPT TO:<late@example.org>\r\n", "imap": b"a NOOP\r\na NOOP late\r\n",
         "pop3": b"STAT\r\nSTAT late\r\n", "sieve": b"NOOP\r\nNOOP late\r\n"}
TWICE["submission"] = TWICE["lmtp"] = TWICE["mx"]
LAST = {"imap": b"a ", "sieve": (b"OK", b"NO", b"BYE")}


GOOD = {"imap": b"a OK", "pop3": b"+OK", "sieve": b"OK"}


def answer(talk, edge):
    """All of it; a refusal ends the test."""
    said = talk.until(LAST[edge]) if edge in LAST else talk.line() if edge == "pop3" else talk.reply()
    last = said.rstrip().rsplit(b"\r\n", 1)[-1]
    assert last.startswith(GOOD.get(edge, (b"2", b"3"))), said


def dialogue(door, edge, **limits):
    """A whole session, with STARTTLS, of a client that leaves Nagle's algorithm on."""
    times, talk = {}, Talk(door.ports[edge][0], 60)
    try:
        times["greeting"] = took(lambda: edges.greeting(talk, edge))
        if edge in edges.HELLO:
            times["hello in clear"] = took(lambda: (talk.say(SAID[edge][0]), answer(talk, edge)))
        times["STARTTLS"] = took(lambda: (talk.say(edges.UPGRADE[edge]), answer(talk, edge)))
        times["handshake"] = took(lambda: talk.starttls(**limits))
        if edge == "sieve":  # which speaks first (RFC 5804 2.2)
            times["capabilities"] = took(lambda: answer(talk, edge))
        for line in SAID[edge]:
            step = line.split(b"\r\n")[0].decode()
            times[step] = took(lambda said=line: (talk.say(said), answer(talk, edge)))
    finally:
        talk.close()
    return times


@pytest.fixture(scope="module")
def watch():
    return Watch()


@pytest.fixture(scope="module", params=["true", "false"], ids=["tickets", "no-tickets"])
def door(request, tmp_path_factory, watch):
    """All edges, their backends watched; a tcp and an http one in front of the same echo."""
    where = tmp_path_factory.mktemp("stalls")
    where.chmod(0o755)
    scripts = {name: getattr(peers, name) for name in edges.BACKEND_OF.values()} | {"echo": echo}
    backends = {name: peers.Backend(watch.serve(script)) for name, script in scripts.items()}
    numbers = iter(free_ports(2 * len(edges.EDGES) + 2))
    ports = {name: (next(numbers), next(numbers)) for name, *_ in edges.EDGES}
    chain, key = make_certificate(str(where))
    text = edges.edge_config({n: b.port for n, b in backends.items()}, ports)
    for name in ("tcp", "http"):
        ports[name] = (None, next(numbers))
        text = text.replace("edge = {", f'''edge = {{ {name} = {{ protocol = "{name}"; backend = "echo";
            listen_tls = ["127.0.0.1:{ports[name][1]}"]; }};''')
    daemon = Daemon(where, f'''workers = 1; drain_timeout = "1s"; tls = {{ tickets = {request.param}; }};
        certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
        limits = {{ handshakes_per_second = 0; }}; {text}''').ready()
    yield SimpleNamespace(daemon=daemon, ports=ports, watch=watch)
    daemon.close()
    for backend in backends.values():
        backend.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls1.2", "tls1.3"])
@pytest.mark.parametrize("edge", SAID)
def test_no_line_of_a_dialogue_stalls(door, edge, version):
    assert stalls(lambda: dialogue(door, edge, maximum_version=version)) == {}


def entered(door, edge):
    """In TLS, and where commands have answers of the backend."""
    talk = edges.greet(Talk(door.ports[edge][0], 60), edge)
    answer(talk.say(edges.UPGRADE[edge]), edge)
    talk.starttls()
    if edge == "sieve":
        answer(talk, edge)
    for line in SAID[edge]:
        if line.startswith((b"RCPT", b"a NOOP", b"STAT", b"LIST")):
            break
        answer(talk.say(line), edge)
    return talk


@pytest.mark.parametrize("edge", TWICE)
def test_no_second_answer_waits_for_an_acknowledgement(door, edge):
    talk = entered(door, edge)
    assert stalls(lambda: {"second": late_answer(door.watch, talk.sock, lambda: talk.say(TWICE[edge]),
                                                 lambda: answer(talk, edge))}) == {}
    talk.close()


def pieces(watch, sock):
    """Its turns have numbers, which no two of a run share."""
    watch.turn = getattr(watch, "turn", 0)

    def turn():
        watch.turn += 1
        return {"second": late_piece(watch, sock, watch.turn)}
    return turn


@pytest.mark.parametrize("edge", ["mx", "submission", "lmtp"])
def test_no_second_piece_of_a_text_waits_for_an_acknowledgement(door, edge):
    talk = entered(door, edge)
    for line in (b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n"):
        answer(talk.say(line), edge)
    assert stalls(pieces(door.watch, talk.sock)) == {}
    talk.close()


@pytest.mark.parametrize("edge", ["tcp", "http"])
def test_no_second_piece_through_tls_waits_for_an_acknowledgement(door, edge):
    talk = Talk(door.ports[edge][1], 60).starttls()
    assert stalls(lambda: {"first line": first_line(door, edge)}) == {}
    assert stalls(pieces(door.watch, talk.sock)) == {}
    assert stalls(lambda: {"second": late_answer(door.watch, talk.sock, lambda: talk.say(b"one\r\nlate two\r\n"),
                                                 talk.line)}) == {}
    talk.close()


def first_line(door, edge):
    """What a client says first goes right behind its end of the handshake."""
    talk = Talk(door.ports[edge][1], 60).starttls()
    seconds = took(lambda: talk.say(b"first\r\n").line())
    talk.close()
    return seconds


def test_no_line_through_a_link_waits_for_an_acknowledgement(folder, pki, watch):  # noqa: F811
    service = links.Service(lambda sock: watch.serve(echo)(peers.Line(sock), sock, {"lines": []}))
    near_port, far_port = free_ports(2)
    hosts = [links.host(folder, name, pki.node(node), {"sql": text}) for name, node, text in (
        ("far", "db1", f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service.port}"; peer = ["imap1"];'),
        ("near", "imap1", f'listen = "127.0.0.1:{near_port}"; to = "127.0.0.1:{far_port}"; peer = "db1";'))]
    for host in hosts:
        host.ready()
    talk = Talk(near_port, 60)
    assert stalls(lambda: {"line": took(lambda: talk.say(b"one\r\n").line())}) == {}
    assert stalls(pieces(watch, talk.sock)) == {}
    assert stalls(lambda: {"second": late_answer(watch, talk.sock, lambda: talk.say(b"one\r\nlate two\r\n"),
                                                 talk.line)}) == {}
    talk.close()
    for host in hosts:
        host.close()
    service.close()


def test_no_line_of_the_relay_waits_for_an_acknowledgement(relay, watch, monkeypatch):  # noqa: F811
    monkeypatch.setattr(farend.peers, "Line", lambda sock: Watched(SimpleNamespace(file=sock.makefile("rb")),
                                                                   sock, watch))
    relay.far("quick")
    mta = test_relay.Mta(relay.lmtp, timeout=60)

    def message():
        times = {}
        for line in ("MAIL FROM:<a@mail.example.org>", "RCPT TO:<b@quick.example>", "DATA", "text\r\n."):
            times[line] = took(lambda said=line: mta.ask(said))
        return times
    assert stalls(message) == {}
    mta.ask("MAIL FROM:<a@mail.example.org>", "RCPT TO:<b@quick.example>")
    assert stalls(lambda: {"second": late_answer(
        watch, mta.sock, lambda: mta.say("RCPT TO:<c@quick.example>", "RCPT TO:<late@quick.example>"),
        mta.reply)}) == {}
    mta.ask("DATA")
    assert stalls(pieces(watch, mta.sock)) == {}
    mta.close()
