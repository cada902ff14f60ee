"""Hundreds of clients that mean ill, of ten kinds, while honest ones are served; then all is given
back. SOAK=1: the long form."""
import os
import resource
import signal
import socket
import ssl
import struct
import threading
import time

import pytest

from daemon import Talk, client_context
from edges import all_edges

pytestmark = pytest.mark.speed  # hundreds of clients at once, and how soon it recovers

SOAK = bool(os.environ.get("SOAK"))
COUNT = 500
HONEST = 60
LEAVERS = 20000 if SOAK else 3000
GROWTH_KIB = 64 * 1024


@pytest.fixture(scope="module")
def high(tmp_path_factory):
    """All edges, limits high, handshakes short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = tmp_path_factory.mktemp("floods")
    with all_edges(folder, 2, "connections_per_address = 100000;") as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def client_hello():
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        client_context().wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def honest(high, edge):
    """One session from the greeting to the farewell."""
    talk = Talk(high.ports[edge][0], timeout=10)
    try:
        if edge == "mx":
            talk.line()
            talk.say(b"EHLO x\r\n").reply()
            talk.say(b"STARTTLS\r\n").line()
            talk.starttls()
            for line in (b"EHLO x\r\n", b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@c>\r\n",
                         b"DATA\r\n"):
                assert talk.say(line).reply()[:1] in b"23"
            assert talk.say(b"x\r\n.\r\n").reply().startswith(b"250 ")
            assert talk.say(b"QUIT\r\n").reply().startswith(b"221 ")
        else:
            talk.line()
            talk.say(b"a STARTTLS\r\n").line()
            talk.starttls()
            assert talk.say(b"b LOGIN alice secret\r\n").until(b"b ").startswith(b"b OK")
            assert b"c OK" in talk.say(b"c LOGOUT\r\n").until(b"c ")
    finally:
        talk.close()


class Served:
    """Honest sessions in two threads; how many there were and how many came through."""

    def __init__(self, high, total=HONEST):
        self.high, self.left, self.good, self.errors = high, total, 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(edge,)) for edge in ("mx", "imap")]
        for thread in self.threads:
            thread.start()

    def run(self, edge):
        while True:
            with self.lock:
                if not self.left:
                    return
                self.left -= 1
            try:
                honest(self.high, edge)
                with self.lock:
                    self.good += 1
            except (OSError, AssertionError) as error:
                self.errors.append(repr(error))

    def is_on(self):
        return any(t.is_alive() for t in self.threads)

    def end(self):
        for thread in self.threads:
            thread.join(60)
        assert self.good >= 0.99 * HONEST, self.errors[:3]


def given_back(high, before, timeout=30):
    """Descriptors as before and memory near it, within so many seconds and the linger of 2."""
    deadline = time.monotonic() + timeout + 2
    while True:
        kib, descriptors = high.daemon.footprint()
        is_well = (descriptors <= before[1] + 4 and kib <= before[0] + GROWTH_KIB
                   and not high.daemon.status()["sums"]["open"])
        if is_well:
            return
        assert time.monotonic() < deadline, (before, kib, descriptors, high.daemon.status())
        time.sleep(0.1)


def connect(high, edge, port):
    return socket.create_connection(("127.0.0.1", high.ports[edge][port]), 20)


class Flood:
    """Held: opened once and kept while the honest are served. Else done again and again."""

    def __init__(self, edge, port, act, holds, tick=None):
        self.edge, self.port, self.act, self.holds, self.tick = edge, port, act, holds, tick

    def open(self, high):
        sock = connect(high, self.edge, self.port)
        try:
            self.act(sock)
        except OSError:
            pass  # it was thrown out
        return sock


HELLO = client_hello()


def drip(sock):
    try:
        sock.send(b"\x01")
    except OSError:
        pass  # it was thrown out


def act_starttls(sock):
    sock.recv(1000)
    sock.sendall(b"EHLO x\r\nSTARTTLS\r\n")


def act_handshake_reset(sock):
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(into, out)
    for _ in range(2):
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            sock.sendall(out.read())
            into.write(sock.recv(65536))
    sock.sendall(out.read())


FLOODS = {
    "idle": Flood("mx", 0, lambda s: None, True),
    "idle, before TLS": Flood("imap", 1, lambda s: None, True),
    "half a handshake": Flood("imap", 1, lambda s: s.sendall(HELLO), True),
    "partial record": Flood("pop3", 1, lambda s: s.sendall(HELLO[:40]), True),
    "slow drip": Flood("imap", 1, lambda s: s.sendall(HELLO[:5]), True, drip),
    "slow drip of a command": Flood("mx", 0, lambda s: s.sendall(b"EH"), True, drip),
    "STARTTLS, then silence": Flood("submission", 0, act_starttls, True),
    "a literal without end": Flood(
        "sieve", 0, lambda s: s.sendall(b'AUTHENTICATE "PLAIN" {12000+}\r\n' + b"a" * 4000), True),
    "a line without end": Flood("imap", 0, lambda s: s.sendall(b"a" * 4000), True),
    "reset after connect": Flood("imap", 1, lambda s: None, False),
    "garbage": Flood("imap", 1, lambda s: s.sendall(os.urandom(300)), False),
    "garbage in clear": Flood("mx", 0, lambda s: s.sendall(os.urandom(300)), False),
    "oversized record": Flood("submission", 1,
                              lambda s: s.sendall(b"\x16\x03\1\xff\xff" + b"\1" * 20000), False),
    "handshake, then reset": Flood("imap", 1, act_handshake_reset, False),
    "hello, then reset": Flood("pop3", 1, lambda s: s.sendall(HELLO), False),
}


@pytest.mark.parametrize("name", FLOODS)
def test_honest_clients_are_served_in_a_flood(high, name):
    flood = FLOODS[name]
    assert high.daemon.settle()
    before, seen = high.daemon.footprint(), len(high.daemon.events)
    held = [flood.open(high) for _ in range(COUNT if flood.holds else 0)]
    served = Served(high)
    done = COUNT if flood.holds else 0
    while served.is_on() or done < COUNT:
        if not flood.holds and done < 3 * COUNT:
            reset(flood.open(high))
            done += 1
        elif flood.tick:
            for sock in held:
                flood.tick(sock)
        time.sleep(0.001 if done < 3 * COUNT and not flood.holds else 0.05)
    served.end()
    for sock in held:
        reset(sock)
    given_back(high, before)
    assert not any(e.get("event") == "process died and is started again"
                   for e in high.daemon.events[seen:])


def test_clients_that_leave_while_keys_is_stopped(high):
    """A signature that nobody waits for any more costs nothing for long (DECISIONS 4)."""
    assert high.daemon.settle()
    before = high.daemon.footprint()
    keys = high.daemon.children()["keys"][0]
    os.kill(keys, signal.SIGSTOP)
    try:
        for _ in range(LEAVERS // COUNT):
            batch = [connect(high, "imap", 1) for _ in range(COUNT)]
            for sock in batch:
                sock.sendall(HELLO)
            deadline = time.monotonic() + 20
            while high.daemon.status()["sums"]["open"] < COUNT and time.monotonic() < deadline:
                time.sleep(0.02)
            for n, sock in enumerate(batch):
                reset(sock) if n % 2 else sock.close()
        assert high.daemon.settle(20)
        assert high.daemon.footprint()[0] <= before[0] + GROWTH_KIB
    finally:
        os.kill(keys, signal.SIGCONT)
    honest(high, "imap")
    given_back(high, before)
    served = Served(high)
    served.end()


def test_handshakes_at_once_wait_for_keys_and_are_all_served(high):
    assert high.daemon.settle()
    keys = high.daemon.children()["keys"][0]
    os.kill(keys, signal.SIGSTOP)
    try:
        served = [Served(high, 1) for _ in range(30)]
        deadline = time.monotonic() + 20
        while high.daemon.status()["sums"]["open"] < 30 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.kill(keys, signal.SIGCONT)
    for one in served:
        for thread in one.threads:
            thread.join(20)
    assert sum(one.good for one in served) == 30, served[0].errors
