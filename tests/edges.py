"""Edges in front of scripted backends: their configuration, and a daemon that has them all."""
import contextlib
from types import SimpleNamespace

import peers
from daemon import Daemon, free_ports, make_certificate

EDGES = [("mx", "smtp", "smtp", False), ("submission", "submission", "smtp", True),
         ("imap", "imap", "imap", True), ("pop3", "pop3", "pop3", True),
         ("sieve", "managesieve", "sieve", True), ("lmtp", "lmtp", "lmtp", True)]
PROTOCOL_OF = {edge: protocol for edge, protocol, *_ in EDGES}
BACKEND_OF = {edge: backend for edge, _, backend, _ in EDGES}
UPGRADE = {"mx": b"STARTTLS\r\n", "submission": b"STARTTLS\r\n", "imap": b"a STARTTLS\r\n",
           "pop3": b"STLS\r\n", "sieve": b"STARTTLS\r\n", "lmtp": b"STARTTLS\r\n"}
HELLO = {"mx": b"EHLO", "submission": b"EHLO", "lmtp": b"LHLO"}


def greeting(talk, edge):
    """All of it: ManageSieve's has its capabilities before the OK."""
    return talk.until((b"OK", b"BYE", b"NO")) if edge == "sieve" else talk.line()


def greet(talk, edge, name=b"host.example.net"):
    """Up to where a command may come: its greeting, and the client's hello where there is one."""
    greeting(talk, edge)
    if edge in HELLO:
        talk.say(HELLO[edge] + b" " + name + b"\r\n").reply()
    return talk


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


@contextlib.contextmanager
def all_edges(folder, workers, limits, more=""):
    """A running daemon with all edges, each protocol's backend a script of peers.py."""
    folder.chmod(0o755)
    backends = {name: peers.Backend(getattr(peers, name)) for name in set(BACKEND_OF.values())}
    numbers = iter(free_ports(2 * len(EDGES)))
    ports = {name: (next(numbers), next(numbers)) for name, *_ in EDGES}
    chain, key = make_certificate(str(folder))
    config = (f'workers = {workers}; drain_timeout = "1s";\n'
              f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
              f'limits = {{ handshakes_per_second = 0; {limits} }};\n'
              + edge_config({n: b.port for n, b in backends.items()}, ports) + more)
    daemon = Daemon(folder, config).ready()
    try:
        yield SimpleNamespace(daemon=daemon, ports=ports, folder=str(folder), chain=chain, key=key,
                              config=config, **backends)
    finally:
        daemon.close()
        for backend in backends.values():
            backend.close()
