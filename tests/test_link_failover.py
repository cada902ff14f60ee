"""Links with several far ends: whose service is down, who refuses, who is silent; and peers that do
not say a word before the stream (link/word.h)."""
import contextlib
import hashlib
import itertools
import os
import signal
import socket
import ssl

import pytest

import links
from daemon import free_ports, wait_until
from links import folder, pki  # noqa: F401 (fixtures)

MIB = 1 << 20
hosts = itertools.count()


@pytest.fixture
def made(folder, pki):
    """Makes daemons and services that end with the test."""
    class Made:
        """near(to), far(to), service(conversation)"""

        def __init__(self, stack):
            self.stack = stack

        def host(self, node, text, more=""):
            daemon = links.host(folder, f"host-{next(hosts)}", pki.node(node), {"link": text}, more)
            self.stack.callback(daemon.close)
            return daemon.ready()

        def far(self, to, node="db1", peer="imap1", more=""):
            port, = free_ports(1)
            far = self.host(node, f'listen_tls = "127.0.0.1:{port}"; to = "127.0.0.1:{to}"; '
                                  f'peer = "{peer}"; {more}')
            far.port = port
            return far

        def near(self, *to, more=""):
            port, = free_ports(1)
            names = ", ".join(f'"127.0.0.1:{each}"' for each in to)
            near = self.host("imap1", f'listen = "127.0.0.1:{port}"; to = [{names}]; '
                                      f'peer = ["db1", "db2"]; {more}')
            near.port = port
            return near

        def service(self, conversation):
            service = links.Service(conversation)
            self.stack.callback(service.close)
            return service

    with contextlib.ExitStack() as stack:
        yield Made(stack)


def connect(near):
    return socket.create_connection(("127.0.0.1", near.port), 60)


def is_refused(near, say=b"a question"):
    try:
        with connect(near) as sock:
            sock.sendall(say)
            return sock.recv(100) == b""
    except ConnectionError:
        return True


def full():
    """A listener that takes no more connections: who comes waits."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    held = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        held.append(sock)
    return listener, held


def nobody():
    return free_ports(1)[0]


# --- the far end says so ---

def test_the_next_far_end_is_asked_when_the_service_is_down(made):
    """Who speaks first does not count, and both logs say which end it was and why."""
    def greets(sock):
        sock.sendall(b"220 ready\r\n")
        return links.echo(sock)
    service = made.service(greets)
    idle, busy = made.far(nobody()), made.far(service.port, node="db2")
    near = made.near(idle.port, busy.port)
    with connect(near) as sock:
        assert sock.recv(100) == b"220 ready\r\n"
        sock.sendall(b"EHLO")
        assert sock.recv(100) == b"EHLO"
    said = near.wait("target of a link cannot be used")
    assert (said["end"], said["error"]) == ("service", "Connection refused")
    assert said["address"] == f"127.0.0.1:{idle.port}" and "that far end" in said["mend"]
    assert idle.wait("link cannot be made")["end"] == "service"
    assert idle.wait("link ended")["outcome"] == "unreachable"
    ended = near.wait("link ended")
    assert (ended["outcome"], ended["to"]) == ("ok", f"127.0.0.1:{busy.port}")
    assert near.status()["sums"]["links_refused"] == 0
    with connect(near) as sock:  # for a while it comes last
        assert sock.recv(100) == b"220 ready\r\n"
    assert idle.status()["sums"]["links_refused"] == 1


def test_what_was_sent_arrives_once_and_whole(made):
    """A client that speaks first, and one that ended already."""
    service = made.service(lambda sock: (sock.sendall(b"answer"), links.read_all(sock))[1])
    idle, busy = made.far(nobody()), made.far(service.port, node="db2")
    for text in (b"insert into t values (1)", b""):
        near = made.near(idle.port, busy.port)
        with connect(near) as sock:
            sock.sendall(text)
            sock.shutdown(socket.SHUT_WR)
            assert links.read_all(sock) == b"answer"
        assert near.wait("target of a link cannot be used")["end"] == "service"
    assert service.saw(2) == [b"insert into t values (1)", b""]


def test_more_than_is_kept(made):
    """Who sends much before the word is there is read no further, and then gets on."""
    service = made.service(lambda sock: hashlib.sha256(links.read_all(sock)).hexdigest())
    idle, busy = made.far(nobody()), made.far(service.port, node="db2")
    near = made.near(idle.port, busy.port)
    data = os.urandom(8 * MIB)
    with connect(near) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        assert links.read_all(sock) == b""
    assert service.saw() == [hashlib.sha256(data).hexdigest()]
    assert near.wait("link ended")["outcome"] == "ok"


def test_all_services_are_down(made):
    near = made.near(made.far(nobody()).port, made.far(nobody(), node="db2").port)
    assert is_refused(near)
    ended = near.wait("link ended")
    assert (ended["outcome"], ended["error"]) == ("unreachable", "Connection refused")
    assert near.status()["sums"]["links_refused"] == 1
    assert near.wait("target of a link cannot be used")["end"] == "service"


def test_a_proxy_header_goes_to_each_far_end(made):
    service = made.service(lambda sock: sock.recv(16, socket.MSG_WAITALL)[:12])
    idle, busy = made.far(nobody()), made.far(service.port, node="db2")
    near = made.near(idle.port, busy.port, more="proxy = true;")
    with connect(near):
        assert service.saw() == [b"\r\n\r\n\0\r\nQUIT\n"]


def test_who_refuses_this_host_is_passed_over(made):
    """The far end's alert comes when the near end thinks that all is well."""
    service = made.service(links.echo)
    other, right = made.far(service.port, peer="db1"), made.far(service.port, node="db2")
    near = made.near(other.port, right.port)
    with connect(near) as sock:
        sock.sendall(b"x")
        assert sock.recv(10) == b"x"
    assert near.wait("target of a link cannot be used")["end"] == "far"
    assert other.wait("link refused")["end"] == "near"
    assert service.count == 1


def test_syslog_goes_to_the_next(made):
    service = made.service(lambda sock: sock.recv(10, socket.MSG_WAITALL))
    near = made.near(made.far(nobody()).port, made.far(service.port, node="db2").port,
                     more='protocol = "syslog";')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"<13>hello", ("127.0.0.1", near.port))
        assert service.saw() == [b"9 <13>hell"]
    assert near.wait("target of a link cannot be used")["end"] == "service"


def test_silence_is_said(made):
    """Of a far end, and of the service behind one."""
    listener, held = full()
    with contextlib.closing(listener):
        port = listener.getsockname()[1]
        silent = made.near(port, more='connect_timeout = "1s";')
        assert is_refused(silent)
        said = silent.wait("link cannot be made")
        assert (said["end"], said["error"]) == ("far", "no answer in time")
        behind = made.near(made.far(port, more='connect_timeout = "1s";').port)
        assert is_refused(behind)
        said = behind.wait("link cannot be made")
        assert (said["end"], said["error"]) == ("service", "no answer in time")
    for sock in held:
        sock.close()


# --- it says nothing ---

def test_what_may_have_arrived_is_not_sent_again(made):
    """The far end dies before its word: only who has sent nothing gets another one."""
    service = made.service(lambda sock: (sock.sendall(b"hello"), links.read_all(sock))[1])
    listener, held = full()
    with contextlib.closing(listener):
        for say in (b"", b"a question"):
            stuck = made.far(listener.getsockname()[1], more='connect_timeout = "120s";')
            near = made.near(stuck.port, made.far(service.port, node="db2").port)
            with connect(near) as sock:
                sock.sendall(say)
                worker, = stuck.children()["worker"]
                assert wait_until(lambda w=worker: stuck.status()["sums"]["links_open"] == 1)
                os.kill(worker, signal.SIGKILL)
                if not say:
                    assert sock.recv(10) == b"hello"
                    near.wait("target of a link cannot be used")
                    continue
                with pytest.raises(ConnectionResetError):
                    sock.recv(10)
            said = near.wait("link cannot be made")
            assert said["end"] == "far" and "may have arrived" in said["mend"]
            assert near.wait("link ended")["outcome"] == "cut"
    assert service.count == 1
    for sock in held:
        sock.close()


# --- who does not know the word ---

def context_of(pki, node, side):
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pki.path("ca.crt"))
    context.load_cert_chain(pki.node(node) + "/node.crt", pki.node(node) + "/node.key")
    return context


def test_a_far_end_that_says_nothing_first(made, pki):
    """As any TLS server does: the first byte is the service's, whatever it is."""
    context = context_of(pki, "db1", ssl.PROTOCOL_TLS_SERVER)

    def speaks(sock):
        with context.wrap_socket(sock, server_side=True) as tls:
            tls.sendall(b"\2\1\0")
            return tls.recv(100)
    near = made.near(made.service(speaks).port)
    with connect(near) as sock:
        assert sock.recv(100) == b"\2\1\0"
        sock.sendall(b"x")
    assert near.wait("link ended")["bytes_out"] == "3"


def test_a_near_end_that_does_not_listen_for_it(made, pki):
    """It gets the service's bytes and nothing else; where there is none it is reset."""
    context = context_of(pki, "imap1", ssl.PROTOCOL_TLS_CLIENT)
    service = made.service(links.echo)
    far, idle = made.far(service.port), made.far(nobody())
    with context.wrap_socket(socket.create_connection(("127.0.0.1", far.port), 60)) as tls:
        tls.sendall(b"\1x")
        assert tls.recv(10) == b"\1x"
    with pytest.raises((ConnectionError, ssl.SSLError)):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", idle.port), 60),
                                 suppress_ragged_eofs=False) as tls:
            assert tls.recv(10) == b"nothing"
