"""One capture of everything that crosses between hosts of real servers, taken apart into a file a case,
and what mailseal watch finds in each, as it came and rewritten."""
import base64
import dataclasses
import json
import struct
import subprocess
import typing

import recut
from daemon import BINARY, wait_until

MARK_PORT = 9  # of discard: a datagram to it says which case begins
TCP, UDP = 6, 17
EPHEMERAL = 0  # stands for a port that a server chose for once
USER, PASSWORD = "anna", "Geh3im-Passwort"
PLAIN, PASS, OFFERED = "plaintext", "plaintext+password", "starttls-offered-not-used"
USED, TLS, TUNNEL, NOTHING = "starttls-used", "tls", "tunnel", "nothing-said"
MIDSTREAM = "unknown-midstream"
SEALED = {USED, TLS, TUNNEL}


def b64(text):
    return base64.b64encode(text.encode()).decode()


SECRETS = [PASSWORD, b64(PASSWORD), *(b64(text) for text in (f"\0{USER}\0{PASSWORD}", f"{USER}\0{USER}\0{PASSWORD}",
                                                             f"{USER}:{PASSWORD}"))]


class Row(typing.NamedTuple):
    """What is to be found: a service by its port, and what was said to it."""
    port: int
    protocol: str
    verdict: str
    mechanism: str = None
    user: str = None


@dataclasses.dataclass
class Case:
    """A talk of a real client with a real server."""
    protocol: str
    variant: str
    talk: typing.Callable  # is given the stage
    rows: list
    script: str = None  # which side is none of a package
    is_long: bool = False  # it says the like again and again, as what stays connected for days

    @property
    def name(self):
        return f"{self.protocol}: {self.variant}"

    def rows_of(self, how):
        """One side alone is judged by where it begins."""
        is_begun = how == "without the handshake"
        return [row._replace(verdict=MIDSTREAM) if is_begun and not row.protocol else row for row in self.rows]


def is_plain(verdict):
    return verdict in (PLAIN, PASS, OFFERED)


def started(host, port, argv):
    """A program that listens, as one of inside's servers, but for its end, which is the host's."""
    process = host.start(f"port-{port}", argv)
    assert wait_until(lambda: host.listens(host.address, port), 120), host.log(f"port-{port}")
    return process


def by(server, method, *words, **more):
    """A client that the class of a server knows, on mx."""
    return lambda stage: getattr(stage.servers[server], method)(*words, host=stage.mx, **more)


def on_mx(*argv, **more):
    """A program on mx, whatever comes of it; {box} and {bare} are addresses, {ca} a file."""
    def filled(word, stage):
        for name, text in {**stage.addresses, "ca": stage.keys[2]}.items():
            word = str(word).replace("{" + name + "}", text)
        return word
    return lambda stage: stage.mx.done(*(filled(word, stage) for word in argv), **more)


REWRITES = {
    "as it came": lambda frames: frames,
    "split at every byte": recut.split,
    "in another order": recut.shuffled,
    "without the handshake": recut.without_handshake,
}


class Tap:
    """tcpdump on the bridge of the hosts."""

    def __init__(self, net, client, server):
        self.client, self.server, self.path = client, server, net.hub.path("all.pcap")
        self.process = net.hub.start("tcpdump", ["tcpdump", "-i", "bridge", "-U", "-s", "0", "-Z", "root", "-B", "65536",
                                                 "-w", self.path])
        assert wait_until(lambda: "listening on" in net.hub.log("tcpdump"), 30), net.hub.log("tcpdump")

    def mark(self, name):
        self.client.run("bash", "-c", 'printf %s "$1" >"/dev/udp/$2/$3"', "bash", name, self.server.address, MARK_PORT)

    def frames(self):
        """All that crossed up to now."""
        def has_end():
            with open(self.path, "rb") as file:
                return b"MARK end" in file.read()
        self.mark("MARK end")
        assert wait_until(has_end, 30)
        return recut.read(self.path)


def flow_of(frame):
    """(protocol, both ends) of a frame, what it carries, and whether a connection begins with it. None: no IPv4."""
    data = frame[2]
    if data[12:14] != b"\x08\x00" or data[23] not in (TCP, UDP):
        return None
    at = 14 + (data[14] & 15) * 4
    ends = frozenset({(data[26:30], data[at:at + 2]), (data[30:34], data[at + 2:at + 4])})
    begins = data[23] == TCP and data[at + 13] & (recut.SYN | recut.ACK) == recut.SYN
    port = struct.unpack_from("!H", data, at + 2)[0]
    return (data[23], ends), data[at + 8:] if data[23] == UDP and port == MARK_PORT else None, begins


def taken_apart(frames):
    """Frames by the mark before which their connection had not begun."""
    cases, owner, now = {}, {}, None
    for frame in frames:
        flow = flow_of(frame)
        if not flow:
            continue
        key, mark, begins = flow
        if mark:
            now = mark.decode()
            cases[now] = []
        elif now:
            if begins or key not in owner:
                owner[key] = now
            cases[owner[key]].append(frame)
    return cases


def ask(path, ports):
    """The rows of a capture file, those of other ports as EPHEMERAL; nothing that is shown has a password in it."""
    argv = [BINARY, "watch", "-r", path]
    lines = subprocess.run([*argv, "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert lines.returncode in (0, 1, 2) and not lines.stderr, (path, lines.stderr)
    for secret in SECRETS:
        assert secret not in lines.stdout, path
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    found = {Row(row["port"] if row["port"] in ports else EPHEMERAL, row["protocol"], row["verdict"], row["mechanism"],
                 row["user"]) for row in rows if row["type"] == "service"}
    return sorted(found, key=str)
