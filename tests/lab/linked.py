"""Two hosts of an inside that have nothing between them but a link: clients on one, servers that
listen at loopback alone on the other. What crosses is captured, and mailseal watch reads it."""
import json
import os
import subprocess
import tempfile
from contextlib import contextmanager

import pytest

import links
from daemon import BINARY, wait_until
from inside import Network, end
from pkis import Pki

NEAR, FAR = "10.9.0.2", "10.9.0.3"
FIRST_PORT = 8001
MARK = b"all has crossed."


class Linked:
    """ways: name of a link -> (where clients connect, where the server is[, more of both ends]), as
    mailseal.conf writes addresses; {folder} in them is a folder that all see by this name. None for the
    server: it has TLS of its own and listens at FAR and the link's port. Ends with the with."""

    def __init__(self, folder, ways):
        self.folder, self.ways, self.pcap = str(folder), ways, f"{folder}/crossed.pcap"
        self.ports = {name: FIRST_PORT + number for number, name in enumerate(ways)}
        self.daemons, self.capture = [], None

    def __enter__(self):
        self.net = Network(self.folder).__enter__()
        try:
            self.near, self.far = self.net.host("imap1", NEAR), self.net.host("db1", FAR)
            self.capture = self.captured()
            self.pki = Pki(self.folder + "/ca")
            self.pki.run("init")
            self.far_end = self.daemon(self.far, "far", self.far_links())
            self.near_end = self.daemon(self.near, "near", self.near_links())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.close()
        self.net.__exit__()

    def captured(self):
        hub = self.net.hub
        process = hub.start("tcpdump", ["tcpdump", "-Z", "root", "-i", "bridge", "--immediate-mode", "-B", "65536",
                                        "-s", "200", "-U", "-w", self.pcap])
        assert wait_until(lambda: "listening on" in hub.log("tcpdump"), 30), hub.log("tcpdump")
        return process

    def daemon(self, host, name, groups):
        self.pki.run("issue", host.name)
        made = links.host(self.folder, name + "-end", self.pki.node(host.name), groups, wrap=host.network)
        self.daemons.append(made)
        return made.ready()

    def text(self, address):
        return address.format(folder=self.folder)

    def near_links(self):
        return {name: f'listen = "{self.text(way[0])}"; to = "{FAR}:{self.ports[name]}"; peer = "db1"; '
                      f'{"".join(way[2:])} ' + ('mode = "0666";' if way[0].startswith("unix:") else "")
                for name, way in self.ways.items()}

    def far_links(self):
        return {name: f'listen_tls = "{FAR}:{self.ports[name]}"; to = "{self.text(way[1])}"; peer = "imap1"; '
                      f'{"".join(way[2:])}' for name, way in self.ways.items() if way[1]}

    def reload(self):
        """Both ends, to settings that differ."""
        for daemon, groups in ((self.far_end, self.far_links()), (self.near_end, self.near_links())):
            host = self.far if daemon is self.far_end else self.near
            daemon.write(links.config(self.pki.node(host.name), {
                name: text + ' connect_timeout = "9s";' for name, text in groups.items()}))
            done = daemon.ctl("reload")
            assert done.returncode == 0, done.stdout + done.stderr

    def carried(self, name, after=(0, 0)):
        """A connection of this link ended well at both ends, in TLS, with both names known."""
        for daemon, seen in zip((self.near_end, self.far_end), after):
            ended = daemon.wait("link ended", 30, seen, link=name, outcome="ok")
            assert (ended["seal"], ended["tls"]) == ("authenticated", "TLSv1.3"), ended

    def seen(self):
        """How much both logs have said, for carried()."""
        return len(self.near_end.events), len(self.far_end.events)

    def captured_bytes(self):
        with open(self.pcap, "rb") as file:
            return file.read()

    def crossed(self):
        """What watch says of all that crossed between the hosts: port -> its rows."""
        self.near.run("ping", "-c", "1", "-p", MARK.hex(), FAR)  # a capture that is ended forgets what it has not read
        assert wait_until(lambda: MARK in self.captured_bytes(), 60)
        end(self.capture)
        assert "\n0 packets dropped by kernel" in self.net.hub.log("tcpdump"), self.net.hub.log("tcpdump")
        done = subprocess.run([BINARY, "watch", "-r", self.pcap, "--as", "network", "--json"],
                              capture_output=True, text=True, timeout=300, check=False)
        rows = {}
        for line in map(json.loads, done.stdout.splitlines()):
            if line["type"] == "service":
                rows.setdefault(line["port"], []).append(line)
        assert done.returncode == 0, (done.stderr, rows)
        return rows

    def only_sealed_crossed(self):
        """Nothing went between the hosts but TLS 1.3 of the links that are named; all of them did."""
        rows = self.crossed()
        for row in sum(rows.values(), []):
            assert (row["verdict"], row["version"]) == ("tls", "TLS 1.3"), row
            assert {row["client"], row["server"]} == {NEAR, FAR}, row
        names = {number: name for name, number in self.ports.items()}
        assert {names.get(port, port) for port in rows} == set(self.ports), rows


@contextmanager
def linked_by(ways):
    """The hosts of a test file: see Linked."""
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Linked(folder, ways) as linked:
            yield linked
