"""Links to far ends that are named: by DNS and by the hosts file, old addresses while nobody answers,
new ones without a restart."""
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time

import pytest

import links
from daemon import BINARY, free_ports, wait_until
from links import folder, pki  # noqa: F401 (fixtures)
from names import A, ANCHOR, NXDOMAIN, SERVFAIL, NameServer

PATIENCE = 60


class Names(NameServer):
    """Of addresses: those in table, by name. A name that is not there does not exist."""
    ttl = 1

    def __init__(self):
        self.table, self.is_broken = {}, False
        super().__init__(self.answer)

    def answer(self, name, kind):
        if self.is_broken:
            return SERVFAIL, None
        addresses = self.table.get(name)
        if addresses is None:
            return NXDOMAIN, None
        if addresses == "silence":
            return None
        return 0, [socket.inet_aton(one) for one in addresses] if kind == A else None


numbers = itertools.count()


class Made:
    """Name server, hosts file, and daemons that end with the test."""

    def __init__(self, stack, folder, pki):
        self.stack, self.pki, self.number = stack, pki, next(numbers)
        self.folder = f"{folder}/test-{self.number}"
        os.mkdir(self.folder, 0o755)
        self.names, self.count = Names(), itertools.count()
        stack.callback(self.names.close)
        self.hosts = self.folder + "/hosts"
        self.hosts_write("127.0.0.1 localhost\n")
        with open(self.folder + "/anchor", "w", encoding="ascii") as out:
            out.write(ANCHOR)

    def hosts_write(self, text):
        with open(self.hosts + ".new", "w", encoding="ascii") as out:
            out.write(text)
        os.rename(self.hosts + ".new", self.hosts)

    def host(self, node, text):
        more = (f'resolver = {{ forward = "{self.names.address}"; hosts_file = "{self.hosts}"; '
                f'trust_anchor = "{self.folder}/anchor"; }};')
        daemon = links.host(self.folder, f"host-{next(self.count)}", self.pki.node(node),
                            {"link": text}, more)
        self.stack.callback(daemon.close)
        return daemon.ready()

    def service(self, text):
        service = links.Service(lambda sock: (sock.sendall(text), links.read_all(sock))[1])
        self.stack.callback(service.close)
        return service

    def far(self, address, port, service, node="db1"):
        return self.host(node, f'listen_tls = "{address}:{port}"; peer = "imap1"; '
                               f'to = "127.0.0.1:{service.port}";')

    def near(self, to, more=""):
        port, = free_ports(1)
        near = self.host("imap1", f'listen = "127.0.0.1:{port}"; to = [{to}]; peer = "db1"; {more}')
        near.port = port
        return near


@pytest.fixture
def made(folder, pki):
    with contextlib.ExitStack() as stack:
        yield Made(stack, folder, pki)


def says(near):
    """What the service of the far end says to who connects; b"": refused."""
    try:
        with socket.create_connection(("127.0.0.1", near.port), 60) as sock:
            return sock.recv(100)
    except ConnectionError:
        return b""


def shown(daemon):
    return {one["name"]: one for one in daemon.status()["hosts"]}


def test_all_addresses_of_a_name_have_their_turn(made):
    port, = free_ports(1)
    made.names.table["db1.example"] = ["127.0.3.1", "127.0.3.2"]
    made.far("127.0.3.2", port, made.service(b"hello"))
    near = made.near(f'"db1.example:{port}"')
    for _ in range(3):
        assert says(near) == b"hello"
    failed = [e for e in near.events if e.get("event") == "target of a link cannot be used"]
    assert [e["address"] for e in failed] in ([], [f"db1.example:{port} (127.0.3.1)"])
    found = near.wait("host has these addresses", host="db1.example")
    assert found["by"] == "dns" and set(found["addresses"].split(",")) == {"127.0.3.1", "127.0.3.2"}
    assert wait_until(lambda: "db1.example" in shown(near))
    host = shown(near)["db1.example"]
    assert (host["by"], host["error"], len(host["addresses"])) == ("dns", "", 2)
    assert "host: db1.example is 127.0.3." in near.ctl("status").stdout
    assert near.wait("link ended")["to"] == f"db1.example:{port}"


def test_a_change_is_followed_without_a_restart(made):
    port, = free_ports(1)
    made.names.table["db1.example"] = ["127.0.3.1"]
    made.far("127.0.3.1", port, made.service(b"first"))
    made.far("127.0.3.2", port, made.service(b"second"))
    near = made.near(f'"db1.example:{port}"')
    with socket.create_connection(("127.0.0.1", near.port), 60) as old:
        assert old.recv(100) == b"first"
        made.names.table["db1.example"] = ["127.0.3.2"]
        assert wait_until(lambda: says(near) == b"second", PATIENCE)
        old.sendall(b"x")  # what is open stays where it is
        assert not [e for e in near.events if e.get("outcome") == "cut"]


def test_old_addresses_are_kept_while_dns_fails(made):
    """Also by a worker whose resolver died meanwhile."""
    port, = free_ports(1)
    made.names.table["db1.example"] = ["127.0.3.1"]
    made.far("127.0.3.1", port, made.service(b"hello"))
    near = made.near(f'"db1.example:{port}"')
    assert says(near) == b"hello"
    made.names.is_broken = True
    said = near.wait("host cannot be looked up", timeout=PATIENCE)
    assert (said["host"], said["addresses_kept"]) == ("db1.example", "1")
    assert says(near) == b"hello"
    assert wait_until(lambda: shown(near)["db1.example"]["error"])
    assert shown(near)["db1.example"]["addresses"] == ["127.0.3.1"]
    assert "and now: " in near.ctl("status").stdout
    os.kill(near.status()["resolver_pid"], signal.SIGKILL)
    near.wait("host cannot be looked up", timeout=PATIENCE, addresses_kept="0")
    assert says(near) == b"hello"
    made.names.is_broken = False
    near.wait("host has these addresses", timeout=PATIENCE, after=near.events.index(said))


def test_the_hosts_file_comes_first_and_is_followed(made):
    """By a worker that has no files, nor has the resolver."""
    port, = free_ports(1)
    made.names.table["db1.example"] = ["127.0.3.9"]
    made.hosts_write("127.0.3.1  db1.int.example DB1.example # here\n")
    made.far("127.0.3.1", port, made.service(b"first"))
    made.far("127.0.3.2", port, made.service(b"second"))
    near = made.near(f'"db1.example:{port}"')
    assert says(near) == b"first"
    assert "db1.example" not in made.names.asked
    assert wait_until(lambda: shown(near)["db1.example"]["by"] == "file")
    made.hosts_write("127.0.3.2 db1.example\n")
    assert wait_until(lambda: says(near) == b"second", PATIENCE)


def test_a_name_that_does_not_exist_is_said_at_once(made):
    near = made.near('"nowhere.example:8306"')
    near.wait("host cannot be looked up", host="nowhere.example")
    assert says(near) == b""
    said = near.wait("link cannot be made")
    assert (said["end"], said["address"]) == ("far", "nowhere.example:8306")
    assert said["error"] == "there is no such name" and "DNS" in said["mend"]
    ended = near.wait("link ended")
    assert (ended["outcome"], ended["error"]) == ("unreachable", "there is no such name")


def test_who_waits_for_a_silent_dns_waits_no_longer_than_for_a_connection(made):
    """And then the targets that are known have their turn."""
    port, = free_ports(1)
    made.names.table["db1.example"] = "silence"
    made.far("127.0.3.1", port, made.service(b"hello"))
    near = made.near('"db1.example:8306"', 'connect_timeout = "1s";')
    began = time.monotonic()
    assert says(near) == b""
    assert 0.9 < time.monotonic() - began < 20
    said = near.wait("link cannot be made")
    assert said["error"] == "no answer of the resolver in time"
    both = made.near(f'"db1.example:8306", "127.0.3.1:{port}"', 'connect_timeout = "1s";')
    assert says(both) == b"hello"


def test_who_waits_for_a_name_gets_it(made):
    """Who comes before the first answer is parked, and others are not."""
    port, = free_ports(1)
    made.names.table["db1.example"] = "silence"
    made.far("127.0.3.1", port, made.service(b"hello"))
    near = made.near(f'"db1.example:{port}"', 'connect_timeout = "60s";')
    with socket.create_connection(("127.0.0.1", near.port), 60) as sock:
        made.names.wait(lambda asked: "db1.example" in asked)
        assert near.status()["sums"]["links_open"] == 1
        made.names.table["db1.example"] = ["127.0.3.1"]
        assert sock.recv(100) == b"hello"


def test_a_name_proves_nothing(made):
    """DNS leads to another host of ours: its certificate says who it is."""
    port, = free_ports(1)
    made.names.table["db1.example"] = ["127.0.3.1"]
    made.far("127.0.3.1", port, made.service(b"hello"), node="db2")
    near = made.near(f'"db1.example:{port}"')
    assert says(near) == b""
    said = near.wait("link cannot be made")
    assert said["end"] == "far" and "mismatch" in said["error"].lower()


@pytest.mark.parametrize("text, why", [
    ('listen = "127.0.0.1:1"; to = "10.0.0.300:8306";', "no address and no name"),
    ('listen = "127.0.0.1:1"; to = "db1:8306x";', "db1:8306x"),
    ('listen = "127.0.0.1:1"; to = "db_1..example:1";', "db_1..example"),
    ('listen = "localhost:1"; to = "db1.example:8306";', "a name is not looked up here"),
    ('listen_tls = "10.0.0.9:1"; to = "db1.example:3306";', "a name is not looked up here"),
    ('listen = "127.0.0.1:1"; to = "db1:1"; transparent = true; destination = ["db1:3306"];',
     "a name is not looked up here"),
])
def test_config_check_refuses_nonsense(tmp_path, text, why):
    path = tmp_path / "mailseal.conf"
    path.write_text(f'link = {{ a = {{ {text} peer = "db1"; }}; }};\n')
    done = subprocess.run([BINARY, "config", "check", "-c", str(path)], capture_output=True, text=True,
                          timeout=20, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and why in said and f"{path}:1" in said
