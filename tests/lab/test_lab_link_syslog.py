"""Links with rsyslog and logger of Debian."""
import pytest

from daemon import wait_until
from inside_more import Rsyslog
from linked import FAR, linked_by

SYSLOG = 'protocol = "syslog";'
WAYS = {
    "udp": ("127.0.0.1:514", "127.0.0.1:514", SYSLOG),
    "unix": ("unix:{folder}/log", "127.0.0.1:514", SYSLOG),
    "tcp": ("127.0.0.1:1514", "127.0.0.1:514"),
    "rfc5425": ("127.0.0.1:2514", None, SYSLOG),
}
# With the certificate that mailseal pki gave its host, and it looks at the other's name.
TLS_INPUT = """
global(defaultNetstreamDriverCAFile="{node}/ca.crt" defaultNetstreamDriverCertFile="{node}/node.crt"
       defaultNetstreamDriverKeyFile="{node}/node.key")
input(type="imtcp" address="{address}" port="{port}" streamDriver.name="gtls" streamDriver.mode="1"
      streamDriver.authMode="x509/name" permittedPeer=["imap1.mailseal.internal"])
"""
FORWARD = 'action(type="omfwd" target="127.0.0.1" port="1514" protocol="tcp")'


@pytest.fixture(scope="module", name="linked")
def linked_fixture():
    with linked_by(WAYS) as linked:
        yield linked


@pytest.fixture(scope="module", name="server")
def server_fixture(linked):
    return Rsyslog(linked.far, forward=TLS_INPUT.format(node=linked.pki.node("db1"), address=FAR,
                                                        port=linked.ports["rfc5425"]))


def has(server, text, count=1):
    return wait_until(lambda: server.messages().count(text) == count, 60)


def test_datagrams(linked, server):
    server.logger("by a datagram", host=linked.near)
    assert has(server, "by a datagram")


def test_a_unix_socket(linked, server):
    linked.near.run("logger", "-u", f"{linked.folder}/log", "-t", "inside", "by a path")
    assert has(server, "by a path")


def test_rsyslog_forwards_by_tcp(linked, server):
    """Between two servers, over a link that knows nothing of syslog."""
    seen, client = linked.seen(), Rsyslog(linked.near, port=3514, forward=FORWARD)
    for number in range(200):
        client.logger(f"number {number}.", "-T")
    assert wait_until(lambda: all(f"number {n}." in server.messages() for n in range(200)), 60)
    client.close()
    linked.carried("tcp", seen)


def test_rsyslog_with_tls_of_its_own(linked, server):
    """Datagrams as RFC 5425 has them, and no far end of ours."""
    for number in range(200):
        server.logger(f"sealed {number}.", host=linked.near, port=2514)
    assert wait_until(lambda: all(f"sealed {n}." in server.messages() for n in range(200)), 60)


def test_a_server_that_is_started_anew(linked, server):
    """Its stream is made again; nothing that comes when it is there is lost."""
    server.logger("while it is there", host=linked.near, port=2514)
    assert has(server, "while it is there")
    seen = linked.seen()
    server.close()
    linked.near_end.wait("link broke", 30, seen[0], link="rfc5425")
    server.logger("while it was away", host=linked.near, port=2514)
    server.process = server.host.start(server.name, server.argv())
    assert has(server, "while it was away")


def test_nothing_else_crossed(linked):
    """The last of all: what the tests before have sent."""
    linked.only_sealed_crossed()
