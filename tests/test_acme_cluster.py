"""One node of a cluster orders for all that have its key."""
import os
import re
import shutil
import subprocess
import time

import pytest

import stores
from acme import MARKS, NAMES, PATIENCE, Scene, leaf_of, shown
from daemon import Daemon, free_ports, make_certificate, wait_until
from test_acme import get
from test_acme_failures import HOLDS, client_replaced
from test_cluster import config as cluster

pytestmark = MARKS


def other(scene):
    """A certificate that is not ordered."""
    chain, key = make_certificate(scene.folder, "other")
    return f'certificate = {{ other = {{ chain = "{chain}"; key = "{key}"; }}; }};'


class Node:
    """A daemon of its own folder and ports, at the CA of a scene."""

    def __init__(self, scene, number, more, ports, certificate=None):
        self.folder = f"{scene.folder}/node{number}"
        os.mkdir(self.folder, 0o755)
        self.clear, self.tls, self.imap = ports
        text = scene.config(NAMES, more)
        if certificate:
            text = re.sub(r"certificate = \{ c = \{.*\}; \};", certificate, text)
        for old, new in ((scene.clear, self.clear), (scene.tls, self.tls), (scene.imap, self.imap)):
            text = text.replace(f":{old}\"", f":{new}\"")
        self.daemon = Daemon(self.folder, text, wrap=scene.wrap)

    def path(self, name):
        return f"{self.folder}/state/certificates/c/{name}"

    def issued(self, after=0):
        self.daemon.wait("certificate issued", PATIENCE, after=after)
        assert wait_until(lambda: shown(self.imap)[0] == leaf_of(self.path("chain.pem")), PATIENCE)
        return leaf_of(self.path("chain.pem"))

    def ordered(self):
        return [e for e in self.daemon.events if e.get("event") == "certificate ordered"]


@pytest.fixture
def place():
    """(scene, store, node): node() makes one more; the CA comes to the first."""
    with stores.alone() as store:
        scene, made = Scene(), []
        first = (scene.clear, scene.tls, scene.imap)

        def node(certificate=None):
            made.append(Node(scene, len(made) + 1, cluster([store.port]), free_ports(3) if made else first,
                             certificate and certificate(scene)))
            return made[-1]
        try:
            yield scene, store, node
        finally:
            for one in made:
                one.daemon.close()
            scene.close()


def key_copied(one, two, store):
    """What an operator does once. Had the other begun to order, its lease is still there."""
    two.daemon.ready()
    two.daemon.close()
    store.cli("del", "mailseal:order:{c}")
    shutil.copy(one.path("key.pem"), two.path("key.pem"))
    for name in ("chain.pem", "stand-in.pem", "order"):
        if os.path.exists(two.path(name)):
            os.unlink(two.path(name))


def test_one_node_orders_and_all_with_its_key_serve_it(place):
    scene, store, node = place
    one = node()
    first = one.issued()
    two = node()
    key_copied(one, two, store)
    seen = len(two.daemon.events)
    two.daemon.start(wrap=scene.wrap)
    two.daemon.ready()
    assert wait_until(lambda: shown(two.imap)[0] == first, PATIENCE), "\n".join(two.daemon.text[-20:])
    assert not [e for e in two.daemon.events[seen:] if e.get("event") == "certificate ordered"]
    # Renewed by one, taken by the other.
    seen, ordered = len(one.daemon.events), len(two.ordered())
    assert wait_until(lambda: one.daemon.ctl("acme-renew", "c").returncode == 0, PATIENCE)
    renewed = one.issued(after=seen)
    assert renewed != first
    assert wait_until(lambda: shown(two.imap)[0] == renewed, PATIENCE)
    assert len(two.ordered()) == ordered
    assert wait_until(lambda: not store.cli("keys", "mailseal:order:*"), PATIENCE), "the lease was not given back"


def unanswered(port, token):
    return get(port, f"/.well-known/acme-challenge/{token}").startswith(b"HTTP/1.1 301 ")


def test_a_ca_may_come_to_any_node(place):
    """The names lead to the second node, which orders nothing itself; the first one orders."""
    scene, store, node = place
    door = node(other)
    door.daemon.ready()
    one = node()
    one.issued()
    assert not door.ordered()
    # uacme's tokens are in no log: what the CA asked for stands in the log of the CA.
    with open(f"{scene.folder}/pebble.log", encoding="utf-8") as log:
        asked = set(re.findall(r"/.well-known/acme-challenge/([\w-]+)", log.read()))
    assert asked
    assert wait_until(lambda: not store.cli("hgetall", "mailseal:tokens"), PATIENCE)
    for port in door.clear, one.clear:
        assert wait_until(lambda p=port: all(unanswered(p, token) for token in asked), PATIENCE)


def test_what_somebody_put_among_the_tokens_is_not_served(place):
    scene, store, node = place
    one = node()
    one.issued()
    until, token = int(time.time()) + 300, "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"
    answer = f"{token}.{'A' * 43}"
    for field, said in (("bad", f"{until} {token} <script>"), ("other", f"{until} nothing"), ("old", f"9 {token} {answer}")):
        store.cli("hset", "mailseal:tokens", field, said)
    assert wait_until(lambda: "old" not in store.cli("hgetall", "mailseal:tokens"), PATIENCE)  # it was looked at
    assert unanswered(one.clear, token)
    store.cli("hset", "mailseal:tokens", "good", f"{until} {token} {answer}")
    asked = f"/.well-known/acme-challenge/{token}"
    assert wait_until(lambda: get(one.clear, asked).endswith(b"\r\n\r\n" + answer.encode()), PATIENCE)


def test_nodes_order_one_after_the_other(place):
    _, store, node = place
    assert store.cli("set", "mailseal:order:{c}", "node9") == "OK"
    one = node()
    one.daemon.wait("another node orders the certificate", PATIENCE)
    assert not one.ordered()
    store.cli("del", "mailseal:order:{c}")
    one.issued()


def test_a_node_that_stops_in_an_order_gives_its_lease_back(place):
    scene, store, node = place
    client_replaced(scene, HOLDS)
    one = node()
    assert wait_until(one.ordered, PATIENCE) and store.cli("keys", "mailseal:order:*")
    one.daemon.close()
    assert wait_until(lambda: not store.cli("keys", "mailseal:order:*"), PATIENCE)  # by itself after 900 s


def test_what_somebody_put_into_the_store_is_not_taken(place):
    scene, store, node = place
    one = node()
    first = one.issued()
    name, = store.cli("keys", "mailseal:chain:*").split()
    # One that begins in the same second is not looked at: it is no later.
    now_s = int(time.time())
    assert wait_until(lambda: int(time.time()) > now_s, 10)
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", f"{scene.folder}/x.key",
                    "-out", f"{scene.folder}/x.pem", "-days", "9", "-subj", "/CN=x", "-addext",
                    "subjectAltName=DNS:mail.example.org,DNS:imap.example.org"], check=True, capture_output=True)
    with open(f"{scene.folder}/x.pem", encoding="ascii") as pem:
        assert store.cli("set", name, pem.read()) == "OK"
    one.daemon.wait("what another node put into the store is not taken", PATIENCE)
    assert shown(one.imap)[0] == first
