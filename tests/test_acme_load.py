"""A certificate that is renewed again and again while clients come, stay and fetch: no session breaks, no
handshake fails, and who comes later is shown the new one."""
import hashlib
import imaplib
import ssl
import threading

import pytest

import peers
from acme import MARKS, NAMES, PATIENCE, Scene, issued, leaf_of, shown
from daemon import client_context, wait_until
from load import Load

pytestmark = MARKS

RENEWALS = 3
TEXT = b"".join(b"%06d " % n + b"x" * 69 + b"\r\n" for n in range(4000))  # 312 KB


class Reader:
    """Logged in once, and fetches until end(); errors are kept."""

    def __init__(self, port):
        self.port, self.fetched, self.errors, self.stop = port, 0, [], threading.Event()
        self.client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=client_context(), timeout=PATIENCE)
        self.client.login("alice", "secret")
        self.client.append("INBOX", None, None, TEXT)
        self.client.state = "SELECTED"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        wanted = hashlib.sha256(TEXT.rstrip()).digest()
        try:
            while not self.stop.is_set():
                _, data = self.client.fetch("1", "(BODY[])")
                assert hashlib.sha256(data[0][1].rstrip()).digest() == wanted, "other bytes"
                self.fetched += 1
            self.client.logout()
        except (OSError, imaplib.IMAP4.error, ssl.SSLError, AssertionError) as error:
            self.errors.append(repr(error))

    def end(self):
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.errors


@pytest.fixture
def loaded():
    """(scene, readers, load), with a certificate in force."""
    scene, backend = Scene(), peers.Backend(peers.imap)
    scene.nobody = backend.port
    try:
        daemon = scene.run(NAMES, "limits = { exempt = [\"127.0.0.1\"]; };")
        issued(scene)
        daemon.tls = scene.imap  # where Load comes
        readers = [Reader(scene.imap) for _ in range(6)]
        yield scene, readers, Load(daemon)
    finally:
        scene.close()
        backend.close()


def renewed(scene):
    """The new one on the wire, in DER."""
    seen = len(scene.daemon.events)
    assert '"ok": true' in scene.daemon.ctl("--json", "acme-renew", "c").stdout
    issued(scene, after=seen)
    return leaf_of(scene.path("chain.pem"))


def test_a_renewal_under_load_breaks_no_connection(loaded):
    scene, readers, load = loaded
    leaves = [leaf_of(scene.path("chain.pem"))]
    for _ in range(RENEWALS):
        load.until(load.done + 20, PATIENCE)
        leaves.append(renewed(scene))
        wanted = [reader.fetched + 2 for reader in readers]
        load.until(load.done + 20, PATIENCE)
        assert shown(scene.imap)[0] == leaves[-1]
        assert wait_until(lambda w=wanted: all(r.fetched >= n for r, n in zip(readers, w)), PATIENCE)
    assert len(set(leaves)) == RENEWALS + 1
    assert load.end() == []
    assert [reader.end() for reader in readers] == [[]] * len(readers)
    assert scene.daemon.told(PATIENCE)
    ended = [e for e in scene.daemon.events if e.get("event") == "session ended" and e["edge"] == "imap"]
    assert {e["outcome"] for e in ended if e.get("user")} == {"ok"}
