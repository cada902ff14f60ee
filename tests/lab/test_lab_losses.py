"""No message is lost: a real Postfix sends through the relay to far ends that close at any moment,
while workers, resolver and the whole daemon are killed. SOAK=1: the long form; LOSSES_SEED
repeats one."""
import os
import random
import re
import smtplib
from collections import Counter

import pytest

from daemon import make_certificate, wait_until
from labtools import RUN, Log, inside, network
from losses import Judged, judge, kill, text_of
from names import ANCHOR
from sending import SENDER, Beside
from test_lab_relay import postfix_with
from test_relay import Names, context_at, pin_of

SOAK = bool(os.environ.get("SOAK"))
SEED = os.environ.get("LOSSES_SEED") or str(random.SystemRandom().randrange(1 << 32))
MESSAGES, HITS = (2000, 250) if SOAK else (200, 20)
PORT = 2525
DOMAINS = [f"d{i}.example" for i in range(6)]  # the far ends of the first three have STARTTLS
ROUTED = DOMAINS[2:4]


class Relay(Beside):
    def __init__(self, seed):
        self.judged, self.names = Judged(seed), Names()
        folder = f"{RUN}/services/losses"
        os.makedirs(folder, exist_ok=True)
        self.chain, key = make_certificate(folder)
        context = context_at(self.chain, key)
        self.far_ends = [self.judged.far(f"127.0.1.{i}", PORT, context if i < 3 else None)
                         for i in range(len(DOMAINS))]
        for domain, far in zip(DOMAINS, self.far_ends):
            self.names.add(domain.split(".")[0], far.address)
        with open(f"{folder}/anchor", "w", encoding="ascii") as out:
            out.write(ANCHOR)
        super().__init__("losses")

    def settings(self):
        routes = ", ".join(
            f'{{ domain = "{domain}"; host = "127.0.1.{DOMAINS.index(domain)}:{PORT}"; '
            f'tls = {{ {tls} }}; }}'
            for domain, tls in ((ROUTED[0], f'verify = "pin"; pin = "{pin_of(self.chain)}";'),
                                (ROUTED[1], 'mode = "none";')))
        return (f'user = "nobody"; workers = 2; drain_timeout = "1s"; route = ({routes});\n'
                f'relay = {{ out = {{ listen = ["lmtp:unix:{self.place}/mailseal/lmtp"]; '
                f'mode = "0666"; port = {PORT}; }}; }};\n'
                f'resolver = {{ forward = ["{self.names.address}"]; '
                f'trust_anchor = "{RUN}/services/losses/anchor"; }};\n')

    def kill_one(self, dice):
        """Or read the configuration again. None: it was not there just now."""
        role = dice.choices(["worker", "resolver", "daemon", "reload"], [6, 2, 1, 1])[0]
        pids = self.children()
        if role == "reload":
            return kill([], role, PORT) if self.ctl("reload").returncode == 0 else None
        if role == "daemon":
            done = kill([self.process.pid, *sum(pids.values(), [])], role, PORT)
            self.process.wait()
            assert wait_until(lambda: not any(os.path.exists(f"/proc/{pid}")
                                              for pid in sum(pids.values(), [])))
            self.start()
            self.ready()
            return done
        return kill([dice.choice(pids[role])], role, PORT) if role in pids else None

    def close(self):
        super().close()
        for far in self.far_ends:
            far.close()
        self.names.close()


@pytest.fixture
def relay(sender):
    with network("sender"):
        daemon = Relay(SEED)
    # After a second only Postfix meets its own lock on a message, and leaves it lying for long: see
    # is_through().
    with postfix_with(default_transport="lmtp:unix:mailseal/lmtp", minimal_backoff_time="2s",
                      maximal_backoff_time="3s"):
        yield daemon.ready()
        inside("sender", "postsuper", "-d", "ALL")
    daemon.close()


def submit(numbers, dice):
    """To one domain, or to several. What the sender was given."""
    wanted = []
    with network("sender"):
        session = smtplib.SMTP("127.0.0.1", 25, timeout=30)
    for number in numbers:
        domains = dice.sample(DOMAINS, dice.choice([1, 1, 1, 2, 3]))
        session.sendmail(SENDER, [f"n{number}@{domain}" for domain in domains],
                         f"Subject: {number}\r\n\r\n{text_of(SEED, number)}")
        wanted += [(number, domain) for domain in domains]
    session.quit()
    return wanted


def verdicts(log, status):
    """(number, domain) that the sender's Postfix has said this of."""
    return {(int(number), domain) for number, domain in
            re.findall(rf" to=<n(\d+)@([^>]+)>.* status={status} ", log.text())}


def is_through(relay):
    """Where its delivery agent still has a message whose next try is due, as on a busy machine, Postfix
    puts it into "incoming" for a minute ("skipped, still being delivered": seen with a backoff of 1 s, and
    most likely what once waited for 120 s), and looks there when the next message comes, or every 300 s
    (wakeup of qmgr in master.cf). Behind the last one none comes:
    it is told to look. What the relay does is not changed by that, nor is what it would lose."""
    if os.listdir(f"{relay.place}/incoming"):
        inside("sender", "postqueue", "-f")
    return not relay.waiting()


def test_no_message_is_lost_whatever_is_killed(relay):
    print(f"LOSSES_SEED={SEED}")
    dice, log, wanted, kills = random.Random(SEED), Log("sender", "mail.log"), [], []
    for turn in range(HITS):
        wanted += submit(range(turn * MESSAGES // HITS, (turn + 1) * MESSAGES // HITS), dice)
        moment = dice.uniform(0.1, 0.9)
        wait_until(lambda: relay.judged.arrived() >= set(wanted), moment)
        while not (done := relay.kill_one(dice)):
            assert wait_until(lambda: len(relay.children()) == 3)
        kills.append(done)
    assert wait_until(lambda: is_through(relay), 120), (SEED, relay.waiting(), log.text()[-3000:])
    wait_until(lambda: verdicts(log, "sent") == set(wanted), 30)  # the log may come later than the queue's end
    sent = verdicts(log, "sent")
    wrong = judge(wanted, sent, relay.judged.copies, kills)
    copies = Counter(copy.what for copy in relay.judged.copies)
    more = sum(copies.values()) - len(copies)
    hits = Counter(kill.role for kill in kills)
    reloads, killed = hits.pop("reload", 0), ", ".join(f"{n} {role}" for role, n in hits.items())
    print(f"{MESSAGES} messages, {len(wanted)} deliveries, kills: {sum(hits.values())} ({killed}), "
          f"{reloads} reloads, {more} copies more, "
          f"{len(verdicts(log, 'deferred'))} deliveries put off, {len(wrong)} wrong")
    assert not wrong and not relay.judged.damaged, (SEED, wrong, relay.judged.damaged)
    assert sent == set(wanted) and not verdicts(log, "bounced")
    assert more, "no answer was cut off: nothing was tried"
