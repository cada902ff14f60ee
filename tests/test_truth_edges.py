"""What our own edges serve is what they should: the daemon looks at them as a stranger would, and leaves
no trace."""
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from daemon import BINARY, Talk, free_ports, make_certificate, wait_until
from truths import (ALARM_S, alarms, backends, folder, looked, over, put, raised,  # noqa: F401
                    watch, watching)

HOST = "mail.example.org"
EDGES = '''certificate = {{ mail = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ imap = {{ address = ["127.0.0.1:{imap}"]; client_info = "proxy"; }};
             smtp = {{ address = ["127.0.0.1:{smtp}"]; client_info = "proxy"; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{ports[0]}"]; backend = "smtp"; }};
          mail = {{ protocol = "imap"; listen = ["127.0.0.1:{ports[1]}"];
                    listen_tls = ["127.0.0.1:{ports[2]}"]; backend = "imap"; }};
          behind = {{ protocol = "imap"; listen = ["127.0.0.1:{ports[3]}"]; backend = "imap";
                      proxy_from = ["127.0.0.0/8"]; }};
          any = {{ protocol = "tcp"; listen_tls = ["*:{ports[4]}"]; backend = "imap"; }};
          web = {{ protocol = "http"; listen_tls = ["127.0.0.1:{ports[5]}"]; backend = "imap"; }};
          lmtp = {{ protocol = "lmtp"; listen = ["127.0.0.1:{ports[6]}"]; backend = "smtp"; }};
}};
'''


def edges(folder, backends, name="mail"):
    ports = free_ports(7)
    chain, key = make_certificate(folder, name, host=HOST)
    os.chmod(key, 0o644)
    return EDGES.format(chain=chain, key=key, imap=backends[0].port, smtp=backends[1].port,
                        ports=ports), ports, (chain, key)


def test_own_edges_leave_no_trace(folder, backends):
    config, ports, _ = edges(folder, backends)
    with watching(folder, config + 'ledger = { keep = "all"; };', every="1s") as daemon:
        looked(daemon, 4)
        status = daemon.status()
        # IPv6 where the machine has it.
        assert status["witness"]["targets"] in (7, 8)
        assert not status["witness"]["in_turn"]
        assert status["alarms"] == []
        assert all(status["sums"][n] == 0 for n in ("tls", "tls_failed", "plain"))
        # A visit counts as long as it is open, and on a busy machine one mostly is.
        assert status["sums"]["sessions"] <= status["sums"]["open"]
        assert wait_until(lambda: daemon.status()["sums"]["signatures_pending"] == 0, 60)
        assert not [e for e in daemon.events if e.get("event") in ("session ended", "client hello",
                                                                   "handshake refused")]
        # A stranger's is recorded all the same, and has the protocol that was agreed on.
        client = ssl.create_default_context(cafile=f"{folder}/mail.pem")
        with socket.create_connection(("127.0.0.1", ports[2]), 15) as sock, \
                client.wrap_socket(sock, server_hostname=HOST) as tls:
            assert tls.recv(4096).startswith(b"* OK")
            tls.sendall(b"a CAPABILITY\r\n")
            assert tls.recv(4096)
        daemon.wait("session ended", edge="mail")
        assert wait_until(lambda: daemon.status()["ledger"]["rows"] == 1, 60)
        looked(daemon, 2)
        assert daemon.status()["ledger"]["rows"] == 1
        report = subprocess.run([BINARY, "report", "alarms", "-c", daemon.config, "--json"],
                                capture_output=True, text=True, check=False)
        assert report.returncode == 0, report


def is_turned_away(port, source=None):
    """By port 25, in the first line."""
    talk = Talk(port, source=source)
    try:
        return b"service not available" in talk.line()
    finally:
        talk.close()


def sums(daemon):
    """Sessions, those that are open too, and those without TLS that ended."""
    counted = daemon.status()["sums"]
    return counted["sessions"], counted["plain"]


def test_own_edges_leave_no_trace_while_their_backend_is_down(folder, backends):
    """Port 25 then says 421 before witness could say who it is."""
    config, ports, _ = edges(folder, backends)
    dead, = free_ports(1)
    config = config.replace(f"127.0.0.1:{backends[1].port}", f"127.0.0.1:{dead}")
    config += 'ledger = { keep = "all"; }; limits = { handshakes_per_second = 0; };'
    with watching(folder, config, every="1s") as daemon:
        answers = []  # until it is known they are greeted, and leave: sessions without TLS

        def turned_away():
            answers.append(is_turned_away(ports[0]))
            return answers[-1]

        assert wait_until(turned_away, 60)
        looked(daemon, 4)
        counted = answers.count(False)
        assert wait_until(lambda: sums(daemon) == (counted, counted), 30), (sums(daemon), counted)
        assert daemon.status()["ledger"]["rows"] == 0
        # A stranger who is turned away is one.
        assert is_turned_away(ports[0], source="127.0.0.2")
        looked(daemon, 2)
        counted += 1
        assert wait_until(lambda: sums(daemon) == (counted, counted), 30), (sums(daemon), counted)


def test_a_guessed_token_is_no_way_around_the_record(folder, backends):
    config, ports, _ = edges(folder, backends)
    with watching(folder, config) as daemon:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["AAAAAAAAAAAAAAA"])
        with pytest.raises(ssl.SSLError):
            with socket.create_connection(("127.0.0.1", ports[2]), 15) as sock:
                context.wrap_socket(sock, server_hostname=HOST)
        daemon.wait("session ended", edge="mail", outcome="tls-failed")


def test_an_edge_whose_file_is_not_taken_is_stale(folder, backends):
    """The renewed chain does not fit its key: the daemon keeps what it has."""
    config, ports, pair = edges(folder, backends)
    other = make_certificate(folder, "other", host=HOST)
    subject = f"mail 127.0.0.1:{ports[2]} {HOST}"
    with watching(folder, config) as daemon:
        looked(daemon, 1)
        put(other[:1], pair[:1])
        alarm = raised(daemon, "stale", subject)
        assert pair[0] in alarm["reason"]
        assert wait_until(lambda: daemon.ctl("status").stdout.count("ALARM stale") == len(
            [a for a in alarms(daemon) if a[0] == "stale"]), 30)
        put(other[1:], pair[1:])
        os.chmod(pair[1], 0o644)
        over(daemon, "stale", subject)
        assert wait_until(lambda: not alarms(daemon), ALARM_S), alarms(daemon)


def test_reloads_are_no_alarm(folder, backends):
    """Renewed again and again while clients come."""
    config, ports, pair = edges(folder, backends)
    pairs = [make_certificate(folder, f"next{i}", host=HOST) for i in range(2)]
    ends = threading.Event()

    def clients():
        while not ends.is_set():
            with contextlib.suppress(OSError):
                talk = Talk(ports[1]).say(b"a LOGOUT\r\n")
                talk.until(b"a ")
                talk.sock.close()

    limits = "limits = { connections_per_address = 0; handshakes_per_second = 0; };"
    with watching(folder, config + limits, every="1s") as daemon:
        crowd = [threading.Thread(target=clients) for _ in range(4)]
        for c in crowd:
            c.start()
        for i in range(6):
            before = len(daemon.events)
            # New files: until a plan has taken them, which may be two looks later, they differ from what
            # is served, and what has lain there for a minute would be an alarm.
            put(pairs[i % 2], pair, 0)
            os.chmod(pair[1], 0o644)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait("configuration reloaded", 30, after=before)
            looked(daemon, 1)
        ends.set()
        for c in crowd:
            c.join()
        assert [e["reason"] for e in daemon.events if e.get("event") == "alarm"] == []


def test_an_address_of_another_host_is_no_alarm(folder, backends):
    """An edge may listen where another host is for now (VRRP): what is not reached there is not its
    fault. Of the same place as a server of somebody's it is."""
    port, = free_ports(1)
    pair = make_certificate(folder, "mail", host=HOST)
    os.chmod(pair[1], 0o644)
    config = f'''certificate = {{ c = {{ chain = "{pair[0]}"; key = "{pair[1]}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:{backends[0].port}"]; client_info = "proxy"; }}; }};
edge = {{ mail = {{ protocol = "imap"; listen = ["192.0.2.77:{port}"]; backend = "b"; }}; }};
''' + watch(f"192.0.2.77:{port}/imap")
    with watching(folder, config) as daemon:
        raised(daemon, "unreachable", f"192.0.2.77:{port}/imap")
        looked(daemon, 2)
        assert daemon.status()["witness"]["targets"] == 2
        assert alarms(daemon) == {("unreachable", f"192.0.2.77:{port}/imap")}
