"""Hosts that are revoked while links to them are open: the list comes from the CA's desk long before
the next renewal, and what is open ends."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

import pytest

import links
from daemon import BINARY, free_ports, wait_until
from pkis import Pki
from test_pki_join import Desk

TICK = 60  # the parent looks at its files every ten seconds
REVOKED = "link ends, for the other host was revoked"


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield path


class Host:
    """A node that joined, and its daemon."""

    def __init__(self, made, name):
        self.made, self.name = made, name
        self.pki = Pki(f"{made.folder}/pki-{name}")
        token = made.ca.run("token", name).strip()
        self.pki.run("join", made.desk.where, token)
        self.daemon = None

    def run(self, **links_of):
        self.daemon = links.host(self.made.folder, self.name, self.pki.dir, links_of)
        self.made.stack.callback(self.daemon.close)
        return self.daemon.ready()

    def asks(self, status=0):
        """What its timer runs every hour."""
        done = subprocess.run([BINARY, "pki", "renew", "--self", "--dir", self.pki.dir],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


class Made:
    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        self.ca = Pki(folder + "/ca")
        self.ca.run("init")
        self.desk = Desk(self.ca)
        stack.callback(self.desk_close)
        self.service = links.Service(links.echo)
        stack.callback(self.service.close)

    def desk_close(self):
        if self.desk:
            self.desk.close()
        self.desk = None


@pytest.fixture
def made(folder):
    with contextlib.ExitStack() as stack:
        yield Made(stack, folder)


def stream(port):
    """One that is open and carries bytes."""
    sock = socket.create_connection(("127.0.0.1", port), 60)
    sock.sendall(b"hello")
    assert sock.recv(100) == b"hello"
    return sock


def is_open(sock):
    try:
        sock.sendall(b"x")
        return sock.recv(100) == b"x"
    except ConnectionError:
        return False


def three(made):
    """imap1 and imap2 with links to db1."""
    db1, imap1, imap2 = (Host(made, name) for name in ("db1", "imap1", "imap2"))
    far, near1, near2 = free_ports(3)
    db1.run(sql=f'listen_tls = "127.0.0.1:{far}"; to = "127.0.0.1:{made.service.port}"; '
                'peer = ["imap1", "imap2"];')
    for host, port in ((imap1, near1), (imap2, near2)):
        host.port = port
        host.run(sql=f'listen = "127.0.0.1:{port}"; to = "127.0.0.1:{far}"; peer = "db1";')
    return db1, imap1, imap2


def test_a_near_end_that_is_revoked_is_cut_off(made):
    db1, imap1, imap2 = three(made)
    with stream(imap1.port) as bad, stream(imap2.port) as good:
        assert "is the same" in db1.asks()
        made.ca.run("revoke", "imap1")
        assert "a new one" in db1.asks()
        said = db1.daemon.wait(REVOKED, timeout=TICK)
        assert (said["end"], said["names"]) == ("near", "imap1.mailseal.internal")
        with pytest.raises(ConnectionResetError):
            bad.recv(10)
        assert db1.daemon.wait("link ended")["outcome"] == "revoked"
        assert is_open(good)
        with pytest.raises((ConnectionError, AssertionError)):
            stream(imap1.port)
        refused = db1.daemon.wait("link refused")
        assert "revoked" in refused["error"] and "revoked" in refused["mend"]
        told = imap1.daemon.wait("link cannot be made")
        assert told["end"] == "far" and "revoked" in told["error"]
        with stream(imap2.port):
            pass


def test_a_far_end_that_is_revoked_is_left(made):
    db1, imap1, imap2 = three(made)
    with stream(imap1.port) as sock, stream(imap2.port) as other:
        made.ca.run("revoke", "db1")
        imap1.asks()
        said = imap1.daemon.wait(REVOKED, timeout=TICK)
        assert (said["end"], said["names"]) == ("far", "db1")
        with pytest.raises(ConnectionResetError):
            sock.recv(10)
        assert is_open(other)  # imap2 has not asked yet
        with pytest.raises((ConnectionError, AssertionError)):
            stream(imap1.port)
        told = imap1.daemon.wait("link cannot be made")
        assert told["end"] == "far" and "revoked" in told["error"]


def test_the_stream_of_syslog_ends_too(made):
    db1, log1 = Host(made, "db1"), Host(made, "log1")
    udp, far = free_ports(2)

    def takes(sock):
        got = sock.recv(10, socket.MSG_WAITALL)
        with contextlib.suppress(OSError):
            sock.recv(1)
        return got
    taken = links.Service(takes)
    made.stack.callback(taken.close)
    log1.run(log=f'listen_tls = "127.0.0.1:{far}"; to = "127.0.0.1:{taken.port}"; peer = "db1";')
    db1.run(log=f'listen = "127.0.0.1:{udp}"; to = "127.0.0.1:{far}"; peer = "log1"; '
                'protocol = "syslog";')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"<13>one", ("127.0.0.1", udp))
        db1.daemon.wait("link is up")
        made.ca.run("revoke", "log1")
        db1.asks()
        assert db1.daemon.wait(REVOKED, timeout=TICK)["end"] == "far"
        assert db1.daemon.wait("link ended")["outcome"] == "revoked"
        sock.sendto(b"<13>two", ("127.0.0.1", udp))
        assert "revoked" in db1.daemon.wait("link cannot be made")["error"]
    assert taken.saw() == [b"7 <13>one"]


def test_a_dead_desk_stops_nothing(made):
    db1, imap1, _ = three(made)
    with stream(imap1.port) as sock:
        made.desk_close()
        shutil.rmtree(made.ca.dir)
        db1.asks(status=1)
        imap1.asks(status=1)
        seen = len(db1.daemon.events)
        assert db1.daemon.ctl("reload").returncode == 0
        db1.daemon.wait("configuration reloaded", after=seen)
        assert is_open(sock)
        with stream(imap1.port):
            pass
    assert wait_until(lambda: not db1.daemon.status()["sums"]["links_refused"])
