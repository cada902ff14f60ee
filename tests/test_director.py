"""open = "auth": which server a session goes to depends on its user; and by_sni of mail edges."""
import base64
import os
import socket
import threading
import time

import pytest

import peers
from daemon import Daemon, Talk, client_context, free_ports, make_certificate, wait_until
from edges import greeting

SERVE = {"imap": peers.imap, "pop3": peers.pop3, "submission": peers.smtp, "managesieve": peers.sieve}


def plain(user, password="secret"):
    return base64.b64encode(f"\0{user}\0{password}".encode())


def wrong(protocol):
    return {"imap": b"a NO [AUTHENTICATIONFAILED]", "pop3": b"-ERR [AUTH]", "submission": b"535 5.7.8",
            "managesieve": b"NO "}[protocol]


def later(protocol):
    return {"imap": b"a NO [UNAVAILABLE]", "pop3": b"-ERR [SYS/TEMP]", "submission": b"454 4.7.0",
            "managesieve": b"NO (TRYLATER)"}[protocol]


class Socketmap:
    """A service with a script: answers[user] is what it says, a function of the socket, or None."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
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
        data = b""
        with sock:
            while more := sock.recv(4096):
                data += more
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


def apart(one, two):
    """Each server is a backend."""
    return f'one = {{ address = ["127.0.0.1:{one}"]; }}; two = {{ address = ["127.0.0.1:{two}"]; }};'


def together(one, two):
    """Both are one, and the user's name chooses."""
    return (f'both = {{ address = ["127.0.0.1:{one}", "127.0.0.1:{two}"]; balance = "user"; '
            'health_interval = "200ms"; health_timeout = "2s"; };')


class Director:
    """Two servers behind one edge, and a daemon in front."""

    def __init__(self, folder, protocol, lookup, edge="", more="", workers=1, backends=apart):
        os.chmod(folder, 0o755)
        self.protocol = protocol
        self.servers = [peers.Backend(SERVE[protocol]) for _ in range(2)]
        self.port, tls = free_ports(2)
        chain, key = make_certificate(str(folder))
        self.daemon = Daemon(folder, f'''workers = {workers}; drain_timeout = "1s"; {more}
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ {backends(*(server.port for server in self.servers))} }};
{lookup}
edge = {{ e = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{tls}"];
                 listen_tls = ["127.0.0.1:{self.port}"]; {edge} }}; }};''').ready()
        for server in self.servers:
            self.daemon.wait("capabilities learnt", address=f"127.0.0.1:{server.port}")

    def talk(self, name="mail.example.org"):
        talk = Talk(self.port)
        talk.sock = client_context().wrap_socket(talk.sock, server_hostname=name)
        assert greeting(talk, "sieve" if self.protocol == "managesieve" else self.protocol)
        if self.protocol == "submission":
            assert b"AUTH PLAIN" in talk.say(b"EHLO x\r\n").reply()
        return talk

    def login(self, talk, user, password="secret"):
        """The answer."""
        response = plain(user, password)
        if self.protocol == "imap":
            return talk.say(b"a AUTHENTICATE PLAIN %s\r\n" % response).line()
        if self.protocol == "pop3":
            assert talk.say(b"USER %s\r\n" % user.encode()).line().startswith(b"+OK")
            return talk.say(b"PASS %s\r\n" % password.encode()).line()
        if self.protocol == "submission":
            return talk.say(b"AUTH PLAIN %s\r\n" % response).reply()
        return talk.say(b'AUTHENTICATE "PLAIN" "%s"\r\n' % response).line()

    def homes(self):
        """How many sessions of clients each server has had."""
        return [len(server.sessions) for server in self.servers]

    def close(self):
        self.daemon.close()
        for server in self.servers:
            server.close()


BOTH = 'open = "auth"; lookup = "users"; by_user = ( { backend = "one"; }, { answer = "s2"; backend = "two"; } );'


def table(folder, text):
    path = folder / "users"
    path.write_text(text)
    path.chmod(0o644)
    return f'lookup = {{ users = {{ table = "{path}"; }}; }};'


@pytest.fixture(params=["imap", "pop3", "submission", "managesieve"])
def protocol(request):
    return request.param


OK = {"imap": b"a OK", "pop3": b"+OK", "submission": b"235", "managesieve": b"OK"}
USERS = "alice one\nalice@Example.org s2\n@example.net s2\n"


def test_each_user_at_home(tmp_path, protocol, monkeypatch):
    monkeypatch.setattr(peers, "PLAIN", b"")  # the servers take every name
    d = Director(tmp_path, protocol, table(tmp_path, USERS), BOTH)
    try:
        for user, homes in (("alice", [1, 0]), ("alice@EXAMPLE.org", [1, 1]), ("x@example.net", [1, 2])):
            talk = d.talk()
            assert d.homes() == [homes[0] - (user == "alice"), homes[1] - (user != "alice")]
            assert d.login(talk, user).startswith(OK[protocol])
            assert d.homes() == homes
            talk.close()
            ended = d.daemon.wait("session ended", user=user)
            assert ended["backend"].endswith(f":{d.servers[user != 'alice'].port}")
        told = d.servers[0].sessions[0]["told"]
        assert told["client"] == "127.0.0.1"
        assert not any("secret" in line for line in d.daemon.text)
    finally:
        d.close()


def test_the_name_decides(tmp_path, monkeypatch):
    """balance = "user": on each worker the same, in any case; who dies moves his own users alone, and
    has them back."""
    monkeypatch.setattr(peers, "PLAIN", b"")
    d = Director(tmp_path, "imap", "", 'open = "auth"; backend = "both";', workers=2, backends=together)
    users = [f"user{n}@example.org" for n in range(30)]

    def homes(names):
        found = []
        for name in names:
            before = d.homes()
            talk = d.talk()
            assert d.login(talk, name).startswith(b"a OK")
            found.append(next(n for n in range(2) if d.homes()[n] > before[n]))
            talk.close()
        return found

    def until(*states):
        assert wait_until(lambda: [b["state"] for b in d.daemon.status()["backends"]] == list(states), 30)
    try:
        until("up", "up")
        first = homes(users)
        assert set(first) == {0, 1}
        assert homes(map(str.upper, users)) == first
        port = d.servers[0].port
        d.servers[0].close()
        until("down", "up")
        assert homes(users) == [1] * len(users)
        d.servers[0] = peers.Backend(peers.imap, port=port)
        until("up", "up")
        assert homes(users) == first
    finally:
        d.close()


def test_wrong_password_then_another_user(tmp_path, protocol):
    """The answer is the server's, which is then left; the next user may be at home elsewhere."""
    d = Director(tmp_path, protocol, table(tmp_path, "bob one\nalice s2\n"), BOTH)
    try:
        talk = d.talk()
        assert d.login(talk, "bob", "x").startswith(wrong(protocol))
        d.servers[0].wait(lambda: d.servers[0].sessions[0].get("ended"))
        assert d.homes() == [1, 0]
        assert d.login(talk, "alice").startswith(OK[protocol])
        assert d.homes() == [1, 1]
        talk.close()
    finally:
        d.close()


def test_unknown_user(tmp_path, protocol):
    """As if the password were wrong, and as late; no server hears of it."""
    d = Director(tmp_path, protocol, table(tmp_path, "alice one\n"), BOTH)
    try:
        talk = d.talk()
        began = time.monotonic()
        assert d.login(talk, "nobody").startswith(wrong(protocol))
        assert time.monotonic() - began > 1.5
        assert d.homes() == [0, 0]
        assert d.login(talk, "alice").startswith(OK[protocol])
        talk.close()
    finally:
        d.close()


def test_unknown_user_with_a_default(tmp_path):
    d = Director(tmp_path, "imap", table(tmp_path, "bob one\n"), BOTH + ' backend = "two";')
    try:
        talk = d.talk()
        assert d.login(talk, "alice").startswith(b"a OK")
        assert d.homes() == [0, 1]
        talk.close()
    finally:
        d.close()


def served(d):
    """The edge's certificate."""
    talk = d.talk()
    try:
        return talk.sock.getpeercert(True)
    finally:
        talk.close()


def test_table_is_read_again(tmp_path):
    d = Director(tmp_path, "imap", table(tmp_path, "alice one\n"), BOTH, workers=2)
    path = tmp_path / "users"
    try:
        def home():
            before = d.homes()
            talk = d.talk()
            assert d.login(talk, "alice").startswith(b"a OK")
            talk.close()
            return [now - then for now, then in zip(d.homes(), before)]
        assert home() == [1, 0]
        path.write_text("alice s2\nalice one\n")  # a fault: what was there before holds
        told = d.daemon.wait("table of users not taken, what it said before holds", timeout=60)
        assert told["reason"] == f"{path}:2: this user has a line before"
        assert home() == [1, 0]
        # Neither a renewed certificate nor a reload waits for it.
        before = served(d)
        make_certificate(str(tmp_path))
        assert wait_until(lambda: served(d) != before, 60)
        d.daemon.ctl("reload")
        d.daemon.wait("configuration reloaded")
        assert home() == [1, 0]
        assert sum("table of users not taken" in line for line in d.daemon.text) == 1
        path.write_text("alice s2\n")
        wait_until(lambda: home() == [0, 1], timeout=60)
    finally:
        d.close()


def test_mail_after_login_only(tmp_path):
    d = Director(tmp_path, "submission", table(tmp_path, "alice s2\n"), BOTH)
    try:
        talk = d.talk()
        assert talk.say(b"MAIL FROM:<a@example.net>\r\n").reply().startswith(b"530 5.7.0")
        assert d.login(talk, "alice").startswith(b"235")
        for line, code in ((b"MAIL FROM:<a@example.net>", b"250"), (b"RCPT TO:<b@example.net>", b"250"),
                           (b"DATA", b"354"), (b"x\r\n.", b"250"), (b"QUIT", b"221")):
            assert talk.say(line + b"\r\n").reply().startswith(code), line
        assert len(d.servers[1].sessions[0]["messages"]) == 1
    finally:
        d.close()


def service(answers, more=""):
    one = Socketmap(answers)
    return one, (f'lookup = {{ users = {{ socketmap = "127.0.0.1:{one.port}"; map = "homes"; '
                 f'{more} }}; }};')


def test_socketmap(tmp_path, protocol):
    one, lookup = service({"alice": "OK s2"})
    d = Director(tmp_path, protocol, lookup, BOTH)
    try:
        for _ in range(3):
            talk = d.talk()
            assert d.login(talk, "alice").startswith(OK[protocol])
            talk.close()
        assert d.homes() == [0, 3]
        assert one.asked == [("homes", "alice")] and one.connections == 1  # the answer is kept
        talk = d.talk()
        assert d.login(talk, "nobody").startswith(wrong(protocol))
        talk.close()
    finally:
        d.close()
        one.close()


FAULTS = {"temp": "TEMP busy", "timeout": "TIMEOUT ", "perm": "PERM no", "garbage": b"HTTP/1.1 400\r\n",
          "hangs up": "", "mute": None, "two answers": b"5:OK s2,5:OK s2,", "no backend": "OK elsewhere",
          "too long": b"999999:"}


@pytest.mark.parametrize("fault", FAULTS)
def test_socketmap_faults(tmp_path, fault):
    """Never a wrong password; and who comes next is served."""
    one, lookup = service({"bob": FAULTS[fault], "alice": "OK s2"}, 'timeout = "1s";')
    d = Director(tmp_path, "imap", lookup, BOTH)
    try:
        talk = d.talk()
        assert d.login(talk, "bob").startswith(later("imap"))
        assert d.login(talk, "alice").startswith(b"a OK")
        assert d.homes() == [0, 1]
        talk.close()
    finally:
        d.close()
        one.close()


def test_socketmap_is_dead(tmp_path, protocol):
    one, lookup = service({})
    one.close()
    d = Director(tmp_path, protocol, lookup, BOTH)
    try:
        talk = d.talk()
        assert d.login(talk, "alice").startswith(later(protocol))
        talk.close()
    finally:
        d.close()


def test_by_sni(tmp_path, protocol):
    d = Director(tmp_path, protocol, "", 'backend = "one"; by_sni = ( { names = ["two.example.org"]; '
                 'backend = "two"; } );')
    try:
        for name, homes in (("mail.example.org", [1, 0]), ("two.example.org", [1, 1])):
            talk = d.talk(name)
            assert d.login(talk, "alice").startswith(OK[protocol])
            assert d.homes() == homes
            talk.close()
    finally:
        d.close()
