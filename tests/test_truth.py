"""What ports of servers serve that mailseal does not front is what they should: an alarm comes within
two minutes of what is wrong. Edges of our own are in test_truth_edges.py."""
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess

import pytest

from daemon import BINARY, free_ports, make_certificate, wait_until
from names import NXDOMAIN, TLSA, A, NameServer
from truths import (EVERY, NO_DNS, RESOLVER, Server, alarms, backends, folder, looked,  # noqa: F401
                    over, put, raised, watch, watching)

HOST = "mail.example.org"


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
