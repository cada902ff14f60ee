"""Writes capture files: conversations as TCP segments and UDP datagrams, well or badly behaved."""
import ipaddress
import struct

ETHERNET, RAW, COOKED, COOKED2, NULL = 1, 101, 113, 276, 0
TCP, UDP, ESP = 6, 17, 50
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def ip_packet(source, target, protocol, payload, ident=1, fragment=0):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0)
        return head + source.packed + target.packed + payload
    head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
    return head + source.packed + target.packed + payload


def fragments(source, target, protocol, payload, size):
    """IPv4 or IPv6, in pieces of size (a multiple of 8)."""
    is_v4 = ipaddress.ip_address(source).version == 4
    for at in range(0, len(payload), size):
        part, more = payload[at:at + size], at + size < len(payload)
        if is_v4:
            yield ip_packet(source, target, protocol, part, 77, (at // 8) | (0x2000 if more else 0))
        else:
            head = struct.pack("!BBHI", protocol, 0, at | more, 77)
            yield ip_packet(source, target, 44, head + part)


def framed(packet, link, vlans=()):
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    if link == ETHERNET:
        tags = b"".join(struct.pack("!HH", 0x88a8 if i == 0 and len(vlans) > 1 else 0x8100, tag)
                        for i, tag in enumerate(vlans))
        return bytes(12) + tags + struct.pack("!H", kind) + packet
    if link == COOKED:
        return bytes(14) + struct.pack("!H", kind) + packet
    if link == COOKED2:
        return struct.pack("!H", kind) + bytes(18) + packet
    if link == NULL:
        return struct.pack("=I", 2 if kind == 0x0800 else 10) + packet
    return packet


class Capture:
    """Packets in order; saved as a pcap file."""

    def __init__(self, link=ETHERNET, vlans=()):
        self.link, self.vlans, self.frames, self.ports = link, vlans, [], 40000

    def add(self, packet, at=None):
        frame = framed(packet, self.link, self.vlans)
        self.frames.insert(len(self.frames) if at is None else at, frame)

    def datagram(self, payload, client="10.0.0.1", server="10.0.0.2", port=514, back=False,
                 client_port=40000):
        ends = (client_port, port) if not back else (port, client_port)
        data = struct.pack("!HHHH", *ends, 8 + len(payload), 0) + payload
        self.add(ip_packet(*((client, server) if not back else (server, client)), UDP, data))

    def talk(self, steps, **more):
        """steps: "C: text" or ("C", bytes); text has \\r\\n added."""
        Talk(self, **more).run(steps)

    def save(self, path, snaplen=65535):
        with open(path, "wb") as out:
            out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snaplen, self.link))
            for number, frame in enumerate(self.frames):
                out.write(struct.pack("=IIII", 1764460800 + number // 1000, number % 1000,
                                      min(snaplen, len(frame)), len(frame)) + frame[:snaplen])
        return str(path)


class Talk:
    """One TCP connection. piece: bytes a segment; order: "reversed" sends each step's segments
    backwards; lose: numbers of the data segments that the capture does not have; begin: False
    leaves the handshake out; twice: each segment comes again."""

    def __init__(self, capture, client="10.0.0.1", server="10.0.0.2", port=2525, piece=1400,
                 order=None, lose=(), begin=True, twice=False, fragment=0, end=True):
        self.capture, self.ends = capture, {"C": (client, server), "S": (server, client)}
        capture.ports = 40000 + (capture.ports + 1) % 20000
        self.ports = {"C": (capture.ports, port), "S": (port, capture.ports)}
        self.seq = {"C": 0xfffffff0, "S": 1000}  # the client's goes round
        self.piece, self.order, self.lose, self.begin = piece, order, set(lose), begin
        self.twice, self.fragment, self.end, self.number = twice, fragment, end, 0

    def segment(self, side, flags, payload=b"", seq=None):
        other = "S" if side == "C" else "C"
        data = struct.pack("!HHIIBBHHH", *self.ports[side],
                           (self.seq[side] if seq is None else seq) & 0xffffffff,
                           self.seq[other] & 0xffffffff if flags & ACK else 0,
                           5 << 4, flags, 65535, 0, 0) + payload
        if not self.fragment:
            self.capture.add(ip_packet(*self.ends[side], TCP, data))
            return
        for part in fragments(*self.ends[side], TCP, data, self.fragment):
            self.capture.add(part)

    def say(self, side, data):
        parts = [(self.seq[side] + at, data[at:at + self.piece])
                 for at in range(0, len(data), self.piece)]
        if self.order == "reversed":
            parts.reverse()
        for seq, part in parts:
            lost = self.number in self.lose
            self.number += 1
            if not lost:
                for _ in range(2 if self.twice else 1):
                    self.segment(side, PSH | ACK, part, seq)
        self.seq[side] += len(data)
        self.segment("S" if side == "C" else "C", ACK)

    def run(self, steps):
        for side in "CSC" if self.begin else "":
            fresh = self.seq[side] in (0xfffffff0, 1000)
            self.segment(side, (SYN if fresh else 0) | (0 if side == "C" and fresh else ACK))
            self.seq[side] += fresh
        for step in steps:
            side, data = step if isinstance(step, tuple) else (step[0], step[3:].encode() + b"\r\n")
            self.say(side, data)
        for side in "CS" if self.end else "":
            self.segment(side, FIN | ACK)
            self.seq[side] += 1
