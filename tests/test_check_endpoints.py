"""mailseal check --deep beside sslscan on servers with odd settings: OpenSSL, GnuTLS, Python. Both see
the same versions and suites, and the same groups where sslscan sees groups at all. Real mail servers
are in tests/lab/test_lab_check_endpoints.py. testssl.sh takes minutes an endpoint: one here, all in
the long form (SOAK=1)."""
import asyncio
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

import scanners
from daemon import free_ports, make_certificate, wait_until

ADDRESS = "127.0.0.1"
KEYS = {"rsa": ("rsa:2048",), "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "p521": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"), "ed25519": ("ed25519",),
        "short": ("rsa:1024",)}
# No extended master secret: a setting of OpenSSL's own configuration file.
NO_EMS = ("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
          "Options = -ExtendedMasterSecret\n")


def s_server(key, *options):
    return ["openssl", "s_server", "-quiet", "-www", "-accept", "{address}:{port}",
            *(["-cert", "{folder}/" + key + ".pem", "-key", "{folder}/" + key + ".key"] if key
              else ["-nocert"]), *options]


def gnutls(priority):
    return ["gnutls-serv", "-q", "--http", "--disable-client-cert", "--port", "{port}",
            "--x509certfile", "{folder}/rsa.pem", "--x509keyfile", "{folder}/rsa.key",
            "--priority", priority]


WEAKEST = "@SECLEVEL=0"
SERVERS = {
    "all that OpenSSL still has": s_server("rsa", "-cipher", "ALL:COMPLEMENTOFALL:" + WEAKEST),
    "the server's odd order": s_server(
        "rsa", "-serverpref", "-cipher", "AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:AES256-SHA256:"
        "ECDHE-RSA-AES128-SHA:" + WEAKEST),
    "anonymous": s_server(None, "-cipher", "aNULL:" + WEAKEST, "-no_tls1_3"),
    "no encryption": s_server("rsa", "-cipher", "eNULL:" + WEAKEST, "-no_tls1_3"),
    "ECDSA alone": s_server("ec"),
    "Ed25519": s_server("ed25519"),
    "RSA and ECDSA": s_server("rsa", "-dcert", "{folder}/ec.pem", "-dkey", "{folder}/ec.key"),
    "P-521 alone": s_server("p521", "-groups", "P-521"),
    "CCM with short tags": s_server("ec", "-tls1_3", "-ciphersuites",
                                    "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"),
    "TLS 1.1 alone": s_server("rsa", "-tls1_1", "-cipher", "ALL:" + WEAKEST),
    "no extended master secret": s_server("rsa", "-no_tls1_3"),
    # OpenSSL takes a field as short as the certificate's key.
    "a short field": s_server("short", "-cipher", "DHE:" + WEAKEST, "-no_tls1_3"),
    "GnuTLS": gnutls("NORMAL"),
    "GnuTLS with all it has": gnutls(
        "NORMAL:+VERS-TLS-ALL:+ARCFOUR-128:+3DES-CBC:+MD5:+SHA1:+RSA:+DHE-RSA:+ANON-DH:"
        "+ANON-ECDH:%SERVER_PRECEDENCE"),
    "GnuTLS, finite fields": gnutls("NORMAL:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-FFDHE3072"),
}
# What the two do not agree on, and why. Versions and suites are not in it: they agree on all.
SEES_NO_GROUPS = "sslscan looks at groups with a cipher list of its own, which this server refuses"
GROUPS_DIFFER = {
    "anonymous": SEES_NO_GROUPS, "no encryption": SEES_NO_GROUPS, "a short field": SEES_NO_GROUPS,
}
ORDER_DIFFERS = {"GnuTLS with all it has": "its suites are of two parts of the list"}
ORDERED = {"the server's odd order", "GnuTLS with all it has"}
# What each was set up for, by criterion; mailseal check has to say so.
FINDINGS = {
    "all that OpenSSL still has": {"D3": "fail", "D4": "fail", "C2": "fail", "D5": "fail"},
    "anonymous": {"D3": "fail"},
    "no encryption": {"D3": "fail"},
    "CCM with short tags": {"D2": "warn", "C3": "pass"},
    "TLS 1.1 alone": {"C2": "fail", "C3": "fail"},
    "no extended master secret": {"D12": "warn"},
    "a short field": {"D7": "fail", "E4": "fail"},
    "RSA and ECDSA": {"E6": "fail"},  # self-signed, as the first is
    "GnuTLS with all it has": {"D3": "fail"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("endpoints")
    for name, kind in KEYS.items():
        make_certificate(str(folder), name, kind)
    (folder / "no-ems.cnf").write_text(NO_EMS)
    return folder


def listens(port):
    try:
        socket.create_connection((ADDRESS, port), 5).close()
        return True
    except OSError:
        return False


class Server:
    def __init__(self, name, folder):
        self.port = free_ports(1)[0]
        argv = [word.format(address=ADDRESS, port=self.port, folder=folder)
                for word in SERVERS[name]]
        env = dict(os.environ)
        if name == "no extended master secret":
            env["OPENSSL_CONF"] = str(folder / "no-ems.cnf")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=env)
        assert wait_until(lambda: listens(self.port), 15), argv

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("name", SERVERS)
def test_it_sees_what_sslscan_sees(folder, name):
    with Server(name, folder) as port:
        ours = scanners.by_mailseal(ADDRESS, port, "tls")
        theirs = scanners.by_sslscan(ADDRESS, port, "tls")
    assert ours.versions and not scanners.differences(ours.versions, theirs.versions)
    scanners.orders_agree(ours, theirs, ours.versions if name in ORDERED else (),
                          name in ORDER_DIFFERS)
    if name in GROUPS_DIFFER:
        assert not theirs.groups, GROUPS_DIFFER[name]
    else:
        scanners.groups_agree(ours, theirs)
    found = {f["id"]: f["verdict"] for f in ours.findings}
    assert {i: found.get(i) for i in FINDINGS.get(name, {})} == FINDINGS.get(name, {}), ours.findings


class PythonServer(threading.Thread):
    """asyncio over Python's own defaults."""

    def __init__(self, chain, key):
        super().__init__(daemon=True)
        self.loop, self.port = asyncio.new_event_loop(), None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)
        self.is_up = threading.Event()
        self.start()
        assert self.is_up.wait(15)

    async def serve(self):
        async def session(reader, writer):
            await reader.read()
            writer.close()
        self.loop.set_exception_handler(lambda *_: None)  # probes break off
        server = await asyncio.start_server(session, ADDRESS, 0, ssl=self.context)
        self.port = server.sockets[0].getsockname()[1]
        self.is_up.set()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.serve())
        self.loop.run_forever()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(15)


def test_python(folder):
    server = PythonServer(folder / "rsa.pem", folder / "rsa.key")
    try:
        ours = scanners.by_mailseal(ADDRESS, server.port, "tls")
        theirs = scanners.by_sslscan(ADDRESS, server.port, "tls")
    finally:
        server.close()
    assert set(ours.versions) >= {"TLSv1.2", "TLSv1.3"}
    assert not scanners.differences(ours.versions, theirs.versions)


# testssl.sh 3.0 of Debian 12 calls the suites of TLS 1.3 by numbers of its own list, too.
IN_CHECK = ["the server's odd order"]


@pytest.mark.parametrize("name", SERVERS if os.environ.get("SOAK") else IN_CHECK)
def test_it_sees_what_testssl_sees(folder, tmp_path, name):
    with Server(name, folder) as port:
        ours = scanners.by_mailseal(ADDRESS, port, "tls")
        begun = time.monotonic()
        theirs = scanners.by_testssl(ADDRESS, port, "tls", tmp_path / "testssl.json")
    print(f"testssl {name}: {time.monotonic() - begun:.0f} s")
    assert not scanners.differences(ours.versions, theirs.versions)
