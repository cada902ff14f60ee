"""Backends as scripts: small mail servers that expect a PROXY header, remember what they were told,
and misbehave on request. Standard library only."""
import hashlib
import socket
import struct
import threading


PLAIN = b"AGFsaWNlAHNlY3JldA=="  # alice, secret (RFC 4616)


class Line:
    """Reads CRLF lines from a socket."""

    def __init__(self, sock):
        self.file = sock.makefile("rb")

    def read(self):
        line = self.file.readline()
        return line if line.endswith(b"\n") else None

    def exactly(self, count):
        got = self.file.read(count)
        return got if len(got) == count else None


def read_proxy_header(reader):
    """The client's address and the TLVs of a PROXY v2 header, or None."""
    head = reader.exactly(16)
    if head is None or head[:12] != b"\r\n\r\n\0\r\nQUIT\n":
        return None
    length = struct.unpack("!H", head[14:16])[0]
    body = reader.exactly(length)
    if head[12] == 0x20:
        return {"local": True}
    size = 12 if head[13] == 0x11 else 36
    half = (size - 4) // 2
    family = socket.AF_INET if size == 12 else socket.AF_INET6
    told = {"client": socket.inet_ntop(family, body[:half]),
            "port": struct.unpack("!H", body[size - 4:size - 2])[0], "tls": None, "id": None,
            "alpn": None}
    tlvs = body[size:]
    while len(tlvs) >= 3:
        kind, length = tlvs[0], struct.unpack("!H", tlvs[1:3])[0]
        value, tlvs = tlvs[3:3 + length], tlvs[3 + length:]
        if kind == 0x20:
            told["tls"] = value
        if kind == 0x05:
            told["id"] = value.decode()
        if kind == 0x01:
            told["alpn"] = value.decode()
    return told


class Backend:
    """A listening thread; each connection runs serve(reader, sock, told) in a thread of its own."""

    def __init__(self, serve, expects_proxy=True, port=0, path=None, host="127.0.0.1"):
        self.serve = serve
        self.expects_proxy = expects_proxy
        self.sessions = []
        self.asks = []  # the edge's own sessions, for what is offered
        self.changed = threading.Condition()
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen()
        else:
            self.listener = socket.create_server((host, port), backlog=1024)
            self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(sock,), daemon=True).start()

    def run(self, sock):
        session = {"told": None, "lines": []}
        reader = Line(sock)
        with sock:
            try:
                if self.expects_proxy:
                    session["told"] = read_proxy_header(reader)
                    if session["told"] is None:
                        return
                is_ask = session["told"] == {"local": True}
                with self.changed:
                    (self.asks if is_ask else self.sessions).append(session)
                    self.changed.notify_all()
                self.serve(reader, sock, session)
            except (OSError, IndexError, TypeError, ValueError):
                pass  # the client left, or sent what a script has no answer to
            finally:
                session["ended"] = True
                with self.changed:
                    self.changed.notify_all()

    def wait(self, what, timeout=10):
        with self.changed:
            assert self.changed.wait_for(what, timeout), "the backend did not see it in time"

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # else accept() in the thread keeps it listening
        self.listener.close()


def http(reader, sock, session):
    """Answers each request with its line and a hash of its body; echoes behind an Upgrade."""
    while line := reader.read():
        fields = {}
        while (field := reader.read()) not in (b"\r\n", None):
            name, _, value = field.partition(b":")
            fields[name.lower()] = value.strip()
        session["lines"].append(line)
        session["fields"] = fields
        body = reader.exactly(int(fields.get(b"content-length", b"0")))
        if b"upgrade" in fields:
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         b"Connection: Upgrade\r\n\r\n")
            while data := reader.file.read1(65536):
                sock.sendall(data)
            return
        text = line.strip() + b" " + hashlib.sha256(body).hexdigest().encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        if fields.get(b"connection") == b"close":
            return


def echo(reader, sock, session):
    """What came, back."""
    while data := reader.file.read1(65536):
        session["lines"].append(data)
        sock.sendall(data)


def smtp(reader, sock, session, is_lmtp=False):
    """An SMTP server that takes everything; AUTH PLAIN with the password "secret"."""
    sock.sendall(b"220 backend ESMTP\r\n")
    session["messages"] = []
    recipients = []
    while line := reader.read():
        session["lines"].append(line)
        verb = line.split()[0].upper() if line.split() else b""
        if verb in (b"EHLO", b"LHLO"):
            sock.sendall(b"250-backend\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n"
                         b"250-CHUNKING\r\n250-XCLIENT NAME ADDR\r\n"
                         b"250-AUTH PLAIN SCRAM-SHA-256-PLUS\r\n250 SMTPUTF8\r\n")
        elif verb == b"DATA":
            sock.sendall(b"354 go on\r\n")
            text = []
            while (part := reader.read()) is not None and part != b".\r\n":
                text.append(part)
            if part is None:
                return
            session["messages"].append(b"".join(text))
            for _ in recipients if is_lmtp else [None]:
                sock.sendall(b"250 2.0.0 Ok: queued as ABC123\r\n")
            recipients.clear()
        elif verb == b"RCPT" and b"full" in line:
            sock.sendall(b"552 5.2.2 full\r\n")
        elif verb == b"RCPT":
            recipients.append(line)
            sock.sendall(b"250 2.1.5 ok\r\n")
        elif verb == b"BDAT":
            words = line.split()
            session.setdefault("chunks", []).append(reader.exactly(int(words[1])))
            for _ in recipients if is_lmtp and words[2:] else [None]:
                sock.sendall(b"250 2.0.0 chunk taken\r\n")
        elif verb == b"AUTH":
            if len(line.split()) == 2:  # the response comes by itself
                sock.sendall(b"334 \r\n")
                line = reader.read()
            sock.sendall(b"235 2.7.0 in\r\n" if PLAIN in line else b"535 5.7.8 no\r\n")
        elif verb == b"QUIT":
            sock.sendall(b"221 bye\r\n")
            return
        else:
            sock.sendall(b"250 2.0.0 ok\r\n")


def lmtp(reader, sock, session):
    """The same as LMTP: a reply for each recipient."""
    smtp(reader, sock, session, is_lmtp=True)


def imap(reader, sock, session):
    """An IMAP server with one mailbox in mind: LOGIN, APPEND, FETCH of what was appended, NOOP."""
    sock.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN AUTH=SCRAM-SHA-1-PLUS]"
                 b" backend\r\n")
    stored = b""
    while line := reader.read():
        session["lines"].append(line)
        words = line.split()
        tag, verb = words[0], words[1].upper() if len(words) > 1 else b""
        if verb == b"CAPABILITY":
            sock.sendall(b"* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN\r\n")
        if verb == b"AUTHENTICATE" and len(words) == 3:
            sock.sendall(b"+ \r\n")
            line = reader.read()
        if verb in (b"LOGIN", b"AUTHENTICATE") and b"secret" not in line and PLAIN not in line:
            sock.sendall(tag + b" NO [AUTHENTICATIONFAILED] no\r\n")
            continue
        if verb == b"APPEND":
            size = int(words[-1].strip(b"{}+\r\n"))
            if not words[-1].endswith(b"+}"):
                sock.sendall(b"+ go on\r\n")
            stored = reader.exactly(size)
            reader.read()
        if verb == b"FETCH":
            sock.sendall(b"* 1 FETCH (BODY[] {%d}\r\n%s)\r\n" % (len(stored), stored))
        if verb == b"LOGOUT":
            sock.sendall(b"* BYE\r\n" + tag + b" OK bye\r\n")
            return
        sock.sendall(tag + b" OK done\r\n")


def pop3(reader, sock, session):
    """A POP3 server: USER, PASS secret, STAT, QUIT."""
    sock.sendall(b"+OK backend\r\n")
    while line := reader.read():
        session["lines"].append(line)
        verb = line.split()[0].upper()
        if verb == b"CAPA":
            sock.sendall(b"+OK\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\n.\r\n")
        elif verb == b"PASS" and b"secret" not in line:
            sock.sendall(b"-ERR [AUTH] no\r\n")
        elif verb == b"AUTH":
            if len(line.split()) == 2:
                sock.sendall(b"+ \r\n")
                line = reader.read()
            sock.sendall(b"+OK\r\n" if PLAIN in line else b"-ERR [AUTH] no\r\n")
        elif verb == b"STAT":
            sock.sendall(b"+OK 0 0\r\n")
        else:
            sock.sendall(b"+OK\r\n")
            if verb == b"QUIT":
                return


SIEVE_CAPABILITIES = (b'"IMPLEMENTATION" "backend"\r\n"SIEVE" "fileinto"\r\n'
                      b'"SASL" "PLAIN SCRAM-SHA-1-PLUS"\r\n"VERSION" "1.0"\r\nOK "backend"\r\n')


def sieve(reader, sock, session):
    """A ManageSieve server: PLAIN with the password "secret", and one script."""
    sock.sendall(SIEVE_CAPABILITIES)
    session["script"] = b""
    while line := reader.read():
        session["lines"].append(line)
        words = line.split()
        verb = words[0].upper()
        if verb == b"AUTHENTICATE" and len(words) == 2:
            sock.sendall(b'""\r\n')
            line = reader.read() or b""
        if verb == b"AUTHENTICATE" and line.endswith(b"+}\r\n"):
            line = reader.exactly(int(line.split(b"{")[-1][:-4]))
            reader.read()
        if verb == b"AUTHENTICATE" and PLAIN not in line:
            sock.sendall(b'NO "no"\r\n')
            continue
        if verb == b"PUTSCRIPT":
            session["script"] = reader.exactly(int(words[-1].strip(b"{}+\r\n")))
            reader.read()
        if verb == b"LISTSCRIPTS":
            sock.sendall(b'"filter" ACTIVE\r\n')
        sock.sendall(b"OK\r\n")
        if verb == b"LOGOUT":
            return
