"""Two hosts of our own on one machine: each a daemon that has an identity of one CA."""
import os
import socket
import tempfile
import threading

import pytest

from daemon import Daemon, wait_until
from pkis import Pki


@pytest.fixture(scope="module")
def folder():
    """Which workers can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="module")
def pki(folder):
    made = Pki(folder + "/ca")
    made.run("init")
    for name in ("imap1", "db1", "db2"):
        made.run("issue", name)
    return made


def config(pki_dir, links, more=""):
    groups = "\n".join(f"  {name} = {{ {text} }};" for name, text in links.items())
    return (f'workers = 1; drain_timeout = "1s"; pki = {{ dir = "{pki_dir}"; }};\n'
            f"link = {{\n{groups}\n}};\n{more}")


def host(folder, name, pki_dir, links, more="", **process):
    """A daemon. links: name -> the text of its group; process: more for Daemon."""
    own = os.path.join(folder, name)
    os.mkdir(own)
    os.chmod(own, 0o755)
    return Daemon(own, config(pki_dir, links, more), **process)


class Service:
    """Accepts; what comes of a connection is in conversation(sock), which runs in a thread."""

    def __init__(self, conversation, path=None, port=0):
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            os.chmod(path, 0o777)
            self.listener.listen(64)
        else:
            self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
            self.port = self.listener.getsockname()[1]
        self.conversation = conversation
        self.seen = []  # what each connection came to: a word, bytes, an exception
        self.count = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            sock.settimeout(60)
            threading.Thread(target=self.run, args=(sock,), daemon=True).start()

    def run(self, sock):
        with sock:
            try:
                self.seen.append(self.conversation(sock))
            except OSError as error:
                self.seen.append(error)

    def saw(self, count=1):
        assert wait_until(lambda: len(self.seen) >= count, 30), self.seen
        return self.seen

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read_all(sock):
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def echo(sock):
    """Says all back, and ends when the other side did."""
    while part := sock.recv(1 << 16):
        sock.sendall(part)
    sock.shutdown(socket.SHUT_WR)
    return "echoed"
