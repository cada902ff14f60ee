"""mailseal check on servers that are scripts: each language with STARTTLS, whether a password could
be sent in clear, whether a command that came with STARTTLS is answered inside TLS, and servers that
turn away, refuse, or speak something else. Standard library only."""
import json
import socket
import ssl
import subprocess
import threading
import time

import pytest

from daemon import BINARY, make_certificate

HOST = "mail.example.org"


class Server:
    """Answers line by line: reply(line, is_tls) gives what to say, "STARTTLS" in front of it to
    begin TLS behind it, None to close."""

    def __init__(self, greeting, reply, context, injectable=False, strict=False):
        self.strict = strict
        self.greeting, self.reply, self.context = greeting, reply, context
        self.injectable, self.connections = injectable, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            self.talk(sock)
        except (OSError, ssl.SSLError):
            sock.close()

    def talk(self, sock):
        buffer, is_tls = b"", False
        sock.sendall(self.greeting.encode())
        while True:
            while b"\n" not in buffer:
                piece = sock.recv(4096)
                if not piece:
                    sock.close()
                    return
                buffer += piece
            line, buffer = buffer.split(b"\n", 1)
            answer = self.reply(line.decode("latin-1").strip(), is_tls)
            if answer is None:
                sock.close()
                return
            begins, answer = answer.startswith("STARTTLS"), answer.removeprefix("STARTTLS")
            if not begins:
                sock.sendall(answer.encode())
                continue
            if self.strict and buffer:
                sock.close()
                return
            inside, answer = answer.partition("|")[2], answer.partition("|")[0]
            sock.sendall(answer.encode())
            sock = self.context.wrap_socket(sock, server_side=True)
            is_tls, buffer = True, buffer if self.injectable else b""
            sock.sendall(inside.encode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def smtp(clear=""):
    def reply(line, is_tls):
        verb = line.upper().split(" ")[0]
        if verb == "EHLO":
            return f"250-{HOST}\r\n" + ("250 AUTH PLAIN\r\n" if is_tls else clear + "250 STARTTLS\r\n")
        if verb == "STARTTLS":
            return "STARTTLS220 go\r\n"
        return "221 bye\r\n" if verb == "QUIT" else "250 ok\r\n"
    return f"220 {HOST} ESMTP Exim 4.96\r\n", reply


def imap(clear=""):
    def reply(line, is_tls):
        tag, verb = (line.upper().split(" ") + [""])[:2]
        if verb == "CAPABILITY":
            words = "AUTH=PLAIN" if is_tls else "STARTTLS " + (clear or "LOGINDISABLED")
            return f"* CAPABILITY IMAP4rev1 {words}\r\n{tag.lower()} OK done\r\n"
        if verb == "STARTTLS":
            return f"STARTTLS{tag.lower()} OK go\r\n"
        return f"{tag.lower()} OK done\r\n"
    return "* OK Dovecot ready.\r\n", reply


def pop3(clear=""):
    def reply(line, is_tls):
        verb = line.upper()
        if verb == "CAPA":
            return "+OK\r\n" + ("USER\r\nSASL PLAIN\r\n" if is_tls else clear + "STLS\r\n") + ".\r\n"
        if verb == "STLS":
            return "STARTTLS+OK go\r\n"
        return "-ERR what\r\n" if verb == "NOOP" else "+OK\r\n"
    return "+OK ready\r\n", reply


def sieve(clear=""):
    in_clear = f'"IMPLEMENTATION" "Cyrus timsieved v3.6.1"\r\n"SASL" "{clear}"\r\n"STARTTLS"\r\nOK\r\n'
    in_tls = '"IMPLEMENTATION" "Cyrus timsieved v3.6.1"\r\n"SASL" "PLAIN"\r\nOK\r\n'

    def reply(line, is_tls):
        verb = line.upper()
        if verb == "STARTTLS":
            return "STARTTLSOK\r\n|" + in_tls
        if verb == "CAPABILITY":
            return in_tls if is_tls else in_clear
        return "OK\r\n"
    return in_clear, reply


LANGUAGES = {"smtp": smtp, "submission": smtp, "imap": imap, "pop3": pop3, "managesieve": sieve}


@pytest.fixture(name="context", scope="module")
def context_fixture(tmp_path_factory):
    chain, key = make_certificate(str(tmp_path_factory.mktemp("keys")), host=HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def check(port, service, *options, status=(0, 1)):
    done = subprocess.run([BINARY, "check", "--mine", "--json", *options, "--host",
                           f"127.0.0.1:{port}/{service}"], capture_output=True, text=True, timeout=100)
    assert done.returncode in status, done.stderr
    result = json.loads(done.stdout)
    return result["endpoints"][0], {f["id"]: f for f in result["findings"]}


@pytest.mark.parametrize("service", LANGUAGES)
def test_each_language(context, service):
    server = Server(*LANGUAGES[service](), context)
    endpoint, findings = check(server.port, service)
    assert endpoint["reach"] == "open" and endpoint["has_tls"] is True, endpoint
    assert endpoint["auth_in_clear"] == "" and endpoint["auth_in_tls"] == "PLAIN"
    assert endpoint["handshake"]["version"] == "TLSv1.3"
    assert endpoint["versions"]["TLSv1.2"]["is_there"] is True
    assert findings["B7"]["verdict"] == "pass" and findings["B8"]["verdict"] == "pass"
    # What was said is what was met: no connection that is not counted.
    assert endpoint["connections"] == server.connections <= 13
    server.close()


@pytest.mark.parametrize("service", LANGUAGES)
def test_injected_command(context, service):
    server = Server(*LANGUAGES[service](), context, injectable=True)
    _, findings = check(server.port, service, "--only", "B7")
    assert findings["B7"]["verdict"] == "fail", findings["B7"]
    server.close()


def test_server_that_ends_at_an_injection(context):
    """That is an answer: nothing is lost, and the address need not rest."""
    server = Server(*smtp(), context, strict=True)
    endpoint, findings = check(server.port, "smtp", "--all")
    assert findings["B7"]["verdict"] == "pass" and findings["D15"]["verdict"] == "pass"
    assert not [f for f in findings.values() if f["verdict"] == "not-tested"]
    assert endpoint["connections"] == server.connections <= 13
    server.close()


@pytest.mark.parametrize("service, clear, finding", [
    ("submission", "250-AUTH PLAIN LOGIN\r\n", "G2"),
    ("imap", "AUTH=PLAIN", "G4"),
    ("pop3", "USER\r\nSASL PLAIN\r\n", "G5"),
    ("managesieve", "PLAIN", "G6"),
])
def test_password_in_clear(context, service, clear, finding):
    server = Server(*LANGUAGES[service](clear), context)
    _, findings = check(server.port, service, "--only", finding)
    assert findings[finding]["verdict"] == "fail", findings
    server.close()
    server = Server(*LANGUAGES[service](), context)
    _, findings = check(server.port, service, "--only", finding, "--all")
    assert findings[finding]["verdict"] == "pass", findings
    server.close()


def test_mail_in_clear_is_asked_and_nothing_more(context):
    """One MAIL, and RSET behind it; no recipient is ever named."""
    greeting, reply = smtp()
    said = []

    def listening(line, is_tls):
        said.append(line)
        if line.startswith("MAIL") and not is_tls:
            return "530 5.7.0 Must issue a STARTTLS command first\r\n"
        return reply(line, is_tls)
    server = Server(greeting, listening, context)
    _, findings = check(server.port, "smtp", "--all")
    assert findings["B10"]["verdict"] == "info" and "530" in findings["B10"]["evidence"]
    mails = [i for i, line in enumerate(said) if line.startswith("MAIL")]
    assert len(mails) == 1 and said[mails[0]] == "MAIL FROM:<>" and "RSET" in said
    assert {line.split(" ")[0] for line in said} == {"EHLO", "MAIL", "RSET", "STARTTLS", "NOOP", "QUIT"}
    server.close()


@pytest.mark.parametrize("greeting, reach", [
    ("421 4.7.0 too many connections\r\n", "rate"),
    ("554 5.7.1 go away\r\n", "rate"),
    ("HTTP/1.1 400 Bad Request\r\n", "foreign"),
    ("220-" + "x" * 4000 + "\r\n", "foreign"),
])
def test_turned_away_is_not_no_tls(context, greeting, reach):
    server = Server(greeting, lambda line, is_tls: None, context)
    began = time.monotonic()
    endpoint, findings = check(server.port, "smtp", status=(2,))
    assert endpoint["reach"] == reach and endpoint["has_tls"] is None
    assert "B1" not in findings and server.connections <= 3
    assert time.monotonic() - began < 60
    server.close()


def test_turned_away_half_way(context):
    """What was seen stands; what was not is not tested; and the server is left alone."""
    greeting, reply = smtp()
    server = Server(greeting, reply, context)
    talk = server.talk

    def talk_or_not(sock):
        if server.connections > 4:
            sock.sendall(b"421 4.7.0 too many\r\n")
            sock.close()
        else:
            talk(sock)
    server.talk = talk_or_not
    endpoint, findings = check(server.port, "smtp", "--all", status=(0, 1, 2))
    assert endpoint["reach"] == "open" and endpoint["has_tls"] is True
    assert findings["B1"]["verdict"] == "pass"
    assert [f for f in findings.values() if f["verdict"] == "not-tested"]
    assert server.connections <= 4 + 4 * 8  # four rests, as many under way together before each
    server.close()


def test_starttls_refused(context):
    greeting, reply = smtp()
    server = Server(greeting, lambda line, is_tls: "454 4.7.0 no TLS now\r\n"
                    if line == "STARTTLS" else reply(line, is_tls), context)
    endpoint, findings = check(server.port, "smtp")
    assert endpoint["reach"] == "open" and endpoint["has_tls"] is False
    assert findings["B2"]["verdict"] in ("fail", "critical") and "454" in findings["B2"]["evidence"]
    assert server.connections == 1
    server.close()
