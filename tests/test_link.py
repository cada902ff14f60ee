"""Links: a near and a far end, their two daemons on one machine."""
import hashlib
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

import links
import peers
from daemon import BINARY, free_ports, memory_kib, wait_until
from links import folder, pki  # noqa: F401 (fixtures)
from pkis import Pki
from stores import Store

MIB = 1 << 20


@pytest.fixture(scope="module")
def pair(folder, pki):
    """A link from imap1 to a service on db1 that a test replaces by service.conversation."""
    service = links.Service(links.echo)
    near_port, far_port = free_ports(2)
    far = links.host(folder, "far", pki.node("db1"), {
        "sql-in": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service.port}"; '
                  'peer = ["imap1", "imap2"];'})
    near = links.host(folder, "near", pki.node("imap1"), {
        "sql": f'listen = "127.0.0.1:{near_port}"; to = "127.0.0.1:{far_port}"; peer = "db1";'})
    far.ready()
    near.ready()
    yield SimpleNamespace(near=near, far=far, service=service, port=near_port, far_port=far_port)
    near.close()
    far.close()
    service.close()


@pytest.fixture
def service(pair):
    """Each test begins with an echo and nothing seen."""
    pair.service.conversation, pair.service.seen, pair.service.count = links.echo, [], 0
    return pair.service


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 60)


def is_refused(port, say=b"a question"):
    """Whoever connects is cut off, and hears nothing."""
    try:
        with connect(port) as sock:
            sock.sendall(say)
            return sock.recv(100) == b""
    except ConnectionError:
        return True


def test_bytes_are_carried_and_recorded(pair, service):
    seen = len(pair.near.events), len(pair.far.events)
    with connect(pair.port) as sock:
        sock.sendall(b"select 1")
        assert sock.recv(100) == b"select 1"
        sock.shutdown(socket.SHUT_WR)
        assert links.read_all(sock) == b""
    near = pair.near.wait("link ended", after=seen[0])
    far = pair.far.wait("link ended", after=seen[1])
    for ended in (near, far):
        assert (ended["leg"], ended["seal"], ended["tls"]) == ("internal", "authenticated", "TLSv1.3")
        assert (ended["outcome"], ended["bytes_in"], ended["bytes_out"]) == ("ok", "8", "8")
    assert (near["peer"], far["peer"]) == ("db1", "imap1.mailseal.internal")
    assert wait_until(lambda: pair.far.status()["sums"]["links_open"] == 0)
    assert pair.far.status()["sums"]["link_connections"] >= 1
    assert service.saw() == ["echoed"]


def test_much_both_ways_at_once(pair, service):
    """100 MiB each way: unchanged, and no worker grows with it."""
    size, block = 100 * MIB, os.urandom(MIB)
    sums = {}

    def talk(sock, name):
        def send():
            for _ in range(size // MIB):
                sock.sendall(block)
            sock.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        got = hashlib.sha256()
        for part in iter(lambda: sock.recv(MIB), b""):
            got.update(part)
        sender.join()
        sums[name] = got.hexdigest()
        return "talked"

    service.conversation = lambda sock: talk(sock, "service")
    with connect(pair.port) as sock:
        talk(sock, "client")
    service.saw()
    expected = hashlib.sha256(block * (size // MIB)).hexdigest()
    assert sums == {"client": expected, "service": expected}
    for daemon in (pair.near, pair.far):
        worker, = daemon.children()["worker"]
        assert memory_kib(worker, "VmHWM") < 40 * 1024


def test_who_does_not_read_is_waited_for(pair, service):
    """An endless sender and a reader that rests: a bound is met, and what was sent arrives."""
    rests = threading.Event()

    def conversation(sock):
        rests.wait(60)
        return sum(len(part) for part in iter(lambda: sock.recv(MIB), b""))
    service.conversation = conversation
    workers = [d.children()["worker"][0] for d in (pair.near, pair.far)]
    before = [memory_kib(w, "VmRSS") for w in workers]
    sent = 0
    with connect(pair.port) as sock:
        sock.settimeout(1)
        with pytest.raises(TimeoutError):
            while sent < 1024 * MIB:
                sent += sock.send(bytes(MIB))
        after = [memory_kib(w, "VmRSS") for w in workers]
        assert sent < 100 * MIB  # what the kernel keeps in three connections, and little more
        assert all(a - b < 4 * 1024 for a, b in zip(after, before))
        rests.set()
    assert service.saw() == [sent]


def test_each_way_ends_by_itself(pair, service):
    """The client ends first and still gets all; then the service does."""
    service.conversation = lambda sock: (links.read_all(sock), sock.sendall(b"all of it"))[0]
    with connect(pair.port) as sock:
        sock.sendall(b"question")
        sock.shutdown(socket.SHUT_WR)
        assert links.read_all(sock) == b"all of it"
    assert service.saw() == [b"question"]

    def ends_first(sock):
        sock.sendall(b"hello")
        sock.shutdown(socket.SHUT_WR)
        return links.read_all(sock)
    service.conversation, service.seen = ends_first, []
    with connect(pair.port) as sock:
        assert links.read_all(sock) == b"hello"
        sock.sendall(b"said after the end")
        sock.shutdown(socket.SHUT_WR)
        assert service.saw() == [b"said after the end"]


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_a_reset_is_no_end(pair, service):
    def breaks(sock):
        sock.recv(100)
        reset(sock)
        return "reset"
    service.conversation = breaks
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            sock.recv(100)

    def waits(sock):
        sock.sendall(b"x")
        return sock.recv(100)
    service.conversation, service.seen = waits, []
    sock = connect(pair.port)
    assert sock.recv(100) == b"x"
    reset(sock)
    assert isinstance(service.saw()[0], ConnectionResetError)


def test_a_far_end_that_dies_is_no_end(folder, pki, service):
    """Its process is killed in mid-stream: no close_notify, so the client is cut off."""
    near_port, far_port = free_ports(2)
    far = links.host(folder, "dies", pki.node("db1"), {
        "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service.port}"; peer = "imap1";'})
    near = links.host(folder, "stays", pki.node("imap1"), {
        "near": f'listen = "127.0.0.1:{near_port}"; to = "127.0.0.1:{far_port}"; peer = "db1";'})
    try:
        far.ready()
        near.ready()
        with connect(near_port) as sock:
            sock.sendall(b"x")
            assert sock.recv(10) == b"x"
            os.kill(far.children()["worker"][0], 9)
            with pytest.raises(ConnectionResetError):
                sock.recv(10)
        assert near.wait("link ended")["outcome"] == "cut"
    finally:
        near.close()
        far.close()


def test_a_reload_cuts_no_stream(pair, service):
    with connect(pair.port) as sock:
        sock.sendall(b"before")
        assert sock.recv(100) == b"before"
        for daemon in (pair.near, pair.far):
            seen = len(daemon.events)
            daemon.ctl("reload")
            daemon.wait("configuration reloaded", after=seen)
        sock.sendall(b"after")
        assert sock.recv(100) == b"after"
        with connect(pair.port) as other:
            other.sendall(b"new")
            assert other.recv(100) == b"new"


def near_end(folder, pki, name, port, to, peer="db1", more=""):
    return links.host(folder, f"near-{name}-{port}", pki.node(name), {
        "near": f'listen = "127.0.0.1:{port}"; to = {to}; peer = "{peer}"; {more}'}).ready()


def test_a_far_end_of_another_name_is_refused(folder, pki, pair, service):
    port, = free_ports(1)
    near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{pair.far_port}"', peer="db2")
    try:
        assert is_refused(port)
        said = near.wait("link cannot be made")
        assert (said["end"], said["peer"]) == ("far", "db2") and "mismatch" in said["error"].lower()
        assert near.status()["sums"]["links_refused"] == 1
    finally:
        near.close()
    assert service.count == 0


def test_a_near_end_of_another_name_is_refused(folder, pki, pair, service):
    port, = free_ports(1)
    seen = len(pair.far.events)
    near = near_end(folder, pki, "db2", port, f'"127.0.0.1:{pair.far_port}"')
    try:
        assert is_refused(port)
        said = pair.far.wait("link refused", after=seen)
        assert (said["end"], said["names"]) == ("near", "db2.mailseal.internal")
        assert "peer" in said["mend"]
        assert near.wait("link cannot be made")["end"] == "far"
    finally:
        near.close()
    assert service.count == 0


def test_a_host_of_another_ca_is_refused(folder, pki, pair, service):
    """Neither side believes it: it knows the far end's roots, but has no certificate of theirs."""
    foreign = Pki(folder + "/foreign")
    foreign.run("init")
    foreign.run("issue", "imap1")
    port, other = free_ports(2)
    near = near_end(folder, foreign, "imap1", port, f'"127.0.0.1:{pair.far_port}"')
    try:
        assert is_refused(port)
        assert near.wait("link cannot be made")["end"] == "far"
    finally:
        near.close()
    with open(pki.node("imap1") + "/ca.crt", encoding="ascii") as roots:
        with open(foreign.node("imap1") + "/ca.crt", "w", encoding="ascii") as out:
            out.write(roots.read())
    seen = len(pair.far.events)
    near = near_end(folder, foreign, "imap1", other, f'"127.0.0.1:{pair.far_port}"')
    try:
        assert is_refused(other)
        assert pair.far.wait("link refused", after=seen)["end"] == "near"
    finally:
        near.close()
    assert service.count == 0


def test_an_old_certificate_is_refused_past_its_grace(folder, pki, pair, service):
    pki.run("issue", "imap2")
    pki.end_days_ago("imap2", 8)
    port, = free_ports(1)
    seen = len(pair.far.events)
    near = near_end(folder, pki, "imap2", port, f'"127.0.0.1:{pair.far_port}"')
    try:
        assert is_refused(port)
        said = pair.far.wait("link refused", after=seen)
        assert said["names"] == "imap2.mailseal.internal" and "expired" in said["error"]
        told = near.wait("link cannot be made")
        assert told["end"] == "far" and "expired" in told["error"]
    finally:
        near.close()
    assert service.count == 0


def test_an_old_certificate_within_its_grace_is_an_alarm(folder, pki, pair, service):
    pki.run("issue", "imap2", "--again")
    pki.end_days_ago("imap2", 2)
    port, = free_ports(1)
    seen = len(pair.far.events)
    near = near_end(folder, pki, "imap2", port, f'"127.0.0.1:{pair.far_port}"')
    try:
        with connect(port) as sock:
            sock.sendall(b"x")
            assert sock.recv(10) == b"x"
        said = pair.far.wait("certificate of one of our hosts has expired and is accepted for now",
                             after=seen)
        assert (said["level"], said["names"]) == ("error", "imap2.mailseal.internal")
    finally:
        near.close()


def test_nothing_goes_in_clear(folder, pki):
    """A far end that has no TLS: it gets a ClientHello and not one byte of the client's."""
    def listens(sock):
        got = sock.recv(4096)
        sock.sendall(b"-ERR what?\r\n")
        return got + links.read_all(sock)
    plain = links.Service(listens)
    port, = free_ports(1)
    near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{plain.port}"')
    try:
        assert is_refused(port, b"the secret question")
        assert near.wait("link cannot be made")["end"] == "far"
        got = plain.saw()[0]
        assert isinstance(got, OSError) or (got.startswith(b"\x16\x03") and b"secret" not in got)
    finally:
        near.close()
        plain.close()


def test_old_versions_and_strangers_get_nothing(pair, service):
    for version in ("-tls1_2", "-tls1_3"):
        seen = len(pair.far.events)
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{pair.far_port}",
                               version, "-quiet", "-no_ign_eof"], input="question\n", text=True,
                              capture_output=True, timeout=30, check=False)
        assert not done.stdout
        said = pair.far.wait("link refused", after=seen)  # the alert itself may lose to the reset
        assert (said["end"], said.get("names", "")) == ("near", "")
    assert service.count == 0


def test_the_next_far_end_has_its_turn(folder, pki, pair, service):
    """The first is down, the second is another host, the third is right."""
    port, down, far_port = free_ports(3)
    other = links.host(folder, "other", pki.node("db2"), {
        "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service.port}"; peer = "imap1";'})
    near = None
    try:
        other.ready()
        near = near_end(folder, pki, "imap1", port, f'["127.0.0.1:{down}", "127.0.0.1:{far_port}", '
                                                    f'"127.0.0.1:{pair.far_port}"]')
        for _ in range(2):
            with connect(port) as sock:
                sock.sendall(b"x")
                assert sock.recv(10) == b"x"
        failed = [e["address"] for e in near.events
                  if e.get("event") == "target of a link cannot be used"]
        assert failed == [f"127.0.0.1:{down}", f"127.0.0.1:{far_port}"]  # the second time they wait
        assert near.wait("link ended", outcome="ok")["to"] == f"127.0.0.1:{pair.far_port}"
    finally:
        if near:
            near.close()
        other.close()


def test_nobody_there_is_said_at_once(folder, pki):
    """The far end is down; it is there, but its service is not."""
    first, second, down, far_port, service = free_ports(5)
    far = links.host(folder, "idle", pki.node("db1"), {
        "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service}"; peer = "imap1";'})
    near = near_end(folder, pki, "imap1", first, f'"127.0.0.1:{down}"')
    other = near_end(folder, pki, "imap1", second, f'"127.0.0.1:{far_port}"')
    try:
        far.ready()
        assert is_refused(first)
        said = near.wait("link cannot be made")
        assert (said["end"], said["error"]) == ("far", "Connection refused")
        assert near.wait("link ended")["outcome"] == "unreachable"
        assert is_refused(second)
        assert far.wait("link cannot be made")["end"] == "service"
        said = other.wait("link cannot be made")
        assert (said["end"], said["error"]) == ("service", "Connection refused")
        assert other.wait("link ended")["outcome"] == "unreachable"
        assert far.wait("link ended")["outcome"] == "unreachable"
    finally:
        near.close()
        other.close()
        far.close()


def test_unix_sockets_at_both_ends(folder, pki):
    service = links.Service(links.echo, path=folder + "/service.sock")
    far_port, = free_ports(1)
    far = links.host(folder, "unix-far", pki.node("db1"), {
        "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "unix:{folder}/service.sock"; peer = "imap1";'})
    near = links.host(folder, "unix-near", pki.node("imap1"), {
        "near": f'listen = "unix:{folder}/links/near.sock"; mode = "0606"; to = "127.0.0.1:{far_port}"; '
                'peer = "db1";'})
    try:
        far.ready()
        near.ready()
        assert os.stat(folder + "/links/near.sock").st_mode & 0o777 == 0o606
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(folder + "/links/near.sock")
            sock.sendall(b"hello")
            sock.shutdown(socket.SHUT_WR)
            assert links.read_all(sock) == b"hello"
        assert near.wait("link ended")["client"] == "unix"
    finally:
        near.close()
        far.close()
        service.close()


def test_proxy_headers_say_who_came(folder, pki):
    told = []

    def takes(sock):
        reader = peers.Line(sock)
        told.extend(peers.read_proxy_header(reader) for _ in range(2))
        return reader.read()
    service = links.Service(takes)
    port, far_port = free_ports(2)
    far = links.host(folder, "proxy-far", pki.node("db1"), {
        "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{service.port}"; '
               'peer = "imap1"; proxy = true;'})
    near = None
    try:
        far.ready()
        near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{far_port}"', more="proxy = true;")
        with socket.create_connection(("127.0.0.1", port), 30, ("127.0.0.7", 0)) as sock:
            mine = sock.getsockname()[1]
            sock.sendall(b"hello\n")
            assert service.saw() == [b"hello\n"]
    finally:
        if near:
            near.close()
        far.close()
        service.close()
    by_far, by_near = told
    assert by_far["client"] == "127.0.0.1" and b"imap1.mailseal.internal" in by_far["tls"]
    assert (by_near["client"], by_near["port"], by_near["tls"]) == ("127.0.0.7", mine, None)


def test_connections_have_a_limit(folder, pki, pair, service):
    port, = free_ports(1)
    near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{pair.far_port}"',
                    more="connections = 2;")
    try:
        held = [connect(port) for _ in range(2)]
        for sock in held:
            sock.sendall(b"x")
            assert sock.recv(10) == b"x"
        assert is_refused(port)
        assert near.wait("link refused")["error"] == "connections"
        held.pop().close()
        assert wait_until(lambda: near.status()["sums"]["links_open"] == 1)
        with connect(port) as sock:
            sock.sendall(b"y")
            assert sock.recv(10) == b"y"
    finally:
        near.close()


def test_silence_may_end_it(folder, pki, pair, service):
    port, = free_ports(1)
    near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{pair.far_port}"',
                    more='idle_timeout = "1s";')
    try:
        with connect(port) as sock:
            sock.sendall(b"x")
            assert sock.recv(10) == b"x"
            with pytest.raises(ConnectionResetError):
                sock.recv(10)
        assert near.wait("link ended")["outcome"] == "timeout"
    finally:
        near.close()


# --- syslog ---

def datagrams_at(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    os.chmod(path, 0o777)
    sock.settimeout(30)
    return sock


def test_syslog_datagrams_arrive(folder, pki):
    """By UDP and by a unix socket; far end to a unix socket, which is made anew in between."""
    udp, far_port = free_ports(2)
    server = datagrams_at(folder + "/syslog.sock")
    far = None
    near = links.host(folder, "log-near", pki.node("imap1"), {
        "log": f'listen = ["127.0.0.1:{udp}", "unix:{folder}/links/log"]; mode = "0666"; '
               f'to = "127.0.0.1:{far_port}"; peer = "db1"; protocol = "syslog";'})
    try:
        near.ready()
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        messages = [b"<13>1 - - a - - - first, and the far end is not there yet",
                    b"<13>\x00\xff any bytes\n", b"<13>" + b"x" * 8188]
        for message in messages:
            client.sendto(message, ("127.0.0.1", udp))
        near.wait("link cannot be made")
        far = links.host(folder, "log-far", pki.node("db1"), {
            "log-in": f'listen_tls = "127.0.0.1:{far_port}"; to = "unix:{folder}/syslog.sock"; '
                      'peer = "imap1"; protocol = "syslog";'})
        far.ready()
        for message in messages:
            assert server.recv(65536) == message
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"<14>by a path", folder + "/links/log")
        assert server.recv(65536) == b"<14>by a path"
        server.close()
        os.unlink(folder + "/syslog.sock")
        server = datagrams_at(folder + "/syslog.sock")
        client.sendto(b"<15>after a restart", ("127.0.0.1", udp))
        assert server.recv(65536) == b"<15>after a restart"
        os.kill(far.children()["worker"][0], 9)  # the stream is made again
        near.wait("link broke")
        client.sendto(b"<16>once more", ("127.0.0.1", udp))
        assert server.recv(65536) == b"<16>once more"
        assert near.status()["sums"]["link_datagrams"] == 6
    finally:
        near.close()
        if far:
            far.close()
        server.close()
    ended = near.wait("link ended", outcome="ok")
    assert (ended["protocol"], ended["seal"], ended["datagrams"]) == ("syslog", "authenticated", "1")


def test_syslog_to_a_server_at_udp(folder, pki):
    """What nobody takes is lost, counted, and no end of the stream."""
    udp, far_port, to = free_ports(3)
    far = links.host(folder, "udp-far", pki.node("db1"), {
        "log-in": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{to}"; '
                  'peer = "imap1"; protocol = "syslog";'})
    near = links.host(folder, "udp-near", pki.node("imap1"), {
        "log": f'listen = "127.0.0.1:{udp}"; to = "127.0.0.1:{far_port}"; peer = "db1"; '
               'protocol = "syslog";'})
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        far.ready()
        near.ready()
        client.sendto(b"<13>nobody is there", ("127.0.0.1", udp))
        assert far.wait("syslog message lost")["end"] == "service"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.settimeout(30)
            server.bind(("127.0.0.1", to))
            client.sendto(b"<13>now", ("127.0.0.1", udp))
            assert server.recv(100) == b"<13>now"
        assert not [e for e in near.events if e.get("event") == "link ended"]
    finally:
        near.close()
        far.close()


def test_syslog_for_a_server_that_reads_frames(folder, pki):
    """A far end with protocol "tcp" gives them as they are (RFC 6587 3.4.1)."""
    frames = links.Service(lambda sock: sock.recv(64, socket.MSG_WAITALL))
    udp, far_port = free_ports(2)
    far = links.host(folder, "frames-far", pki.node("db1"), {
        "log-in": f'listen_tls = "127.0.0.1:{far_port}"; to = "127.0.0.1:{frames.port}"; '
                  'peer = "imap1";'})
    near = links.host(folder, "frames-near", pki.node("imap1"), {
        "log": f'listen = "127.0.0.1:{udp}"; to = "127.0.0.1:{far_port}"; peer = "db1"; '
               'protocol = "syslog";'})
    try:
        far.ready()
        near.ready()
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.sendto(b"<13>one", ("127.0.0.1", udp))
        client.sendto(b"<13>" + b"y" * 48, ("127.0.0.1", udp))
        assert frames.saw() == [b"7 <13>one52 <13>" + b"y" * 48]
    finally:
        near.close()
        far.close()
        frames.close()


def test_what_is_no_frame_ends_it(folder, pki):
    """A link with protocol "tcp" to a far end of syslog: bytes that are no frames."""
    port, far_port = free_ports(2)
    server = datagrams_at(folder + "/never.sock")
    far = links.host(folder, "bad-far", pki.node("db1"), {
        "log-in": f'listen_tls = "127.0.0.1:{far_port}"; to = "unix:{folder}/never.sock"; '
                  'peer = "imap1"; protocol = "syslog";'})
    near = None
    try:
        far.ready()
        near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{far_port}"')
        assert is_refused(port, b"GET / HTTP/1.0\r\n\r\n")
        assert far.wait("link ended")["outcome"] == "bad-syntax"
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.recv(100)
    finally:
        if near:
            near.close()
        far.close()
        server.close()


# --- real servers ---

@pytest.fixture
def through(folder, pki):
    """through(name, near, far): a link between these two addresses."""
    running = []

    def make(name, near, to):
        far_port, = free_ports(1)
        for daemon in (
                links.host(folder, name + "-far", pki.node("db1"), {
                    "far": f'listen_tls = "127.0.0.1:{far_port}"; to = "{to}"; peer = "imap1";'}),
                links.host(folder, name + "-near", pki.node("imap1"), {
                    "near": f'listen = "{near}"; to = "127.0.0.1:{far_port}"; peer = "db1"; '
                            'mode = "0666";'})):
            running.append(daemon)
            daemon.ready()
        return running[-1]
    yield make
    for daemon in running:
        daemon.close()


def test_redis(through):
    store = Store(*free_ports(1))
    port, = free_ports(1)
    try:
        near = through("redis", f"127.0.0.1:{port}", f"127.0.0.1:{store.port}")
        value = "v" * (5 * MIB)
        commands = "".join(f"*3\r\n$3\r\nSET\r\n${len(k)}\r\n{k}\r\n${len(value)}\r\n{value}\r\n"
                           for k in ("a", "b"))
        done = subprocess.run(["redis-cli", "-p", str(port), "--pipe"], input=commands, text=True,
                              capture_output=True, timeout=60, check=True)
        assert "errors: 0, replies: 2" in done.stdout
        got = subprocess.run(["redis-cli", "-p", str(port), "GET", "b"], capture_output=True,
                             text=True, timeout=60, check=True)
        assert got.stdout.strip() == value
        assert near.wait("link ended")["seal"] == "authenticated"
    finally:
        store.close()


def test_records_and_metrics(pair, service):
    """The ledger knows the internal leg, and /metrics what links did."""
    with connect(pair.port) as sock:
        sock.sendall(b"x")
        assert sock.recv(10) == b"x"

    def coverage():
        done = subprocess.run([BINARY, "report", "coverage", "--json", "-c", pair.near.config],
                              capture_output=True, text=True, timeout=30, check=False)
        return done.stdout
    assert wait_until(lambda: '"internal"' in coverage(), 15), coverage()
    status = pair.near.ctl("status").stdout
    assert "link_connections" in status and "links_tls_failed" in status


# --- transparent ---

def test_a_connection_that_was_not_caught_is_refused(folder, pki, pair, service):
    port, = free_ports(1)
    near = near_end(folder, pki, "imap1", port, f'"127.0.0.1:{pair.far_port}"',
                    more='transparent = true; destination = "192.0.2.9:5432";')
    try:
        assert is_refused(port)
        assert "destination" in near.wait("link refused")["error"]
        rules = subprocess.run([BINARY, "link", "redirect", "--print", "-c", near.config],
                               capture_output=True, text=True, check=True).stdout
        assert f"ip daddr 192.0.2.9 tcp dport 5432 redirect to :{port} " in rules
    finally:
        near.close()
    assert service.count == 0


@pytest.mark.skipif(not shutil.which("nft"), reason="nftables is not installed")
def test_who_cannot_be_told_is_caught(folder, pki):
    """In a network of its own: a client that connects to 192.0.2.9, and knows of no link."""
    script = os.path.join(os.path.dirname(__file__), "link_caught.py")
    done = subprocess.run(["unshare", "-n", sys.executable, script, folder, pki.dir],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "caught, and told where to" in done.stdout


def test_config_check_counts_descriptors_and_groups(folder, pki):
    path = folder + "/check.conf"
    with open(path, "w", encoding="ascii") as out:
        out.write('hostname = "mail.example.org"; ' + links.config(pki.node("imap1"), {
            "a": 'listen = "127.0.0.1:1"; to = "192.0.2.1:2"; peer = "db1"; connections = 1000000; '
                 'group = "no-such-group";'}))
    done = subprocess.run([BINARY, "config", "check", "-c", path], capture_output=True, text=True,
                          check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "no-such-group" in said
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard == resource.RLIM_INFINITY or hard > 2000000 or "connections of links" in said


def test_redirect_says_what_it_cannot(pair):
    done = subprocess.run([BINARY, "link", "redirect", "--print", "-c", pair.near.config],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "transparent = true" in done.stderr and not done.stdout
    assert subprocess.run([BINARY, "link", "redirect"], capture_output=True,
                          check=False).returncode == 2
