"""MTAs of other hosts hand over to the relay in TLS, with certificates of their own."""
import socket
import ssl
import subprocess

import pytest

from daemon import BINARY, free_ports, make_certificate
from test_relay import Mta, Relay, in_folder

PEERS = 'peer = ["mta1.int.example", "mta2.int.example"];'


def openssl(*words, **kwargs):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **kwargs).stdout


class Ca:
    """Issues certificates; each is a file of certificate and key."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file, self.key = make_certificate(folder, name, host=f"{name}.int.example")

    def issue(self, host):
        path = f"{self.folder}/{self.name}-{host}"
        request = openssl("req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
                          "ec_paramgen_curve:P-256", "-keyout", f"{path}.key", "-subj", "/",
                          "-addext", f"subjectAltName=DNS:{host}")
        chain = openssl("x509", "-req", "-CA", self.file, "-CAkey", self.key, "-days", "30",
                        "-copy_extensions", "copy", input=request)
        with open(f"{path}.key", encoding="ascii") as key:
            chain += key.read().encode()
        with open(f"{path}.pem", "wb") as out:
            out.write(chain)
        return f"{path}.pem"


class Sealed(Mta):
    """An MTA that comes with TLS, and a certificate if one is named."""

    def __init__(self, port, certificate=None, hello="LHLO mta.example", **limits):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name, value in limits.items():
            setattr(context, name, value)
        if certificate:
            context.load_cert_chain(certificate)
        self.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 30))
        self.file = self.sock.makefile("rb")
        assert self.reply().startswith("220")
        self.hello = self.ask(hello)


class Door(Relay):
    def __init__(self, folder):
        self.ca, self.other = Ca(folder, "ca"), Ca(folder, "other")
        self.own = Ca(folder, "own")
        self.lmtps, self.smtps = free_ports(2)
        super().__init__(folder, self.door(PEERS), f'''certificate = {{
            own = {{ chain = "{self.own.file}"; key = "{self.own.key}"; }}; }};''')

    def door(self, peers):
        return (f'listen_tls = ["lmtp:127.0.0.1:{self.lmtps}", "smtp:127.0.0.1:{self.smtps}"]; '
                f'client_ca_file = "{self.ca.file}"; certificates = ["own"]; {peers}')


@pytest.fixture(scope="module")
def relay():
    yield from in_folder(Door)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_message_of_another_host_is_delivered(relay, version):
    far = relay.far(f"sealed{version}")
    seen = len(relay.events)
    mta = Sealed(relay.lmtps, relay.ca.issue("mta2.int.example"), maximum_version=version)
    tls = mta.sock.version()
    said = mta.send(f"b@sealed{version}.example")
    assert said[3].startswith("250"), said
    mta.close()
    head = far.messages[0].partition(b"Subject")[0]
    assert b"with LMTPS id" in head and b"tls TLS_" in head, head
    record = relay.wait("handoff ended", after=seen, outcome="ok", peer="mta2.int.example")
    assert (record["tls"], record["protocol"], record["messages"]) == (tls, "lmtp", "1"), record


def test_smtp_and_requiretls(relay):
    mta = Sealed(relay.smtps, relay.ca.issue("mta1.int.example"), hello="EHLO mta.example")
    assert "REQUIRETLS" in mta.hello
    relay.far("unproven")
    said = mta.send("a@unproven.example", parameters=" REQUIRETLS")
    assert said[0].startswith("250") and said[1].startswith("550 5.7.30"), said
    mta.close()


def test_it_shows_the_certificate_that_it_was_told_to(relay):
    mta = Sealed(relay.lmtps, relay.ca.issue("mta1.int.example"))
    with open(relay.own.file, encoding="ascii") as chain:
        assert mta.sock.getpeercert(True) == ssl.PEM_cert_to_DER_cert(chain.read())
    mta.close()


# who comes: (what the log says of him, what to do)
REFUSED = {
    "none": (lambda relay: None, "did not return a certificate", "client_ca_file"),
    "other-ca": (lambda relay: relay.other.issue("mta1.int.example"), "issuer", "add its CA"),
    "other-name": (lambda relay: relay.ca.issue("mta3.int.example"), "mismatch", "into peer"),
}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("who", REFUSED)
def test_nobody_else_comes_in(relay, who, version):
    certificate, reason, mend = REFUSED[who]
    seen = len(relay.events)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Sealed(relay.lmtps, certificate(relay), maximum_version=version)
    refused = relay.wait("handoff refused", after=seen)
    assert reason in refused["reason"] and mend in refused["mend"], refused
    ended = relay.wait("handoff ended", after=seen, outcome="tls-failed")
    assert ended["messages"] == "0", ended
    if who == "other-name":
        assert refused["names"] == ended["peer"] == "mta3.int.example"


@pytest.mark.parametrize("first", [b"LHLO mta.example\r\n", b"\x16\x03\x01\0\2\1\0", b""])
def test_who_speaks_no_tls_gets_no_word(relay, first):
    seen = len(relay.events)
    with socket.create_connection(("127.0.0.1", relay.lmtps), 30) as sock:
        sock.sendall(first)
        sock.shutdown(socket.SHUT_WR)
        assert b"220" not in sock.makefile("rb").read()
    relay.wait("handoff ended", after=seen, outcome="tls-failed")


def test_a_reload_takes_other_names(relay):
    certificate, settings = relay.ca.issue("mta1.int.example"), relay.settings
    goes_on = Sealed(relay.lmtps, certificate)
    try:
        relay.change(settings.replace(PEERS, 'peer = ["mta4.int.example"];'))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Sealed(relay.lmtps, certificate)
        assert goes_on.ask("NOOP").startswith("250")
        Sealed(relay.lmtps, relay.ca.issue("mta4.int.example")).close()
    finally:
        goes_on.close()
        relay.change(settings)


@pytest.mark.parametrize("there, instead, setting", [
    ('client_ca_file = "', 'client_ca_file = "/no/such', "relay.out.client_ca_file"),
    ("client_ca_file", "# client_ca_file", "relay.out.listen_tls"),
    ('certificates = ["own"]', 'certificates = ["owl"]', "relay.out.certificates"),
])
def test_config_check_says_what_is_wrong(relay, tmp_path, there, instead, setting):
    path = tmp_path / "mailseal.conf"
    with open(relay.config, encoding="ascii") as config:
        path.write_text(config.read().replace("; ", ";\n").replace(there, instead, 1))
    done = subprocess.run([BINARY, "config", "check", "-c", str(path)], text=True, timeout=30,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 1 and setting in done.stdout, done.stdout


def test_a_handshake_that_hangs_does_not_keep_the_daemon_from_ending(relay):
    """The last of them: the daemon begins again."""
    with socket.create_connection(("127.0.0.1", relay.lmtps), 30):
        seen = len(relay.events)
        relay.process.terminate()
        relay.wait("handoff ended", after=seen, outcome="drained")
        assert relay.process.wait(20) == 0
    relay.start_again()
