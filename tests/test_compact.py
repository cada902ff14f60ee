"""Compact sessions (tls.compact): after the handshake records are ours, and other makes of TLS must
not notice. COMPACT_MIB: how much goes each way (64 with OpenSSL, less with the others)."""
import hashlib
import os
import random
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = os.environ.get("COMPACT_MIB")
BLOCK = random.Random(8446).randbytes(1 << 20)


def digest_of(mib):
    whole = hashlib.sha256()
    for _ in range(mib):
        whole.update(BLOCK)
    return whole.hexdigest()


def serve(reader, sock, session):
    """BOTH n: n MiB come and go at once, then the digest of what came. DOWN n: n MiB go. Else: echo."""
    line = (reader.read() or b"").split()
    if line[:1] == [b"BOTH"]:
        mib = int(line[1])
        down = threading.Thread(target=lambda: [sock.sendall(BLOCK) for _ in range(mib)])
        down.start()
        came, left = hashlib.sha256(), mib << 20
        while left and (piece := reader.file.read1(min(left, 1 << 18))):
            came.update(piece)
            left -= len(piece)
        down.join()
        sock.sendall(came.hexdigest().encode() + b"\n")
        reader.file.read(1)  # the client ends it: a KeyUpdate that meets a closed socket resets it
    elif line[:1] == [b"DOWN"]:
        for _ in range(int(line[1])):
            sock.sendall(BLOCK)
        reader.file.read(1)
    elif line:
        sock.sendall(b" ".join(line) + b"\r\n")
        while piece := reader.file.read1(65536):
            sock.sendall(piece)


def config(folder, edges, backends, more="tls = { compact = true; };"):
    chain, key = make_certificate(str(folder), "ec")
    rsa_chain, rsa_key = make_certificate(str(folder), "rsa", ("rsa:2048",))
    return f'''workers = 1; {more}
certificate = {{ ec = {{ chain = "{chain}"; key = "{key}"; }};
                rsa = {{ chain = "{rsa_chain}"; key = "{rsa_key}"; }}; }};
backend = {{ {backends} }};
edge = {{ {edges} }};'''


def tcp_edge(name, port, backend, more=""):
    return (f'{name} = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; '
            f'backend = "{backend}"; {more} }};')


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compact")
    os.chmod(folder, 0o755)
    backend = peers.Backend(serve)
    port, usual = free_ports(2)
    daemon = Daemon(folder, config(
        folder, tcp_edge("any", port, "any") + tcp_edge("usual", usual, "any",
                                                        "tls = { compact = false; };"),
        f'any = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }};')).ready()
    daemon.port, daemon.usual, daemon.backend = port, usual, backend
    yield daemon
    assert not [e for e in daemon.events if e.get("event", "").startswith("process died")]
    daemon.close()
    backend.close()


def compact_now(daemon):
    return daemon.status()["sums"]["tls_compact"]


def openssl(*options):
    return lambda port: ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}",
                         "-noservername", *options]


def gnutls(priority):
    return lambda port: ["/usr/bin/python3", os.path.join(HERE, "gnutls_pipe.py"), priority, str(port)]


def nss(version):
    return lambda port: ["tstclnt", "-h", "127.0.0.1", "-p", str(port), "-D", "-o", "-V",
                         f"{version}:{version}"]


def java(version, limit):
    """Renews its key after 2^limit bytes (TLS 1.3)."""
    return lambda port: ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1",
                         os.path.join(HERE, "TlsPipe.java"), str(port), version, str(limit)]


CLIENTS = {
    "openssl 1.3": (64, openssl("-tls1_3")),
    "openssl 1.3 AES-256": (8, openssl("-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384")),
    "openssl 1.3 ChaCha": (8, openssl("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")),
    **{f"openssl 1.2 {suite}": (8, openssl("-tls1_2", "-cipher", suite)) for suite in (
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305")},
    "gnutls 1.3": (8, gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3")),
    "gnutls 1.3 ChaCha": (8, gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305")),
    "gnutls 1.2": (8, gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2")),
    "nss 1.3": (16, nss("tls1.3")),
    "nss 1.2": (8, nss("tls1.2")),
    "java 1.3": (16, java("TLSv1.3", 37)),
    "java 1.2": (8, java("TLSv1.2", 37)),
}


class Pipe:
    """A TLS client as a program between two pipes."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0,
                                        env={**os.environ, "OPENSSL_CONF": os.devnull})

    def exactly(self, count):
        """That many bytes; less if it has ended."""
        got = bytearray()
        while len(got) < count and (piece := self.process.stdout.read(min(count - len(got), 1 << 18))):
            got += piece
        return bytes(got)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def write_all(file, data):
    data = memoryview(data)
    while data:
        data = data[file.write(data):]


def both_ways(pipe, mib):
    """mib MiB each way at once, then what the other end says of what it got."""
    def send():
        write_all(pipe.process.stdin, b"BOTH %d\n" % mib)
        for _ in range(mib):
            write_all(pipe.process.stdin, BLOCK)
    up = threading.Thread(target=send, daemon=True)
    up.start()
    for number in range(mib):
        assert pipe.exactly(len(BLOCK)) == BLOCK, f"MiB {number} of {mib}"
    up.join(60)
    assert pipe.exactly(65).decode().strip() == digest_of(mib)


@pytest.mark.parametrize("name", CLIENTS)
def test_bytes_both_ways(edge, name):
    """An idle session first, then much at once."""
    mib, make = CLIENTS[name]
    argv = make(edge.port)
    if not shutil.which(argv[0]):
        pytest.skip(argv[0] + " is not installed")
    before, seen = compact_now(edge), len(edge.events)
    pipe = Pipe(argv)
    try:
        assert wait_until(lambda: compact_now(edge) == before + 1, 30)
        both_ways(pipe, int(MIB or mib))
    finally:
        pipe.close()
    ended = edge.wait("session ended", timeout=60, after=seen, edge="any")
    assert ended["outcome"] in ("ok", "client-gone") and ended["seal"] == "sealed", ended
    assert wait_until(lambda: compact_now(edge) == before, 30)


def test_a_key_update_every_100_records(edge):
    """OpenSSL's own, which asks for ours in turn. A record of s_client is what one read gave it."""
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    seen, count, piece = len(edge.events), 2000, b"x" * 6000
    with subprocess.Popen(["openssl", "s_client", "-brief", "-tls1_3", "-noservername", "-connect",
                           f"127.0.0.1:{edge.port}"], stdin=theirs, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as client:
        theirs.close()
        told = []
        threading.Thread(target=lambda: told.extend(client.stderr), daemon=True).start()

        def send():
            ours.send(b"echo\n")
            for number in range(count):
                if number % 100 == 99:
                    ours.send(b"K\n")
                ours.send(b"%04d" % number + piece)
        up = threading.Thread(target=send, daemon=True)
        up.start()
        whole, wanted = hashlib.sha256(), b"".join(b"%04d" % n + piece for n in range(count))
        assert client.stdout.readline() == b"echo\r\n"
        left = len(wanted)
        while left and (part := client.stdout.read1(min(left, 1 << 16))):
            whole.update(part)
            left -= len(part)
        up.join(60)
        assert whole.digest() == hashlib.sha256(wanted).digest()
        assert wait_until(lambda: sum(line == b"KEYUPDATE\n" for line in told) == count // 100), told
        client.kill()
    ours.close()
    assert edge.wait("session ended", after=seen, edge="any")["outcome"] in ("ok", "client-gone")


@pytest.mark.skipif(not shutil.which("java"), reason="java is not installed")
def test_a_new_key_every_256_kib(edge):
    """Java's own KeyUpdates, both ways."""
    seen = len(edge.events)
    pipe = Pipe(java("TLSv1.3", 18)(edge.port))
    try:
        write_all(pipe.process.stdin, b"echo\n")
        assert pipe.exactly(6) == b"echo\r\n"
        for number in range(256):
            piece = BLOCK[number:number + (1 << 15)]
            write_all(pipe.process.stdin, piece)
            assert pipe.exactly(len(piece)) == piece, number
    finally:
        pipe.close()
    edge.wait("session ended", after=seen, edge="any")


@pytest.mark.skipif(not shutil.which("java"), reason="java is not installed")
@pytest.mark.parametrize("door", ["port", "usual"])
def test_a_large_download_under_new_keys(edge, door):
    """Java asks for our key with each record that it reads until that comes, and sends nothing
    else: with compact sessions, and with OpenSSL's."""
    seen, mib = len(edge.events), 64
    pipe = Pipe(java("TLSv1.3", 20)(getattr(edge, door)))
    try:
        write_all(pipe.process.stdin, b"DOWN %d\n" % mib)
        for number in range(mib):
            assert pipe.exactly(len(BLOCK)) == BLOCK, f"MiB {number} of {mib}"
    finally:
        pipe.close()
    assert edge.wait("session ended", timeout=60, after=seen)["outcome"] in ("ok", "client-gone")


def test_an_edge_may_say_otherwise(edge):
    before = compact_now(edge)
    with client_context().wrap_socket(socket.create_connection(("127.0.0.1", edge.usual), 15)) as sock:
        sock.sendall(b"hello\r\n")
        assert sock.recv(7) == b"hello\r\n"
        assert compact_now(edge) == before


def echo_server(folder, port, priority):
    return subprocess.Popen(
        ["gnutls-serv", "-q", "--echo", "--disable-client-cert", "--port", str(port),
         "--x509certfile", f"{folder}/ec.pem", "--x509keyfile", f"{folder}/ec.key", "--priority",
         priority], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.skipif(not shutil.which("gnutls-serv"), reason="gnutls-serv is not installed")
@pytest.mark.parametrize("version", ["1.3", "1.2"])
def test_a_backend_of_another_make(tmp_path, version):
    """Ours is the client there, and server to the client: both compact."""
    os.chmod(tmp_path, 0o755)
    port, far = free_ports(2)
    text = config(
        tmp_path, tcp_edge("any", port, "far"),
        f'far = {{ address = ["127.0.0.1:{far}"]; client_info = "none"; '
        'accept = ["no-client-info", "unverified"]; tls = { mode = "implicit"; verify = "none"; }; };')
    server = echo_server(tmp_path, far, f"NORMAL:-VERS-ALL:+VERS-TLS{version}")
    daemon = Daemon(tmp_path, text)
    try:
        daemon.ready()
        def talk():
            with client_context().wrap_socket(
                    socket.create_connection(("127.0.0.1", port), 15)) as sock:
                lines = sock.makefile("rb")
                for number in range(500):
                    line = BLOCK[number:number + 16 * (number % 200 + 1)].hex().encode() + b"\n"
                    sock.sendall(line)
                    assert lines.readline() == line, number
                return compact_now(daemon)
        assert wait_until(lambda: listens(far), 30)
        assert talk() == 2
        assert wait_until(lambda: compact_now(daemon) == 0)
    finally:
        daemon.close()
        server.kill()
        server.wait()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False


def cut_or_closed(folder, is_cut):
    """A backend in TLS that says something and ends, with close_notify or without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/ec.pem", f"{folder}/ec.key")

    def serve_one(reader, sock, session):
        tls = context.wrap_socket(sock.dup(), server_side=True)
        tls.recv(100)
        tls.sendall(b"the beginning\r\n")
        if not is_cut:
            try:
                tls.unwrap()
            except (OSError, ssl.SSLError):
                pass
        tls.close()
        sock.shutdown(socket.SHUT_RDWR)
    return peers.Backend(serve_one, expects_proxy=False)


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_cut_without_close_notify_is_told(tmp_path, is_cut):
    os.chmod(tmp_path, 0o755)
    port, = free_ports(1)
    make_certificate(str(tmp_path), "ec")
    backend = cut_or_closed(tmp_path, is_cut)
    daemon = Daemon(tmp_path, config(
        tmp_path, tcp_edge("any", port, "far"),
        f'far = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "none"; '
        'accept = ["no-client-info", "unverified"]; tls = { mode = "implicit"; verify = "none"; }; };'))
    try:
        daemon.ready()
        context = client_context()
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 15),
                                 suppress_ragged_eofs=False) as sock:
            sock.sendall(b"go\r\n")
            assert sock.recv(100) == b"the beginning\r\n"
            if is_cut:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    sock.recv(100)
            else:
                assert sock.recv(100) == b""
        ended = daemon.wait("session ended", edge="any")
        assert ended["outcome"] == ("backend-broken" if is_cut else "ok")
    finally:
        daemon.close()
        backend.close()


def test_a_reload_is_for_new_sessions(tmp_path):
    os.chmod(tmp_path, 0o755)
    port, = free_ports(1)
    backend = peers.Backend(serve)
    edges = tcp_edge("any", port, "any")
    backends = f'any = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }};'
    daemon = Daemon(tmp_path, config(tmp_path, edges, backends))

    def connect():
        sock = client_context().wrap_socket(socket.create_connection(("127.0.0.1", port), 15))
        sock.sendall(b"hello\r\n")
        assert sock.recv(7) == b"hello\r\n"
        return sock
    try:
        daemon.ready()
        old = connect()
        assert compact_now(daemon) == 1
        daemon.write(config(tmp_path, edges, backends, "tls = { compact = false; };"))
        assert daemon.ctl("reload").returncode == 0
        daemon.wait("configuration reloaded")
        new = connect()
        assert compact_now(daemon) == 1
        for sock in (old, new):
            sock.sendall(b"still there\r\n")
            assert sock.recv(13) == b"still there\r\n"
        old.close()
        assert wait_until(lambda: compact_now(daemon) == 0)
        new.close()
    finally:
        daemon.close()
        backend.close()
