"""What backends offer is learnt at start, without a client."""
import os
import signal
import time

import pytest

import peers
from edges import BACKEND_OF, edge_config
from daemon import Daemon, Talk, free_ports, make_certificate

LEARNT = "capabilities learnt"


def offering(*lines):
    """An SMTP server that offers this."""
    def serve(reader, sock, session):
        sock.sendall(b"220 backend ESMTP\r\n")
        while line := reader.read():
            session["lines"].append(line)
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                said = [b"backend", *lines]
                sock.sendall(b"".join(b"250-%s\r\n" % word for word in said[:-1])
                             + b"250 %s\r\n" % said[-1])
            else:
                sock.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return
    return serve


class Mx:
    """A daemon with one edge for port 25."""

    def __init__(self, folder, addresses, settings="workers = 1;", backend="", port=None):
        os.chmod(folder, 0o755)
        self.port = port or free_ports(1)[0]
        listed = ", ".join(f'"{a}"' if isinstance(a, str) else f'"127.0.0.1:{a}"'
                           for a in addresses)
        self.config = (f'{settings}\nbackend = {{ smtp = {{ address = [{listed}]; '
                       f'client_info = "proxy"; {backend} }}; }};\n'
                       f'edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{self.port}"]; '
                       'backend = "smtp"; }; };\n')
        self.daemon = Daemon(folder, self.config).ready()

    def offers(self):
        talk = Talk(self.port)
        talk.line()
        lines = talk.say(b"EHLO x\r\n").reply().splitlines()
        talk.close()
        return [line[4:].decode() for line in lines[1:]]

    def until_all_offer(self, wanted):
        """Whichever worker takes the connection."""
        deadline = time.monotonic() + 10
        while any(wanted not in self.offers() for _ in range(12)):
            assert time.monotonic() < deadline, self.offers()


@pytest.fixture
def start(tmp_path):
    begun = []

    def run(*args, **kwargs):
        begun.append(Mx(tmp_path, *args, **kwargs))
        return begun[-1]
    yield run
    for mx in begun:
        mx.daemon.close()


@pytest.fixture
def serve():
    begun = []

    def run(*args, **kwargs):
        begun.append(peers.Backend(*args, **kwargs))
        return begun[-1]
    yield run
    for backend in begun:
        backend.close()


def test_the_first_client_is_offered_what_the_backend_has(start, serve):
    backend = serve(peers.smtp)
    mx = start([backend.port])
    mx.daemon.wait(LEARNT, backend="smtp")
    assert set(mx.offers()) == {"PIPELINING", "SIZE 50000000", "8BITMIME", "CHUNKING", "SMTPUTF8",
                                "STARTTLS"}
    assert not backend.sessions


def test_each_protocol_is_asked_with_a_local_header_and_left_politely(tmp_path, serve):
    os.chmod(tmp_path, 0o755)
    backends = {name: serve(getattr(peers, name)) for name in sorted(set(BACKEND_OF.values()))}
    chain, key = make_certificate(str(tmp_path))
    numbers = free_ports(2 * len(BACKEND_OF))
    ports = {name: (numbers.pop(), numbers.pop()) for name in BACKEND_OF}
    daemon = Daemon(tmp_path, f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
                    + edge_config({n: b.port for n, b in backends.items()}, ports)).ready()
    said = {"smtp": [b"EHLO mail.example.org\r\n", b"QUIT\r\n"], "imap": [b"E9 LOGOUT\r\n"],
            "pop3": [b"CAPA\r\n", b"QUIT\r\n"], "sieve": [b"LOGOUT\r\n"],
            "lmtp": [b"LHLO mail.example.org\r\n", b"QUIT\r\n"]}
    try:
        for name, backend in backends.items():
            daemon.wait(LEARNT, backend=name)
            assert [ask["told"] for ask in backend.asks] == [{"local": True}]
            assert backend.asks[0]["lines"] == said[name]
            assert not backend.sessions
        status = daemon.status()
        assert status["sums"]["sessions"] == status["sums"]["open"] == 0
        assert not any(e.get("event") == "session ended" for e in daemon.events)
    finally:
        daemon.close()


def test_of_two_backends_what_both_offer(start, serve):
    one = serve(offering(b"SIZE 2000", b"8BITMIME", b"DSN", b"PIPELINING"))
    other = serve(offering(b"PIPELINING", b"SIZE 1000", b"CHUNKING", b"8BITMIME"))
    mx = start([one.port, other.port])
    for backend in (one, other):
        mx.daemon.wait(LEARNT, address=f"127.0.0.1:{backend.port}")
    common = ["SIZE 1000", "8BITMIME", "PIPELINING", "STARTTLS"]
    assert mx.offers() == common
    # A session freshens what its own address offers, no more.
    talk = Talk(mx.port)
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    assert talk.say(b"MAIL FROM:<a@b>\r\n").reply().startswith(b"250")
    talk.say(b"QUIT\r\n").reply()
    mx.daemon.wait("session ended", outcome="ok")
    assert one.sessions and mx.offers() == common


def mail_requiring_tls(port, upgrade):
    """What EHLO offers, and what is said to a message that requires TLS."""
    talk = Talk(port)
    talk.line()
    if upgrade:
        talk.say(b"STARTTLS\r\n").reply()
        talk.starttls()
    hello = talk.say(b"EHLO x\r\n").reply()
    said = talk.say(b"MAIL FROM:<a@b> REQUIRETLS\r\n").reply()
    talk.say(b"QUIT\r\n").reply()
    talk.close()
    return hello, said


@pytest.mark.parametrize("elsewhere, passes", [([], True), (["192.0.2.9:25"], False)])
def test_requiretls_needs_a_way_that_nobody_reads(start, serve, elsewhere, passes):
    """Loopback is one, a network without TLS is none (RFC 8689 2)."""
    backend = serve(offering(b"SIZE 1000", b"REQUIRETLS"))
    mx = start([f"127.0.0.1:{backend.port}", *elsewhere], backend='accept = ["plain"];')
    mx.daemon.wait(LEARNT, backend="smtp")
    hello, said = mail_requiring_tls(mx.port, upgrade=True)
    assert (b"REQUIRETLS" in hello) == passes
    assert said.startswith(b"250" if passes else b"555 5.5.4")
    hello, said = mail_requiring_tls(mx.port, upgrade=False)
    assert b"REQUIRETLS" not in hello and said.startswith(b"555 5.5.4")
    heard = [line for session in backend.sessions for line in session["lines"] if b"MAIL" in line]
    assert heard == [b"MAIL FROM:<a@b> REQUIRETLS\r\n"] * passes


def test_a_backend_that_comes_up_later_is_learnt(start, serve):
    port = free_ports(1)[0]
    mx = start([port])
    mx.daemon.wait("backend does not answer yet", address=f"127.0.0.1:{port}")
    talk = Talk(mx.port)  # RFC 5321 3.1: a sender tries another MX at once
    assert talk.reply() == b"421 4.3.2 mail.example.org service not available\r\n"
    assert talk.is_closed()
    assert "backend" not in mx.daemon.wait("session ended", outcome="backend-down")
    serve(peers.smtp, port=port)
    mx.daemon.wait(LEARNT, timeout=20)
    assert "SIZE 50000000" in mx.offers()
    assert [e.get("event") for e in mx.daemon.events].count("backend does not answer yet") == 1


def test_a_backend_that_greets_unasked_is_found_without_a_client(start, serve):
    backend = serve(peers.smtp, expects_proxy=False)
    mx = start([backend.port])
    mx.daemon.wait("backend expects no PROXY header and is not used", backend="smtp")
    backend.wait(lambda: len(backend.sessions) >= 2)  # it is asked again, and said once
    assert not any(s["lines"] for s in backend.sessions)
    warnings = mx.daemon.status()["warnings"]
    assert [w["backend"] for w in warnings] == ["smtp"] and "PROXY" in warnings[0]["warning"]
    assert "warning: backend smtp" in mx.daemon.ctl("status").stdout
    errors = [e for e in mx.daemon.events if e.get("event", "").startswith("backend expects no")]
    assert len(errors) == 1
    assert not any(e.get("event") == "backend does not answer yet" for e in mx.daemon.events)


PLUS = "backend offers mechanisms that bind to its own TLS"


def test_plus_mechanisms_are_warned_of(start, serve):
    mx = start([serve(peers.smtp).port])
    assert "RFC 5802" in mx.daemon.wait(PLUS, backend="smtp")["mend"]
    assert "PLUS" in mx.daemon.status()["warnings"][0]["warning"]


def test_plus_mechanisms_that_are_meant_are_not_warned_of(start, serve):
    mx = start([serve(peers.smtp).port], backend="channel_binding = true;")
    mx.daemon.wait(LEARNT)
    assert mx.daemon.status()["warnings"] == []
    assert not any(e.get("event") == PLUS for e in mx.daemon.events)


def test_all_workers_are_told_and_their_successors(start, serve):
    backend = serve(peers.smtp)
    mx = start([backend.port], settings="workers = 3;")
    mx.daemon.wait(LEARNT)
    mx.until_all_offer("8BITMIME")
    assert len(backend.asks) == 1
    second = next(w["pid"] for w in mx.daemon.status()["workers"] if w["slot"] == 1)
    os.kill(second, signal.SIGKILL)
    mx.daemon.wait("process died and is started again", name="worker-1")
    mx.until_all_offer("8BITMIME")
    assert len(backend.asks) == 1


def test_a_reload_keeps_what_was_learnt_and_asks_again(start, serve):
    offers = [b"8BITMIME"]
    backend = serve(lambda *args: offering(*offers)(*args))
    mx = start([backend.port])
    mx.daemon.wait(LEARNT)
    offers.append(b"DSN")
    seen = len(mx.daemon.events)
    assert mx.daemon.ctl("reload").returncode == 0
    mx.daemon.wait("configuration reloaded", after=seen)
    assert "8BITMIME" in mx.offers()
    mx.daemon.wait(LEARNT, after=seen)
    assert mx.offers() == ["8BITMIME", "DSN", "STARTTLS"]


def test_an_ask_does_not_keep_the_daemon_from_ending(start, serve):
    asked = []

    def silent(reader, sock, session):
        asked.append(session["told"])
        reader.read()
    backend = serve(silent)
    mx = start([backend.port])
    backend.wait(lambda: asked)
    assert asked == [{"local": True}]
    mx.daemon.process.send_signal(signal.SIGTERM)
    assert mx.daemon.process.wait(30) == 0
