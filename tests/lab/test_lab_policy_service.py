"""The policy service and a real Postfix that asks it: Debian's own configuration, in its chroot,
with real zones, policy files and deliveries."""
import os
import re
import signal
from contextlib import contextmanager

import pytest

from labtools import inside, lab
from sending import BASE, QUEUE, Beside, Delivery, no_way_to
from test_lab_policy import policy, web  # noqa: F401 (web is a fixture)


class Service(Beside):
    """With the service alone."""

    def settings(self, service=""):
        return (f'{BASE}policy_service = {{ socketmap = "unix:{self.place}/mailseal/policy";\n'
                f'  mode = "0666"; {service} }};\n')

    def reload(self, service):
        self.write(self.settings(service))
        seen = len(self.events)
        assert self.ctl("reload").returncode == 0
        self.wait("configuration reloaded", after=seen)


@contextmanager
def serving(name):
    daemon = Service(name)
    try:
        yield daemon.ready()
    finally:
        daemon.close()


@pytest.fixture(scope="module")
def service(sender, web):  # noqa: F811
    with serving("shared") as daemon:
        yield daemon


def ask(key, name="policy"):
    """What Postfix's own tool gets to hear: the answer, None for none, an error in brackets."""
    table = f"socketmap:unix:{QUEUE}/mailseal/policy:{name}"
    done = lab("exec", "sender", "postmap", "-q", key, table)
    failed = re.search(r"socketmap server (\w+) error: (.*)", done.stdout)
    if failed:
        return f"[{failed[1]}] {failed[2]}"
    assert done.returncode == (not done.stdout), done.stdout
    return done.stdout.strip() or None


def secure(host):
    return f"secure match={host} servername=hostname"


def report(domain, host, end=" mx_host_pattern="):
    return (f" policy_type=sts policy_domain={domain} {{ policy_string = version: STSv1 }}"
            " { policy_string = mode: enforce } { policy_string = max_age: 86400 }"
            f" {{ policy_string = mx: {host} }}{end}" + (host if end.endswith("=") else ""))


NO_MX = "[temporary] the MX records could not be had"
ENFORCED = secure("mx.legacy.test")
REPORTED = {
    "enforce.cases.test": ENFORCED + report("enforce.cases.test", "mx.legacy.test"),
    "other.cases.test": secure("mx.elsewhere.test") + report(
        "other.cases.test", "mx.elsewhere.test", " policy_failure=validation-failure"),
}

# key: the answer
ANSWERS = {
    "beta.test": "dane-only",
    "BETA.test": "dane-only",
    "alpha.test": None,
    "legacy.test": None,
    "nosuch.test": None,
    "null.cases.test": None,
    "unusable.cases.test": "dane",
    "alias.cases.test": "dane-only",
    "out.cases.test": "dane-only",
    "unsigned.cases.test": "dane-only",
    "foreign.cases.test": None,
    "servfail.cases.test": "[temporary] its TLSA records could not be looked up, which is not the "
                           "same as none (RFC 7672 2.1.2)",
    "lost.cases.test": "[temporary] the signatures of its addresses do not hold",
    "noaddress.cases.test": "[temporary] it has no address",
    "bogus.test": NO_MX,
    "mx.bogus.test": NO_MX,
    "enforce.cases.test": ENFORCED,
    "testing.cases.test": None,
    "both.cases.test": "dane-only",
    "other.cases.test": "[temporary] the domain's MTA-STS policy does not name this host "
                        "(RFC 8461 4.1)",
    "twice.cases.test": None,
    "moved.cases.test": None,
    "html.cases.test": None,
    "long.cases.test": None,
    "invalid.cases.test": None,
    "misnamed.cases.test": None,
    "absent.cases.test": None,
    ".test": None,
    ".beta.test": None,
    "[mx.beta.test]:25": None,
    "[mx.beta.test]": None,
    "beta.test:25": None,
}


@pytest.mark.parametrize("key", ANSWERS)
def test_what_postmap_hears(service, key):
    assert ask(key) == ANSWERS[key]
    assert ask(key, "policy-tlsrpt") == REPORTED.get(key, ANSWERS[key])


def test_a_map_that_there_is_not(service):
    said = ask("beta.test", "polcy")
    assert said.startswith("[permanent] no such map; there are policy")


def test_the_dialect(service):
    reported = REPORTED["enforce.cases.test"]
    for dialect, plain, tlsrpt in (("plain", ENFORCED, ENFORCED), ("tlsrpt", reported, reported),
                                   ("auto", ENFORCED, reported)):
        service.reload(f'dialect = "{dialect}";')
        assert ask("enforce.cases.test") == plain
        assert ask("enforce.cases.test", "policy-tlsrpt") == tlsrpt


def test_a_killed_resolver_is_replaced(service):
    pid = service.status()["resolver_pid"]
    assert pid in service.children()["resolver"]
    os.kill(pid, signal.SIGKILL)
    assert ask("beta.test") == "dane-only"
    assert ask("enforce.cases.test") == ENFORCED
    assert service.status()["resolver_pid"] != pid


@pytest.fixture(scope="module")
def postfix(service):
    inside("sender", "postconf", "smtp_tls_policy_maps=socketmap:unix:mailseal/policy:policy")
    inside("sender", "postfix", "reload")
    yield service
    inside("sender", "postconf", "-X", "smtp_tls_policy_maps")
    inside("sender", "postfix", "reload")


class Direct(Delivery):
    """Postfix goes to the hosts itself."""

    def seal(self):
        """Of the connection that heard the recipient's name: Postfix's word, or "plain". None:
        nobody heard it."""
        text = self.log.text()
        if self.status() != "sent" and "(in reply to RCPT TO command)" not in text:
            return None
        tls = re.findall(r"(\w+) TLS connection established", text)
        return tls[-1] if tls else "plain"


def test_its_smtp_is_in_a_chroot(sender):
    """What the next tests are about."""
    assert inside("sender", "postconf", "-M", "smtp/unix").split()[4] == "y"


def tls(word, host, version=r"TLSv1\.3"):
    return rf"{word} TLS connection established to {host}\[\S+: {version} "


def not_now(why):
    return rf"socketmap server temporary error: {why}"


# recipient: the seal with which somebody heard of it, and what Postfix says. Where no server takes
# the domain, the refusal of the recipient shows how far the message came.
DELIVERIES = {
    "bob@beta.test": ("Verified", tls("Verified", "mx.beta.test")),
    "alice@alpha.test": ("Trusted", tls("Trusted", "mx.alpha.test")),
    "carol@legacy.test": ("Trusted", tls("Trusted", "mx.legacy.test", "TLSv1")),
    "carol@plain.legacy.test": ("plain", r"relay=mx-plain.legacy.test\S+ .*status=sent"),
    "bob@alias.cases.test": ("Verified", tls("Verified", "mx.alias.cases.test")),
    "bob@both.cases.test": ("Verified", tls("Verified", "mx.beta.test")),
    "bob@unusable.cases.test": ("Untrusted", "fallback to unauthenticated TLS"),
    "bob@unsigned.cases.test": (None, "no matching DANE TLSA records"),
    "carol@out.cases.test": (None, "Cannot start TLS: handshake failure"),
    "carol@enforce.cases.test": (None, "Cannot start TLS: handshake failure"),
    "carol@testing.cases.test": ("Trusted", tls("Trusted", "mx.legacy.test", "TLSv1")),
    "carol@other.cases.test": (None, not_now("the domain's MTA-STS policy does not name")),
    "bob@servfail.cases.test": (None, not_now("its TLSA records could not be looked up")),
    "bob@lost.cases.test": (None, not_now("the signatures of its addresses do not hold")),
    "bob@bogus.test": (None, "name=bogus.test type=MX: Host not found, try again"),
    "bob@null.cases.test": (None, "status=bounced .*does not accept mail"),
}

# What mailseal policy says of a host: how a message may come to it. None: it may not.
SEALS = {
    "skip": {None},
    "verify": {"Verified", None},
    "encrypt": {"Verified", "Trusted", "Untrusted"},
    "opportunistic": {"Verified", "Trusted", "Untrusted", "plain"},
}


@pytest.mark.parametrize("recipient", DELIVERIES)
def test_a_delivery_and_mailseal_policy_agree(postfix, recipient):
    delivery = Direct(recipient)
    said = policy(recipient.split("@")[1])[1]
    seal, text = DELIVERIES[recipient]
    assert delivery.seal() == seal, delivery.log.text()
    assert re.search(text, delivery.log.text()), delivery.log.text()
    for level in [host["level"] for host in said["hosts"]] or ["skip"]:
        assert seal in SEALS[level], said


def test_nothing_goes_while_the_service_is_away(postfix):
    os.rename(f"{postfix.place}/mailseal", f"{postfix.place}/away")
    inside("sender", "postfix", "reload")  # ends those that are connected
    try:
        delivery = Direct("carol@plain.legacy.test")
    finally:
        os.rename(f"{postfix.place}/away", f"{postfix.place}/mailseal")
    assert (delivery.seal(), delivery.status()) == (None, "deferred")


def test_a_policy_outlives_its_web_server_and_the_daemon(sender, web):  # noqa: F811
    with serving("kept") as daemon:
        assert ask("enforce.cases.test") == ENFORCED
        daemon.kill()
    with no_way_to("client"):
        with serving("kept"):
            assert ask("enforce.cases.test") == ENFORCED
        with serving("new"):  # it cannot be had now
            assert ask("enforce.cases.test") is None
