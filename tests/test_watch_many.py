"""mailseal watch and more connections than anybody has: memory stays below what is promised, verdicts
stay right, and what gave way is said."""
import json
import os
import struct
import subprocess

import pytest

from capture import ETHERNET, framed, ip_packet
from daemon import BINARY

SYN, ACK = 2, 16
MANY = 100000
PROMISED_MIB = 256  # mailseal-watch(8), LIMITS; a file has no ring of the kernel
CLIENTS, AT = 500, 1764460800


class Crowd:
    """Connections that are all open at once: each line of a talk comes for all of them before the next."""

    def __init__(self, path, count):
        self.out, self.count, self.seq = open(path, "wb"), count, {"C": 1, "S": 1}
        self.out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, ETHERNET))

    def segment(self, side, flags, payload=b"", of=None):
        """of: the connections that say it (default: all)."""
        other = "S" if side == "C" else "C"
        ports = struct.pack("!HH", 0, 25) if side == "C" else struct.pack("!HH", 25, 0)
        seq = 0 if flags & SYN else self.seq[side]
        data = ports + struct.pack("!IIBBHHH", seq, self.seq[other], 5 << 4, flags, 65535, 0, 0) + payload
        ends = ("10.0.0.0", "10.255.0.1") if side == "C" else ("10.255.0.1", "10.0.0.0")
        frame = bytearray(framed(ip_packet(*ends, 6, data), ETHERNET))
        address, port = (14 + 14, 14 + 20) if side == "C" else (14 + 18, 14 + 22)
        head = struct.pack("=IIII", AT, 0, len(frame), len(frame))
        for number in of or range(self.count):
            struct.pack_into("!H", frame, address, number % CLIENTS)
            struct.pack_into("!H", frame, port, 1024 + number // CLIENTS)
            self.out.write(head + frame)
        self.seq[side] += len(payload)

    def begin(self):
        self.segment("C", SYN)
        self.segment("S", SYN | ACK)

    def say(self, side, payload, of=None):
        self.segment(side, ACK, payload, of)

    def close(self):
        self.out.close()


def watched(path, *arguments):
    """Services, summary, and the most memory it had."""
    with subprocess.Popen([BINARY, "watch", "--json", "-r", str(path), *arguments], stdout=subprocess.PIPE, text=True) as process:
        rows = [json.loads(line) for line in process.stdout]
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return [row for row in rows if row["type"] == "service"], rows[-1], usage.ru_maxrss // 1024


def flows_by_verdict(services):
    sums = {}
    for row in services:
        sums[row["verdict"]] = sums.get(row["verdict"], 0) + row["flows"]
    return sums


@pytest.fixture(name="crowd")
def crowd_fixture(tmp_path):
    made = []

    def make(count):
        made.append(Crowd(tmp_path / f"{count}.pcap", count))
        made[-1].begin()
        return made[-1], tmp_path / f"{count}.pcap"

    yield make
    for one in made:
        one.close()


def mail_of(crowd):
    """Half a line is left over each time; every tenth gives a password."""
    crowd.say("S", b"220 x ESM")
    crowd.say("S", b"TP\r\n250 x\r\n")
    crowd.say("C", b"EHLO a\r\nMAIL FROM:<a@")
    crowd.say("C", b"b>\r\n")
    crowd.say("C", b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n", range(0, crowd.count, 10))


def test_all_are_followed_at_once(crowd):
    many, path = crowd(MANY)
    mail_of(many)
    many.close()
    services, summary, mib = watched(path)
    print(f"{MANY} connections: {mib} MiB")
    assert flows_by_verdict(services) == {"plaintext": MANY * 9 // 10, "plaintext+password": MANY // 10}
    assert summary["connections"] == MANY and not summary["judged_early"] and not summary["gave_way"]
    assert mib < PROMISED_MIB


def test_those_beyond_the_bound_give_way_and_are_counted(crowd):
    """The oldest go first: what they said by then is what they are judged by."""
    bound, few = 1000, 1500
    many, path = crowd(few)
    many.say("S", b"220 x ESMTP\r\n")
    many.close()
    services, summary, _ = watched(path, "--flows", str(bound))
    # The SYNs of the last 500 push out the first 500, the answers to those the next, and so on.
    assert summary["gave_way"] == summary["judged_early"] > few - bound
    assert summary["connections"] == summary["gave_way"] + bound
    assert services and summary["left_out"] == 0
    _, summary, _ = watched(path, "--flows", str(few))
    assert summary["connections"] == few and summary["gave_way"] == 0
    text = subprocess.run([BINARY, "watch", "-r", str(path), "--flows", str(bound)], capture_output=True, text=True, check=False).stdout
    assert "connections gave way to others" in text


def test_what_they_said_is_bounded(crowd):
    """Nothing that is known, and more of it than may be held."""
    many, path = crowd(MANY // 2)
    for _ in range(2):
        many.say("C", b"\x01" * 1200)
    many.close()
    services, summary, mib = watched(path)
    print(f"{MANY // 2} connections hold what they can: {mib} MiB, {summary['judged_early']} judged early")
    assert summary["judged_early"] > 0 and mib < PROMISED_MIB
    assert all(verdict.startswith(("unknown", "nothing")) for verdict in flows_by_verdict(services))
