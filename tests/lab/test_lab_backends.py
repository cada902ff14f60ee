"""Other servers behind the edge, and TLS between the edge and its backend."""
import base64
import hashlib
import imaplib
import re
import smtplib
import subprocess

import pytest

from labtools import (ADDRESS, RUN, Log, behind_proxy, imap, inside, letter, password, smtp, until)

CLIENT = ADDRESS["client"]
STRANGER = "stranger@client.test"


def deliver(door, recipient):
    message = letter(STRANGER, recipient)
    with smtp(door.address, door.port) as session:
        session.send_message(message)
    return message["Subject"], door.record(seal="sealed", outcome="ok")


def refuses_to_relay(door):
    with smtp(door.address, door.port) as session:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            session.send_message(letter(STRANGER, "somebody@elsewhere.test"))
    return True


def test_exim_takes_mail_from_the_edge(host, edge):
    log = Log(host("exim"), "exim/mainlog")
    door = edge("exim", "smtp", behind_proxy("127.0.0.1:10025"))
    subject, record = deliver(door, "frank@exim.test")
    queue = log.wait(rf"(\S+) <= {STRANGER} H=\S+ .*\[{CLIENT}\]")[1]
    assert record["queue"] == queue
    log.wait(rf"{queue} => frank <frank@exim.test>")
    text = inside("exim", "cat", "/var/mail/box")
    assert subject in text
    assert re.search(r"Received: from \S+ .*\[192\.0\.2\.100\].*\(mailseal\)\s+with ESMTPS",
                     text, re.DOTALL)
    assert refuses_to_relay(door)


def test_opensmtpd_takes_mail_from_the_edge(host, edge):
    log = Log(host("opensmtpd"), "smtpd.log")
    door = edge("opensmtpd", "smtp", behind_proxy("127.0.0.1:10025"))
    subject, record = deliver(door, "frank@opensmtpd.test")
    queue = log.wait(r"smtp message msgid=(\w+)")[1]
    assert record["queue"] == queue
    assert f"address={CLIENT}" in log.text()
    text = until(lambda: inside("opensmtpd", "sh", "-c", "cat /var/vmail/frank/new/* 2>/dev/null || true"))
    assert subject in text
    assert refuses_to_relay(door)


def backend_tls(address, mode, name, more='client_info = "proxy";'):
    return (f'address = ["{address}"]; {more} tls = {{ mode = "{mode}"; verify = "file"; '
            f'ca_file = "{RUN}/ca.pem"; name = "{name}"; }};')


def pinned(certificate):
    """SHA-256 of the certificate's public key."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True,
                         stdout=subprocess.PIPE).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         stdout=subprocess.PIPE).stdout
    return hashlib.sha256(der).digest()


def backend_pinned(pin):
    return (f'address = ["127.0.0.1:10993"]; client_info = "proxy"; '
            f'tls = {{ mode = "implicit"; verify = "pin"; pin = ["{pin}"]; }};')


def test_cyrus_on_another_host_is_logged_in_to(host, edge):
    """It has no PROXY protocol: IMAP ID says who the client is, which cannot be verified."""
    host("cyrus")
    told = 'client_info = "id"; accept = ["unverified-client-info"];'
    door = edge("alpha", "imap",
                backend_tls(f"{ADDRESS['cyrus']}:993", "implicit", "mail.alpha.test", told))
    session = imap(door.address, door.tls_port)
    session.login("erin", password("cyrus", "erin"))
    session.append("INBOX", None, None, letter(STRANGER, "erin@cyrus.test").as_bytes())
    assert session.select("INBOX")[1] == [b"1"]
    session.logout()
    record = door.record()
    assert (record["user"], record["seal"], record["outcome"]) == ("erin", "sealed", "ok")


def test_dovecot_behind_implicit_tls(host, edge):
    log = Log(host("stock"), "dovecot.log")
    door = edge("stock", "imap", backend_tls("127.0.0.1:10993", "implicit", "mail.alpha.test"))
    session = imap(door.address, door.tls_port)
    session.login("dora", password("stock", "dora"))
    session.logout()
    assert f"rip={CLIENT}" in log.wait(r"Login: user=<dora>.*TLS")[0]
    assert door.record()["outcome"] == "ok"


def test_dovecot_behind_tls_of_another_name_is_not_used(host, edge):
    log = Log(host("stock"), "dovecot.log")
    door = edge("stock", "imap", backend_tls("127.0.0.1:10993", "implicit", "mail.beta.test"))
    with pytest.raises((imaplib.IMAP4.error, imaplib.IMAP4.abort), match="BYE|UNAVAILABLE"):
        imap(door.address, door.tls_port).login("dora", password("stock", "dora"))
    assert door.record()["outcome"] == "backend-unsealed"
    assert "Login: " not in log.text()


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_dovecot_behind_a_pin(host, edge, form):
    host("stock")
    key = pinned(f"{RUN}/alpha/tls.pem")  # its servers have a copy
    pin = key.hex() if form == "hex" else base64.b64encode(key).decode()
    door = edge("stock", "imap", backend_pinned(f"sha256:{pin}"))
    session = imap(door.address, door.tls_port)
    session.login("dora", password("stock", "dora"))
    session.logout()
    assert door.record()["outcome"] == "ok"


def test_dovecot_behind_the_pin_of_another_key_is_not_used(host, edge):
    log = Log(host("stock"), "dovecot.log")
    door = edge("stock", "imap", backend_pinned(f"sha256:{pinned(RUN + '/ca.pem').hex()}"))
    with pytest.raises((imaplib.IMAP4.error, imaplib.IMAP4.abort), match="BYE|UNAVAILABLE"):
        imap(door.address, door.tls_port).login("dora", password("stock", "dora"))
    assert door.record()["outcome"] == "backend-unsealed"
    assert "Login: " not in log.text()


def test_postfix_behind_starttls(host, edge):
    log = Log(host("stock"), "mail.log")
    door = edge("stock", "smtp", backend_tls("127.0.0.1:10027", "starttls", "mx.alpha.test"))
    _, record = deliver(door, "dora@stock.test")
    assert record["queue"]
    line = log.wait(rf"disconnect from \S*\[{CLIENT}\] .*data=1.*")[0]
    assert "starttls=1" in line


@pytest.mark.parametrize("server,port,name", [
    ("stock", 10027, "mx.beta.test"),   # its certificate has another name
    ("stock", 10025, "mx.alpha.test"),  # its certificate is not of this CA
    ("exim", 10025, "mx.alpha.test"),   # offers no STARTTLS
])
def test_mta_that_cannot_be_sealed_is_not_used(host, edge, server, port, name):
    log = Log(host(server), {"stock": "mail.log", "exim": "exim/mainlog"}[server])
    door = edge(server, "smtp", backend_tls(f"127.0.0.1:{port}", "starttls", name))
    with smtp(door.address, door.port) as session:
        assert session.ehlo()[0] in (421, 451)
    assert door.record()["outcome"] == "backend-unsealed"
    assert not re.search("mail=|client=|<=", log.text())
