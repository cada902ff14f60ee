"""Sessions of clients at all four edges, and a second daemon that sees them on the loopback."""
import base64
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
from types import SimpleNamespace

from daemon import Daemon, client_context, free_ports, wait_until
from edges import EDGES, all_edges
from tls_clients import OPENSSL

PASSWORD = "Tr0ub4dor-and-3"
# The ports of EDGES: in clear first, or in TLS from the first byte.
PLAIN, IMPLICIT = 0, 1

# By a name: which edge, and what s_client is to be told beside its place in OPENSSL.
STARTTLS = {
    "mx": ("mx", ["-starttls", "smtp"], b"EHLO mail.example.com\r\nQUIT\r\n"),
    "submission": ("submission", ["-starttls", "smtp"], b"EHLO mail.example.com\r\nQUIT\r\n"),
    "imap": ("imap", ["-starttls", "imap"], b"a LOGOUT\r\n"),
    "pop3": ("pop3", ["-starttls", "pop3"], b"QUIT\r\n"),
}
GOODBYES = {"submission": b"EHLO mail.example.com\r\nQUIT\r\n", "imap": b"a LOGOUT\r\n",
            "pop3": b"QUIT\r\n"}


def encoded(*words):
    return base64.b64encode("\0".join(words).encode())


# Talks in clear: edge, and what is said line by line; each is answered before the next.
TALKS = {
    "mail in clear": ("mx", [b"EHLO sender.example", b"MAIL FROM:<a@sender.example>",
                             b"RCPT TO:<b@example.org>", b"DATA", b"Subject: x\r\n\r\nhello\r\n.",
                             b"QUIT"]),
    "HELO": ("mx", [b"HELO old.example", b"MAIL FROM:<a@old.example>", b"QUIT"]),
    "STARTTLS offered and not used": ("submission", [b"EHLO client.example", b"NOOP", b"QUIT"]),
    "AUTH PLAIN at once": ("submission", [b"EHLO phone.example",
                                          b"AUTH PLAIN " + encoded("", "anna", PASSWORD),
                                          b"QUIT"]),
    "AUTH LOGIN named": ("submission", [b"EHLO phone.example", b"AUTH LOGIN", b"QUIT"]),
    "AUTH at the MX": ("mx", [b"EHLO phone.example", b"AUTH PLAIN " + encoded("", "otto", PASSWORD),
                              b"QUIT"]),
    "LOGIN": ("imap", [b"a LOGIN bert " + PASSWORD.encode(), b"b LOGOUT"]),
    "LOGIN in quotes": ("imap", [b'a LOGIN "bert@example.org" "' + PASSWORD.encode() + b'"',
                                 b"b LOGOUT"]),
    "LOGIN with a literal": ("imap", [b"a LOGIN bert {15+}\r\n" + PASSWORD.encode(), b"b LOGOUT"]),
    "AUTHENTICATE with its response": ("imap", [b"a AUTHENTICATE PLAIN "
                                                + encoded("", "carla", PASSWORD), b"b LOGOUT"]),
    "AUTHENTICATE named": ("imap", [b"a AUTHENTICATE CRAM-MD5", b"b LOGOUT"]),
    "ID": ("imap", [b'a ID ("name" "Mail" "version" "7")', b"b LOGOUT"]),
    "USER and PASS": ("pop3", [b"USER dora", b"PASS " + PASSWORD.encode(), b"QUIT"]),
    "AUTH of POP3": ("pop3", [b"AUTH PLAIN " + encoded("", "emil", PASSWORD), b"QUIT"]),
    "APOP": ("pop3", [b"APOP fritz 0123456789abcdef0123456789abcdef", b"QUIT"]),
}


class Clients:
    """Each session comes from an address of its own: by it the rows of both are laid side by
    side."""

    def __init__(self, ports):
        self.ports, self.names = ports, {}

    def address(self, name):
        address = f"127.1.{len(self.names) // 250}.{len(self.names) % 250 + 1}"
        self.names[address] = name
        return address

    def handshake(self, name, edge, kind, options=(), goodbye=b""):
        command = [*OPENSSL[name](self.ports[edge][kind]), "-quiet", "-bind",
                   self.address(f"{name} at {edge}, {'STARTTLS' if options else 'implicit'}") + ":0",
                   *options]
        subprocess.run(command, input=goodbye, timeout=60, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "OPENSSL_CONF": os.devnull})

    def talk(self, name):
        edge, lines = TALKS[name]
        with socket.create_connection(("127.0.0.1", self.ports[edge][PLAIN]), timeout=30,
                                      source_address=(self.address(name), 0)) as sock:
            answers = sock.makefile("rb")
            answers.readline()
            for line in lines:
                sock.sendall(line + b"\r\n")
                answer_read(answers, line)
            while answers.readline():
                pass

    def login(self):
        """In TLS from the first byte: who it is only the door knows."""
        with socket.create_connection(("127.0.0.1", self.ports["imap"][IMPLICIT]), timeout=30,
                                      source_address=(self.address("a login in TLS"), 0)) as raw, \
                client_context().wrap_socket(raw) as sock:
            answers = sock.makefile("rb")
            for line in (b'a ID ("name" "Mail")', b"b LOGIN anna secret", b"c LOGOUT"):
                sock.sendall(line + b"\r\n")
                answer_read(answers, line)

    def all(self):
        self.login()
        for name in OPENSSL:
            for edge, goodbye in GOODBYES.items():
                self.handshake(name, edge, IMPLICIT, goodbye=goodbye)
        for name in ("openssl", "openssl 1.2", "openssl 1.3", "openssl 1.0", "openssl 1.2 CBC",
                     "openssl P-521"):
            for edge, options, goodbye in STARTTLS.values():
                self.handshake(name, edge, PLAIN, options, goodbye)
        for name in TALKS:
            self.talk(name)


def answer_read(answers, line):
    """The last line of an answer, in any of the three languages."""
    tag = line.split(b" ")[0] + b" "
    while reply := answers.readline():
        is_smtp = reply[:3].isdigit()
        if is_smtp and reply[3:4] != b"-" or reply.startswith((tag, b"+OK", b"-ERR", b"+ ")):
            return


def mirror_config(ports, dashboard):
    lines = ['workers = 1; ledger = { keep = "all"; };',
             f'dashboard = {{ listen = "127.0.0.1:{dashboard}"; }};',
             'watch = { interfaces = ["lo"]; internal = ["192.0.2.0/24"]; };',
             "mirror = {"]
    for name, protocol, _, has_tls in EDGES:
        places = [f'"127.0.0.1:{port}"' for port in ports[name][:2 if has_tls else 1]]
        lines.append(f'  {name} = {{ protocol = "{protocol}"; server = [{", ".join(places)}]; }};')
    return "\n".join([*lines, "};"])


@contextlib.contextmanager
def watching(config, **process):
    """A daemon that watches, in a folder that its ledger gets into. process: as of Daemon."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-"))
    folder.chmod(0o755)
    try:
        daemon = Daemon(folder, config, **process)
        try:
            daemon.ready()
            assert wait_until(lambda: daemon.status()["ledger"]["open"])
            yield SimpleNamespace(daemon=daemon, folder=str(folder))
        finally:
            daemon.close()
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def door_and_mirror():
    """Both, when every session has been at both."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-"))
    dashboard, = free_ports(1)
    try:
        with all_edges(folder, 1, "connections_per_address = 2000; errors_max = 10000;",
                       'ledger = { keep = "all"; };') as door, \
                watching(mirror_config(door.ports, dashboard)) as mirror:
            mirror.daemon.wait("watching")
            clients = Clients(door.ports)
            clients.all()
            yield SimpleNamespace(door=door, mirror=mirror, names=clients.names,
                                  dashboard=dashboard)
    finally:
        shutil.rmtree(folder)


class Wire:
    """A pair of interfaces: what is sent into the far one arrives at the near one, which a daemon
    may watch. Nobody has an address on it."""

    def __init__(self, name):
        self.near, self.far = name, name + "x"
        self.sock = None

    def plug(self):
        subprocess.run(["ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far],
                       check=True)
        for interface in (self.near, self.far):
            subprocess.run(["ip", "link", "set", interface, "up"], check=True)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.sock.bind((self.far, 0))

    def unplug(self):
        if self.sock:
            self.sock.close()
            self.sock = None
        subprocess.run(["ip", "link", "del", self.near], check=False, capture_output=True)

    def send(self, capture, to_near=False):
        """to_near: for the near interface itself; else for somebody else, as a mirror shows it."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as near:
            near.bind((self.near, 0))
            target = near.getsockname()[4] if to_near else b"\2\0\0\0\0\x09"
        for frame in capture.frames:
            self.sock.send(target + frame[6:])
