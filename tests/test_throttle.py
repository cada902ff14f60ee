"""Who guesses a password is slowed and then refused; the user himself, from elsewhere, is not."""
import contextlib
import os
import threading
import time

import pytest

import peers
from daemon import Daemon, Talk, free_ports, make_certificate, wait_until

ATTACKER, HOME, OFFICE = "127.0.3.1", "127.0.3.2", "127.0.3.3"
GUESSERS, BASE_S, SLOWED_S, PATIENCE_S = 8, 3, 10, 40


class Door:
    """An IMAP edge with these limits, and a server behind it that knows alice's password."""

    def __init__(self, folder, limits, opens_by_auth=False):
        folder.mkdir(mode=0o755)
        os.chmod(folder.parent, 0o755)
        chain, key = make_certificate(str(folder))
        self.backend = peers.Backend(peers.imap)
        self.port, = free_ports(1)
        users = folder / "users"
        users.write_text("alice b\n")
        users.chmod(0o644)
        lookup = 'open = "auth"; lookup = "users"; by_user = ( { backend = "b"; } );' if opens_by_auth else ""
        self.daemon = Daemon(folder, f'''workers = 1; drain_timeout = "1s";
lookup = {{ users = {{ table = "{users}"; }}; }};
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ handshakes_per_second = 0; {limits} }};
backend = {{ b = {{ address = ["127.0.0.1:{self.backend.port}"]; health_interval = 0; }}; }};
edge = {{ e = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{self.port}"]; backend = "b";
                 {lookup} }}; }};
''').ready()

    def login(self, source, user=b"alice", password=b"wrong"):
        """The answer; nothing: the session ended without one."""
        talk = Talk(self.port, source=source).starttls()
        try:
            talk.line()
            return talk.say(b"a LOGIN %s %s\r\n" % (user, password)).line()
        finally:
            talk.close()

    def guesses(self):
        """Wrong passwords that the server was asked about."""
        return sum(b"wrong" in line for s in list(self.backend.sessions) for line in s["lines"])

    @contextlib.contextmanager
    def attacked(self):
        """Guesses at alice come from one address, as fast as they are answered."""
        stop = threading.Event()

        def guess():
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    talk = Talk(self.port, timeout=2, source=ATTACKER).starttls()
                    talk.line()
                    for _ in range(3):
                        if not talk.say(b"a LOGIN alice wrong\r\n").line().startswith(b"a NO"):
                            break
                    talk.close()
        threads = [threading.Thread(target=guess, daemon=True) for _ in range(GUESSERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def close(self):
        self.daemon.close()
        self.backend.close()


@pytest.fixture
def door(tmp_path):
    begun = []

    def run(limits="", **more):
        begun.append(Door(tmp_path / str(len(begun)), limits, **more))
        return begun[-1]
    yield run
    for one in begun:
        one.close()


def test_a_guessing_client_is_slowed_a_hundredfold(door, record_property):
    bare = door("login_delay_after = 0; login_refuse_after = 0;")
    with bare.attacked():
        began = time.monotonic()
        wait_until(lambda: time.monotonic() > began + BASE_S, BASE_S + 5)
        base = bare.guesses() / (time.monotonic() - began)
    bare.daemon.close()
    kept = door()  # as it is when nothing is written
    with kept.attacked():
        began = time.monotonic()
        kept.daemon.wait("login slowed", client=ATTACKER)
        # While that goes on the user logs in from elsewhere, and others from there.
        asked = time.monotonic()
        assert kept.login(HOME, password=b"secret").startswith(b"a OK")
        assert kept.login(ATTACKER, b"bob", b"secret").startswith(b"a OK")
        took = time.monotonic() - asked

        def rate():
            return kept.guesses() / (time.monotonic() - began)
        wait_until(lambda: time.monotonic() > began + SLOWED_S, SLOWED_S + 5)
        assert wait_until(lambda: base >= 100 * rate(), PATIENCE_S), (base, rate())
        slowed, seconds = rate(), time.monotonic() - began
    record_property("factor", round(base / slowed))
    print(f"guesses a second: {base:.0f} bare, {slowed:.2f} slowed, in {seconds:.0f} s: a factor of "
          f"{base / slowed:.0f}; both others were in after {took:.2f} s")
    assert took < 20


def test_too_many_failures_are_refused_unasked(door):
    """From there, for a while; one that has the right password now, too."""
    stage = door('login_delay_after = 0; login_refuse_after = 4; login_refuse_for = "3s";')
    for _ in range(4):
        assert stage.login(ATTACKER).startswith(b"a NO")
    for password in (b"wrong", b"secret"):
        assert stage.login(ATTACKER, password=password).startswith(b"* BYE [UNAVAILABLE]")
    assert stage.guesses() == 4
    refused = stage.daemon.wait("login refused", client=ATTACKER, user="alice")
    assert refused["reason"] == "failed logins"
    ended = stage.daemon.wait("session ended", session=refused["session"])
    assert ended["outcome"] == "login-failed"
    assert stage.login(HOME, password=b"secret").startswith(b"a OK")
    assert stage.daemon.status()["sums"]["logins_refused"] == 2
    # What was refused does not count, so that it ends.
    assert wait_until(lambda: stage.login(ATTACKER, password=b"secret").startswith(b"a OK"), 20)
    assert stage.login(ATTACKER).startswith(b"a NO")


def test_too_many_failures_where_the_user_decides(door):
    """open = "auth": neither the lookup nor the server is asked for one who is refused."""
    stage = door('login_delay_after = 0; login_refuse_after = 2; login_refuse_for = "1h";', opens_by_auth=True)
    for _ in range(2):
        assert stage.login(ATTACKER).startswith(b"a NO")
    assert wait_until(stage.daemon.told)
    sums, sessions = stage.daemon.status()["sums"], len(stage.backend.sessions)
    assert sums["lookups"] == 2
    for password in (b"wrong", b"secret"):
        assert stage.login(ATTACKER, password=password).startswith(b"* BYE [UNAVAILABLE]")
    refused = stage.daemon.wait("login refused", client=ATTACKER, user="alice")
    ended = stage.daemon.wait("session ended", session=refused["session"])
    assert ended["outcome"] == "login-failed" and "backend" not in ended
    sums = stage.daemon.status()["sums"]
    assert (sums["lookups"], sums["logins_refused"]) == (2, 2)
    assert len(stage.backend.sessions) == sessions
    assert stage.login(HOME, password=b"secret").startswith(b"a OK")


def test_one_more_failure_begins_it_anew(door):
    stage = door('login_delay_after = 0; login_refuse_after = 2; login_refuse_for = "2s";')
    for _ in range(2):
        assert stage.login(ATTACKER).startswith(b"a NO")
    assert stage.login(ATTACKER).startswith(b"* BYE")
    assert wait_until(lambda: stage.login(ATTACKER).startswith(b"a NO"), 20)
    assert stage.login(ATTACKER).startswith(b"* BYE")
    assert stage.guesses() == 3


def test_who_is_exempt_is_neither_slowed_nor_refused(door):
    stage = door('login_delay_after = 1; login_refuse_after = 3; '
                 f'login_exempt = ["{OFFICE}"];')
    for _ in range(5):
        assert stage.login(OFFICE).startswith(b"a NO")
    assert stage.login(OFFICE, password=b"secret").startswith(b"a OK")
    assert stage.login(ATTACKER).startswith(b"a NO")
    assert not any(e.get("event") in ("login slowed", "login refused")
                   for e in stage.daemon.events)
