"""Two real Dovecots behind one edge: one is stopped and started again while clients come and go."""
import imaplib
import os
import pathlib
import ssl
import tempfile
import threading
import time

import pytest

from daemon import Daemon, make_certificate, wait_until
from inside import Network
from inside_mail import Dovecot
from labtools import setns

FRONT, STORES = "10.9.0.1", ("10.9.0.2", "10.9.0.3")
CLIENTS, PASSWORD = 8, "s3cret-Pw"
PROXIED = """
haproxy_trusted_networks = 10.9.0.0/24
service imap-login {
  inet_listener proxied {
    port = 10143
    haproxy = yes
  }
}
"""
CONFIG = """workers = 2; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ handshakes_per_second = 0; }};
backend = {{ store = {{ address = [{addresses}]; balance = "least"; accept = ["plain"];
    health_interval = "500ms"; health_timeout = "5s"; }}; }};
edge = {{ imap = {{ protocol = "imap"; listen_tls = ["{front}:993"]; backend = "store"; }}; }};
"""


class Load:
    """Clients that read their mail again and again; what went wrong, and when the session began."""

    def __init__(self, host):
        self.host, self.stop, self.lock = host, threading.Event(), threading.Lock()
        self.began, self.errors, self.well = {}, [], 0
        self.threads = [threading.Thread(target=self.client, args=(n,), daemon=True)
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def session(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with imaplib.IMAP4_SSL(FRONT, 993, ssl_context=context, timeout=30) as client:
            client.login("alice", PASSWORD)
            assert client.select()[0] == client.noop()[0] == "OK"

    def client(self, number):
        with open(f"/proc/{self.host.pid}/ns/net", "rb") as there:
            setns(there.fileno())
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self.session()
            except (OSError, EOFError, AssertionError, imaplib.IMAP4.error) as error:
                with self.lock:
                    self.errors.append((began, f"client {number}: {error!r}"))
            else:
                with self.lock:
                    self.well += 1

    def goes_on(self, count=40):
        """So many more sessions went well."""
        target = self.well + count
        assert wait_until(lambda: self.well >= target, 60), self.errors

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()





def store(host, address):
    return Dovecot(host, address, more=PROXIED)


def states(daemon):
    return [b["state"] for b in daemon.status()["backends"]]


def sessions(daemon):
    return [b["sessions"] for b in daemon.status()["backends"]]


@pytest.fixture
def scene():
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with tempfile.TemporaryDirectory() as folder, Network(folder) as net:
        os.chmod(folder, 0o755)
        front = net.host("front", FRONT)
        hosts = [net.host(f"store{n}", address) for n, address in enumerate(STORES)]
        servers = [store(host, address) for host, address in zip(hosts, STORES)]
        chain, key = make_certificate(folder)
        addresses = ", ".join(f'"{address}:10143"' for address in STORES)
        inner = pathlib.Path(folder, "mailseal")
        inner.mkdir()
        daemon = Daemon(inner, CONFIG.format(chain=chain, key=key, addresses=addresses, front=FRONT),
                        wrap=front.network).ready()
        try:
            yield front, hosts, servers, daemon
        finally:
            daemon.close()


def test_who_is_on_the_dead_server_alone_notices(scene):
    front, hosts, servers, daemon = scene
    assert wait_until(lambda: states(daemon) == ["up", "up"], 30)
    load = Load(front)
    try:
        load.goes_on()
        assert not load.errors
        before = sessions(daemon)
        assert all(before)
        servers[0].close()
        stopped = time.monotonic()
        load.goes_on()
        assert wait_until(lambda: states(daemon) == ["down", "up"], 30)
        load.goes_on()
        late = [error for began, error in load.errors if began > stopped]
        assert not late, late
        # Started again, it gets clients again; nobody notices.
        after = sessions(daemon)
        known = len(load.errors)
        servers[0] = store(hosts[0], STORES[0])
        assert wait_until(lambda: states(daemon) == ["up", "up"], 30)
        load.goes_on()
        assert wait_until(lambda: sessions(daemon)[0] > after[0], 30)
        assert len(load.errors) == known, load.errors[known:]
    finally:
        load.end()
    # All that went wrong was under way when the server was stopped: one session a client at most.
    assert len(load.errors) <= CLIENTS
    print(f"{load.well} sessions, {len(load.errors)} were on the server that was stopped; "
          f"{sessions(daemon)} went to each")
    # Looks log nobody in.
    for server in servers:
        assert server.host.log(server.name).count("Login: user=<alice>") <= sum(sessions(daemon))
