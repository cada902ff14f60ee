"""mailseal check --deep beside sslscan on servers with odd settings: OpenSSL, GnuTLS, Python. Both see
the same versions and suites, and the same groups where sslscan sees groups at all. Real mail servers
are in tests/lab/test_lab_check_endpoints.py, testssl.sh in test_check_testssl.py."""
import asyncio
import ssl
import threading

import pytest

import scanners
from tls_servers import ADDRESS, SERVERS, Server, certificates_make

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
    return certificates_make(tmp_path_factory.mktemp("endpoints"))


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
