"""The relay is killed, stopped or ended while a message is at any point of its way: it arrives, and
twice only if the far end had all of it. SOAK=1: stopped as long as the fault model says."""
import os
import signal
import subprocess
import threading

import pytest

from daemon import Daemon
from test_relay import TEXT, Mta, relays

SOAK = bool(os.environ.get("SOAK"))
POINTS = ["greeting", "EHLO", "STARTTLS", "handshake", "EHLO in TLS", "MAIL", "RCPT", "DATA",
          "text", "end", "committed"]
WHOLE = ("end", "committed")  # the far end has the text


class Scene:
    """A message at each point of its way, all at one moment; then the relay is hit."""

    def __init__(self, relay):
        self.relay, self.reached = relay, threading.Barrier(len(POINTS) + 1, timeout=20)
        self.hit, self.committed, self.over = (threading.Event() for _ in range(3))
        self.told = {}
        self.fars = {point: self.far(point) for point in POINTS}
        self.threads = [threading.Thread(target=self.send, args=(point,)) for point in POINTS]
        for thread in self.threads:
            thread.start()
        self.reached.wait()

    def far(self, point):
        far = self.relay.far(point.replace(" ", "-").lower())
        far.script, far.context = At(point, self), Handshake(far.context, self, point)
        return far

    def send(self, point):
        """As an MTA does: until it is told 250."""
        while point not in self.told:
            try:
                client = Mta(self.relay.lmtp)
                client.ask("MAIL FROM:<a@b.example>",
                           f"RCPT TO:<a@{self.fars[point].name}.example>", "DATA")
                client.sock.sendall(TEXT)
                if point == "text":
                    self.hit.wait(20)
                client.sock.sendall(TEXT + b".\r\n")
                if client.reply().startswith("250 2.0.0"):
                    self.told[point] = len(self.fars[point].messages)
                client.close()
            except (OSError, AssertionError):
                pass
            if point not in self.told:
                assert self.over.wait(20)

    def end(self):
        """How many copies of each there are."""
        self.over.set()
        for thread in self.threads:
            thread.join(40)
        assert set(self.told) == set(POINTS), "not all were delivered"
        assert all(self.told.values()), "250, and no far end has the message"
        return {point: len(far.messages) for point, far in self.fars.items()}


class At:
    """A far end's script: usual, but that it waits once, at its point."""

    def __init__(self, point, scene):
        self.point, self.scene, self.is_over = point, scene, False

    def waits(self, moment):
        if moment != self.point or self.is_over:
            return False
        self.is_over = True
        self.scene.reached.wait()
        self.scene.hit.wait(20)
        return True

    def get(self, moment, usual=None):
        if moment == "reads":
            self.waits("text")
        if moment in ("reads", "implicit", "chokes"):
            return None
        return lambda session, _: self.say(moment, usual, session)

    def say(self, moment, usual, session):
        self.waits("EHLO in TLS" if moment == "EHLO" and session["tls"] else moment)
        if moment == "end" and self.waits("committed"):
            session["talk"].sock.sendall(usual.encode())
            self.scene.committed.set()
            self.scene.over.wait(20)
            return b""
        return usual


class Handshake:
    def __init__(self, context, scene, point):
        self.context, self.scene, self.point = context, scene, point

    def wrap_socket(self, sock, **how):
        if self.point == "handshake":
            self.scene.fars[self.point].script.waits("handshake")
        return self.context.wrap_socket(sock, **how)


@pytest.fixture
def relay():
    yield from relays()


def stop(scene):
    """The far end that had the message has said 250 then, and nobody has read it."""
    worker = scene.relay.children()["worker"][0]
    os.kill(worker, signal.SIGSTOP)
    scene.hit.set()
    assert scene.committed.wait(20)
    return worker


def test_a_worker_is_killed(relay):
    scene = Scene(relay)
    os.kill(stop(scene), signal.SIGKILL)
    copies = scene.end()
    assert copies == {point: 2 if point in WHOLE else 1 for point in POINTS}, copies


def test_the_daemon_is_killed(relay):
    scene = Scene(relay)
    pids = sum(relay.children().values(), [])
    os.kill(relay.process.pid, signal.SIGSTOP)  # else it would start others
    stop(scene)
    for pid in [relay.process.pid, *pids]:
        os.kill(pid, signal.SIGKILL)
    relay.process.wait()
    relay.start_again()
    copies = scene.end()
    assert copies == {point: 2 if point in WHOLE else 1 for point in POINTS}, copies


def test_a_worker_is_stopped_for_a_moment(relay):
    """Nothing ended, and all goes on."""
    scene = Scene(relay)
    worker = stop(scene)
    threading.Timer(1.5 if SOAK else 0.3, os.kill, (worker, signal.SIGCONT)).start()
    assert set(scene.end().values()) == {1}


def test_the_daemon_is_told_to_end(relay):
    """It ends when all is said that is owed."""
    scene = Scene(relay)
    relay.process.send_signal(signal.SIGTERM)
    relay.wait("draining")
    scene.hit.set()
    assert relay.process.wait(20) == 0
    relay.start_again()
    assert set(scene.end().values()) == {1}


def test_a_reload_changes_nothing_for_those_under_way(relay):
    scene = Scene(relay)
    assert relay.ctl("reload").returncode == 0
    relay.wait("configuration reloaded")
    scene.hit.set()
    assert set(scene.end().values()) == {1}
    assert all(len(far.sessions) == 1 for far in scene.fars.values())


def test_the_resolver_is_killed(relay):
    scene = Scene(relay)
    os.kill(relay.children()["resolver"][0], signal.SIGKILL)
    scene.hit.set()
    assert set(scene.end().values()) == {1}
    assert all(len(far.sessions) == 1 for far in scene.fars.values())


def test_a_worker_killed_at_quit_had_nothing_to_lose(relay):
    worker = relay.children()["worker"][0]
    far = relay.far("quits", QUIT=lambda *_: os.kill(worker, signal.SIGKILL) or "221 bye\r\n")
    client = Mta(relay.lmtp)
    assert client.send("a@quits.example")[-1].startswith("250 2.0.0")
    relay.process.send_signal(signal.SIGTERM)
    relay.process.wait(20)
    assert len(far.messages) == 1 and far.sessions[0]["lines"][-1] == "QUIT"


def test_an_mta_that_vanishes_behind_the_dot(relay):
    """Nobody is told, and nobody else is asked. That it ended is no sign that it does not read."""
    held = threading.Event()
    far = relay.far("late", end=lambda *_: held.wait(20) and "250 2.0.0 ok\r\n")
    client = Mta(relay.lmtp)
    assert client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@late.example>", "DATA")[2][:3] == "354"
    client.sock.sendall(TEXT + b".\r\n")
    far.wait(lambda: far.messages)
    client.close()
    held.set()
    relay.wait("handoff ended")
    relay.wait("hop ended", messages="1")
    assert len(far.messages) == 1 and len(far.sessions) == 1


def test_behind_the_dot_no_other_host_is_tried(relay):
    first = relay.far("first", preference=10, domain="two", end=None)
    second = relay.far("second", preference=20, domain="two")
    client = Mta(relay.lmtp)
    assert client.send("a@two.example")[-1].startswith("451 4.4.2")
    assert len(first.messages) == 1 and not second.sessions


# In place of send(): the worker dies before the answer to the MTA, or with half of it said.
DIES = r"""
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (len > 20 && !memcmp(bytes, "250 2.0.0 mx.", 13)) {
		syscall(SYS_sendto, fd, bytes, HALF, flags, 0, 0);
		__builtin_trap();
	}
	return syscall(SYS_sendto, fd, bytes, len, flags, 0, 0);
}
"""


@pytest.mark.parametrize("half", ["0", "len - 1"])
def test_a_worker_that_dies_as_it_tells_the_mta(relay, half):
    far, library = relay.far("told"), f"{relay.folder}/dies.so"
    subprocess.run(["cc", "-shared", "-fPIC", f"-DHALF={half}", "-x", "c", "-", "-o", library],
                   input=DIES, text=True, check=True)
    assert Daemon.close(relay) == 0
    relay.start({"LD_PRELOAD": library})
    relay.ready()
    client = Mta(relay.lmtp)
    assert client.ask("MAIL FROM:<a@b.example>", "RCPT TO:<b@told.example>", "DATA")[2][:3] == "354"
    client.sock.sendall(TEXT + b".\r\n")
    said = client.file.read()
    assert not said.endswith(b"\n") and bool(said) == (half != "0"), said
    relay.wait("process died and is started again", name="worker-0")
    assert Daemon.close(relay) == 0
    relay.start_again()
    assert Mta(relay.lmtp).send("b@told.example")[-1].startswith("250 2.0.0")
    assert len(far.messages) == 2
