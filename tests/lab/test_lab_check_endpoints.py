"""mailseal check --deep beside sslscan on real servers, each with its package's or its own idea of TLS:
the same versions and suites on all of them. Servers with odd settings are in
tests/test_check_endpoints.py."""
import os
import time

import pytest

import scanners
from labtools import RUN, netns

# What is it: host, address, port, what is spoken.
ENDPOINTS = {
    "mailseal, port 25": ("alpha", "192.0.2.11", 25, "smtp"),
    "mailseal, users": ("beta", "192.0.2.12", 993, "imaps"),
    "Postfix by IPv6": ("stock", "2001:db8::21", 25, "smtp"),
    "Postfix of Debian": ("stock", "192.0.2.21", 25, "smtp"),
    "Postfix, TLS 1.0": ("legacy", "192.0.2.13", 25, "smtp"),
    "Postfix, ECDSA": ("faulty", "192.0.2.31", 25, "smtp"),
    "Exim": ("exim", "192.0.2.22", 25, "smtp"),
    "OpenSMTPD": ("opensmtpd", "192.0.2.23", 25, "smtp"),
    "Dovecot": ("stock", "192.0.2.21", 143, "imap"),
    "Cyrus": ("cyrus", "192.0.2.24", 993, "imaps"),
    "nginx, web": ("front", "192.0.2.28", 443, "https"),
    "nginx, mail": ("front", "192.0.2.28", 25, "smtp"),
    "stunnel": ("front", "192.0.2.28", 995, "pop3s"),
    "stunnel, old": ("front", "192.0.2.28", 8995, "tls"),
    "hitch": ("front", "192.0.2.28", 8443, "tls"),
    "HAProxy": ("front", "192.0.2.28", 9443, "tls"),
    "Courier": ("front", "192.0.2.28", 993, "imaps"),
    "Courier, STARTTLS": ("front", "192.0.2.28", 143, "imap"),
}
# In which versions the server chooses.
ORDERED = {
    "mailseal, port 25": {"TLSv1.2"}, "OpenSMTPD": {"TLSv1.2", "TLSv1.3"},
    "nginx, mail": {"TLSv1.0", "TLSv1.1", "TLSv1.2"}, "HAProxy": {"TLSv1.2", "TLSv1.3"},
}

# What the two do not agree on, and why. Versions and suites are not in it: they agree on all.
NEEDS_ITS_CURVE = ("sslscan offers one group at a time: a server whose only certificate is on P-256 "
                   "refuses a hello without it (RFC 8422 5.1), and nothing but P-256 is seen")
GROUPS_DIFFER = {  # what sslscan sees, by number
    "nginx, web": ({23}, NEEDS_ITS_CURVE),
    "Postfix, TLS 1.0": ({23}, NEEDS_ITS_CURVE),
    "Exim": (set(), "Exim's GnuTLS answers sslscan's hellos for groups with: no common key share"),
}
ORDER_DIFFERS = {
    "OpenSMTPD": "its suites are of two parts of the list", "nginx, mail": "as OpenSMTPD's",
}


def scan(how, name, *options):
    host, address, port, service = ENDPOINTS[name]
    within = ["ip", "netns", "exec", netns("client")]
    return how(address, port, service, *options, within=within)


def by_mailseal(name):
    return scan(scanners.by_mailseal, name, "--ca-file", f"{RUN}/ca.pem")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_it_sees_what_sslscan_sees(lab_up, host, name):
    if ENDPOINTS[name][0] not in ("alpha", "beta", "legacy"):
        host(ENDPOINTS[name][0])
    ours, theirs = by_mailseal(name), scan(scanners.by_sslscan, name)
    assert ours.versions and not scanners.differences(ours.versions, theirs.versions)
    scanners.orders_agree(ours, theirs, ORDERED.get(name, ()), name in ORDER_DIFFERS)
    if name in GROUPS_DIFFER:
        seen, why = GROUPS_DIFFER[name]
        assert set().union(*theirs.groups.values()) == seen, why
        assert seen < scanners.group_numbers(ours.groups), why
    else:
        scanners.groups_agree(ours, theirs)


# In make check that one port; in the long form all that testssl.sh knows how to ask.
IN_CHECK = ["stunnel, old"]
LONG = [name for name, place in ENDPOINTS.items() if ":" not in place[1]]


@pytest.mark.parametrize("name", LONG if os.environ.get("SOAK") else IN_CHECK)
def test_it_sees_what_testssl_sees(lab_up, host, tmp_path, name):
    if ENDPOINTS[name][0] not in ("alpha", "beta", "legacy"):
        host(ENDPOINTS[name][0])
    ours = by_mailseal(name)
    begun = time.monotonic()
    theirs = scan(scanners.by_testssl, name, tmp_path / "testssl.json")
    print(f"testssl {name}: {time.monotonic() - begun:.0f} s, {ours.connections} connections of ours")
    assert not scanners.differences(ours.versions, theirs.versions)
