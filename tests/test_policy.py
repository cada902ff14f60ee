"""mailseal policy with a scripted name server: whom it asks. What it says of signed zones:
lab/test_lab_policy.py."""
import json
import re
import sqlite3
import subprocess
import time

import pytest

from daemon import BINARY
from names import A, ANCHOR, MX, SERVFAIL, TXT, NameServer, wire

RECORDS = {"same": "1", "broken": "2", "expired": "2"}  # their ids; of the policy that is kept: 1


def facts(name, kind):
    if kind == MX and name == "plain.example":
        return 0, b"\0\x0a" + wire("mx.plain.example")
    first, *rest = name.split(".")
    if kind == MX and first in KEPT:
        return 0, b"\0\x0a" + wire("mx.plain.example")
    if kind == TXT and first == "_mta-sts" and rest[0] == "lost":
        return SERVFAIL, None
    if kind == TXT and first == "_mta-sts" and rest[0] in RECORDS:
        text = f"v=STSv1; id={RECORDS[rest[0]]};".encode()
        return 0, bytes([len(text)]) + text
    return 0, b"\xc0\0\2\1" if kind == A and name == "mx.plain.example" else None


@pytest.fixture
def names():
    server = NameServer(facts)
    yield server
    server.close()


def policy(*arguments):
    return subprocess.run([BINARY, "policy", *arguments], stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def configuration(folder, forward):
    path = folder / "mailseal.conf"
    (folder / "anchor").write_text(ANCHOR, encoding="ascii")
    path.write_text(f'hostname = "mx.example.org";\n'
                    f'state_dir = "{folder}/state";\n'
                    f'policy_service = {{ socketmap = "unix:/run/x"; }};\n'
                    f'resolver = {{ forward = "{forward}"; '
                    f'trust_anchor = "{folder}/anchor"; }};\n', encoding="ascii")
    return str(path)


def test_it_asks_as_the_daemon_of_a_configuration_does(tmp_path, names):
    done = policy("--json", "--config", configuration(tmp_path, names.address), "plain.example")
    said = json.loads(done.stdout)
    assert done.returncode == 1 and said["mx"] == "insecure", done
    assert said["hosts"][0]["addresses"] == ["192.0.2.1"]
    assert "plain.example" in names.asked


def test_an_option_takes_the_place_of_the_file(tmp_path, names):
    path = configuration(tmp_path, "127.0.0.1@9")  # nobody answers there
    done = policy("--json", "--config", path, "--forward", names.address, "plain.example")
    assert done.returncode == 1 and "plain.example" in names.asked, done


def keep(folder, domain, expires):
    """As the daemon keeps a policy (store/sts.c)."""
    path = folder / "state" / "resolver" / "sts.db"
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE sts (domain TEXT PRIMARY KEY, id TEXT NOT NULL, fetched INTEGER"
                   " NOT NULL, tried INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT"
                   " NULL, policy BLOB NOT NULL) WITHOUT ROWID")
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO sts VALUES (?, '1', 1, 1, ?, 1, ?)", (
            domain, expires,
            b"version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx.plain.example\n"))
    db.close()
    return path


# Its record, and why the policy that is kept cannot be refreshed; None: it does not count
KEPT = {
    "same": "",
    "lost": "the record could not be looked up: SERVFAIL",
    "gone": "the domain has no record any more",
    "broken": "the policy file could not be fetched: its host mta-sts has no address",
    "expired": None,
}


@pytest.mark.parametrize("name", KEPT)
def test_it_sees_the_policy_that_the_daemon_keeps(tmp_path, names, name):
    """As the daemon does, for which it holds until it expires (RFC 8461 5.1); and writes nothing."""
    why, domain = KEPT[name], f"{name}.example"
    until = int(time.time()) + (-60 if why is None else 7200)
    path, kept = configuration(tmp_path, names.address), keep(tmp_path, domain, until)
    before = kept.read_bytes()
    done = policy("--json", "--config", path, domain)
    said = json.loads(done.stdout)
    sts, level = said["sts"], said["hosts"][0]["level"]
    if why is None:
        assert (sts["state"], sts["cached_until"], level) == ("broken", None, "opportunistic"), said
    else:
        assert (sts["state"], sts["mode"], level) == ("found", "enforce", "verify"), said
        assert (sts["cached_until"], sts["error"] or "") == (until, why) and done.returncode == 0
        day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(until))
        line = f"cached until {day}" + (f", cannot be refreshed because {why}" if why else "")
        lines = policy("--config", path, domain).stdout.splitlines()
        assert line in [text.strip() for text in lines], lines
    assert kept.read_bytes() == before and not done.stderr


def test_it_says_what_it_cannot_read(tmp_path, names):
    path = configuration(tmp_path, names.address)
    kept = keep(tmp_path, "same.example", int(time.time()) + 7200)
    kept.write_bytes(b"no database" * 100)
    done = policy("--json", "--config", path, "same.example")
    assert json.loads(done.stdout)["sts"]["state"] == "broken"
    assert re.search("sts.db cannot be read: an MTA-STS policy that the daemon keeps", done.stderr)


RELAY = """relay = {{ out = {{ listen = ["lmtp:127.0.0.1:2526"]; hostname = "{}"; }}; }};
"""


@pytest.mark.parametrize("ours, levels, loops", [
    ("out.example.org", ["opportunistic"] * 3, False),
    ("third.loop.example", ["opportunistic", "opportunistic", "skip"], False),
    ("SECOND.loop.example", ["opportunistic", "skip", "skip"], False),
    ("first.loop.example", ["skip"] * 3, True),
])
def test_it_knows_the_relay_among_the_mx(tmp_path, ours, levels, loops):
    """Hosts that are no better would send it back (RFC 5321 5.1)."""
    def say(name, kind):
        if kind == MX and name == "loop.example":
            return 0, [bytes([0, 10 * n]) + wire(f"{host}.loop.example")
                       for n, host in enumerate(["first", "second", "third"], 1)]
        return 0, b"\xc0\0\2\1" if kind == A else None
    server = NameServer(say)
    try:
        path = configuration(tmp_path, server.address)
        with open(path, "a", encoding="ascii") as file:
            file.write(RELAY.format(ours))
        done = policy("--json", "--config", path, "loop.example")
        said = json.loads(done.stdout)
        assert [host["level"] for host in said["hosts"]] == levels and said["loops"] == loops, said
        assert done.returncode == 1
        text = policy("--config", path, "loop.example").stdout
        assert (f"loops back to the relay, {ours}: it is returned (5.4.6)" in text) == loops, text
        assert ("the relay is an MX of the domain itself" in text) == ("skip" in levels), text
    finally:
        server.close()


ROUTES = """relay = { out = { listen = ["lmtp:127.0.0.1:2526"]; }; };
route = ( { domain = ".plain.example"; host = "192.0.2.9:25"; tls = { name = "smart.example.net"; }; },
          { domain = "plain.example"; host = "smart.example.net:465"; tls = { verify = "none"; };
            accept = ["unverified"]; } );
"""


@pytest.mark.parametrize("domain, level, host, code", [
    ("plain.example", "encrypt", "smart.example.net:465", 1),
    ("below.plain.example", "verify", "192.0.2.9:25", 0),
    ("other.example", None, None, 1),
])
def test_the_operators_route_comes_before_all(tmp_path, names, domain, level, host, code):
    path = configuration(tmp_path, names.address)
    with open(path, "a", encoding="ascii") as file:
        file.write(ROUTES)
    done = policy("--json", "--config", path, domain)
    route = json.loads(done.stdout)["route"] or {}
    assert (route.get("level"), route.get("host")) == (level, host) and done.returncode == code, done
    said = policy("--config", path, domain).stdout
    assert (f"to {host}, written by the operator" in said) == bool(host), said


@pytest.mark.parametrize("arguments, error", [
    (["--config", "/nonexistent", "plain.example"], "/nonexistent"),
    (["a..b"], "no domain"),
    ([], "one domain"),
    (["--forward", "nonsense", "plain.example"], "nonsense"),
    (["--stub", "nonsense", "plain.example"], "ZONE=ADDRESS"),
    (["--ca-file", "/nonexistent", "plain.example"], "--ca-file"),
])
def test_what_cannot_be_asked(arguments, error):
    done = policy(*arguments)
    assert done.returncode == 2 and error in done.stderr and not done.stdout, done
