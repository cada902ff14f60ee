"""mode = "passthrough": TLS goes on to the backend as it is; what it was is recorded all the same."""
import os
import socket
import ssl
import types

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate


class Sealed(peers.Backend):
    """A backend that ends TLS itself, behind the PROXY header or without one."""

    def __init__(self, folder, name, expects_proxy=True):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*make_certificate(str(folder), name, host=name))
        self.is_introduced = expects_proxy
        super().__init__(peers.echo, expects_proxy=False)

    def run(self, sock):
        told = peers.read_proxy_header(Unbuffered(sock)) if self.is_introduced else {}
        if told is None or told == {"local": True}:
            sock.close()
            return
        try:
            sock = self.context.wrap_socket(sock, server_side=True)
        except (ssl.SSLError, OSError):
            return
        self.told = told
        super().run(sock)


class Unbuffered:
    """For the header alone: what follows stays in the socket."""

    def __init__(self, sock):
        self.sock = sock

    def exactly(self, count):
        got = b""
        while len(got) < count:
            piece = self.sock.recv(count - len(got))
            if not piece:
                return None
            got += piece
        return got


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("passthrough")
    os.chmod(folder, 0o755)
    door = types.SimpleNamespace()
    door.mail = Sealed(folder, "mail.example.org")
    door.other = Sealed(folder, "owa.example.org")
    door.exchange = Sealed(folder, "exchange.example.org", expects_proxy=False)
    door.port, door.plain, door.balanced = free_ports(3)
    door.daemon = Daemon(folder, f'''workers = 1;
backend = {{
    mail = {{ address = ["127.0.0.1:{door.mail.port}"]; client_info = "proxy"; }};
    other = {{ address = ["127.0.0.1:{door.other.port}"]; client_info = "proxy"; }};
    exchange = {{ address = ["127.0.0.1:{door.exchange.port}"]; client_info = "none";
                  accept = ["no-client-info"]; }};
}};
edge = {{
    web = {{ protocol = "http"; mode = "passthrough"; listen_tls = ["127.0.0.1:{door.port}"];
             backend = "mail"; by_sni = ( {{ names = ["owa.example.org"]; backend = "other"; }} );
             limits = {{ handshake_timeout = "2s"; }}; }};
    any = {{ protocol = "tcp"; mode = "passthrough"; listen_tls = ["127.0.0.1:{door.plain}"];
             backend = "exchange"; }};
    behind = {{ protocol = "tcp"; mode = "passthrough"; backend = "mail";
                listen_tls = ["127.0.0.1:{door.balanced}"]; proxy_from = ["127.0.0.1"]; }};
}};''').ready()
    yield door
    door.daemon.close()
    for backend in (door.mail, door.other, door.exchange):
        backend.close()


def connect(port, name, first=b"", **limits):
    """first: sent before TLS begins."""
    sock = socket.create_connection(("127.0.0.1", port), 60)
    sock.sendall(first)
    try:
        return client_context(**limits).wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise


def certified(client):
    """The name in the certificate that came."""
    der = client.getpeercert(binary_form=True)
    return next(n for n in ("mail", "owa", "exchange") if f"{n}.example.org".encode() in der)


def say(client, data):
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        got += client.recv(65536)
    return got == data


def ended(door, client, seen):
    port = str(client.getsockname()[1])
    client.close()
    return door.daemon.wait("session ended", after=seen, port=port)


@pytest.mark.parametrize("name, backend", [("mail.example.org", "mail"), ("owa.example.org", "owa"),
                                           ("x.example.org", "mail"), (None, "mail")])
def test_the_backend_s_own_certificate_by_name(door, name, backend):
    seen = len(door.daemon.events)
    client = connect(door.port, name)
    assert certified(client) == backend and say(client, b"hello")
    told = (door.other if backend == "owa" else door.mail).told
    assert told["client"] == "127.0.0.1" and told["tls"] is None
    cipher = client.cipher()[0]
    record = ended(door, client, seen)
    assert (record["seal"], record["passed"], record.get("sni")) == ("sealed", "true", name)
    assert (record["tls"], record["cipher"]) == ("TLSv1.3", cipher)
    assert record["hello"] and record["outcome"] == "ok"


def test_tls_1_2_is_recorded_as_it_was(door):
    seen = len(door.daemon.events)
    client = connect(door.port, "mail.example.org", maximum_version=ssl.TLSVersion.TLSv1_2)
    record = ended(door, client, seen)
    assert (record["tls"], record["seal"]) == ("TLSv1.2", "sealed")
    assert record["cipher"].startswith("TLS_ECDHE_") and record["group"]


def test_without_client_info_the_hello_is_the_first_thing(door):
    client = connect(door.plain, "exchange.example.org")
    assert certified(client) == "exchange" and say(client, os.urandom(1 << 20))
    client.close()


def test_behind_a_balancer_the_hello_may_come_with_its_header(door):
    client = connect(door.balanced, "mail.example.org",
                     first=b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 443\r\n")
    assert certified(client) == "mail" and say(client, b"x")
    assert door.mail.told["client"] == "192.0.2.7"
    client.close()


def test_a_hello_in_many_segments(door):
    context = client_context()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname="owa.example.org")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", door.port), 60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in out.read():
            sock.sendall(bytes([byte]))
        while not tls.version():
            into.write(sock.recv(65536))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
        assert b"owa.example.org" in tls.getpeercert(binary_form=True)


def test_who_says_no_hello_gets_no_backend(door):
    before, seen = len(door.mail.sessions), len(door.daemon.events)
    for first in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x00\x05\x02aaaa", b""):
        with socket.create_connection(("127.0.0.1", door.port), 60) as sock:
            sock.sendall(first)
            port = str(sock.getsockname()[1])
            assert sock.recv(100) == b""  # "": after handshake_timeout
        record = door.daemon.wait("session ended", after=seen, port=port)
        assert record["seal"] == "none"
        assert record["outcome"] == ("tls-failed" if first else "timeout")
    assert len(door.mail.sessions) == before


def test_a_server_that_refuses_is_no_sealed_session(door):
    seen = len(door.daemon.events)
    door.mail.context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(door.port, "mail.example.org", maximum_version=ssl.TLSVersion.TLSv1_2)
    finally:
        door.mail.context.minimum_version = ssl.TLSVersion.TLSv1_2
    record = door.daemon.wait("session ended", after=seen, edge="web", seal="none", sni="mail.example.org")
    assert record.get("tls") is None
