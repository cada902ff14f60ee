"""Many clients at once, mixed: no error, no byte changed, memory flat after the first seconds.
LOAD_SECONDS and LOAD_CLIENTS give the long form (make soak)."""
import hashlib
import imaplib
import os
import poplib
import random
import smtplib
import threading
import time

import pytest

from daemon import anonymous_kib, client_context

SECONDS = float(os.environ.get("LOAD_SECONDS", "12"))
CLIENTS = int(os.environ.get("LOAD_CLIENTS", "60"))
SETTLE = SECONDS / 6 if SECONDS < 60 else 10
BIG = os.urandom(1 << 16).hex().encode() * 80  # 10 MiB, one line
BIG_LINES = b"".join(BIG[i:i + 76] + b"\r\n" for i in range(0, len(BIG), 76))  # 78 bytes each


def imap_session(stage, dice):
    client = imaplib.IMAP4_SSL("127.0.0.1", stage.ports["imap"][1], ssl_context=client_context())
    client.login("alice", "secret")
    text = BIG_LINES if dice.random() < 0.05 else BIG_LINES[:dice.randrange(1, 50000)]
    client.append("INBOX", None, None, text)
    client.state = "SELECTED"
    _, data = client.fetch("1", "(BODY[])")
    # imaplib makes every line end in CRLF on the way in
    assert hashlib.sha256(data[0][1].rstrip()).digest() == hashlib.sha256(text.rstrip()).digest()
    client.logout()


def submission_session(stage, dice):
    client = smtplib.SMTP("127.0.0.1", stage.ports["submission"][0])
    client.starttls(context=client_context())
    client.login("alice", "secret")
    name = f"<{dice.random()}@load>".encode()
    text = BIG_LINES if dice.random() < 0.05 else BIG_LINES[:7800]
    mail = b"Message-ID: " + name + b"\r\n\r\n" + text
    client.sendmail("a@example.org", ["b@example.net"], mail)
    client.quit()
    got = next(m for s in reversed(stage.smtp.sessions) for m in s.get("messages", ())
               if name in m[:2000])
    assert got.endswith(mail), "the message was changed"
    for session in stage.smtp.sessions[:-500]:  # what was looked at need not be kept
        session.get("messages", []).clear()


def pop3_session(stage, dice):
    client = poplib.POP3_SSL("127.0.0.1", stage.ports["pop3"][1], context=client_context())
    client.user("alice")
    client.pass_("secret")
    assert client.stat() == (0, 0)
    client.quit()


def worker_memory(daemon):
    return sum(anonymous_kib(pid) for pid in daemon.children()["worker"])


@pytest.mark.speed
def test_mixed_load_changes_no_byte_and_memory_is_flat(stage):
    errors, done, stop = [], [0], threading.Event()

    def run(number):
        dice = random.Random(number)
        while not stop.is_set():
            kind = dice.choice([imap_session, submission_session, pop3_session, pop3_session])
            try:
                kind(stage, dice)
                done[0] += 1
            except Exception as error:  # every kind of failure counts, with its name
                errors.append(f"{kind.__name__}: {error!r}")

    threads = [threading.Thread(target=run, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    stop.wait(SETTLE)
    settled, most, end = worker_memory(stage.daemon), 0, time.monotonic() + SECONDS - SETTLE
    while time.monotonic() < end:
        most = max(most, worker_memory(stage.daemon))
        stop.wait(0.5)
    stop.set()
    for thread in threads:
        thread.join(60)
    print(f"{CLIENTS} clients, {SECONDS:.0f} s: {done[0]} sessions, {len(errors)} errors, "
          f"workers {settled} KiB after {SETTLE:.0f} s, {most} KiB at most")
    assert not errors, errors[:5]
    assert done[0] > CLIENTS
    # Each session under way may hold a few hundred KiB of a big message.
    assert most < settled + 16 * 1024 + CLIENTS * 600
