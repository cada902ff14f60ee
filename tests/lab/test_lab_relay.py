"""The relay between a real Postfix and real servers: what mailseal policy says
of a domain is what happens to a message for it."""
import json
import re
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from daemon import BINARY
from farend import FarEnd
from labtools import RUN, Log, inside, lab, letter, network, until
from sending import EACH, LMTP, SENDER, SMTP, TO, WHERE, Delivery, Relay, no_way_to
from test_lab_policy import ask, policy, web  # noqa: F401 (web is a fixture)

@pytest.fixture(scope="module")
def relay(sender, faulty, web):  # noqa: F811
    daemon = Relay("relay")
    yield daemon.ready()
    daemon.close()


@contextmanager
def postfix_with(**settings):
    """Settings of the sender's Postfix, for a while."""
    before = inside("sender", "cat", "/etc/postfix/main.cf")
    inside("sender", "postconf", *[f"{name}={value}" for name, value in settings.items()])
    inside("sender", "postfix", "reload")
    try:
        yield
    finally:
        inside("sender", "sh", "-c", "cat >/etc/postfix/main.cf", input=before)
        inside("sender", "postfix", "reload")


@pytest.fixture(scope="module")
def by_lmtp(relay):
    with postfix_with(default_transport="lmtp:unix:mailseal/lmtp"):
        yield relay


class Relayed(Delivery):
    """The MTA hands it to the relay."""

    def __init__(self, relay, recipient, tries=1, headers=None):
        self.relay, self.since, self.domain = relay, len(relay.events), recipient.split("@")[1]
        super().__init__(recipient, tries, headers)

    def hop(self):
        """The record of the connection that the answer is from; None: there was none."""
        self.relay.wait("handoff ended", after=self.since)
        if self.status() == "sent":
            return self.relay.wait("hop ended", after=self.since, domain=self.domain, messages="1")
        hops = [hop for hop in self.relay.hops(self.since) if hop["domain"] == self.domain]
        return (hops or [None])[-1]


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
    # Its TLS failed for the domains above, and nothing that counts demands any here.
    "carol@testing.cases.test": ("plain", refused("mx.legacy.test")),
    "carol@foreign.cases.test": ("plain", refused("mx.legacy.test")),
    "bob@foreign-tls.cases.test": ("sealed", taken("mx-tls.legacy.test")),
    "bob@sts-testing.cases.test": ("sealed", taken("mx.selfsigned.cases.test")),
    "carol@other.cases.test": (None, later("4.7.5", ".*does not name this host")),
    "bob@servfail.cases.test": (None, later("4.7.5", ".*TLSA records could not be looked up")),
    "bob@lost.cases.test": ("authenticated", refused("mx.beta.test")),
    "bob@selfsigned.cases.test": ("sealed", taken("mx.selfsigned.cases.test")),
    "bob@expired.cases.test": ("sealed", taken("mx.expired.cases.test")),
    "bob@wrongname.cases.test": ("sealed", taken("mx.wrongname.cases.test")),
    "bob@sts-selfsigned.cases.test": ("none", later("4.7.5", "mx.selfsigned.cases.test")),
    "bob@sts-expired.cases.test": ("none", later("4.7.5", "mx.expired.cases.test")),
    "bob@sts-wrongname.cases.test": ("none", later("4.7.5", "mx.wrongname.cases.test")),
    "bob@mismatch.cases.test": ("none", later("4.7.5", "mx.mismatch.cases.test")),
    "bob@bogus.test": (None, later("4.4.3", "bogus.test: its MX records could not be")),
    "bob@null.cases.test": (None, never("5.1.10", "null.cases.test: .*null MX")),
    "bob@nosuch.test": (None, never("5.1.2", "nosuch.test: there is no such domain")),
}

# What the record says of a certificate that was to prove something.
RESULTS = {
    "bob@sts-selfsigned.cases.test": "certificate-not-trusted",
    "bob@sts-expired.cases.test": "certificate-expired",
    "bob@sts-wrongname.cases.test": "certificate-host-mismatch",
    "bob@mismatch.cases.test": "certificate-not-trusted",
}

# What mailseal policy says of a host: how a message may come to it. None, "none": it may not.
SEALS = {
    "skip": {None},
    "verify": {"authenticated", "none"},
    "encrypt": {"authenticated", "sealed"},
    "opportunistic": {"authenticated", "sealed", "plain", "none"},
}


@pytest.fixture(scope="module")
def deliveries(by_lmtp):
    """All of them, before the first is looked at: the records of hops that wait for more mail take
    seconds to come. One after the other, for some share a host whose TLS fails."""
    since = len(by_lmtp.events)

    def are_told():
        return sum(event.get("event") == "handoff ended"
                   for event in by_lmtp.events[since:]) >= len(DELIVERIES)
    with ThreadPoolExecutor(1) as pool:
        found = {recipient: pool.submit(Relayed, by_lmtp, recipient) for recipient in DELIVERIES}
    until(are_told)
    return found


@pytest.mark.parametrize("recipient", DELIVERIES)
def test_a_delivery_and_mailseal_policy_agree(deliveries, recipient):
    delivery = deliveries[recipient].result()
    said = policy(recipient.split("@")[1])[1]
    seal, text = DELIVERIES[recipient]
    assert re.search(text, delivery.log.text()), delivery.log.text()
    hop = delivery.hop()
    assert (hop and ("none" if hop["outcome"] == "unproven" else hop["seal"])) == seal, hop
    levels = {host["name"]: host["level"] for host in said["hosts"]}
    assert seal in SEALS[levels[hop["mx"]] if hop else "skip"], (said, hop)
    assert recipient not in RESULTS or hop["result"] == RESULTS[recipient], hop
    assert hop or set(levels.values()) <= {"skip"}, said


def test_who_waives_tls_is_not_kept_by_dane(by_lmtp):
    """RFC 8689 4.2.2"""
    delivery = Relayed(by_lmtp, "bob@mismatch.cases.test", headers={"TLS-Required": "No"})
    assert delivery.hop()["seal"] == "sealed", delivery.log.text()
    assert re.search(taken("mx.mismatch.cases.test"), delivery.log.text()), delivery.log.text()
    by_lmtp.wait("TLS waived by the sender", after=delivery.since, domain="mismatch.cases.test")


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
    "testing.cases.test": {"sts": ["validation-failure"]},
    "foreign.cases.test": {"no-policy-found": ["validation-failure"]},
    "foreign-tls.cases.test": {"no-policy-found": []},
    "sts-testing.cases.test": {"sts": ["certificate-not-trusted"]},
    "selfsigned.cases.test": {"no-policy-found": []},
    "sts-selfsigned.cases.test": {"sts": ["certificate-not-trusted"]},
    "expired.cases.test": {"no-policy-found": []},
    "sts-expired.cases.test": {"sts": ["certificate-expired"]},
    "wrongname.cases.test": {"no-policy-found": []},
    "sts-wrongname.cases.test": {"sts": ["certificate-host-mismatch"]},
    "mismatch.cases.test": {"tlsa": ["certificate-not-trusted"]},
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


def test_mail_for_a_domain_whose_best_host_is_the_relay_goes_nowhere(by_lmtp):
    """Not to worse hosts either (RFC 5321 5.1)."""
    said = ask("sender", "--config", by_lmtp.config, "loop.cases.test")[1]
    assert said["loops"] and {host["level"] for host in said["hosts"]} == {"skip"}, said
    delivery = Relayed(by_lmtp, "bob@loop.cases.test")
    assert re.search(never("5.4.6", "loop.cases.test: .*loops back"), delivery.log.text())
    assert delivery.hop() is None


def opportunistic(domain):
    return [host["level"] for host in policy(domain)[1]["hosts"]] == ["opportunistic"]


def test_starttls_that_is_answered_454_does_not_stop_mail_for_ever(by_lmtp):
    delivery = Relayed(by_lmtp, "bob@refuses.cases.test", tries=9)
    assert re.search(later("4.7.0", r"mx\S+ said: TLS not available"), delivery.log.text())
    assert re.search(taken("mx.refuses.cases.test"), delivery.log.text())
    assert delivery.hop()["seal"] == "plain" and opportunistic("refuses.cases.test")
    by_lmtp.wait("TLS has failed for long, mail goes in clear", after=delivery.since,
                 host="mx.refuses.cases.test")


@contextmanager
def stripped():
    option = "192.0.2.35:25/inet/smtpd_discard_ehlo_keywords"
    inside("faulty", "postconf", "-P", f"{option}=starttls")
    inside("faulty", "postfix", "reload")
    try:
        yield
    finally:
        inside("faulty", "postconf", "-PX", option)
        inside("faulty", "postfix", "reload")


def test_starttls_that_is_missing_where_it_was_seen_is_a_downgrade(by_lmtp):
    assert Relayed(by_lmtp, "bob@stripped.cases.test").hop()["seal"] == "sealed"
    with stripped():
        delivery = Relayed(by_lmtp, "bob@stripped.cases.test")
        assert delivery.hop()["seal"] == "plain" and opportunistic("stripped.cases.test")
    by_lmtp.wait("downgrade", after=delivery.since, domain="stripped.cases.test",
                 mx="mx.stripped.cases.test", lost="starttls")


@pytest.fixture
def far_end():
    """Scripts at addresses of host faulty, for what no server does by itself."""
    far_ends = []

    def start(address, **script):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{RUN}/alpha/tls.pem", f"{RUN}/alpha/tls.key")
        with network("faulty"):
            far_ends.append(FarEnd(address, 25, context, **script))
        return far_ends[-1]
    yield start
    for one in far_ends:
        one.close()


# With the last words the hop ends, and the next message has one of its own.
TAKEN = "250 2.0.0 Ok: queued as F1\r\n421 4.4.2 idle\r\n"


def test_starttls_that_something_between_mangles_holds_mail_of_a_listed_domain(by_lmtp, far_end):
    far = far_end("192.0.2.36", end=TAKEN)
    assert Relayed(by_lmtp, "bob@mangled.cases.test").hop()["seal"] == "sealed"
    far.script["EHLO"] = "250-far.example\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n"
    delivery = Relayed(by_lmtp, "bob@mangled.cases.test")
    assert re.search(later("4.7.4", "mx.mangled.*it has no TLS now"), delivery.log.text())
    by_lmtp.wait("downgrade", after=delivery.since, domain="mangled.cases.test", lost="starttls")
    assert opportunistic("mangled.cases.test") and len(far.messages) == 1


def test_a_server_that_chokes_on_a_large_hello_gets_a_small_one(by_lmtp, far_end):
    """OpenSSL before 3.5 has no large one: there the first of all is too much."""
    lengths = []

    def chokes(length):
        lengths.append(length)
        return length > 1000 or len(lengths) == 1
    far_end("192.0.2.37", end=TAKEN, chokes=chokes)
    delivery = Relayed(by_lmtp, "bob@chokes.cases.test")
    assert delivery.hop()["seal"] == "sealed" and opportunistic("chokes.cases.test")
    by_lmtp.wait("hop ended", after=delivery.since, mx="mx.chokes.cases.test", outcome="tls-failed",
                 error="Connection reset by peer")
    assert Relayed(by_lmtp, "bob@chokes.cases.test").hop()["seal"] == "sealed"
    assert len(lengths) == 3 and max(lengths[1:]) < 1000, lengths  # it was remembered
    assert lengths[0] > 1000 or ssl.OPENSSL_VERSION_INFO < (3, 5), lengths


class Another(Relay):
    sockets, listen = "another", ""


@contextmanager
def another(name):
    daemon = Another(name)
    try:
        yield daemon.ready()
    finally:
        daemon.close()


def test_a_policy_outlives_its_web_server_and_the_relay(relay):
    """And mailseal policy, asked as that daemon asks, says so."""
    domain = "sts-expired.cases.test"

    def hop(daemon):
        one = Relayed(daemon, f"bob@{domain}").hop()
        return one["policy"], one["outcome"], one.get("result")

    def told(daemon):
        said = ask("sender", "--config", daemon.config, domain)[1]
        sts = said["sts"]
        return said["hosts"][0]["level"], sts["state"], bool(sts["cached_until"])
    refused = ("verify", "unproven", "certificate-expired")
    with postfix_with(default_transport="lmtp:unix:another/lmtp"):
        with another("kept") as daemon:
            assert hop(daemon) == refused
            assert told(daemon) == ("verify", "found", True)
            daemon.kill()
        with no_way_to("client"):
            with another("kept") as daemon:
                assert hop(daemon) == refused
                assert told(daemon) == ("verify", "found", True)
            with another("new") as daemon:  # it cannot be had now
                assert hop(daemon) == ("opportunistic", "ok", None)
                assert told(daemon) == ("opportunistic", "broken", False)


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


# Settings of Postfix, and the record of a handoff. By LMTP it is one transaction, by SMTP one for
# each destination, and with addresses of their own one connection for each.
WAYS = [
    ({"default_transport": f"lmtp:[127.0.0.1]:{LMTP}"}, "lmtp", "3"),
    ({"default_transport": f"smtp:[127.0.0.1]:{SMTP}", "smtp_destination_recipient_limit": "1"},
     "smtp", "1"),
    ({"transport_maps": "socketmap:unix:mailseal/policy:transport"}, "lmtp", "1"),
]


def test_one_message_to_three_domains(relay):
    since = len(relay.events)
    for settings, protocol, count in WAYS:
        seen, log = len(relay.events), Log("sender", "mail.log")
        with postfix_with(**settings):
            inside("sender", "sendmail", "-i", "-f", SENDER, *TO,
                   input=letter(SENDER, ", ".join(TO)).as_string())
            for recipient in TO:
                log.wait(rf"to=<{re.escape(recipient)}>.*status=sent \(250 2\.0\.0 mx\S+ said: ")
        relay.wait("handoff ended", after=seen, protocol=protocol, messages=count)
    assert relay.carried(since, 3 * len(WAYS)) == WHERE


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
