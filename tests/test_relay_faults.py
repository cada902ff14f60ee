"""The relay and far ends that mean no good: what one of them does stays its own affair. Far ends
and name server as scripts, as in test_relay.py."""
import os
import re
import signal
import socket
import threading
import time

import pytest

from daemon import Daemon, anonymous_kib, wait_until
from test_relay import TEXT, Mta, relays


@pytest.fixture
def relay():
    yield from relays()


@pytest.fixture
def alone():
    """One that a test may end."""
    yield from relays()


@pytest.fixture
def single():
    """One connection to a domain at a time."""
    yield from relays(relay="concurrency = 1;")


@pytest.fixture
def holding():
    """It remembers, and not for long."""
    yield from relays(relay='plain_after = "1s"; hold_for = "2s"; hold = ["had.example"];')


@pytest.fixture
def mta(relay):
    one = Mta(relay.lmtp)
    yield one
    one.close()


def later(script):
    """A script's word that is said once, and usual again afterwards."""
    said = iter(script)
    return lambda *_: next(said, "250 2.1.0 ok\r\n")


def test_a_kept_connection_that_was_closed_is_no_reason_to_wait(relay, mta):
    """Hosts limit the messages of a connection; nothing was said of the second message yet."""
    far = relay.far("limits", MAIL=later(["250 2.1.0 ok\r\n", "421 4.7.0 too many messages\r\n"]))
    assert mta.send("a@limits.example")[3].startswith("250")
    said = mta.send("b@limits.example")
    assert said[1].startswith("250") and said[-1].startswith("250 2.0.0"), said
    assert len(far.sessions) == 2 and len(far.messages) == 2


def test_what_a_kept_connection_cannot_carry_another_host_may(relay, mta):
    """As with a new connection: SMTPUTF8 only the second host has."""
    relay.far("oldest", preference=10, domain="both", tls=False,
              EHLO="250-far.example\r\n250 PIPELINING\r\n")
    new = relay.far("newest", preference=20, domain="both")
    assert mta.send("a@both.example", parameters=" SMTPUTF8")[1].startswith("250")
    assert wait_until(lambda: "QUIT" in new.sessions[0]["lines"], 15)
    assert mta.send("b@both.example")[-1].startswith("250 2.0.0 mx.oldest")
    said = mta.send("c@both.example", parameters=" SMTPUTF8")
    assert said[1].startswith("250"), said


def test_connections_that_are_kept_count(single):
    """Who waits for a place goes on with the connection that has just become free."""
    far = single.far("narrow")
    clients = [Mta(single.lmtp) for _ in range(6)]
    said = []
    threads = [threading.Thread(target=lambda c=c: said.append(c.send("a@narrow.example")))
               for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(s[-1].startswith("250 2.0.0") for s in said), said
    assert len(far.sessions) == 1, len(far.sessions)
    for client in clients:
        client.close()


def test_a_host_that_refuses_and_hangs_up_delays_nobody_else(relay, mta):
    """Nobody waits for it any more, so its next host is not asked; DATA is the others' alone."""
    well, greets = relay.far("well"), threading.Event()
    relay.far("bad1", preference=10, domain="bad",
              RCPT="550 5.1.1 nobody\r\n421 4.3.2 going down\r\n")
    relay.far("bad2", preference=20, domain="bad",
              greeting=lambda *_: greets.wait(15) and "220 far.example ESMTP\r\n")
    said = mta.ask("MAIL FROM:<a@mail.example.org>", "RCPT TO:<a@well.example>",
                   "RCPT TO:<b@bad.example>")
    assert said[1].startswith("250") and said[2].startswith("550"), said
    mta.say("DATA")
    threading.Timer(1, greets.set).start()
    mta.sock.settimeout(13)  # greets waits for 15
    assert mta.reply().startswith("354")
    mta.sock.sendall(TEXT + b".\r\n")
    assert mta.reply().startswith("250 2.0.0") and well.messages


def flood(port, block, seconds):
    """Asks and never reads what is said."""
    sock = socket.create_connection(("127.0.0.1", port), 5)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(1)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            sock.sendall(block)
    except OSError:
        pass
    return sock


def test_an_mta_that_does_not_read_grows_nothing(relay):
    Mta(relay.lmtp).close()
    worker = relay.status()["workers"][0]["pid"]
    before = anonymous_kib(worker)
    sock = flood(relay.lmtp, b"NOOP\r\n" * 10000, 8)
    grown = anonymous_kib(worker) - before
    sock.close()
    assert grown < 8192, grown


def test_without_a_descriptor_mail_waits(alone):
    far = alone.far("full")
    assert Daemon.close(alone) == 0
    alone.start(wrap=lambda command: ["prlimit", "--nofile=64:64", *command])
    alone.ready()
    worker, clients = alone.children()["worker"][0], [Mta(alone.lmtp)]
    while len(os.listdir(f"/proc/{worker}/fd")) < 64:
        clients.append(Mta(alone.lmtp))
    said = clients[0].send("a@full.example")
    assert said[1].startswith(f"451 4.4.1 mx.full.example[{far.address}]: Too many"), said
    clients[0].ask("RSET")
    clients.pop().close()
    assert wait_until(lambda: len(os.listdir(f"/proc/{worker}/fd")) < 64)
    assert clients[0].send("a@full.example")[-1].startswith("250 2.0.0")
    for client in clients:
        client.close()


def test_a_connection_that_never_came_to_be_is_not_said_to_be_plain(relay, mta):
    held = threading.Event()
    far = relay.far("silent", greeting=lambda *_: held.wait(5) and None)
    mta.say("MAIL FROM:<a@mail.example.org>", "RCPT TO:<a@silent.example>")
    mta.reply()
    far.wait(lambda: far.sessions)
    mta.close()
    ended = relay.wait("hop ended", domain="silent.example")
    held.set()
    assert ended["seal"] == "none" and ended["outcome"] == "given-up", ended


def test_a_host_that_chokes_on_a_large_hello(relay):
    """A smaller one goes well, and comes first from then on, whatever worker or daemon asks."""
    hellos = []

    def chokes(length):
        hellos.append(length)
        return len(hellos) == 1
    far = relay.far("chokes", chokes=chokes)
    mta = Mta(relay.lmtp)
    assert mta.send("a@chokes.example")[-1].startswith("250 2.0.0")
    assert len(hellos) == 2 and [s["tls"] for s in far.sessions] == [None, "TLSv1.3"]
    relay.wait("workaround", mx="mx.chokes.example")
    relay.wait("hop ended", domain="chokes.example", messages="1", workaround="small-hello")
    mta.close()
    os.kill(relay.process.pid, signal.SIGKILL)
    relay.process.wait()
    relay.start_again()
    assert wait_until(lambda: [one["mx"] for one in relay.status()["workarounds"]] ==
                      ["mx.chokes.example"])  # resolver tells them when it has read its file
    assert re.search("^workaround: mx.chokes.example, smaller ClientHello until 20",
                     relay.ctl("status").stdout, re.M)
    mta = Mta(relay.lmtp)
    assert mta.send("a@chokes.example")[-1].startswith("250 2.0.0")
    mta.close()
    assert len(hellos) == 3


def test_a_hello_that_gets_lost_on_its_way(relay):
    """Something between drops what is larger than one segment, and says nothing."""
    hellos, over = [], threading.Event()

    def drops(length):
        hellos.append(length)
        return len(hellos) == 1 and over.wait(120)
    relay.far("drops", chokes=drops)
    mta = Mta(relay.lmtp, timeout=60)
    assert mta.send("a@drops.example")[-1].startswith("250 2.0.0")
    over.set()
    mta.close()
    assert len(hellos) == 2
    relay.wait("workaround", mx="mx.drops.example")


def test_mail_is_not_returned_while_another_host_may_take_it(relay, mta):
    """The best host cannot be reached now, the other lacks SMTPUTF8; and the other way round."""
    relay.names.add("away", "127.0.1.250", 10, "waits")
    relay.far("simple", preference=20, domain="waits", tls=False,
              EHLO="250-far.example\r\n250 PIPELINING\r\n")
    relay.names.mx["turned.example"] = [(20, "mx.away.example"), (10, "mx.simple.example")]
    for domain in ("waits", "turned"):
        said = mta.send(f"a@{domain}.example", parameters=" SMTPUTF8")
        assert said[1].startswith("451 4.4.1 mx.away.example"), said
        mta.ask("RSET")


def test_who_takes_over_a_connection_makes_one_of_its_own_when_that_ends(single):
    """Hosts limit the messages of a connection: it is for who made it that there are no more."""
    far = single.far("once", MAIL=lambda session, _: "250 2.1.0 ok\r\n" if sum(
        line.startswith("MAIL") for line in session["lines"]) < 2 else "421 4.7.0 enough\r\n")
    clients = [Mta(single.lmtp) for _ in range(4)]
    said = []
    threads = [threading.Thread(target=lambda c=c: said.append(c.send("a@once.example")))
               for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s[-1][:10] for s in said] == ["250 2.0.0 "] * 4, said
    assert len(far.messages) == 4
    for client in clients:
        client.close()


def test_a_far_end_of_our_own_name_is_a_loop(relay):
    """As Postfix sees it: whatever the MX is called, this is we."""
    relay.far("mirror", EHLO="250-Mx.Relay.Example\r\n250 PIPELINING\r\n", tls=False)
    relay.change(relay.settings.replace("out = {", 'out = { hostname = "mx.relay.example";'))
    mta = Mta(relay.lmtp)
    said = mta.send("a@mirror.example")
    mta.close()
    assert said[1].startswith("554 5.4.6 mx.mirror.example["), said


def test_a_far_end_that_wants_no_more_of_the_text_says_why(relay, mta):
    class Refuses:
        """Answers in the middle of the text, as servers do that count."""

        def get(self, moment, usual=None):
            if moment == "DATA":
                return "354 go\r\n552 5.3.4 too large\r\n"
            return usual
    far = relay.far("counts")
    far.script = Refuses()
    said = mta.send("a@counts.example", text=TEXT * 20000)
    assert said[-1].startswith("552 5.3.4 mx.counts.example["), said


def test_a_hold_ends_where_the_handshake_is_what_was_lost(holding):
    """It is told as a downgrade, and mail waits for hold_for and no longer."""
    relay = holding
    far = relay.far("had")
    mta = Mta(relay.lmtp)
    assert mta.send("a@had.example")[-1].startswith("250")
    relay.wait("hop ended", domain="had.example", outcome="ok", timeout=20)
    far.script["chokes"] = lambda _: True
    seen, begins = len(relay.events), time.monotonic()
    mta.close()

    def goes():
        client = Mta(relay.lmtp)
        said = client.send("a@had.example")
        client.close()
        return said[-1].startswith("250 2.0.0")
    assert wait_until(goes, 20)
    assert time.monotonic() - begins > 2
    relay.wait("downgrade", after=seen, domain="had.example", lost="starttls")
    assert "MAIL" not in " ".join(far.sessions[1]["lines"])


def test_plain_text_to_one_host_is_not_plain_text_to_the_next(relay, mta):
    """The first host's TLS has failed for long, and it takes no message of that size."""
    weak = relay.far("weak", preference=10, domain="before", STARTTLS="454 4.7.0 not now\r\n",
                     EHLO="250-far.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n")
    strong = relay.far("strong", preference=20, domain="before")
    relay.names.mx["after.example"] = relay.names.mx["before.example"]
    assert mta.send("a@before.example", parameters=" SIZE=1001")[-1].startswith("250 2.0.0")
    assert strong.sessions[0]["tls"]
    time.sleep(1.2)  # plain_after, and nothing tells that it is over
    assert mta.send("a@after.example", parameters=" SIZE=1001")[-1].startswith("250 2.0.0")
    assert "MAIL" not in " ".join(weak.sessions[-1]["lines"])
    assert strong.sessions[1]["tls"], strong.sessions
