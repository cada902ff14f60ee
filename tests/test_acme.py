"""Certificates that are ordered: a CA (pebble) sees the names by our own doors, and the daemon keeps and renews
what it gives."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from acme import MARKS, NAMES, PATIENCE, facts, issued, leaf_of, public_key, scene, shown  # noqa: F401
from daemon import BINARY, ROOT, client_context, wait_until

pytestmark = MARKS


def get(port, path, method="GET"):
    with socket.create_connection(("127.0.0.1", port), 15) as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: mail.example.org\r\n\r\n".encode())
        answer = b""
        while more := sock.recv(65536):
            answer += more
        return answer


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_it_is_issued_for_the_key_of_the_stand_in(scene, challenge):
    daemon = scene.run(f'{NAMES} challenge = "{challenge}";')
    daemon.ready()
    stand_in = facts(scene.path("stand-in.pem"))
    daemon.wait("a self-made certificate stands in until one is issued", certificate="c")
    issued(scene)
    text = facts(scene.path("chain.pem"))
    assert "Pebble" in text and "DNS:mail.example.org" in text and "DNS:imap.example.org" in text
    assert public_key(text) == public_key(stand_in)
    status = scene.status()
    assert status["state"] == "issued" and status["failures"] == 0 and not status["reason"]
    assert status["due"] < status["not_after"]
    assert stat.S_IMODE(os.stat(scene.path("key.pem")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(f"{scene.folder}/state/certificates").st_mode) == 0o700


def test_dns_by_hook(scene):
    hook = f"{scene.folder}/hook"
    with open(hook, "w", encoding="ascii") as out:
        out.write(f'''#!/bin/sh
[ "$2" = dns-01 ] || exit 1
url=http://127.0.0.1:{scene.ca.records}
case "$1" in
begin) curl -sf -d "{{\\"host\\":\\"_acme-challenge.$3.\\",\\"value\\":\\"$5\\"}}" $url/set-txt ;;
*) curl -sf -d "{{\\"host\\":\\"_acme-challenge.$3.\\"}}" $url/clear-txt ;;
esac
''')
    os.chmod(hook, 0o755)
    scene.run(f'names = ["*.example.org"]; challenge = "dns-01"; dns_hook = "{hook}";').ready()
    issued(scene)
    assert "DNS:*.example.org" in facts(scene.path("chain.pem"))


@pytest.mark.parametrize("scene", [{"lives_s": 20}], indirect=True)
def test_it_is_renewed_for_the_same_key(scene):
    daemon = scene.run(NAMES)
    issued(scene)
    first, seen = facts(scene.path("chain.pem")), len(daemon.events)
    key = os.stat(scene.path("key.pem"))
    before = leaf_of(scene.path("chain.pem"))
    assert wait_until(lambda: any(e.get("event") == "certificate issued" for e in daemon.events[seen:]), PATIENCE)
    assert wait_until(lambda: shown(scene.imap)[0] not in (before,), PATIENCE)
    assert public_key(facts(scene.path("chain.pem"))) == public_key(first)
    assert os.stat(scene.path("key.pem")).st_mtime_ns == key.st_mtime_ns


def test_a_renewal_breaks_no_connection(scene):
    daemon = scene.run(NAMES)
    issued(scene)
    before = leaf_of(scene.path("chain.pem"))
    with socket.create_server(("127.0.0.1", scene.backend)) as backend, \
            socket.create_connection(("127.0.0.1", scene.tls), 15) as sock, \
            client_context().wrap_socket(sock, server_hostname="mail.example.org") as tls:
        tls.sendall(b"one")
        there, _ = backend.accept()
        with there:
            there.settimeout(PATIENCE)
            assert wait_until(lambda: b"one" in there.recv(65536, socket.MSG_PEEK), PATIENCE)
            seen = len(daemon.events)
            assert '"ok": true' in daemon.ctl("--json", "acme-renew", "c").stdout
            daemon.wait("certificate issued", PATIENCE, after=seen)
            failed = []

            def is_other():
                try:
                    return shown(scene.tls)[0] != before
                except OSError as error:
                    failed.append(error)
                    return False
            assert wait_until(is_other, PATIENCE) and not failed
            there.recv(65536)
            tls.sendall(b"two")
            assert there.recv(65536) == b"two"
            there.sendall(b"three")
            assert tls.recv(65536) == b"three"


def test_nothing_is_answered_while_no_order_is_open(scene):
    scene.run(NAMES)
    issued(scene)
    answer = get(scene.clear, "/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ")
    assert answer.startswith(b"HTTP/1.1 301 ")
    with pytest.raises(ssl.SSLError):
        shown(scene.tls, alpn=["acme-tls/1"])


def test_keys_are_out_of_the_reach_of_workers(scene):
    daemon = scene.run(NAMES)
    issued(scene)
    account = subprocess.run(["find", f"{scene.folder}/state/acme", "-name", "key.pem"], check=True,
                             capture_output=True, text=True).stdout.split()
    assert len(account) == 1 and not os.stat(account[0]).st_mode & 0o077
    with open(scene.path("key.pem"), encoding="ascii") as pem:
        body = "".join(line.strip() for line in pem if not line.startswith("-"))
    for pid in daemon.children()["worker"]:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            facts_of = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        assert facts_of["Seccomp"] == "2" and facts_of["NoNewPrivs"] == "1"
        assert not [fd for fd in os.listdir(f"/proc/{pid}/fd")
                    if "key.pem" in os.readlink(f"/proc/{pid}/fd/{fd}")]
    # nor is the key of TLS anywhere the client's user reads
    for folder, _, names in os.walk(f"{scene.folder}/state/acme"):
        for name in names:
            with open(os.path.join(folder, name), encoding="ascii") as text:
                assert body[:40] not in text.read().replace("\n", "")


def test_keys_that_dies_while_it_makes_the_first_key_is_asked_again(scene):
    for number in range(6):
        shutil.rmtree(f"{scene.folder}/state", ignore_errors=True)
        daemon = scene.run(f'{NAMES} key_type = "rsa-2048";')
        assert wait_until(lambda d=daemon: d.children().get("keys"), PATIENCE)
        os.kill(daemon.children()["keys"][0], signal.SIGKILL)  # sooner or later in its work
        daemon.ready()
        assert shown(scene.imap)[0], number
        daemon.close()


def test_the_example_is_a_configuration():
    done = subprocess.run([BINARY, "config", "check", "-c", f"{ROOT}/doc/examples/acme.conf"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stranger_does_not_speak_with_the_daemon_by_the_hook(scene):
    words = ["begin", "http-01", "mail.example.org", "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ", "x"]
    done = subprocess.run([scene.binary, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "for the daemon's ACME client" in done.stderr
