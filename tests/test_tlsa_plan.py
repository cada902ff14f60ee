"""A key is changed by plan alone: when the next key's TLSA record was everywhere for two TTLs."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest

import peers
from daemon import BINARY, Daemon, free_ports, make_certificate, wait_until
from names import A, NS, NameServer, wire
from test_tlsa import HOST, Zone, der, kept_out, put, record, served

PATIENCE = 60
SERVERS = "127.0.0.2", "127.0.0.3"

CONFIG = '''witness_every = "1s"; workers = 1;
resolver = {{ forward = ["{vouching}"]; trust_ad = true; }};
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ imap = {{ address = ["127.0.0.1:{backend}"]; client_info = "proxy"; }}; }};
edge = {{ mail = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{port}"]; backend = "imap";
                   hostname = "{host}"; }}; }};
'''


class TwoServers:
    """The zone of HOST at two servers, and the resolver that the daemon believes."""

    def __init__(self):
        self.zones = [Zone(), Zone()]
        self.servers = [NameServer(zone.say, has_zone=True, at=(address, 53))
                        for zone, address in zip(self.zones, SERVERS)]
        self.vouching = NameServer(self.resolve, vouches=True)
        for server in (*self.servers, self.vouching):
            server.ttl = 1

    def resolve(self, name, kind):
        """What the first server has, and who they are."""
        if kind == NS and name == HOST:
            return 0, [wire(f"ns{i}.{HOST}") for i in range(len(SERVERS))]
        if kind == A and name.startswith("ns"):
            return 0, socket.inet_aton(SERVERS[int(name[2])])
        return self.zones[0].say(name, kind)

    def publish(self, *records, zones=(0, 1)):
        for number in zones:
            self.zones[number].records = list(records)

    def close(self):
        for server in (*self.servers, self.vouching):
            server.close()


class Rolling:
    """A daemon whose certificate has its TLSA record at both servers of the zone."""

    def __init__(self, folder):
        self.folder = folder
        self.dns = TwoServers()
        self.publish, self.vouching = self.dns.publish, self.dns.vouching
        self.backend = peers.Backend(peers.imap)
        self.first = make_certificate(folder, "first", host=HOST)
        self.pair = f"{folder}/mx.pem", f"{folder}/mx.key"
        put(self.first, self.pair)
        self.publish(record(self.first[0]))
        self.port, = free_ports(1)
        self.daemon = Daemon(folder, CONFIG.format(
            vouching=self.vouching.address, host=HOST, chain=self.pair[0], key=self.pair[1],
            backend=self.backend.port, port=self.port))
        self.own = pathlib.Path(folder, "state/certificates/mx")
        self.daemon.ready()
        self.vouching.wait(lambda asked: asked, PATIENCE)

    def tlsa(self, *words):
        return subprocess.run([BINARY, "tlsa", "-c", self.daemon.config, *words],
                              capture_output=True, text=True)

    def state(self):
        done = self.tlsa("status", "--json")
        assert done.returncode == 0, done.stderr
        plans = json.loads(done.stdout)
        return plans[0] if plans else {"state": "none", "why": ""}

    def comes_to(self, *states):
        assert wait_until(lambda: self.state()["state"] in states, PATIENCE), self.state()

    def plan(self):
        done = self.tlsa("plan", "--json")
        assert done.returncode == 0, done.stderr
        return next(bytes.fromhex(r["data"]) for r in json.loads(done.stdout)["records"]
                    if r["key"] == "next key" and r["port"] == self.port and r["host"] == HOST)

    def sign(self):
        """What the operator's CA makes of next.csr."""
        chain = f"{self.folder}/signed.pem"
        subprocess.run(["openssl", "x509", "-req", "-in", self.own / "next.csr", "-CA",
                        self.first[0], "-CAkey", self.first[1], "-days", "30", "-out", chain,
                        "-copy_extensions", "copy"], check=True, capture_output=True)
        key = f"{self.folder}/signed.key"
        shutil.copy(self.own / "next.pem", key)
        return chain, key

    def close(self):
        try:
            assert self.daemon.close() == 0
        finally:
            self.backend.close()
            self.dns.close()


@pytest.fixture
def rolling():
    with tempfile.TemporaryDirectory(prefix="mailseal-plan-") as folder:
        os.chmod(folder, 0o777)
        rolling = Rolling(folder)
        try:
            yield rolling
        finally:
            rolling.close()


def test_a_key_is_switched_when_its_record_is_at_all_servers(rolling):
    digest = rolling.plan()
    assert (rolling.own / "next.pem").stat().st_mode & 0o777 == 0o600
    old, new = record(rolling.first[0]), b"\3\1\1" + digest
    second = rolling.sign()
    assert record(second[0]) == new
    put(second, rolling.pair)  # too early: its record is nowhere
    assert wait_until(lambda: kept_out(rolling.daemon), PATIENCE)
    assert "planned one" in kept_out(rolling.daemon)[0]["text"]
    rolling.publish(old, new, zones=[0])
    assert wait_until(lambda: SERVERS[1] in rolling.state()["why"], PATIENCE), \
        rolling.state()
    assert rolling.state()["state"] == "planned"
    assert served(rolling.port) == der(rolling.first[0])

    rolling.daemon.close()  # a restart with the plan under way, and the old pair
    put(rolling.first, rolling.pair)
    rolling.daemon.start()
    rolling.daemon.ready()
    assert rolling.state()["state"] == "planned"
    put(second, rolling.pair)
    assert wait_until(lambda: kept_out(rolling.daemon), PATIENCE)

    rolling.publish(old, new, zones=[1])
    assert wait_until(lambda: served(rolling.port) == der(second[0]), PATIENCE)
    rolling.comes_to("switched", "over")
    assert wait_until(lambda: not kept_out(rolling.daemon), PATIENCE)
    rolling.comes_to("over")
    assert "old key's records" in rolling.state()["todo"]
    assert rolling.tlsa("abort").returncode == 1


def test_a_record_that_goes_again_begins_the_wait_anew(rolling):
    old, new = record(rolling.first[0]), b"\3\1\1" + rolling.plan()
    rolling.publish(old, new)
    rolling.comes_to("seen", "ripe")
    rolling.publish(old)
    rolling.comes_to("planned")
    rolling.publish(old, new)
    rolling.comes_to("ripe")
    assert "in place now" in rolling.state()["todo"]
    assert "rollover: certificate mx: ripe" in rolling.daemon.ctl("status").stdout


def test_a_plan_is_taken_back(rolling):
    rolling.plan()
    assert rolling.tlsa("plan").returncode == 1
    assert rolling.tlsa("abort", "mx").returncode == 0
    assert rolling.state()["state"] == "none"
    assert not list(rolling.own.iterdir())
    shown = rolling.tlsa("show")
    assert shown.returncode == 0 and "next key" not in shown.stdout
    assert f"_{rolling.port}._tcp.{HOST}. IN TLSA 3 1 1 " in shown.stdout
    assert rolling.tlsa("abort", "mx").returncode == 1
    assert rolling.tlsa("abort", "other").returncode == 2


def test_a_damaged_plan_is_said_and_taken_back(rolling):
    rolling.plan()
    rolling.daemon.close()
    (rolling.own / "rollover").write_text("what is this\n")
    rolling.daemon.start()
    rolling.daemon.ready()
    assert rolling.state()["state"] == "damaged"
    said = [e for e in rolling.daemon.events
            if e.get("event") == "a rollover cannot go on, its file is damaged"]
    assert said and said[0]["file"] == str(rolling.own / "rollover"), said
    shown = rolling.tlsa("show")
    assert shown.returncode == 1 and str(rolling.own / "rollover") in shown.stderr
    assert rolling.tlsa("plan").returncode == 1
    assert rolling.tlsa("abort").returncode == 0
    rolling.plan()
