"""Programs that are run for what was seen: a password in clear, and who is to be told of it."""
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from daemon import BINARY, Talk, wait_until
from load import login
from test_ledger import edges, query
from test_upgrade import newer, upgrade  # noqa: F401

PASSWORD = "Tr0ub4dor-and-3"
SHELL = "#!/bin/sh\n"


class Hook:
    """A script, and the folder it writes to, as whoever the daemon makes it run."""

    def __init__(self, script):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-hook-"))
        self.folder.chmod(0o755)
        self.said = self.folder / "said"
        self.said.mkdir()
        self.said.chmod(0o777)
        self.path = self.folder / "hook"
        self.write(script)

    def write(self, script):
        """In one piece: the one before may be running."""
        new = self.folder / "new"
        new.write_text(script.replace("SAID", str(self.said)))
        new.chmod(0o755)
        new.rename(self.path)

    def files(self):
        return sorted(p for p in self.said.iterdir() if not p.name.startswith("."))

    def facts(self):
        """What each run was told."""
        return [json.loads(p.read_text()) for p in self.files()]

    def users(self):
        return sorted(f["user"] for f in self.facts())


# Whole or not at all: others look meanwhile.
KEEP = "f=$(mktemp SAID/.XXXXXX); cat >$f; mv $f SAID/${f#SAID/.}\n"


@contextlib.contextmanager
def hooked(script, more="", workers=1, words=""):
    hook = Hook(SHELL + script)
    setting = f'ledger = {{ exposure_hook = ["{hook.path}"{words}]; {more} }};'
    try:
        with edges(setting, workers) as stage:
            stage.hook = hook
            yield stage
    finally:
        shutil.rmtree(hook.folder)


def expose(stage, *users, edge="imap"):
    """Passwords of all of them in clear, in one connection of a client that does not know better."""
    talk = Talk(stage.ports[edge][0])
    talk.line()
    for user in users:
        answer = talk.say(f"a LOGIN {user} {PASSWORD}\r\n".encode()).line()
        assert answer.startswith(b"a NO [PRIVACYREQUIRED]"), answer
    talk.close()


def reload(stage, before, after):
    seen = len(stage.daemon.events)
    assert before in stage.config
    stage.config = stage.config.replace(before, after)
    stage.daemon.write(stage.config)
    assert stage.daemon.ctl("reload").returncode == 0
    stage.daemon.wait("configuration reloaded", after=seen)


def hooks_waiting(stage):
    return stage.daemon.status()["ledger"]["hooks_waiting"]


def no_secret(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path


def test_a_hook_is_told_of_a_password_in_clear():
    with hooked(f'{KEEP}echo "$1" >SAID/.argument\n', words=', "--now it;s"') as stage:
        expose(stage, "alice")
        assert wait_until(lambda: stage.hook.files())
        facts = stage.hook.facts()
        first = facts[0].pop("first")
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", first)
        assert facts == [{"event": "exposure", "user": "alice", "protocol": "imap", "edge": "imap",
                          "address": "127.0.0.1", "mechanism": "LOGIN", "password_sent": True,
                          "excepted": False, "known": False}]
        assert stage.daemon.wait("hook ended", user="alice", hook="exposure", exit="0")
        assert (stage.hook.said / ".argument").read_text() == "--now it;s\n"
        assert wait_until(lambda: hooks_waiting(stage) == 0)
        # The same again is not new; another user is, and so is the same one elsewhere.
        expose(stage, "alice", "bob")
        talk = Talk(stage.ports["pop3"][0])
        talk.line()
        talk.say(b"USER alice\r\n").line()
        talk.say(b"PASS " + PASSWORD.encode() + b"\r\n").line()
        talk.close()
        assert wait_until(lambda: stage.hook.users() == ["alice", "alice", "bob"])
        assert {f["protocol"] for f in stage.hook.facts() if f["user"] == "alice"} == {"imap", "pop3"}
        no_secret(stage.folder)
        no_secret(stage.hook.folder)
        assert not any(PASSWORD in line for line in stage.daemon.text)


def test_who_only_tried_or_was_allowed_is_no_matter_of_a_hook():
    exception = ('exception = ( { edge = "pop3"; from = ["127.0.0.0/8"]; allow = ["plain-login"]; '
                 'until = "UNTIL"; reason = "tills"; } );')
    until = (datetime.date.today() + datetime.timedelta(days=20)).isoformat()
    hook = Hook(SHELL + KEEP)
    with edges(f'ledger = {{ exposure_hook = ["{hook.path}"]; }};'
               + exception.replace("UNTIL", until), 1) as stage:
        stage.hook = hook
        talk = Talk(stage.ports["pop3"][0])
        talk.line()
        talk.say(b"USER till\r\n").line()
        talk.say(b"PASS " + PASSWORD.encode() + b"\r\n").line()
        talk.close()
        talk = Talk(stage.ports["imap"][0])
        talk.line()
        talk.say(b"a AUTHENTICATE PLAIN\r\n").line()  # nothing was sent
        talk.close()
        expose(stage, "alice")  # and behind them one that counts
        assert wait_until(lambda: stage.hook.files())
        assert len(query(stage.folder, "SELECT * FROM exposure")) >= 2
        assert stage.hook.users() == ["alice"] and hooks_waiting(stage) == 0
    shutil.rmtree(hook.folder)


LOOK = """#!/usr/bin/python3 -I
import json, os, resource, sys
def target(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:  # the one that listed them
        return None
fds = {fd: target(fd) for fd in os.listdir("/proc/self/fd")}
seen = {"fds": {fd: to for fd, to in fds.items() if to}, "facts": json.load(sys.stdin),
        "environment": sorted(os.environ), "folder": os.getcwd(), "uid": os.getuid(),
        "own_session": os.getsid(0) == os.getpid() == os.getpgid(0), "umask": os.umask(0),
        "core": resource.getrlimit(resource.RLIMIT_CORE), "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "status": open("/proc/self/status").read()}
with open("SAID/.seen", "w") as out:
    json.dump(seen, out)
os.rename("SAID/.seen", "SAID/seen")
"""


def test_what_a_hook_has():
    """Nothing of ours: descriptors, environment, privileges."""
    with hooked("") as stage:
        stage.hook.write(LOOK)
        expose(stage, "alice")
        assert wait_until(lambda: stage.hook.files())
        seen = json.loads(stage.hook.files()[0].read_text())
        assert sorted(seen["fds"]) == ["0", "1", "2"]
        assert "memfd" in seen["fds"]["0"] and seen["fds"]["1"].startswith("pipe:")
        assert seen["fds"]["1"] == seen["fds"]["2"]
        assert seen["facts"]["user"] == "alice"
        assert [e for e in seen["environment"] if e != "LC_CTYPE"] == ["LANG", "PATH"]  # Python's own
        assert seen["folder"] == "/" and seen["own_session"] and seen["umask"] == 0o077
        assert seen["core"] == [0, 0] and seen["cpu"] == 60
        assert re.search(r"NoNewPrivs:\s+1", seen["status"])
        assert seen["uid"] == os.stat(f"{stage.folder}/state/ledger/ledger.db").st_uid


def test_a_hook_cannot_forge_the_log():
    script = ("cat >/dev/null; printf 'x\\nlevel=error process=parent event=ready\\r\\n\\033[2J\"'; "
              "echo 'level=error event=forged' >&2; head -c 100000 /dev/zero\n")
    with hooked(script) as stage:
        expose(stage, "alice")
        told = stage.daemon.wait("hook ended", user="alice")
        line = next(l for l in stage.daemon.text if 'event="hook ended"' in l)
        assert "\\x0alevel=error process=parent" in line and "\\x1b[2J" in line
        assert told["process"] == "runner" and int(told["said_bytes"]) > 100000
        assert len(line) < 2500
        assert not any(e.get("event") == "forged" for e in stage.daemon.events)
        assert sum(e.get("event") == "ready" for e in stage.daemon.events) == 1


def test_a_hook_that_hangs_is_ended_and_tried_again():
    script = (f"if [ ! -e SAID/.hung ]; then : >SAID/.hung; sleep 600 & echo $! >SAID/.pid; wait; fi\n{KEEP}")
    with hooked(script, 'hook_timeout = "1s";') as stage:
        expose(stage, "alice")
        told = stage.daemon.wait("hook failed", user="alice")
        assert told["late"] == "true" and told["signal"] == "15"
        pid = int((stage.hook.said / ".pid").read_text())
        assert wait_until(lambda: not os.path.exists(f"/proc/{pid}")
                          or open(f"/proc/{pid}/stat").read().split()[2] == "Z")
        assert hooks_waiting(stage) == 1
        stage.daemon.wait("hook ended", user="alice")
        assert stage.hook.users() == ["alice"]
        assert wait_until(lambda: hooks_waiting(stage) == 0)


def test_a_hook_that_fails_is_tried_again_also_by_the_next_daemon():
    with hooked("cat >/dev/null; echo no such user; exit 3\n") as stage:
        expose(stage, "alice")
        told = stage.daemon.wait("hook failed", user="alice")
        assert told["exit"] == "3" and told["says"] == "no such user"
        row = query(stage.folder, "SELECT * FROM exposure")[0]
        assert wait_until(lambda: query(stage.folder, "SELECT * FROM exposure")[0]["hook_tries"] == 1)
        assert row["hook_rank"] == 2
        assert stage.daemon.close() == 0
        stage.hook.write(SHELL + KEEP)
        stage.daemon.start()
        stage.daemon.ready()
        stage.daemon.wait("hook ended", user="alice", timeout=60)
        assert stage.hook.users() == ["alice"]
        assert wait_until(lambda: query(stage.folder, "SELECT * FROM exposure")[0]["hook_rank"] == 0)


def test_a_program_that_is_not_there_fails_and_waits():
    with hooked(KEEP) as stage:
        stage.hook.path.rename(stage.hook.folder / "away")
        expose(stage, "alice")
        told = stage.daemon.wait("hook failed", user="alice")
        assert told["exit"] == "127" and told["says"] == "cannot be executed: No such file or directory"
        (stage.hook.folder / "away").rename(stage.hook.path)
        stage.daemon.wait("hook ended", user="alice")


def test_two_hundred_at_once_wait_for_the_rate():
    with hooked(KEEP, "hook_rate = 100;") as stage:
        users = [f"user{i:03}" for i in range(200)]
        for i in range(0, 200, 10):
            expose(stage, *users[i:i + 10])
        assert wait_until(lambda: len(stage.hook.files()) == 100, 30)
        stage.daemon.wait("hooks wait for their turn")
        assert wait_until(lambda: hooks_waiting(stage) == 100)
        assert "hooks waiting: 100\n" in stage.daemon.ctl("status").stdout
        assert len(stage.hook.files()) == 100
        # Said once, not two hundred times.
        assert sum(e.get("event") == "hooks wait for their turn" for e in stage.daemon.events) == 1
        # Another runner, with another rate, has the rest, and none twice.
        reload(stage, "hook_rate = 100;", "hook_rate = 6000;")
        assert wait_until(lambda: len(stage.hook.files()) >= 200, 30)
        assert wait_until(lambda: hooks_waiting(stage) == 0)
        assert stage.hook.users() == users


def test_a_reload_does_not_end_a_hook_under_way():
    script = f"mkfifo -m 666 SAID/.go 2>/dev/null; : >SAID/.began; read x <SAID/.go; {KEEP}"
    with hooked(script) as stage:
        expose(stage, "alice")
        assert wait_until(lambda: (stage.hook.said / ".began").exists())
        old = stage.daemon.children()["runner"]
        ledger = stage.daemon.children()["ledger"]
        reload(stage, "exposure_hook = [", 'hook_rate = 50; exposure_hook = [')
        assert not stage.hook.files() and stage.daemon.children()["runner"] == old
        with open(stage.hook.said / ".go", "w", encoding="ascii") as go:
            go.write("go\n")
        stage.daemon.wait("hook ended", user="alice")
        assert wait_until(lambda: stage.daemon.children().get("runner", old) != old)
        assert wait_until(lambda: hooks_waiting(stage) == 0)  # it was not run twice
        assert stage.hook.users() == ["alice"] and stage.daemon.children()["ledger"] == ledger
        assert not any(e.get("event") == "process died and is started again"
                       for e in stage.daemon.events)


def test_hooks_come_and_go_with_a_reload():
    with hooked(KEEP) as stage:
        setting = re.search(r"exposure_hook = \[.*?\];", stage.config).group()
        reload(stage, setting, "")
        assert wait_until(lambda: "runner" not in stage.daemon.children())
        assert wait_until(lambda: stage.daemon.status()["ledger"]["open"])
        expose(stage, "before")
        assert wait_until(lambda: query(stage.folder, "SELECT * FROM exposure"))
        reload(stage, "ledger = { ", "ledger = { " + setting)
        assert wait_until(lambda: "runner" in stage.daemon.children())
        assert wait_until(lambda: stage.daemon.status()["ledger"]["open"])
        expose(stage, "before", "after")
        assert wait_until(lambda: stage.hook.files())
        assert wait_until(lambda: hooks_waiting(stage) == 0)
        assert stage.hook.users() == ["after"]


@pytest.mark.parametrize("role", ["runner", "ledger"])
def test_a_process_that_is_killed_loses_no_hook(role):
    script = f"read x <SAID/.go; {KEEP}"
    with hooked(script) as stage:
        os.mkfifo(stage.hook.said / ".go")
        os.chmod(stage.hook.said / ".go", 0o666)
        expose(stage, "alice")
        assert wait_until(lambda: hooks_waiting(stage) == 1)
        os.kill(stage.daemon.children()[role][0], signal.SIGKILL)
        stage.daemon.wait("process died and is started again", name=role)
        stage.hook.write(SHELL + KEEP)
        assert wait_until(lambda: "alice" in stage.hook.users())
        assert wait_until(lambda: hooks_waiting(stage) == 0)


def test_users_that_had_logged_in_are_known():
    with hooked(KEEP) as stage:
        stage.daemon.tls = stage.ports["imap"][1]
        login(stage.daemon).logout()
        assert wait_until(lambda: query(stage.folder, "SELECT * FROM name WHERE who = 'alice'"))
        expose(stage, "alice", "invented")
        assert wait_until(lambda: len(stage.hook.files()) == 2)
        assert {f["user"]: f["known"] for f in stage.hook.facts()} == {"alice": True, "invented": False}


def test_an_upgrade_goes_on_with_hooks(newer):  # noqa: F811
    with hooked(KEEP) as stage:
        expose(stage, "before")
        assert wait_until(lambda: stage.hook.users() == ["before"])
        old = stage.daemon.children()["runner"]
        upgrade(stage.daemon, newer)
        expose(stage, "after")
        assert wait_until(lambda: stage.hook.users() == ["after", "before"])
        assert wait_until(lambda: stage.daemon.children()["runner"] != old
                          and len(stage.daemon.children()["runner"]) == 1)


def test_hostile_names_are_data():
    name = "$(touch SAID/pwned)`id`;rm"
    with hooked(KEEP) as stage:
        expose(stage, '"' + name.replace("SAID", "x") + "' %n" + '"')
        assert wait_until(lambda: stage.hook.files())
        assert stage.hook.users() == ["$(touch x/pwned)`id`;rm' %n"]


def check(folder, program, mode=0o755):
    folder.chmod(0o755)
    path = folder / "hook"
    if program:
        path.write_text(SHELL)
        path.chmod(mode)
    config = folder / "mailseal.conf"
    config.write_text('hostname = "mail.example.org"; user = "nobody";\n'
                      'backend = { x = { address = ["127.0.0.1:10025"]; }; };\n'
                      'edge = { mx = { protocol = "smtp"; listen = ["127.0.0.1:2525"]; backend = "x"; }; };\n'
                      f'limits = {{ max_sessions = 100; }};\nledger = {{ exposure_hook = ["{path}"]; }};\n')
    return subprocess.run([BINARY, "config", "check", "-c", str(config)], capture_output=True, text=True)


@pytest.fixture
def open_folder():
    with tempfile.TemporaryDirectory(prefix="mailseal-") as folder:
        yield pathlib.Path(folder)


def test_config_check_looks_at_the_program(open_folder):
    done = check(open_folder, False)
    assert done.returncode == 1 and "ledger.exposure_hook: cannot find" in done.stderr
    done = check(open_folder, True)
    assert done.returncode == 0 and "exposure_hook" not in done.stderr, done.stderr
    done = check(open_folder, True, 0o757)
    assert done.returncode == 0 and "warning" in done.stderr and "anybody may change" in done.stderr
    done = check(open_folder, True, 0o600)
    assert done.returncode == 1 and "may not execute" in done.stderr
    if os.geteuid() == 0:
        done = check(open_folder, True, 0o700)  # root's alone
        assert done.returncode == 1 and "may not execute" in done.stderr
