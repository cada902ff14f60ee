"""Redis servers of a test: one alone, or six as a cluster, in a folder of their own and on loopback.
Debian's redis-tools have the server (redis-check-rdb is it, by its other name), and no service."""
import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile

from daemon import free_ports, wait_until

SERVER = "/usr/bin/redis-check-rdb"


class Store:
    """One server; start() again after kill() goes on with what is on its disk, if it keeps it."""

    def __init__(self, port, *options, tls=None):
        """tls: a node's directory, whose certificate it shows, and which clients have to match."""
        self.port, self.tls = port, tls
        self.options = options + (("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "yes",
                                   "--tls-cert-file", tls + "/node.crt", "--tls-key-file",
                                   tls + "/node.key", "--tls-ca-cert-file", tls + "/ca.crt",
                                   "--tls-cluster", "yes", "--tls-replication", "yes")
                                  if tls else ("--port", str(port)))
        self.folder = tempfile.mkdtemp(prefix="mailseal-store-")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--dir", self.folder,
             "--save", "", "--daemonize", "no", *self.options],
            executable=SERVER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_until(lambda: self.is_up()), "the store does not begin"
        return self

    def is_up(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def cli(self, *words, raw=False):
        tls = ["--tls", "--cert", self.tls + "/node.crt", "--key", self.tls + "/node.key", "--cacert",
               self.tls + "/ca.crt"] if self.tls else []
        done = subprocess.run(["redis-cli", "-p", str(self.port), *tls, *(["--raw"] if raw else []),
                               *words], capture_output=True, timeout=30, check=False)
        return done.stdout.decode(errors="replace").strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop_answering(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def alone(*options, tls=None):
    store = Store(free_ports(1)[0], *options, tls=tls)
    try:
        yield store
    finally:
        store.close()


def cluster_ports(count):
    """Ports whose bus (10,000 above) is free as well."""
    ports = []
    while len(ports) < count:
        port = free_ports(1)[0]
        if port + 10000 < 65536:
            with contextlib.suppress(OSError), socket.socket() as bus:
                bus.bind(("127.0.0.1", port + 10000))
                ports.append(port)
        else:
            with contextlib.suppress(OSError), socket.socket() as low:
                port = 20000 + port % 10000
                low.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


class Cluster:
    """Three masters and a replica of each."""

    def __init__(self):
        self.stores = [Store(port, "--cluster-enabled", "yes", "--cluster-node-timeout", "1500",
                             "--appendonly", "yes", "--appendfsync", "no")
                       for port in cluster_ports(6)]
        made = subprocess.run(
            ["redis-cli", "--cluster", "create", *(f"127.0.0.1:{s.port}" for s in self.stores),
             "--cluster-replicas", "1", "--cluster-yes"], capture_output=True, text=True,
            timeout=120, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        assert wait_until(self.is_well, 60)

    def is_well(self):
        return all("cluster_state:ok" in s.cli("cluster", "info") for s in self.stores
                   if s.process.poll() is None)

    def holder(self, key):
        """The master whose key that is."""
        for store in self.stores:
            if store.process.poll() is None and store.cli("role").startswith("master"):
                if not store.cli("exists", key).startswith("MOVED"):
                    return store
        raise AssertionError("nobody has it")

    def close(self):
        for store in self.stores:
            store.close()


@contextlib.contextmanager
def cluster():
    stores = Cluster()
    try:
        yield stores
    finally:
        stores.close()
