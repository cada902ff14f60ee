"""mailseal check --deep beside testssl.sh, which takes minutes an endpoint: one here, all servers of
tests/tls_servers.py in the long form (SOAK=1)."""
import os
import time

import pytest

import scanners
from tls_servers import ADDRESS, SERVERS, Server, certificates_make


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return certificates_make(tmp_path_factory.mktemp("endpoints"))


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
