"""What an idle session takes of us, in memory of our own over all processes: before and after a login,
compact and not, in front of a backend in clear and in TLS. IDLE_SESSIONS=2000 for another number."""
import contextlib
import os
import resource
import selectors
import socket
import ssl
import threading
import time

import pytest

from daemon import Daemon, Talk, free_ports, make_certificate, wait_until

pytestmark = pytest.mark.speed  # what is at rest a busy machine does not show

COUNT = int(os.environ.get("IDLE_SESSIONS", "220"))
# What workers set up at their first handshakes is there before.
WARM = 30
# Bytes a session, with a margin for what so few of them do not share evenly: 1,500 were measured, and
# 400 more with TLS to the backend; before the login 2,700.
COMPACT_IN, COMPACT_BEFORE = 3 * 1024, 5 * 1024
# OpenSSL's object is 13.5 KB with OpenSSL 3.0 and 28 KB with 3.5.
OBJECT = 14 * 1024 if ssl.OPENSSL_VERSION_INFO < (3, 2) else 29 * 1024
# That of the side to the backend has the backend's certificate too, in some hundred small pieces.
CERTIFICATE = 6 * 1024


class Server:
    """An IMAP server of one thread, which says OK to everything; in TLS if it has a certificate."""

    def __init__(self, certificate=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if certificate:
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.ready = selectors.DefaultSelector()
        self.ready.register(self.listener, selectors.EVENT_READ)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError, ValueError):
            while True:
                for key, _ in self.ready.select():
                    self.meet(key.fileobj)

    def meet(self, sock):
        if sock is self.listener:
            sock, _ = self.listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                if self.context:
                    sock.settimeout(10)
                    sock = self.context.wrap_socket(sock, server_side=True)
                sock.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
            except OSError:
                sock.close()
                return
            self.ready.register(sock, selectors.EVENT_READ)
            return
        try:
            line = sock.recv(4096)
            if line:
                sock.sendall(line.split()[0] + b" OK done\r\n")
                return
        except OSError:
            pass
        self.ready.unregister(sock)
        sock.close()

    def close(self):
        self.listener.close()


@contextlib.contextmanager
def edge(folder, compact, sealed):
    folder.chmod(0o755)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(folder))
    server = Server((chain, key) if sealed else None)
    to = f'tls = {{ mode = "implicit"; verify = "file"; ca_file = "{chain}"; name = "mail.example.org"; }};'
    to = to if sealed else ""
    daemon = Daemon(folder, f"""workers = 1; tls = {{ compact = {compact}; }};
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ exempt = ["127.0.0.0/8"]; }};
backend = {{ imap = {{ address = ["127.0.0.1:{server.port}"]; client_info = "none";
                     accept = ["no-client-info"]; {to} }}; }};
edge = {{ imap = {{ protocol = "imap"; listen = ["127.0.0.1:{plain}"];
                  listen_tls = ["127.0.0.1:{tls}"]; backend = "imap"; }}; }};""").ready()
    try:
        yield daemon, plain, tls
    finally:
        daemon.close()
        server.close()


def memory(daemon):
    """Bytes of all processes: PSS of heaps, stacks and memfds, whatever is written to included. Not of
    pages of files (program, libraries): no session takes any, and of those our part grows when
    another mailseal ends that had them too."""
    total = 0
    for pid in [daemon.process.pid, *sum(daemon.children().values(), [])]:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            parts = [int(l.split()[1]) for l in lines if l.startswith(("Pss_Anon:", "Pss_Shmem:"))]
        assert len(parts) == 2, "this kernel (before Linux 5.4) does not tell them apart"
        total += sum(parts) * 1024
    return total


def session(port, is_implicit, logs_in):
    talk = Talk(port)
    if is_implicit:
        talk.starttls()
        assert talk.line().startswith(b"* OK")
    else:
        talk.line()
        assert b"OK" in talk.say(b"a STARTTLS\r\n").line()
        talk.starttls()
    talk.say(b"a LOGIN alice@example.com secret\r\n" if logs_in else b"a NOOP\r\n")
    assert b"OK" in talk.line()
    return talk


def at_rest(daemon):
    """Memory when it has not changed for as long as a worker waits before it tidies up, and longer."""
    seen = [memory(daemon), time.monotonic()]

    def is_still():
        now = memory(daemon)
        if abs(now - seen[0]) > 64 * 1024:
            seen[:] = now, time.monotonic()
        return time.monotonic() - seen[1] > 1.5

    assert wait_until(is_still, 60)
    return seen[0]


def measure(daemon, port, is_implicit, logs_in):
    """Bytes a session."""
    for _ in range(WARM):
        session(port, is_implicit, logs_in).close()
    assert daemon.settle()
    before = at_rest(daemon)
    held = [session(port, is_implicit, logs_in) for _ in range(COUNT)]
    each = (at_rest(daemon) - before) / COUNT
    for talk in held:
        talk.close()
    return each


@pytest.fixture
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# before a login, in TLS; after it; the same by STARTTLS
KINDS = {"before": (True, False), "in": (True, True), "starttls": (False, True)}
# kind, compact, TLS to the backend, bytes at most
CASES = [("in", True, False, COMPACT_IN), ("in", True, True, COMPACT_IN),
         ("starttls", True, False, COMPACT_IN), ("before", True, False, COMPACT_BEFORE),
         ("in", False, True, 2 * OBJECT + CERTIFICATE + COMPACT_IN),
         ("in", False, False, OBJECT + COMPACT_IN), ("starttls", False, False, OBJECT + COMPACT_IN),
         ("before", False, False, OBJECT + COMPACT_BEFORE)]


@pytest.mark.parametrize("kind,compact,sealed,most", CASES)
def test_idle_session_is_small(tmp_path, descriptors, kind, compact, sealed, most):
    is_implicit, logs_in = KINDS[kind]
    with edge(tmp_path, str(compact).lower(), sealed) as (daemon, plain, tls):
        each = measure(daemon, tls if is_implicit else plain, is_implicit, logs_in)
    print(f"idle session, {kind}, compact {compact}, TLS to the backend {sealed}: {each:.0f} bytes")
    assert each < most
