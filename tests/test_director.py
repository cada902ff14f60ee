"""open = "auth": which server a session goes to depends on its user; and by_sni of mail edges."""
import base64
import contextlib
import os
import pathlib
import socket
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import peers
from daemon import Daemon, Talk, client_context, free_ports, make_certificate, wait_until
from edges import greeting

SERVE = {"imap": peers.imap, "pop3": peers.pop3, "submission": peers.smtp, "managesieve": peers.sieve}
OK = {"imap": b"a OK", "pop3": b"+OK", "submission": b"235", "managesieve": b"OK"}
WRONG = {"imap": b"a NO [AUTHENTICATIONFAILED]", "pop3": b"-ERR [AUTH]", "submission": b"535 5.7.8",
         "managesieve": b"NO "}
LATER = {"imap": b"a NO [UNAVAILABLE]", "pop3": b"-ERR [SYS/TEMP]", "submission": b"454 4.7.0",
         "managesieve": b"NO (TRYLATER)"}


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode())


def greeted(protocol, port, name="mail.example.org"):
    """A client that has said nothing yet but, where need be, EHLO."""
    talk = Talk(port, timeout=60)
    talk.sock = client_context().wrap_socket(talk.sock, server_hostname=name)
    assert greeting(talk, "sieve" if protocol == "managesieve" else protocol)
    if protocol == "submission":
        assert b"AUTH PLAIN" in talk.say(b"EHLO x\r\n").reply()
    return talk


def login(protocol, talk, user, password="secret"):
    """The answer."""
    response = plain(user, password)
    if protocol == "imap":
        return talk.say(b"a AUTHENTICATE PLAIN %s\r\n" % response).line()
    if protocol == "pop3":
        assert talk.say(b"USER %s\r\n" % user.encode()).line().startswith(b"+OK")
        return talk.say(b"PASS %s\r\n" % password.encode()).line()
    if protocol == "submission":
        return talk.say(b"AUTH PLAIN %s\r\n" % response).reply()
    return talk.say(b'AUTHENTICATE "PLAIN" "%s"\r\n' % response).line()


class Socketmap:
    """A service with a script: answers[user] is what it says, or "" to hang up, or None for nothing."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.heard = b""  # all of it, as it came
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.run, args=(sock,), daemon=True).start()

    def run(self, sock):
        with sock, contextlib.suppress(ConnectionError):
            self.answer(sock)

    def answer(self, sock):
        data = b""
        while more := sock.recv(4096):
            data += more
            self.heard += more
            if not data.endswith(b","):
                continue
            name, key = data[data.index(b":") + 1:-1].split(b" ", 1)
            data = b""
            self.asked.append((name.decode(), key.decode()))
            said = self.answers.get(key.decode(), "NOTFOUND ")
            if said is None:
                continue
            if said == "":
                return
            sock.sendall(said if isinstance(said, bytes) else b"%d:%s," % (len(said), said.encode()))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


FAULTS = {"temp": "TEMP busy", "timeout": "TIMEOUT ", "perm": "PERM no", "garbage": b"HTTP/1.1 400\r\n",
          "hangs up": "", "mute": None, "two answers": b"5:OK s2,5:OK s2,", "no backend": "OK elsewhere",
          "too long": b"999999:"}
USERS = "alice one\nalice@Example.org s2\n@example.net s2\nbob one\n"
# What an edge of each kind has.
KINDS = {"table": 'open = "auth"; lookup = "table"; %s',
         "default": 'open = "auth"; lookup = "table"; %s backend = "{p}_two";',
         "service": 'open = "auth"; lookup = "service"; %s',
         "dead": 'open = "auth"; lookup = "dead"; %s',
         "sni": 'backend = "{p}_one"; by_sni = ( {{ names = ["two.example.org"]; backend = "{p}_two"; }} );'}
BY_USER = 'by_user = ( {{ answer = "one"; backend = "{p}_one"; }}, {{ answer = "s2"; backend = "{p}_two"; }} );'


class House:
    """A daemon with an edge of each kind for each protocol, in front of two servers of each."""

    def __init__(self, folder):
        os.chmod(folder, 0o755)
        chain, key = make_certificate(folder)
        self.service = Socketmap({"alice": "OK s2", **FAULTS})
        self.servers = {p: [peers.Backend(serve) for _ in range(2)] for p, serve in SERVE.items()}
        *ports, dead = free_ports(len(SERVE) * len(KINDS) + 1)
        self.ports = dict(zip(((p, kind) for p in SERVE for kind in KINDS), ports))
        self.daemon = Daemon(folder, f'''workers = 1; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
lookup = {{ table = {{ table = "{self.table(folder)}"; }};
            service = {{ socketmap = "127.0.0.1:{self.service.port}"; map = "homes"; timeout = "2s"; keep = "1h"; }};
            dead = {{ socketmap = "127.0.0.1:{dead}"; timeout = "1m"; }}; }};
backend = {{ {"".join(map(self.backends, SERVE))} }};
edge = {{ {"".join(self.edge(*which) for which in self.ports)} }};''').ready()
        for servers in self.servers.values():
            for server in servers:
                self.daemon.wait("capabilities learnt", timeout=60, address=f"127.0.0.1:{server.port}")

    @staticmethod
    def table(folder):
        path = pathlib.Path(folder, "users")
        path.write_text(USERS, encoding="ascii")
        path.chmod(0o644)
        return path

    def backends(self, protocol):
        one, two = (server.port for server in self.servers[protocol])
        return (f'{protocol}_one = {{ address = ["127.0.0.1:{one}"]; }}; '
                f'{protocol}_two = {{ address = ["127.0.0.1:{two}"]; }};\n')

    def edge(self, protocol, kind):
        settings = KINDS[kind].replace("%s", BY_USER).format(p=protocol)
        return (f'{protocol}_{kind} = {{ protocol = "{protocol}"; '
                f'listen_tls = ["127.0.0.1:{self.ports[protocol, kind]}"]; {settings} }};\n')

    def close(self):
        self.daemon.close()
        self.service.close()
        for server in sum(self.servers.values(), []):
            server.close()


class Door:
    """One edge of the house, and what its servers have seen since now."""

    def __init__(self, house, protocol, kind):
        self.protocol, self.kind, self.daemon = protocol, kind, house.daemon
        self.port = house.ports[protocol, kind]
        self.servers = house.servers[protocol]
        self.seen = [len(server.sessions) for server in self.servers]
        self.events = len(self.daemon.events)

    def talk(self, *name):
        return greeted(self.protocol, self.port, *name)

    def login(self, talk, *credential):
        return login(self.protocol, talk, *credential)

    def sessions(self, number):
        return self.servers[number].sessions[self.seen[number]:]

    def homes(self):
        """How many sessions of clients each server has had."""
        return [len(self.sessions(n)) for n in range(2)]

    def ended(self, **fields):
        return self.daemon.wait("session ended", timeout=60, after=self.events,
                                edge=f"{self.protocol}_{self.kind}", **fields)


@pytest.fixture(scope="module", name="house")
def house_fixture():
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder)
        yield house
        house.close()


@pytest.fixture(params=SERVE)
def protocol(request):
    return request.param


def test_each_user_at_home(house, protocol, monkeypatch):
    monkeypatch.setattr(peers, "PLAIN", b"")  # the servers take every name
    door = Door(house, protocol, "table")
    for user, homes in (("alice", [1, 0]), ("alice@EXAMPLE.org", [1, 1]), ("x@example.net", [1, 2])):
        talk = door.talk()
        assert door.homes() == [homes[0] - (user == "alice"), homes[1] - (user != "alice")]
        assert door.login(talk, user).startswith(OK[protocol])
        assert door.homes() == homes
        talk.close()
        assert door.ended(user=user)["backend"].endswith(f":{door.servers[user != 'alice'].port}")
    assert door.sessions(0)[0]["told"]["client"] == "127.0.0.1"


def test_wrong_password_then_another_user(house, protocol):
    """The answer is the server's, which is then left; the next user may be at home elsewhere."""
    door = Door(house, protocol, "service")
    house.service.answers["carl"] = "OK one"
    talk = door.talk()
    assert door.login(talk, "carl", "x").startswith(WRONG[protocol])
    door.servers[0].wait(lambda: door.sessions(0)[0].get("ended"))
    assert door.homes() == [1, 0]
    assert door.login(talk, "alice").startswith(OK[protocol])
    assert door.homes() == [1, 1]
    talk.close()


def test_unknown_user(house):
    """As if the password were wrong, and as late; no server hears of it."""
    def check(protocol):
        door = Door(house, protocol, "table")
        talk = door.talk()
        began = time.monotonic()
        assert door.login(talk, "no " + protocol).startswith(WRONG[protocol])
        assert time.monotonic() - began > 1.5
        assert door.homes() == [0, 0]
        assert door.login(talk, "alice").startswith(OK[protocol])
        assert door.homes() == [1, 0]
        talk.close()
    with ThreadPoolExecutor(len(SERVE)) as pool:
        list(pool.map(check, SERVE))


def test_unknown_user_with_a_default(house, protocol, monkeypatch):
    monkeypatch.setattr(peers, "PLAIN", b"")
    door = Door(house, protocol, "default")
    talk = door.talk()
    assert door.login(talk, "dora").startswith(OK[protocol])
    assert door.homes() == [0, 1]
    talk.close()


def test_mail_after_login_only(house):
    door = Door(house, "submission", "service")
    talk = door.talk()
    assert talk.say(b"MAIL FROM:<a@example.net>\r\n").reply().startswith(b"530 5.7.0")
    assert door.login(talk, "alice").startswith(b"235")
    for line, code in ((b"MAIL FROM:<a@example.net>", b"250"), (b"RCPT TO:<b@example.net>", b"250"),
                       (b"DATA", b"354"), (b"x\r\n.", b"250"), (b"QUIT", b"221")):
        assert talk.say(line + b"\r\n").reply().startswith(code), line
    assert len(door.sessions(1)[0]["messages"]) == 1


def test_socketmap(house, protocol):
    """One connection, and an answer is kept."""
    door = Door(house, protocol, "service")
    for _ in range(3):
        talk = door.talk()
        assert door.login(talk, "alice").startswith(OK[protocol])
        talk.close()
    assert door.homes() == [0, 3]
    assert house.service.asked.count(("homes", "alice")) == 1
    talk = door.talk()
    assert door.login(talk, "no " + protocol).startswith(WRONG[protocol])
    assert ("homes", "no " + protocol) in house.service.asked
    talk.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_socketmap_faults(house, fault):
    """Never a wrong password; and who comes next is served."""
    door = Door(house, "imap", "service")
    house.service.answers["next to " + fault] = "OK s2"
    talk = door.talk()
    assert door.login(talk, fault).startswith(LATER["imap"])
    # The servers know alice alone: that one of them is asked is enough.
    assert door.login(talk, "next to " + fault).startswith(b"a NO")
    assert door.homes() == [0, 1]
    talk.close()


def test_socketmap_is_dead(house, protocol):
    """Nobody waits for it, the second as little as the first."""
    door = Door(house, protocol, "dead")
    talk = door.talk()
    for _ in range(2):
        began = time.monotonic()
        assert door.login(talk, "alice").startswith(LATER[protocol])
        assert time.monotonic() - began < 30  # its timeout is a minute
    talk.close()


def test_by_sni(house, protocol):
    door = Door(house, protocol, "sni")
    for name, homes in (("mail.example.org", [1, 0]), ("two.example.org", [1, 1])):
        talk = door.talk(name)
        assert door.login(talk, "alice").startswith(OK[protocol])
        assert door.homes() == homes
        talk.close()


PASSWORDS = ("Never-to-be-seen", "Nor-is-the-wrong-one")


def test_passwords_are_nowhere(house, protocol, monkeypatch):
    """Not in the log, nor in what the lookup is asked, nor in the ledger; and a crash leaves no core."""
    monkeypatch.setattr(peers, "PLAIN", plain("alice", PASSWORDS[0]))
    door = Door(house, protocol, "service")
    for password in PASSWORDS:
        talk = door.talk()
        door.login(talk, "alice", password)
        talk.close()
    assert door.homes() == [0, 2]  # they were there
    door.ended(user="alice", login_failures="1")
    house.daemon.told()
    forms = [form for password in PASSWORDS
             for form in (password.encode(), base64.b64encode(password.encode()), plain("alice", password))]
    kept = {"log": "".join(house.daemon.text).encode(), "lookup": house.service.heard}
    for path in pathlib.Path(house.daemon.folder).rglob("*"):
        if path.is_file():
            kept[str(path)] = path.read_bytes()
    assert any("ledger" in name for name in kept) and b"alice" in kept["log"] and b"alice" in kept["lookup"]
    for name, data in kept.items():
        assert not any(form in data for form in forms), name
    for pid in sum(house.daemon.children().values(), []):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]


# Daemons of their own

def apart(one, two):
    """Each server is a backend."""
    return f'one = {{ address = ["127.0.0.1:{one}"]; }}; two = {{ address = ["127.0.0.1:{two}"]; }};'


def together(one, two):
    """Both are one, and the user's name chooses."""
    return (f'both = {{ address = ["127.0.0.1:{one}", "127.0.0.1:{two}"]; balance = "user"; '
            'health_interval = "200ms"; health_timeout = "2s"; };')


class Director:
    """Two IMAP servers behind one edge, and a daemon of two workers in front."""

    def __init__(self, folder, backends, edge, more=""):
        os.chmod(folder, 0o755)
        self.servers = [peers.Backend(peers.imap) for _ in range(2)]
        self.port, = free_ports(1)
        chain, key = make_certificate(str(folder))
        self.daemon = Daemon(folder, f'''workers = 2; drain_timeout = "1s"; {more}
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ {backends(*(server.port for server in self.servers))} }};
edge = {{ e = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{self.port}"]; open = "auth"; {edge} }}; }};''').ready()
        for server in self.servers:
            self.daemon.wait("capabilities learnt", timeout=60, address=f"127.0.0.1:{server.port}")

    def home(self, user):
        """Which server a session of his goes to."""
        before = [len(server.sessions) for server in self.servers]
        talk = greeted("imap", self.port)
        assert login("imap", talk, user).startswith(b"a OK")
        talk.close()
        return next(n for n in range(2) if len(self.servers[n].sessions) > before[n])

    def close(self):
        self.daemon.close()
        for server in self.servers:
            server.close()


def test_a_wrong_password_is_answered_as_late_as_no_such_user(tmp_path):
    """To the tick of the wheel: the server of this one answers at once."""
    users = tmp_path / "users"
    users.write_text("alice one\n", encoding="ascii")
    users.chmod(0o644)
    d = Director(tmp_path, apart, 'lookup = "t"; by_user = ( { backend = "one"; }, { backend = "two"; } );',
                 more=f'lookup = {{ t = {{ table = "{users}"; }}; }}; limits = {{ login_failures_max = 1000; '
                      'errors_max = 1000; login_delay_after = 0; login_refuse_after = 0; };')
    talk = greeted("imap", d.port)

    def late(user):
        took = []
        for _ in range(15):
            began = time.monotonic()
            assert login("imap", talk, user, "x").startswith(WRONG["imap"])
            took.append(time.monotonic() - began)
        return statistics.median(took)
    try:
        late("alice")  # what is not known yet is two seconds
        assert wait_until(lambda: abs(late("alice") - late("bob")) < 0.06, 60)
    finally:
        talk.close()
        d.close()


def test_the_name_decides(tmp_path, monkeypatch):
    """balance = "user": on each worker the same, in any case; who dies moves his own users alone, and
    has them back."""
    monkeypatch.setattr(peers, "PLAIN", b"")
    d = Director(tmp_path, together, 'backend = "both";')
    users = [f"user{n}@example.org" for n in range(30)]

    def until(*states):
        assert wait_until(lambda: [b["state"] for b in d.daemon.status()["backends"]] == list(states), 30)
    try:
        until("up", "up")
        first = list(map(d.home, users))
        assert set(first) == {0, 1}
        assert [d.home(user.upper()) for user in users] == first
        port = d.servers[0].port
        d.servers[0].close()
        until("down", "up")
        assert list(map(d.home, users)) == [1] * len(users)
        d.servers[0] = peers.Backend(peers.imap, port=port)
        until("up", "up")
        assert list(map(d.home, users)) == first
    finally:
        d.close()


def served(d):
    """The edge's certificate."""
    talk = greeted("imap", d.port)
    try:
        return talk.sock.getpeercert(True)
    finally:
        talk.close()


def replace(path, text):
    """Whole: nobody reads half of it."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="ascii")
    new.chmod(0o644)
    new.rename(path)


def test_table_is_read_again(tmp_path):
    """And one with a fault is not: neither a renewed certificate nor a reload waits for it."""
    path = tmp_path / "users"
    replace(path, "alice one\n")
    d = Director(tmp_path, apart,
                 'lookup = "users"; by_user = ( { backend = "one"; }, { answer = "s2"; backend = "two"; } );',
                 f'lookup = {{ users = {{ table = "{path}"; }}; }};')
    try:
        assert d.home("alice") == 0
        replace(path, "alice s2\nalice one\n")
        told = d.daemon.wait("table of users not taken, what it said before holds", timeout=60)
        assert told["reason"] == f"{path}:2: this user has a line before"
        before = served(d)
        make_certificate(str(tmp_path))
        d.daemon.ctl("reload")
        d.daemon.wait("configuration reloaded", timeout=60)
        assert wait_until(lambda: served(d) != before, 60)
        assert d.home("alice") == 0
        assert sum("table of users not taken" in line for line in d.daemon.text) == 1
        path.unlink()
        d.daemon.ctl("reload")
        d.daemon.wait("table of users not taken, what it said before holds",
                      reason=f"{path}: No such file or directory")
        assert d.home("alice") == 0
        replace(path, "alice s2\n")
        assert wait_until(lambda: d.home("alice") == 1, 60)
    finally:
        d.close()
