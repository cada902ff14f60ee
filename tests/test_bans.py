"""ctl ban: who is not let in, at every worker and every node, until when."""
import contextlib
import imaplib
import json
import os
import pathlib
import socket
import ssl

import pytest

import stores
from daemon import Daemon, client_context, wait_until
from edges import all_edges, greet
from test_cluster import HEARD, nodes, reached
from test_limits import From

LIMITS = "connections_per_address = 2000; errors_max = 10000; login_failures_max = 1000;"


@pytest.fixture(name="stage")
def stage_fixture(tmp_path):
    with all_edges(tmp_path, 2, LIMITS + 'exempt = ["127.0.0.9"];') as made:
        yield made


def login(stage, user="alice", source="127.0.0.1"):
    """The client, or None if it was not let in."""
    sock = socket.create_connection(("127.0.0.1", stage.ports["imap"][1]), 15, (source, 0))
    client = None
    try:
        client = OverSocket(client_context().wrap_socket(sock))
        client.login(user, "secret")
        return client
    except (OSError, ssl.SSLError, imaplib.IMAP4.error):
        sock.close()
        forget_errors()
        return None


class OverSocket(imaplib.IMAP4):
    def __init__(self, sock):
        self.given = sock
        super().__init__()

    def open(self, host="", port=0, timeout=None):
        self.sock, self.file = self.given, self.given.makefile("rb")


def forget_errors():
    """Python 3.13 leaves the error of one TLS socket to the next that is asked: made to clear it."""
    with contextlib.suppress(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers("none such")


def is_cut(client):
    try:
        while client.sock.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        forget_errors()
    return True


def ban(stage, *words):
    done = stage.daemon.ctl("ban", *words)
    assert done.returncode == 0, done
    return done


def bans(stage):
    return {row["target"]: row for row in json.loads(stage.daemon.ctl("--json", "bans").stdout)["bans"]}


def test_an_address_is_not_let_in_and_its_sessions_end(stage):
    here, there = login(stage), login(stage, source="127.0.0.2")
    seen = len(stage.daemon.events)
    ban(stage, "127.0.0.2", "--for", "1h")
    stage.daemon.wait("session of the banned ended", after=seen, client="127.0.0.2")
    assert is_cut(there)
    assert here.noop()[0] == "OK"
    # Each worker: its sockets are apart.
    assert not any(login(stage, source="127.0.0.2") for _ in range(8))
    stage.daemon.wait("connection refused", client="127.0.0.2", reason="banned")
    assert login(stage) and login(stage, source="127.0.0.3")
    assert bans(stage)["127.0.0.2"]["kind"] == "address" and stage.daemon.status()["bans"] == 1
    assert stage.daemon.ctl("unban", "127.0.0.2").returncode == 0
    assert wait_until(lambda: login(stage, source="127.0.0.2"), 15)


def test_a_network_but_for_who_is_exempt(stage):
    ban(stage, "127.0.0.8/29")
    assert wait_until(lambda: not login(stage, source="127.0.0.10"), 15)
    assert login(stage, source="127.0.0.9") and login(stage, source="127.0.0.7")


def test_a_user_wherever_he_comes_from(stage):
    alice, bob = login(stage, "alice"), login(stage, "bob")
    seen = len(stage.daemon.events)
    ban(stage, "ALICE")
    stage.daemon.wait("session of the banned ended", after=seen, user="alice")
    assert is_cut(alice)
    assert bob.noop()[0] == "OK"
    assert not any(login(stage, "alice", f"127.0.0.{n}") for n in range(2, 8))
    stage.daemon.wait("login refused", user="alice", reason="banned")
    assert login(stage, "bob", "127.0.0.2")


def test_who_is_in_a_message_ends_behind_it(stage):
    """Not before, or the message would be sent twice; nor may he go on with the next one."""
    talk = greet(From(stage.ports["mx"][0], "127.0.0.2"), "mx")
    talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
    talk.say(b"RCPT TO:<b@example.org>\r\n").reply()
    assert talk.say(b"DATA\r\n").reply().startswith(b"354")
    seen = len(stage.daemon.events)
    ban(stage, "127.0.0.2")
    assert wait_until(lambda: not any(login(stage, source="127.0.0.2") for _ in range(8)), 30)
    assert talk.say(b"Subject: x\r\n\r\nx\r\n.\r\n").reply().startswith(b"250")
    stage.daemon.wait("session of the banned ended", after=seen, client="127.0.0.2")
    assert talk.is_closed()


def test_it_ends_by_itself(stage):
    ban(stage, "bob", "--for", "2s")
    assert wait_until(lambda: login(stage, "bob"), 20)
    assert wait_until(lambda: not bans(stage), 60)


def test_a_restart_keeps_it(stage):
    ban(stage, "127.0.0.2")
    ban(stage, "carol", "--for", "30d")
    assert os.stat(f"{stage.folder}/state/bans").st_mode & 0o777 == 0o600
    stage.daemon.close()
    stage.daemon = Daemon(pathlib.Path(stage.folder), stage.config).ready()
    try:
        assert set(bans(stage)) == {"127.0.0.2", "carol"}
        assert not login(stage, source="127.0.0.2") and login(stage)
    finally:
        stage.daemon.close()


def test_what_is_wrong_is_said(stage):
    for words in (["a/b"], ["127.0.0.1/33"], ["x" * 200], ["127.0.0.1", "--for", "400d"]):
        done = stage.daemon.ctl("ban", *words)
        assert done.returncode == 1 and ("no user" in done.stdout or "a year" in done.stdout), (words, done)
    assert stage.daemon.ctl("ban", "x", "--for", "soon").returncode == 2
    done = stage.daemon.ctl("ban")
    assert done.returncode == 2 and "write ban TARGET" in done.stderr and "Usage" not in done.stderr
    done = stage.daemon.ctl("bann", "x")
    assert done.returncode == 2 and "no such command: bann" in done.stderr
    done = stage.daemon.ctl("unban", "nobody")
    assert done.returncode == 1 and "no such ban" in done.stdout
    assert stage.daemon.ctl("bans").stdout == "nobody is banned\n"


def test_a_mistyped_network_shows_as_a_user(stage):
    assert stage.daemon.ctl("ban", "203.0.113").stdout == "banned, as a user's name\n"
    assert stage.daemon.ctl("ban", "203.0.113.0/24").stdout == "banned\n"
    shown = stage.daemon.ctl("bans").stdout
    assert "user 203.0.113 until" in shown and "address 203.0.113.0/24 until" in shown


def test_all_nodes_of_a_cluster_hear_of_it():
    with stores.alone() as store, nodes(2, [store.port]) as (one, two):
        reached(one)
        reached(two)
        ban(one, "127.0.0.2")
        ban(one, "dave")
        assert wait_until(lambda: set(bans(two)) == {"127.0.0.2", "dave"}, HEARD)
        assert bans(two)["dave"]["of_cluster"] and not bans(one)["dave"]["of_cluster"]
        assert wait_until(lambda: not login(two, source="127.0.0.2"), 15) and not login(two, "dave")
        # Lifted where it was not made.
        assert two.daemon.ctl("unban", "dave").returncode == 0
        assert wait_until(lambda: set(bans(one)) == {"127.0.0.2"}, HEARD) and login(one, "dave")
        assert wait_until(lambda: set(bans(two)) == {"127.0.0.2"}, HEARD)
