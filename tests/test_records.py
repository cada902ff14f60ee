"""How large our records are on the wire, of compact sessions and of OpenSSL's: small at the beginning of a stream
and behind a silence, so that its first bytes can be read at once; as large as they may be while it lasts."""
import os
import socket
import ssl
import time

import pytest

import peers
from daemon import Daemon, client_context, free_ports, memory_tls
from test_compact import config, tcp_edge

STREAM = 2 << 20
SMALL, LARGE = 1350, 16384     # plaintext
BEGINNING = 48 * SMALL
SILENCE_S = 1.2                # longer than what an edge takes for one
OVERHEAD_MAX = 24              # of a record's body, TLS 1.2 with GCM


def serve(reader, sock, _):
    """Each line asks for one more stream."""
    while reader.read():
        sock.sendall(b"x" * STREAM)


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    os.chmod(folder, 0o755)
    backend = peers.Backend(serve)
    compact, usual = free_ports(2)
    daemon = Daemon(folder, config(
        folder, tcp_edge("compact", compact, "any") + tcp_edge("usual", usual, "any", "tls = { compact = false; };"),
        f'any = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }};')).ready()
    yield {"compact": compact, "usual": usual}
    daemon.close()
    backend.close()


class Client:
    """TLS over memory, that sees the records."""

    def __init__(self, port, version):
        self.sock = socket.create_connection(("127.0.0.1", port), 60)
        context = client_context(minimum_version=version, maximum_version=version)
        self.tls, self.into, self.out = memory_tls(self.sock, context)
        self.wire = b""

    def record(self):
        """What the next record says; its length without its header."""
        while len(self.wire) < 5 or len(self.wire) < 5 + int.from_bytes(self.wire[3:5], "big"):
            part = self.sock.recv(65536)
            assert part
            self.wire += part
        length = int.from_bytes(self.wire[3:5], "big")
        self.into.write(self.wire[:5 + length])
        self.wire = self.wire[5 + length:]
        try:
            return self.tls.read(LARGE), length
        except ssl.SSLWantReadError:  # a ticket
            return b"", length

    def stream(self):
        """A stream's records: plain bytes, and their length on the wire."""
        self.tls.write(b"more\r\n")
        self.sock.sendall(self.out.read())
        records, left = [], STREAM
        while left:
            plain, length = self.record()
            left -= len(plain)
            if plain:
                records.append((len(plain), length))
        return records


def assert_grow(records):
    """No record of the beginning is larger than a small one; some behind it are as large as may be."""
    gone = 0
    for plain, length in records:
        if gone >= BEGINNING:
            break
        assert plain <= SMALL and length <= plain + OVERHEAD_MAX, (gone, plain, length)
        gone += plain
    assert max(plain for plain, _ in records) == LARGE


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("kind", ["compact", "usual"])
def test_records_grow_and_are_small_after_a_silence(edges, kind, version):
    client = Client(edges[kind], version)
    with client.sock:
        assert_grow(client.stream())
        time.sleep(SILENCE_S)  # what is tested
        assert_grow(client.stream())
