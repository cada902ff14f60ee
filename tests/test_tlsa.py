"""A certificate whose key no published TLSA record covers is not put into service; it is when one
does, or when there is none."""
import hashlib
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile

import pytest

import peers
from daemon import Daemon, free_ports, make_certificate, wait_until
from names import TLSA, NXDOMAIN, NameServer

HOST = "mx.example"

CONFIG = '''witness_every = "2s"; workers = 1;
resolver = {{ forward = ["{dns}"]; trust_ad = true; }};
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ imap = {{ address = ["127.0.0.1:{backend}"]; client_info = "proxy"; }}; }};
edge = {{ mail = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{port}"]; backend = "imap";
                   hostname = "{host}"; }}; }};
'''


def key_digest(chain):
    """Of the record "3 1 1"."""
    key = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-pubkey"], check=True,
                         capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).digest()


def record(chain):
    return b"\3\1\1" + key_digest(chain)


def put(pair, to):
    """In place of another, in one move each."""
    for new, old in zip(pair, to):
        temporary = pathlib.Path(str(old) + ".new")
        temporary.write_bytes(pathlib.Path(new).read_bytes())
        temporary.rename(old)


def served(port):
    """The certificate that the port shows, as DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        with context.wrap_socket(sock, server_hostname=HOST) as tls:
            return tls.getpeercert(binary_form=True)


def der(chain):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(chain).read_text())


class Zone:
    """What the name server says of the one port."""

    def __init__(self):
        self.records = []

    def say(self, name, kind):
        if kind == TLSA and name.startswith("_"):
            return (0, list(self.records)) if self.records else (NXDOMAIN, None)
        return (0, None)


@pytest.fixture
def guarded():
    with tempfile.TemporaryDirectory(prefix="mailseal-tlsa-") as folder:
        os.chmod(folder, 0o777)
        zone, backend = Zone(), peers.Backend(peers.imap)
        dns = NameServer(zone.say, vouches=True)
        first = make_certificate(folder, "first", host=HOST)
        second = make_certificate(folder, "second", host=HOST)
        pair = f"{folder}/mx.pem", f"{folder}/mx.key"
        put(first, pair)
        port, = free_ports(1)
        zone.records = [record(first[0])]
        daemon = Daemon(folder, CONFIG.format(host=HOST, dns=dns.address, chain=pair[0],
                                              key=pair[1], backend=backend.port, port=port))
        try:
            daemon.ready()
            dns.wait(lambda asked: asked, 60)
            daemon.dns = dns
            yield daemon, zone, pair, first, second, port
        finally:
            assert daemon.close() == 0
            backend.close()
            dns.close()


def kept_out(daemon):
    return [a for a in daemon.status()["alarms"] if a["kind"] == "tlsa-guard"]


def test_wrong_certificate_is_not_served_until_its_record_is_there(guarded):
    daemon, zone, pair, first, second, port = guarded
    put(second, pair)
    assert wait_until(lambda: kept_out(daemon), 60)
    alarm = kept_out(daemon)[0]
    assert alarm["subject"] == "mx" and f"_{port}._tcp.{HOST}" in alarm["text"], alarm
    assert served(port) == der(first[0])
    zone.records.append(record(second[0]))
    assert wait_until(lambda: served(port) == der(second[0]), 60)
    assert wait_until(lambda: not kept_out(daemon), 60)


def test_wrong_certificate_is_served_when_all_records_are_gone(guarded):
    daemon, zone, pair, first, second, port = guarded
    put(second, pair)
    assert wait_until(lambda: kept_out(daemon), 60)
    assert served(port) == der(first[0])
    zone.records = []
    assert wait_until(lambda: served(port) == der(second[0]), 60)


def test_covered_certificate_is_served_at_once(guarded):
    daemon, zone, pair, _, second, port = guarded
    zone.records.append(record(second[0]))
    put(second, pair)
    assert wait_until(lambda: served(port) == der(second[0]), 60)
    assert not kept_out(daemon)


def test_unchanged_certificate_stays_and_a_reload_does_not_let_the_wrong_one_in(guarded):
    daemon, zone, pair, first, second, port = guarded
    put(second, pair)
    assert wait_until(lambda: kept_out(daemon), 60)
    assert daemon.ctl("reload").returncode == 0
    asked = len(daemon.dns.asked)
    daemon.dns.wait(lambda names: len(names) > asked + 4, 60)
    assert kept_out(daemon) and served(port) == der(first[0])
    put(first, pair)
    assert wait_until(lambda: not kept_out(daemon), 60)
    assert served(port) == der(first[0])
