"""The policy service for Postfix and the resolver behind it, with a scripted name server whose
zone is not signed. With signatures and a real Postfix: lab/test_lab_policy_service.py."""
import grp
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from daemon import BINARY, Daemon, wait_until
from names import A, ANCHOR, MX, NXDOMAIN, SERVFAIL, TLSA, NameServer, wire

SILENCE_S = 60  # longer than a question to DNS may take


def facts(name, kind):
    """(rcode, record or None) of names that end in WORDnumber.example; no answer at all: None."""
    word = re.search(r"([a-z]+)\d*\.example$", name)[1]
    if word == "stall":
        return None
    if word == "servfail" or (word == "lostpolicy" and name.startswith("_mta-sts.")):
        return SERVFAIL, None
    if word == "nothing":
        return NXDOMAIN, None
    if kind == MX and word != "implicit" and name.startswith(word):
        return 0, b"\0\0\0" if word == "null" else b"\0\x0a" + wire("mx." + name)
    if kind == A and word != "hostless" and name.startswith("mx."):
        return 0, b"\xc0\0\2\1"
    if kind == TLSA and name.startswith("_25._tcp.mx.sealed"):
        return 0, b"\3\1\1" + bytes(32)
    return 0, None


def question(key, name="policy"):
    text = f"{name} {key}".encode()
    return b"%d:%s," % (len(text), text)


class Postfix:
    """One connection to the service."""

    def __init__(self, path, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rb")

    def say(self, data):
        self.sock.sendall(data)
        return self

    def answer(self):
        length = b""
        while (byte := self.stream.read(1)) not in b":":
            length += byte
        text = self.stream.read(int(length) + 1)
        assert text.endswith(b",")
        return text[:-1].decode()

    def ask(self, key, name="policy"):
        return self.say(question(key, name)).answer()

    def close(self):
        self.stream.close()
        self.sock.close()


class Service(Daemon):
    """mailseal with a policy service and nothing else."""

    def __init__(self, folder, server, service=""):
        self.socket = f"{folder}/door/policy"
        with open(f"{folder}/anchor", "w", encoding="ascii") as out:
            out.write(ANCHOR)
        self.folder = folder
        super().__init__(folder, self.settings(server, service))

    def settings(self, server, service="", resolver=""):
        return (f'workers = 2; drain_timeout = "1s";\n'
                f'policy_service = {{ socketmap = "unix:{self.socket}"; {service} }};\n'
                f'resolver = {{ forward = "{server.address}"; {resolver} '
                f'trust_anchor = "{self.folder}/anchor"; }};\n')

    def reload(self, server, service="", resolver=""):
        self.write(self.settings(server, service, resolver))
        seen = len(self.events)
        assert self.ctl("reload").returncode == 0
        self.wait("configuration reloaded", after=seen)

    def postfix(self):
        return Postfix(self.socket)

    def ask(self, key, name="policy"):
        client = self.postfix()
        try:
            return client.ask(key, name)
        finally:
            client.close()

    def resolver_pid(self):
        return self.status()["resolver_pid"]


@pytest.fixture
def folder():
    """One that processes which are not root's get into."""
    path = tempfile.mkdtemp(prefix="mailseal-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def names():
    server = NameServer(facts)
    yield server
    server.close()


@pytest.fixture
def service(folder, names):
    daemon = Service(folder, names).ready()
    yield daemon
    daemon.close()


MX_LOST = "TEMP the MX records could not be had"
ANSWERS = {
    "plain.example": "NOTFOUND ",
    "PLAIN2.example": "NOTFOUND ",
    "nothing.example": "NOTFOUND ",
    "null.example": "NOTFOUND ",
    "servfail.example": MX_LOST,
    "bogus.example": MX_LOST,
    "hostless.example": "TEMP it has no address",
    "implicit.example": "TEMP it has no address",
    "lostpolicy.example": "TEMP whether the domain has an MTA-STS policy could not be looked up, "
                          "which is not the same as none",
    ".plain.example": "NOTFOUND ",
    "[mx.plain.example]": "NOTFOUND ",
    "[mx.plain.example]:25": "NOTFOUND ",
    "plain.example:587": "NOTFOUND ",
    "[192.0.2.1]": "NOTFOUND ",
    "": "NOTFOUND ",
    "no domain": "NOTFOUND ",
    "x" * 300: "NOTFOUND ",
}


def test_what_it_says(service):
    client = service.postfix()
    for key, said in ANSWERS.items():
        for name in "policy", "policy-tlsrpt", "QUERY", "QUERYwithTLSRPT":
            assert client.ask(key, name) == said, (name, key)


def test_status_counts(service):
    before = service.status()["sums"]
    for key in "plain.example", "servfail.example", "servfail.example", "[mx.plain.example]":
        service.ask(key)
    after = service.status()["sums"]
    grown = {name: after[name] - before[name] for name in after if name.startswith("policy_")}
    assert grown == {"policy_questions": 4, "policy_answers": 0, "policy_temporary": 2}


def test_keys_that_are_no_domain_are_not_looked_up(service, names):
    client = service.postfix()
    for key in [".plain3.example", "[mx.plain3.example]:25", "plain3.example:25"]:
        client.ask(key)
    client.ask("plain4.example")
    assert not [name for name in names.asked if "plain3" in name]


def test_a_domain_in_unicode_is_one(service, names):
    """Postfix asks for it as the recipient's address has it (RFC 6531), and delivers all the same:
    what is not looked up must not go for a domain without policy."""
    said = service.ask("b\u00fccher.example")
    assert said.startswith("TEMP ") or "xn--bcher-kva.example" in names.asked, said


def test_a_map_that_there_is_not(service):
    client = service.postfix()
    assert client.ask("plain.example", "polcy").startswith("PERM no such map; there are policy")
    assert client.ask("plain.example") == "NOTFOUND "  # the connection stays


GARBAGE = [b"HELO x\r\n", b"x:policy a,", b":policy a,", b"8:policy a;", b"6:policy,",
           b"010:policy a.b,", b"10001:policy ", b"99999999999999999999:", b"\0" * 100]


@pytest.mark.parametrize("data", GARBAGE)
def test_garbage_ends_its_connection_alone(service, data):
    other, client = service.postfix(), service.postfix()
    client.say(question("plain.example") + data)
    assert client.answer() == "NOTFOUND "  # what came before is answered
    assert client.stream.read() == b""
    service.wait("policy service was asked what is no question", level="warn")
    assert other.ask("plain.example") == "NOTFOUND "


def test_a_question_may_come_in_pieces_and_several_in_one(service):
    client = service.postfix()
    for byte in question("servfail.example"):
        client.say(bytes([byte]))
    assert client.answer() == MX_LOST
    client.say(b"".join(map(question, ANSWERS)))
    assert [client.answer() for _ in ANSWERS] == list(ANSWERS.values())


def test_a_client_that_leaves_before_its_answer(service, names):
    client = service.postfix()
    client.say(question("stall.example"))
    names.wait(lambda asked: "stall.example" in asked)
    client.close()
    assert service.ask("plain.example") == "NOTFOUND "
    assert not any(e.get("level") == "error" for e in service.events)


def test_200_clients_at_once_get_their_own_answers(service):
    words = ["plain", "servfail", "hostless", "null", "lostpolicy"]
    clients = [service.postfix() for _ in range(200)]
    asked = [[(words[(i + n) % 5], f"{i * 5 + n}" if n else "") for n in range(5)]
             for i in range(200)]
    for client, mine in zip(clients, asked):
        for word, number in mine:
            client.say(question(f"{word}{number}.example"))
    for client, mine in zip(clients, asked):
        assert [client.answer() for _ in mine] == [ANSWERS[word + ".example"] for word, _ in mine]


def test_a_silent_name_server(service):
    client = service.postfix()
    client.sock.settimeout(SILENCE_S)
    assert client.ask("stall.example") == MX_LOST
    assert client.ask("plain.example") == "NOTFOUND "


def test_stalled_domains_delay_no_other(service, names):
    stalled = [service.postfix().say(question(f"stall{n}.example")) for n in range(500)]
    names.wait(lambda asked: len({name for name in asked if name.startswith("stall")}) == 500)
    for n in range(5):
        began = time.monotonic()
        assert service.ask(f"plain{n}.example") == "NOTFOUND "
        assert time.monotonic() - began < 12  # a stalled one takes 18
    for client in stalled:
        client.close()


def test_a_reload_keeps_connections(service, names):
    client, pid = service.postfix(), service.resolver_pid()
    for dialect in "plain", "tlsrpt", "auto":
        service.reload(names, f'dialect = "{dialect}";')
        assert client.ask("plain.example") == "NOTFOUND "
    assert service.resolver_pid() == pid


def test_a_reload_of_its_settings_replaces_the_resolver(folder, service):
    """What was asked of the one before is answered by the one after."""
    def plain(name, kind):
        return facts(name.replace("stall", "plain"), kind)
    client, pid = service.postfix().say(question("stall.example")), service.resolver_pid()
    other = NameServer(plain)
    try:
        service.reload(other)
        assert client.answer() == "NOTFOUND "
        assert wait_until(lambda: service.resolver_pid() not in (0, pid))
        assert service.ask("plain.example") == "NOTFOUND "
        assert "plain.example" in other.asked
    finally:
        other.close()


def test_the_ad_bit_counts_where_it_is_trusted(folder):
    server = NameServer(facts, vouches=True)
    daemon = Service(folder, server).ready()
    try:
        assert daemon.ask("sealed.example") == "NOTFOUND "
        os.unlink(f"{folder}/anchor")  # that nothing is validated with
        daemon.reload(server, resolver="trust_ad = true;")
        assert wait_until(lambda: daemon.ask("sealed.example") == "OK dane-only")
        assert daemon.ask("plain.example") == "NOTFOUND "
        assert daemon.ask("servfail.example") == MX_LOST
    finally:
        daemon.close()
        server.close()


def test_a_killed_resolver_is_replaced(service, names):
    """It loses no question either."""
    client = service.postfix().say(question("stall.example") + question("plain.example"))
    names.wait(lambda asked: "stall.example" in asked)
    for _ in range(2):  # the second one dies young: its successor waits a moment
        pid, seen = service.resolver_pid(), len(names.asked)
        assert pid in service.children()["resolver"]
        os.kill(pid, signal.SIGKILL)
        service.wait("process died and is started again", name="resolver")
        assert service.ask("servfail.example") == MX_LOST
        assert service.resolver_pid() != pid
        names.wait(lambda asked: "stall.example" in asked[seen:])
    client.sock.settimeout(SILENCE_S)
    assert [client.answer(), client.answer()] == [MX_LOST, "NOTFOUND "]


def test_a_killed_worker_is_replaced(service):
    for pid in service.children()["worker"]:
        os.kill(pid, signal.SIGKILL)
    assert service.ask("plain.example") == "NOTFOUND "


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_whom_the_socket_lets_in(folder, names):
    group = grp.getgrgid(os.getegid()) if os.geteuid() else grp.getgrnam("nogroup")
    daemon = Service(folder, names).ready()
    try:
        assert mode(daemon.socket) == 0o660
        assert os.stat(daemon.socket).st_gid == os.getegid()
        daemon.reload(names, f'mode = "0600"; group = "{group.gr_name}";')
        assert mode(daemon.socket) == 0o600
        assert os.stat(daemon.socket).st_gid == group.gr_gid
        daemon.reload(names, 'mode = "0666";')
        assert mode(daemon.socket) == 0o666
        assert mode(os.path.dirname(daemon.socket)) == 0o755
    finally:
        daemon.close()


def test_a_group_that_there_is_not(folder, names):
    daemon = Service(folder, names, 'group = "no-such-group";')
    try:
        daemon.wait("cannot start", reason='policy_service: there is no group "no-such-group"')
        assert daemon.process.wait(15) == 1
    finally:
        daemon.close()


def test_a_reload_with_a_group_that_there_is_not_changes_nothing(service, names):
    service.write(service.settings(names, 'group = "no-such-group"; mode = "0600";'))
    assert service.ctl("reload").returncode == 0
    service.wait("not taken, the old one stays in force")
    assert mode(service.socket) == 0o660
    assert service.ask("plain.example") == "NOTFOUND "


def test_a_socket_left_behind_is_no_hindrance(folder, names):
    """And one that goes away with a reload lets nobody in."""
    os.mkdir(f"{folder}/door")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{folder}/door/policy")
    daemon = Service(folder, names).ready()
    try:
        assert daemon.ask("plain.example") == "NOTFOUND "
        old, daemon.socket = daemon.socket, f"{folder}/other/policy"
        daemon.reload(names)
        assert daemon.ask("plain.example") == "NOTFOUND "
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
            Postfix(old)
    finally:
        daemon.close()


SOCKETMAP = 'socketmap = "unix:/run/x/policy";'
# What is written: (setting, part of what is said)
BAD = {
    "policy_service = { };": ("policy_service.socketmap", "missing"),
    'policy_service = { socketmap = "127.0.0.1:8461"; };':
        ("policy_service.socketmap", "no unix socket"),
    'policy_service = { socketmap = ["unix:/a", "unix:/a"]; };':
        ("policy_service.socketmap", "twice"),
    f'policy_service = {{ {SOCKETMAP} mode = "0999"; }};': ("policy_service.mode", "octal"),
    f'policy_service = {{ {SOCKETMAP} dialect = "3.10"; }};':
        ("policy_service.dialect", "auto, plain, tlsrpt"),
    f'policy_service = {{ {SOCKETMAP} grop = "postfix"; }};':
        ("policy_service.grop", 'did you mean "group"'),
    f'policy_service = {{ {SOCKETMAP} group = "no-such-group"; }};':
        ("policy_service.group", "no-such-group"),
    'resolver = { forward = "dns.example"; };': ("resolver.forward", "an IP address"),
    'resolver = { forward = "127.0.0.1@0"; };': ("resolver.forward", "127.0.0.1@0"),
    'resolver = { stub = "192.0.2.1"; };': ("resolver.stub", "example.test="),
    "resolver = { queries = 1; };": ("resolver.queries", "16"),
    "resolver = { trust_ad = true; };": ("resolver.trust_ad", "127.0.0.1@53"),
    'resolver = { trust_ad = true; forward = "192.0.2.53"; };':
        ("resolver.forward", "192.0.2.53"),
    'resolver = { trust_anchor = "/no/such/file"; };':
        ("resolver.trust_anchor", "/no/such/file"),
    'resolver = { ca_file = "/no/such/file"; };': ("resolver.ca_file", "/no/such/file"),
}


@pytest.mark.parametrize("text", BAD)
def test_config_check(tmp_path, text):
    well = "" if "policy_service" in text else f"policy_service = {{ {SOCKETMAP} }};"
    path = tmp_path / "mailseal.conf"
    path.write_text(f'hostname = "mx.example.org";\n{well}\n{text}\n', encoding="ascii")
    done = subprocess.run([BINARY, "config", "check", "--json", "-c", str(path)],
                          capture_output=True, text=True)
    setting, said = BAD[text]
    errors = json.loads(done.stdout)
    assert done.returncode == 1, errors
    assert [e["setting"] for e in errors] == [setting], errors
    assert said in errors[0]["message"] + errors[0]["mend"], errors


def test_a_service_alone_is_a_configuration(folder, names):
    daemon = Service(folder, names).ready()
    try:
        done = subprocess.run([BINARY, "config", "check", "-c", daemon.config],
                              capture_output=True, text=True)
        assert done.returncode == 0 and "0 edges" in done.stdout, done.stderr
    finally:
        daemon.close()
