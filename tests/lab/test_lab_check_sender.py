"""mailseal check --sender before real senders: Postfix with DANE, Postfix with mailseal's policy
service, mailseal's relay, and Exim. Its zone is the lab's own, signed."""
import json
import os
import subprocess
import threading
from contextlib import contextmanager

import pytest

from labtools import BINARY, LAB, RUN, inside, letter, netns, until
from sending import SENDER, Relay
from test_lab_relay import postfix_with

ZONE = "bench.test"
LISTEN = ["--zone", ZONE, "--listen", "192.0.2.61+17", "--https", "192.0.2.78"]


def records(text):
    """Of a zone, without what differs from lab to lab or is of every zone."""
    lines = [line.split(";")[0].split() for line in text.splitlines()]
    return {tuple(words) for words in lines if words and not words[0].startswith("$")
            and words[1] not in ("SOA", "NS") and words[1:3] != ["TLSA", "2"]}


@pytest.fixture(scope="module")
def ca(host):
    """The lab's CA, whom all trust, as --ca wants it; and the host of the bad MX hosts."""
    host("bench")
    path = f"{RUN}/bench/ca.pem"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
        for name in ("ca.key", "ca.pem"):
            with open(f"{RUN}/{name}", encoding="ascii") as pem:
                out.write(pem.read())
    return path


class Bench:
    """The command in host bench."""

    def __init__(self, ca, settle):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", netns("bench"), BINARY, "check", "--sender", "--ca", ca,
             *LISTEN, "--json", "--settle", settle, "--for", "100s"], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        first = self.process.stderr.readline()
        assert first.startswith("ready: "), first
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr),
                         daemon=True).start()

    def result(self):
        out = self.process.communicate(timeout=120)[0]
        return self.process.returncode, json.loads(out)


@contextmanager
def listening(ca, settle):
    bench = Bench(ca, settle)
    try:
        yield bench
    finally:
        bench.process.kill()
        bench.process.wait()


# What a sender does that seals as it can and knows of no policy, and what Debian's Postfix and Exim
# do: TLS 1.0 and RSA key exchange are taken, STARTTLS that is not there any more is not missed.
AS_IT_CAN = {
    "good": "pass in-tls", "plain": "pass in-clear", "refused": "pass in-clear",
    "tls10": "warn in-tls", "no-secrecy": "warn in-tls", "self-signed": "pass in-tls",
    "expired": "pass in-tls", "wrong-name": "pass in-tls", "stripped": "warn in-clear",
    "injected": "pass in-tls",
    "dane-mismatch": "fail in-tls", "dane-plain": "fail in-clear", "dane-unusable": "pass in-tls",
    "sts-certificate": "fail in-tls", "sts-mx": "fail in-tls", "sts-plain": "fail in-clear",
    "sts-testing": "pass in-tls"}
BY_DANE = {"dane-mismatch": "pass left-in-tls", "dane-plain": "pass left"}
# Who read the policy of sts-mx does not even connect.
BY_STS = {"sts-certificate": "pass left-in-tls", "sts-mx": "pass never", "sts-plain": "pass left"}


def judge(ca, host, sender, again=None, settle="8s"):
    """A message for each case, two for one. The exit status, groups, and how each case ended."""
    def send(case):
        to = f"test@{case}.{ZONE}"
        inside(host, "sendmail", "-i", "-f", sender, to, input=letter(sender, to).as_string())

    with listening(ca, settle) as bench:
        for case in AS_IT_CAN:
            send(case)
        until(lambda: any("send the second" in line for line in bench.lines))
        send("stripped")
        while again and bench.process.poll() is None:
            again()
        status, said = bench.result()
    return status, said["groups"], {case["name"]: f"{case['verdict']} {case['arrival']}"
                                    for case in said["cases"]}


def test_the_zone_is_what_it_prints(ca):
    done = subprocess.run([BINARY, "check", "--sender", "--ca", ca, *LISTEN, "--print-zone"],
                          stdout=subprocess.PIPE, text=True, check=True)
    with open(f"{LAB}/conf/zones/{ZONE}.zone", encoding="ascii") as zone:
        assert records(done.stdout) == records(zone.read())
    tlsa = [line.split()[-1] for line in done.stdout.splitlines() if "TLSA\t2 1 1" in line]
    served = inside("ns", "cat", "/etc/nsd/zones/bench.test.plain")
    assert len(tlsa) == 2 and all(f"TLSA 2 1 1 {digest}" in served for digest in tlsa)


@pytest.fixture
def emptied(sender):
    yield
    inside("sender", "postsuper", "-d", "ALL")


@contextmanager
def daemon(name):
    """mailseal beside the Postfix; with a name of its own it has fetched no policy yet."""
    relay = Relay(f"bench-{name}")
    try:
        yield relay.ready()
    finally:
        relay.close()


def test_postfix_with_dane(ca, emptied):
    with postfix_with(smtp_tls_security_level="dane"):
        status, groups, cases = judge(ca, "sender", SENDER)
    assert cases == {**AS_IT_CAN, **BY_DANE}
    assert (status, groups) == (1, {"opportunistic": "warn", "dane": "pass", "mta-sts": "fail"})


def test_postfix_without(ca, emptied):
    """Debian's own: neither."""
    status, groups, cases = judge(ca, "sender", SENDER)
    assert cases == AS_IT_CAN
    assert (status, groups) == (1, {"opportunistic": "warn", "dane": "fail", "mta-sts": "fail"})


def test_postfix_with_the_policy_service(ca, emptied):
    with daemon("policy"), postfix_with(
            smtp_tls_policy_maps="socketmap:unix:mailseal/policy:policy"):
        status, groups, cases = judge(ca, "sender", SENDER)
    assert cases == {**AS_IT_CAN, **BY_DANE, **BY_STS}
    assert (status, groups) == (0, {"opportunistic": "warn", "dane": "pass", "mta-sts": "pass"})


def test_the_relay(ca, emptied):
    """It takes no TLS 1.0 and no RSA key exchange, and goes at once when something is injected.
    Where TLS does not work it tries again in clear, a second later in this configuration."""
    with daemon("relay"), postfix_with(default_transport="lmtp:unix:mailseal/lmtp"):
        status, groups, cases = judge(ca, "sender", SENDER, settle="20s")
    assert cases == {**AS_IT_CAN, **BY_DANE, **BY_STS, "tls10": "pass in-clear",
                     "no-secrecy": "pass in-clear", "injected": "pass broken"}
    assert (status, groups) == (0, {"opportunistic": "warn", "dane": "pass", "mta-sts": "pass"})


def test_exim(ca, host):
    """What was injected makes it go, and it comes again in clear."""
    host("exim")
    status, groups, cases = judge(ca, "exim", "direct@exim.test",
                                  lambda: inside("exim", "exim4", "-qff"))
    inside("exim", "sh", "-c", "rm -f /var/spool/exim4/input/*")
    assert cases == {**AS_IT_CAN, **BY_DANE, "injected": "warn in-clear"}
    assert (status, groups) == (1, {"opportunistic": "warn", "dane": "pass", "mta-sts": "fail"})
