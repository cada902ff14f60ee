"""Several processes with the private keys: each signs for its workers; one that dies takes nothing along, and
a reload makes more or fewer of them."""
import json
import os
import re
import signal
import socket
import ssl

import pytest

import peers
from daemon import BINARY, Daemon, client_context, free_ports, make_certificate, wait_until
from edges import edge_config
from load import Load, login

RSA = ("rsa:2048",)
WAITING = 24
TRIES = 150


class Place:
    def __init__(self, folder, settings, key_type=None):
        os.chmod(folder, 0o755)
        self.backend = peers.Backend(peers.imap)
        self.plain, self.tls = free_ports(2)
        kind = {"key_type": key_type} if key_type else {}
        chain, key = make_certificate(str(folder), **kind)
        self.rest = (f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
                     'limits = { connections_per_address = 1000; handshakes_per_second = 0; };\n'
                     + edge_config({"imap": self.backend.port}, {"imap": (self.plain, self.tls)}))
        self.daemon = Daemon(folder, f"{settings}\n{self.rest}").ready()

    def set(self, settings):
        seen = len(self.daemon.events)
        self.daemon.write(f"{settings}\n{self.rest}")
        answer = self.daemon.ctl("reload")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        self.daemon.wait("configuration reloaded", after=seen)

    def keys(self):
        return self.daemon.children().get("keys", [])

    def close(self):
        self.daemon.close()
        self.backend.close()


@pytest.fixture
def place(tmp_path, request):
    one = Place(tmp_path, **request.param)
    yield one
    one.close()


TWO = pytest.mark.parametrize("place", [{"settings": "workers = 2; keys_processes = 2;"}], indirect=True)


def hello_of():
    bio = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), bio)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return bio.read()


def is_answered(sock):
    """Has the server's flight come? A signature is in it."""
    try:
        return len(sock.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT)) > 500
    except BlockingIOError:
        return False


@TWO
def test_one_that_dies_takes_no_handshake_along(place):
    status = json.loads(place.daemon.ctl("--json", "status").stdout)
    assert sorted(status["keys_pids"]) == sorted(place.keys()) and len(place.keys()) == 2
    assert status["keys_pid"] == status["keys_pids"][0]
    victim = status["keys_pids"][1]
    os.kill(victim, signal.SIGSTOP)
    waiting = []
    for _ in range(WAITING):
        sock = socket.create_connection(("127.0.0.1", place.tls))
        sock.sendall(hello_of())
        waiting.append(sock)
    # the other one goes on signing for its workers
    assert wait_until(lambda: any(map(is_answered, waiting)), 20)
    assert not all(map(is_answered, waiting))
    os.kill(victim, signal.SIGKILL)
    place.daemon.wait("process died and is started again", name="keys-1")
    assert wait_until(lambda: all(map(is_answered, waiting)), 30)
    assert wait_until(lambda: len(place.keys()) == 2)
    for sock in waiting:
        sock.close()
    assert json.loads(place.daemon.ctl("--json", "status").stdout)["deaths"]["keys"] == 1


@TWO
def test_a_reload_makes_fewer_and_more_under_load(place):
    load = Load(place)
    for n, count in enumerate((1, 2, 1, 2)):
        load.until((n + 1) * 10)
        place.set(f"workers = 2; keys_processes = {count};")
        assert wait_until(lambda: len(place.keys()) == count)
    load.until(load.done + 10)
    assert not load.end()
    assert not [e for e in place.daemon.events if e.get("event") == "process died and is started again"]


@TWO
def test_all_of_them_go_over_to_another_build(place):
    before = set(place.keys())
    seen = len(place.daemon.events)
    assert place.daemon.ctl("upgrade", BINARY).returncode == 0
    place.daemon.wait("upgraded", after=seen)
    login(place).logout()
    assert wait_until(lambda: len(place.keys()) == 2 and not before & set(place.keys()), 40)
    login(place).logout()


@pytest.mark.parametrize("place", [{"settings": "workers = 2;", "key_type": RSA}], indirect=True)
def test_rsa_keys_want_one_for_each_worker(place):
    assert wait_until(lambda: len(place.keys()) == 2)
    login(place).logout()


@pytest.mark.parametrize("place", [{"settings": "workers = 2; keys_processes = 8;"}], indirect=True)
def test_there_are_never_more_than_workers(place):
    login(place).logout()
    assert len(place.keys()) == 2


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


@pytest.mark.parametrize("place", [{"settings": "workers = 1;"}], indirect=True)
def test_keys_of_configurations_that_were_not_taken_are_forgotten(place, tmp_path):
    """A renewal that stays half done is tried every few seconds, for days."""
    other = tmp_path / "other"
    other.mkdir()
    _, key = make_certificate(str(other))
    with open(key, encoding="ascii") as pem:
        text = pem.read()
    with open(key, "w", encoding="ascii") as pem:
        pem.write("a comment\n" * 6000 + text)  # long, to be seen in the memory of the process
    place.rest = re.sub(r' key = "[^"]*"', f' key = "{key}"', place.rest, count=1)
    place.daemon.write(f"workers = 1;\n{place.rest}")
    keys, = place.keys()
    for tries in range(TRIES):
        seen = len(place.daemon.events)
        place.daemon.ctl("reload")
        failed = place.daemon.wait("not taken, the old one stays in force", after=seen)
        assert "do not belong together" in failed["reason"]
        if tries == TRIES // 10:
            before = resident_mib(keys)
    assert place.keys() == [keys] and resident_mib(keys) - before < 3
