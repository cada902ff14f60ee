"""Of test_truth*.py: servers with certificates, and a daemon whose witness looks at what ports serve."""
import contextlib
import os
import pathlib
import socket
import ssl
import tempfile
import threading
import time

import pytest

import peers
from daemon import Daemon, wait_until

EVERY = "2s"
ALARM_S = 120  # after the fault


class Server:
    """An IMAP or SMTP server with a certificate, until close(); it keeps it until serve()."""

    WORDS = {
        "imap": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", b"STARTTLS"),
        "smtp": (b"220 mx.example ESMTP\r\n", b"STARTTLS"),
    }

    def __init__(self, certificate, protocol="imap", is_implicit=False, has_tls=True, port=0):
        self.protocol, self.is_implicit, self.has_tls = protocol, is_implicit, has_tls
        self.serve(certificate)
        self.sock = socket.create_server(("127.0.0.1", port))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def serve(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.context = context

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.client, args=(sock,), daemon=True).start()

    def client(self, sock):
        sock.settimeout(60)
        with contextlib.suppress(OSError, ValueError):
            if self.is_implicit:
                sock = self.context.wrap_socket(sock, server_side=True)
            self.talk(sock)
        with contextlib.suppress(OSError):
            sock.close()

    def talk(self, sock):
        sock.sendall(self.WORDS[self.protocol][0])
        file = sock.makefile("rb")
        while line := file.readline():
            tag, _, rest = line.strip().partition(b" ")
            word = (tag if self.protocol == "smtp" else rest).upper()
            if word == b"STARTTLS" and self.has_tls:
                sock.sendall(b"220 go\r\n" if self.protocol == "smtp" else tag + b" OK go\r\n")
                sock = self.context.wrap_socket(sock, server_side=True)
                file = sock.makefile("rb")
            else:
                sock.sendall(self.answer(tag, word))

    def answer(self, tag, word):
        offers = b"STARTTLS" if self.has_tls else b"NOOP"
        if self.protocol == "smtp":
            return b"221 bye\r\n" if word == b"QUIT" else b"250-mx.example\r\n250 " + offers + b"\r\n"
        return b"* CAPABILITY IMAP4rev1 " + offers + b"\r\n" + tag + b" OK done\r\n"

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def put(pair, to, age_s=3600):
    """In place of another, in one move each; as if it lay there for that long."""
    for new, old in zip(pair, to):
        data = pathlib.Path(new).read_bytes()
        temporary = pathlib.Path(old + ".new")
        temporary.write_bytes(data)
        os.utime(temporary, (time.time() - age_s,) * 2)
        temporary.rename(old)


@pytest.fixture
def folder():
    """The daemon may run as somebody else, and the hook does."""
    with tempfile.TemporaryDirectory(prefix="mailseal-truth-") as name:
        os.chmod(name, 0o777)
        yield name


@pytest.fixture
def backends():
    imap, smtp = peers.Backend(peers.imap), peers.Backend(peers.smtp)
    yield imap, smtp
    imap.close()
    smtp.close()


RESOLVER = 'resolver = {{ forward = ["{forward}"]; trust_ad = true; }};'
# Nobody answers there, and nothing of DNS is known.
NO_DNS = RESOLVER.format(forward="127.0.0.1@9")


@contextlib.contextmanager
def watching(folder, config, every=EVERY, resolver=NO_DNS):
    daemon = Daemon(folder, f'witness_every = "{every}"; workers = 1;\n{resolver}\n{config}')
    try:
        yield daemon.ready()
    finally:
        assert daemon.close() == 0


def watch(*ports):
    return "watch_certificates = [" + ", ".join(f'"{port}"' for port in ports) + "];"


def alarms(daemon):
    return {(a["kind"], a["subject"]) for a in daemon.status()["alarms"]}


def looked(daemon, rounds=2, timeout=90):
    """So many more looks at each."""
    witness = daemon.status().get("witness", {"looks": 0, "targets": 1})
    wanted = witness["looks"] + rounds * max(witness["targets"], 1) + 1
    assert wait_until(lambda: daemon.status().get("witness", {"looks": 0})["looks"] >= wanted,
                      timeout), daemon.status().get("witness")


def raised(daemon, kind, subject):
    return daemon.wait("alarm", ALARM_S, alarm=kind, subject=subject)


def over(daemon, kind, subject, after=0):
    return daemon.wait("alarm is over", ALARM_S, after=after, alarm=kind, subject=subject)
