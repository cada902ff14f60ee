#!/usr/bin/python3
"""Messages a second that a real Postfix sends by itself with TLS, and through the relay, to the same far end, in turns. The far
end is Postfix's smtp-sink behind an edge; Postfix is that of a Debian tree of the lab (../lab/tree bookworm makes it), over
which what it writes is laid. Messages of 4 KiB wait in the queue, on hold, until a turn begins. As root, in a network of its
own (alone.sh). Rates are by the clock: all of it shares the CPUs.

usage: relay_speed.py [-r ROUNDS] [-n MESSAGES]"""
import base64
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(BENCH, "..", "tests"))

from daemon import BINARY, Daemon, make_certificate, wait_until  # noqa: E402
from figures import arguments_of, at_least_one, need, need_root, row  # noqa: E402
from names import ANCHOR  # noqa: E402

TREE = os.path.join(BENCH, "..", "lab", "trees", "bookworm")
SINK, EDGE = 21125, 21025
WAYS = {"postfix": f"smtp:[127.0.0.1]:{EDGE}", "mailseal": "lmtp:unix:mailseal/lmtp"}
ALONE = "RELAY_SPEED_ALONE"  # where mounts and processes end with this one: an empty folder

FAR = """workers = 1; user = "nobody"; drain_timeout = "1s";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ connections_per_address = 0; handshakes_per_second = 0; exempt = ["127.0.0.1"]; }};
backend = {{ sink = {{ address = ["127.0.0.1:{sink}"]; client_info = "none"; accept = ["no-client-info"]; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{edge}"]; backend = "sink"; }}; }};
"""
RELAY = """workers = 1; user = "nobody"; drain_timeout = "1s";
route = ( {{ domain = "mailseal.example"; host = "127.0.0.1:{edge}"; tls = {{ verify = "pin"; pin = "{pin}"; }}; }} );
relay = {{ out = {{ listen = ["lmtp:unix:{queue}/mailseal/lmtp"]; mode = "0666"; }}; }};
resolver = {{ forward = ["127.0.0.1@1"]; trust_anchor = "{anchor}"; }};
"""


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def pin_of(chain):
    """Of its key, as the configuration writes it."""
    pem = run("openssl", "x509", "-in", chain, "-pubkey", "-noout").splitlines()
    return "sha256:" + base64.b64encode(hashlib.sha256(base64.b64decode("".join(pem[1:-1]))).digest()).decode()


class Postfix:
    """Of the tree, in a root of its own; one transport for each way."""

    def __init__(self, top):
        self.root = f"{top}/root"
        for name in ("up", "work", "root"):
            os.mkdir(f"{top}/{name}")
        run("mount", "-t", "overlay", "none", "-o", f"lowerdir={TREE},upperdir={top}/up,workdir={top}/work", self.root)
        run("mount", "-t", "proc", "proc", f"{self.root}/proc")
        self.queue = f"{self.root}/var/spool/postfix"
        self.configure()

    def inside(self, *words):
        return run("chroot", self.root, "/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words)

    def configure(self):
        self.inside("sh", "-ec", "rm -f /etc/postfix/main.cf /etc/postfix/master.cf; "
                    "printf 'postfix postfix/%s\\n' 'main_mailer_type select Internet Site' 'mailname string bench.example' | "
                    "debconf-set-selections; DEBIAN_FRONTEND=noninteractive dpkg-reconfigure postfix")
        maps = ", ".join(f"{{{way}.example = {to}}}" for way, to in WAYS.items())
        self.inside("postconf", "maillog_file=/var/log/mail.log", "inet_interfaces=127.0.0.1", "inet_protocols=ipv4",
                    f"transport_maps=inline:{{ {maps} }}", "smtp_tls_security_level=encrypt",
                    "smtpd_end_of_data_restrictions=check_client_access static:HOLD")
        self.inside("postfix", "start")

    def waiting(self):
        """Messages in the queue, but those on hold."""
        return any(names for folder in ("maildrop", "incoming", "active", "deferred")
                   for _, _, names in os.walk(f"{self.queue}/{folder}"))

    def sent(self):
        with open(f"{self.root}/var/log/mail.log", "rb") as log:
            return sum(b"status=sent" in line for line in log)

    def turn(self, way, count):
        """Seconds from the release of so many until the last is sent."""
        self.inside("smtp-source", "-s", "10", "-l", "4096", "-m", str(count), "-f", "a@bench.example", "-t",
                    f"b@{way}.example", "127.0.0.1:25")
        before, begun = self.sent(), time.monotonic()
        self.inside("sh", "-c", "postsuper -H ALL && postqueue -f")
        if not wait_until(lambda: not self.waiting(), 300):
            sys.exit(f"relay_speed: {way}: messages stay in the queue; see its log:\n"
                     + run("tail", "-n", "3", f"{self.root}/var/log/mail.log"))
        seconds = time.monotonic() - begun
        if self.sent() - before != count:
            sys.exit(f"relay_speed: {way}: {self.sent() - before} of {count} messages were sent")
        return seconds


@contextlib.contextmanager
def stage(top):
    """Postfix, the far end, and the relay between them."""
    os.chmod(top, 0o755)
    postfix = Postfix(top)
    chain, key = make_certificate(top)
    with open(f"{top}/anchor", "w", encoding="ascii") as out:
        out.write(ANCHOR)
    os.makedirs(f"{postfix.queue}/mailseal")
    sink = subprocess.Popen(["chroot", postfix.root, "smtp-sink", "-u", "nobody", f"127.0.0.1:{SINK}", "1000"])
    for name in ("far", "relay"):
        os.mkdir(f"{top}/{name}")
    daemons = [Daemon(f"{top}/far", FAR.format(chain=chain, key=key, sink=SINK, edge=EDGE)),
               Daemon(f"{top}/relay", RELAY.format(edge=EDGE, pin=pin_of(chain), queue=postfix.queue, anchor=f"{top}/anchor"))]
    try:
        for daemon in daemons:
            daemon.ready()
        yield postfix
    finally:
        postfix.inside("postfix", "stop")
        for daemon in daemons:
            daemon.close()
        sink.terminate()
        sink.wait()


def apart():
    """Once more, with mounts and processes that end with it; nothing is deleted below a mount."""
    top = tempfile.mkdtemp()
    try:
        return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv],
                              env={**os.environ, ALONE: top}, check=False).returncode
    finally:
        os.rmdir(top)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("-r", "--rounds", type=at_least_one, default=5)
    parser.add_argument("-n", "--messages", type=at_least_one, default=300)
    options = parser.parse_args()
    need_root()
    need(BINARY)
    if not os.path.exists(f"{TREE}/usr/sbin/postfix"):
        sys.exit(f"relay_speed: no Postfix in {TREE}: ../lab/tree bookworm makes it")
    if not os.environ.get(ALONE):
        sys.exit(apart())
    top = os.environ[ALONE]
    run("mount", "-t", "tmpfs", "none", top)
    with stage(top) as postfix:
        for number in range(1, options.rounds + 1):
            for way in WAYS if number % 2 else reversed(WAYS):
                seconds = postfix.turn(way, options.messages)
                row("relay", way, number, messages=options.messages, secs=round(seconds, 3),
                    rate=round(options.messages / seconds, 1))


if __name__ == "__main__":
    main()
