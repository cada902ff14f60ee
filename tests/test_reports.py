"""What `mailseal report` says of a ledger."""
import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import time

import pytest

import ledgers
from daemon import BINARY, make_certificate

NOW = int(time.time())
HOUR, DAY = 3600, 86400
CONFIG = '''state_dir = "{0}/state"; run_dir = "{0}/run"; hostname = "mail.example.org";
certificate = {{ mx = {{ chain = "{0}/mx.pem"; key = "{0}/mx.key"; }}; }};
backend = {{ mta = {{ address = ["127.0.0.1:10025"]; client_info = "proxy"; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:2525"]; backend = "mta"; }}; }};
'''
RELAY = '''relay = { out = { listen = ["lmtp:127.0.0.1:10026"]; hostname = "mx.example.org";
hold = ["held.example"]; refuse = ["refused.example"]; }; };
'''
EVIL = '=cmd|"x"\x1b[31m\n<script>\u202e\'\t,'
INBOUND, OUTBOUND, USER, INTERNAL = range(4)
NONE, PLAIN, LEGACY, SEALED, PROVEN, LOCAL = range(6)


class Reports:
    """A configuration and its ledger, and what is said of them."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.config = f"{folder}/mailseal.conf"
        self.path = f"{folder}/state/ledger/ledger.db"
        make_certificate(self.folder)
        self.write(CONFIG.format(folder))

    def write(self, text):
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(text)

    def begin(self):
        self.db = ledgers.create(self.path)
        return self

    def add(self, table, **values):
        ledgers.add(self.db, table, **values)
        return self

    def sum(self, leg, seal, sessions, at=NOW, **values):
        return self.add("sum", hour=at // HOUR, leg=leg, seal=seal, sessions=sessions, **values)

    def name(self, who, seal, last=NOW, **values):
        return self.add("name", who=who, seal=seal, last=last, first=values.pop("first", last),
                        edge=values.pop("edge", "mx"), protocol=values.pop("protocol", "smtp"),
                        **values)

    def far(self, domain, seal, last=NOW, **values):
        return self.add("far", relay="out", domain=domain, seal=seal, first=last, last=last,
                        **values)

    def exposure(self, user, last=NOW, **values):
        row = {"protocol": "imap", "edge": "imap", "first": last, "count": 1, **values}
        return self.add("exposure", user=user, last=last, **row)

    def event(self, kind, who, leg=INBOUND, at=NOW, **values):
        return self.add("event", kind=ledgers.EVENTS.index(kind), who=who, leg=leg, day=at // DAY,
                        first=at, last=at, count=1, **values)

    def run(self, *words, env=None):
        return subprocess.run([BINARY, "report", words[0], "-c", self.config, *words[1:]],
                              capture_output=True, text=True, timeout=60, env=env)

    def json(self, *words, status=0):
        done = self.run(*words, "--json")
        assert done.returncode == status and not done.stderr, done
        return json.loads(done.stdout)

    def text(self, *words, status=0):
        done = self.run(*words)
        assert done.returncode == status and not done.stderr, done
        return done.stdout


@pytest.fixture
def reports(tmp_path):
    return Reports(tmp_path).begin()


@pytest.fixture
def relayed(reports):
    """With a relay, and what it remembers."""
    reports.write(CONFIG.format(reports.folder) + RELAY)
    path = f"{reports.folder}/state/resolver/memory.db"
    reports.memory = ledgers.create(path, "src/store/memory.c")
    return reports


def column(rows, name):
    return [row[name] for row in rows]


LEDGER_REPORTS = ["coverage", "exposures", "downgrades", "peers", "user anna"]


# --- the file ---

@pytest.mark.parametrize("report", LEDGER_REPORTS)
def test_a_ledger_that_is_not_there_could_not_tell(tmp_path, report):
    done = Reports(tmp_path).run(*report.split())
    assert done.returncode == 2 and not done.stdout
    assert "ledger/ledger.db: there is no ledger yet: the daemon begins it" in done.stderr


@pytest.mark.parametrize("report", LEDGER_REPORTS)
def test_a_ledger_of_another_build_could_not_tell(reports, report):
    steps = reports.db.execute("PRAGMA user_version").fetchone()[0]
    reports.db.execute(f"PRAGMA user_version = {steps + 1}")
    done = reports.run(*report.split())
    assert done.returncode == 2 and "a newer mailseal wrote it" in done.stderr
    reports.db.execute("PRAGMA user_version = 0")
    done = reports.run(*report.split())
    assert done.returncode == 2 and "an older mailseal wrote it" in done.stderr


def test_a_file_that_is_no_ledger_could_not_tell(tmp_path):
    reports = Reports(tmp_path)
    os.makedirs(os.path.dirname(reports.path))
    with open(reports.path, "w", encoding="ascii") as out:
        out.write("this is no database " * 100)
    done = reports.run("coverage")
    assert done.returncode == 2 and "it cannot be read as a ledger" in done.stderr
    os.remove(reports.path)
    open(reports.path, "w", encoding="ascii").close()
    done = reports.run("coverage")
    assert done.returncode == 2 and "an older mailseal wrote it" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_ledger_that_others_own_could_not_tell():
    with tempfile.TemporaryDirectory() as folder:  # pytest's is for its user alone
        os.chmod(folder, 0o755)
        reports = Reports(folder).begin()
        os.chmod(reports.path, 0o600)
        done = subprocess.run([shutil.copy(BINARY, folder), "report", "coverage", "-c",
                               reports.config], text=True, capture_output=True, cwd="/",
                              user="nobody", group="nogroup", extra_groups=[])
        assert done.returncode == 2 and "ask as root, or as the user of the daemon" in done.stderr


def test_a_bad_configuration_could_not_tell(reports):
    reports.write("nonsense = 1;\n")
    done = reports.run("coverage")
    assert done.returncode == 2 and "mailseal.conf:1" in done.stderr


def test_reports_are_read_while_the_ledger_is_written(reports):
    reports.exposure("before")
    reports.db.execute("BEGIN IMMEDIATE")
    reports.exposure("not yet")
    assert column(reports.json("exposures", status=1), "user") == ["before"]
    reports.db.execute("COMMIT")
    assert len(reports.json("exposures", status=1)) == 2


# --- how they are called ---

@pytest.mark.parametrize("report", ["coverage", "exposures", "downgrades", "peers", "user"])
def test_help_has_an_example_and_the_exit_status(reports, report):
    done = reports.run(report, "--help")
    assert done.returncode == 0
    assert f"Example: mailseal report {report}" in done.stdout and "Exit: 0" in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


@pytest.mark.parametrize("words, why", [
    (["coverage", "--since", "yesterday"], "--since is a date"),
    (["coverage", "--until", "2027-02-31"], "--until is a date"),
    (["coverage", "--since", "7d", "--until", "8d"], "--since is not before --until"),
    (["coverage", "--leg", "sideways"], "--leg is inbound, outbound, user or internal"),
    (["coverage", "word"], "there is a word too many"),
    (["coverage", "--json", "--csv"], "--json or --csv, not both"),
    (["coverage", "--limit", "3"], "unrecognized option"),
    (["exposures", "--limit", "-1"], "--limit is a number of rows"),
    (["exposures", "--weak"], "unrecognized option"),
    (["user"], "one user is wanted"),
    (["user", ""], "one user is wanted"),
    (["user", "a", "b"], "one user is wanted"),
    (["user", "a", "--csv"], "unrecognized option"),
    (["weather"], 'there is no report "weather"'),
])
def test_wrong_use_says_what_is_wrong(reports, words, why):
    done = reports.run(*words)
    assert done.returncode == 2 and why in done.stderr and not done.stdout
    assert "Usage: mailseal report" in done.stderr


def test_a_full_disk_is_not_well(reports):
    reports.sum(INBOUND, SEALED, 1)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "report", "coverage", "-c", reports.config], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "cannot write" in done.stderr


# --- coverage ---

def test_coverage_of_an_empty_ledger_could_not_tell(reports):
    rows = reports.json("coverage", status=2)
    assert column(rows, "leg") == ledgers.LEGS and column(rows, "sessions") == [0] * 4
    assert column(rows, "sealed") == [None] * 4
    said = reports.text("coverage", status=2)
    assert "inbound: nothing is known: no session in this time." in said
    assert "outbound: nothing is known: no relay is configured" in said
    assert "user: nothing is known: no edge or mirror for users is configured" in said


def test_coverage_adds_up(reports):
    common = {"protocol": "smtp", "edge": "mx", "forward_secrecy": 1}
    reports.sum(INBOUND, SEALED, 60, version="TLSv1.3", kex="X25519MLKEM768", messages=9,
                bytes_in=1000, bytes_out=24, **common)
    reports.sum(INBOUND, PROVEN, 10, version="TLSv1.3", kex="X25519", resumed=1, **common)
    reports.sum(INBOUND, LEGACY, 10, version="TLSv1.2", protocol="smtp", edge="mx")
    reports.sum(INBOUND, PLAIN, 20, protocol="smtp", edge="mx")
    reports.sum(INBOUND, NONE, 7, protocol="smtp", edge="mx")
    reports.sum(INTERNAL, LOCAL, 5, protocol="backend", edge="mta")
    rows = {(r["leg"], r["protocol"]): r for r in reports.json("coverage")}
    inbound = rows["inbound", "smtp"]
    assert {**inbound, "protocol": "all"} == rows["inbound", "all"]
    assert inbound == {
        "leg": "inbound", "protocol": "smtp", "sessions": 100, "sealed": 0.7,
        "authenticated": 0.1, "legacy": 0.1, "plain": 0.2, "local_sessions": 0,
        "failed_sessions": 7, "forward_secrecy": 70 / 80, "post_quantum": 60 / 80,
        "resumed": 10 / 80, "messages": 9, "bytes": 1024}
    assert rows["internal", "backend"]["local_sessions"] == 5
    assert rows["internal", "backend"]["sealed"] is None
    assert "20 sessions of the inbound leg (smtp) were in clear: see `mailseal report peers --weak " \
           "--leg inbound`." in reports.text("coverage")


@pytest.mark.parametrize("leg, status", [(INBOUND, 0), (OUTBOUND, 0), (USER, 1), (INTERNAL, 1)])
def test_coverage_is_not_well_where_plain_is_ours_to_mend(reports, leg, status):
    reports.sum(leg, PLAIN, 1, protocol="x")
    reports.json("coverage", status=status)


def test_coverage_by_leg_edge_and_time(reports):
    day = "2026-03-10"
    noon = 1773144000  # of that day, UTC
    reports.sum(INBOUND, SEALED, 1, at=noon, edge="mx", protocol="smtp")
    reports.sum(USER, SEALED, 2, at=noon + HOUR, edge="imap", protocol="imap")
    reports.sum(USER, SEALED, 4, at=noon + 12 * HOUR, edge="imap", protocol="imap")

    def counted(*words):
        done = reports.run("coverage", "--json", *words)
        return sum(r["sessions"] for r in json.loads(done.stdout) if r["protocol"] == "all")

    assert counted("--since", day, "--until", day) == 3
    assert counted("--since", day, "--until", "2026-03-11") == 7
    assert counted("--since", "2026-03-10T13:00", "--until", day) == 2
    assert counted("--since", "2026-03-10T12:59", "--until", day) == 3  # sums are of hours
    assert counted("--since", day, "--until", "2026-03-10T12:00") == 0
    assert counted("--since", day, "--until", "2026-03-10 12:00:01") == 1
    assert counted("--since", day, "--until", "2026-03-11", "--leg", "user") == 6
    assert counted("--since", day, "--until", "2026-03-11", "--edge", "mx") == 1
    assert counted("--since", day, "--until", "2026-03-11", "--edge", "mx", "--leg", "user") == 0
    assert counted("--since", "1h") == 0


def test_coverage_says_since_when_it_knows(reports):
    reports.add("fact", name="began_s", value=NOW - DAY).add("fact", name="lost", value=12)
    reports.sum(INBOUND, SEALED, 1, protocol="smtp")
    said = reports.text("coverage")
    assert time.strftime("The ledger begins %Y-%m-%d %H:%M (UTC).", time.gmtime(NOW - DAY)) in said
    assert "12 sessions were not counted since the ledger began." in said
    assert "The ledger begins" not in reports.text("coverage", "--since", "2h")


# --- exposures ---

def test_no_exposure_is_well(reports):
    assert reports.json("exposures") == []
    assert "none" in reports.text("exposures")


def test_exposures_newest_first(reports):
    reports.exposure("old", last=NOW - 40 * DAY)
    reports.exposure("anna", last=NOW - 60, first=NOW - 9 * DAY, address="192.0.2.1", count=3,
                     password_sent=1, mechanism="PLAIN", is_excepted=1)
    reports.exposure("bert", last=NOW - 5, protocol="smtp", edge="mx")
    rows = reports.json("exposures", status=1)
    assert column(rows, "user") == ["bert", "anna"]
    assert rows[1] == {"user": "anna", "protocol": "imap", "edge": "imap", "address": "192.0.2.1",
                       "mechanism": "PLAIN", "password_sent": True, "is_excepted": True, "count": 3,
                       "first": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 9 * DAY)),
                       "last": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 60))}
    assert column(reports.json("exposures", "--leg", "inbound", status=1), "user") == ["bert"]
    assert column(reports.json("exposures", "--leg", "user", status=1), "user") == ["anna"]
    assert column(reports.json("exposures", "--edge", "imap", status=1), "user") == ["anna"]
    assert reports.json("exposures", "--leg", "internal") == []
    assert len(reports.json("exposures", "--since", "50d", status=1)) == 3
    assert len(reports.json("exposures", "--since", "50d", "--until", "1d", status=1)) == 2


def test_names_that_anybody_wrote_do_not_hide_exposed_users(reports):
    reports.name("anna", 3, is_user=1, leg=2, edge="imap", protocol="imap")
    reports.exposure("anna", last=NOW - 3600)
    for number in range(20):
        reports.exposure(f"guess{number}", last=NOW - number)
    users = column(reports.json("exposures", "--limit", "5", status=1), "user")
    assert users == ["anna", "guess0", "guess1", "guess2", "guess3"]
    assert "first of users who have logged in here" in reports.text("exposures", "--limit", "5",
                                                                    status=1)
    assert column(reports.json("exposures", status=1), "user")[-1] == "anna"


def test_a_limit_says_what_it_leaves_out(reports):
    for number in range(150):
        reports.exposure(f"user{number}", last=NOW - number)
    assert len(reports.json("exposures", status=1)) == 150
    said = reports.text("exposures", status=1)
    assert "user99 " in said and "user100" not in said
    assert re.search("The last 100 of 150, .*: --limit 0 shows all", said), said
    assert "user149" in reports.text("exposures", "--limit", "0", status=1)
    assert len(reports.json("exposures", "-n", "7", status=1)) == 7


def script(reports, text):
    path = f"{reports.folder}/hook"
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def test_a_hook_runs_for_each_exposure(reports):
    reports.name("anna", SEALED, is_user=1, edge="imap", leg=USER, protocol="imap")
    reports.exposure("anna", first=NOW - 9, address="192.0.2.1", mechanism="LOGIN", password_sent=1)
    reports.exposure(EVIL, last=NOW - 5, protocol="pop3", is_excepted=1)
    reports.exposure("old", last=NOW - 40 * DAY)
    hook = script(reports, f'echo "$1:$2" >>{reports.folder}/words; cat >>{reports.folder}/told\n')
    done = reports.run("exposures", "--leg", "user", "--hook", hook, "--since", "$(id)")
    assert done.returncode == 0 and not done.stderr and "anna" in done.stdout, done
    told = [json.loads(line) for line in open(f"{reports.folder}/told", encoding="ascii")]
    assert told[0] == {
        "event": "exposure", "user": "anna", "protocol": "imap", "edge": "imap",
        "address": "192.0.2.1", "mechanism": "LOGIN", "password_sent": True, "excepted": False,
        "known": True, "first": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 9))}
    assert len(told) == 2 and told[1]["excepted"] and not told[1]["known"]
    assert told[1]["user"].isprintable() and told[1]["user"].startswith('=cmd|"x"?[31m?<script>')
    assert open(f"{reports.folder}/words", encoding="ascii").read() == "--since:$(id)\n" * 2


def test_a_hook_of_a_report_runs_for_all_or_as_many_as_said(reports):
    for number in range(120):
        reports.exposure(f"user{number}")
    hook = script(reports, f"grep -o 'user[0-9][0-9]*' >>{reports.folder}/told\n")
    assert reports.run("exposures", "--hook", hook).returncode == 0
    assert len(open(f"{reports.folder}/told", encoding="ascii").readlines()) == 120
    assert reports.run("exposures", "--limit", "7", "--hook", hook).returncode == 0
    assert len(open(f"{reports.folder}/told", encoding="ascii").readlines()) == 127


def test_a_hook_of_a_report_that_fails_is_said(reports):
    reports.exposure("anna")
    reports.exposure("bert", last=NOW - 5)
    hook = script(reports, "grep -q anna && exit 0; printf 'no \\033[31muser\\nat all'; exit 3\n")
    done = reports.run("exposures", "--hook", hook)
    assert done.returncode == 1
    assert done.stderr == 'mailseal report exposures: hook for "bert": exit 3: no ?[31muser\n'
    done = reports.run("exposures", "--hook", "/nowhere/hook")
    assert done.returncode == 1
    assert done.stderr.count("exit 127: cannot be executed: No such file or directory") == 2
    done = reports.run("exposures", "--hook")
    assert done.returncode == 2 and "--hook needs a command" in done.stderr


def test_a_hook_of_a_report_without_exposures_is_well(reports):
    done = reports.run("exposures", "--hook", "false")
    assert done.returncode == 0 and not done.stderr
    reports.exposure("anna")
    assert reports.run("exposures", "--hook", "true").returncode == 0  # found in PATH


def test_a_hook_of_a_report_has_its_time(reports):
    reports.write(CONFIG.format(reports.folder) + 'ledger = { hook_timeout = "1s"; };')
    reports.exposure("anna")
    done = reports.run("exposures", "--hook", script(reports, "sleep 600\n"))
    assert done.returncode == 1 and "ended by signal 15, too late" in done.stderr


# --- downgrades ---

def test_no_downgrade_is_well(relayed):
    assert relayed.json("downgrades") == []


def test_strangers_who_fall_to_plain_do_not_hide_a_domain_that_lost_tls(reports):
    reports.event("lost-tls", "partner.example", at=NOW - 3600)
    for number in range(20):
        reports.event("fell-to-plain", f"192.0.2.{number}", at=NOW - number)
    rows = reports.json("downgrades", "--limit", "5", status=1)
    assert column(rows, "who") == ["partner.example", *(f"192.0.2.{n}" for n in range(4))]
    assert column(reports.json("downgrades", status=1), "who")[-1] == "partner.example"


def test_downgrades_of_the_ledger(reports):
    reports.event("fell-to-plain", "192.0.2.9", at=NOW - 60, edge="mx")
    reports.event("older-tls", "192.0.2.7", at=NOW - 2 * DAY, edge="mx", detail="TLSv1.1")
    reports.event("older-tls", "192.0.2.7", at=NOW - DAY, edge="mx", detail="TLSv1.1")
    reports.event("lost-tls", "192.0.2.1", at=NOW - 60 * DAY, edge="mx")
    rows = reports.json("downgrades", status=1)
    assert column(rows, "who") == ["192.0.2.9", "192.0.2.7"]
    assert column(rows, "what") == ["fell-to-plain", "older-tls"]
    assert column(rows, "count") == [1, 2] and rows[1]["detail"] == "TLSv1.1"
    assert all(row["mend"] and row["mail"] is None for row in rows)
    assert f"older-tls (inbound): {rows[1]['mend']}." in reports.text("downgrades", status=1)
    assert len(reports.json("downgrades", "--since", "90d", status=1)) == 3
    assert reports.json("downgrades", "--leg", "user") == []


def test_what_the_relay_remembers_is_a_downgrade(relayed):
    def remember(domain, lost, since=NOW - 60 * DAY, sessions=50):
        ledgers.add(relayed.memory, "memory", domain=domain, mx=f"mx.{domain}", since=since,
                    last=NOW, used=NOW, sessions=sessions, lost=lost)
    for number in range(500):
        remember(f"fine{number}.example", 0)
    remember("long.example", NOW - HOUR)
    remember("short.example", NOW - 2 * HOUR, sessions=3)
    remember("held.example", NOW - 3 * HOUR, sessions=1)
    remember("over.example", NOW - 5 * HOUR)
    remember("refused.example", NOW - 90 * DAY)
    relayed.event("lost-tls", "long.example", leg=OUTBOUND, at=NOW - 60, edge="out",
                  mx="mx.long.example")
    relayed.event("lost-ca", "long.example", leg=OUTBOUND, at=NOW - 61, edge="out",
                  mx="mx.long.example")
    rows = relayed.json("downgrades", status=1)
    got = {(r["who"], r["what"]): r for r in rows}
    assert {key: r["mail"] for key, r in got.items()} == {
        ("long.example", "lost-tls"): "is held", ("held.example", "lost-tls"): "is held",
        ("refused.example", "lost-tls"): "is refused", ("short.example", "lost-tls"): "goes in clear",
        ("over.example", "lost-tls"): "goes in clear", ("long.example", "lost-ca"): None}
    assert column(rows, "mail")[:3] == ["is held", "is held", "is refused"]
    assert got["long.example", "lost-tls"]["count"] == 1
    assert got["held.example", "lost-tls"]["held_until"] == time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + HOUR))
    assert got["held.example", "lost-tls"]["count"] is None
    assert "mailseal ctl release DOMAIN" in got["held.example", "lost-tls"]["mend"]
    assert relayed.json("downgrades", "--leg", "inbound") == []
    assert len(relayed.json("downgrades", "--leg", "outbound", status=1)) == 6


def test_nothing_is_held_while_the_fault_is_ours(relayed):
    for number in range(6):
        ledgers.add(relayed.memory, "memory", domain=f"d{number}.example", mx="mx.example",
                    since=NOW - 60 * DAY, last=NOW, used=NOW, sessions=50, lost=NOW - 60)
    assert set(column(relayed.json("downgrades", status=1), "mail")) == {"goes in clear"}
    assert "the fault is presumed here, and no mail is held" in relayed.text("downgrades", status=1)


# --- peers ---

def test_peers_weakest_then_busiest(relayed):
    relayed.name("192.0.2.1", SEALED, messages=500, sessions=9, software="mail.a.example",
                 version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", kex="X25519", hello=7)
    relayed.name("192.0.2.2", LEGACY, messages=50, sessions=3, hello=8)
    relayed.name("192.0.2.3", PLAIN, messages=2, sessions=2)
    relayed.name("192.0.2.4", PLAIN, messages=3, sessions=1, last=NOW - DAY)
    relayed.name("192.0.2.4", SEALED, messages=4, sessions=1, refused=1, hello=7, bytes=70)
    relayed.name("192.0.2.5", NONE, sessions=8, refused=8, hello=9)
    relayed.name("anna", PLAIN, is_user=1, leg=USER, edge="imap")
    relayed.name("192.0.2.6", PLAIN, leg=USER, edge="imap")
    relayed.name("192.0.2.7", PLAIN, last=NOW - 40 * DAY)
    relayed.far("b.example", PROVEN, mx="mx.b.example", messages=90, sessions=5, failed=1,
                policy="verify", version="TLSv1.3", bytes=2048)
    relayed.far("c.example", PLAIN, mx="mx.c.example", messages=5, policy="opportunistic",
                result="starttls-not-supported")
    rows = relayed.json("peers")
    assert column(rows, "peer") == ["192.0.2.4", "c.example", "192.0.2.3", "192.0.2.2",
                                    "192.0.2.5", "192.0.2.1", "b.example"]
    assert column(rows, "weakest") == ["plain", "plain", "plain", "legacy", "none", "sealed",
                                       "authenticated"]
    first = rows[0]
    assert (first["seal"], first["messages"], first["sessions"], first["failed"],
            first["bytes"]) == ("sealed", 7, 2, 1, 70)
    assert rows[1]["name"] == "mx.c.example" and rows[1]["result"] == "starttls-not-supported"
    assert rows[5]["name"] == "mail.a.example" and rows[5]["group"] == "X25519"
    assert rows[6]["policy"] == "verify" and rows[6]["failed"] == 1
    weak = relayed.json("peers", "--weak", status=1)
    assert weak == rows[:5]
    assert relayed.json("peers", "--leg", "outbound") == [rows[1], rows[6]]
    assert relayed.json("peers", "--leg", "inbound", "--limit", "2") == [rows[0], rows[2]]
    assert relayed.json("peers", "--limit", "3") == rows[:3]
    assert relayed.json("peers", "--leg", "user") == []
    assert relayed.json("peers", "--edge", "nowhere") == []
    assert len(relayed.json("peers", "--since", "50d")) == 8
    assert "The first 3 of more" in relayed.text("peers", "--limit", "3")
    assert "of more" not in relayed.text("peers", "--limit", "7")


def test_all_peers_sealed_is_well(reports):
    reports.name("192.0.2.1", SEALED)
    assert reports.json("peers", "--weak") == []


# --- one user ---

def test_a_user_gets_all_of_him_and_nothing_else(reports):
    reports.add("session", at=NOW - 400 * DAY, user="anna", leg=USER, seal=SEALED, edge="imap",
                protocol="imap", address="192.0.2.1", version="TLSv1.3", bytes_in=10,
                duration_ms=1500, outcome="served")
    reports.add("session", at=NOW, user="Anna", leg=USER, seal=SEALED)
    reports.add("session", at=NOW, user="bert", leg=USER, seal=SEALED)
    reports.add("session", at=NOW, leg=INBOUND, seal=SEALED)
    reports.name("anna", 3, is_user=1, leg=2, edge="imap", software="Phone")
    reports.name("anna", SEALED, leg=INBOUND, edge="mx")
    reports.exposure("anna", address="192.0.2.1").exposure("bert")
    said = reports.json("user", "anna")
    assert [len(said[part]) for part in ("sessions", "names", "exposures")] == [1, 1, 1]
    assert said["sessions"][0]["duration_ms"] == 1500
    assert said["sessions"][0]["ended"].startswith(
        time.strftime("%Y-%m-%dT%H:%M", time.gmtime(NOW - 400 * DAY)))
    assert said["names"][0]["software"] == "Phone"
    assert "bert" not in json.dumps(said)
    assert reports.json("user", "nobody") == {"sessions": [], "names": [], "exposures": []}
    text = reports.text("user", "anna")
    assert "Sessions" in text and "Phone" in text and "`mailseal ctl forget USER`" in text


# --- what strangers wrote ---

@pytest.fixture
def hostile(relayed):
    relayed.exposure(EVIL, protocol=EVIL, edge=EVIL, address=EVIL, mechanism=EVIL)
    relayed.event("lost-tls", EVIL, edge=EVIL, mx=EVIL, detail=EVIL)
    relayed.name(EVIL, PLAIN, edge=EVIL, software=EVIL, version=EVIL, cipher=EVIL, kex=EVIL)
    relayed.far(EVIL, PLAIN, mx=EVIL, version=EVIL, cipher=EVIL, policy=EVIL, result=EVIL)
    relayed.sum(USER, PLAIN, 1, protocol=EVIL, edge=EVIL)
    relayed.add("session", at=NOW, user=EVIL, protocol=EVIL, edge=EVIL, address=EVIL, software=EVIL,
                error=EVIL, outcome=EVIL)
    relayed.name(EVIL, SEALED, is_user=1, leg=USER, edge="imap", software=EVIL)
    return relayed


HOSTILE = [("coverage",), ("exposures",), ("downgrades",), ("peers",), ("user", EVIL)]


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: words[0])
def test_text_is_printable_whatever_strangers_wrote(hostile, words):
    said = hostile.run(*words).stdout
    assert "\\x1b[31m\\x0a" in said and said.isascii()
    assert all(c >= " " or c == "\n" for c in said)


@pytest.mark.parametrize("words", HOSTILE[:-1], ids=lambda words: words[0])
def test_csv_has_no_formula_and_no_stray_line(hostile, words):
    said = hostile.run(*words, "--csv").stdout
    rows = list(csv.reader(io.StringIO(said, newline="")))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 1 + len(json.loads(hostile.run(*words, "--json").stdout))
    cells = [cell for row in rows[1:] for cell in row]
    assert any(cell.startswith("'=cmd|\"x\"\\x1b[31m") for cell in cells)
    assert not any(re.match(r"\s*[=+\-@]", cell) for cell in cells)
    assert said.isascii() and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", said)


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: words[0])
def test_json_keeps_what_strangers_wrote(hostile, words):
    said = json.loads(hostile.run(*words, "--json").stdout)
    rows = sum(said.values(), []) if isinstance(said, dict) else said
    assert EVIL[:31] in [str(value)[:31] for row in rows for value in row.values()]


def test_what_is_no_utf8_is_told_all_the_same(reports):
    reports.exposure("x")
    reports.db.execute("UPDATE exposure SET user = CAST(X'fffe61' AS TEXT)")
    assert column(reports.json("exposures", status=1), "user") == ["\\xff\\xfea"]
    assert "\\xff\\xfea" in reports.text("exposures", status=1)


# --- the three forms say the same ---

@pytest.mark.parametrize("width", [80, 160, 40])
def test_a_terminal_is_not_written_over(reports, width):
    reports.exposure("anna.with.a.very.long.name@subdomain.of.a.long.example.org" * 2,
                     address="2001:db8:1234:5678:9abc:def0:1234:5678", password_sent=1)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    done = subprocess.run([BINARY, "report", "exposures", "-c", reports.config], stdout=theirs,
                          check=False)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # at the end
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    table = said.decode("ascii").split("\r\n\r\n")[1].split("\r\n")
    assert done.returncode == 1 and ".." in table[1]
    assert max(map(len, table[:2])) <= max(width, 67)  # below that there is nothing left to cut
    assert ("more columns on a wider terminal" in "".join(table[2:])) == (width < 160)


@pytest.mark.parametrize("words", [("coverage",), ("exposures",), ("downgrades",), ("peers",)],
                         ids=lambda words: words[0])
def test_table_csv_and_json_are_the_same(relayed, words):
    relayed.sum(USER, PLAIN, 3, protocol="imap", bytes_in=5000).sum(INBOUND, SEALED, 5)
    relayed.exposure("anna", address="192.0.2.1", password_sent=1).exposure("bert")
    relayed.event("older-tls", "192.0.2.3", edge="mx").event("lost-tls", "192.0.2.4", edge="mx")
    relayed.name("192.0.2.5", PLAIN, messages=5).far("a.example", SEALED, mx="mx.a.example")
    objects = json.loads(relayed.run(*words, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(relayed.run(*words, "--csv").stdout, newline="")))
    assert len(rows) == len(objects) > 1
    for row, one in zip(rows, objects):
        assert list(row) == list(one)
        for key, value in one.items():
            expected = {None: "", True: "true", False: "false"}.get(value, str(value)) \
                if not isinstance(value, (int, float)) or isinstance(value, bool) else None
            if expected is None:
                assert float(row[key]) == pytest.approx(value, abs=1e-6)
            else:
                assert row[key] == expected
    lines = relayed.run(*words).stdout.split("\n\n")[1].splitlines()
    assert len(lines) == 1 + len(objects)
    for line, one in zip(lines[1:], objects):
        for value in one.values():
            if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value):
                assert value in line
