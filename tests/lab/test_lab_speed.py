"""How fast a real Postfix sends through the relay: beside what it does by itself with TLS, and
beside a far end that is a tarpit. SOAK=1: the long forms."""
import os
import statistics
import subprocess
import threading
import time
from contextlib import closing, contextmanager, nullcontext

import pytest

from daemon import wait_until
from farend import FarEnd
from labtools import ADDRESS, LAB, RUN, Edge, inside, netns, network
from names import ANCHOR
from sending import SENDER, Beside
from test_lab_relay import postfix_with
from test_relay import Names, pin_of

pytestmark = pytest.mark.speed

SOAK = bool(os.environ.get("SOAK"))
EACH = 10029
SINK = "127.0.0.1:10025"
HELD = {"smtpd_end_of_data_restrictions": "check_client_access static:HOLD"}


class Relay(Beside):
    """To names of a name server of its own; and to relayed.example by a route."""

    def __init__(self, port):
        self.names, self.port = Names(), port
        folder = f"{RUN}/services/speed"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/anchor", "w", encoding="ascii") as out:
            out.write(ANCHOR)
        super().__init__("speed")

    def settings(self):
        pin, host = pin_of(f"{RUN}/alpha/tls.pem"), f"{ADDRESS['client']}:{self.port}"
        return (f'user = "nobody"; drain_timeout = "1s";\n'
                f'route = ( {{ domain = "relayed.example"; host = "{host}";\n'
                f'  tls = {{ verify = "pin"; pin = "{pin}"; }}; }} );\n'
                f'relay = {{ out = {{ listen = ["lmtp:unix:{self.place}/mailseal/lmtp",\n'
                f'  "lmtp:127.0.0.0/8:{EACH}"]; mode = "0666"; port = {self.port}; }}; }};\n'
                f'policy_service = {{ socketmap = "unix:{self.place}/mailseal/policy";\n'
                f'  mode = "0666"; local_domains = ["sender.test"]; }};\n'
                f'resolver = {{ forward = ["{self.names.address}"]; '
                f'trust_anchor = "{RUN}/services/speed/anchor"; }};\n')

    def close(self):
        super().close()
        self.names.close()


@pytest.fixture(scope="module")
def sink(lab_up):
    """The port of a far end that is fast: Postfix's smtp-sink behind an edge, in host client."""
    folder = f"{RUN}/edges/sink"
    os.makedirs(folder, exist_ok=True)
    behind = subprocess.Popen(["ip", "netns", "exec", netns("client"), "chroot",
                               f"{LAB}/trees/bookworm", "smtp-sink", "-u", "nobody", SINK, "1000"],
                              stdin=subprocess.DEVNULL)
    edge = Edge(folder, "client", "smtp", f'address = ["{SINK}"]; client_info = "none"; '
                'accept = ["no-client-info"];',
                rest=f'limits = {{ exempt = ["{ADDRESS["sender"]}"]; }};')
    yield edge.ready().port
    edge.close()
    behind.kill()
    behind.wait()


@pytest.fixture(scope="module")
def relay(sender, sink):
    with network("sender"):
        daemon = Relay(sink)
    yield daemon.ready()
    daemon.close()


def hold(count, *recipients):
    """So many messages of 4 KiB for each wait in the queue."""
    for recipient in recipients:
        inside("sender", "smtp-source", "-s", "10", "-l", "4096", "-m", str(count), "-f", SENDER,
               "-t", recipient, "127.0.0.1:25")


def release(relay, is_over):
    """Seconds until it is over."""
    begun = time.monotonic()
    inside("sender", "sh", "-c", "postsuper -H ALL && postqueue -f")
    assert wait_until(is_over, 900), len(relay.waiting())
    return time.monotonic() - begun


def test_as_fast_as_postfix_by_itself(relay, sink):
    """The same far end with TLS, the same concurrency, in turns."""
    rounds, count = (10, 500) if SOAK else (2, 100)
    ways = {"direct": f"smtp:[{ADDRESS['client']}]:{sink}", "relayed": "lmtp:unix:mailseal/lmtp"}
    took = {way: [] for way in ways}
    maps = ", ".join(f"{{{way}.example = {to}}}" for way, to in ways.items())
    with postfix_with(transport_maps=f"inline:{{ {maps} }}", smtp_tls_security_level="encrypt",
                      **HELD):
        for _ in range(rounds):
            for way in ways:
                hold(count, f"a@{way}.example")
                took[way].append(release(relay, lambda: not relay.waiting()))
    ratio = sum(took["relayed"]) / sum(took["direct"])
    print("; ".join(f"{way}: {rounds * count} messages in {sum(took[way]):.1f} s "
                    f"(median of {count}: {statistics.median(took[way]):.2f} s)" for way in ways)
          + f"; ratio {ratio:.2f}")
    assert ratio <= (1.1 if SOAK else 1.5), took


class Tarpit:
    """The script of a far end that takes long for each word, in the short form for ever, until let
    go."""

    def __init__(self):
        self.is_let_go = threading.Event()

    def get(self, moment, usual=None):
        if moment in ("reads", "implicit"):
            return None
        return lambda *_: None if self.is_let_go.wait(10 if SOAK else None) else usual


class Sent:
    """How many messages to others than the tarpit the sender's log calls sent, from now on."""

    def __init__(self):
        self.file, self.rest, self.count = open(f"{RUN}/sender/log/mail.log", "rb"), b"", 0
        self.file.seek(0, os.SEEK_END)

    def so_far(self):
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        self.count += sum(b"status=sent" in line and b"@tarpit" not in line for line in lines)
        return self.count

    def close(self):
        self.file.close()


@contextmanager
def tarpit(relay, count):
    """So many messages wait for it. Its connections end with it, and the rest of the queue."""
    with network("sender"):
        far = FarEnd("127.0.1.1", relay.port, None)
    far.script = Tarpit()
    hold(count, "a@tarpit.example")
    yield
    far.script.is_let_go.set()
    inside("sender", "postsuper", "-d", "ALL")
    far.close()


DOMAINS, COUNT, SLOW = (20, 250, 250) if SOAK else (3, 20, 20)
OTHERS = [f"o{i}.example" for i in range(DOMAINS)]


@pytest.fixture
def by_domain(relay):
    """One next hop of loopback for each domain, as Postfix is told by the policy service."""
    for domain in OTHERS:
        relay.names.add(domain.split(".")[0], ADDRESS["client"])
    relay.names.add("tarpit", "127.0.1.1")
    with postfix_with(transport_maps="socketmap:unix:mailseal/policy:transport", **HELD):
        yield relay


def others_sent(relay):
    """Seconds."""
    with closing(Sent()) as sent:
        return release(relay, lambda: sent.so_far() == DOMAINS * COUNT)


def test_a_tarpit_holds_up_nobody_else(by_domain):
    """All others are sent while it has not even greeted. Long form: and how fast."""
    took = {False: 0, True: 0}
    for is_beside in (False, True, True, False) if SOAK else (True,):
        hold(COUNT, *[f"a@{domain}" for domain in OTHERS])
        with tarpit(by_domain, SLOW) if is_beside else nullcontext():
            took[is_beside] += others_sent(by_domain)
    if SOAK:
        ratio = took[True] / took[False]
        print(f"{2 * DOMAINS * COUNT} messages in {took[False]:.1f} s, beside {2 * SLOW} to a "
              f"tarpit in {took[True]:.1f} s; ratio {ratio:.2f}")
        assert ratio <= 1.2, took
