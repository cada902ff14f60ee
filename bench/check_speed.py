#!/usr/bin/python3
"""How long `mailseal check` takes for a list of domains: each has an MX host of its own, on an address of its own, with
SMTP, submission, IMAP and POP3 in front of the bench's backend, and a name server answers on loopback. As root, in a
network of its own (alone.sh), as the ports are those of mail. One CPU has the command, the other all that it looks at.

usage: check_speed.py [-r ROUNDS] [-n DOMAINS]"""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(BENCH, "..", "tests"))

from daemon import BINARY, Daemon, make_certificate  # noqa: E402
from figures import arguments_of, at_least_one, need, need_root, row  # noqa: E402
from names import A, ANCHOR, MX, NXDOMAIN, NameServer, wire  # noqa: E402

CHECK_CPU, OTHER_CPU = os.environ.get("PROXY_CPU", "1"), os.environ.get("GEN_CPU", "0")
SMTP, IMAP, POP3 = 21025, 21143, 21110


def address(number):
    return bytes([127, 1, number >> 8, number & 255])


def answers(name, kind):
    """dN.example has mxN.example, which has the Nth address."""
    known = re.fullmatch(r"(d|mx)(\d+)\.example", name)
    if not known:
        return NXDOMAIN, None
    number = int(known[2])
    if kind == MX and known[1] == "d":
        return 0, b"\0\x0a" + wire(f"mx{number}.example")
    return 0, address(number) if kind == A and known[1] == "mx" else None


CONFIG = """workers = 1; user = "nobody"; drain_timeout = "1s";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ connections_per_address = 0; handshakes_per_second = 0; }};
backend = {{
  smtp = {{ address = ["127.0.0.1:{smtp}"]; client_info = "none"; accept = ["no-client-info"]; }};
  imap = {{ address = ["127.0.0.1:{imap}"]; client_info = "none"; accept = ["no-client-info"]; }};
  pop3 = {{ address = ["127.0.0.1:{pop3}"]; client_info = "none"; accept = ["no-client-info"]; }};
}};
edge = {{
  mx = {{ protocol = "smtp"; listen = ["*:25"]; backend = "smtp"; }};
  submission = {{ protocol = "submission"; listen = ["*:587"]; listen_tls = ["*:465"]; backend = "smtp"; }};
  imap = {{ protocol = "imap"; listen = ["*:143"]; listen_tls = ["*:993"]; backend = "imap"; }};
  pop3 = {{ protocol = "pop3"; listen = ["*:110"]; listen_tls = ["*:995"]; backend = "pop3"; }};
}};
"""


@contextlib.contextmanager
def providers(folder):
    """The name server's address, while all of them are there."""
    os.chmod(folder, 0o755)
    chain, key = make_certificate(folder)
    backend = subprocess.Popen(["taskset", "-c", OTHER_CPU, f"{BENCH}/backend", f"smtp:{SMTP}", f"imap:{IMAP}", f"pop3:{POP3}"])
    daemon = Daemon(folder, CONFIG.format(chain=chain, key=key, smtp=SMTP, imap=IMAP, pop3=POP3),
                    wrap=lambda command: ["taskset", "-c", OTHER_CPU, *command])
    names = NameServer(answers)
    try:
        daemon.ready()
        yield names.address
    finally:
        names.close()
        daemon.close()
        backend.terminate()
        backend.wait()


def measure(folder, resolver, count):
    """Domains a second, and milliseconds of CPU of one."""
    with open(f"{folder}/list", "w", encoding="ascii") as out:
        out.writelines(f"d{number}.example\n" for number in range(1, count + 1))
    with open(f"{folder}/anchor", "w", encoding="ascii") as out:
        out.write(ANCHOR)
    begun = time.monotonic()
    with open(f"{folder}/said", "wb") as said, subprocess.Popen(
            ["taskset", "-c", CHECK_CPU, BINARY, "check", "--mine", "--json", "--ehlo", "bench.example", "-f", resolver,
             "-a", f"{folder}/anchor", "--list", f"{folder}/list"], stdout=said, stderr=subprocess.DEVNULL) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    seconds = time.monotonic() - begun
    with open(f"{folder}/said", "rb") as said:
        done = sum(b'"endpoints"' in line for line in said)
    if done != count:
        sys.exit(f"check_speed: {done} of {count} domains have a result")
    cpu = usage.ru_utime + usage.ru_stime
    return {"domains": count, "secs": round(seconds, 3), "proxy_cpu_s": round(cpu, 3), "rate": round(count / seconds, 2),
            "ms_cpu": round(1000 * cpu / count, 2)}


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("-r", "--rounds", type=at_least_one, default=5)
    parser.add_argument("-n", "--domains", type=at_least_one, default=100)
    options = parser.parse_args()
    need_root()
    need(BINARY, f"{BENCH}/backend")
    with tempfile.TemporaryDirectory() as folder, providers(folder) as resolver:
        for number in range(1, options.rounds + 1):
            row("check", "mailseal", number, **measure(folder, resolver, options.domains))


if __name__ == "__main__":
    main()
