"""Orders that fail: what was in force stays, it is said why, and tried again later."""
import os
import re
import signal
import subprocess

import pytest

from acme import MARKS, NAMES, PATIENCE, issued, leaf_of, scene, shown  # noqa: F401
from daemon import anonymous_kib, wait_until

pytestmark = MARKS


def test_a_name_that_the_ca_does_not_reach_is_said_and_tried_again(scene):
    scene.ca.set("set-default-ipv4", ip="127.0.0.77")
    daemon = scene.run(NAMES)
    event = daemon.wait("certificate not issued, the one before stays", PATIENCE)
    assert event["certificate"] == "c" and event["reason"] and int(event["again_in_s"]) == 10
    assert scene.status()["state"] == "failed" and scene.status()["failures"] == 1
    assert not os.path.exists(scene.path("chain.pem"))
    assert shown(scene.imap)[0] == leaf_of(scene.path("stand-in.pem"))
    assert not daemon.status()["alarms"]
    scene.ca.set("set-default-ipv4", ip="127.0.0.1")
    issued(scene)
    assert scene.status()["failures"] == 0


def test_orders_that_fail_again_are_an_alarm_until_one_is_issued(scene):
    scene.ca.set("set-default-ipv4", ip="127.0.0.77")
    daemon = scene.run(NAMES).ready()
    for failures in (1, 2):
        daemon.ctl("acme-renew", "c")  # unless it is under way by itself
        daemon.wait("certificate not issued, the one before stays", PATIENCE, failures=str(failures))
    daemon.wait("alarm", PATIENCE, alarm="acme-failed", subject="c")
    alarm, = daemon.status()["alarms"]
    assert re.match(r"\d orders in a row failed, the last one: \S", alarm["text"]) and "acme-renew" in alarm["mend"]
    line = daemon.ctl("status", "--nagios")
    assert line.returncode == 2 and re.search(r"certificate c: \d orders in a row failed", line.stdout)
    daemon.close()
    daemon.start(wrap=scene.wrap)
    daemon.ready()
    assert wait_until(lambda: daemon.status()["alarms"], PATIENCE), "a restart forgets it"
    scene.ca.set("set-default-ipv4", ip="127.0.0.1")
    assert wait_until(lambda: daemon.ctl("acme-renew", "c").returncode == 0, PATIENCE)
    issued(scene)
    assert wait_until(lambda: not daemon.status()["alarms"], PATIENCE)


def test_while_the_ca_is_down_what_was_issued_stays(scene):
    daemon = scene.run(NAMES)
    issued(scene)
    before = leaf_of(scene.path("chain.pem"))
    scene.ca.stop()
    seen = len(daemon.events)
    assert daemon.ctl("acme-renew", "c").returncode == 0
    daemon.wait("certificate not issued, the one before stays", PATIENCE, after=seen)
    assert leaf_of(scene.path("chain.pem")) == before == shown(scene.imap)[0]
    # A restart is no reason to ask again at once.
    daemon.close()
    daemon.start(wrap=scene.wrap)
    daemon.ready()
    assert scene.status()["failures"] == 1
    assert leaf_of(scene.path("chain.pem")) == shown(scene.imap)[0]


@pytest.mark.parametrize("scene", [{"env": {"PEBBLE_WFE_NONCEREJECT": "90"}}], indirect=True)
def test_bad_nonces_end_in_a_failure_or_a_certificate(scene):
    daemon = scene.run(NAMES)
    ends = ("certificate issued", "certificate not issued, the one before stays")
    assert wait_until(lambda: any(e.get("event") in ends for e in daemon.events), 3 * PATIENCE)
    assert shown(scene.imap)[0]


def test_a_chain_that_does_not_fit_is_not_taken(scene):
    """The client's folder is the client's: what it writes there is looked at."""
    daemon = scene.run(NAMES)
    issued(scene)
    before = leaf_of(scene.path("chain.pem"))
    other = f"{scene.folder}/other.pem"
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", f"{scene.folder}/other.key",
                    "-out", other, "-days", "9", "-subj", "/CN=mail.example.org", "-addext",
                    "subjectAltName=DNS:mail.example.org,DNS:imap.example.org"], check=True, capture_output=True)
    client = f"{scene.folder}/uacme"
    with open(client, "w", encoding="ascii") as out:
        out.write(f'#!/bin/sh\nfor last; do :; done\ncp {other} "${{last%.pem}}-cert.pem"\n')
    os.chmod(client, 0o755)
    os.chmod(other, 0o644)
    daemon.close()
    daemon.start(wrap=lambda command: ["unshare", "--mount", "sh", "-ec",
                                       f'mount --bind {client} /usr/bin/uacme; exec "$@"', "sh",
                                       *scene.wrap(command)])
    daemon.ready()
    assert daemon.ctl("acme-renew", "c").returncode == 0
    event = daemon.wait("certificate not issued, the one before stays", PATIENCE)
    assert "another key" in event["reason"]
    assert leaf_of(scene.path("chain.pem")) == before == shown(scene.imap)[0]


GREEDY = """#!/usr/bin/python3
import socket, sys
if "issue" not in sys.argv:
    sys.exit(0)
parent = socket.socket(fileno=0)
parent.settimeout(30)
word = b"\\0".join([b"begin", b"tls-alpn-01", b"mail.example.org", b"A" * 20, b"A" * 43, b""])
try:
    while parent.recv(1) if parent.send(word) else None:
        pass
except OSError:
    pass
sys.stderr.write("it has asked enough")
sys.exit(1)
"""


def client_replaced(scene, program):
    """In place of uacme, for the daemon that is started next."""
    client, wrap = f"{scene.folder}/uacme", scene.wrap
    with open(client, "w", encoding="ascii") as out:
        out.write(program)
    os.chmod(client, 0o755)
    scene.wrap = lambda command: ["unshare", "--mount", "sh", "-ec",
                                  f'mount --bind {client} /usr/bin/uacme; exec "$@"', "sh", *wrap(command)]


HOLDS = """#!/usr/bin/python3
import socket, sys
if "issue" not in sys.argv:
    sys.exit(0)
parent = socket.socket(fileno=0)
parent.send(b"\\0".join([b"begin", b"tls-alpn-01", b"mail.example.org", b"A" * 20, b"A" * 43, b""]))
while parent.recv(1):
    pass
"""


def is_challenged(scene):
    """Is a CA that comes shown what it wants to see?"""
    try:
        return shown(scene.tls, alpn=["acme-tls/1"])[1] == "acme-tls/1"
    except OSError:
        return False


@pytest.mark.parametrize("name", ["keys", "keys-1"])
def test_keys_that_is_started_again_has_the_key_of_a_challenge(scene, name):
    client_replaced(scene, HOLDS)
    daemon = scene.run('names = ["mail.example.org"]; challenge = "tls-alpn-01";')
    assert wait_until(lambda: is_challenged(scene), PATIENCE), "\n".join(daemon.text[-20:])
    os.kill(daemon.status()["keys_pids"][int(name == "keys-1")], signal.SIGKILL)
    daemon.wait("process died and is started again", PATIENCE, name=name)
    # At both workers: each connection is at one of them, and waits for its signature.
    assert all(is_challenged(scene) for _ in range(20))
    assert not [e for e in daemon.events if e.get("event") == "certificate not issued, the one before stays"]


def test_a_client_that_begins_again_and_again_leaves_no_keys_behind(scene):
    """Each key that is made for tls-alpn-01 is kept by keys until it is told to forget it."""
    client_replaced(scene, GREEDY)
    names = ", ".join(f'"n{number}.example.org"' for number in range(99))  # for so many it may ask often
    daemon = scene.run(f'names = ["mail.example.org", {names}]; challenge = "tls-alpn-01";')
    daemon.ready()
    all_keys = daemon.children()["keys"]
    before = [anonymous_kib(keys) for keys in all_keys]
    event = daemon.wait("certificate not issued, the one before stays", 2 * PATIENCE)
    assert event["reason"] == "it has asked enough"
    daemon.wait("the ACME client's hook says too much and is not heard any more", PATIENCE)
    assert all(anonymous_kib(keys) - was < 1024 for keys, was in zip(all_keys, before))


def test_a_hook_that_says_too_much_is_not_heard(scene):
    hook = f"{scene.folder}/hook"
    with open(hook, "w", encoding="ascii") as out:
        out.write('''#!/usr/bin/python3
import socket
ours = socket.socket(fileno=0)
for _ in range(1000):
    ours.send(b"what?")
''')
    os.chmod(hook, 0o755)
    daemon = scene.run(f'{NAMES} challenge = "dns-01"; dns_hook = "{hook}";')
    daemon.wait("the ACME client's hook says too much and is not heard any more", PATIENCE, certificate="c")
    daemon.wait("certificate not issued, the one before stays", PATIENCE)
    assert shown(scene.imap)[0] == leaf_of(scene.path("stand-in.pem"))
