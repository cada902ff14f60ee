"""What the integration tests share: an edge for each protocol in front of scripted backends."""
import os
import sys
from types import SimpleNamespace

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import peers  # noqa: E402
from daemon import Daemon, free_ports, make_certificate  # noqa: E402

EDGES = [("mx", "smtp", "smtp", False), ("submission", "submission", "smtp", True),
         ("imap", "imap", "imap", True), ("pop3", "pop3", "pop3", True)]


def edge_config(backends, ports, extra=None):
    """backends: name -> port; ports: edge -> (plain, tls)."""
    extra = extra or {}
    lines = ["backend = {"]
    for name, port in backends.items():
        lines.append(f'  {name} = {{ address = ["127.0.0.1:{port}"]; client_info = "proxy"; }};')
    lines += ["};", "edge = {"]
    for name, protocol, backend, has_tls in EDGES:
        if name not in ports:
            continue
        plain, tls = ports[name]
        tls_text = f' listen_tls = ["127.0.0.1:{tls}"];' if has_tls else ""
        lines.append(f'  {name} = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{plain}"];'
                     f'{tls_text} backend = "{backend}"; {extra.get(name, "")} }};')
    lines.append("};")
    return "\n".join(lines)


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
