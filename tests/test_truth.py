"""What ports serve is what they should: the daemon looks at its own edges and at others, and alarms
within two minutes of what is wrong."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

import peers
from daemon import BINARY, Daemon, Talk, free_ports, make_certificate, wait_until
from names import NXDOMAIN, TLSA, A, NameServer

HOST = "mail.example.org"
EVERY = "2s"
ALARM_S = 120  # after the fault


# --- servers that mailseal does not front ---

class Server:
    """An IMAP or SMTP server with a certificate, until close(); it keeps it until serve()."""

    WORDS = {
        "imap": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", b"STARTTLS"),
        "smtp": (b"220 mx.example ESMTP\r\n", b"STARTTLS"),
    }

    def __init__(self, certificate, protocol="imap", is_implicit=False, has_tls=True, port=0):
        self.protocol, self.is_implicit, self.has_tls = protocol, is_implicit, has_tls
        self.serve(certificate)
        self.sock = socket.create_server(("127.0.0.1", port))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def serve(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.context = context

    def run(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.client, args=(sock,), daemon=True).start()

    def client(self, sock):
        sock.settimeout(60)
        with contextlib.suppress(OSError, ValueError):
            if self.is_implicit:
                sock = self.context.wrap_socket(sock, server_side=True)
            self.talk(sock)
        with contextlib.suppress(OSError):
            sock.close()

    def talk(self, sock):
        sock.sendall(self.WORDS[self.protocol][0])
        file = sock.makefile("rb")
        while line := file.readline():
            tag, _, rest = line.strip().partition(b" ")
            word = (tag if self.protocol == "smtp" else rest).upper()
            if word == b"STARTTLS" and self.has_tls:
                sock.sendall(b"220 go\r\n" if self.protocol == "smtp" else tag + b" OK go\r\n")
                sock = self.context.wrap_socket(sock, server_side=True)
                file = sock.makefile("rb")
            else:
                sock.sendall(self.answer(tag, word))

    def answer(self, tag, word):
        offers = b"STARTTLS" if self.has_tls else b"NOOP"
        if self.protocol == "smtp":
            return b"221 bye\r\n" if word == b"QUIT" else b"250-mx.example\r\n250 " + offers + b"\r\n"
        return b"* CAPABILITY IMAP4rev1 " + offers + b"\r\n" + tag + b" OK done\r\n"

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def expired_certificate(folder, name, host=HOST):
    """Of the year before."""
    chain, key = f"{folder}/{name}.pem", f"{folder}/{name}.key"
    base = pathlib.Path(folder) / (name + "-ca")
    base.mkdir()
    (base / "index").touch()
    (base / "serial").write_text("01\n")
    (base / "conf").write_text(f"""[ca]
default_ca = c
[c]
database = {base}/index
serial = {base}/serial
new_certs_dir = {base}
default_md = sha256
policy = p
x509_extensions = x
[p]
commonName = supplied
[x]
subjectAltName = DNS:{host}
""")
    subprocess.run(["openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-keyout", key, "-out", f"{base}/csr", "-subj",
                    "/CN=" + host], check=True, capture_output=True)
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-notext", "-config", f"{base}/conf",
                    "-keyfile", key, "-in", f"{base}/csr", "-out", chain, "-startdate",
                    "20240101000000Z", "-enddate", "20240401000000Z"], check=True,
                   capture_output=True)
    return chain, key


def put(pair, to):
    """In place of another, in one move each; as if it lay there for an hour."""
    for new, old in zip(pair, to):
        data = pathlib.Path(new).read_bytes()
        temporary = pathlib.Path(old + ".new")
        temporary.write_bytes(data)
        os.utime(temporary, (time.time() - 3600,) * 2)
        temporary.rename(old)


# --- the daemon ---

@pytest.fixture
def folder():
    """The daemon may run as somebody else, and the hook does."""
    with tempfile.TemporaryDirectory(prefix="mailseal-truth-") as name:
        os.chmod(name, 0o777)
        yield name


RESOLVER = 'resolver = {{ forward = ["{forward}"]; trust_ad = true; }};'
# Nobody answers there, and nothing of DNS is known.
NO_DNS = RESOLVER.format(forward="127.0.0.1@9")


@contextlib.contextmanager
def watching(folder, config, every=EVERY, resolver=NO_DNS):
    daemon = Daemon(folder, f'witness_every = "{every}"; workers = 1;\n{resolver}\n{config}')
    try:
        yield daemon.ready()
    finally:
        assert daemon.close() == 0


def watch(*ports):
    return "watch_certificates = [" + ", ".join(f'"{port}"' for port in ports) + "];"


def alarms(daemon):
    return {(a["kind"], a["subject"]) for a in daemon.status()["alarms"]}


def looked(daemon, rounds=2, timeout=90):
    """So many more looks at each."""
    witness = daemon.status().get("witness", {"looks": 0, "targets": 1})
    wanted = witness["looks"] + rounds * max(witness["targets"], 1) + 1
    assert wait_until(lambda: daemon.status().get("witness", {"looks": 0})["looks"] >= wanted,
                      timeout), daemon.status().get("witness")


def raised(daemon, kind, subject):
    return daemon.wait("alarm", ALARM_S, alarm=kind, subject=subject)


def over(daemon, kind, subject, after=0):
    return daemon.wait("alarm is over", ALARM_S, after=after, alarm=kind, subject=subject)


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


@pytest.fixture
def backends():
    imap, smtp = peers.Backend(peers.imap), peers.Backend(peers.smtp)
    yield imap, smtp
    imap.close()
    smtp.close()


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
        assert all(status["sums"][n] == 0 for n in ("sessions", "tls", "tls_failed", "plain"))
        assert status["sums"]["signatures_pending"] == 0
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
        assert wait_until(lambda: daemon.status()["ledger"]["rows"] == 1)
        looked(daemon, 2)
        assert daemon.status()["ledger"]["rows"] == 1
        report = subprocess.run([BINARY, "report", "alarms", "-c", daemon.config, "--json"],
                                capture_output=True, text=True, check=False)
        assert report.returncode == 0, report


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
            put(pairs[i % 2], pair)
            os.chmod(pair[1], 0o644)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait("configuration reloaded", 30, after=before)
            looked(daemon, 1)
        ends.set()
        for c in crowd:
            c.join()
        assert [e["reason"] for e in daemon.events if e.get("event") == "alarm"] == []


def test_more_than_fit_a_list_are_looked_at_in_turn(folder, backends):
    """17 certificates of 16 names at one port: 272, and a list has 256."""
    pairs = [make_certificate(folder, f"c{i}", host=f"a.c{i}.example.org",
                              other=[f"n{n}.c{i}.example.org" for n in range(15)])
             for i in range(17)]
    for _, key in pairs:
        os.chmod(key, 0o644)
    port, = free_ports(1)
    config = ("certificate = { " + " ".join(
        f'c{i} = {{ chain = "{chain}"; key = "{key}"; }};' for i, (chain, key) in enumerate(pairs))
        + f"""}};
backend = {{ b = {{ address = ["127.0.0.1:{backends[0].port}"]; client_info = "proxy"; }}; }};
edge = {{ any = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "b"; }}; }};
""")
    stale = make_certificate(folder, "stale", host="a.c16.example.org")
    with watching(folder, config, every="3s") as daemon:
        assert wait_until(lambda: daemon.status().get("witness", {}).get("looks", 0) > 300, 90)
        witness = daemon.status()["witness"]
        assert witness["in_turn"] and witness["edges_and_certificates"] == 17
        assert 0 < witness["targets"] <= 256
        assert not alarms(daemon)
        put(stale[:1], pairs[16][:1])  # of the last: its key does not fit
        raised(daemon, "stale", f"any 127.0.0.1:{port} a.c16.example.org")
        assert all(kind == "stale" and ".c16." in subject for kind, subject in alarms(daemon))


def tlsa_of(chain):
    der = subprocess.run(["openssl", "x509", "-in", chain, "-pubkey", "-noout"], check=True,
                         capture_output=True).stdout
    key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, check=True,
                         capture_output=True).stdout
    return b"\3\1\1" + hashlib.sha256(key).digest()


class Zone:
    """imap.example at 127.0.0.1, with one TLSA record for all its ports."""

    def __init__(self, tlsa):
        self.tlsa = tlsa
        self.server = NameServer(self.say, vouches=True)
        self.server.ttl = 1

    def say(self, name, kind):
        if name == "imap.example":
            return 0, socket.inet_aton("127.0.0.1") if kind == A else None
        if name.endswith("._tcp.imap.example"):
            return 0, self.tlsa if kind == TLSA else None
        return NXDOMAIN, None

    def close(self):
        self.server.close()


@pytest.fixture
def zone():
    zone = Zone(b"\3\1\1" + bytes(32))
    yield zone
    zone.close()


def test_tlsa_that_covers_nothing(folder, backends, zone):
    """Of an edge, and of a server that is named in DNS."""
    ports = free_ports(1)
    pair = make_certificate(folder, "mail", host="imap.example")
    os.chmod(pair[1], 0o644)
    server = Server(pair, is_implicit=True)
    config = f'''certificate = {{ c = {{ chain = "{pair[0]}"; key = "{pair[1]}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:{backends[0].port}"]; client_info = "proxy"; }}; }};
edge = {{ mail = {{ protocol = "imap"; listen = ["127.0.0.1:{ports[0]}"]; backend = "b"; }}; }};
''' + watch(f"imap.example:{server.port}/imaps")
    resolver = RESOLVER.format(forward=zone.server.address)
    subjects = (f"mail 127.0.0.1:{ports[0]} imap.example",
                f"imap.example:{server.port}/imaps 127.0.0.1")
    with watching(folder, config, resolver=resolver) as daemon:
        for subject in subjects:
            raised(daemon, "tlsa-mismatch", subject)
        zone.tlsa = tlsa_of(pair[0])
        for subject in subjects:
            over(daemon, "tlsa-mismatch", subject)
        zone.server.vouches = False
        zone.tlsa = b"\3\1\1" + bytes(32)
        looked(daemon, 3)  # what nobody vouches for is no record
        assert not alarms(daemon)
    server.close()


HOOK = "#!/bin/sh\ncat >> {folder}/said\n"


def said(folder):
    path = pathlib.Path(folder) / "said"
    return [json.loads(l) for l in path.read_text().splitlines()] if path.exists() else []


def test_servers_that_mailseal_does_not_front(folder, zone):
    """A renewed file that is not served, one that expired, another name, no TLS, nobody there."""
    old, new = (make_certificate(folder, name) for name in ("old", "new"))
    hook = pathlib.Path(folder) / "hook"
    hook.write_text(HOOK.format(folder=folder))
    hook.chmod(0o755)
    zone.tlsa = None
    stale = Server(old, "imap", is_implicit=True)
    late = Server(expired_certificate(folder, "expired"), "smtp")
    foreign = Server(old, "imap")
    clear = Server(old, "smtp", has_tls=False)
    closed, = free_ports(1)
    put(new, (f"{folder}/live.pem", f"{folder}/live.key"))
    config = watch(f"127.0.0.1:{stale.port}/imaps={folder}/live.pem",
                   f"127.0.0.1:{late.port}/smtp", f"imap.example:{foreign.port}/imap",
                   f"127.0.0.1:{clear.port}/smtp", f"127.0.0.1:{closed}/imap")
    wrong = {("stale", f"127.0.0.1:{stale.port}/imaps"),
             ("expired", f"127.0.0.1:{late.port}/smtp"),
             ("name-mismatch", f"imap.example:{foreign.port}/imap 127.0.0.1"),
             ("unreachable", f"127.0.0.1:{clear.port}/smtp"),
             ("unreachable", f"127.0.0.1:{closed}/imap")}
    with watching(folder, config + f'alarm_hook = ["{hook}"];',
                  resolver=RESOLVER.format(forward=zone.server.address)) as daemon:
        for kind, subject in wrong:
            raised(daemon, kind, subject)
        assert alarms(daemon) == wrong
        assert wait_until(lambda: len(said(folder)) == len(wrong), 60), said(folder)
        report = subprocess.run([BINARY, "report", "alarms", "-c", daemon.config, "--json"],
                                capture_output=True, text=True, check=False)
        assert report.returncode == 1, report
        assert {(r["alarm"], r["subject"]) for r in json.loads(report.stdout)} == wrong
        # Mended, each in its way.
        stale.serve(new)
        late.serve(new)
        foreign.serve(make_certificate(folder, "named", host="imap.example"))
        clear.has_tls = True
        opened = Server(new, "imap", port=closed)
        for kind, subject in wrong:
            over(daemon, kind, subject)
        assert not alarms(daemon)
        looked(daemon, 1)
        # Once for each, whatever came since.
        assert sorted((f["alarm"], f["subject"]) for f in said(folder)) == sorted(wrong)
        assert all(f["mend"] and f["text"] for f in said(folder))
    for server in (stale, late, foreign, clear, opened):
        server.close()


def test_one_look_that_fails_is_no_alarm(folder):
    """A server that restarts is away for a moment."""
    pair = make_certificate(folder, "mail")
    server = Server(pair, "imap")
    config = watch(f"127.0.0.1:{server.port}/imap")
    with watching(folder, config, every="1m") as daemon:
        assert wait_until(lambda: daemon.status().get("witness", {}).get("looks"), 90)
        assert not alarms(daemon)
    server.close()


def test_witness_harms_nobody_when_it_dies(folder):
    pair = make_certificate(folder, "mail")
    server = Server(pair, "imap", is_implicit=True)
    with watching(folder, watch(f"127.0.0.1:{server.port}/imaps")) as daemon:
        looked(daemon, 1)
        first, = daemon.children()["witness"]
        os.kill(first, signal.SIGKILL)
        daemon.wait("process died and is started again", name="witness")
        assert wait_until(lambda: daemon.children().get("witness", [first]) != [first])
        looked(daemon, 1)
        assert daemon.status()["deaths"]["witness"] == 1
        server.close()
        raised(daemon, "unreachable", f"127.0.0.1:{server.port}/imaps")
        # What is not watched any more is nobody's alarm.
        before = len(daemon.events)
        daemon.write(f'witness_every = "{EVERY}"; workers = 1;\n{NO_DNS}\n'
                     + watch("127.0.0.1:1/tls"))
        assert daemon.ctl("reload").returncode == 0
        over(daemon, "unreachable", f"127.0.0.1:{server.port}/imaps", after=before)


def test_box_of_witness(folder):
    server = Server(make_certificate(folder, "mail"), "imap", is_implicit=True)
    with watching(folder, watch(f"127.0.0.1:{server.port}/imaps")) as daemon:
        looked(daemon, 1)
        pid, = daemon.children()["witness"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    server.close()
