"""A tcp edge whose clients have to show a certificate of the internal CA; the dashboard behind one."""
import os
import socket
import ssl
import subprocess
import tempfile
from types import SimpleNamespace

import pytest

import peers
from daemon import BINARY, Daemon, free_ports, make_certificate
from pkis import Pki

NAMES = ("edge1", "alice", "bob", "carol", "old")


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="module")
def pki(folder):
    made = Pki(folder + "/ca")
    made.run("init")
    for name in NAMES:
        made.run("issue", name)
    made.run("revoke", "carol")
    for name in NAMES:
        with open(made.path("denied"), encoding="ascii") as denied:
            with open(made.node(name) + "/denied", "w", encoding="ascii") as out:
                out.write(denied.read())
    return made


@pytest.fixture(scope="module")
def started(folder, pki):
    dash, edge, plain, any_of_us = free_ports(4)
    own = folder + "/daemon"
    os.mkdir(own, 0o755)
    backend = peers.Backend(lambda reader, sock, session: sock.sendall(b"hello\n"))
    daemon = Daemon(own, f'''workers = 1; pki = {{ dir = "{pki.node("edge1")}"; }};
dashboard = {{ listen = "127.0.0.1:{dash}"; names = ["edge1.mailseal.internal"]; }};
backend = {{ dash = {{ address = "127.0.0.1:{dash}"; client_info = "none"; accept = ["no-client-info"]; }};
            any = {{ address = "127.0.0.1:{backend.port}"; client_info = "proxy"; }}; }};
edge = {{ dash = {{ protocol = "tcp"; listen_tls = "127.0.0.1:{edge}"; backend = "dash"; alpn = "http/1.1";
                  require_client_certificate = true; peer = ["alice", "carol", "old"]; }};
         any = {{ protocol = "tcp"; listen_tls = "127.0.0.1:{any_of_us}"; backend = "any";
                 require_client_certificate = true; }}; }};''').ready()
    yield SimpleNamespace(daemon=daemon, port=edge, any=any_of_us, backend=backend)
    daemon.close()
    backend.close()


def curl(pki, port, who=None, *more):
    shown = ["--cert", pki.node(who) + "/node.crt", "--key", pki.node(who) + "/node.key"] if who else []
    return subprocess.run(
        ["curl", "-sS", "--max-time", "30", "--cacert", pki.path("ca.crt"), *shown, *more, "--connect-to",
         f"edge1.mailseal.internal:{port}:127.0.0.1:{port}",
         f"https://edge1.mailseal.internal:{port}/"],
        capture_output=True, text=True, timeout=60, check=False)


def test_the_right_one_is_served(started, pki):
    """And the edge proves itself by this host's own certificate."""
    seen = len(started.daemon.events)
    done = curl(pki, started.port, "alice")
    assert done.returncode == 0, done.stderr
    assert "<!doctype html>" in done.stdout and "<footer><p>mailseal" in done.stdout
    came = started.daemon.wait("client proved who it is", after=seen)
    assert (came["edge"], came["names"]) == ("dash", "alice.mailseal.internal")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("who, why", [
    (None, "peer did not return a certificate"),
    ("bob", "hostname mismatch"),
    ("carol", "certificate revoked"),
])
def test_others_are_refused(started, pki, who, why, version):
    seen, mine = len(started.daemon.events), str(free_ports(1)[0])
    done = curl(pki, started.port, who, "--tlsv" + version, "--tls-max", version, "--local-port", mine)
    assert done.returncode != 0 and not done.stdout
    # By its port: others may end late.
    ended = started.daemon.wait("session ended", after=seen, edge="dash", port=mine)
    assert ended["outcome"] == "tls-failed" and why in ended["error"].lower()
    # Who knocks all day does not fill the log: one line stands for several.
    said = started.daemon.wait("client has no certificate that counts")
    assert said["edge"] == "dash" and said["mend"]


def test_a_stranger_with_a_certificate_of_another_ca(started, pki, folder):
    other = Pki(folder + "/other")
    other.run("init")
    other.run("issue", "alice")
    with open(pki.path("ca.crt"), encoding="ascii") as roots:
        with open(other.path("ca.crt"), "w", encoding="ascii") as out:
            out.write(roots.read())
    done = curl(other, started.port, "alice")
    assert done.returncode != 0 and not done.stdout


def test_nobody_comes_back_by_a_ticket(started, pki):
    """Resumption would skip the list of those revoked."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{started.port}", "-reconnect",
                           "-tls1_2", "-alpn", "http/1.1", "-cert", pki.node("alice") + "/node.crt",
                           "-key", pki.node("alice") + "/node.key"], input="", text=True,
                          capture_output=True, timeout=60, check=False)
    assert "New, TLSv1.2" in done.stdout and "Reused" not in done.stdout


def test_any_of_us_and_the_server_hears_who(started, pki):
    context = ssl.create_default_context(cafile=pki.path("ca.crt"))
    context.load_cert_chain(pki.node("bob") + "/node.crt", pki.node("bob") + "/node.key")
    with socket.create_connection(("127.0.0.1", started.any), 30) as raw:
        with context.wrap_socket(raw, server_hostname="edge1.mailseal.internal") as sock:
            assert sock.recv(100) == b"hello\n"
    assert b"bob.mailseal.internal" in started.backend.sessions[-1]["told"]["tls"]


def test_an_old_one_is_good_for_a_while_and_said(started, pki):
    pki.end_days_ago("old", 2)
    seen = len(started.daemon.events)
    done = curl(pki, started.port, "old")
    assert done.returncode == 0, done.stderr
    said = started.daemon.wait("certificate of one of our hosts has expired and is accepted for now",
                               after=seen)
    assert (said["level"], said["edge"]) == ("error", "dash")


def test_a_list_that_is_new_counts_at_once(started, pki):
    assert curl(pki, started.port, "alice").returncode == 0
    pki.run("revoke", "alice")
    seen = len(started.daemon.events)
    with open(pki.path("denied"), encoding="ascii") as denied:
        with open(pki.node("edge1") + "/denied", "w", encoding="ascii") as out:
            out.write(denied.read())
    assert started.daemon.ctl("reload").returncode == 0
    started.daemon.wait("configuration reloaded", after=seen)
    assert curl(pki, started.port, "alice").returncode != 0


def test_config_check_says_what_does_not_fit(tmp_path):
    path = tmp_path / "mailseal.conf"
    chain, key = make_certificate(str(tmp_path))
    path.write_text(f'certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
                    'backend = { b = { address = "127.0.0.1:1"; client_info = "proxy"; }; };\n'
                    'edge = { a = { protocol = "tcp"; listen_tls = "127.0.0.1:2"; backend = "b";\n'
                    '               peer = "alice"; }; };\n')
    done = subprocess.run([BINARY, "config", "check", "-c", str(path)], capture_output=True, text=True,
                          timeout=20, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and f"{path}:4" in said and "require_client_certificate" in said
