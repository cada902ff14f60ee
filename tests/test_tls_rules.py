"""What TLS must not be here: old, begun anew, compressed, resumed elsewhere, chatty, cut off."""
import os
import socket
import ssl
import struct
import subprocess

import pytest

from daemon import Talk, client_context
from edges import UPGRADE

pytestmark = pytest.mark.usefixtures("alone")

USER = ["submission", "imap", "pop3", "sieve", "lmtp"]
NAME = {"submission": "smtp"}
BYE = {"imap": b"a LOGOUT\r\n", "sieve": b"LOGOUT\r\n"}


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def raw_hello(version, suites, record=0x0301, compressions=b"\0", extensions=None):
    """A ClientHello as bytes, of versions that no library here makes any more."""
    if extensions is None and version > 0x0300:
        extensions = (extension(10, b"\0\4\0\x1d\0\x17") + extension(11, b"\1\0")
                      + extension(13, b"\0\x0a\4\3\x08\4\4\1\2\3\2\1"))
    body = struct.pack("!H", version) + b"\x11" * 32 + b"\0"
    body += struct.pack("!H", 2 * len(suites)) + b"".join(struct.pack("!H", s) for s in suites)
    body += bytes([len(compressions)]) + compressions
    if extensions:
        body += struct.pack("!H", len(extensions)) + extensions
    body = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16" + struct.pack("!HH", record, len(body)) + body


OLD_SUITES = [0xc013, 0xc014, 0xc009, 0xc00a, 0x0033, 0x0039, 0x002f, 0x0035, 0x0005, 0x000a]
NEW_SUITES = [0xc02b, 0xc02f, 0xc02c, 0xc030]


def records(sock):
    """(type, body) of what the server sends, until it closes."""
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
            if data[0] == 0x16 and len(data) > 200:
                break
    except (ConnectionError, TimeoutError):
        pass
    found = []
    while len(data) >= 5:
        size = struct.unpack("!H", data[3:5])[0]
        found.append((data[0], data[5:5 + size]))
        data = data[5 + size:]
    return found


def dial(stage, edge, is_implicit):
    sock = socket.create_connection(("127.0.0.1", stage.ports[edge][1 if is_implicit else 0]), 10)
    if not is_implicit:
        sock.recv(1000)
        sock.sendall(UPGRADE[edge])
        assert sock.recv(1000)[:2] in (b"22", b"a ", b"+O", b"OK")
    return sock


@pytest.mark.parametrize("edge", USER)
@pytest.mark.parametrize("is_implicit", [True, False])
@pytest.mark.parametrize("version", [0x0300, 0x0301, 0x0302])
def test_old_versions_get_an_alert(stage, edge, is_implicit, version):
    with dial(stage, edge, is_implicit) as sock:
        sock.sendall(raw_hello(version, OLD_SUITES, record=min(version, 0x0301)))
        answer = records(sock)
    assert [kind for kind, _ in answer] == [0x15], answer
    assert answer[0][1][:1] == b"\2"  # fatal


@pytest.mark.parametrize("suites", [
    [0x0005], [0x000a], [0x002f, 0x0035], [0x009c, 0x009d], [0xc011], [0x0018, 0x0034],
    [0x0001, 0x003b], [0xc013, 0xc014]], ids=lambda s: f"{s[0]:04x}")
@pytest.mark.parametrize("edge", USER)
def test_weak_suites_are_refused_on_user_ports(stage, edge, suites):
    """RC4, 3DES, RSA key exchange, NULL, anonymous DH, and CBC."""
    with dial(stage, edge, True) as sock:
        sock.sendall(raw_hello(0x0303, suites))
        answer = records(sock)
    assert [kind for kind, _ in answer] == [0x15], answer


@pytest.mark.parametrize("edge", USER)
def test_compression_is_not_taken(stage, edge):
    with dial(stage, edge, True) as sock:
        sock.sendall(raw_hello(0x0303, NEW_SUITES, compressions=b"\1\0"))
        kind, hello = records(sock)[0]
    assert kind == 0x16 and hello[0] == 2
    session = hello[38]
    assert hello[41 + session] == 0


@pytest.mark.parametrize("edge", USER)
def test_a_fallback_is_noticed(stage, edge):
    """TLS_FALLBACK_SCSV (RFC 7507): a client that could do better was talked into 1.2."""
    with dial(stage, edge, True) as sock:
        sock.sendall(raw_hello(0x0303, NEW_SUITES + [0x5600]))
        assert records(sock) == [(0x15, b"\2\x56")]


def s_client(stage, edge, *more, stdin=b"", timeout=20):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{stage.ports[edge][1]}",
                           "-servername", "mail.example.org", *more], input=stdin,
                          capture_output=True, timeout=timeout, check=False)


@pytest.mark.parametrize("edge", USER)
def test_renegotiation_is_refused(stage, edge):
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{stage.ports[edge][1]}", "-tls1_2"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as client:
        # Not before the greeting: data in the middle of a handshake is another error.
        while not client.stdout.readline().startswith((b"220 ", b"* OK", b"+OK", b"OK")):
            assert client.poll() is None
        _, told = client.communicate(b"R\n", timeout=20)
    assert b"RENEGOTIATING" in told and b"no renegotiation" in told, told


@pytest.mark.parametrize("names", [["http/1.1"], ["h2", "http/1.1"], ["smtp"], ["ftp"]])
@pytest.mark.parametrize("edge", USER)
def test_alpn_of_others_is_refused(stage, edge, names):
    context = client_context()
    context.set_alpn_protocols(names)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(("127.0.0.1", stage.ports[edge][1]), 10))


@pytest.mark.parametrize("edge, names, chosen", [
    ("imap", ["imap"], "imap"), ("pop3", ["pop3"], "pop3"), ("imap", ["h2", "imap"], "imap"),
    ("sieve", ["managesieve"], "managesieve"), ("sieve", [], None), ("lmtp", [], None),
    ("imap", [], None), ("pop3", [], None), ("submission", [], None)])
def test_alpn_of_ours_or_none_is_taken(stage, edge, names, chosen):
    context = client_context()
    if names:
        context.set_alpn_protocols(names)
    with socket.create_connection(("127.0.0.1", stage.ports[edge][1]), 10) as raw, \
            context.wrap_socket(raw) as sock:
        assert sock.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("edge, other", [("imap", "pop3"), ("pop3", "imap"), ("sieve", "imap"),
                                         ("imap", "managesieve")])
def test_alpn_of_one_service_does_not_open_the_other(stage, edge, other):
    context = client_context()
    context.set_alpn_protocols([other])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(("127.0.0.1", stage.ports[edge][1]), 10))


@pytest.mark.parametrize("name", ["unknown.example.net", "MAIL.EXAMPLE.ORG",
                                  "a" * 63 + ".example", "x\\", None])
def test_any_name_gets_the_certificate_on_25(stage, name):
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"STARTTLS\r\n").line()
    with client_context().wrap_socket(talk.sock, server_hostname=name) as sock:
        der = ssl.PEM_cert_to_DER_cert(open(stage.chain, encoding="ascii").read())
        assert sock.getpeercert(binary_form=True) == der


# Tickets

def visit(stage, edge, context, session=None, name="mail.example.org"):
    """One TLS session, far enough for a ticket; (was it resumed, its session, its record)."""
    seen = len(stage.daemon.events)
    raw = socket.create_connection(("127.0.0.1", stage.ports[edge][1]), 10)
    own = str(raw.getsockname()[1])
    with context.wrap_socket(raw, server_hostname=name, session=session) as sock:
        if edge in ("submission", "lmtp"):
            sock.recv(1000)
        sock.sendall(BYE.get(edge, b"QUIT\r\n"))
        try:
            while sock.recv(65536):
                pass
        except OSError:
            pass
        was, left = sock.session_reused, sock.session
    return was, left, stage.daemon.wait("session ended", after=seen, port=own)


def only(version):
    return client_context(minimum_version=version, maximum_version=version)


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("edge", USER)
def test_users_get_tickets_from_where_a_sender_hung_up_at_his(stage, edge):
    for _ in range(3):
        talk = Talk(stage.ports["mx"][0])
        talk.line()
        talk.say(b"EHLO x\r\n").reply()
        talk.say(b"STARTTLS\r\n").line()
        seen = len(stage.daemon.events)
        talk.starttls().close()
        stage.daemon.wait("session ended", after=seen, edge="mx")
    context = only(ssl.TLSVersion.TLSv1_2)
    assert visit(stage, edge, context)[1].has_ticket


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("edge", USER)
def test_a_ticket_is_taken_by_every_worker(stage, edge, version):
    context = only(version)
    _, session, _ = visit(stage, edge, context)
    workers = set()
    for _ in range(40):
        was, _, record = visit(stage, edge, context, session)
        assert was and record["resumed"] == "true"
        workers.add(record["process"])
        if len(workers) == 2:
            return
    raise AssertionError(workers)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("edge, other", [("imap", "pop3"), ("pop3", "imap"), ("imap", "submission"),
                                         ("submission", "pop3")])
def test_a_ticket_of_one_edge_is_worth_nothing_at_another(stage, edge, other, version):
    context = only(version)
    _, session, _ = visit(stage, edge, context)
    for _ in range(4):
        was, _, record = visit(stage, other, context, session)
        assert not was and record["resumed"] == "false"
    assert visit(stage, edge, context, session)[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("other", ["other.example.org", None])
def test_a_ticket_of_one_name_is_worth_nothing_under_another(stage, version, other):
    context = only(version)
    _, session, _ = visit(stage, "imap", context)
    assert not visit(stage, "imap", context, session, name=other)[0]


@pytest.mark.parametrize("edge", USER)
def test_early_data_is_not_offered_and_not_taken(stage, edge, tmp_path):
    ticket, early = tmp_path / "ticket", tmp_path / "early"
    early.write_bytes(b"a LOGIN alice secret\r\n")
    s_client(stage, edge, "-sess_out", str(ticket), "-ign_eof", stdin=BYE.get(edge, b"QUIT\r\n"))
    text = subprocess.run(["openssl", "sess_id", "-in", str(ticket), "-noout", "-text"],
                          capture_output=True, text=True, check=True).stdout
    assert "Max Early Data: 0" in text, text
    done = s_client(stage, edge, "-sess_in", str(ticket), "-early_data", str(early), stdin=b"")
    assert b"Early data was accepted" not in done.stdout


# Chatter and truncation

@pytest.mark.parametrize("edge", USER)
def test_a_storm_of_key_updates_ends_the_session(stage, edge):
    seen = len(stage.daemon.events)
    with subprocess.Popen(["openssl", "s_client", "-tls1_3", "-connect",
                           f"127.0.0.1:{stage.ports[edge][1]}"], stdin=subprocess.PIPE, bufsize=0,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        count, text = 0, b""
        while client.poll() is None and count < 3000:
            try:
                client.stdin.write(b"K\n")  # one is read at a time: wait for its echo
            except BrokenPipeError:
                break
            while text.count(b"KEYUPDATE") <= count:
                part = os.read(client.stdout.fileno(), 65536)
                if not part:
                    break
                text += part
            if text.count(b"KEYUPDATE") <= count:
                break
            count += 1
        client.kill()
    assert 10 <= count < 3000
    ended = stage.daemon.wait("session ended", after=seen, edge=edge)
    assert ended["outcome"] == "client-gone", ended


@pytest.mark.parametrize("way", ["close", "reset", "close_notify"])
@pytest.mark.parametrize("text", [b"half a mess", b"one\r\n", b"one\r\n.", b"one\r\n.\r", b"."])
def test_a_message_that_is_cut_off_is_not_delivered(stage, way, text):
    """Whoever closes the connection of another must not thereby end his message."""
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls()
    talk.say(b"EHLO x\r\n").reply()
    for line in (b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n"):
        talk.say(line).reply()
    session = stage.smtp.sessions[-1]
    talk.say(text)
    if way == "reset":
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if way == "close_notify":
        with pytest.raises((OSError, ValueError)):
            talk.sock.settimeout(0.2)
            talk.sock.unwrap()
            raise ValueError
    talk.close()
    stage.smtp.wait(lambda: session.get("ended"))
    assert not session["messages"]


def test_a_chunk_that_is_cut_off_is_not_delivered(stage):
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    for line in (b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@example.org>\r\n"):
        talk.say(line).reply()
    session = stage.smtp.sessions[-1]
    talk.say(b"BDAT 70000 LAST\r\n" + b"x" * 69999)
    talk.close()
    stage.smtp.wait(lambda: session.get("ended"))
    assert not any(b"LAST" in line for line in session["lines"])
