"""X25519MLKEM768 comes first where OpenSSL has it (3.5), and its large hello may arrive in pieces."""
import fcntl
import re
import socket
import ssl
import struct
import subprocess
import termios

import pytest

from daemon import Talk, client_context

pytestmark = pytest.mark.usefixtures("alone")

HYBRID = "X25519MLKEM768"
STARTTLS = {"mx": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3"}


def openssl_version():
    text = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout
    return tuple(int(n) for n in re.match(r"OpenSSL (\d+)\.(\d+)", text).groups())


needs_hybrid = pytest.mark.skipif(
    openssl_version() < (3, 5),
    reason=f"OpenSSL {'.'.join(map(str, openssl_version()))} has no {HYBRID}: see the Debian 13 step")


def negotiated(stage, edge, *options):
    """The group by the client's word and by the record's."""
    seen = len(stage.daemon.events)
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{stage.ports[edge][0]}",
                           "-starttls", STARTTLS[edge], "-servername", "mail.example.org", *options],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    record = stage.daemon.wait("session ended", after=seen, edge=edge)
    told = re.search(r"(?:Negotiated TLS1\.3 group|Peer Temp Key): (\w+)", done.stdout)
    return told and told.group(1), record.get("group")


@needs_hybrid
@pytest.mark.parametrize("edge", STARTTLS)
def test_hybrid_group_with_a_client_as_it_comes(stage, edge):
    assert negotiated(stage, edge) == (HYBRID, HYBRID)


@needs_hybrid
def test_hybrid_group_is_taken_before_what_the_client_likes_more(stage):
    assert negotiated(stage, "imap", "-groups", f"*X25519:*{HYBRID}") == (HYBRID, HYBRID)


@needs_hybrid
def test_client_without_the_hybrid_group_gets_x25519(stage):
    assert negotiated(stage, "imap", "-groups", "X25519:P-256") == ("X25519", "X25519")


def drip(sock, data, size):
    """Every piece is acknowledged before the next one goes: each is a segment of its own."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(data), size):
        sock.sendall(data[start:start + size])
        while struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]:
            pass


def as_records(flight, size):
    """The handshake message of one TLS record, in several."""
    body = flight[5:]
    assert flight[0] == 22 and len(body) == struct.unpack("!H", flight[3:5])[0]
    return b"".join(flight[:3] + struct.pack("!H", len(part)) + part
                    for part in (body[n:n + size] for n in range(0, len(body), size)))


def handshake(sock, grown, change, size):
    """A handshake whose hello goes in pieces; returns the hello's length."""
    context = client_context()
    if grown:  # past one segment even where the key share is small
        context.set_alpn_protocols(["imap"] + [f"x-{n:03}-" + "x" * 90 for n in range(20)])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="mail.example.org")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    drip(sock, change(hello), size)
    while True:
        try:
            tls.do_handshake()
            sock.sendall(outgoing.read())
            return len(hello)
        except ssl.SSLWantReadError:
            more = sock.recv(65536)
            assert more, "the edge closed"
            incoming.write(more)


@pytest.mark.parametrize("size", [1, 5, 100, 1400])
@pytest.mark.parametrize("grown", [False, True], ids=["as it comes", "grown"])
def test_hello_in_several_segments(stage, grown, size):
    seen = len(stage.daemon.events)
    with socket.create_connection(("127.0.0.1", stage.ports["imap"][1]), 15) as sock:
        length = handshake(sock, grown, lambda hello: hello, size)
    assert length > 1500 or not grown
    record = stage.daemon.wait("session ended", after=seen, edge="imap")
    assert record["tls"] == "TLSv1.3" and record["sni"] == "mail.example.org"
    assert record["group"] == (HYBRID if ssl.OPENSSL_VERSION_INFO >= (3, 5) else "X25519")


def test_hello_in_several_records_and_segments(stage):
    seen = len(stage.daemon.events)
    with socket.create_connection(("127.0.0.1", stage.ports["imap"][1]), 15) as sock:
        handshake(sock, True, lambda hello: as_records(hello, 300), 100)
    record = stage.daemon.wait("session ended", after=seen, edge="imap")
    assert record["tls"] == "TLSv1.3" and record["sni"] == "mail.example.org"


def test_hello_in_segments_after_starttls(stage):
    seen = len(stage.daemon.events)
    talk = Talk(stage.ports["mx"][0])
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    talk.say(b"STARTTLS\r\n").line()
    handshake(talk.sock, False, lambda hello: hello, 50)
    talk.close()
    assert stage.daemon.wait("session ended", after=seen, edge="mx")["tls"] == "TLSv1.3"
