"""Hosts of a provider's inside: each a namespace of its own (network, files, processes) whose root is
the Debian tree "inside" with a layer in memory on top, so that many tests use the tree at once and none
changes it. The servers are in inside_stores.py, inside_mail.py and inside_more.py:

    with Network(folder) as net:
        db, mx = net.host("db", "10.9.0.3"), net.host("mx", "10.9.0.2")
        MariaDB(db, address="10.9.0.3", tls=db.certificate(), user="mail", password="secret")
        mx.run("mariadb", "-h", "10.9.0.3", "-u", "mail", "-psecret", "-e", "select 1")
        subprocess.Popen(mx.network([BINARY, "watch", ...]))    # of this machine, in mx's network

Ends with the with: every process that runs in a host ends with it. Needs root.
"""
import functools
import ipaddress
import itertools
import os
import shlex
import signal
import subprocess
import time

from daemon import ROOT, wait_until

TREE = "inside"
READY_SECONDS = 60
# Runs in namespaces of its own; argv: folder tree name shared. It ends when its standard input does, so no
# process of a host outlives the test.
FIRST_PROCESS = r"""
set -eu
. "$0/lib.sh"
folder=$1 layer=$1/layer root=$1/layer/root
mount -t tmpfs -o mode=755,size=2g inside "$layer"
mkdir "$layer"/{root,tree,etc,var,work}
mkdir "$layer"/work/{tree,etc,var}
over() { # WHAT LAYER WHERE
	mount -t overlay -o "lowerdir=$1,upperdir=$layer/$2,workdir=$layer/work/$2" inside "$3"
}
over "$2" tree "$root"
mount -t proc proc "$root/proc"
devices "$root/dev"
mkdir -p "$root$4" "$root/old" "$root/machine"
mount --bind "$4" "$root$4"
mount --rbind / "$root/machine"
over /etc etc "$root/machine/etc"
over /var var "$root/machine/var"
mount -t tmpfs inside "$root/machine/run"
mount -t proc proc "$root/machine/proc"
hostname "$3"
cd "$root"
pivot_root . old
umount -l /old
rmdir /old
touch "$folder/ready"
exec perl -e '$SIG{CHLD} = "IGNORE"; while (<STDIN>) {}'
"""
ENVIRONMENT = {"HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
               "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


@functools.cache
def tree(name=TREE):
    """The tree's folder, made if need be."""
    subprocess.run([os.path.join(ROOT, "lab", "tree"), name], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(ROOT, "lab", "trees", name)


def child_of(pid):
    """The process id of the only child, or None."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        words = children.read().split()
    return int(words[0]) if words else None


def end(process, seconds=15):
    """A process of Host.start: the one that runs inside it is told, and killed if it goes on."""
    if process.poll() is None:
        pid = child_of(process.pid)
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                if pid:
                    os.kill(pid, number)
                process.wait(seconds)
                break
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                continue
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode


class Host:
    """One host. shared (its folder if not said) has the same name in there and out here: what has to
    be seen from both (sockets, keys, logs) lies in it."""

    def __init__(self, folder, name, shared=None, root=TREE):
        self.folder, self.name, self.address, self.servers = str(folder), name, None, []
        os.makedirs(self.path("layer"))
        os.chmod(self.folder, 0o755)
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "bash", "-c",
             FIRST_PROCESS, os.path.join(ROOT, "lab"), self.folder, tree(root), name, shared or self.folder],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not wait_until(lambda: self.process.poll() is not None or os.path.exists(self.path("ready")), READY_SECONDS):
            raise AssertionError(f"host {name} does not begin")
        assert self.process.poll() is None, self.process.stderr.read()
        self.pid = child_of(self.process.pid)
        subprocess.run(self.network(["ip", "link", "set", "lo", "up"]), check=True)
        self.write("/etc/hosts", f"127.0.0.1 localhost {name} {name}.test\n::1 localhost\n")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def network(self, argv):
        """What runs argv with this machine's files in the host's network."""
        return ["nsenter", "-t", str(self.pid), "--net", "--", *map(str, argv)]

    def beside(self, argv):
        """The same, but what it has in /etc, /var and /run is the host's own: for mailseal."""
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--pid", "--uts", "--ipc", "--",
                "chroot", "/machine", *map(str, argv)]

    def inside(self, argv):
        """What runs argv in the host, as everything in there runs."""
        clean = ["env", "-i", *(f"{key}={value}" for key, value in ENVIRONMENT.items())]
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--pid", "--uts", "--ipc", "--",
                *clean, *map(str, argv)]

    def done(self, *argv, timeout=60, **more):
        """A client or tool of the tree, whatever comes of it."""
        return subprocess.run(self.inside(argv), text=True, timeout=timeout, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **{"stdin": subprocess.DEVNULL, **more} if "input" not in more else more)

    def run(self, *argv, **more):
        """The output of one that succeeds."""
        done = self.done(*argv, **more)
        assert done.returncode == 0, f"{shlex.join(map(str, argv))} in {self.name}: {done.stdout}"
        return done.stdout

    def start(self, name, argv):
        """A process that stays; what it says is in name.log of the folder. See end()."""
        with open(self.path(name + ".log"), "ab") as log:
            return subprocess.Popen(self.inside(argv), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=subprocess.STDOUT)

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def write(self, path, text, owner="root", mode=0o644):
        """A file of the host, with the folders that lead to it."""
        self.run("sh", "-ec", 'mkdir -p "$(dirname "$1")"; cat >"$1"; chown "$2" "$1"; chmod "$3" "$1"',
                 "sh", path, owner, f"{mode:o}", input=text)
        return path

    def listens(self, address, port):
        """Somebody accepts there, seen from the host."""
        ask = f"exec 3<>/dev/tcp/{address}/{port}"
        return self.done("timeout", "5", "bash", "-c", ask).returncode == 0

    def certificate(self, *names):
        """Of a CA of the host's own: (chain, key, CA), files in the folder that all may read."""
        return certificate(self.folder, self.name, *(self.address and [self.address] or []), *names)

    def close(self):
        """The kernel ends what runs in it with the first process."""
        self.process.stdin.close()
        self.process.wait(30)
        for server in self.servers:
            server.close()
        self.process.stderr.close()


def certificate(folder, name, *names):
    """(chain, key, CA): files that everybody may read."""
    chain, key, ca = (os.path.join(folder, name + end) for end in (".pem", ".key", ".ca.pem"))
    alternative = ",".join(("IP:" if is_address(n) else "DNS:") + n for n in (name, "localhost", "127.0.0.1", *names))
    new = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "30"]
    for argv in ([*new, "-subj", "/CN=CA of " + name, "-keyout", ca + ".key", "-out", ca],
                 [*new, "-subj", "/CN=" + name, "-keyout", key, "-out", chain, "-CA", ca, "-CAkey", ca + ".key",
                  "-addext", "subjectAltName=" + alternative, "-addext", "basicConstraints=CA:FALSE"]):
        subprocess.run(argv, check=True, capture_output=True)
    os.chmod(key, 0o644)
    return chain, key, ca


def is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


class Network:
    """Hosts on one bridge, which is in a host of its own (hub): there everything crosses, on the
    interface "bridge"."""

    def __init__(self, folder, prefix=24):
        self.folder, self.prefix, self.hosts = str(folder), prefix, []
        self.hub = Host(os.path.join(self.folder, "hub"), "hub", self.folder)
        self.ip(self.hub, "link", "add", "bridge", "type", "bridge")
        self.ip(self.hub, "link", "set", "bridge", "up")

    @staticmethod
    def ip(host, *words):
        subprocess.run(host.network(["ip", *words]), check=True)

    def host(self, name, *addresses, root=TREE):
        """addresses: IPv4 with the network's prefix, IPv6 with /64."""
        host = Host(os.path.join(self.folder, name), name, self.folder, root)
        self.hosts.append(host)
        host.address = addresses[0]
        self.ip(self.hub, "link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", str(host.pid))
        self.ip(self.hub, "link", "set", "dev", name, "master", "bridge", "up")
        for address in addresses:
            words = [address + "/64", "nodad"] if ":" in address else [f"{address}/{self.prefix}"]
            self.ip(host, "address", "add", words[0], "dev", "eth0", *words[1:])
        self.ip(host, "link", "set", "eth0", "up")
        for one in self.hosts:
            one.write("/etc/hosts", "".join(f"{h.address} {h.name} {h.name}.test\n" for h in self.hosts)
                      + "127.0.0.1 localhost\n::1 localhost\n")
        return host

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for host in [*reversed(self.hosts), self.hub]:
            host.close()


class Server:
    """A server in a host, until close(); made, it answers. Each says what is its port, which files
    it needs (prepare), what is run (argv) and how one sees that it answers (answers)."""
    port = None
    numbers = itertools.count(1)

    def __init__(self, host, address="127.0.0.1", port=None, tls=None, user="mail", password="s3cret-Pw"):
        """tls: what certificate() returned, or None: it speaks plain alone."""
        self.host, self.address, self.tls, self.user, self.password = host, address, tls, user, password
        self.port = self.port if port is None else port
        self.name = f"{type(self).__name__.lower()}-{next(self.numbers)}"
        self.process = None
        host.servers.append(self)
        self.prepare()
        self.process = host.start(self.name, self.argv())
        self.until_ready()

    def prepare(self):
        pass

    def argv(self):
        raise NotImplementedError

    def answers(self):
        return self.host.listens(self.address, self.port)

    def until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} does not answer ({ended}):\n{self.host.log(self.name)[-3000:]}")
            time.sleep(0.05)

    def key_of(self, owner):
        """The TLS key where its owner alone reads it, as some demand."""
        with open(self.tls[1], encoding="ascii") as key:
            return self.host.write(f"/etc/inside/{self.name}.key", key.read(), owner, 0o600)

    def close(self):
        """Its exit status."""
        return self.process and end(self.process)
