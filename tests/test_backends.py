"""Several addresses of a backend are tried in turn, for each protocol; the record names the one."""
import os
import socket
import tempfile
import time

import pytest

import peers
from daemon import Daemon, Talk, client_context, free_ports, make_certificate
from edges import greeting

SERVE = {"smtp": peers.smtp, "submission": peers.smtp, "imap": peers.imap, "pop3": peers.pop3,
         "managesieve": peers.sieve}
SAY = {"smtp": (b"EHLO x\r\n", b"MAIL FROM:<a@example.net>\r\n", b"QUIT\r\n"),
       "submission": (b"EHLO x\r\n", b"QUIT\r\n"),
       "imap": (b"a LOGIN alice secret\r\n", b"b LOGOUT\r\n"),
       "pop3": (b"USER alice\r\n", b"QUIT\r\n"), "managesieve": (b"NOOP\r\n", b"LOGOUT\r\n")}


def session_uses(tmp_path, protocol, addresses, used, backend="", more=""):
    """A session goes through to the address "used" of those named; how long it took, in seconds."""
    os.chmod(tmp_path, 0o755)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(tmp_path))
    listen_tls = f'listen_tls = ["127.0.0.1:{tls}"];' if protocol != "smtp" else ""
    quoted = ", ".join(f'"{address}"' for address in addresses)
    daemon = Daemon(tmp_path, f'''workers = 1; drain_timeout = "1s"; {more}
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = [{quoted}]; {backend} }}; }};
edge = {{ e = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{plain}"]; {listen_tls}
                 backend = "b"; }}; }};''').ready()
    began = time.monotonic()
    try:
        talk = Talk(tls if listen_tls else plain)
        if listen_tls:
            talk.sock = client_context().wrap_socket(talk.sock)
        assert greeting(talk, "sieve" if protocol == "managesieve" else protocol)
        for line in SAY[protocol]:
            talk.say(line)
            assert talk.reply() if SERVE[protocol] is peers.smtp else talk.line(), line
        talk.close()
        ended = daemon.wait("session ended", edge="e")
        assert (ended["backend"], ended["protocol"]) == (used, protocol)
        return time.monotonic() - began
    finally:
        daemon.close()


@pytest.fixture
def server(request):
    """A backend of the protocol that the test is about; its address."""
    one = peers.Backend(SERVE[request.node.callspec.params["protocol"]])
    yield f"127.0.0.1:{one.port}"
    one.close()


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
@pytest.mark.parametrize("protocol", SERVE)
def test_the_next_address_is_tried(tmp_path, server, protocol, log_format):
    session_uses(tmp_path, protocol, [f"127.0.0.1:{free_ports(1)[0]}", server], server,
                 more=f'log_format = "{log_format}";')


@pytest.fixture
def mute():
    """The address of a host that does not answer: its backlog is full, so SYNs are dropped."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        full = [socket.socket() for _ in range(4)]
        for one in full:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        for one in full:
            one.close()


@pytest.mark.parametrize("protocol", SERVE)
def test_connect_timeout(tmp_path, server, mute, protocol):
    took = session_uses(tmp_path, protocol, [mute, server], server,
                        backend='connect_timeout = "1s";')
    assert 0.9 < took < 15


def test_a_backend_that_begins_no_tls_is_left_in_time(tmp_path):
    """handshake_timeout counts for the backend's handshake as well."""
    os.chmod(tmp_path, 0o755)
    silent = peers.Backend(lambda reader, sock, session: reader.read())
    plain, = free_ports(1)
    chain, key = make_certificate(str(tmp_path))
    daemon = Daemon(tmp_path, f'''workers = 1; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ handshake_timeout = "1s"; }};
backend = {{ b = {{ address = ["127.0.0.1:{silent.port}"];
                   tls = {{ mode = "implicit"; verify = "file"; ca_file = "{chain}";
                           name = "mail.example.org"; }}; }}; }};
edge = {{ e = {{ protocol = "imap"; listen = ["127.0.0.1:{plain}"]; backend = "b"; }}; }};
''').ready()
    try:
        talk = Talk(plain)
        talk.line()
        talk.say(b"a STARTTLS\r\n").line()
        talk.starttls().say(b"b LOGIN alice secret\r\n")
        began = time.monotonic()
        assert talk.line().startswith(b"* BYE [UNAVAILABLE]")
        assert time.monotonic() - began < 20
        talk.close()
        assert daemon.wait("session ended")["outcome"] == "backend-unsealed"
    finally:
        daemon.close()
        silent.close()


@pytest.mark.parametrize("protocol", SERVE)
def test_a_unix_socket(tmp_path, protocol):
    with tempfile.TemporaryDirectory() as folder:  # which workers can enter, unlike pytest's
        os.chmod(folder, 0o755)
        path = f"{folder}/backend.sock"
        backend = peers.Backend(SERVE[protocol], path=path)
        os.chmod(path, 0o666)  # what its server's configuration would say
        session_uses(tmp_path, protocol, [f"unix:{path}"], f"unix:{path}")
        backend.close()


def test_an_address_that_does_not_answer_is_waited_for_once(tmp_path, mute):
    """For a while after it the others come first, so that one dead host slows one session."""
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    tls, = free_ports(1)
    chain, key = make_certificate(str(tmp_path))
    daemon = Daemon(tmp_path, f'''workers = 1; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = ["{mute}", "127.0.0.1:{backend.port}"]; connect_timeout = "5s"; }}; }};
edge = {{ e = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{tls}"]; backend = "b"; }}; }};
''').ready()
    try:
        daemon.wait("backend does not answer yet", address=mute)
        began = time.monotonic()
        assert Talk(tls).starttls().line().startswith(b"* OK")
        assert time.monotonic() - began < 4
    finally:
        daemon.close()
        backend.close()
