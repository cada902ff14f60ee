"""The replay of `report impact` agrees with real handshakes: clients of other makes shake hands with
edges of many policies, and each hello that the daemon logged is replayed against all of them."""
import concurrent.futures
import json
import os
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest

import ledgers
import peers
import tls_clients
from daemon import BINARY, Daemon, free_ports, make_certificate

# edge: protocol, what is set
EDGES = {
    "user": ("imap", ""),
    "user13": ("imap", 'tls = { min_version = "1.3"; };'),
    "user10": ("imap", 'tls = { min_version = "1.0"; };'),
    "nist": ("imap", 'tls = { groups = "P-384:P-256"; };'),
    "onegroup": ("imap", 'tls = { groups = "X25519"; };'),
    "rsa": ("imap", 'certificates = ["rsa"];'),
    "ec": ("imap", 'certificates = ["ec"];'),
    "mx": ("smtp", ""),
    "mxfs": ("smtp", 'tls = { forward_secrecy = "require"; };'),
    "mx10": ("smtp", 'tls = { min_version = "1.0"; };'),
    "mx13": ("smtp", 'tls = { min_version = "1.3"; };'),
}


class Starttls:
    """Makes of an SMTP edge a port that speaks TLS from the first byte, for clients that know no
    STARTTLS."""

    def __init__(self, edge_port):
        self.edge_port = edge_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.edge_port)) as edge:
            lines = edge.makefile("rb", buffering=0)
            for said in (None, b"EHLO client.example.net\r\n", b"STARTTLS\r\n"):
                if said:
                    edge.sendall(said)
                while lines.readline()[3:4] == b"-":
                    pass
            other = threading.Thread(target=self.pump, args=(edge, client), daemon=True)
            other.start()
            self.pump(client, edge)
            other.join()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def certificates(folder):
    text = "certificate = {"
    for name, key in (("rsa", ("rsa:2048",)), ("ec", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))):
        chain, file = make_certificate(str(folder), name, key)
        text += f' {name} = {{ chain = "{chain}"; key = "{file}"; }};'
    return text + " };\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("impact")
    folder.chmod(0o755)
    backends = {"smtp": peers.Backend(peers.smtp), "imap": peers.Backend(peers.imap)}
    numbers = dict(zip(EDGES, free_ports(len(EDGES))))
    text = 'workers = 1;\nlimits = { handshakes_per_second = 0; connections_per_address = 1000; };\n'
    text += certificates(folder) + "backend = {\n"
    for name, backend in backends.items():
        text += f'  {name} = {{ address = ["127.0.0.1:{backend.port}"]; client_info = "proxy"; }};\n'
    text += "};\nedge = {\n"
    for name, (protocol, extra) in EDGES.items():
        listen = "listen" if protocol == "smtp" else "listen_tls"
        text += (f'  {name} = {{ protocol = "{protocol}"; {listen} = ["127.0.0.1:{numbers[name]}"];'
                 f' backend = "{protocol}"; {extra} }};\n')
    daemon = Daemon(folder, text + "};\n").ready()
    doors = {n: Starttls(numbers[n]) for n, (p, _) in EDGES.items() if p == "smtp"}
    ports = {name: doors[name].port if name in doors else numbers[name] for name in EDGES}
    yield SimpleNamespace(daemon=daemon, folder=str(folder), ports=ports)
    daemon.close()
    for opened in (*doors.values(), *backends.values()):
        opened.close()


def records_of(daemon, edge):
    with daemon.changed:
        return [e for e in daemon.events if e.get("event") == "session ended"
                and e.get("edge") == edge]


def shake(stage, edge, clients):
    """What became of each client at an edge, one after the other: name -> record."""
    outcomes = {}
    for name in clients:
        seen = len(records_of(stage.daemon, edge))
        tls_clients.run(name, stage.ports[edge])
        with stage.daemon.changed:
            assert stage.daemon.changed.wait_for(
                lambda: len(records_of(stage.daemon, edge)) > seen, 20), (edge, name)
        outcomes[name] = records_of(stage.daemon, edge)[seen]
    return outcomes


def hellos_of(daemon):
    """hash -> the event that says what it offers."""
    with daemon.changed:
        return {e["hello"]: e for e in daemon.events if e.get("event") == "client hello"}


VERSIONS = {"SSLv3": 0x300, "TLSv1.0": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def ledger_make(path, hellos):
    """Each hello once at each edge; what it "has now" is its own name, so that the report's rows
    can be told apart."""
    db = ledgers.create(path)
    for text, event in hellos.items():
        highest = VERSIONS[event["highest"]]
        lists = {name: event.get(name, "") for name in ("versions", "suites", "groups", "sigalgs")}
        ledgers.add(db, "hello", hash=signed(int(text, 16)), max_version=highest,
                    legacy_version=min(highest, 0x303), first=1, last=1, **lists)
        for edge, (protocol, _) in EDGES.items():
            ledgers.add(db, "name", edge=edge, hello=signed(int(text, 16)), who="user-" + text,
                        is_user=int(protocol != "smtp"), leg=2 if protocol != "smtp" else 0,
                        protocol=protocol, first=1, last=4000000000, sessions=1, messages=1,
                        bytes=1, seal=3, version="TLSv1.2", cipher="HELLO_" + text)
    db.close()


def replay(folder, config, hellos):
    """(edge, hello) -> what the report says that would be agreed on."""
    path = os.path.join(folder, "replay", "ledger.db")
    ledger_make(path, hellos)
    done = subprocess.run([BINARY, "report", "impact", "-c", config, "--ledger", path, "--json",
                           "--since", "2020-01-01"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr  # some of them break
    rows = json.loads(done.stdout)["changes"]
    return {(r["edge"], r["now"].rsplit("_", 1)[1]): r["then"] for r in rows}


REFUSALS = {"no shared group": {"no shared cipher", "no shared group"},
            "no shared signature algorithm": {"no shared signature algorithm", "no shared cipher",
                                              "wrong signature type"}}


def agrees(record, then):
    """then: "TLSv1.3 SUITE GROUP", the group where it is certain; or why not."""
    if then.startswith("TLSv"):
        version, suite, *group = then.split()
        return ((version, suite) == (record.get("tls"), record.get("cipher"))
                and group in ([], [record.get("group")]))
    error = record.get("error", "")
    return not record.get("tls") and error in REFUSALS.get(then, {then})


def is_the_client_s(record):
    """The client ended it, for reasons of its own, after the server had agreed."""
    return record.get("error", "").startswith("the peer refused") or not (
        record.get("tls") or record.get("error"))


def test_replay_agrees_with_clients_of_other_makes(stage):
    missing = {name: why for name in tls_clients.ALL if (why := tls_clients.have(name))}
    for why in sorted(set(missing.values())):
        print("left out:", why)
    clients = [name for name in tls_clients.ALL if name not in missing]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        outcomes = dict(zip(EDGES, pool.map(lambda edge: shake(stage, edge, clients), EDGES)))
    hellos = hellos_of(stage.daemon)
    predicted = replay(stage.folder, stage.daemon.config, hellos)
    wrong, compared, silent = [], 0, []
    for edge, by_client in outcomes.items():
        for name, record in by_client.items():
            if not record.get("hello"):
                silent.append(name)  # it did not send one: nothing it could offer
                continue
            then = predicted[edge, record["hello"]]
            if then.startswith("TLSv") and is_the_client_s(record):
                continue
            compared += 1
            if not agrees(record, then):
                wrong.append(f"{edge}, {name}: {record.get('tls')} {record.get('cipher')} "
                             f"{record.get('group')} {record.get('error')!r} instead of {then}")
    assert not wrong, "\n".join(wrong)
    print(f"{compared} handshakes of {len(clients)} clients, {len(hellos)} kinds of hello;",
          f"silent: {sorted(set(silent))}")
    assert compared > len(EDGES) * len(clients) * 0.75
    # each make that is there took part
    for make in ("openssl", "gnutls", "nss", "libcurl", "java"):
        of_make = [c for c in clients if c.startswith(make)]
        assert not of_make or any(r.get("tls") for c in of_make for r in
                                  (by_client[c] for by_client in outcomes.values())), make
