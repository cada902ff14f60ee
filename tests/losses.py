"""Numbered messages, far ends that close at any moment, and the judge of what became of them: was a
message lost, or did one come twice that need not? Standard library only."""
import os
import random
import re
import signal
import threading
import time
from dataclasses import dataclass

from farend import FarEnd

# An answer that a far end gave so long ago has come to the MTA, whatever is killed now.
MOMENT_S = 1.0
WELL = b"250 2.0.0 Ok\r\n"


@dataclass
class Copy:
    """A text that a far end received whole."""
    what: tuple      # number, domain of the recipient
    hop: tuple       # far end's address, port of ours
    began: float     # the connection
    came: float
    answered: float = None  # 250 was said, all of it
    is_cut: bool = False    # the far end ended the connection so that the answer may not have come


@dataclass
class Kill:
    at: float
    role: str
    hops: set  # that it ended


def is_excused(copy, kills):
    """Another copy may follow: its answer was cut off, by the far end or by the kill of the process
    that had the connection."""
    return copy.is_cut or any(
        copy.hop in kill.hops and copy.began <= kill.at
        and (copy.answered is None or kill.at - copy.answered < MOMENT_S) for kill in kills)


def judge(wanted, sent, copies, kills):
    """What is wrong, in words. wanted: (number, domain) of all that the MTA was given; sent: those
    that it was told 250 of."""
    wrong, found = [], {}
    for copy in sorted(copies, key=lambda copy: copy.came):
        found.setdefault(copy.what, []).append(copy)
    for what in wanted:
        mine = found.pop(what, [])
        if not mine:
            wrong.append(f"{what} is lost")
        elif what in sent and not any(copy.answered for copy in mine):
            wrong.append(f"{what}: the MTA was told 250, no far end said so")
        wrong += [f"{what} came again after {copy}" for copy in mine[:-1]
                  if not is_excused(copy, kills)]
    return wrong + [f"{what} was never sent" for what in found]


def text_of(seed, number):
    """Body of a message, most of them short."""
    dice = random.Random(f"{seed}/{number}")
    lines = dice.choice([1, 5, 50, 50, 2000])
    return "".join("." * dice.randrange(3) + f"{number} {dice.random()}\r\n" for _ in range(lines))


class Faults:
    """The script of a far end (see farend.Talk) that closes at any moment, each now and then."""

    FAULTS = {"greeting": 0.02, "EHLO": 0.02, "STARTTLS": 0.02, "MAIL": 0.03, "RCPT": 0.03,
              "DATA": 0.03, "reads": 0.04, "end": 0.20}

    def __init__(self, seed, judged):
        self.dice, self.judged = random.Random(seed), judged

    def get(self, moment, usual=None):
        fails = self.dice.random() < self.FAULTS.get(moment, 0)
        if moment == "end":
            return self.fail_at_end if fails else self.take
        if moment == "reads":
            return self.dice.randrange(1, 40) if fails else None
        return None if fails else usual

    def take(self, session, text):
        self.judged.note(session, text, WELL)
        return b""

    def fail_at_end(self, session, text):
        """Before the answer, in it, behind it. None: it closes."""
        how = self.dice.choice([b"", WELL[:7], WELL, "reset"])
        self.judged.note(session, text, WELL if how == "reset" else how, is_cut=how != WELL)
        if how == "reset":
            session["talk"].reset()


class Judged:
    """What the far ends of a run received."""

    def __init__(self, seed):
        self.seed, self.copies, self.damaged = seed, [], []
        self.lock = threading.Lock()

    def far(self, address, port, context):
        far = FarEnd(address, port, context)
        far.script = Faults(f"{self.seed}/{address}", self)
        return far

    def note(self, session, text, answer, is_cut=False):
        """A copy for each recipient of the transaction."""
        came, talk = time.monotonic(), session["talk"]
        begins = max(i for i, line in enumerate(session["lines"]) if line.startswith("MAIL"))
        said = re.findall(r"^RCPT TO:<n(\d+)@([^>]+)>", "\n".join(session["lines"][begins:]), re.M)
        copies = [Copy((int(number), domain), (talk.far.address, session["peer"][1]),
                       session["began"], came, None, is_cut) for number, domain in said]
        body = text.partition(b"\r\n\r\n")[2].decode()
        for number, _ in said:
            stuffed = re.sub(r"^\.", "..", text_of(self.seed, int(number)), flags=re.M)
            if body != stuffed:
                self.damaged.append((number, body[:200]))
        with self.lock:
            self.copies += copies
        talk.sock.sendall(answer)
        for copy in copies:
            copy.answered = time.monotonic() if answer == WELL else None

    def arrived(self):
        with self.lock:
            return {copy.what for copy in self.copies if copy.answered}


def hops_of(pid, port):
    """Connections of a process to far ends."""
    inodes, found = set(), set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            words = line.split()
            (_, ours), (address, theirs) = (word.split(":") for word in words[1:3])
            if f"socket:[{words[9]}]" in inodes and int(theirs, 16) == port:
                bytes_ = bytes.fromhex(address)[::-1]
                found.add((".".join(map(str, bytes_)), int(ours, 16)))
    return found


def kill(pids, role, port):
    """All of them at one moment, and which hops that ended."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    hops = set().union(*(hops_of(pid, port) for pid in pids))
    done = Kill(time.monotonic(), role, hops)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return done
