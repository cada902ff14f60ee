"""Backends that are verified as "internal": each side by its name and the CA of our own hosts."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

import pytest

from daemon import BINARY, Daemon, client_context, free_ports, make_certificate, wait_until
from pkis import Pki


@pytest.fixture
def folder():
    """Which workers can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture
def pki(folder):
    made = Pki(folder + "/ca")
    made.run("init")
    for name in ("edge", "db1", "other"):
        made.run("issue", name)
    return made


class Server:
    """openssl s_server with a node's certificate, that wants one of the client; it says lines
    backwards."""

    def __init__(self, pki, name):
        self.port, = free_ports(1)
        node = pki.node(name)
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert",
             node + "/node.crt", "-cert_chain", node + "/node.crt", "-key", node + "/node.key",
             "-CAfile", node + "/ca.crt", "-Verify", "3", "-verify_return_error", "-rev"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = []
        self.is_up = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()
        assert self.is_up.wait(15), self.said

    def read(self):
        for line in self.process.stdout:
            self.said.append(line)
            if "ACCEPT" in line:
                self.is_up.set()

    def close(self):
        self.process.kill()
        self.process.wait(10)


def config(pki, port, tls_port, chain, key, peer='["db1"]', node="edge", grace=""):
    return f'''workers = 1; drain_timeout = "1s";
pki = {{ dir = "{pki.node(node)}"; {grace} }};
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:{port}"]; client_info = "none";
                   accept = ["no-client-info"];
                   tls = {{ mode = "implicit"; verify = "internal"; peer = {peer}; }}; }}; }};
edge = {{ e = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{tls_port}"]; backend = "b"; }}; }};
'''


class Edge(Daemon):
    def __init__(self, folder, pki, server, **more):
        self.tls_port, = free_ports(1)
        self.certificate = make_certificate(folder)
        self.server, self.pki = server, pki
        super().__init__(folder, config(pki, server.port, self.tls_port, *self.certificate, **more))
        self.ready()

    def echo(self):
        """A line through the edge and back, or b"" where the backend is not used."""
        with socket.create_connection(("127.0.0.1", self.tls_port), 15) as plain:
            try:
                with client_context().wrap_socket(plain) as sock:
                    sock.sendall(b"abc\n")
                    return sock.recv(16)
            except OSError:
                return b""


@pytest.fixture
def started(folder, pki):
    """Edge(...) and its server, ended behind the test."""
    ends = []

    def start(server="db1", **more):
        one = Server(pki, server)
        ends.append(one)
        edge = Edge(folder, pki, one, **more)
        ends.append(edge)
        return edge

    yield start
    for end in reversed(ends):
        end.close()


def test_both_ends_prove_who_they_are(started):
    edge = started()
    assert edge.echo() == b"cba\n"
    assert "CN=edge" in "".join(edge.server.said).replace(" ", "")


@pytest.mark.parametrize("peer", ['["other"]', '["db1.example.org"]'])
def test_another_host_of_ours_is_not_taken_for_it(started, peer):
    edge = started(peer=peer)
    assert edge.echo() == b""
    assert edge.wait("backend's TLS failed")["error"] == "hostname mismatch"


def test_of_several_any(started):
    assert started(peer='["other", "db1"]').echo() == b"cba\n"


def test_another_ca_is_not_believed(started, folder, pki):
    stranger = Pki(folder + "/stranger")
    stranger.run("init")
    stranger.run("issue", "db1")
    for name in ("node.crt", "node.key"):
        shutil.copy(stranger.node("db1") + "/" + name, pki.node("db1"))
    edge = started()
    assert edge.echo() == b""
    assert "issuer" in edge.wait("backend's TLS failed")["error"]


def test_expired_is_good_for_a_while_and_said(started, pki):
    pki.end_days_ago("db1", 3)
    edge = started()
    assert edge.echo() == b"cba\n"
    said = edge.wait("certificate of one of our hosts has expired and is accepted for now")
    assert 2.9 * 86400 < int(said["expired_s"]) < 3.1 * 86400 and said["backend"] == "b"


@pytest.mark.parametrize("days, grace", [(8, ""), (3, 'grace = "2d";'), (1, 'grace = "0";')])
def test_but_not_for_ever(started, pki, days, grace):
    pki.end_days_ago("db1", days)
    edge = started(grace=grace)
    assert edge.echo() == b""
    assert edge.wait("backend's TLS failed")["error"] == "certificate has expired"


def test_revoked_is_refused_as_soon_as_the_list_is_there(started, pki):
    edge = started()
    assert edge.echo() == b"cba\n"
    pki.run("revoke", "db1")
    shutil.copy(pki.path("denied"), pki.node("edge"))
    assert wait_until(lambda: not edge.echo(), 60)
    assert edge.wait("backend's TLS failed")["error"] == "certificate revoked"


def test_revoked_has_no_grace(started, pki):
    serial = pki.end_days_ago("db1", 3)
    with open(pki.node("edge") + "/denied", "a", encoding="ascii") as denied:
        denied.write(f"{serial} 4102444800\n")
    edge = started()
    assert edge.echo() == b""
    assert edge.wait("backend's TLS failed")["error"] == "certificate revoked"


class Knowing:
    """A server that remembers the serials of its clients' certificates."""

    def __init__(self, pki, name):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH,
                                                  cafile=pki.path("ca.crt"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_cert_chain(pki.node(name) + "/node.crt", pki.node(name) + "/node.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serials = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
                with self.context.wrap_socket(plain, server_side=True) as sock:
                    self.serials.append(sock.getpeercert()["serialNumber"].lower())
                    sock.sendall(sock.recv(16))
            except ssl.SSLError:
                continue
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_our_own_certificate_is_renewed_without_a_restart(folder, pki):
    server = Knowing(pki, "db1")
    edge = Edge(folder, pki, server)
    try:
        assert edge.echo() == b"abc\n"
        pki.run("renew", "edge")
        old, new = [row["serial"] for row in pki.list() if row["name"] == "edge"]
        assert server.serials[-1] == old
        assert wait_until(lambda: edge.echo() == b"abc\n" and server.serials[-1] == new, 60)
    finally:
        edge.close()
        server.close()


def test_who_has_not_renewed_is_told(started, pki):
    pki.end_days_ago("edge", -14)
    edge = started()
    said = edge.wait("certificate of this host is not renewed", timeout=60)
    assert 13 * 86400 < int(said["ends_in_s"]) <= 14 * 86400 and "renew --self" in said["mend"]
    assert edge.echo() == b"cba\n"


@pytest.mark.parametrize("what, why", [
    ("node.crt", "node.crt: No such file"), ("node.key", "node.key: No such file"),
    ("ca.crt", "ca.crt: No such file"), ("denied", "denied: No such file")])
def test_what_is_missing_is_said_at_the_start(folder, pki, what, why):
    os.unlink(pki.node("edge") + "/" + what)
    port, tls_port = free_ports(2)
    chain, key = make_certificate(folder)
    daemon = Daemon(folder, config(pki, port, tls_port, chain, key))
    try:
        assert why in daemon.wait("cannot start")["reason"]
    finally:
        daemon.close()
    done = subprocess.run([BINARY, "config", "check", "-c", daemon.config], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1 and what in done.stderr and "mailseal pki" in done.stderr


def test_a_broken_list_is_refused(folder, pki):
    with open(pki.node("edge") + "/denied", "w", encoding="ascii") as denied:
        denied.write("not a serial\n")
    port, tls_port = free_ports(2)
    daemon = Daemon(folder, config(pki, port, tls_port, *make_certificate(folder)))
    try:
        assert wait_until(lambda: any("denied:1: " in line for line in daemon.text), 30)
    finally:
        daemon.close()
