"""Mail clients as people use them, against the lab's Postfix and Dovecot behind mailseal."""
import email
import hashlib
import os

import pytest

from labtools import (ADDRESS, ALICE, BOB, RUN, Log, inside, letter, password, pop3,
                      received_by_bob, smtp)

FOLDER = f"{RUN}/client/files"  # the client's host has it as /lab/run/client/files
HERE = "/lab/run/client/files"

CONFIGS = {
    "msmtp": """
        defaults
        auth plain
        tls on
        tls_trust_file /etc/ssl/certs/ca-certificates.crt
        host mail.alpha.test
        user {alice}
        passwordeval cat {here}/alice
        from {alice}
        account starttls
        tls_starttls on
        port 587
        account implicit
        tls_starttls off
        port 465
    """,
    "mutt": """
        set from={alice} realname=Alice use_envelope_from=yes copy=no
        set smtp_url=smtp://{alice}@mail.alpha.test:587/
        set smtp_pass=`cat {here}/alice`
        set ssl_starttls=yes ssl_force_tls=yes
        set ssl_ca_certificates_file=/etc/ssl/certs/ca-certificates.crt
    """,
    "curl-alice": 'user = "{alice}:{alice_password}"',
    "curl-bob": 'user = "{bob}:{bob_password}"',
    "fetchmail-imaps": """
        poll mail.beta.test proto imap user {bob} password {bob_password}
        ssl sslcertck sslproto tls1.2+ keep fetchall no rewrite
        mda "cat >>{here}/out/fetchmail-imaps/box"
    """,
    "fetchmail-pop3-stls": """
        poll mail.beta.test proto pop3 user {bob} password {bob_password}
        sslcertck sslproto tls1.2+ keep fetchall no rewrite
        mda "cat >>{here}/out/fetchmail-pop3-stls/box"
    """,
    "mbsync": """
        IMAPStore far-imaps
        Host mail.beta.test
        User {bob}
        PassCmd "cat {here}/bob"
        SSLType IMAPS
        CertificateFile /etc/ssl/certs/ca-certificates.crt

        IMAPStore far-starttls
        Host mail.beta.test
        User {bob}
        PassCmd "cat {here}/bob"
        SSLType STARTTLS
        CertificateFile /etc/ssl/certs/ca-certificates.crt

        MaildirStore near-imaps
        Inbox {here}/out/mbsync-imaps/box/

        MaildirStore near-starttls
        Inbox {here}/out/mbsync-starttls/box/

        Channel imaps
        Far :far-imaps:
        Near :near-imaps:
        Sync Pull
        SyncState *

        Channel starttls
        Far :far-starttls:
        Near :near-starttls:
        Sync Pull
        SyncState *
    """,
}


@pytest.fixture(scope="module")
def files(lab_up):
    """What the clients read: passwords and settings."""
    os.makedirs(FOLDER, exist_ok=True)
    names = {"alice": ALICE, "bob": BOB, "here": HERE, "alice_password": password("alpha", ALICE),
             "bob_password": password("beta", BOB)}

    def write(name, text):
        with open(f"{FOLDER}/{name}", "w", encoding="utf-8", opener=lambda path, flags:
                  os.open(path, flags, 0o600)) as file:
            file.write(text)
    write("alice", names["alice_password"])
    write("bob", names["bob_password"])
    for name, text in CONFIGS.items():
        write(name, "\n".join(line.strip() for line in text.format(**names).splitlines()) + "\n")
    return write


SENDERS = {
    "msmtp-587": f"msmtp -C {HERE}/msmtp -a starttls {BOB}",
    "msmtp-465": f"msmtp -C {HERE}/msmtp -a implicit {BOB}",
    "mutt-587": f"mutt -F {HERE}/mutt -H -",
    "curl-465": f"curl -sS -K {HERE}/curl-alice --url smtps://mail.alpha.test --mail-from {ALICE} "
                f"--mail-rcpt {BOB} --upload-file -",
    "swaks-587": f"swaks --server mail.alpha.test:587 --tls --tls-verify --tls-ca-path "
                 f"/etc/ssl/certs/ca-certificates.crt --auth PLAIN --auth-user {ALICE} "
                 f"--auth-password @PASSWORD@ --from {ALICE} --to {BOB} --data -",
}


@pytest.mark.parametrize("client", SENDERS)
def test_client_sends(files, client):
    log = Log("alpha", "mailseal.log")
    message = letter(ALICE, BOB)
    argv = SENDERS[client].replace("@PASSWORD@", password("alpha", ALICE)).split()
    inside("client", *argv, input=message.as_string())
    record = log.record(edge="submission", messages="1")
    assert (record["user"], record["seal"], record["outcome"]) == (ALICE, "sealed", "ok")
    assert message["Subject"].encode() in received_by_bob(message["Subject"])


@pytest.fixture(scope="module")
def waiting(files):
    """The subject of a message in bob's mailbox."""
    message = letter(ALICE, BOB)
    with smtp(ADDRESS["beta"], 25) as session:
        session.send_message(message)
    received_by_bob(message["Subject"])
    return message["Subject"]


FETCHERS = {
    "fetchmail-imaps": f"fetchmail -f {HERE}/fetchmail-imaps --nosyslog --pidfile /tmp/fetchmail",
    "fetchmail-pop3-stls": f"fetchmail -f {HERE}/fetchmail-pop3-stls --nosyslog "
                           f"--pidfile /tmp/fetchmail",
    "mbsync-imaps": f"mbsync -c {HERE}/mbsync imaps",
    "mbsync-starttls": f"mbsync -c {HERE}/mbsync starttls",
}


@pytest.mark.parametrize("client", FETCHERS)
def test_client_fetches(waiting, client):
    log = Log("beta", "mailseal.log")
    os.makedirs(f"{FOLDER}/out/{client}")
    inside("client", *FETCHERS[client].split())
    assert waiting in inside("client", "grep", "-rh", "^Subject:", f"{HERE}/out/{client}")
    record = log.record(user=BOB, outcome="ok")
    assert record["seal"] == "sealed"
    assert record["edge"] == ("pop3" if "pop3" in client else "imap")


def test_curl_fetches_by_pop3s(waiting):
    curl = ["curl", "-sS", "-K", f"{HERE}/curl-bob"]
    numbers = [line.split()[0] for line in
               inside("client", *curl, "pop3s://mail.beta.test/").splitlines() if line]
    assert any(waiting in inside("client", *curl, f"pop3s://mail.beta.test/{number}")
               for number in reversed(numbers))


def test_python_fetches_by_pop3(waiting):
    session = pop3(ADDRESS["beta"])
    session.user(BOB)
    session.pass_(password("beta", BOB))
    count = session.stat()[0]
    texts = [b"\n".join(session.top(number, 0)[1]) for number in range(1, count + 1)]
    session.quit()
    assert any(waiting.encode() in text for text in texts)


def test_ten_mebibytes_arrive_whole(lab_up):
    message = letter(ALICE, BOB)
    content = os.urandom(10 << 20)
    message.add_attachment(content, maintype="application", subtype="octet-stream")
    with smtp(ADDRESS["alpha"], 587) as session:
        session.login(ALICE, password("alpha", ALICE))
        session.send_message(message)
    data = received_by_bob(message["Subject"], seconds=120)
    arrived = email.message_from_bytes(data).get_payload()[1].get_payload(decode=True)
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(content).digest()
