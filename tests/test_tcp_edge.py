"""A tcp edge: any protocol, sealed from the first byte and not looked at."""
import hashlib
import os
import socket
import ssl
import threading

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate


def echo(reader, sock, session):
    while data := reader.file.read1(65536):
        sock.sendall(data)


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tcp")
    os.chmod(folder, 0o755)
    backend = peers.Backend(echo)
    port, = free_ports(1)
    chain, key = make_certificate(str(folder))
    daemon = Daemon(folder, f'''workers = 1;
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ any = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }}; }};
edge = {{ any = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "any";
                 limits = {{ connections_per_address = 3; }}; }}; }};''').ready()
    yield daemon, port, backend
    daemon.close()
    backend.close()


def connect(port):
    return client_context().wrap_socket(socket.create_connection(("127.0.0.1", port), 15))


def test_bytes_come_back_unchanged_and_the_session_is_recorded(edge):
    daemon, port, _ = edge
    seen = len(daemon.events)
    data = os.urandom(3 << 20)
    client = connect(port)
    sender = threading.Thread(target=client.sendall, args=(data,))
    sender.start()
    got = hashlib.sha256()
    left = len(data)
    while left:
        piece = client.recv(65536)
        assert piece
        got.update(piece)
        left -= len(piece)
    sender.join()
    client.close()
    assert got.digest() == hashlib.sha256(data).digest()
    ended = daemon.wait("session ended", after=seen, edge="any")
    assert (ended["protocol"], ended["seal"], ended["outcome"]) == ("tcp", "sealed", "ok")
    assert int(ended["bytes_in"]) == int(ended["bytes_out"]) == len(data)


def test_clear_bytes_are_no_session(edge):
    daemon, port, backend = edge
    before, seen = len(backend.sessions), len(daemon.events)
    with socket.create_connection(("127.0.0.1", port), 15) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while sock.recv(4096):
            pass
    assert daemon.wait("session ended", after=seen, edge="any")["seal"] == "none"
    assert len(backend.sessions) == before


def test_an_address_is_counted_to_the_end(edge):
    daemon, port, _ = edge
    clients = [connect(port) for _ in range(3)]
    for client in clients:
        client.sendall(b"x")
        assert client.recv(1) == b"x"  # it is spliced
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(port)
    clients.pop().close()
    daemon.wait("session ended", after=len(daemon.events) - 1, edge="any")
    client = connect(port)
    client.sendall(b"y")
    assert client.recv(1) == b"y"
    for each in [*clients, client]:
        each.close()
