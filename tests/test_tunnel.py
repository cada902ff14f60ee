"""Backends behind a tunnel, which the kernel is asked about: refused, accepted, gone, back.

The kernel of the tests has neither WireGuard, MACsec nor ESP, so the link is a tun, which proves
nothing and has to be accepted. What the others answer is in src/tunnel/test_*.c: recorded where a
kernel could, else as its headers have it.
"""
import json
import os
import socket
import subprocess
import tempfile

import pytest

import networks
import peers
from daemon import BINARY, Daemon, Talk, free_ports, make_certificate, wait_until

GONE = "tunnel to a backend is gone, and the backend is not used"
UNPROVEN = "tunnel to a backend is not proven and counts as plain"
ENDS = "session ends, for its tunnel is gone"
ACCEPT = 'accept = ["unproven-tunnel"];'
BY_TUN = 'mode = "tunnel"; interface = "tun0";'

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/net/tun"),
                                reason="network namespaces and tun need root, and /dev/net/tun")


@pytest.fixture
def network():
    one = networks.Network()
    yield one
    one.close()


class Scene:
    """An IMAP and an SMTP edge, their servers on the far host."""

    def __init__(self, folder, network, tls, accept="", addresses=("10.9.0.2",)):
        os.chmod(folder, 0o755)
        self.network, self.folder = network, folder
        with network.far():
            self.imap = peers.Backend(peers.imap, host="0.0.0.0")
            self.smtp = peers.Backend(peers.smtp, host="0.0.0.0")
        self.ports = dict(zip(("imap", "smtp"), free_ports(2)))
        self.certificate = make_certificate(str(folder))
        self.addresses = addresses
        self.daemon = Daemon(folder, self.config(tls, accept)).ready()

    def config(self, tls, accept=""):
        def backend(name, port):
            where = ", ".join(f'"{a}:{port}"' for a in self.addresses)
            return f'{name} = {{ address = [{where}]; tls = {{ {tls} }}; {accept} }};'

        def edge(name):
            return (f'{name} = {{ protocol = "{name}"; listen = ["127.0.0.1:{self.ports[name]}"]; '
                    f'backend = "{name}"; }};')
        chain, key = self.certificate
        return (f'workers = 1; drain_timeout = "1s"; '
                f'certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
                f'backend = {{ {backend("imap", self.imap.port)}\n'
                f'{backend("smtp", self.smtp.port)} }};\n'
                f'edge = {{ {edge("imap")} {edge("smtp")} }};')

    def login(self):
        """A session that is in; or what it was told instead."""
        talk = Talk(self.ports["imap"])
        assert talk.line().startswith(b"* OK")
        talk.say(b"a STARTTLS\r\n")
        assert talk.line().startswith(b"a OK")
        talk.starttls().say(b"b LOGIN alice secret\r\n")
        said = talk.until(b"b ")
        return talk if b"b OK" in said else said

    def tunnels(self):
        return {(t["backend"], t["address"].split(":")[0]): t for t in self.daemon.status()["tunnels"]}

    def wait_for(self, state, backend="imap", address="10.9.0.2"):
        assert wait_until(lambda: self.tunnels()[backend, address]["state"] == state, 20), \
            self.tunnels()

    def said(self, event, timeout=15, after=0, **fields):
        return self.daemon.wait(event, timeout, after, **fields)

    def close(self):
        self.daemon.close()
        self.imap.close()
        self.smtp.close()


@pytest.fixture
def scene(network):
    made = []
    with tempfile.TemporaryDirectory() as folder:  # which the ledger can enter

        def make(*words, **named):
            made.append(Scene(folder, network, *words, **named))
            return made[0]
        yield make
        for one in made:
            one.close()


def is_refused(answer):
    return isinstance(answer, bytes) and b"UNAVAILABLE" in answer


def test_a_tun_proves_nothing(scene):
    one = scene(BY_TUN)
    told = one.said(GONE, backend="imap")
    assert (told["level"], told["interface"]) == ("error", "tun0")
    assert "(tun)" in told["fact"] and "unproven-tunnel" in told["mend"]
    assert is_refused(one.login())
    assert Talk(one.ports["smtp"]).reply().startswith(b"421 4.3.2")
    assert not one.imap.sessions and not one.imap.asks and not one.smtp.asks
    tunnel = one.tunnels()["imap", "10.9.0.2"]
    assert (tunnel["state"], tunnel["interface"]) == ("gone", "tun0")
    warning = next(w for w in one.daemon.status()["warnings"] if w["backend"] == "imap")
    assert "tunnel is gone" in warning["warning"] and "WireGuard" in warning["mend"]
    text = one.daemon.ctl("status").stdout
    assert f"tunnel: backend imap, 10.9.0.2:{one.imap.port} by tun0: gone, nothing shows" in text


def test_accepted_it_counts_as_plain(scene):
    one = scene(BY_TUN, ACCEPT)
    assert one.said(UNPROVEN, backend="imap")["level"] == "warn"
    talk = one.login()
    assert talk.say(b"c LOGOUT\r\n").until(b"c ").endswith(b"c OK bye\r\n")
    ended = one.said("session ended", edge="imap")
    assert ended["backend_tls"] == "unproven-tunnel" and ended["outcome"] == "ok"
    assert one.imap.sessions[0]["told"]["client"] == "127.0.0.1"
    assert one.tunnels()["imap", "10.9.0.2"]["state"] == "unproven"
    assert not any("tunnel" in w["warning"] for w in one.daemon.status()["warnings"])
    assert not one.network.crossed(b"secret")
    one.daemon.settle() and one.daemon.told()

    def counted():
        report = subprocess.run([BINARY, "report", "coverage", "--json", "-c", one.daemon.config],
                                capture_output=True, text=True, check=False)
        return '"backend"' in report.stdout and '"plain": 1' in report.stdout
    assert wait_until(counted)


def test_the_link_goes_and_comes_back(scene):
    one = scene(BY_TUN, ACCEPT)
    talk, mail = one.login(), Talk(one.ports["smtp"])
    for line in (b"", b"EHLO x.example\r\n", b"MAIL FROM:<a@example.net>\r\n"):
        assert mail.say(line).reply().startswith(b"2")
    networks.ip("link", "set", "tun0", "down")
    assert one.said(GONE, backend="imap")["mend"]
    one.said(ENDS, backend="imap")
    assert talk.is_closed() and mail.reply().startswith(b"421 4.3.2")
    assert one.said("session ended", edge="imap")["outcome"] == "backend-broken"
    assert is_refused(one.login())
    before = len(one.daemon.events)
    one.network.tunnel()
    one.said(UNPROVEN, after=before, backend="imap")
    again = one.login()
    assert again.say(b"c NOOP\r\n").until(b"c ") == b"c OK done\r\n"
    again.close()


def test_the_route_goes_by_another_interface(scene):
    """Nothing of the session that was there crosses the cable, though routes say that it should."""
    one = scene(BY_TUN, ACCEPT)
    talk = one.login()
    networks.ip("route", "add", "10.9.0.2/32", "via", "192.0.2.2", "dev", "eth0")
    talk.say(b"c NOOP never-in-clear\r\n")
    assert 'by "eth0"' in one.said(GONE, backend="imap")["fact"]
    one.said(ENDS, backend="imap")
    assert talk.is_closed() and is_refused(one.login())
    with socket.create_connection(("10.9.0.2", one.imap.port)) as witness:  # the cable works
        witness.sendall(b"by the cable\r\n")
        assert wait_until(lambda: one.network.crossed(b"by the cable"))
    assert not one.network.crossed(b"never-in-clear") and not one.network.crossed(b"secret")
    networks.ip("route", "del", "10.9.0.2/32", "via", "192.0.2.2", "dev", "eth0")
    one.wait_for("unproven")
    one.login().close()


def test_another_address_is_tried_first(scene):
    networks.ip("route", "add", "10.9.0.2/32", "via", "192.0.2.2", "dev", "eth0")
    one = scene(BY_TUN, ACCEPT, addresses=("10.9.0.2", "10.9.0.3"))
    states = {address: t["state"] for (backend, address), t in one.tunnels().items() if backend == "imap"}
    assert states == {"10.9.0.2": "gone", "10.9.0.3": "unproven"}
    one.login().close()
    assert one.said("session ended", edge="imap")["backend"] == f"10.9.0.3:{one.imap.port}"
    assert not one.network.crossed(b"secret")


def test_a_reload_that_takes_it_back(scene):
    one = scene(BY_TUN, ACCEPT)
    talk = one.login()
    one.daemon.write(one.config(BY_TUN))
    assert one.daemon.ctl("reload").returncode == 0
    one.said(GONE, backend="imap")
    assert talk.is_closed() and is_refused(one.login())
    before = len(one.daemon.events)
    one.daemon.write(one.config(BY_TUN, ACCEPT))
    assert one.daemon.ctl("reload").returncode == 0
    one.said("configuration reloaded", after=before)
    one.login().close()


@pytest.mark.skipif(subprocess.run(["ip", "xfrm", "policy"], capture_output=True, check=False).returncode,
                    reason="this kernel has no IPsec policies")
def test_ipsec_is_asked(scene):
    """Policies are the kernel's own here; SAs it has none, for want of ESP."""
    one = scene('mode = "tunnel";')
    assert "no IPsec policy covers what goes there" in one.said(GONE, backend="imap")["fact"]
    for direction, ends in (("out", ("10.9.0.1", "10.9.0.2")), ("in", ("10.9.0.2", "10.9.0.1"))):
        networks.ip("xfrm", "policy", "add", "src", ends[0], "dst", ends[1], "dir", direction,
                    "priority", "10", "tmpl", "proto", "esp", "mode", "transport")
    assert wait_until(lambda: "no IPsec SA" in one.tunnels()["imap", "10.9.0.2"]["fact"], 20)
    assert is_refused(one.login()) and not one.imap.sessions
    networks.ip("xfrm", "policy", "add", "src", "10.9.0.0/24", "dst", "10.9.0.0/24", "dir", "out",
                "priority", "1")
    assert wait_until(lambda: "in clear what goes there" in
                      one.tunnels()["imap", "10.9.0.2"]["fact"], 20)


def test_config_check_says_what_the_kernel_says(tmp_path, network):
    path = str(tmp_path / "m.conf")
    with open(path, "w", encoding="ascii") as out:
        out.write('hostname = "mail.example.org";\nbackend = {\n'
                  ' m = { address = ["10.9.0.2:25"]; tls = { mode = "tunnel"; interface = "wg0"; }; };\n'
                  ' n = { address = ["[fd09::2]:25"]; tls = { mode = "tunnel"; interface = "tun0"; }; }; };\n'
                  'edge = { e = { protocol = "smtp"; listen = ["127.0.0.1:25"]; backend = "m"; }; };')
    done = subprocess.run([BINARY, "config", "check", "--json", "-c", path], capture_output=True,
                          text=True, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and [f["level"] for f in found] == ["warning", "warning"], found
    assert found[0]["setting"] == "backend.m.tls" and found[0]["line"] == 3
    assert 'no interface "wg0"' in found[0]["message"] and "10.9.0.2:25" in found[0]["message"]
    assert "(tun)" in found[1]["message"] and "[fd09::2]:25" in found[1]["message"]
