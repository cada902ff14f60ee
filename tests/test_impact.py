"""mailseal report impact: who would break if a planned TLS policy came into force."""
import csv
import datetime
import gzip
import io
import json
import re
import subprocess
import time
from types import SimpleNamespace

import pytest

import ledgers
from daemon import BINARY, make_certificate

NOW = int(time.time())
DAY = 86400
MODERN = {"legacy_version": 0x303, "max_version": 0x304, "versions": "0304,0303",
          "suites": "1301,1302,c02f,c030,c013", "groups": "11ec,001d,0017",
          "sigalgs": "0403,0804,0401"}
ONLY_1_2 = {**MODERN, "max_version": 0x303, "versions": "", "suites": "c02f,c013,009e"}
ONLY_1_0 = {"legacy_version": 0x301, "max_version": 0x301, "suites": "c013,002f",
            "groups": "0017"}
RSA_ONLY = {**ONLY_1_2, "suites": "002f,009c"}

CONFIG = """
hostname = "mx.example.org"; state_dir = "{folder}/state"; run_dir = "{folder}/run";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:10025"]; }}; }};
edge = {{
  mx = {{ protocol = "smtp"; listen = ["127.0.0.1:2525"]; backend = "b"; {tls} }};
  imap = {{ protocol = "imap"; listen = ["127.0.0.1:2143"]; backend = "b"; {tls} }};
}};
{more}
"""


class Site:
    """A configuration and the ledger of its state_dir."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.chain, self.key = make_certificate(self.folder, key_type=("rsa:2048",))
        self.config = self.write("mailseal.conf")
        self.db = ledgers.create(f"{self.folder}/state/ledger/ledger.db")
        self.hellos = 0
        ledgers.add(self.db, "fact", name="began_s", value=NOW - 40 * DAY)

    def write(self, name, tls="", more=""):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(folder=self.folder, chain=self.chain, key=self.key, tls=tls,
                                    more=more))
        return path

    def hello(self, offer):
        self.hellos += 1
        ledgers.add(self.db, "hello", hash=self.hellos, first=NOW - DAY, last=NOW, **offer)
        return self.hellos

    def came(self, edge, hello, who, is_user=False, **more):
        row = {"leg": 0 if edge == "mx" else 2, "protocol": "smtp" if edge == "mx" else "imap",
               "first": NOW - 9 * DAY, "last": NOW - DAY, "sessions": 10, "messages": 20,
               "bytes": 3000, "seal": 3 if hello else 1, "version": "TLSv1.2" if hello else "",
               "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" if hello else ""}
        ledgers.add(self.db, "name", edge=edge, hello=hello, who=who, is_user=int(is_user),
                    **{**row, **more})

    def ask(self, *options, config=None):
        return subprocess.run([BINARY, "report", "impact", "-c", config or self.config, *options],
                              capture_output=True, text=True, timeout=60)

    def json(self, *options, config=None):
        done = self.ask("--json", *options, config=config)
        found = json.loads(done.stdout)
        return SimpleNamespace(status=done.returncode, **found)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def crowd(site):
    """A bit of everything."""
    modern, old, ancient = site.hello(MODERN), site.hello(ONLY_1_2), site.hello(ONLY_1_0)
    site.came("mx", modern, "192.0.2.1", software="new.example.net", version="TLSv1.3",
              cipher="TLS_AES_128_GCM_SHA256")
    site.came("mx", old, "192.0.2.2", software="old.example.net", messages=500)
    site.came("mx", ancient, "192.0.2.3", refused=10, seal=0, version="", cipher="", messages=0)
    site.came("mx", 0, "192.0.2.4", software="plain.example.net")
    site.came("mx", old, "198.51.100.1", messages=0, software="=scan()")
    site.came("imap", modern, "alice", is_user=True)
    site.came("imap", old, "bob", is_user=True, software="=HYPERLINK(1)", sessions=77)
    site.came("imap", old, "203.0.113.9", messages=0)
    ledgers.add(site.db, "session", at=NOW, edge="imap", user="bob", address="203.0.113.77")
    return site


def touched(found):
    """Those named whom the plan does something to."""
    return [row for row in found.who if row["what"] != "refused already"]


def sums(found):
    return {(r["edge"], r["what"]): r["sessions"] for r in found.summary}


def test_nothing_changes_with_the_plan_that_is_in_force(crowd):
    found = crowd.json()
    assert found.status == 0
    assert sums(found) == {("mx", "unchanged"): 30, ("mx", "in clear as before"): 10,
                           ("mx", "refused already"): 10, ("imap", "stronger"): 10,
                           ("imap", "unchanged"): 87}
    assert [(r["who"], r["what"], r["then"]) for r in found.who] == [
        ("192.0.2.3", "refused already", "no shared TLS version")]
    assert not touched(found)


def test_tls13_splits_those_who_fall_from_those_who_are_cut_off(crowd):
    found = crowd.json("--min-version", "1.3")
    assert found.status == 1
    assert sums(found)["mx", "falls to plaintext"] == 10
    assert sums(found)["imap", "cut off"] == 77
    assert sums(found)["mx", "refused, but nobody"] == 10
    assert sums(found)["imap", "refused, but nobody"] == 10
    assert [(r["edge"], r["who"], r["software"], r["then"], r["exception"]) for r in touched(found)] == [
        ("mx", "192.0.2.2", "old.example.net", "no shared TLS version", "tls1.1"),
        ("imap", "bob", "=HYPERLINK(1)", "no shared TLS version", "tls1.1")]
    row = next(r for r in found.summary if r["what"] == "cut off")
    assert row["sessions_share"] == pytest.approx(77 / 97, abs=0.001) and row["breaks"] is True


def test_required_tls_names_who_comes_in_clear(crowd):
    found = crowd.json("--require-tls")
    assert found.status == 1
    assert [(r["who"], r["what"], r["now"]) for r in touched(found)] == [
        ("192.0.2.4", "plaintext refused", "in clear")]


def test_suites_and_groups_are_replayed(crowd):
    found = crowd.json("--suites", "TLS_AES_256_GCM_SHA384:DHE-RSA-AES128-GCM-SHA256",
                       "--edge", "mx")
    assert {r["then"] for r in found.changes if r["what"] == "weaker"} == {
        "TLSv1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 ffdhe2048"}
    found = crowd.json("--groups", "P-384")
    assert {r["then"] for r in found.who if r["edge"] == "imap"} == {"no shared group"}
    # port 25 has DHE behind it, which needs no curve; who speaks TLS 1.3 does not come back to it
    dhe = "TLSv1.2 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 ffdhe2048"
    assert {r["who"]: r["then"] for r in touched(found) if r["edge"] == "mx"} == {
        "192.0.2.1": "no shared group", "192.0.2.2": dhe, "198.51.100.1": dhe}


@pytest.mark.parametrize("profile, breaks", [("m3aawg", False), ("rfc9325", False),
                                             ("ncsc2025", True), ("mozilla6", True),
                                             ("bsi2026", False)])
def test_profiles(site, profile, breaks):
    """A sender that has nothing newer than CBC with SHA-1, or with SHA-2 for one of them."""
    suite = "c027" if profile == "bsi2026" else "c013"
    site.came("mx", site.hello({**ONLY_1_2, "suites": suite}), "192.0.2.2",
              cipher="TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
    found = site.json("--profile", profile)
    assert found.status == int(breaks), found.summary


def test_table_names_what_and_since_when(crowd):
    done = crowd.ask("--min-version", "1.3")
    assert done.returncode == 1
    assert "falls to plaintext" in done.stdout and "192.0.2.2" in done.stdout
    assert "It has watched for 40 days." in done.stdout


def test_short_watch_lost_sessions_and_unknown_hellos_are_said(site):
    site.db.execute("UPDATE fact SET value = ?", [NOW - DAY])
    ledgers.add(site.db, "fact", name="lost", value=5)
    site.came("mx", 4711, "192.0.2.9")  # whose hello is not in the ledger any more
    done = site.ask()
    assert done.returncode == 2  # nobody breaks, but of one nobody knows
    assert "1 day only: that nobody is named proves nothing yet" in done.stdout
    assert "lost and are not in it: 5." in done.stdout
    assert "Of 10 sessions it is not known what the client can do" in done.stdout
    assert site.json().watched[0]["unknown"] == 10


def test_nobody_came_is_no_answer(site):
    done = site.ask("--min-version", "1.3")
    assert done.returncode == 2 and "nobody came" in done.stdout


def test_plan_goes_into_the_configuration_and_cuts_nobody_off(crowd):
    for i in range(1, 6):
        crowd.came("mx", 2, f"192.0.2.{100 + i}")
    done = crowd.ask("--min-version", "1.3", "--plan")
    assert done.returncode == 1
    planned = crowd.write("planned.conf", 'tls = { min_version = "1.3"; };', done.stdout)
    checked = subprocess.run([BINARY, "config", "check", "-c", planned], capture_output=True,
                             text=True, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert 'from = ["192.0.2.0/24"];' in done.stdout
    assert 'from = ["203.0.113.77/32"];' in done.stdout  # where bob came from
    last = datetime.date.fromisoformat(re.search(r'until = "(\S+)"', done.stdout)[1])
    assert (last - datetime.datetime.now(datetime.timezone.utc).date()).days in (179, 180)
    found = crowd.json(config=planned)
    assert found.status == 0
    assert sums(found)["mx", "kept by an exception"] == 60
    assert sums(found)["imap", "kept by an exception"] == 77


def test_plan_says_who_cannot_be_kept(site):
    site.came("mx", site.hello(RSA_ONLY), "192.0.2.2")
    done = site.ask("--plan")
    assert done.returncode == 1
    assert "1 of those who break cannot be kept by an exception" in done.stdout
    assert "No exception is needed" in done.stdout


def test_plan_without_a_need(crowd):
    done = crowd.ask("--plan")
    assert (done.returncode, done.stdout) == (0, "# No exception is needed.\n")


def test_notify_csv_names_whom_to_tell_and_no_formula(crowd, tmp_path):
    done = crowd.ask("--min-version", "1.3", "--notify-csv", "-")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [r["who"] for r in rows] == ["192.0.2.2", "bob"]
    assert rows[1]["software"] == "'=HYPERLINK(1)" and rows[1]["what"] == "cut off"
    path = tmp_path / "tell.csv"
    done = crowd.ask("--min-version", "1.3", "--notify-csv", str(path), "--limit", "1")
    assert list(csv.DictReader(open(path, encoding="ascii"))) == rows  # all, however many shown
    assert "2 more: --limit 0 shows all" in done.stdout
    done = crowd.ask("--notify-csv", str(tmp_path / "none" / "x.csv"))
    assert done.returncode == 2 and "No such file" in done.stderr


def test_csv_is_of_who(crowd):
    done = crowd.ask("--min-version", "1.3", "--csv")
    assert [r["who"] for r in csv.DictReader(io.StringIO(done.stdout))] == [
        "192.0.2.2", "bob", "192.0.2.3"]


@pytest.mark.parametrize("options, why", [
    (["--min-version", "1.4"], "is not one of those below"),
    (["--suites", "TLS_RSA_WITH_AES_128_CBC_SHA"], "forward secrecy"),
    (["--groups", "P-257"], '"P-257" is not known'),
    (["--profile", "none"], "is not one of those below"),
    (["x"], "a word too many"),
    (["--from-log"], "wants a file"),
    (["--from-log", "--plan", "x"], "wants a ledger"),
    (["--plan", "--notify-csv", "-"], "both want stdout"),
])
def test_wrong_usage(crowd, options, why):
    done = crowd.ask(*options)
    assert done.returncode == 2 and why in done.stderr


def test_no_ledger_is_said(tmp_path):
    done = Site(tmp_path).ask("--ledger", str(tmp_path / "none.db"))
    assert done.returncode == 2 and "none.db cannot be read" in done.stderr


# --- logs ---

STAMP = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(NOW - DAY))
POSTFIX = [
    "{0} mx postfix/smtpd[7]: connect from old.example.net[192.0.2.1]",
    "{0} mx postfix/smtpd[7]: Anonymous TLS connection established from "
    "old.example.net[192.0.2.1]: TLSv1.1 with cipher ECDHE-RSA-AES256-SHA (256/256 bits)",
    "{0} mx postfix/smtpd[7]: 4F1: client=old.example.net[192.0.2.1]",
    "{0} mx postfix/smtpd[7]: disconnect from old.example.net[192.0.2.1] ehlo=2 starttls=1",
    "{0} mx postfix/smtpd[7]: connect from new.example.net[192.0.2.2]",
    "{0} mx postfix/smtpd[7]: Anonymous TLS connection established from "
    "new.example.net[192.0.2.2]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
    "{0} mx postfix/smtpd[7]: 4F2: client=new.example.net[192.0.2.2]",
    "{0} mx postfix/smtpd[7]: disconnect from new.example.net[192.0.2.2]",
]
DOVECOT = ["{0} mx dovecot: imap-login: Login: user=<carol>, method=PLAIN, rip=192.0.2.3, "
           "lip=192.0.2.9, mpid=1, TLS, session=<x>"]
EXIM = ["{0} 1tAbCd-000001-2x <= a@example.org H=mx3.example.net [192.0.2.4] P=esmtps "
        "X=TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256 CV=no S=1234"]


def text_of(lines):
    return "".join(line.format(STAMP) + "\n" for line in lines)


def from_logs(*options, stdin=None):
    return subprocess.run([BINARY, "report", "impact", *options], input=stdin, capture_output=True,
                          text=True, timeout=60)


def test_logs_answer_plain_compressed_and_from_stdin(tmp_path):
    with gzip.open(tmp_path / "mail.log.1.gz", "wt") as packed:
        packed.write(text_of(POSTFIX))
    (tmp_path / "exim").write_text(text_of(EXIM))
    done = from_logs("--json", "--min-version", "1.2", "--from-log", str(tmp_path / "mail.log.1.gz"),
                     str(tmp_path / "exim"), "-", stdin=text_of(DOVECOT))
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert [(r["edge"], r["who"], r["software"], r["now"], r["what"]) for r in found["who"]] == [
        ("smtp", "192.0.2.1", "old.example.net", "TLSv1.1 ECDHE-RSA-AES256-SHA",
         "falls to plaintext"),
        ("imap", "carol", None, None, "unknown")]
    assert found["who"][1]["then"] == "the log does not say which TLS"
    assert found["watched"][0]["from_logs"] is True and found["watched"][0]["days"] == 1
    assert {(r["edge"], r["what"]): r["names"] for r in found["summary"]} == {
        ("smtp", "falls to plaintext"): 1, ("smtp", "unchanged"): 2, ("imap", "unknown"): 1}


def test_logs_say_what_they_cannot(tmp_path):
    (tmp_path / "log").write_text(text_of(POSTFIX))
    done = from_logs("--min-version", "1.2", "--from-log", str(tmp_path / "log"))
    assert "not what a client could do" in done.stdout
    done = from_logs("--min-version", "1.0", "--from-log", str(tmp_path / "log"))
    assert done.returncode == 0
    (tmp_path / "log").write_text(text_of(DOVECOT))
    assert from_logs("--from-log", str(tmp_path / "log")).returncode == 2


def test_logs_of_hostile_lines(tmp_path):
    """A line without an end, one that is too long, and control characters in a name."""
    name = "\x1b[2Jevil"
    (tmp_path / "log").write_bytes(
        b"A" * 100000 + b"\n" + text_of(POSTFIX[4:]).encode()
        + DOVECOT[0].format(STAMP).replace("carol", name).encode() + b"\n\0\0\xff\xfe\n"
        + text_of(EXIM).rstrip().encode())
    done = from_logs("--from-log", str(tmp_path / "log"))
    assert done.returncode == 2 and "\x1b" not in done.stdout and "evil" in done.stdout
    assert "too long and not read: 1." in done.stdout


def test_logs_that_cannot_be_read(tmp_path):
    done = from_logs("--from-log", str(tmp_path / "none"))
    assert done.returncode == 2 and "none: No such file" in done.stderr
    (tmp_path / "cut.gz").write_bytes(gzip.compress(text_of(POSTFIX).encode() * 50)[:-40])
    done = from_logs("--from-log", str(tmp_path / "cut.gz"))
    assert done.returncode == 2 and "cut.gz: " in done.stderr


def test_hellos_that_were_aimed_at_one_place_cost_nothing(site):
    """A stranger computes ClientHellos whose hashes meet in one place of a table."""
    inverse = pow(0xcbf29ce484222325, -1, 1 << 64)
    hashes = [(i << 32 | i) * inverse % (1 << 64) for i in range(1, 100_001)]
    site.came("mx", site.hello(MODERN), "192.0.2.1")
    site.db.execute("BEGIN")
    site.db.executemany(
        "INSERT INTO hello VALUES (?, 771, 772, '0304', '1301', '001d', '0403', 0, ?, ?)",
        [(h - (1 << 64) if h >> 63 else h, NOW - DAY, NOW) for h in hashes])
    site.db.execute("COMMIT")
    began = time.monotonic()
    assert site.ask("--min-version", "1.3").returncode in (0, 2)
    assert time.monotonic() - began < 10
