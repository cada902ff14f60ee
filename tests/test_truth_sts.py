"""A policy of our own (MTA-STS) is looked at as strangers see it: its record, and the file at its name in DNS."""
import pathlib
import shutil
import socket
import ssl
import tempfile
import threading

import pytest

import test_site
from daemon import wait_until
from names import A, TXT
from test_site import GOOD, OTHER
from truths import alarms, over, raised

ELSEWHERE = "127.0.5.2"
RECORD = f"_mta-sts.{GOOD}"


class Site(test_site.Site):
    """Looked at every few seconds; the names of its policies may lead elsewhere."""

    def __init__(self, folder):
        self.web, self.record = {}, "v=STSv1; id=20200101;"  # as it was before the policy changed
        super().__init__(folder)

    def config(self, mta_sts=None):
        return 'witness_every = "1s";\n' + super().config(
            mta_sts or f'''( {{ domain = "{GOOD}"; mode = "enforce"; }}, {{ domain = "{OTHER}"; mode = "none"; }} )''')

    def say(self, name, kind):
        if kind == A and name in self.web:
            return 0, socket.inet_aton(self.web[name])
        if kind == TXT and name == RECORD and self.record:
            return 0, bytes([len(self.record)]) + self.record.encode()
        return super().say(name, kind)

    def id(self):
        """Of the policy that is served."""
        def find():
            found = [d["id"] for d in self.daemon.status()["mta_sts"]["domains"]
                     if d["domain"] == GOOD and d["mode"] == "enforce"]
            return found[0] if found else None
        assert wait_until(find, 60), self.daemon.status()["mta_sts"]
        return find()


class Stranger:
    """Another web server with our certificate."""

    def __init__(self, folder, policy):
        self.policy = policy.encode()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{folder}/own.pem", f"{folder}/own.key")
        self.sock = socket.create_server((ELSEWHERE, 443))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(sock, server_side=True) as tls:
                    tls.recv(4096)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                                b"Connection: close\r\n\r\n" % len(self.policy) + self.policy)
            except OSError:
                pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@pytest.fixture
def site():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-"))
    site = Site(folder)
    yield site
    site.close()
    shutil.rmtree(folder)


def test_what_is_published_is_held_against_what_is_served(site):
    daemon = site.daemon
    alarm = raised(daemon, "sts-mismatch", GOOD)
    assert "has id 20200101" in alarm["reason"] and site.id() in alarm["reason"]
    assert "mailseal dns" in alarm["mend"]
    site.record = f"v=STSv1; id={site.id()};"
    over(daemon, "sts-mismatch", GOOD)
    assert ("sts-mismatch", OTHER) not in alarms(daemon)  # mode none needs no record

    site.web[f"mta-sts.{GOOD}"] = ELSEWHERE  # nobody is there
    comes_to(daemon, "could not be fetched")
    stranger = Stranger(site.folder, "version: STSv1\r\nmode: testing\r\nmx: mx.own.example\r\nmax_age: 604800\r\n")
    try:
        comes_to(daemon, "another policy")
    finally:
        stranger.close()
    del site.web[f"mta-sts.{GOOD}"]
    comes_to(daemon, "")
    site.record = None
    comes_to(daemon, f"no record {RECORD}")
    site.reload(f'( {{ domain = "{OTHER}"; mode = "none"; }} )')  # nobody looks at it any more
    comes_to(daemon, "")


def text_of(daemon):
    return "".join(a["text"] for a in daemon.status()["alarms"]
                   if (a["kind"], a["subject"]) == ("sts-mismatch", GOOD))


def comes_to(daemon, words):
    """"": there is no alarm."""
    assert wait_until(lambda: words in text_of(daemon) if words else not text_of(daemon), 90), text_of(daemon)
