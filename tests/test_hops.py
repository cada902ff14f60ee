"""mailseal hops: a message's way, hop by hop, from its Received fields."""
import json
import os
import re
import resource
import subprocess
import time

import pytest

from daemon import BINARY, ROOT

CHAINS = os.path.join(ROOT, "tests", "hops", "chains.txt")
EXITS = {"plain": 1, "legacy": 1, "unknown": 2, "encrypted": 2, "sealed": 0, "local": 0}


def hops(*arguments, mail=None, path="-", **more):
    if isinstance(mail, str):
        mail = mail.encode()
    return subprocess.run([BINARY, "hops", *arguments, path], input=mail, capture_output=True,
                          timeout=60, check=False, **more)


def asked(mail, *arguments):
    done = hops("--json", *arguments, mail=mail)
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


class Chain:
    """One of chains.txt."""

    def __init__(self, text):
        head, _, self.mail = text.partition("\n\n")
        self.name, *lines = head.splitlines()
        self.arguments, self.result, self.hops = [], None, []
        for line in lines:
            key, _, value = line.partition(": ")
            if key == "hop":
                self.hops.append(value.split())
            elif key == "args":
                self.arguments = value.split()
            else:
                assert key == "result", line
                self.result = value


def chains():
    with open(CHAINS, encoding="utf-8") as text:
        return [Chain(part) for part in text.read().split("\n== ")[1:]]


def told(hop):
    """A hop of the answer, in the words of chains.txt."""
    words = [hop[key] for key in ("verdict", "leg", "grade", "version", "cipher", "group")]
    words += [key for key in ("guessed", "authenticated", "claimed") if hop[key]]
    return [word.replace(" ", "_") for word in words if word]


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: chain.name)
def test_chain(chain):
    code, answer = asked(chain.mail, *chain.arguments)
    assert [told(hop) for hop in answer["hops"]] == chain.hops
    assert answer["result"] == chain.result and code == EXITS[chain.result]
    quiet = hops("--quiet", *chain.arguments, mail=chain.mail)
    assert quiet.stdout == chain.result.encode() + b"\n" and quiet.returncode == code


def test_there_are_enough_chains():
    assert len(chains()) >= 80
    assert len({chain.name for chain in chains()}) == len(chains())
