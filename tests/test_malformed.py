"""Rubbish from clients and from backends: no worker dies, nothing grows, nothing hangs."""
import os
import random
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

import peers
from daemon import Talk, client_context, memory_tls
from edges import BACKEND_OF, all_edges, greeting

INPUTS = int(os.environ.get("MALFORMED", "400"))  # for each protocol and way
ALL = ["mx", "submission", "imap", "pop3", "sieve", "lmtp"]
SEEDS = {
    "smtp": [b"EHLO x\r\nMAIL FROM:<a@example.net> BODY=8BITMIME SIZE=100\r\nRCPT TO:<b@c>\r\n"
             b"DATA\r\nSubject: x\r\n\r\n..hello\r\n.\r\nQUIT\r\n",
             b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nBDAT 10\r\n0123456789"
             b"BDAT 0 LAST\r\nRSET\r\n",
             b"EHLO x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nAUTH LOGIN\r\nYWxpY2U=\r\n"
             b"c2VjcmV0\r\n*\r\n",
             b"HELO [127.0.0.1]\r\nVRFY <a@b>\r\nEXPN x\r\nHELP\r\nNOOP x\r\n"
             b"XCLIENT NAME=a\r\nETRN x\r\n"],
    "imap": [b'a CAPABILITY\r\nb ID ("name" "x" "version" NIL)\r\nc LOGIN "al\\"ice" {6}\r\n'
             b"secret\r\n",
             b"a LOGIN {5+}\r\nalice {6+}\r\nsecret\r\nb SELECT INBOX\r\nc FETCH 1:* (BODY[])\r\n",
             b"a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==\r\nb APPEND INBOX (\\Seen) {10}\r\n"
             b"0123456789\r\n",
             b"a AUTHENTICATE SCRAM-SHA-256\r\nbiwsbj1qb2Uscj1hYmM=\r\n*\r\nb LOGOUT\r\n"],
    "pop3": [b"CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nQUIT\r\n",
             b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nLIST\r\nTOP 1 0\r\nQUIT\r\n",
             b"AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\nLANG *\r\nUTF8\r\nAPOP a b\r\nUIDL\r\n"],
    "sieve": [b'CAPABILITY\r\nNOOP "tag"\r\nAUTHENTICATE "PLAIN" {20+}\r\nAGFsaWNlAHNlY3JldA==\r\n'
              b'PUTSCRIPT "x" {5+}\r\nkeep;\r\nLISTSCRIPTS\r\nLOGOUT\r\n',
              b'AUTHENTICATE "LOGIN"\r\n"YWxpY2U="\r\n{8+}\r\nc2VjcmV0\r\n"*"\r\nNOOP\r\n',
              b'AUTHENTICATE "SCRAM-SHA-1" "biwsbj1qb2Uscj1hYmM="\r\n"*"\r\nHAVESPACE "x" 999\r\n'
              b"UNAUTHENTICATE\r\n"],
    "lmtp": [b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nRCPT TO:<full@c>\r\nRCPT TO:<d@c>\r\nDATA\r\n"
             b"x\r\n.\r\nQUIT\r\n",
             b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nRCPT TO:<d@c>\r\nBDAT 3\r\n123BDAT 0 LAST\r\nRSET\r\n"],
}
TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"{", b"}", b"{5+}\r\n", b"{4294967295}\r\n",
          b"{18446744073709551615+}\r\n", b'"', b"\\", b"(", b"(" * 300, b")", b"<", b">" * 50,
          b"%s%n", b"\xff" * 9, b"A" * 600, b"A" * 13000, b"=" * 5, b"*\r\n", b"STARTTLS\r\n",
          b"BDAT 18446744073709551615\r\n", b"STLS\r\n", b"\x16\x03\x01\x02\0", b".\r\n",
          b"\r\n.\r\n", b"\xc3\x28", b"-1", b"99999999999999999999"]


def mutated(rand, seed):
    data = bytearray(seed)
    for _ in range(rand.choice((1, 2, 5, 20))):
        at = rand.randrange(len(data) + 1)
        kind = rand.randrange(6)
        if kind == 0:
            data[at:at] = rand.choice(TOKENS)
        elif kind == 1:
            del data[at:at + rand.choice((1, 2, 20))]
        elif kind == 2 and at < len(data):
            data[at] ^= 1 << rand.randrange(8)
        elif kind == 3:
            data[at:at] = data[:rand.randrange(1, 60)]
        elif kind == 4 and at < len(data):
            data[at] = rand.randrange(256)
        else:
            data[at:at + 3] = rand.randbytes(rand.randrange(8))
    return bytes(data)


def command_inputs(rand, edge):
    seeds = SEEDS[BACKEND_OF[edge]]
    for n in range(INPUTS):
        if n % 8 == 0:
            yield rand.randbytes(rand.randrange(1, 900))
        else:
            yield mutated(rand, rand.choice(seeds))


def client_hello():
    out = ssl.MemoryBIO()
    context = client_context()
    context.set_alpn_protocols(["imap", "pop3"])
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="mail.example.org").do_handshake()
    return out.read()


def hello_inputs(rand):
    hello = client_hello()
    for n in range(INPUTS):
        data = bytearray(mutated(rand, hello))
        if n % 3 == 0 and len(data) > 9:  # headers that fit, so that the inside is read
            data[:3] = b"\x16\x03\x01"
            data[3:5] = (len(data) - 5).to_bytes(2, "big")
            data[5:9] = b"\x01" + (len(data) - 9).to_bytes(3, "big")
        yield bytes(data)


def send_all(port, data, first=b""):
    """Says it, ends, and reads until the other side ends too."""
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        try:
            if first:
                sock.recv(4096)
                sock.sendall(first)
                sock.recv(4096)
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except ConnectionError:
            pass


def send_inside(context, port, data):
    with socket.create_connection(("127.0.0.1", port), 20) as raw, \
            context.wrap_socket(raw, server_hostname="mail.example.org") as sock:
        try:
            sock.sendall(data)
            if len(data) % 2:
                sock.unwrap()  # close_notify both ways
            else:
                sock.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass


def send_records(context, port, rand):
    """A whole handshake, then records that were changed on the way."""
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        try:
            tls, _, out = memory_tls(sock, context)
            if rand.random() < 0.5:
                sock.sendall(out.read())
            else:  # even the Finished
                sock.sendall(mutated(rand, out.read() or b"\x17\x03\x03\0\x01\0"))
            tls.write(b"NOOP\r\n" * rand.choice((1, 300)))
            sock.sendall(mutated(rand, out.read()) + rand.choice((
                b"", b"\x15\x03\x03\0\x02\x02\x28", b"\x17\x03\x03\xff\xff",
                b"\x14\x03\x03\0\x01\x01", b"\x17\x03\x03\0\0" * 40, b"\x80\x2e\x01\x03\x01")))
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass


def assert_well(stage, before, seen):
    assert stage.daemon.settle(), stage.daemon.status()
    assert not any(e.get("event") == "process died and is started again"
                   for e in stage.daemon.events[seen:])
    assert stage.daemon.footprint()[0] - before < 64 * 1024
    for edge in ALL:
        if edge == "mx":
            assert Talk(stage.ports[edge][0]).line().startswith(b"220 ")
            continue
        talk = Talk(stage.ports[edge][1]).starttls()
        assert talk.line().startswith((b"220 ", b"* OK", b"+OK", b'"IMPL'))
        talk.close()


@pytest.fixture
def well(stage):
    before, seen = stage.daemon.footprint()[0], len(stage.daemon.events)
    yield stage
    assert_well(stage, before, seen)


@pytest.mark.parametrize("edge", ALL)
def test_commands_in_clear(well, edge):
    rand = random.Random("clear " + edge)
    for data in command_inputs(rand, edge):
        send_all(well.ports[edge][0], data)


@pytest.mark.parametrize("edge", ALL)
def test_commands_inside_tls(well, edge):
    rand, context = random.Random("inside " + edge), client_context()
    for data in command_inputs(rand, edge):
        if edge != "mx":
            send_inside(context, well.ports[edge][1], data)
            continue
        talk = Talk(well.ports[edge][0])
        talk.line()
        talk.say(b"STARTTLS\r\n").line()
        with talk.starttls().sock as sock:
            try:
                sock.sendall(data)
                sock.unwrap()
            except OSError:
                pass


@pytest.mark.parametrize("edge", ALL)
def test_hellos(well, edge):
    upgrade = {"mx": b"STARTTLS\r\n"}.get(edge, b"")
    for data in hello_inputs(random.Random("hello " + edge)):
        send_all(well.ports[edge][0 if upgrade else 1], data, upgrade)


@pytest.mark.parametrize("edge", ALL[1:])
def test_records(well, edge):
    rand, context = random.Random("records " + edge), client_context()
    for _ in range(INPUTS):
        send_records(context, well.ports[edge][1], rand)


@pytest.mark.parametrize("edge, data", [
    ("mx", b"EHL"), ("imap", b"a LOG"), ("pop3", b"US"), ("imap", b"a LOGIN {20+}\r\nhalf"),
    ("sieve", b'AUTHENTICATE "PLAIN" {20+}\r\nhalf')])
@pytest.mark.parametrize("way", ["close", "half-close", "reset"])
def test_half_a_line_and_an_end_is_the_end(stage, edge, data, way):
    talk = Talk(stage.ports[edge][0])
    talk.line()
    if way == "reset":
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.say(data)
    if way == "half-close":
        talk.sock.shutdown(socket.SHUT_WR)
        talk.is_closed()
    talk.close()
    assert stage.daemon.settle(5), stage.daemon.status()["sums"]


@pytest.mark.parametrize("edge, command, answer", [
    ("mx", b"NOOP\r\n", b"250 2.0.0 Ok\r\n"), ("pop3", b"NOOP\r\n", b"+OK\r\n"),
    ("imap", b"a NOOP\r\n", b"a OK NOOP completed\r\n"), ("sieve", b"NOOP\r\n", b'OK "Done"\r\n')])
def test_many_commands_at_once_are_all_answered(stage, edge, command, answer):
    """Reads that end in mid-line, again and again."""
    count = 25000
    talk = Talk(stage.ports[edge][0])
    greeting(talk, edge)
    talk.say(command * count)
    got = talk.rest
    while len(got) < count * len(answer):
        got += talk.sock.recv(65536)
    talk.close()
    assert got == answer * count


FOREIGN = {
    "ClientHello": client_hello,
    "HTTP": lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP POST with commands": lambda: b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nEHLO x\r\n"
                                       b"MAIL FROM:<evil@example.net>\r\na LOGIN evil secret\r\n",
    "PROXY v1": lambda: b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nEHLO x\r\nMAIL FROM:<evil@x>\r\n",
    "PROXY v2": lambda: b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\xc0\0\2\1" * 3,
    "plain commands": lambda: b"EHLO x\r\na LOGIN evil secret\r\nUSER evil\r\nPASS secret\r\n",
    "SSLv2": lambda: (b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10" + b"\x07\0\xc0" * 7 + b"\1" * 16),
    "SSH": lambda: b"SSH-2.0-x\r\n",
}


OTHERS = [(edge, port, what) for edge in ALL for port in (0, 1) for what in FOREIGN
          if not (port and (edge == "mx" or what == "ClientHello"))
          and (port or what != "plain commands")]


@pytest.mark.parametrize("edge, port, what", OTHERS)
def test_other_protocols_reach_no_backend(stage, edge, port, what):
    """Port 0 is the one in clear, 1 has TLS from the first byte."""
    backend = getattr(stage, BACKEND_OF[edge])
    sessions, seen = len(backend.sessions), len(stage.daemon.events)
    with socket.create_connection(("127.0.0.1", stage.ports[edge][port]), 20) as sock:
        own = str(sock.getsockname()[1])
        said = b""
        try:
            sock.sendall(FOREIGN[what]())
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                said += part
        except ConnectionError:
            pass
    ended = stage.daemon.wait("session ended", after=seen, port=own)
    assert ended["outcome"] != "ok" and len(backend.sessions) == sessions
    if port:
        assert ended["outcome"] == "tls-failed" and len(said) <= 7  # an alert at most
    assert b"evil" not in said  # nothing of the input comes back


# Backends

VISITED = ["mx", "imap", "pop3", "sieve"]


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """Edges with short patience, and backends that each test gives their lines."""
    folder = tmp_path_factory.mktemp("rough")
    limits = ('connections_per_address = 1000; greeting_timeout = "300ms"; '
              'command_timeout = "500ms"; reply_timeout = "300ms"; data_timeout = "500ms"; '
              'login_timeout = "2s";')
    with all_edges(folder, 1, limits) as stage:
        visitors = [Visitor(stage, edge) for edge in VISITED]
        with ThreadPoolExecutor(len(VISITED)) as pool:  # the first session asks each backend how it greets
            list(pool.map(Visitor.go, visitors))
        yield stage


class Visitor:
    """A client that logs in or sends a mail, and notes all it is told."""

    def __init__(self, stage, edge):
        self.edge = edge
        self.talk = Talk(stage.ports[edge][0 if edge == "mx" else 1])
        self.port = str(self.talk.sock.getsockname()[1])
        self.said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.talk.close()

    def step(self, line, read):
        self.talk.say(line)
        got = read()
        self.said += got
        return got

    def go(self):
        try:
            self.run()
        except (ConnectionError, ssl.SSLError):
            pass
        return self.said

    def run(self):
        talk = self.talk
        if self.edge == "mx":
            talk.line()
            talk.say(b"EHLO x\r\n").reply()
            for line in (b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@c>\r\n", b"DATA\r\n"):
                if not self.step(line, talk.reply).startswith((b"2", b"354")):
                    return
            self.step(b"x\r\n.\r\n", talk.reply)
            self.step(b"QUIT\r\n", talk.reply)
            return
        talk.starttls()
        self.said += greeting(talk, self.edge)
        if self.said.startswith((b"* BYE", b"-ERR", b"BYE", b"NO")) or not self.said:
            return
        if self.edge == "sieve":
            self.step(b'AUTHENTICATE "PLAIN" "%s"\r\n' % peers.PLAIN, talk.line)
            self.step(b"LOGOUT\r\n", talk.line)
            return
        if self.edge == "imap":
            self.step(b"a LOGIN alice secret\r\n", lambda: talk.until(b"a "))
            self.step(b"b LOGOUT\r\n", lambda: talk.until(b"b "))
            return
        for line in (b"USER alice\r\n", b"PASS secret\r\n", b"QUIT\r\n"):
            if not self.step(line, talk.line).startswith(b"+OK"):
                return


POLITE = {"mx": (b"421 ", b"451 ", b"554 "), "imap": (b"* BYE",), "pop3": (b"-ERR",),
          "sieve": (b"BYE (TRYLATER)",)}
GREETING = {"mx": b"220 backend\r\n", "imap": b"* OK [CAPABILITY IMAP4rev1] backend\r\n",
            "pop3": b"+OK backend\r\n", "sieve": peers.SIEVE_CAPABILITIES}
HELLO = {"mx": b"250 backend\r\n", "imap": b"", "pop3": b"+OK\r\nUSER\r\n.\r\n"}
# The lines of ours that an honest backend answers first, and its answers.
LINES = {"mx": [b"220 b\r\n", b"250 b\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n",
                b"250 ok\r\n"],
         "imap": [GREETING["imap"], b"a OK in\r\n"],
         "pop3": [GREETING["pop3"], HELLO["pop3"], b"+OK\r\n", b"+OK\r\n"],
         "sieve": [GREETING["sieve"], b"OK\r\n"]}


def script(*answers):
    """Says the first, then one for each line that comes; bytes, or what is to be done: "close"
    ends, "silent" never says anything, "drip" says a byte now and then."""
    def serve(reader, sock, session):
        for n, answer in enumerate(answers):
            if n and reader.read() is None:
                return
            if answer == "close":
                return
            if answer == "silent":
                reader.read()
                while reader.read() is not None:
                    pass
                return
            if answer == "drip":
                sock.settimeout(0.1)
                while True:
                    sock.sendall(b"2")
                    try:
                        if not sock.recv(1000):
                            return
                    except TimeoutError:
                        pass
            sock.sendall(answer)
        while reader.read() is not None:
            pass
    return serve


SPEECH = {"mx": (b"2", b"354", b"4", b"5"), "imap": (b"*", b"+", b"a ", b"b "),
          "pop3": (b"+OK", b"-ERR"), "sieve": (b"OK", b"NO", b"BYE", b'"')}
RUBBISH = {
    "closes": "close", "says nothing": "silent", "drips": "drip", "rubbish": b"\xff\0\xfe\r\n",
    "LF alone": b"250 ok\n", "an empty line": b"\r\n", "a line of 100 kB": b"2" * 100000 + b"\r\n",
    "no end to a line of 100 kB": b"2" * 100000,
    "many lines": b"250-x\r\n" * 3000, "many lines of IMAP": b"* OK x\r\n" * 3000,
    "half a reply": b"250-ok\r\n", "three digits of seven": b"777 what\r\n",
    "two replies": b"250 ok\r\n250 ok\r\n", "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
    "PREAUTH": b"* PREAUTH in\r\n", "another's tag": b"zz OK in\r\n", "a continuation": b"+ \r\n",
    "an unclosed quote": b'"SIEVE" "x\r\n', "a huge literal": b'"SIEVE" {99999999}\r\n',
    "mailbox data": b"* 1 FETCH (FLAGS ())\r\n* 5 EXISTS\r\n",
}


@pytest.mark.parametrize("edge", VISITED)
@pytest.mark.parametrize("what", RUBBISH)
def test_a_backend_that_goes_wrong_at_any_point(rough, edge, what):
    """At each of its turns: the client hears of it in its own protocol or is closed, and soon."""
    backend = getattr(rough, BACKEND_OF[edge])
    for turn in range(len(LINES[edge])):
        backend.serve = script(*LINES[edge][:turn], RUBBISH[what])
        with Visitor(rough, edge) as visitor:
            said = visitor.go()
        last = said.rstrip(b"\r\n").rsplit(b"\r\n", 1)[-1]
        assert not said or last.startswith(SPEECH[edge]), said
        assert not any(c in said for c in (b"\0", b"\xff", b"\x16")), said
    assert rough.daemon.settle(10), rough.daemon.status()


@pytest.mark.parametrize("edge", VISITED)
@pytest.mark.parametrize("what", ["close", "silent", b"\xff\xfe\r\n"], ids=str)
def test_a_backend_that_is_not_ready_is_said_politely(rough, edge, what):
    backend = getattr(rough, BACKEND_OF[edge])
    backend.serve = script(what)
    seen = len(rough.daemon.events)
    with Visitor(rough, edge) as visitor:
        said = visitor.go()
    assert said.startswith(POLITE[edge]), said
    assert rough.daemon.wait("session ended", after=seen, port=visitor.port)["outcome"] in (
        "backend-broken", "backend-down")


@pytest.mark.parametrize("edge, greeting", [
    ("mx", b"554 5.7.1 go away\r\n"), ("mx", b"421 4.3.2 full\r\n"),
    ("imap", b"* BYE full\r\n"), ("pop3", b"-ERR full\r\n"),
    ("sieve", b'BYE (REFERRAL "sieve://other.example/") "full"\r\n')])
def test_a_backend_that_greets_with_an_error_is_passed_on(rough, edge, greeting):
    getattr(rough, BACKEND_OF[edge]).serve = script(greeting)
    with Visitor(rough, edge) as visitor:
        assert visitor.go() == greeting
    assert rough.daemon.settle()


def test_the_worker_outlived_all_that(rough):
    assert not any(e.get("event") == "process died and is started again"
                   for e in rough.daemon.events)
    for edge in VISITED:
        name = BACKEND_OF[edge]
        getattr(rough, name).serve = getattr(peers, name)
        with Visitor(rough, edge) as visitor:
            said = visitor.go()
        assert said.endswith((b"221 2.0.0 Bye\r\n", b"b OK bye\r\n", b"OK\r\n")), said
