"""What a stranger sends to get past the seal: each ends at the edge."""
import socket
import ssl

import pytest

from daemon import Talk, client_context
from edges import EDGES, UPGRADE, greet

ALL = list(UPGRADE)
IN_TLS = [edge for edge, *_, has_tls in EDGES if has_tls]  # from the first byte


pytestmark = pytest.mark.usefixtures("alone")


@pytest.mark.parametrize("edge, injected", [
    ("mx", b"MAIL FROM:<evil@example.net>\r\n"),
    ("submission", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
    ("imap", b"b LOGIN alice secret\r\n"),
    ("pop3", b"USER alice\r\nPASS secret\r\n"),
    ("sieve", b'AUTHENTICATE "PLAIN" "AGFsaWNlAHNlY3JldA=="\r\n'),
    ("lmtp", b"MAIL FROM:<evil@example.net>\r\n")])
def test_bytes_behind_starttls_are_never_executed(stage, edge, injected):
    seen = len(stage.daemon.events)
    talk = greet(Talk(stage.ports[edge][0]), edge)
    talk.say(UPGRADE[edge] + injected)
    talk.is_closed()
    record = stage.daemon.wait("session ended", after=seen, edge=edge)
    assert record["outcome"] == "starttls-injection"


@pytest.mark.parametrize("edge", ALL)
def test_plaintext_state_is_gone_after_starttls(stage, edge):
    """Two segments: the second arrives while the handshake is awaited, so it must break it."""
    talk = greet(Talk(stage.ports[edge][0]), edge)
    talk.say(UPGRADE[edge]).line()
    talk.say(b"NOOP\r\n")
    with pytest.raises((ssl.SSLError, ConnectionError, OSError)):
        talk.starttls()
    talk.close()


@pytest.mark.parametrize("ending", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\r"])
def test_smuggled_end_of_data_stays_in_the_message(stage, ending):
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
    talk.say(b"RCPT TO:<b@example.org>\r\n").reply()
    talk.say(b"DATA\r\n").reply()
    talk.say(b"one" + ending + b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\n"
             b"DATA\r\ntwo\r\n.\r\n")
    assert talk.reply().startswith(b"250 ")
    talk.say(b"QUIT\r\n").reply()
    session = stage.smtp.sessions[-1]
    assert len(session["messages"]) == 1
    text = session["messages"][0]
    assert b"evil" in text and text.replace(b"\r\n", b"").find(b"\n") < 0
    assert text.replace(b"\r\n", b"").find(b"\r") < 0


@pytest.mark.parametrize("line", [b"XCLIENT ADDR=192.0.2.1\r\n", b"XFORWARD ADDR=192.0.2.1\r\n"])
def test_identity_from_a_client_is_refused(stage, line):
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    talk.say(line)
    assert talk.reply().startswith(b"5")
    talk.say(b"VRFY x\r\n").reply()
    talk.say(b"QUIT\r\n").reply()
    assert not any(l.startswith(line[:5]) for l in stage.smtp.sessions[-1]["lines"])


def test_imap_id_fields_of_trust_are_stripped(stage):
    talk = Talk(stage.ports["imap"][1]).starttls()
    talk.line()
    talk.say(b'a ID ("name" "tester" "x-originating-ip" "192.0.2.9")\r\n').until(b"a ")
    talk.say(b"b LOGIN alice secret\r\n").until(b"b ")
    talk.say(b"c LOGOUT\r\n").until(b"c ")
    lines = b"".join(stage.imap.sessions[-1]["lines"])
    assert b"192.0.2.9" not in lines


@pytest.mark.parametrize("edge", ALL)
@pytest.mark.parametrize("first", [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
                                   b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\0" * 12,
                                   b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_foreign_protocols_end_the_session(stage, edge, first):
    talk = Talk(stage.ports[edge][0])
    talk.line()
    talk.say(first)
    assert talk.is_closed()


@pytest.mark.parametrize("edge", IN_TLS)
def test_old_versions_are_refused_and_recorded(stage, edge):
    seen = len(stage.daemon.events)
    context = client_context()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(("127.0.0.1", stage.ports[edge][1])))
    refused = stage.daemon.wait("handshake refused", after=seen, edge=edge)
    assert refused["offered"] in ("TLSv1.1", "TLSv1.0")
    hello = [e for e in stage.daemon.events if e.get("event") == "client hello"
             and e["hello"] == refused["hello"]]
    assert hello and "c0" in hello[0]["suites"] and hello[0]["highest"] == refused["offered"]
    assert stage.daemon.wait("session ended", after=seen, edge=edge)["seal"] == "none"


@pytest.mark.parametrize("edge", IN_TLS)
def test_alpn_of_another_protocol_is_refused(stage, edge):
    context = client_context()
    context.set_alpn_protocols(["http/1.1"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(("127.0.0.1", stage.ports[edge][1])))


@pytest.mark.parametrize("edge", ALL)
def test_a_line_without_end_is_cut_off(stage, edge):
    seen = len(stage.daemon.events)
    talk = Talk(stage.ports[edge][0])
    talk.line()
    try:
        talk.say(b"A" * 200000)
    except ConnectionError:
        pass
    talk.is_closed()
    record = stage.daemon.wait("session ended", after=seen, edge=edge)
    assert record["outcome"] in ("too-long", "bad-syntax")
