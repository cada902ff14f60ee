"""The relay between a real Postfix and real servers: what mailseal policy says
of a domain is what happens to a message for it."""
import json
import re
import subprocess
from contextlib import contextmanager

import pytest

from daemon import BINARY
from labtools import Log, inside, lab, letter, until
from sending import EACH, LMTP, SENDER, SMTP, TO, WHERE, Delivery, Relay
from test_lab_policy import policy, web  # noqa: F401 (web is a fixture)

@pytest.fixture(scope="module")
def relay(sender, web):  # noqa: F811
    daemon = Relay("relay")
    yield daemon.ready()
    daemon.close()


@contextmanager
def postfix_with(**settings):
    """Settings of the sender's Postfix, for a while."""
    before = inside("sender", "postconf", "-n", *settings).splitlines()
    inside("sender", "postconf", *[f"{name}={value}" for name, value in settings.items()])
    inside("sender", "postfix", "reload")
    try:
        yield
    finally:
        inside("sender", "postconf", "-X", *settings)
        if before:
            inside("sender", "postconf", *before)
        inside("sender", "postfix", "reload")


@pytest.fixture(scope="module")
def by_lmtp(relay):
    with postfix_with(default_transport="lmtp:unix:mailseal/lmtp"):
        yield relay


class Relayed(Delivery):
    """The MTA hands it to the relay."""

    def __init__(self, relay, recipient, tries=1):
        self.relay, self.since = relay, len(relay.events)
        super().__init__(recipient, tries)

    def hop(self):
        """The record of the connection that the answer is from; None: there was none."""
        self.relay.wait("handoff ended", after=self.since)
        if self.status() == "sent":
            return self.relay.wait("hop ended", after=self.since, messages="1")
        return (self.relay.hops(self.since) or [None])[-1]


def taken(host):
    return rf"status=sent \(250 2\.0\.0 {host}\[\S+\] said: .*queued as "


def refused(host):
    """By a server that is no MX of the domain: so far did the message come."""
    return rf"status=deferred .* said: 454 4\.7\.1 {host}\[\S+\] said: .*Relay access denied"


def later(code, words):
    return rf"status=deferred .* said: 4\d\d {code} {words}"


def never(code, words):
    return rf"status=bounced .* said: 55\d {code} {words}"


# recipient: the seal of its hop, and what Postfix is told
DELIVERIES = {
    "bob@beta.test": ("authenticated", taken("mx.beta.test")),
    "alice@alpha.test": ("sealed", taken("mx.alpha.test")),
    "carol@legacy.test": ("none", later("4.7.5", ".*protocol version")),
    "carol@plain.legacy.test": ("plain", taken("mx-plain.legacy.test")),
    "bob@alias.cases.test": ("authenticated", refused("mx.alias.cases.test")),
    "bob@both.cases.test": ("authenticated", refused("mx.beta.test")),
    "bob@unusable.cases.test": ("sealed", refused("mx.unusable.cases.test")),
    "bob@unsigned.cases.test": ("none", later("4.7.5", "mx.unsigned.cases.test")),
    "carol@out.cases.test": ("none", later("4.7.5", "mx.out.cases.test")),
    "carol@enforce.cases.test": ("none", later("4.7.5", "mx.legacy.test")),
    "carol@other.cases.test": (None, later("4.7.5", ".*does not name this host")),
    "bob@servfail.cases.test": (None, later("4.7.5", ".*TLSA records could not be looked up")),
    "bob@lost.cases.test": ("authenticated", refused("mx.beta.test")),
    "bob@bogus.test": (None, later("4.4.3", "bogus.test: its MX records could not be")),
    "bob@null.cases.test": (None, never("5.1.10", "null.cases.test: .*null MX")),
    "bob@nosuch.test": (None, never("5.1.2", "nosuch.test: there is no such domain")),
}

# What mailseal policy says of a host: how a message may come to it. None, "none": it may not.
SEALS = {
    "skip": {None},
    "verify": {"authenticated", "none"},
    "encrypt": {"authenticated", "sealed"},
    "opportunistic": {"authenticated", "sealed", "plain", "none"},
}


@pytest.mark.parametrize("recipient", DELIVERIES)
def test_a_delivery_and_mailseal_policy_agree(by_lmtp, recipient):
    delivery = Relayed(by_lmtp, recipient)
    said = policy(recipient.split("@")[1])[1]
    seal, text = DELIVERIES[recipient]
    assert re.search(text, delivery.log.text()), delivery.log.text()
    hop = delivery.hop()
    assert (hop and ("none" if hop["outcome"] == "unproven" else hop["seal"])) == seal, hop
    levels = {host["name"]: host["level"] for host in said["hosts"]}
    assert seal in SEALS[levels[hop["mx"]] if hop else "skip"], (said, hop)
    assert hop or set(levels.values()) <= {"skip"}, said


# domain: what its TLS report will say of it, by policy: result types, none where all went well.
REPORTS = {
    "beta.test": {"tlsa": []},
    "alpha.test": {"no-policy-found": []},
    "legacy.test": {"no-policy-found": ["validation-failure"]},
    "plain.legacy.test": {"no-policy-found": ["starttls-not-supported"]},
    "alias.cases.test": {"tlsa": []},
    "both.cases.test": {"tlsa": [], "sts": []},
    "unusable.cases.test": {"tlsa": ["tlsa-invalid"]},
    "unsigned.cases.test": {"tlsa": ["certificate-not-trusted"]},
    "out.cases.test": {"tlsa": ["validation-failure"]},
    "enforce.cases.test": {"sts": ["validation-failure"]},
    "other.cases.test": {"sts": ["validation-failure"]},
    "servfail.cases.test": {"tlsa": ["tlsa-invalid"]},
    "lost.cases.test": {"tlsa": ["dnssec-invalid"]},  # of the host before the one that took it
    "bogus.test": {"tlsa": ["dnssec-invalid"]},
}


def test_reports_agree_with_the_deliveries(by_lmtp):
    """Those of the test above."""
    def find():
        said = subprocess.run([BINARY, "report", "tlsrpt", "-c", by_lmtp.config, "--json"],
                              capture_output=True, text=True, check=True)
        found = {}
        for one in json.loads(said.stdout):
            for part in one["policies"]:
                kinds = found.setdefault(one["domain"], {})
                results = kinds.setdefault(part["policy"]["policy-type"], [])
                results += {f["result-type"] for f in part["failure-details"]} - set(results)
        return found
    until(lambda: len(find()) >= len(REPORTS))
    assert find() == REPORTS


# domain: what posttls-finger says of its certificate, which has DANE of its own, and the seal by
# the relay in the test above. Where no TLSA counts, the relay proves nothing, and says so.
FINGERS = {
    "beta.test": ("Verified", "authenticated"),
    "alias.cases.test": ("Verified", "authenticated"),
    "both.cases.test": ("Verified", "authenticated"),
    "unusable.cases.test": ("Untrusted", "sealed"),
    "unsigned.cases.test": ("no matching DANE TLSA records", "none"),
    "alpha.test": ("Verified", "sealed"),
}


@pytest.mark.parametrize("domain", FINGERS)
def test_posttls_finger_agrees(sender, domain):
    said = lab("exec", "sender", "posttls-finger", "-c", "-l", "dane", "-F",
               "/etc/ssl/certs/ca-certificates.crt", domain).stdout
    words, seal = FINGERS[domain]
    assert words in said and (seal == "none") == ("no matching" in said), said
    assert next(DELIVERIES[to][0] for to in DELIVERIES if to.endswith("@" + domain)) == seal


# By LMTP it is one transaction, by SMTP one for each destination, and with addresses of their own
# one connection for each.
@pytest.mark.parametrize("way, protocol, count", [
    ({"default_transport": f"lmtp:[127.0.0.1]:{LMTP}"}, "lmtp", "3"),
    ({"default_transport": f"smtp:[127.0.0.1]:{SMTP}", "smtp_destination_recipient_limit": "1"},
     "smtp", "1"),
    ({"transport_maps": "socketmap:unix:mailseal/policy:transport"}, "lmtp", "1"),
], ids=["lmtp", "smtp", "transport"])
def test_one_message_to_three_domains(relay, way, protocol, count):
    since, log = len(relay.events), Log("sender", "mail.log")
    with postfix_with(**way):
        inside("sender", "sendmail", "-i", "-f", SENDER, *TO,
               input=letter(SENDER, ", ".join(TO)).as_string())
        for recipient in TO:
            log.wait(rf"to=<{re.escape(recipient)}>.*status=sent \(250 2\.0\.0 mx\S+ said: ")
    assert relay.carried(since, 3) == WHERE
    relay.wait("handoff ended", after=since, protocol=protocol, messages=count)


# domain: the seal of the hop, the receiver's log, and what it says of TLS and of the message
RECEIVERS = {
    "exim.test": ("authenticated", "exim/mainlog", r"<= root@sender\.test .*P=esmtps X=TLS1\.3:"),
    "opensmtpd.test": ("sealed", "smtpd.log",
                       r"(\w+) smtp tls ciphers=TLSv1\.3:(.*\n)*?\1 smtp message msgid="),
}


def test_exim_and_opensmtpd_receive_by_tls(by_lmtp, host):
    logs = {domain: Log(host(domain.split(".")[0]), row[1]) for domain, row in RECEIVERS.items()}
    since, to = len(by_lmtp.events), [f"frank@{domain}" for domain in RECEIVERS]
    inside("sender", "sendmail", "-i", "-f", SENDER, *to,
           input=letter(SENDER, ", ".join(to)).as_string())
    assert by_lmtp.carried(since, 2) == {domain: row[0] for domain, row in RECEIVERS.items()}
    for domain, row in RECEIVERS.items():
        logs[domain].wait(row[2])


def test_each_destination_has_an_address_of_its_own(relay):
    said = [lab("exec", "sender", "postmap", "-q", domain,
                "socketmap:unix:/var/spool/postfix/mailseal/policy:transport").stdout.strip()
            for domain in (*WHERE, "sender.test")]
    assert len(set(said)) == 4 and said[-1] == ""
    assert all(re.fullmatch(rf"lmtp:\[127\.\S+\]:{EACH}", next_hop) for next_hop in said[:-1]), said
