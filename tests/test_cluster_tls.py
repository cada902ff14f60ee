"""The store of a cluster in TLS, by the internal CA: a real Redis that demands certificates."""
import os
import subprocess
import tempfile

import pytest

import stores
from daemon import BINARY, wait_until
from pkis import Pki
from test_cluster import all_say, cluster_of, nodes, reached
from test_ledger import crowd


@pytest.fixture(scope="module")
def pki():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        made = Pki(folder + "/ca")
        made.run("init")
        for name in ("store1", "mx1", "mx2"):
            made.run("issue", name)
        yield made


@pytest.fixture
def store(pki):
    with stores.alone(tls=pki.node("store1")) as made:
        yield made


def tls(peer="store1"):
    return f'tls = {{ verify = "internal"; peer = "{peer}"; }};'


def own(pki, name):
    return f' pki = {{ dir = "{pki.node(name)}"; }};'


def test_two_nodes_share_by_a_store_in_tls(pki, store):
    with nodes(1, [store.port], tls(), own(pki, "mx1")) as (one,):
        with nodes(1, [store.port], tls(), own(pki, "mx2")) as (two,):
            for node in (one, two):
                reached(node)
            all_say((one, two), crowd(one.ports, 80))
            assert wait_until(lambda: cluster_of(one)["nodes"] == 2, 30)
    # What crosses is a link's: both proved who they are, and the record says so.
    ended = one.daemon.wait("link ended", link="cluster")
    assert (ended["leg"], ended["seal"], ended["tls"], ended["peer"]) == (
        "internal", "authenticated", "TLSv1.3", "store1")


def test_the_socket_is_for_our_own_user(pki, store):
    with nodes(1, [store.port], tls(), own(pki, "mx1")) as (node,):
        reached(node)
        path, = [f"{where}/{name}" for where, _, names in os.walk(node.folder) for name in names
                 if name == "cluster-1.sock"]
        assert os.stat(path).st_mode & 0o777 == 0o600
        ledger, = node.daemon.children()["ledger"]
        with open(f"/proc/{ledger}/status", encoding="ascii") as status:
            uid = [line.split()[1] for line in status if line.startswith("Uid:")][0]
        assert os.stat(path).st_uid == int(uid)


def test_a_store_of_another_name_is_not_believed(pki, store):
    with nodes(1, [store.port], tls("mx2"), own(pki, "mx1")) as (node,):
        said = node.daemon.wait("link cannot be made", link="cluster")
        assert said["end"] == "far" and "mismatch" in said["error"].lower()
        assert not cluster_of(node)["reached"]
        assert crowd(node.ports, 8) == 8  # and all goes on without it


def test_a_node_without_a_good_certificate_is_refused_by_the_store(pki, store):
    other = Pki(pki.dir + "-other")
    other.run("init")
    other.run("issue", "mx1")
    with open(pki.path("ca.crt"), encoding="ascii") as roots:
        with open(other.node("mx1") + "/ca.crt", "w", encoding="ascii") as out:
            out.write(roots.read())
    with nodes(1, [store.port], tls(), own(other, "mx1")) as (node,):
        said = node.daemon.wait("link cannot be made", link="cluster")
        assert said["end"] == "far" and "unknown CA" in said["error"]
        assert not cluster_of(node)["reached"]


def test_a_store_that_was_revoked_is_left(pki):
    pki.run("issue", "store2")
    with stores.alone(tls=pki.node("store2")) as store:
        with nodes(1, [store.port], tls("store2"), own(pki, "mx1")) as (node,):
            reached(node)
            pki.run("revoke", "store2")
            with open(pki.path("denied"), encoding="ascii") as denied:
                with open(pki.node("mx1") + "/denied", "w", encoding="ascii") as out:
                    out.write(denied.read())
            node.daemon.wait("link ends, for the other host was revoked", timeout=60)
            reached(node, False)


def test_it_comes_back_and_an_end_waits_for_nobody(pki, store):
    with nodes(1, [store.port], tls(), own(pki, "mx1")) as (node,):
        reached(node)
        store.kill()
        reached(node, False)
        store.start()
        reached(node, timeout=30)
        node.daemon.ctl("drain")
        assert wait_until(lambda: node.daemon.process.poll() is not None, 20)


def test_config_check_and_show(tmp_path, pki):
    path = tmp_path / "mailseal.conf"
    text = (f'hostname = "a.example"; pki = {{ dir = "{pki.node("mx1")}"; }};\n'
            'backend = { m = { address = ["127.0.0.1:1"]; client_info = "proxy"; }; };\n'
            'edge = { m = { protocol = "smtp"; listen = ["127.0.0.1:2"]; backend = "m"; }; };\n')

    def said(cluster, what="check"):
        path.write_text(text + f'cluster = {{ {cluster} }};\n')
        done = subprocess.run([BINARY, "config", what, "-c", str(path)], capture_output=True,
                              text=True, timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr
    code, out = said('servers = ["10.0.0.5:6379"];')
    assert code == 1 and "in clear" in out and "tls" in out
    code, out = said('servers = ["unix:/run/redis.sock"]; ' + tls())
    assert code == 1 and "no place to speak TLS to" in out
    code, out = said('servers = ["10.0.0.5:6379"]; tls = { verify = "internal"; };')
    assert code == 1 and "cluster.tls.peer" in out
    code, out = said('servers = ["10.0.0.5:6379", "redis.int.example.org:6379"]; ' + tls(), "show")
    assert code == 0 and "redis.int.example.org:6379" in out
    assert "link = {" not in out
