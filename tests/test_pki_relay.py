"""Relays that go by the CA of our own hosts: MTAs that hand over, and hosts of routes."""
import os
import shutil
import socket
import ssl
import tempfile

import pytest

from daemon import Daemon, free_ports, wait_until
from farend import FarEnd
from pkis import Pki
from test_relay import Mta


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


# The door of a relay


def door_config(pki, port, peer):
    return f'''workers = 1; drain_timeout = "1s";
resolver = {{ forward = ["127.0.0.1@9"]; trust_ad = true; }};
pki = {{ dir = "{pki.node("edge")}"; }};
relay = {{ out = {{ listen_tls = ["lmtp:127.0.0.1:{port}"]; client_verify = "internal"; {peer} }}; }};
'''


@pytest.fixture
def door(folder, pki):
    port, = free_ports(1)
    daemon = Daemon(folder, door_config(pki, port, 'peer = ["db1"];')).ready()
    daemon.port = port
    yield daemon
    daemon.close()


def greeted(door, pki, name):
    """What an MTA with this node's certificate is greeted with; it checks the relay's in turn."""
    context = ssl.create_default_context(cafile=pki.path("ca.crt"))
    if name:
        context.load_cert_chain(pki.node(name) + "/node.crt", pki.node(name) + "/node.key")
    with socket.create_connection(("127.0.0.1", door.port), 15) as plain:
        with context.wrap_socket(plain, server_hostname="edge.mailseal.internal") as sock:
            sock.settimeout(15)
            try:
                return sock.recv(64)
            except OSError:
                return b""


def test_a_door_knows_its_mtas(door, pki):
    assert greeted(door, pki, "db1").startswith(b"220 ")


@pytest.mark.parametrize("name, mend", [("other", "peer"), (None, "give that MTA")])
def test_a_door_refuses_others(door, pki, name, mend):
    assert greeted(door, pki, name) == b""
    assert mend in door.wait("handoff refused")["mend"]


def test_a_door_heeds_grace_and_revocation(door, pki):
    serial = pki.end_days_ago("db1", 2)
    assert greeted(door, pki, "db1").startswith(b"220 ")
    said = door.wait("certificate of one of our hosts has expired and is accepted for now")
    assert said["names"] == "db1.mailseal.internal"
    with open(pki.node("edge") + "/denied", "a", encoding="ascii") as denied:
        denied.write(f"{serial} 4102444800\n")
    door.ctl("reload")
    assert wait_until(lambda: not greeted(door, pki, "db1"), 30)
    refused = door.wait("handoff refused")
    assert refused["reason"] == "certificate revoked" and "revoked" in refused["mend"]


# The host of a route


@pytest.fixture
def routed(folder, pki):
    """A relay that hands everything to db1, which demands a certificate of edge."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.path("ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    port, lmtp = free_ports(2)

    def start(server="db1", peer="db1"):
        context.load_cert_chain(pki.node(server) + "/node.crt", pki.node(server) + "/node.key")
        far = FarEnd("127.0.0.1", port, context)
        daemon = Daemon(folder, f'''workers = 1; drain_timeout = "1s";
resolver = {{ forward = ["127.0.0.1@9"]; trust_ad = true; }};
pki = {{ dir = "{pki.node("edge")}"; }};
relay = {{ out = {{ listen = ["lmtp:127.0.0.1:{lmtp}"]; plain_after = "1s"; }}; }};
route = ( {{ domain = "*"; host = "127.0.0.1:{port}";
             tls = {{ verify = "internal"; peer = ["{peer}"]; }}; }} );
''').ready()
        daemon.lmtp, daemon.far = lmtp, far
        ends.extend([far, daemon])
        return daemon

    ends = []
    yield start
    for end in reversed(ends):
        end.close()


def sent(daemon):
    client = Mta(daemon.lmtp)
    said = client.send("a@some.example")
    client.close()
    return said


def test_a_route_to_one_of_our_hosts(routed):
    daemon = routed()
    assert sent(daemon)[1].startswith("250")
    daemon.wait("hop ended", policy="verify", seal="authenticated")
    assert len(daemon.far.messages) == 1


@pytest.mark.parametrize("peer", ["other", "db1.example.org"])
def test_a_route_is_not_fooled_by_another_host(routed, peer):
    daemon = routed(peer=peer)
    assert sent(daemon)[1].startswith("451 4.7.5")
    assert not daemon.far.messages


def test_a_route_heeds_grace(routed, pki):
    pki.end_days_ago("db1", 2)
    daemon = routed()
    assert sent(daemon)[1].startswith("250")
    said = daemon.wait("certificate of one of our hosts has expired and is accepted for now")
    assert said["names"] == "db1.mailseal.internal"


@pytest.mark.parametrize("days", [8, None])
def test_a_route_heeds_ends_and_denials(routed, pki, days):
    if days:
        pki.end_days_ago("db1", days)
    else:
        pki.run("revoke", "db1")
        shutil.copy(pki.path("denied"), pki.node("edge"))
    daemon = routed()
    assert sent(daemon)[1].startswith("451 4.7.5")
    assert not daemon.far.messages
