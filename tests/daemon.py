"""The built binary on ports of its own, with its log read as events."""
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("MAILSEAL", os.path.join(ROOT, "build", "mailseal"))


COMPACT = os.environ.get("MAILSEAL_TEST_COMPACT") == "1"

GIVEN = set()


def free_ports(count):
    """Ports that nobody listens on, each given once: who has one need not listen at once."""
    socks, ports = [], []
    while len(ports) < count:
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        socks.append(sock)
        port = sock.getsockname()[1]
        if port not in GIVEN:
            GIVEN.add(port)
            ports.append(port)
    for sock in socks:
        sock.close()
    return ports


def top_level(config, name):
    """Where the group of that name opens its brace at the top of a configuration; -1: nowhere."""
    for found in re.finditer(r"\b%s\s*=\s*\{" % name, config):
        before = re.sub(r'"[^"]*"|#[^\n]*|//[^\n]*', "", config[:found.start()])
        if all(before.count(a) == before.count(b) for a, b in ("{}", "()", "[]")):
            return found.end()
    return -1


def compacted(config):
    """With MAILSEAL_TEST_COMPACT=1 every daemon of the tests has compact sessions, unless its
    configuration says something about them itself."""
    if not COMPACT or re.search(r"\bcompact\s*=", config):
        return config
    at = top_level(config, "tls")
    if at < 0:
        return "tls = { compact = true; };\n" + config
    return config[:at] + " compact = true;" + config[at:]


def make_certificate(folder, name="mx", key_type=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                     host="mail.example.org", other=()):
    chain, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    names = "subjectAltName=" + ",".join("DNS:" + name for name in (host, *other))
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *key_type, "-keyout", key,
                    "-out", chain, "-days", "30", "-subj", "/CN=" + host, "-addext", names],
                   check=True, capture_output=True)
    return chain, key


def parse_logfmt(line):
    """key=value pairs of a line; values may be quoted."""
    fields = {}
    try:
        words = shlex.split(line)
    except ValueError:
        return fields
    for word in words:
        key, sep, value = word.partition("=")
        if sep:
            fields[key] = value
    return fields


def parse_line(line):
    """An event, in either format of the log."""
    return json.loads(line) if line.startswith("{") else parse_logfmt(line)


def memory_kib(pid, name):
    """What /proc calls so: VmRSS, VmHWM, RssAnon."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(l.split()[1]) for l in status if l.startswith(name))


def anonymous_kib(pid):
    """Memory of a process that is its own."""
    return memory_kib(pid, "RssAnon")


def wait_until(is_so, timeout=30):
    """For what no event tells. False: it did not come to that."""
    deadline = time.monotonic() + timeout
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Daemon:
    """mailseal run, until close(). events grows as the log does."""

    def __init__(self, folder, config, env=None, wrap=list, **process):
        """wrap: what becomes of the command; process: more for Popen."""
        self.folder = str(folder)
        self.config = os.path.join(self.folder, "mailseal.conf")
        self.write(config)
        self.changed = threading.Condition()
        self.start(env, wrap, **process)

    def start(self, env=None, wrap=list, **process):
        """Also once more, with what it left; the log begins anew."""
        self.events, self.text = [], []
        self.process = subprocess.Popen(wrap([BINARY, "run", "-c", self.config]),
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})}, **process)
        threading.Thread(target=self.read_log, daemon=True).start()

    def write(self, config):
        head = (f'state_dir = "{self.folder}/state"; run_dir = "{self.folder}/run";\n'
                f'hostname = "mail.example.org";\n')
        if "witness_every" not in config:
            head += 'witness_every = "0";\n'  # its visits are tests/test_truth.py's
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(head + compacted(config))

    def read_log(self):
        for raw in self.process.stderr:
            line = raw.decode(errors="replace")
            with self.changed:
                self.text.append(line)
                self.events.append(parse_line(line))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait(self, event, timeout=30, after=0, **fields):
        """The first event (after that many events) with this text and these fields."""
        def find():
            for e in self.events[after:]:
                if e.get("event") == event and all(e.get(k) == v for k, v in fields.items()):
                    return e
            return None
        with self.changed:
            if not self.changed.wait_for(find, timeout):
                raise AssertionError(f"no {event!r} {fields} in the log:\n" + "".join(self.text[-20:]))
            return find()

    def ready(self):
        self.wait("ready")
        return self

    def ctl(self, *words):
        return subprocess.run([BINARY, "ctl", "-s", f"{self.folder}/run/ctl.sock", *words],
                              capture_output=True, text=True, timeout=30)

    def status(self):
        return json.loads(self.ctl("--json", "status").stdout)

    def children(self):
        """Process ids by role, read from /proc."""
        found = {}
        pid = self.process.pid
        for child in open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8").read().split():
            try:
                name = open(f"/proc/{child}/cmdline", "rb").read().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            if len(name) > 2:  # else it has none yet, or no longer
                found.setdefault(name[2].decode(), []).append(int(child))
        return found

    def footprint(self):
        """What the children hold together: (resident KiB, descriptors)."""
        kib = descriptors = 0
        for pid in sum(self.children().values(), []):
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                kib += next(int(l.split()[1]) for l in status if l.startswith("VmRSS"))
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        return kib, descriptors

    def settle(self, timeout=30):
        """Waits until no session is open any more; True if it came to that."""
        return wait_until(lambda: not self.status()["sums"]["open"], timeout)

    def told(self, timeout=30):
        """Waits for the record of every session that has ended."""
        sums = self.status()["sums"]
        with self.changed:
            return self.changed.wait_for(
                lambda: sum(e.get("event") == "session ended" for e in self.events)
                >= sums["sessions"] - sums["open"], timeout)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(20)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
        return self.process.returncode


def client_context(**limits):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def memory_tls(sock, context=None):
    """TLS over memory: (session, what came, what is to be sent). The client's Finished, last of
    the handshake, waits in the latter, so that bytes can go in one segment with it."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = (context or client_context()).wrap_bio(into, out, server_hostname="mail.example.org")
    while True:
        try:
            tls.do_handshake()
            return tls, into, out
        except ssl.SSLWantReadError:
            sock.sendall(out.read())
            part = sock.recv(65536)
            if not part:
                raise ConnectionError("no end of the handshake") from None
            into.write(part)


class Talk:
    """A client that says bytes and reads lines."""

    def __init__(self, port, timeout=30, source=None):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout,
                                             (source, 0) if source else None)
        self.rest = b""

    def starttls(self, **limits):
        self.sock = client_context(**limits).wrap_socket(self.sock,
                                                         server_hostname="mail.example.org")
        return self

    def say(self, data):
        self.sock.sendall(data)
        return self

    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                got, self.rest = self.rest, b""
                return got
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line + b"\n"

    def reply(self):
        """All lines of an SMTP reply."""
        text = b""
        while line := self.line():
            text += line
            if re.match(rb"\d{3} ", line):
                break
        return text

    def until(self, start):
        """Lines up to and with the one that starts so."""
        text = b""
        while line := self.line():
            text += line
            if line.startswith(start):
                break
        return text

    def is_closed(self):
        try:
            while self.sock.recv(65536):
                pass
        except (ConnectionResetError, ssl.SSLError):
            pass
        return True

    def close(self):
        self.sock.close()
