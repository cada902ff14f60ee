"""The record of every session: what clients did is what the file says, whatever happens to the
process that writes it."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import sqlite3
import ssl
import tempfile
import threading
import time

import pytest

from daemon import Talk, client_context, wait_until
from edges import all_edges
from load import login
from test_relay import Mta, relays
from test_upgrade import newer, upgrade  # noqa: F401

SEALS = ["none", "plain", "legacy", "sealed", "authenticated", "local"]
LEGS = ["inbound", "outbound", "user", "internal"]
PASSWORD = "Tr0ub4dor-and-3"
AT_ONCE_S = 10  # on a machine that is busy


@contextlib.contextmanager
def edges(more="", workers=2):
    """In a folder that the ledger's user gets into."""
    folder = tempfile.mkdtemp(prefix="mailseal-")
    try:
        with all_edges(pathlib.Path(folder), workers, "connections_per_address = 2000; "
                       "errors_max = 10000;", more) as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stage():
    with edges('ledger = { keep = "all"; };') as running:
        yield running


@pytest.fixture
def fresh():
    with edges('ledger = { keep = "all"; };') as running:
        yield running


def query(folder, text, *values):
    """Rows as dictionaries. Where the file is not made yet, or its writer was killed and nobody has
    mended it, that is waited for: who only reads cannot."""
    def ask():
        with contextlib.closing(sqlite3.connect(f"file:{folder}/state/ledger/ledger.db?mode=ro",
                                                uri=True, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(text, values)]
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def wait_rows(folder, text, *values, count=1, timeout=30):
    """Until the file has that many; they are asked for once more to be returned."""
    assert wait_until(lambda: len(query(folder, text, *values)) >= count, timeout), \
        query(folder, "SELECT * FROM session")
    return query(folder, text, *values)


def total(folder, where="leg <> 3"):
    """Sessions of edges by the sums."""
    return query(folder, f"SELECT coalesce(sum(sessions), 0) AS n FROM sum WHERE {where}")[0]["n"]


def smtp_session(port, name=b"client.example", says=()):
    talk = Talk(port)
    talk.reply()
    talk.say(b"EHLO " + name + b"\r\n").reply()
    for line in says:
        talk.say(line + b"\r\n").reply()
    talk.say(b"QUIT\r\n").reply()
    talk.close()


def crowd(ports, count, threads=8):
    """That many sessions in clear at the smtp edge, each with a sender and through with its QUIT."""
    def run(share):
        for _ in range(share):
            smtp_session(ports["mx"][0], says=(b"MAIL FROM:<a@client.example>",))
    each = [threading.Thread(target=run, args=(count // threads,)) for _ in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()
    return count // threads * threads


def ledger_of(daemon):
    """Its pid, once it has its file."""
    assert wait_until(lambda: daemon.status()["ledger"]["open"])
    return daemon.children()["ledger"][0]


def row_of(stage, edge, after, **fields):
    """The newest session of this edge, as names."""
    row = wait_rows(stage.folder, "SELECT * FROM session WHERE edge = ? AND id > ?", edge, after)[-1]
    row["leg"], row["seal"] = LEGS[row["leg"]], SEALS[row["seal"]]
    for name, value in fields.items():
        assert row[name] == value, (name, row)
    return row


@pytest.fixture
def last(stage):
    assert stage.daemon.settle()
    assert wait_until(lambda: stage.daemon.status()["ledger"]["waiting"] == 0)
    rows = query(stage.folder, "SELECT coalesce(max(id), 0) AS id FROM session")
    return rows[0]["id"]


def test_a_session_in_clear_at_port_25(stage, last):
    smtp_session(stage.ports["mx"][0], says=[b"MAIL FROM:<a@b>", b"RCPT TO:<c@d>"])
    row = row_of(stage, "mx", last, leg="inbound", seal="plain", protocol="smtp", address="127.0.0.1",
                 software="client.example", version="", hello=0, outcome="ok", user="")
    assert abs(row["at"] - time.time()) < 60 and row["bytes_in"] > 40 and row["bytes_out"] > 40


def test_a_sealed_session_at_port_25_and_its_backend(stage, last):
    where = "leg = 3 AND protocol = 'backend' AND edge = 'smtp'"
    before = total(stage.folder, where)
    talk = Talk(stage.ports["mx"][0])
    talk.reply()
    talk.say(b"EHLO x\r\n").reply()
    talk.say(b"STARTTLS\r\n").reply()
    talk.starttls().say(b"EHLO tls.example\r\n").reply()
    for line in (b"MAIL FROM:<a@b>", b"RCPT TO:<c@d>", b"DATA", b"Subject: x\r\n\r\nx\r\n.", b"QUIT"):
        talk.say(line + b"\r\n").reply()
    talk.close()
    row = row_of(stage, "mx", last, leg="inbound", seal="sealed", version="TLSv1.3", messages=1,
                 software="tls.example", outcome="ok")
    assert row["cipher"].startswith("TLS_") and row["kex"]
    hello = query(stage.folder, "SELECT * FROM hello WHERE hash = ?", row["hello"])
    assert len(hello) == 1 and "1301" in hello[0]["suites"] and hello[0]["max_version"] == 0x0304
    assert total(stage.folder, where + " AND seal = 5") == before + 1  # in clear, on this host


@pytest.mark.parametrize("edge, protocol", [("submission", "submission"), ("imap", "imap"),
                                            ("pop3", "pop3")])
def test_users(stage, last, edge, protocol):
    sock = socket.create_connection(("127.0.0.1", stage.ports[edge][1]), 15)
    with client_context().wrap_socket(sock, server_hostname="mail.example.org") as tls:
        talk = Talk.__new__(Talk)
        talk.sock, talk.rest = tls, b""
        if edge == "imap":
            talk.until(b"* OK")
            talk.say(b"a LOGIN alice secret\r\n").until(b"a OK")
            talk.say(b"b LOGOUT\r\n").until(b"b OK")
        elif edge == "pop3":
            talk.line()
            for line in (b"USER alice", b"PASS secret", b"QUIT"):
                assert talk.say(line + b"\r\n").line().startswith(b"+OK")
        else:
            talk.reply()
            talk.say(b"EHLO x\r\n").reply()
            talk.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n").reply()
            talk.say(b"QUIT\r\n").reply()
    row = row_of(stage, edge, last, leg="user", seal="sealed", protocol=protocol, user="alice",
                 version="TLSv1.3")
    assert row["hello"] and row["outcome"] in ("ok", "client-gone")


def test_a_refused_handshake_says_what_was_offered(stage, last):
    context = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-SHA")
    with pytest.raises(ssl.SSLError):
        with socket.create_connection(("127.0.0.1", stage.ports["imap"][1]), 15) as sock:
            context.wrap_socket(sock, server_hostname="mail.example.org")
    row = row_of(stage, "imap", last, leg="user", seal="none", version="", outcome="tls-failed")
    assert row["error"]
    hello = query(stage.folder, "SELECT * FROM hello WHERE hash = ?", row["hello"])
    # Newer libraries ask for secure renegotiation by an extension in place of 00ff (RFC 5746 3.3).
    assert [h["suites"].removesuffix(",00ff") for h in hello] == ["002f"]
    assert hello[0]["max_version"] == 0x0303


def test_who_says_nothing_is_in_the_log_alone(stage, last):
    before, seen = total(stage.folder), len(stage.daemon.events)
    for port in (stage.ports["mx"][0], stage.ports["imap"][1]):
        Talk(port).close()
    stage.daemon.wait("session ended", after=seen, edge="mx", seal="none", outcome="client-gone")
    stage.daemon.wait("session ended", after=seen, edge="imap", seal="none", outcome="tls-failed")
    smtp_session(stage.ports["mx"][0])
    row_of(stage, "mx", last, seal="none")  # it asked what is offered, as scanners do
    assert total(stage.folder) == before + 1


def test_who_speaks_in_clear_where_tls_is_to_be(stage, last):
    talk = Talk(stage.ports["imap"][1])
    assert talk.say(b"a LOGIN alice secret\r\n").is_closed()
    assert row_of(stage, "imap", last, seal="none", outcome="tls-failed", hello=0)["error"]


def test_a_password_in_clear_is_in_the_file_at_once(stage, last):
    """It does not wait for a batch to be full, nor for other sessions; alone this takes milliseconds."""
    talk = Talk(stage.ports["imap"][0])
    talk.line()
    began = time.monotonic()
    answer = talk.say(f"a LOGIN exposed {PASSWORD}\r\n".encode()).line()
    assert answer.startswith(b"a NO [PRIVACYREQUIRED]")
    row = wait_rows(stage.folder, "SELECT * FROM exposure WHERE user = 'exposed'", timeout=AT_ONCE_S)[0]
    assert time.monotonic() - began < AT_ONCE_S
    assert row["protocol"] == row["edge"] == "imap" and row["address"] == "127.0.0.1"
    assert row["password_sent"] == 1 and row["is_excepted"] == 0 and row["mechanism"] == "LOGIN"
    talk.close()
    row_of(stage, "imap", last, seal="plain", user="exposed")
    for folder, _, names in os.walk(stage.folder):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):  # sockets are none
                with open(path, "rb") as file:
                    assert PASSWORD.encode() not in file.read(), path
    assert not any(PASSWORD in line for line in stage.daemon.text)


def test_hops_and_handoffs_of_a_relay():
    for relay in relays('ledger = { keep = "all"; };'):
        relay.far("sealed")
        relay.far("clear", tls=False)
        with contextlib.closing(Mta(relay.lmtp)) as mta:
            assert mta.send("b@sealed.example")[3].startswith("250")
            assert mta.send("b@clear.example")[3].startswith("250")
        relay.wait("hop ended", domain="clear.example", outcome="ok")
        relay.wait("hop ended", domain="sealed.example", outcome="ok")
        hops = {row["domain"]: row for row in wait_rows(
            relay.folder, "SELECT * FROM session WHERE leg = 1", count=2)}
        sealed, clear = hops["sealed.example"], hops["clear.example"]
        assert SEALS[sealed["seal"]] == "sealed" and sealed["version"] == "TLSv1.3"
        assert sealed["mx"] == "mx.sealed.example" and sealed["policy"] == "opportunistic"
        assert sealed["edge"] == "out" and sealed["messages"] == 1 and sealed["address"] == "127.0.1.1"
        assert SEALS[clear["seal"]] == "plain" and clear["result"] == "starttls-not-supported"
        handoff = wait_rows(relay.folder, "SELECT * FROM session WHERE leg = 3")[0]
        assert SEALS[handoff["seal"]] == "local" and handoff["protocol"] == "lmtp"
        assert handoff["edge"] == "out" and handoff["messages"] == 2


def test_a_ledger_that_is_killed_loses_nothing_and_counts_nothing_twice(fresh):
    did = []
    clients = threading.Thread(target=lambda: did.append(crowd(fresh.ports, 600)))
    clients.start()
    wait_rows(fresh.folder, "SELECT id FROM session")
    for _ in range(4):
        before = len(query(fresh.folder, "SELECT id FROM session"))
        wait_rows(fresh.folder, "SELECT id FROM session", count=before if did else before + 1)
        ledger = ledger_of(fresh.daemon)
        os.kill(ledger, signal.SIGKILL)
        assert wait_until(lambda: fresh.daemon.children().get("ledger", [ledger]) != [ledger])
    clients.join()
    assert wait_until(lambda: total(fresh.folder) >= did[0]), (total(fresh.folder), did)
    assert fresh.daemon.settle()
    assert wait_until(lambda: fresh.daemon.status()["ledger"]["waiting"] == 0)
    assert total(fresh.folder) == did[0]
    assert len(query(fresh.folder, "SELECT id FROM session WHERE leg <> 3")) == did[0]
    assert fresh.daemon.status()["ledger"]["lost"] == 0


def test_a_ledger_that_is_away_slows_nobody_and_hears_of_all(fresh):
    ledger = ledger_of(fresh.daemon)
    smtp_session(fresh.ports["mx"][0])
    wait_rows(fresh.folder, "SELECT * FROM session")
    os.kill(ledger, signal.SIGSTOP)
    try:
        assert crowd(fresh.ports, 200) == 200
        assert wait_until(lambda: fresh.daemon.status()["ledger"]["waiting"] == 200)
        assert total(fresh.folder) == 1
    finally:
        os.kill(ledger, signal.SIGCONT)
    assert wait_until(lambda: total(fresh.folder) == 201)
    assert wait_until(lambda: fresh.daemon.status()["ledger"]["waiting"] == 0)
    assert fresh.daemon.status()["ledger_pid"] == ledger


def guess(port, count):
    """Logins in clear, all in one connection."""
    talk = Talk(port, timeout=60)
    talk.line()
    lines = b"".join(b"a LOGIN %s%06d x\r\n" % (b"u" * 100, i) for i in range(count))
    reader = threading.Thread(target=talk.until, args=(b"z OK",))
    reader.start()
    talk.say(lines + b"z NOOP\r\n")
    reader.join(60)
    assert not reader.is_alive()
    return talk


def test_what_was_too_much_is_said_to_be_lost():
    """Credentials in clear fill the room: each has a row of its own."""
    with edges('ledger = { keep = "all"; };', workers=1) as stage:
        ledger = ledger_of(stage.daemon)
        os.kill(ledger, signal.SIGSTOP)
        try:
            talks = [guess(stage.ports["imap"][0], 9000) for _ in range(7)]
            exposures = stage.daemon.status()["ledger"]["lost"]
            for _ in range(20):
                smtp_session(stage.ports["mx"][0])
            lost = stage.daemon.status()["ledger"]["lost"]
            assert 0 < exposures == lost - 20
        finally:
            os.kill(ledger, signal.SIGCONT)
        assert wait_until(lambda: query(stage.folder, "SELECT value FROM fact WHERE name = 'lost'")
                          == [{"value": lost}], 30)
        assert wait_until(lambda: stage.daemon.status()["ledger"]["waiting"] == 0)
        assert stage.daemon.status()["ledger"]["lost"] == lost
        assert f"lost: {lost}\n" in stage.daemon.ctl("status").stdout
        kept = query(stage.folder, "SELECT sum(count) AS n FROM exposure")[0]["n"]
        assert kept + exposures == 7 * 9000
        for talk in talks:
            talk.close()
        smtp_session(stage.ports["mx"][0])
        assert wait_until(lambda: total(stage.folder) == 8)


def test_forget(fresh):
    fresh.daemon.tls = fresh.ports["imap"][1]
    login(fresh.daemon).logout()
    smtp_session(fresh.ports["mx"][0])
    wait_rows(fresh.folder, "SELECT * FROM session WHERE user = 'alice'")
    done = fresh.daemon.ctl("forget", "alice")
    assert done.returncode == 0 and done.stdout.startswith("forgotten: "), done
    assert int(done.stdout.split()[1]) >= 1
    assert not query(fresh.folder, "SELECT * FROM session WHERE user = 'alice'")
    assert total(fresh.folder, "protocol = 'imap'") == 1  # a sum names nobody
    assert fresh.daemon.ctl("forget", "alice").stdout == "forgotten: 0 rows\n"
    assert fresh.daemon.ctl("forget", "x" * 300).returncode == 1
    assert fresh.daemon.ctl("forget").returncode == 2


def test_forget_when_the_ledger_dies_meanwhile(fresh):
    ledger, done = ledger_of(fresh.daemon), []
    os.kill(ledger, signal.SIGSTOP)
    asking = threading.Thread(target=lambda: done.append(fresh.daemon.ctl("forget", "alice")))
    asking.start()
    assert wait_until(lambda: os.path.exists(f"/proc/{ledger}"))
    os.kill(ledger, signal.SIGKILL)
    asking.join(20)
    assert done[0].returncode in (0, 1) and done[0].stdout  # it came before that, or behind it


def test_nothing_is_kept_where_nothing_is_to_be():
    with edges('ledger = { keep = "none"; };') as stage:
        smtp_session(stage.ports["mx"][0])
        assert stage.daemon.settle()
        status = stage.daemon.status()
        assert status["ledger_pid"] == 0 and status["ledger"]["waiting"] == 0
        assert "ledger" not in stage.daemon.children()
        assert not os.path.exists(f"{stage.folder}/state/ledger")
        assert stage.daemon.ctl("forget", "alice").returncode == 1
        assert "ledger" not in stage.daemon.ctl("status").stdout


def test_a_reload_changes_what_is_kept(fresh):
    smtp_session(fresh.ports["mx"][0])
    wait_rows(fresh.folder, "SELECT * FROM session")
    first = ledger_of(fresh.daemon)
    for keep in ("none", "notable"):
        seen = len(fresh.daemon.events)
        fresh.daemon.write(fresh.config.replace('keep = "all"', f'keep = "{keep}"'))
        assert fresh.daemon.ctl("reload").returncode == 0
        fresh.daemon.wait("configuration reloaded", after=seen)
        assert wait_until(lambda: ("ledger" in fresh.daemon.children()) == (keep != "none"))
        smtp_session(fresh.ports["mx"][0])
    assert ledger_of(fresh.daemon) != first
    assert wait_until(lambda: total(fresh.folder) == 2)
    assert not any(e.get("event") == "process died and is started again" for e in fresh.daemon.events)


def test_the_last_sessions_are_kept_when_the_daemon_ends(fresh):
    stay = Talk(fresh.ports["imap"][0])
    stay.until(b"* OK")
    did = crowd(fresh.ports, 80)
    began = time.monotonic()
    assert fresh.daemon.close() == 0
    assert time.monotonic() - began < 4
    # Closed well: nothing is left to be merged.
    assert not os.path.exists(f"{fresh.folder}/state/ledger/ledger.db-wal")
    assert total(fresh.folder) == did + 1


def test_a_file_that_cannot_be_opened_is_tried_again():
    folder = tempfile.mkdtemp(prefix="mailseal-")
    os.makedirs(f"{folder}/state/ledger/ledger.db/x")  # no file, and cannot become one
    os.chmod(f"{folder}/state", 0o711)
    try:
        with all_edges(pathlib.Path(folder), 2, "connections_per_address = 1000;") as stage:
            told = stage.daemon.wait("sessions are not recorded")
            assert told["file"].endswith("ledger.db") and "every minute" in told["mend"]
            did = crowd(stage.ports, 40)
            assert wait_until(lambda: stage.daemon.status()["ledger"]["waiting"] == did)
            assert not stage.daemon.status()["ledger"]["open"]
            assert "no file" in stage.daemon.ctl("status").stdout
            assert stage.daemon.ctl("forget", "alice").returncode == 1
            shutil.rmtree(f"{folder}/state/ledger/ledger.db")
            os.kill(stage.daemon.children()["ledger"][0], signal.SIGKILL)  # a minute is long
            assert wait_until(lambda: stage.daemon.status()["ledger"]["open"])
            assert wait_until(lambda: total(folder) == did)
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_a_folder_that_it_may_not_use_is_said_and_mail_goes_on():
    with edges() as stage:
        user = pwd.getpwuid(os.stat(f"{stage.folder}/state/ledger").st_uid).pw_name
        if user == "root":
            pytest.skip("the daemon's user is not there")
        ledger = ledger_of(stage.daemon)
        os.chmod(f"{stage.folder}/state", 0o700)
        os.kill(ledger, signal.SIGKILL)
        told = stage.daemon.wait("sessions are not recorded")
        assert told["directory"].endswith("/ledger") and told["error"] == "Permission denied"
        did = crowd(stage.ports, 8)
        assert wait_until(lambda: stage.daemon.status()["ledger"]["waiting"] == did)
        seen = len(stage.daemon.events)
        os.chmod(f"{stage.folder}/state", 0o711)
        os.kill(stage.daemon.children()["ledger"][0], signal.SIGKILL)  # a minute is long
        stage.daemon.wait("process died and is started again", after=seen)
        assert wait_until(lambda: total(stage.folder) == did)


def test_an_upgrade_goes_on_counting(fresh, newer):  # noqa: F811
    fresh.daemon.tls = fresh.ports["imap"][1]
    smtp_session(fresh.ports["mx"][0])
    across = login(fresh.daemon)
    old = ledger_of(fresh.daemon)
    upgrade(fresh.daemon, newer)
    smtp_session(fresh.ports["mx"][0])
    assert wait_until(lambda: total(fresh.folder) == 2)
    assert fresh.daemon.status()["ledger_pid"] != old
    across.logout()
    assert wait_until(lambda: total(fresh.folder) == 3)
    assert wait_until(lambda: fresh.daemon.children().get("ledger", []) ==
                      [fresh.daemon.status()["ledger_pid"]])
    assert len(query(fresh.folder, "SELECT * FROM session WHERE user = 'alice'")) == 1


def test_a_worker_of_the_build_before_finds_another_ledger(fresh, newer):  # noqa: F811
    """Its own is killed behind the upgrade: it is told again what that had not kept."""
    fresh.daemon.tls = fresh.ports["imap"][1]
    across = login(fresh.daemon)
    old = ledger_of(fresh.daemon)
    upgrade(fresh.daemon, newer)
    os.kill(old, signal.SIGKILL)
    assert wait_until(lambda: not os.path.exists(f"/proc/{old}"))
    across.logout()
    assert wait_until(lambda: total(fresh.folder) == 1)
    assert not any(e.get("event") == "the ledger did not keep the last sessions in time"
                   for e in fresh.daemon.events)


def test_hostile_names_are_kept_as_text(stage, last):
    name = "x');DROP_TABLE_session;--<script>"
    smtp_session(stage.ports["mx"][0], name=name.encode())
    row_of(stage, "mx", last, leg="inbound", software=name)
