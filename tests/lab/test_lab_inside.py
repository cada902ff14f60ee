"""The way of mailseal-inside(7), command by command, in a provider's inside of real servers: watch finds
what is plain, the links that it printed are put in place, and watch finds nothing."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

from daemon import BINARY, ROOT, parse_line, wait_until
from inside import child_of
from inside_scene import ADDRESS, PASSWORD, Inside

PLAIN = [  # protocol, host, port, transport, verdict, the clients
    ("lmtp", "store", 24, "tcp", "plaintext", {"mx"}),
    ("doveadm", "store", 2425, "tcp", "plaintext+password", {"mx"}),
    ("mysql", "db", 3306, "tcp", "plaintext", {"mx", "store"}),
    ("redis", "db", 6379, "tcp", "plaintext+password", {"filter"}),
    ("ldap", "db", 389, "tcp", "plaintext+password", {"mx"}),
    ("milter", "filter", 8891, "tcp", "plaintext", {"mx"}),
    ("milter", "filter", 11332, "tcp", "plaintext", {"mx"}),
    ("syslog", "log", 514, "tcp", "plaintext", {"mx"}),
    ("syslog", "log", 514, "udp", "plaintext", {"store"}),
]
NAMES = {address: name for name, address in ADDRESS.items()}
CONFIG = "/etc/mailseal/mailseal.conf"
SECONDS = 60


def page():
    """The page as it reads, and its commands: (host, words)."""
    with open(f"{ROOT}/doc/mailseal-inside.7", encoding="utf-8") as source:
        text = source.read().replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
    return text, re.findall(r"^(\w+)# mailseal (.+)$", text, re.M)


def settings(text):
    """What the page says is told to programs: (host, file, line)."""
    for host, path, lines in re.findall(r"^(\w+):(/\S+)\n((?: {4}.+\n)+)", text, re.M):
        for line in lines.splitlines():
            yield host, path, line.strip()


class Running:
    """A command of the page that stays; said has its log."""

    def __init__(self, argv):
        self.said = []
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.said.append(line)

    def until(self, is_so, what):
        assert wait_until(lambda: is_so() or self.process.poll() is not None, SECONDS), what
        assert is_so(), f"{what}:\n" + "".join(self.said)
        return self

    def ready(self):
        def is_ready():
            return any(parse_line(line).get("event") == "ready" for line in list(self.said))
        return self.until(is_ready, "not ready")

    def end(self, number):
        """(exit status, what it said)"""
        os.kill(child_of(self.process.pid), number)
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        return code, "".join(self.said)


def is_capturing(running):
    """Its box is closed once the capture is open."""
    pid = child_of(running.process.pid)
    if not pid:
        return False
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return re.search(r"^Seccomp:\s2", status.read(), re.M)


class Way:
    """Walks through the page."""

    def __init__(self, folder):
        self.scene = Inside(folder)
        self.text, self.commands = page()
        self.token, self.watched, self.running = None, [], []

    def host(self, name):
        return self.scene.net.hub if name == "watcher" else self.scene.hosts[name]

    def run(self, name, words):
        done = subprocess.run(self.host(name).beside([BINARY, *words]), capture_output=True, text=True, timeout=SECONDS,
                              check=False)
        assert done.returncode == 0, (name, words, done.stdout, done.stderr)
        return done.stdout

    def stay(self, name, words):
        self.running.append(Running(self.host(name).beside([BINARY, *words])))
        return self.running[-1]

    def put(self, name, path, text):
        """A file that mailseal sees on that host."""
        write = 'mkdir -p "$(dirname "$1")"; cat >"$1"'
        subprocess.run(self.host(name).beside(["sh", "-ec", write, "sh", path]), input=text, text=True, check=True)

    def take(self, *kinds):
        """Runs the page's commands as long as they begin with one of these words."""
        taken = 0
        while self.commands and self.commands[0][1].split()[0] in kinds:
            name, line = self.commands.pop(0)
            self.command(name, line.split())
            taken += 1
        assert taken, (kinds, self.commands)

    def command(self, name, words):
        if words[0] == "watch":
            self.watch(name, words)
        elif words[:2] == ["pki", "serve"]:
            self.stay(name, words[:-1]).ready()
        elif words[:2] == ["pki", "token"]:
            self.token = self.run(name, words).strip()
        elif name == "each":
            for one in ADDRESS:
                self.each(one, words)
        else:
            self.run(name, [word.replace("TOKEN", self.token or "") for word in words])

    def each(self, name, words):
        if words[0] == "run":
            self.stay(name, words[:-1]).ready()
        else:
            self.run(name, words)

    def watch(self, name, words):
        """Ten minutes are what the work takes; the program's other form says the same to this test."""
        words = [{"eth1": "bridge"}.get(word, word) for word in words]
        people, program = self.stay(name, words), self.stay(name, [*words, "--json"])
        people.until(lambda: is_capturing(people), "no capture")
        program.until(lambda: is_capturing(program), "no capture")
        self.scene.begin()
        self.scene.work()
        self.watched.append((people.end(signal.SIGINT), program.end(signal.SIGINT)))

    def rows(self, number):
        return [json.loads(line) for line in self.watched[number][1][1].splitlines()]

    def links(self, number):
        """What watch printed for each host, as it is."""
        return dict(re.findall(r"^# on 10\.9\.0\.\d, (\w+):\n(link = \{\n.*?^\};\n)", self.watched[number][0][1],
                               re.M | re.S))

    def close(self):
        """What runs on a host ends with it."""
        self.scene.close()
        for running in self.running:
            running.process.wait(SECONDS)


@pytest.fixture(name="way")
def way_fixture():
    if os.geteuid():
        pytest.skip("network namespaces need root")
    if not os.path.exists(BINARY):
        pytest.skip("no built mailseal")
    folder = tempfile.mkdtemp(prefix="mailseal-inside-")
    os.chmod(folder, 0o755)
    walk = Way(folder)
    yield walk
    walk.close()
    shutil.rmtree(folder)


def found(rows):
    services = {}
    for row in rows:
        if row["type"] == "service" and row["verdict"].startswith(("plaintext", "starttls-offered")):
            key = (row["protocol"], NAMES[row["server"]], row["port"], row["transport"], row["verdict"])
            services.setdefault(key, set()).add(NAMES[row["client"]])
    return services


def see_what_is_plain(way):
    way.put("watcher", "/etc/hosts", "".join(f"{address} {name}\n" for name, address in ADDRESS.items()))
    way.take("watch")
    (code, text), (also, _) = way.watched[0]
    assert code == also == 1
    services = found(way.rows(0))
    for *key, clients in PLAIN:
        assert services.pop(tuple(key)) == clients, key
    assert not services
    assert PASSWORD not in text
    assert all(f"{ADDRESS[server]}:{port}/{kind}" in text for _, server, port, kind, *_ in PLAIN)


def give_names(way):
    for name in ADDRESS:
        way.put(name, CONFIG, "")  # make install makes its folder
    way.take("pki")
    assert {row["name"] for row in json.loads(way.run("db", ["pki", "list", "--json"]))} == set(ADDRESS)


def put_links_in_place(way):
    groups = way.links(0)
    assert set(groups) == set(ADDRESS)
    for name, text in groups.items():
        folder = "/etc/mailseal/pki/issued/db" if name == "db" else "/etc/mailseal/pki"
        line = f'pki = {{ dir = "{folder}"; }};\n'
        assert line in way.text
        way.put(name, CONFIG, line + text)
    assert groups["filter"] in way.text
    way.take("config", "run")


def look_again(way):
    way.take("watch")
    (code, text), (also, _) = way.watched[1]
    assert code == also == 0, text
    rows = [row for row in way.rows(1) if row["type"] == "service"]
    assert {(row["verdict"], row["version"]) for row in rows} == {("tls", "TLS 1.3")}, rows
    assert {(NAMES[row["client"]], NAMES[row["server"]]) for row in rows} == {
        (client, server) for _, server, *_, clients in PLAIN for client in clients}


def programs_were_told_what_the_page_says(way):
    told = list(settings(way.text))
    assert len(told) == 8
    for name, path, line in told:
        assert line in way.host(name).run("cat", path).splitlines(), (name, path)


def test_what_is_plain_is_found_and_sealed_by_what_was_printed(way):
    see_what_is_plain(way)
    give_names(way)
    put_links_in_place(way)
    way.scene.end()
    way.scene.is_linked = True
    look_again(way)
    programs_were_told_what_the_page_says(way)
    assert not way.commands
