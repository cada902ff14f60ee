"""mailseal watch beside real servers and clients: Postfix, Dovecot, mailseal's doors and backends."""
import json
import re
import signal
import smtplib
import subprocess

import pytest

from labtools import (ADDRESS, ALICE, BINARY, BOB, imap, imap_plain, inside, lab, letter, netns, password, pop3,
                      received_by_bob, smtp, trusting, until)


class Watch:
    """It listens on all interfaces of a host; rows when it was ended."""

    def __init__(self, host):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", netns(host), BINARY, "watch", "-i", "any", "--as", "network", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(self.is_listening)

    def is_listening(self):
        assert self.process.poll() is None, self.process.stderr.read()
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return re.search(r"^Seccomp:\s2", status.read(), re.M)

    def rows(self, *secrets):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        assert not err
        for secret in secrets:
            assert secret not in out
        lines = [json.loads(line) for line in out.splitlines()]
        assert lines[-1]["lost"] == 0
        rows = [line for line in lines if line["type"] == "service"]
        for row in rows:
            print({key: row[key] for key in ("protocol", "verdict", "client", "server", "port", "where", "mechanism",
                                             "user", "version", "group")})
        return rows


def find(rows, **fields):
    found = [row for row in rows if all(row[key] == value for key, value in fields.items())]
    assert found, (fields, rows)
    return found[0]


@pytest.fixture(scope="module", name="rows")
def rows_fixture(lab_up):
    """One watch on alpha for all of it."""
    watch, secret = Watch("alpha"), password("alpha", ALICE)
    plain = smtp(ADDRESS["alpha"], 25, tls=False)
    plain.send_message(letter("x@client.test", ALICE))
    plain.quit()
    sealed = smtp(ADDRESS["alpha"], 25)
    sealed.send_message(letter("x@client.test", ALICE))
    sealed.quit()
    box = imap(ADDRESS["alpha"])
    box.login(ALICE, secret)
    box.logout()
    box = imap_plain(ADDRESS["alpha"], 143)
    box.starttls(trusting())
    box.login(ALICE, secret)
    box.logout()
    post = pop3(ADDRESS["alpha"])
    post.user(ALICE)
    post.pass_(secret)
    post.quit()
    submission = smtp(ADDRESS["alpha"], 587)
    submission.login(ALICE, secret)
    message = letter(ALICE, BOB)
    submission.send_message(message)
    submission.quit()
    received_by_bob(message["Subject"])
    refused = smtp(ADDRESS["alpha"], 587, tls=False)
    with pytest.raises(smtplib.SMTPException):
        refused.ehlo()
        refused.auth("PLAIN", lambda challenge=None: f"\0{ALICE}\0{secret}")
    refused.close()
    yield watch.rows(secret)


def test_doors(rows):
    alpha, client = ADDRESS["alpha"], ADDRESS["client"]
    ends = {"client": client, "server": alpha, "where": "network"}
    find(rows, **ends, port=25, protocol="smtp", verdict="starttls-offered-not-used")
    find(rows, **ends, port=25, protocol="smtp", verdict="starttls-used", version="TLS 1.3")
    find(rows, **ends, port=993, protocol="tls", verdict="tls", version="TLS 1.3")
    find(rows, **ends, port=143, protocol="imap", verdict="starttls-used")
    find(rows, **ends, port=110, protocol="pop3", verdict="starttls-used")
    find(rows, **ends, port=587, protocol="smtp", verdict="starttls-used")


def test_a_password_that_a_door_refused_has_crossed_all_the_same(rows):
    row = find(rows, server=ADDRESS["alpha"], port=587, verdict="plaintext+password")
    assert (row["mechanism"], row["user"]) == ("PLAIN", ALICE)


def test_the_way_out(rows):
    """Mail to beta left alpha sealed, and nothing of it was plain."""
    out = [row for row in rows if row["server"] in (ADDRESS["beta"], "2001:db8::12") and row["port"] == 25]
    assert out and {row["verdict"] for row in out} == {"starttls-used"}, out


def test_backends_on_loopback_are_plain_and_local(rows):
    """Behind mailseal's PROXY header: Dovecot and Postfix."""
    row = find(rows, where="local", port=10143, protocol="imap")
    assert row["verdict"] == "plaintext+password" and row["user"] == ALICE
    row = find(rows, where="local", port=10110, protocol="pop3")
    assert row["verdict"] == "plaintext+password" and row["user"] == ALICE
    assert find(rows, where="local", port=10025, protocol="smtp")["verdict"].startswith(("plaintext", "starttls-offered"))
    find(rows, where="local", port=10026, protocol="lmtp")


def test_no_sealed_door_was_accused(rows):
    for row in rows:
        if row["server"] == ADDRESS["alpha"] and row["port"] in (110, 143, 993):
            assert row["verdict"] in ("tls", "starttls-used"), row


def test_swaks_and_curl(lab_up):
    """Clients of others: a plain server's mail, a login that curl makes after STARTTLS."""
    watch, secret = Watch("client"), password("beta", BOB)
    done = lab("exec", "client", "swaks", "--server", "mx-plain.legacy.test", "--to", "postmaster@legacy.test", "--from",
               "a@client.test", "--helo", "client.test")
    assert "250" in done.stdout
    inside("client", "curl", "-sS", "--ssl-reqd", "-u", f"{BOB}:{secret}", "imap://mail.beta.test/INBOX")
    rows = watch.rows(secret)
    assert find(rows, protocol="smtp", port=25)["verdict"] == "plaintext"
    assert find(rows, protocol="imap", port=143)["verdict"] == "starttls-used"
    assert find(rows, protocol="imap", port=143)["version"] == "TLS 1.3"
