"""Nodes that join with a token and renew by themselves, at the CA's desk (mailseal pki serve)."""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from daemon import BINARY, free_ports, parse_line, wait_until
from pkis import Pki, ran


class Desk:
    def __init__(self, pki, *more):
        self.pki = pki
        self.port, = free_ports(1)
        self.where = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [BINARY, "pki", "serve", "--dir", pki.dir, "--listen", self.where, *more],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.events, self.text = [], []
        threading.Thread(target=self.read, daemon=True).start()
        assert wait_until(lambda: self.said("ready"), 30), self.text

    def read(self):
        for line in self.process.stderr:
            self.text.append(line)
            self.events.append(parse_line(line))

    def said(self, event, **fields):
        return [e for e in list(self.events) if e.get("event") == event and
                all(e.get(key) == value for key, value in fields.items())]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(15) == 0, self.text


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield path


@pytest.fixture
def pki(folder):
    made = Pki(folder + "/ca")
    made.run("init")
    return made


@pytest.fixture
def desk(pki):
    one = Desk(pki)
    yield one
    one.close()


def joined(desk, folder, name="db1", *more, status=0):
    node = Pki(f"{folder}/{name}")
    token = desk.pki.run("token", name, *more).strip()
    node.run("join", desk.where, token, status=status)
    return node


def x509(path, *what):
    return ran("openssl", "x509", "-noout", "-in", path, *what).stdout


def test_a_node_joins(desk, folder):
    node = joined(desk, folder, "db1", "--dns", "db1.example.org", "--ip", "192.0.2.7")
    done = ran("openssl", "verify", "-x509_strict", "-CAfile", node.path("ca.crt"), "-untrusted",
               node.path("node.crt"), "-verify_hostname", "db1.mailseal.internal", "-verify_ip",
               "192.0.2.7", node.path("node.crt"))
    assert done.returncode == 0, done.stderr
    assert "db1.example.org" in x509(node.path("node.crt"), "-ext", "subjectAltName")
    assert os.stat(node.path("node.key")).st_mode & 0o777 == 0o600
    assert not os.path.exists(desk.pki.path("issued", "db1"))  # no key of it was ever there
    assert [row["name"] for row in desk.pki.list()] == ["db1"]
    assert desk.said("certificate issued", node="db1")


def test_a_token_is_good_once(desk, folder):
    token = desk.pki.run("token", "db1").strip()
    Pki(folder + "/a").run("join", desk.where, token)
    error = Pki(folder + "/b").run("join", desk.where, token, status=1)
    assert "not good" in error
    assert len(desk.pki.list()) == 1 and not os.path.exists(folder + "/b/node.crt")


def test_a_second_token_ends_the_first(desk, folder):
    first, second = (desk.pki.run("token", "db1").strip() for _ in range(2))
    assert "not good" in Pki(folder + "/a").run("join", desk.where, first, status=1)
    Pki(folder + "/a").run("join", desk.where, second)


def test_a_token_ends(desk, folder):
    token = desk.pki.run("token", "db1", "--valid", "30m").strip()
    path = desk.pki.path("tokens", "db1")
    with open(path, encoding="ascii") as text:
        kept = json.load(text)
    assert 1700 < kept["until"] - time.time() <= 1800
    assert token.split(":")[1] not in json.dumps(kept)  # a hash alone
    assert os.stat(path).st_mode & 0o777 == 0o600
    kept["until"] = int(time.time()) - 1
    with open(path, "w", encoding="ascii") as text:
        json.dump(kept, text)
    assert "not good" in Pki(folder + "/a").run("join", desk.where, token, status=1)


def test_the_names_are_those_of_the_token(desk, folder):
    """A node that asks with another name's secret, or another name, gets nothing."""
    one, two = (desk.pki.run("token", name).strip() for name in ("one", "two"))
    mixed = ":".join(["two", one.split(":")[1], one.split(":")[2]])
    assert "not good" in Pki(folder + "/a").run("join", desk.where, mixed, status=1)
    Pki(folder + "/a").run("join", desk.where, two)
    assert "CN=two" in x509(folder + "/a/node.crt", "-subject").replace(" ", "")


@pytest.mark.parametrize("token", ["x", "", "a:b:c", "db1:" + "0" * 32, "Db1:" + "0" * 32 + ":" +
                                   "0" * 64, "db1:" + "0" * 32 + ":" + "g" * 64])
def test_what_is_no_token(desk, folder, token):
    assert "no token" in Pki(folder + "/a").run("join", desk.where, token, status=2)


def test_another_ca_does_not_get_the_secret(desk, folder):
    """Who stands on the way has a certificate, even of that name, but not the root of the pin."""
    stranger = Pki(folder + "/stranger")
    stranger.run("init")
    other = Desk(stranger)
    try:
        token = desk.pki.run("token", "db1").strip()
        error = Pki(folder + "/a").run("join", other.where, token, status=1)
        assert "not trusted" in error or "untrusted" in error, error
        assert not other.said("node refused")
        Pki(folder + "/a").run("join", desk.where, token)  # it is still good
    finally:
        other.close()


def test_another_node_does_not_pass_for_the_ca(desk, folder):
    """A node of ours, with its own certificate below the right root."""
    node = joined(desk, folder, "evil")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with open(node.path("node.crt"), "a", encoding="ascii") as chain:
        with open(node.path("ca.crt"), encoding="ascii") as root:
            chain.write(root.read())
    context.load_cert_chain(node.path("node.crt"), node.path("node.key"))
    listener = socket.create_server(("127.0.0.1", 0))
    got = []

    def serve():
        plain, _ = listener.accept()
        try:
            with context.wrap_socket(plain, server_side=True) as sock:
                got.append(sock.recv(65536))
        except OSError:
            got.append(b"")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    token = desk.pki.run("token", "db1").strip()
    where = "127.0.0.1:%d" % listener.getsockname()[1]
    error = Pki(folder + "/a").run("join", where, token, status=1)
    thread.join(15)
    listener.close()
    assert "mismatch" in error and got == [b""], (error, got)


def renewed(node, *more, status=0):
    return node.run("renew", "--self", *more, status=status)


def serial(node):
    return x509(node.path("node.crt"), "-serial")


def test_renewal(desk, folder):
    node = joined(desk, folder, "db1", "--dns", "db1.example.org", "--days", "40")
    before = serial(node), x509(node.path("node.crt"), "-pubkey")
    assert "not due" in renewed(node)
    assert serial(node) == before[0]
    renewed(node, "--again")
    assert serial(node) != before[0] and x509(node.path("node.crt"), "-pubkey") == before[1]
    assert "db1.example.org" in x509(node.path("node.crt"), "-ext", "subjectAltName")
    assert "will not expire" in x509(node.path("node.crt"), "-checkend", str(39 * 86400))
    assert [row["state"] for row in desk.pki.list()] == ["renewed", "good"]
    assert "has a certificate already" in node.run("join", desk.where, "db1:" + "0" * 32 + ":" +
                                                   "0" * 64, status=1)


def aged(desk, folder, days):
    """A node whose certificate ended so many days ago (less than 0: it will)."""
    pki = desk.pki
    pki.run("issue", "old")
    pki.end_days_ago("old", days)
    node = Pki(folder + "/old")
    shutil.copytree(pki.node("old"), node.dir)
    os.chmod(node.dir, 0o700)
    with open(node.path("servers"), "w", encoding="ascii") as servers:
        servers.write(desk.where + "\n")
    return node


@pytest.mark.parametrize("days", [-19, -2, 3])
def test_due_and_expired_lately_is_renewed(desk, folder, days):
    node = aged(desk, folder, days)
    renewed(node)
    assert "will not expire" in x509(node.path("node.crt"), "-checkend", str(29 * 86400 - 60))


def test_expired_long_ago_is_not(desk, folder):
    node = aged(desk, folder, 9)
    error = renewed(node, status=1)
    assert "half of its life is over" in error and "not renewed" in error
    assert wait_until(lambda: desk.said("node's TLS failed", error="certificate has expired"))


def test_not_due_is_left_alone(desk, folder):
    assert "not due" in renewed(aged(desk, folder, -25))


def test_revoked_is_not_renewed_and_all_hear_of_it(desk, folder):
    db1, db2 = joined(desk, folder, "db1"), joined(desk, folder, "db2")
    desk.pki.run("revoke", "db1")
    assert "not renewed" in renewed(db1, "--again", status=1)
    renewed(db2, "--again")
    denied = open(db2.path("denied"), encoding="ascii").read()
    assert [row for row in desk.pki.list() if row["name"] == "db1"][0]["serial"] in denied


def denied(node):
    with open(node.path("denied"), encoding="ascii") as text:
        return text.read()


def test_the_list_comes_each_hour(desk, folder):
    """Long before the next renewal; and only when it is another."""
    db1, db2 = joined(desk, folder, "db1"), joined(desk, folder, "db2")
    before = serial(db2)
    assert "is the same" in renewed(db2)
    desk.pki.run("revoke", "db1")
    said = renewed(db2)
    assert "not due" in said and "is a new one" in said
    assert [row for row in desk.pki.list() if row["name"] == "db1"][0]["serial"] in denied(db2)
    written = os.stat(db2.path("denied")).st_mtime_ns
    assert "is the same" in renewed(db2)
    assert os.stat(db2.path("denied")).st_mtime_ns == written and serial(db2) == before
    assert "no desk tells who was revoked" in renewed(db1, status=1)  # it is turned away in TLS


def test_a_list_that_is_longer_here_stays_and_is_not_written_again(desk, folder):
    node = joined(desk, folder)
    with open(node.path("denied"), "a", encoding="ascii") as text:
        text.write("aa01 4102444800\n")
    written = os.stat(node.path("denied")).st_mtime_ns
    assert "is the same" in renewed(node)
    assert "aa01 4102444800" in denied(node)
    assert os.stat(node.path("denied")).st_mtime_ns == written


def test_a_desk_that_is_down_changes_nothing(desk, folder):
    node = joined(desk, folder)
    files = {name: os.stat(node.path(name)).st_mtime_ns for name in os.listdir(node.dir)}
    dead, = free_ports(1)
    with open(node.path("servers"), "w", encoding="ascii") as servers:
        servers.write(f"127.0.0.1:{dead}\n")
    files["servers"] = os.stat(node.path("servers")).st_mtime_ns
    error = renewed(node, status=1)
    assert "Connection refused" in error and "the list of before stays in force" in error
    assert files == {name: os.stat(node.path(name)).st_mtime_ns for name in os.listdir(node.dir)}


def test_who_was_denied_stays_so(desk, folder):
    """What another issuing host said is not forgotten."""
    node = joined(desk, folder)
    with open(node.path("denied"), "a", encoding="ascii") as denied:
        denied.write("aa01 4102444800\nbb02 1000\n")
    renewed(node, "--again")
    text = open(node.path("denied"), encoding="ascii").read()
    assert "aa01 4102444800" in text and "bb02" not in text


def test_a_new_root_comes_with_renewal(desk, folder):
    node = joined(desk, folder)
    desk.pki.run("root", "new")

    renewed(node, "--again")
    assert open(node.path("ca.crt"), encoding="ascii").read().count("BEGIN CERT") == 2
    joined(desk, folder, "later")  # its token has the pin of the new root
    desk.pki.run("root", "retire")


def test_the_next_desk_is_asked_when_one_is_down(desk, folder):
    node = joined(desk, folder)
    dead, = free_ports(1)
    with open(node.path("servers"), "w", encoding="ascii") as servers:
        servers.write(f"# desks\n127.0.0.1:{dead}\n{desk.where}\n")
    before = serial(node)
    renewed(node, "--again")
    assert serial(node) != before


def second_of(pki, folder):
    """Another host that issues."""
    second = Pki(folder + "/ca2")
    request = second.run("second", "request")
    assert "PRIVATE" not in request
    answer = pki.run("second", "sign", "--request", "-", input=request)
    assert "PRIVATE" not in answer
    second.run("second", "take", "--request", "-", input=answer)
    return second


def test_a_second_host_issues(desk, folder):
    node = joined(desk, folder, "db1", "--dns", "db1.example.org", "--ip", "192.0.2.9")
    pki, second = desk.pki, second_of(desk.pki, folder)
    assert not os.path.exists(second.path("root-1", "root.key"))
    assert not os.path.exists(second.path("second.key"))
    other = Desk(second)
    try:
        with open(pki.path("servers"), "w", encoding="ascii") as servers:
            servers.write(f"{desk.where}\n{other.where}\n")
        renewed(node, "--again")
        assert open(node.path("servers"), encoding="ascii").read().splitlines() == [
            desk.where, other.where]
        # The first is down: what it issued is renewed by the second, names included.
        with open(node.path("servers"), "w", encoding="ascii") as servers:
            servers.write(other.where + "\n")
        renewed(node, "--again")
        assert [row["beside"] for row in second.list()] == ["db1.example.org 192.0.2.9"]
        for roots in (node, pki, second):
            done = ran("openssl", "verify", "-x509_strict", "-CAfile", roots.path("ca.crt"),
                       "-untrusted", node.path("node.crt"), node.path("node.crt"))
            assert done.returncode == 0, done.stderr
        # And a node that joins there is known here.
        joined(other, folder, "db2")
        # What one revoked the other heeds, once it has the list.
        pki.run("issue", "db3", "--out", folder + "/db3")
        pki.run("revoke", "db3")
        shutil.copy(pki.path("denied"), second.path("denied.other"))
        second.run("renew", "--due")
        with open(folder + "/db3/servers", "w", encoding="ascii") as servers:
            servers.write(other.where + "\n")
        assert "not renewed" in renewed(Pki(folder + "/db3"), "--again", status=1)
        assert wait_until(lambda: other.said("node's TLS failed", error="certificate revoked"))
    finally:
        other.close()


def test_a_second_host_without_an_answer_for_it(desk, folder):
    second, third = Pki(folder + "/ca2"), Pki(folder + "/ca3")
    second.run("second", "request")
    answer = desk.pki.run("second", "sign", "--request", "-", input=third.run("second", "request"))
    assert "no answer" in second.run("second", "take", "--request", "-", input=answer, status=1)
    assert "no answer" in third.run("second", "take", "--request", "-", input="x", status=1)
    third.run("second", "take", "--request", "-", input=answer)
    assert "already" in third.run("second", "take", "--request", "-", input=answer, status=1)


def test_nobody_there(folder, pki):
    port, = free_ports(1)
    token = pki.run("token", "db1").strip()
    error = Pki(folder + "/a").run("join", f"127.0.0.1:{port}", token, status=1)
    assert "refused" in error and f"127.0.0.1:{port}" in error
    assert token.split(":")[1] not in error


# Strangers


def context():
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def asked(desk, line, timeout=30):
    """The answer to bytes of anybody's."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout) as plain:
        with context().wrap_socket(plain) as sock:
            got = b""
            try:
                sock.sendall(line)
                while part := sock.recv(65536):
                    got += part
            except OSError:
                pass
            return got


@pytest.mark.parametrize("line", [b"\n", b"x\n", b"{}\n", b"[]\n", b'{"do":"join"}\n', b"\0\n",
                                  b'{"do":"renew","request":"x"}\n',
                                  b'{"do":"join","name":"../a","secret":"%s","request":"x"}\n' %
                                  (b"0" * 32)])
def test_nonsense_is_refused(desk, line):
    answer = json.loads(asked(desk, line))
    assert answer["error"] and not answer["again"]
    assert "chain" not in answer


def test_too_much_is_cut_off(desk):
    assert asked(desk, b"x" * 100000) == b""
    assert json.loads(asked(desk, b"{}\n"))["error"]


def test_only_tls_1_3(desk):
    old = context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", desk.port), 15) as plain:
        with pytest.raises(OSError):
            old.wrap_socket(plain)


def test_guessing_ends(desk, folder):
    token = desk.pki.run("token", "db1").strip()
    guess = json.dumps({"do": "join", "name": "db1", "secret": "0" * 32, "request": "x"}) + "\n"
    answers = []
    for _ in range(8):
        try:
            answers.append(asked(desk, guess.encode(), 5))
        except OSError:
            answers.append(b"")
    assert [bool(answer) for answer in answers] == [True] * 5 + [False] * 3
    assert os.path.exists(desk.pki.path("tokens", "db1"))  # nobody ends another's token
    assert token


def test_so_many_at_a_time_and_not_for_ever(desk):
    """Eight of an address; a silent one is ended; nobody else is kept out."""
    idle = [socket.create_connection(("127.0.0.1", desk.port), 30) for _ in range(8)]
    try:
        with socket.create_connection(("127.0.0.1", desk.port), 30) as ninth:
            assert ninth.recv(1) == b""
        began = time.monotonic()
        for one in idle:
            assert one.recv(1) == b""
        assert time.monotonic() - began < 30
        assert json.loads(asked(desk, b"{}\n"))["error"]
    finally:
        for one in idle:
            one.close()


def test_the_desk_is_boxed(desk):
    with open(f"/proc/{desk.process.pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert fields["NoNewPrivs"].strip() == "1" and fields["Seccomp"].strip() == "2"


def test_serve_says_what_is_wrong(pki, folder):
    assert "--listen" in pki.run("serve", status=2)
    assert "ADDRESS:PORT" in pki.run("serve", "--listen", "nowhere:1", status=2)
    assert "no CA in it" in Pki(folder).run("serve", "--listen", "127.0.0.1:1", status=1)
