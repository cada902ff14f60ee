"""A tcp edge: any protocol, sealed from the first byte and not looked at."""
import hashlib
import os
import select
import socket
import ssl
import struct
import time

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate, memory_tls


def serve(reader, sock, session):
    """Does what the first line asks for; echoes otherwise."""
    line = reader.read() or b""
    if line.startswith(b"SEND "):
        sock.sendall(b"z" * int(line.split()[1]))
    elif line == b"COUNT\r\n":
        sock.sendall(b"%d\r\n" % len(reader.file.read()))
    elif line == b"RESET\r\n":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        sock.sendall(line)
        while data := reader.file.read1(65536):
            sock.sendall(data)


IDLE_S = 3


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tcp")
    os.chmod(folder, 0o755)
    backend = peers.Backend(serve)
    port, brief = free_ports(2)
    chain, key = make_certificate(str(folder))
    daemon = Daemon(folder, f'''workers = 1;
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ any = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }}; }};
edge = {{ any = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "any";
                 limits = {{ connections_per_address = 3; }}; }};
        brief = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{brief}"]; backend = "any";
                   limits = {{ idle_timeout = "{IDLE_S}s"; }}; }}; }};''').ready()
    daemon.brief = brief
    yield daemon, port, backend
    daemon.close()
    backend.close()


def connect(port, receive_buffer=None, source="127.0.0.1"):
    sock = socket.socket()
    sock.bind((source, 0))
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", port))
    context = client_context()
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context.wrap_socket(sock, suppress_ragged_eofs=False)


def read_all(client):
    got = 0
    while piece := client.recv(65536):
        got += len(piece)
    return got


def test_bytes_come_back_unchanged_and_the_session_is_recorded(edge):
    daemon, port, _ = edge
    seen = len(daemon.events)
    data = b"echo\r\n" + os.urandom(3 << 20)
    client = connect(port)
    client.setblocking(False)
    got = hashlib.sha256()
    to_send, left = memoryview(data), len(data)
    while left:  # both ways at once; a TLS session is not for two threads
        select.select([client], [client] if to_send else [], [], 15)
        try:
            to_send = to_send[client.send(to_send[:65536]):] if to_send else to_send
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            piece = client.recv(65536)
            assert piece
            got.update(piece)
            left -= len(piece)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
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
        client.sendall(b"x\r\n")
        assert client.recv(3) == b"x\r\n"  # it is spliced
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(port)
    leaves = clients.pop()
    source = str(leaves.getsockname()[1])
    leaves.close()
    daemon.wait("session ended", port=source)
    client = connect(port)
    client.sendall(b"y\r\n")
    assert client.recv(3) == b"y\r\n"
    for each in [*clients, client]:
        each.close()


# The system takes two to four MB for a client that rests; the sizes are such that with some of them
# the server has ended while the last bytes are still with the edge.
SIZES = range(1600000, 5000000, 100000)


def rest(port, receive_buffer):
    """Clients that each asked for another size and do not read, from addresses of their own."""
    clients = []
    for number, size in enumerate(SIZES):
        client = connect(port, receive_buffer, f"127.0.1.{number + 1}")
        client.sendall(b"SEND %d\r\n" % size)
        clients.append((client, size))
    return clients


def test_who_reads_slowly_gets_all(edge):
    daemon, port, _ = edge
    seen = len(daemon.events)
    clients = rest(port, 65536)
    time.sleep(4)
    for client, size in clients:
        assert read_all(client) == size
        client.close()
    assert daemon.settle() and daemon.told()
    ended = [e for e in daemon.events[seen:] if e.get("event") == "session ended"]
    assert {e["outcome"] for e in ended} == {"ok"}


def test_who_does_not_read_is_not_waited_for(edge):
    daemon, port, _ = edge
    seen = len(daemon.events)
    clients = rest(port, 4096)
    ended = daemon.wait("session ended", timeout=60, after=seen, outcome="client-gone")
    assert float(ended["seconds"]) > 25
    for client, _ in clients:
        client.close()
    assert daemon.settle() and daemon.told()


def test_an_end_before_the_backend_is_there_is_no_end_of_the_session(edge):
    """Request and close_notify in one segment; the answer comes all the same."""
    daemon, port, _ = edge
    seen = len(daemon.events)
    with socket.create_connection(("127.0.0.1", port), 15) as sock:
        tls, into, out = memory_tls(sock)
        tls.write(b"COUNT\r\nabcde")
        with pytest.raises(ssl.SSLError):
            tls.unwrap()
        sock.sendall(out.read())
        into.write(b"".join(iter(lambda: sock.recv(65536), b"")))
    assert tls.read(100) == b"5\r\n"
    assert daemon.wait("session ended", after=seen, edge="any")["outcome"] == "ok"


def test_a_server_that_breaks_is_no_clean_end(edge):
    daemon, port, _ = edge
    seen = len(daemon.events)
    client = connect(port)
    client.sendall(b"RESET\r\n")
    with pytest.raises(ssl.SSLError, match="(?i)eof"):
        client.recv(10)
    client.close()
    assert daemon.wait("session ended", after=seen, edge="any")["outcome"] == "backend-broken"


def test_idle_timeout_counts_from_the_last_byte_of_either_side(edge):
    daemon, *_ = edge
    seen = len(daemon.events)
    client = connect(daemon.brief)
    began = time.monotonic()
    while time.monotonic() - began < IDLE_S + 1.5:
        client.sendall(b"x\n")
        assert client.recv(10) == b"x\n"
        time.sleep(0.5)
    began = time.monotonic()
    assert client.recv(10) == b""
    assert IDLE_S - 1 < time.monotonic() - began < IDLE_S + 10
    client.close()
    assert daemon.wait("session ended", after=seen, edge="brief")["outcome"] == "timeout"
