"""Several nodes and the store that they share: any of them answers for all, a TLS session resumes on
any, whatever dies meanwhile."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import pytest

import stores
from daemon import BINARY, Talk, client_context, wait_until
from edges import all_edges
from test_relay import Mta, relays
from test_ledger import PASSWORD, crowd, ledger_of, query

HEARD = 30  # seconds; a turn is five


def config(ports, more=""):
    servers = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    return f'cluster = {{ servers = [{servers}]; {more} }};'


@contextlib.contextmanager
def nodes(count, ports, more="", extra=""):
    """So many daemons, each with state and sockets of its own."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            folder = tempfile.mkdtemp(prefix="mailseal-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            made.append(stack.enter_context(
                all_edges(pathlib.Path(folder), 2, "connections_per_address = 2000; "
                          "errors_max = 10000; login_failures_max = 1000;",
                          config(ports, more) + extra)))
        yield made


@pytest.fixture(scope="module")
def store():
    with stores.alone() as made:
        yield made


@pytest.fixture(scope="module")
def three(store):
    with nodes(3, [store.port]) as made:
        for node in made:
            reached(node)
        yield made


def cluster_of(node):
    return node.daemon.status()["cluster"]


def reached(node, is_so=True, timeout=20):
    assert wait_until(lambda: cluster_of(node)["reached"] == is_so, timeout), cluster_of(node)


def others(node, text, *values):
    path = f"{node.folder}/state/ledger/others.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(text, values)]


def total(node, where="protocol = 'smtp'"):
    """Sessions of all nodes, as this one knows them."""
    text = f"SELECT coalesce(sum(sessions), 0) AS n FROM sum WHERE {where}"
    return query(node.folder, text)[0]["n"] + others(node, text)[0]["n"]


def totals(made):
    with contextlib.suppress(sqlite3.OperationalError):  # a file that is being made
        return [total(node) for node in made]


def all_say(made, count, timeout=HEARD):
    assert wait_until(lambda: totals(made) == [count] * len(made), timeout), totals(made)


def resumes_at(first, *then):
    """openssl takes its session along: (resumed, ...)."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/session"

        def talk(node, *words):
            done = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{node.ports['imap'][1]}",
                 "-servername", "mail.example.org", "-tls1_2", *words], input=b"a LOGOUT\r\n",
                capture_output=True, timeout=20, check=False)
            return b"Reused, TLS" in done.stdout
        assert not talk(first, "-sess_out", path)
        return [talk(node, "-sess_in", path) for node in then]


# --- one store ---

def test_a_session_resumes_on_another_node(store, three):
    assert wait_until(lambda: len(store.cli("keys", "mailseal:ticket:*").split()) >= 2)
    assert wait_until(lambda: resumes_at(three[0], *three) == [True] * 3, HEARD)
    assert resumes_at(three[2], three[0], three[1]) == [True, True]


def test_any_node_answers_for_all(three):
    before = totals(three)
    assert len(set(before)) == 1
    did = sum(crowd(node.ports, 40 * (i + 1)) for i, node in enumerate(three))
    all_say(three, before[0] + did)
    for node in three:
        assert cluster_of(node)["nodes"] == 3
        assert wait_until(lambda n=node: cluster_of(n)["waiting"] == 0)
        assert "cluster: store reached since 20" in node.daemon.ctl("status").stdout


def report(node, name):
    done = subprocess.run([BINARY, "report", name, "-c", f"{node.folder}/mailseal.conf", "--json"],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode in (0, 1), done
    return json.loads(done.stdout)


def test_reports_are_the_same_at_each_node(three):
    assert wait_until(lambda: len(set(totals(three) or [1, 2])) == 1)
    said = [report(node, "coverage") for node in three]
    assert said[0] == said[1] == said[2]
    inbound = [row["sessions"] for row in said[0]
               if row["leg"] == "inbound" and row["protocol"] == "all"]
    assert inbound == [total(three[0])] and inbound[0] > 200


def test_a_password_in_clear_is_known_at_all_nodes(three):
    talk = Talk(three[1].ports["imap"][0])
    talk.line()
    talk.say(f"a LOGIN exposed {PASSWORD}\r\n".encode()).line()
    talk.close()
    for node in (three[0], three[2]):
        assert wait_until(lambda n=node: others(
            n, "SELECT user, count FROM exposure") == [{"user": "exposed", "count": 1}], HEARD)
        assert [e["user"] for e in report(node, "exposures")] == ["exposed"]
    done = three[1].daemon.ctl("forget", "exposed")
    assert done.returncode == 0 and done.stdout == "forgotten: 2 rows\n", done
    for node in (three[0], three[2]):
        assert wait_until(lambda n=node: not others(n, "SELECT user FROM exposure"), HEARD)


def test_nothing_secret_is_shared(store, three):
    text = ""
    for key in store.cli("--scan").split():
        assert key.startswith("mailseal:"), key
        if not key.startswith("mailseal:ticket:"):
            text += store.cli("dump", key)
    assert PASSWORD not in text


def fail(node, user, count=1):
    """Failed logins in TLS; the seconds that each answer took."""
    took = []
    with socket.create_connection(("127.0.0.1", node.ports["imap"][1]), 60) as sock:
        with client_context().wrap_socket(sock, server_hostname="mail.example.org") as tls:
            tls.recv(4096)
            for _ in range(count):
                began = time.monotonic()
                tls.sendall(f"a LOGIN {user} wrong\r\n".encode())
                assert b" NO " in tls.recv(4096)
                took.append(time.monotonic() - began)
    return took


def count_of(store, user):
    keys = store.cli("keys", f"mailseal:guess:*:{user}").split()
    return int(store.cli("get", keys[0])) if keys else 0


def test_who_guesses_at_every_node_is_slowed(store, three):
    for i in range(3):
        fail(three[i], "Guessed")
        assert not any(e.get("event") == "login slowed" for e in three[i].daemon.events)
    assert wait_until(lambda: count_of(store, "guessed") == 3)
    # The next is heard of by the node that it comes to; from then on it is as if it were one.
    fail(three[0], "guessed")
    assert wait_until(lambda: count_of(store, "guessed") == 4)
    seen = len(three[0].daemon.events)
    for _ in range(3):  # either of two workers may not have heard yet
        fail(three[0], "guessed")
    slowed = three[0].daemon.wait("login slowed", after=seen, user="guessed")
    assert float(slowed["seconds"]) >= 1


# --- relays ---

def far_fields(store, domain):
    words = store.cli("hgetall", f"mailseal:far:{domain}", raw=True).split("\n")
    return dict(zip(words[::2], words[1::2]))


def test_what_far_ends_had_is_told_and_heard(store):
    for relay in relays(config([store.port])):
        wait_until(lambda: relay.status()["cluster"]["reached"])
        relay.far("told")
        with contextlib.closing(Mta(relay.lmtp)) as mta:
            assert mta.send("b@told.example")[3].startswith("250")
            told = {}
            assert wait_until(lambda: told.update(far_fields(store, "told.example")) or told)
            (field, value), = told.items()
            assert field.endswith(" mx.told.example") and value.split()[2] == "1"
            # Another node has met this one for long, and it has no TLS any more.
            now = int(time.time())
            relay.far("heard", tls=False)
            relay.far("strange", tls=False)
            for domain in ("heard", "strange"):
                write(store.port, b"HSET", f"mailseal:far:{domain}.example".encode(),
                      f"{'a' * 16} mx.{domain}.example".encode(),
                      f"{now - 40 * 86400} {now} 30 0 0".encode() if domain == "heard"
                      else b"\xff" * 40)
            seen = len(relay.events)
            said = mta.send("b@heard.example")
            assert said[1].startswith("4") or said[3].startswith("4"), said
            relay.wait("downgrade", after=seen, domain="heard.example", lost="starttls")
            assert mta.send("b@strange.example")[3].startswith("250")
            # A policy that it fetched; here there is no record of it.
            text = f"now {now} {now + 3600} version: STSv1\nmode: enforce\nmx: no.example\nmax_age: 86400\n"
            relay.far("policy")
            write(store.port, b"HSET", b"mailseal:far:policy.example", b"sts", text.encode())
            said = mta.send("b@policy.example")
            assert not said[-1].startswith("250"), said
            assert not any("process died" in line for line in relay.text[seen:])


def test_a_relay_whose_store_is_away_goes_by_itself():
    with stores.alone() as store:
        for relay in relays(config([store.port])):
            assert wait_until(lambda: relay.status()["cluster"]["reached"])
            relay.far("before")
            store.stop_answering()
            try:
                with contextlib.closing(Mta(relay.lmtp)) as mta:
                    began = time.monotonic()
                    assert mta.send("b@before.example")[3].startswith("250")
                    assert time.monotonic() - began < 20
            finally:
                store.go_on()
            assert wait_until(lambda: far_fields(store, "before.example"), 20)


# --- a store that goes and comes ---

def test_while_the_store_is_away_all_goes_on():
    with stores.alone() as store, nodes(2, [store.port]) as made:
        for node in made:
            reached(node)
        assert wait_until(lambda: resumes_at(made[0], made[1]) == [True], HEARD)
        did = crowd(made[0].ports, 40)
        all_say(made, did)
        store.kill()
        for node in made:
            reached(node, False)
            assert "not reached since" in node.daemon.ctl("status").stdout
        for node in made:
            node.daemon.wait("the cluster's store is not reached: this node goes on by itself")
        did += crowd(made[0].ports, 80) + crowd(made[1].ports, 160)
        assert resumes_at(made[0], made[0], made[1]) == [True, True]  # the keys are those they had
        assert wait_until(lambda: cluster_of(made[1])["waiting"] > 0)
        seen = [len(node.daemon.events) for node in made]
        store.start()  # it has forgotten everything
        for node, after in zip(made, seen):
            reached(node)
            node.daemon.wait("the cluster's store is reached", after=after)
        all_say(made, did)
        assert wait_until(lambda: resumes_at(made[0], made[1]) == [True], HEARD)


def test_a_store_that_stops_answering_slows_nobody():
    with stores.alone() as store, nodes(2, [store.port]) as made:
        for node in made:
            reached(node)
        store.stop_answering()
        try:
            began = time.monotonic()
            did = crowd(made[0].ports, 80)
            fail(made[0], "alice", 2)
            assert not any(e.get("event") == "login slowed" for e in made[0].daemon.events)
            assert time.monotonic() - began < 20
            reached(made[0], False)
        finally:
            store.go_on()
        reached(made[0])
        all_say(made, did)


def test_a_node_that_is_killed_counts_once():
    with stores.alone() as store, nodes(3, [store.port]) as made:
        for node in made:
            reached(node)
        did = sum(crowd(node.ports, 80) for node in made)
        all_say(made, did)
        dead = made[0]
        did += crowd(dead.ports, 80)
        assert wait_until(lambda: query(dead.folder, "SELECT coalesce(sum(sessions), 0) AS n FROM sum"
                                        " WHERE protocol = 'smtp'")[0]["n"] == did // 4 * 2)
        children = sum(dead.daemon.children().values(), [])
        dead.daemon.process.kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        dead.daemon.process.wait()
        did += crowd(made[1].ports, 40)
        dead.daemon.start()
        dead.daemon.ready()
        did += crowd(dead.ports, 40)
        all_say(made, did)


def test_a_node_that_ends_hands_over_what_it_has():
    with stores.alone() as store, nodes(2, [store.port]) as made:
        for node in made:
            reached(node)
        did = crowd(made[0].ports, 40)
        assert made[0].daemon.close() == 0
        all_say(made[1:], did)


def test_an_others_file_that_is_lost_is_heard_again():
    with stores.alone() as store, nodes(2, [store.port]) as made:
        did = sum(crowd(node.ports, 40) for node in made)
        all_say(made, did)
        ledger = ledger_of(made[0].daemon)
        os.kill(ledger, signal.SIGSTOP)
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{made[0].folder}/state/ledger/others.db{end}")
        os.kill(ledger, signal.SIGKILL)
        assert wait_until(lambda: os.path.exists(f"{made[0].folder}/state/ledger/others.db"))
        all_say(made, did)


# --- rubbish ---

RUBBISH = [b"", b"x" * 100000, b"mailseal 1 sums 1\n" + b"\xff\t" * 1000, b"\0\r\n$-1\r\n",
           b"9" * 400]


def write(port, *words):
    """A command with any bytes in it."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return sock.recv(4096)


def test_a_store_full_of_rubbish_does_no_harm():
    with stores.alone() as store:
        bucket = int(time.time()) // 43200
        for i, value in enumerate(RUBBISH):
            for name in (b"nodes", b"{%016x}:index" % (i + 1)):
                write(store.port, b"HSET", b"mailseal:" + name, value, value)
            hour = int(time.time()) // 3600
            node = b"%016x" % (i + 1)
            for name in (b"sums:%d" % hour, b"exposures:%d" % hour):
                write(store.port, b"HSET", b"mailseal:{%s}:index" % node, name, b"%016x" % i)
                write(store.port, b"SET", b"mailseal:{%s}:%s" % (node, name), value)
            write(store.port, b"HSET", b"mailseal:nodes", node,
                  b"%d %016x \x1b[2J<script>" % (time.time(), i))
        write(store.port, b"SET", b"mailseal:ticket:%d" % bucket, b"short")
        write(store.port, b"LPUSH", b"mailseal:ticket:%d" % (bucket - 1), b"a list")
        with nodes(2, [store.port]) as made:
            for node in made:
                reached(node)
            did = sum(crowd(node.ports, 40) for node in made)
            all_say(made, did)
            assert wait_until(lambda: resumes_at(made[0], made[1]) == [True], HEARD)
            for node in made:
                assert wait_until(lambda n=node: any(
                    e.get("event") == "what another node told is not understood"
                    for e in n.daemon.events), HEARD)
                assert not any("process died" in line or "\x1b" in line for line in node.daemon.text)
                assert others(node, "SELECT count(*) AS n FROM exposure") == [{"n": 0}]
            # What is ours is put right.
            ours = [k for k in store.cli("keys", "mailseal:{*}:index").split()
                    if not k.startswith("mailseal:{00000000000000")]
            store.cli("del", *ours)
            for key in ours:
                store.cli("set", key, "no hash")
            did += sum(crowd(node.ports, 40) for node in made)
            all_say(made, did, 90)


def test_a_server_that_is_no_store(tmp_path):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        with nodes(1, [port]) as (node,):
            sock, _ = listener.accept()
            sock.sendall(b"220 mail.example.org ESMTP\r\n")
            told = node.daemon.wait("a server of the cluster's store is not reached")
            assert told["error"] == "it answers what is no answer"
            assert crowd(node.ports, 16) == 16
            sock.close()


def test_the_password_of_the_store(tmp_path):
    with stores.alone("--requirepass", "open sesame") as store:
        folder = tempfile.mkdtemp(prefix="mailseal-")
        os.chmod(folder, 0o755)
        try:
            right, wrong = f"{folder}/right", f"{folder}/wrong"
            for path, text in ((right, "open sesame\n"), (wrong, "friend\n")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            with nodes(1, [store.port], f'password_file = "{right}";') as (node,):
                reached(node)
                seen = len(node.daemon.events)
                node.daemon.write(node.config.replace(right, wrong))
                assert node.daemon.ctl("reload").returncode == 0
                told = node.daemon.wait("a server of the cluster's store is not reached", after=seen)
                assert told["error"] == "it refuses the password"
                reached(node, False)
                assert not any("sesame" in line or "friend" in line for line in node.daemon.text)
        finally:
            shutil.rmtree(folder)


def test_what_is_not_this_host_is_refused(tmp_path):
    path = tmp_path / "mailseal.conf"
    path.write_text('hostname = "a.example";\n'
                    'backend = { m = { address = ["127.0.0.1:1"]; }; };\n'
                    'edge = { m = { protocol = "smtp"; listen = ["127.0.0.1:2"]; backend = "m"; }; };\n'
                    'cluster = { servers = ["10.0.0.5:6379"]; };\n')
    done = subprocess.run([BINARY, "config", "check", "-c", str(path)], capture_output=True, text=True,
                          timeout=20, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and f"{path}:4" in said and "in clear" in said and "tunnel" in said


# --- a cluster ---

def test_a_cluster_of_six_and_a_shard_that_is_replaced():
    with stores.cluster() as cluster:
        with nodes(3, [s.port for s in cluster.stores]) as made:
            for node in made:
                reached(node, timeout=30)
            did = sum(crowd(node.ports, 80) for node in made)
            all_say(made, did)
            assert wait_until(lambda: resumes_at(made[0], made[1], made[2]) == [True, True], HEARD)
            keys = [s.cli("keys", "mailseal:*:index") for s in cluster.stores]
            dead = cluster.holder(next(k for text in keys for k in text.split()))
            did += crowd(made[0].ports, 80)
            dead.kill()  # what it had not handed to its replica is gone
            did += crowd(made[1].ports, 160)
            assert wait_until(cluster.is_well, 60)
            did += crowd(made[2].ports, 80)
            for node in made:
                reached(node, timeout=30)
            all_say(made, did, 90)
            assert wait_until(lambda: resumes_at(made[0], made[1], made[2]) == [True, True], HEARD)
            # One that comes now hears it all from the store.
            with nodes(1, [s.port for s in cluster.stores]) as (late,):
                all_say([late], did)
