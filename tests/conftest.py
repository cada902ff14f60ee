"""What the integration tests share: an edge for each protocol in front of scripted backends."""
import os
import sys
from types import SimpleNamespace

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import peers  # noqa: E402
from daemon import Daemon, free_ports, make_certificate  # noqa: E402
from edges import EDGES, edge_config  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A running daemon with all four edges; shared by the tests of a file."""
    folder = tmp_path_factory.mktemp("mailseal")
    os.chmod(folder, 0o755)
    backends = {"smtp": peers.Backend(peers.smtp), "imap": peers.Backend(peers.imap),
                "pop3": peers.Backend(peers.pop3)}
    numbers = iter(free_ports(2 * len(EDGES)))
    ports = {name: (next(numbers), next(numbers)) for name, *_ in EDGES}
    chain, key = make_certificate(str(folder))
    config = (f'workers = 2;\ncertificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
              'limits = { connections_per_address = 1000; handshakes_per_second = 0; };\n'
              + edge_config({n: b.port for n, b in backends.items()}, ports))
    daemon = Daemon(folder, config).ready()
    yield SimpleNamespace(daemon=daemon, ports=ports, folder=str(folder), chain=chain, key=key,
                          config=config, **backends)
    daemon.close()
    for backend in backends.values():
        backend.close()
