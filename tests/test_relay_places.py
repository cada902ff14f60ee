"""How many connections there are to a domain, a host, an MX operator, whichever worker makes them. Far
ends and name server as scripts, as in test_relay.py."""
import os
import signal
import threading
import time

import pytest

from daemon import wait_until
from test_relay import Mta, relays


def relay_of(settings):
    @pytest.fixture
    def relay():
        yield from relays(relay=settings, workers=2)
    return relay


two = relay_of("concurrency = 2;")
one_host = relay_of("host_concurrency = 1;")
one_operator = relay_of("operator_concurrency = 1;")
impatient = relay_of('concurrency = 1; slot_wait = "1s";')
slow = relay_of("operator_rate = 60;")


class Counting:
    """What a far end's script says to MAIL: after a moment, and how many were there meanwhile."""

    def __init__(self):
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, session, line):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.1)
        with self.lock:
            self.now -= 1
        return "250 2.1.0 ok\r\n"


def send_all(relay, recipients):
    """All at once, each by a connection of its own, of either worker."""
    said = []

    def send(recipient):
        mta = Mta(relay.lmtp)
        said.append(mta.send(recipient)[-1])
        mta.close()
    threads = [threading.Thread(target=send, args=(r,)) for r in recipients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def is_well(said):
    return all(line.startswith("250 2.0.0") for line in said)


def hold(relay, recipient):
    """An MTA whose recipient waits for the far end's answer."""
    mta = Mta(relay.lmtp)
    mta.say("MAIL FROM:<a@mail.example.org>", f"RCPT TO:<{recipient}>")
    return mta


def test_a_domain_has_so_many_connections_of_all_workers(two):
    count = Counting()
    two.far("busy", MAIL=count)
    assert is_well(send_all(two, ["a@busy.example"] * 12))
    assert count.most == 2


def test_a_host_of_several_domains(one_host):
    count = Counting()
    one_host.far("shared", MAIL=count)
    for name in ("one", "two", "three"):
        one_host.names.mx[f"{name}.example"] = one_host.names.mx["shared.example"]
    assert is_well(send_all(one_host, [f"a@{n}.example" for n in ("one", "two", "three")] * 2))
    assert count.most == 1


def test_hosts_of_one_operator(one_operator):
    """An idle connection to one makes room for another: nobody waits until it ends by itself."""
    count = Counting()
    for name in ("a.big", "b.big", "c.big"):
        one_operator.far(name, MAIL=count)
    begun = time.monotonic()
    assert is_well(send_all(one_operator, [f"a@{n}.big.example" for n in "abcabc"]))
    assert count.most == 1 and time.monotonic() - begun < 10  # else two would end first, in 5 s each
    other = Counting()
    one_operator.far("elsewhere", MAIL=other)
    assert is_well(send_all(one_operator, ["a@a.big.example", "a@elsewhere.example"]))


def test_who_waits_too_long_comes_back_later(impatient):
    let_go = threading.Event()
    impatient.far("hangs", RCPT=lambda *_: let_go.wait(10) and "250 2.1.5 ok\r\n")
    first = hold(impatient, "a@hangs.example")
    assert wait_until(lambda: impatient.far_ends[0].sessions)
    second = hold(impatient, "b@hangs.example")
    second.reply()
    assert second.reply().startswith("451 4.7.1 hangs.example: too many connections")
    let_go.set()
    assert [first.reply()[:3] for _ in range(2)] == ["250", "250"]
    first.close()
    second.close()


@pytest.mark.parametrize("role", ["resolver", "worker"])
def test_places_and_processes_that_are_killed(impatient, role):
    """A new resolver knows what workers have; what a worker had ends with it."""
    let_go = threading.Event()
    impatient.far("hangs", RCPT=lambda *_: let_go.wait(20) and "250 2.1.5 ok\r\n")
    first = hold(impatient, "a@hangs.example")
    assert wait_until(lambda: impatient.far_ends[0].sessions)
    status = impatient.status()
    pids = [w["pid"] for w in status["workers"]] if role == "worker" else [status["resolver_pid"]]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: sum("process died" in e["event"] for e in impatient.events) ==
                      len(pids) and all(w["ready"] for w in impatient.status()["workers"]), 10)
    second = hold(impatient, "b@hangs.example")
    second.reply()
    if role == "resolver":
        assert second.reply().startswith("451 4.7.1")
        let_go.set()
        first.reply()
        assert first.reply().startswith("250")
    else:
        assert wait_until(lambda: len(impatient.far_ends[0].sessions) == 2)
        let_go.set()
        assert second.reply().startswith("250")
    first.close()
    second.close()


def test_connections_to_an_operator_are_spaced(slow):
    for name in ("a.big", "b.big", "c.big"):
        slow.far(name)
    begun = time.monotonic()
    assert is_well(send_all(slow, [f"a@{n}.big.example" for n in "abc"]))
    assert 2 <= time.monotonic() - begun < 15
