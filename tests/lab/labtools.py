"""What tests of the lab share: its commands and logs, Python inside a host's network, and edges in
front of any server of it, on ports of their own."""
import ctypes
import imaplib
import itertools
import os
import poplib
import re
import smtplib
import ssl
import subprocess
import threading
import time
import uuid
from contextlib import contextmanager
from email.message import EmailMessage

from daemon import BINARY, ROOT, Daemon, parse_logfmt

LAB = os.path.join(ROOT, "lab")
# lab/run, or where others than root get to it.
RUN = subprocess.run(["bash", "-c", ". lab/lib.sh && echo $RUN"], cwd=ROOT, text=True, check=True,
                     stdout=subprocess.PIPE).stdout.strip()
ADDRESS = {"alpha": "192.0.2.11", "beta": "192.0.2.12", "legacy": "192.0.2.13",
           "stock": "192.0.2.21", "exim": "192.0.2.22", "opensmtpd": "192.0.2.23",
           "cyrus": "192.0.2.24", "sender": "192.0.2.25", "client": "192.0.2.100"}
ALICE, BOB = "alice@alpha.test", "bob@beta.test"
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
ports = itertools.count(2000)


def lab(command, *args, **kwargs):
    kwargs.setdefault("input", "")
    return subprocess.run([os.path.join(LAB, command), *args], text=True, timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)


def inside(host, *argv, **kwargs):
    """The output of a command that succeeds inside a host of the lab."""
    done = lab("exec", host, *argv, **kwargs)
    assert done.returncode == 0, f"{argv[0]} in {host}: {done.stdout}"
    return done.stdout


def until(check, seconds=30):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)
    return answer


def password(host, user):
    with open(f"{RUN}/{host}/password-{user.split('@')[0]}", encoding="ascii") as file:
        return file.read().strip()


def netns(host):
    """The name of the host's namespace."""
    with open(f"{RUN}/{host}/netns", encoding="ascii") as file:
        return file.read().strip()


def setns(descriptor):
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def network(host):
    """Sockets of this thread are made inside a host's network; they stay there."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        with open(f"/run/netns/{netns(host)}", "rb") as there:
            setns(there.fileno())
        try:
            yield
        finally:
            setns(home.fileno())


def inside_network(host, work):
    """Sockets that work makes are made in the network of a Host (inside.py); they stay there."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{host.pid}/ns/net", "rb") as there:
        setns(there.fileno())
        try:
            return work()
        finally:
            setns(home.fileno())


class Log:
    """What a file of a host has said since now."""

    def __init__(self, host, name):
        self.path = f"{RUN}/{host}/log/{name}"
        self.start = os.path.getsize(self.path) if os.path.exists(self.path) else 0

    def text(self):
        if not os.path.exists(self.path):
            return ""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read().decode(errors="replace")

    def until(self, find, what):
        try:
            return until(find)
        except AssertionError:
            text = self.text()[-3000:]
            raise AssertionError(f"no {what} in {self.path}:\n{text}") from None

    def wait(self, pattern):
        return self.until(lambda: re.search(pattern, self.text()), pattern)

    def record(self, **fields):
        """The first session of mailseal that ended with these fields."""
        def find():
            for line in self.text().splitlines():
                record = parse_logfmt(line)
                if record.get("event") == "session ended" and all(
                        record.get(key) == value for key, value in fields.items()):
                    return record
            return None
        return self.until(find, f"record {fields}")


class Edge(Daemon):
    """mailseal inside a host, on a port of its own (and port + 1 with TLS from the first byte), in
    front of one backend."""

    def __init__(self, folder, host, protocol, backend, edge="", rest=""):
        # pylint: disable=super-init-not-called
        self.host, self.address = host, ADDRESS[host]
        self.port, self.tls_port = next(ports), next(ports)
        self.folder = str(folder)
        self.config = os.path.join(self.folder, "mailseal.conf")
        tls = "" if protocol == "smtp" else f'listen_tls = ["*:{self.tls_port}"];'
        self.write(f'user = "nobody"; workers = 1;\n'
                   f'certificate = {{ mx = {{ chain = "{RUN}/alpha/tls.pem"; '
                   f'key = "{RUN}/alpha/tls.key"; }}; }};\n'
                   f'backend = {{ server = {{ {backend} }}; }};\n'
                   f'edge = {{ door = {{ protocol = "{protocol}"; backend = "server";\n'
                   f'  listen = ["*:{self.port}"]; {tls} {edge} }}; }};\n{rest}\n')
        self.events, self.text, self.changed = [], [], threading.Condition()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", netns(host), BINARY, "run", "-c", self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        threading.Thread(target=self.read_log, daemon=True).start()

    def record(self, **fields):
        return self.wait("session ended", **fields)


def behind_proxy(address):
    return f'address = ["{address}"]; client_info = "proxy";'


def trusting():
    """Trusts the lab's CA alone; names are looked at by the real clients."""
    context = ssl.create_default_context(cafile=f"{RUN}/ca.pem")
    context.check_hostname = False
    return context


def smtp(address, port, tls=True, source=None):
    """From the client's host; greeted, and sealed if asked for. The next command is EHLO."""
    with network("client"):
        session = smtplib.SMTP(address, port, local_hostname="client.test", timeout=30,
                               source_address=source and (source, 0))
    if tls:
        session.starttls(context=trusting())
    return session


def imap(address, port=993):
    with network("client"):
        return imaplib.IMAP4_SSL(address, port, ssl_context=trusting(), timeout=30)


def imap_plain(address, port):
    with network("client"):
        return imaplib.IMAP4(address, port, timeout=30)


def pop3(address, port=110):
    with network("client"):
        session = poplib.POP3(address, port, timeout=30)
    session.stls(context=trusting())
    return session


def letter(sender, recipient, subject=None):
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient
    message["Subject"] = subject or f"lab-{uuid.uuid4()}"
    message["Message-ID"] = f"<{uuid.uuid4()}@lab.test>"
    message.set_content("Is this sealed all the way?\n")
    return message


def mailbox(address, user, host, port=993):
    box = imap(address, port)
    box.login(user, password(host, user))
    box.select("INBOX", readonly=True)
    return box


def received_by_bob(subject, seconds=60):
    """Waits for a message in beta's mailbox, seen through mailseal, and returns its bytes."""
    box = mailbox(ADDRESS["beta"], BOB, "beta")

    def find():
        box.noop()
        return box.search(None, "SUBJECT", subject)[1][0].split()
    found = until(find, seconds)
    data = box.fetch(found[0].decode(), "(BODY.PEEK[])")[1][0][1]
    box.logout()
    return data
