"""Bytes from in front of TLS that try to live on inside it, and passwords that came too early."""
import base64
import re
import socket
import ssl
import time
from types import SimpleNamespace

import pytest

import peers
from daemon import Daemon, Talk, client_context, free_ports, make_certificate
from edges import BACKEND_OF, UPGRADE, greet, greeting

EVIL = {"mx": b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nevil\r\n.\r\n",
        "submission": b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<evil@example.net>\r\n",
        "imap": b"b LOGIN evil secret\r\nc APPEND INBOX {4+}\r\nevil\r\n",
        "pop3": b"USER evil\r\nPASS secret\r\nDELE 1\r\n",
        "sieve": b'AUTHENTICATE "PLAIN" "AGFsaWNlAHNlY3JldA=="\r\nDELETESCRIPT "evil"\r\n',
        "lmtp": b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nevil\r\n.\r\n"}
ALL = list(UPGRADE)


def hello():
    """A ClientHello, as bytes."""
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        client_context().wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


def begin(stage, edge):
    """A client in clear, greeted (and past EHLO)."""
    return greet(Talk(stage.ports[edge][0]), edge, b"early.example.net")


def rest_of(talk):
    """All that comes until the other side closes; then so do we."""
    text = talk.rest
    try:
        while part := talk.sock.recv(65536):
            text += part
    except (ConnectionError, ssl.SSLError):
        pass
    talk.close()
    return text


def backend_of(stage, edge):
    return getattr(stage, BACKEND_OF[edge])


def end_of(stage, talk_port, seen):
    """The record of the session whose client had this port."""
    return stage.daemon.wait("session ended", after=seen, port=str(talk_port))


def shapes(edge):
    upgrade, evil = UPGRADE[edge], EVIL[edge]
    return {
        "behind, one segment": [upgrade + evil],
        "in lower case": [upgrade.lower() + evil],
        "half a line behind": [upgrade + evil[:7]],
        "one byte behind": [upgrade + b"\r"],
        "split inside the line": [upgrade[:4], upgrade[4:] + evil],
        "split in CR LF": [upgrade[:-1], b"\n" + evil],
        "ClientHello in the same segment": [upgrade + hello()],
        "evil, then ClientHello, one segment": [upgrade + evil + hello()],
        "many": [upgrade * 3 + evil],
    }


@pytest.mark.parametrize("edge", ALL)
@pytest.mark.parametrize("shape", shapes("mx"))
def test_what_comes_with_the_upgrade_ends_the_session(stage, edge, shape):
    seen, sessions = len(stage.daemon.events), len(backend_of(stage, edge).sessions)
    talk = begin(stage, edge)
    port = talk.sock.getsockname()[1]
    segments = shapes(edge)[shape]
    for segment in segments:
        talk.say(segment)
    said = rest_of(talk)
    assert not re.search(rb"(?m)^(220 2|a OK|\+OK|OK)", said), said
    assert said.startswith((b"554 ", b"* BYE", b"-ERR", b"BYE")), said
    assert end_of(stage, port, seen)["outcome"] == "starttls-injection"
    assert len(backend_of(stage, edge).sessions) == sessions


@pytest.mark.parametrize("edge", ALL)
@pytest.mark.parametrize("shape", ["evil", "evil and ClientHello", "NUL", "close"])
def test_what_comes_between_upgrade_and_handshake_ends_the_session(stage, edge, shape):
    """A segment of its own, after the go-ahead: no byte of it is anything but a bad ClientHello."""
    seen, sessions = len(stage.daemon.events), len(backend_of(stage, edge).sessions)
    talk = begin(stage, edge)
    port = talk.sock.getsockname()[1]
    talk.say(UPGRADE[edge]).line()
    talk.say({"evil": EVIL[edge], "evil and ClientHello": EVIL[edge] + hello(), "NUL": b"\0" * 8,
              "close": EVIL[edge][:3]}[shape])
    if shape == "close":
        talk.sock.shutdown(socket.SHUT_WR)
    said = rest_of(talk)
    assert b"\r\n" not in said, said  # an alert at most
    assert end_of(stage, port, seen)["outcome"] == "tls-failed"
    assert len(backend_of(stage, edge).sessions) == sessions


@pytest.mark.parametrize("edge", ALL)
def test_the_upgrade_and_the_rest_race(stage, edge):
    """Not waiting for the go-ahead: whether one segment or two, nothing runs."""
    sessions = len(backend_of(stage, edge).sessions)
    for _ in range(10):
        seen = len(stage.daemon.events)
        talk = begin(stage, edge)
        port = talk.sock.getsockname()[1]
        talk.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk.say(UPGRADE[edge])
        talk.say(EVIL[edge])
        rest_of(talk)
        assert end_of(stage, port, seen)["outcome"] in ("starttls-injection", "tls-failed")
    assert len(backend_of(stage, edge).sessions) == sessions


def test_smtp_forgets_what_it_heard_in_clear(stage):
    talk = begin(stage, "mx")
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls()
    assert talk.say(b"MAIL FROM:<a@example.net>\r\n").reply().startswith(b"503 ")  # no EHLO
    assert talk.say(b"DATA\r\n").reply().startswith(b"503 ")
    offered = talk.say(b"EHLO late.example.net\r\n").reply()
    assert b"STARTTLS" not in offered and b"AUTH" not in offered
    assert talk.say(b"STARTTLS\r\n").reply().startswith(b"503 ")
    for line in (b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n"):
        talk.say(line).reply()
    talk.say(b"x\r\n.\r\n").reply()
    talk.say(b"QUIT\r\n").reply()
    session = stage.smtp.sessions[-1]
    assert b"late.example.net" in session["messages"][0]
    assert b"early" not in session["messages"][0] + b"".join(session["lines"])


def test_mail_begun_in_clear_forbids_the_upgrade(stage):
    """The backend was told the client is plain: a sealed client needs another one."""
    talk = begin(stage, "mx")
    assert talk.say(b"MAIL FROM:<evil@example.net>\r\n").reply().startswith(b"250 ")
    assert talk.say(b"STARTTLS\r\n").reply().startswith(b"503 ")
    assert b"STARTTLS" not in talk.say(b"EHLO again.example.net\r\n").reply()
    talk.say(b"QUIT\r\n").reply()


def test_imap_forgets_what_it_heard_in_clear(stage):
    talk = begin(stage, "imap")
    talk.say(b'a ID ("name" "early")\r\n').until(b"a ")
    talk.say(b"b LOGIN early secret\r\n").until(b"b ")
    talk.say(b"c STARTTLS\r\n").until(b"c OK")
    talk.starttls()
    caps = talk.say(b"d CAPABILITY\r\n").until(b"d OK")
    assert b"STARTTLS" not in caps and b"LOGINDISABLED" not in caps
    assert talk.say(b"e STARTTLS\r\n").until(b"e ").startswith(b"e BAD")
    assert talk.say(b"f NOOP\r\n").until(b"f ") == b"f OK NOOP completed\r\n"
    talk.say(b"g LOGOUT\r\n").until(b"g ")
    assert b"early" not in b"".join(stage.imap.sessions[-1]["lines"])


def test_pop3_forgets_what_it_heard_in_clear(stage):
    talk = begin(stage, "pop3")
    talk.say(b"USER alice\r\n").line()
    talk.say(b"STLS\r\n").line()
    talk.starttls()
    assert talk.say(b"PASS secret\r\n").line().startswith(b"-ERR")
    assert b"STLS" not in talk.say(b"CAPA\r\n").until(b".\r\n")
    assert talk.say(b"STLS\r\n").line().startswith(b"-ERR")
    talk.say(b"QUIT\r\n").line()
    assert not any(b"alice" in l or b"PASS" in l for l in stage.pop3.sessions[-1]["lines"])


def test_sieve_forgets_what_it_heard_in_clear(stage):
    talk = begin(stage, "sieve")
    talk.say(b'AUTHENTICATE "PLAIN"\r\n').line()
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls()
    offered = greeting(talk, "sieve")  # unasked (RFC 5804 2.2)
    assert b'"SASL" "PLAIN"\r\n' in offered and b"STARTTLS" not in offered
    assert talk.say(b'"AGFsaWNlAHNlY3JldA=="\r\n').line().startswith(b"NO ")
    assert talk.say(b"STARTTLS\r\n").line().startswith(b"NO ")
    talk.say(b"LOGOUT\r\n").line()
    session = stage.sieve.sessions[-1]
    stage.sieve.wait(lambda: session.get("ended"))
    assert session["lines"] == [b"LOGOUT\r\n"]


def test_lmtp_forgets_what_it_heard_in_clear(stage):
    talk = begin(stage, "lmtp")
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls()
    assert talk.say(b"MAIL FROM:<a@example.net>\r\n").reply().startswith(b"503 ")  # no LHLO
    assert b"STARTTLS" not in talk.say(b"LHLO late.example.net\r\n").reply()
    talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
    talk.say(b"QUIT\r\n").reply()
    assert b"early" not in b"".join(stage.lmtp.sessions[-1]["lines"])


# Backends that inject behind their go-ahead, or take the seal away.

SEALED = {"mx": "smtp", "imap": "imap", "pop3": "pop3", "sieve": "managesieve"}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Edges whose backends are reached by STARTTLS; what these say is set by each test."""
    folder = tmp_path_factory.mktemp("sealed")
    folder.chmod(0o755)
    chain, key = make_certificate(str(folder))
    back_chain, back_key = make_certificate(str(folder), "back", host="back.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(back_chain, back_key)
    backend = peers.Backend(None, expects_proxy=False)
    ports = {name: port for name, port in zip(SEALED, free_ports(len(SEALED)))}
    tls = (f'tls = {{ mode = "starttls"; verify = "file"; ca_file = "{back_chain}"; '
           'name = "back.example.org"; };')
    lines = ["workers = 1;",
             f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};',
             "backend = {",
             f'  mx = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "none"; '
             f'accept = ["no-client-info"]; health_interval = 0; {tls} }};', "};", "edge = {"]
    for name, protocol in SEALED.items():
        listen = "listen" if name == "mx" else "listen_tls"
        lines.append(f'  {name} = {{ protocol = "{protocol}"; {listen} = '
                     f'["127.0.0.1:{ports[name]}"]; backend = "mx"; }};')
    daemon = Daemon(folder, "\n".join(lines + ["};"])).ready()
    yield SimpleNamespace(daemon=daemon, ports=ports, backend=backend, context=context)
    daemon.close()
    backend.close()


def upgrading(context, go_ahead, protocol, first=None, caps=None):
    """A backend that answers the upgrade command with go_ahead: bytes, or several in a row."""
    welcome = {"smtp": b"220 backend ESMTP\r\n", "imap": b"* OK backend\r\n",
               "pop3": b"+OK backend\r\n", "sieve": b'"SASL" "CLEARONLY"\r\n"STARTTLS"\r\nOK\r\n',
               }[protocol] if first is None else first
    caps = caps if caps is not None else {
        "smtp": b"250-backend\r\n250-AUTH CLEARONLY\r\n250 STARTTLS\r\n",
        "imap": b"* CAPABILITY IMAP4rev1 STARTTLS CLEARONLY\r\nE1 OK\r\n", "pop3": b"", "sieve": b"",
    }[protocol]

    def serve(reader, sock, session):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(welcome)
        while line := reader.read():
            session["lines"].append(line)
            if b"STARTTLS" not in line and not line.startswith(b"STLS"):
                sock.sendall(caps)
                continue
            for part in go_ahead if isinstance(go_ahead, list) else [go_ahead]:
                sock.sendall(part)
            session["tls_was_tried"] = True
            with context.wrap_socket(sock, server_side=True) as tls:
                # A peer that reset the connection leaves a socket wrapped without a handshake.
                session["tls_was_up"] = tls.version() is not None
                inside(peers.Line(tls), tls, session, protocol)
            return
    return serve


def inside(reader, tls, session, protocol):
    answers = {"smtp": b"250-backend\r\n250 SIZE 1000\r\n", "pop3": b"+OK\r\nUSER\r\n.\r\n"}
    if protocol == "sieve":
        tls.sendall(peers.SIEVE_CAPABILITIES)
    while line := reader.read():
        session["lines"].append(line)
        verb = line.split()[0].upper()
        if protocol == "sieve":
            tls.sendall(b"OK\r\n")
        elif protocol == "imap":
            tls.sendall(b"* CAPABILITY IMAP4rev1\r\n" + verb + b" OK done\r\n")
        else:
            tls.sendall(answers[protocol] if verb in (b"EHLO", b"CAPA") else
                        {"smtp": b"250 ok\r\n", "pop3": b"+OK\r\n"}[protocol])


def door_of(sealed, edge):
    """For five seconds behind a backend whose TLS failed, port 25 greets with 421."""
    deadline = time.monotonic() + 60
    while True:
        talk = Talk(sealed.ports[edge])
        if edge != "mx" or talk.line().startswith(b"220") or time.monotonic() > deadline:
            return talk
        talk.close()
        time.sleep(0.2)


def visit(sealed, protocol):
    """A client goes in far enough for the backend to be opened; all it was told, and the record."""
    edge = "mx" if protocol == "smtp" else protocol
    talk = door_of(sealed, edge)
    seen = len(sealed.daemon.events)
    port = talk.sock.getsockname()[1]
    said = b""
    if protocol == "smtp":
        talk.say(b"EHLO x\r\n").reply()
        said = talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
        if said.startswith(b"250"):
            said += talk.say(b"EHLO x\r\n").reply()
        talk.say(b"QUIT\r\n")
    else:
        talk.starttls()
        said = greeting(talk, edge)
        talk.say({"imap": b"z LOGOUT\r\n", "sieve": b"LOGOUT\r\n"}.get(protocol, b"QUIT\r\n"))
    said += rest_of(talk)
    return said, sealed.daemon.wait("session ended", after=seen, port=str(port))


GO = {"smtp": b"220 go\r\n", "imap": b"E2 OK go\r\n", "pop3": b"+OK go\r\n",
      "sieve": b'OK "go"\r\n'}
INJECTED = {"smtp": b"250-injected\r\n250 AUTH INJECTED\r\n",
            "imap": b"* CAPABILITY IMAP4rev1 INJECTED\r\nE3 OK injected\r\n",
            "pop3": b"+OK\r\nSASL INJECTED\r\n.\r\n", "sieve": b'"SASL" "INJECTED"\r\nOK\r\n'}
POLITE = {"smtp": b"451 4.7.5 ", "imap": b"* BYE [UNAVAILABLE]", "pop3": b"-ERR [SYS/TEMP]",
          "sieve": b"BYE (TRYLATER)"}


@pytest.mark.parametrize("protocol", GO)
def test_an_honest_backend_is_used_and_asked_again_inside_tls(sealed, protocol):
    sealed.backend.serve = upgrading(sealed.context, GO[protocol], protocol)
    before = len(sealed.backend.sessions)
    said, record = visit(sealed, protocol)
    assert record["outcome"] == "ok" and b"CLEARONLY" not in said, (said, record)
    # The daemon looks at the backend too, and may have come last.
    assert any(session.get("tls_was_up") for session in sealed.backend.sessions[before:])


@pytest.mark.parametrize("protocol", GO)
@pytest.mark.parametrize("shape", ["one segment", "next segment", "split", "one byte", "refused",
                                   "not offered", "rubbish", "greeting too"])
def test_a_backend_that_injects_or_strips_is_not_used(sealed, protocol, shape):
    go, evil = GO[protocol], INJECTED[protocol]
    first = caps = None
    if shape == "not offered":  # POP3 asks all the same: it has no list before
        caps = {"smtp": b"250 backend\r\n", "imap": b"* CAPABILITY IMAP4rev1\r\nE1 OK\r\n",
                "pop3": None, "sieve": None}[protocol]
        first = b'"SASL" "CLEARONLY"\r\nOK\r\n' if protocol == "sieve" else None
        go = b"-ERR no\r\n"
    if shape == "greeting too":
        first = {"smtp": b"220 backend\r\n", "imap": b"* PREAUTH [CAPABILITY IMAP4rev1] in\r\n",
                 "pop3": b"+OK backend\r\n", "sieve": b'"STARTTLS"\r\nOK\r\n'}[protocol] + evil
    go = {"one segment": go + evil, "next segment": [go, evil], "split": [go[:-1], b"\n" + evil],
          "one byte": go + b"\0", "rubbish": b"\x16\x03\x01\0\0\r\n",
          "refused": {"smtp": b"454 4.7.0 no\r\n", "imap": b"E2 NO no\r\n",
                      "pop3": b"-ERR no\r\n", "sieve": b"NO\r\n"}[protocol]}.get(shape, go)
    sealed.backend.serve = upgrading(sealed.context, go, protocol, first, caps)
    said, record = visit(sealed, protocol)
    assert b"njected" not in said.lower() and b"CLEARONLY" not in said, said
    assert record["outcome"] in ("backend-unsealed", "backend-broken"), record
    assert said.startswith((POLITE[protocol], b"421 4.3.2 ")), said
    session = sealed.backend.sessions[-1]
    assert not session.get("tls_was_up")
    assert not any(l.startswith((b"MAIL", b"RCPT")) for l in session["lines"])


# Passwords in clear: refused, told, kept out of the log and from the backend.

def b64(text):
    return base64.b64encode(text)


XOAUTH2 = b64(b"user=alice\x01auth=Bearer s3cr3t-token\x01\x01")
BEARER = b64(b"n,a=alice,\x01host=h\x01auth=Bearer s3cr3t-token\x01\x01")
SCRAM = b64(b"n,,n=alice,r=abcdef")
S = b"s3cr3t-word"
PLAIN = b64(b"\0alice\0" + S)
SMTP_LOGINS = [
    ("PLAIN at once", [b"AUTH PLAIN " + PLAIN], "alice", True),
    ("PLAIN, lower case", [b"auth plain " + PLAIN], "alice", True),
    ("PLAIN named", [b"AUTH PLAIN"], "", False),
    ("PLAIN, not waiting", [b"AUTH PLAIN", PLAIN], "alice", True),
    ("LOGIN named", [b"AUTH LOGIN"], "", False),
    ("LOGIN with name", [b"AUTH LOGIN " + b64(b"alice")], "alice", False),
    ("LOGIN, not waiting", [b"AUTH LOGIN", b64(b"alice"), b64(S)], "alice", True),
    ("CRAM-MD5", [b"AUTH CRAM-MD5"], "", False),
    ("SCRAM", [b"AUTH SCRAM-SHA-256 " + SCRAM], "alice", False),
    ("SCRAM-PLUS", [b"AUTH SCRAM-SHA-256-PLUS " + SCRAM], "alice", False),
    ("XOAUTH2", [b"AUTH XOAUTH2 " + XOAUTH2], "alice", True),
    ("OAUTHBEARER", [b"AUTH OAUTHBEARER " + BEARER], "alice", True),
    ("no base64", [b"AUTH PLAIN " + S], "", True),
]
IMAP_LOGINS = [
    ("atoms", [b"a LOGIN alice " + S], "alice", True),
    ("quoted", [b'a LOGIN "alice" "' + S + b'"'], "alice", True),
    ("quoted with escapes", [b'a LOGIN "al\\\\ice" "' + S + b'\\""'], "al\\ice", True),
    ("literals, waited for", [b"a LOGIN {5}"], "", False),
    ("second literal, waited for", [b"a LOGIN alice {11}"], "alice", False),
    ("literals, not waited for", [b"a LOGIN {5+}\r\nalice {11+}\r\n" + S], "alice", True),
    ("name alone", [b"a LOGIN alice"], "alice", False),
    ("three words", [b"a LOGIN alice " + S + b" x"], "alice", True),
    ("unclosed quote", [b'a LOGIN alice "' + S], "alice", True),
    ("PLAIN at once", [b"a AUTHENTICATE PLAIN " + PLAIN], "alice", True),
    ("PLAIN named", [b"a AUTHENTICATE PLAIN"], "", False),
    ("LOGIN named", [b"a AUTHENTICATE LOGIN"], "", False),
    ("CRAM-MD5", [b"a AUTHENTICATE CRAM-MD5"], "", False),
    ("SCRAM", [b"a AUTHENTICATE SCRAM-SHA-1 " + SCRAM], "alice", False),
    ("XOAUTH2", [b"a AUTHENTICATE XOAUTH2 " + XOAUTH2], "alice", True),
]
POP3_LOGINS = [
    ("USER", [b"USER alice"], "alice", False),
    ("USER and PASS", [b"USER alice", b"PASS " + S], "alice", True),
    ("PASS alone", [b"PASS " + S], "", True),
    ("APOP", [b"APOP alice c4c9334bac560ecc979e58001b3e22fb"], "alice", False),
    ("PLAIN at once", [b"AUTH PLAIN " + PLAIN], "alice", True),
    ("PLAIN named", [b"AUTH PLAIN"], "", False),
    ("CRAM-MD5", [b"AUTH CRAM-MD5"], "", False),
    ("SCRAM", [b"AUTH SCRAM-SHA-256 " + SCRAM], "alice", False),
    ("XOAUTH2", [b"AUTH XOAUTH2 " + XOAUTH2], "alice", True),
]
SIEVE_LOGINS = [
    ("PLAIN at once", [b'AUTHENTICATE "PLAIN" "%s"' % PLAIN], "alice", True),
    ("PLAIN, a literal", [b'AUTHENTICATE "PLAIN" {%d+}\r\n%s' % (len(PLAIN), PLAIN)], "alice", True),
    ("PLAIN, lower case, no quotes", [b"authenticate plain " + PLAIN], "alice", True),
    ("PLAIN named", [b'AUTHENTICATE "PLAIN"'], "", False),
    ("PLAIN, not waiting", [b'AUTHENTICATE "PLAIN"', b'"%s"' % PLAIN], "alice", True),
    ("LOGIN, not waiting", [b'AUTHENTICATE "LOGIN"', b'"%s"' % b64(b"alice"), b'"%s"' % b64(S)],
     "alice", True),
    ("SCRAM", [b'AUTHENTICATE "SCRAM-SHA-1" "%s"' % SCRAM], "alice", False),
    ("SCRAM-PLUS", [b'AUTHENTICATE "SCRAM-SHA-1-PLUS" "%s"' % SCRAM], "alice", False),
    ("OAUTHBEARER", [b'AUTHENTICATE "OAUTHBEARER" "%s"' % BEARER], "alice", True),
    ("no base64", [b'AUTHENTICATE "PLAIN" "%s"' % S], "", True),
    ("unclosed quote", [b'AUTHENTICATE "PLAIN" "%s' % PLAIN], "", True),
]
LOGINS = [(edge, *login) for edge, logins in
          (("submission", SMTP_LOGINS), ("mx", SMTP_LOGINS), ("imap", IMAP_LOGINS),
           ("pop3", POP3_LOGINS), ("sieve", SIEVE_LOGINS), ("lmtp", SMTP_LOGINS)) for login in logins]
REFUSALS = {"submission": b"538 5.7.11 ", "mx": b"538 5.7.11 ", "lmtp": b"538 5.7.11 ",
            "imap": b"a NO [PRIVACYREQUIRED]", "pop3": b"-ERR", "sieve": b"NO (ENCRYPT-NEEDED) "}


@pytest.mark.parametrize("edge, name, lines, user, sent", LOGINS,
                         ids=[f"{l[0]}-{l[1]}" for l in LOGINS])
def test_a_login_in_clear_is_refused_and_told_as_it_was(stage, edge, name, lines, user, sent):
    backend = backend_of(stage, edge)
    sessions, seen = len(backend.sessions), len(stage.daemon.events)
    talk = begin(stage, edge)
    port = talk.sock.getsockname()[1]
    answers = [talk.say(line + b"\r\n").line() for line in lines]
    assert answers[0].startswith(REFUSALS[edge]), answers
    assert all(a.startswith((REFUSALS[edge], b"5", b"NO ")) for a in answers), answers
    talk.close()
    ended = end_of(stage, port, seen)
    told = [e for e in stage.daemon.events[seen:] if e.get("event") == "credential in clear" and
            e["session"] == ended["session"]]
    assert told and told[-1].get("user", "") == user, told
    assert any(e["password_sent"] == "true" for e in told) == sent, told
    log = "".join(stage.daemon.text)
    assert not any(secret.decode() in log for secret in
                   (S, b64(S), PLAIN, XOAUTH2, BEARER, b"s3cr3t"))
    assert len(backend.sessions) == sessions


@pytest.mark.parametrize("login", [b"AUTH PLAIN " + PLAIN, b"AUTH LOGIN", b"AUTH CRAM-MD5"])
def test_a_backend_opened_in_clear_hears_of_no_login(stage, login):
    talk = begin(stage, "mx")
    talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
    assert talk.say(login + b"\r\n").reply().startswith(b"538 5.7.11 ")
    talk.say(b"QUIT\r\n").reply()
    assert not any(l.upper().startswith(b"AUTH") for l in stage.smtp.sessions[-1]["lines"])
