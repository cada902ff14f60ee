"""Rewrites capture files: the same conversations with their segments split, in another order, or begun in the middle.

Pure: frames in, frames out. A frame is (seconds, microseconds, bytes) on Ethernet."""
import dataclasses
import random
import struct

ETHERNET, TCP = 1, 6
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
LOOKED_AT = 17 * 1024  # of a direction: what comes later is only counted, and stays as it is


def read(path):
    """The frames of a pcap file as tcpdump writes it."""
    with open(path, "rb") as file:
        data = file.read()
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert magic == 0xa1b2c3d4 and link == ETHERNET, (path, hex(magic), link)
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, micros, size, whole = struct.unpack_from("<IIII", data, at)
        assert size == whole, f"{path}: cut frames"
        if at + 16 + size > len(data):
            break  # it is being written
        frames.append((seconds, micros, data[at + 16:at + 16 + size]))
        at += 16 + size
    return frames


def save(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, ETHERNET))
        for seconds, micros, frame in frames:
            out.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
    return str(path)


@dataclasses.dataclass
class Segment:
    """A TCP segment and the headers before it."""
    when: tuple
    link: bytes
    ip: bytes
    tcp: bytes
    payload: bytes

    @property
    def flags(self):
        return self.tcp[13]

    @property
    def way(self):
        """Who sends it to whom."""
        ends = self.ip[12:20] if self.ip[0] >> 4 == 4 else self.ip[8:40]
        half = len(ends) // 2
        return ends[:half] + self.tcp[:2], ends[half:] + self.tcp[2:4]

    def part(self, begin, end):
        """The same segment with some of its payload; its end is said by the last one alone."""
        is_last = end >= len(self.payload)
        flags = self.flags if is_last else self.flags & ~(FIN | PSH)
        seq = (struct.unpack_from("!I", self.tcp, 4)[0] + begin) & 0xffffffff
        tcp = self.tcp[:4] + struct.pack("!I", seq) + self.tcp[8:13] + bytes([flags]) + self.tcp[14:]
        return dataclasses.replace(self, tcp=tcp, payload=self.payload[begin:end])

    def frame(self):
        size = len(self.tcp) + len(self.payload)
        if self.ip[0] >> 4 == 4:
            ip = self.ip[:2] + struct.pack("!H", len(self.ip) + size) + self.ip[4:]
        else:
            ip = self.ip[:4] + struct.pack("!H", size) + self.ip[6:]
        return (*self.when, self.link + ip + self.tcp + self.payload)


def segment_of(frame):
    """None: no TCP."""
    seconds, micros, data = frame
    kind, rest = data[12:14], data[14:]
    if kind == b"\x08\x00" and rest[9] == TCP:
        begin, end = (rest[0] & 15) * 4, struct.unpack_from("!H", rest, 2)[0]
    elif kind == b"\x86\xdd" and rest[6] == TCP:
        begin, end = 40, 40 + struct.unpack_from("!H", rest, 4)[0]
    else:
        return None
    end = end if end > begin else len(rest)  # 0: longer than that field can say
    head = begin + (rest[begin + 12] >> 4) * 4
    return Segment((seconds, micros), data[:14], rest[:begin], rest[begin:head], rest[head:end])


def split(frames, size=1):
    """Every segment in pieces of so many bytes."""
    looked, out = {}, []
    for frame in frames:
        segment = segment_of(frame)
        if not segment or len(segment.payload) <= size or looked.get(segment.way, 0) > LOOKED_AT:
            out.append(frame)
            continue
        length = len(segment.payload)
        looked[segment.way] = looked.get(segment.way, 0) + length
        out += [segment.part(at, min(at + size, length)).frame() for at in range(0, length, size)]
    return out


def runs(frames):
    """Frames up to where the other side has something to say: in these any order is the same talk."""
    run, speaker = [], None
    for frame in frames:
        segment = segment_of(frame)
        speaks = segment and segment.payload
        if run and (not segment or segment.flags & (SYN | FIN | RST) or (speaks and speaker not in (None, segment.way))):
            yield run
            run, speaker = [], None
        run.append(frame)
        if not segment or segment.flags & (SYN | FIN | RST):
            yield run
            run, speaker = [], None
        elif speaks:
            speaker = segment.way
    yield run


def shuffled(frames, size=7, seed=1):
    """In pieces that come in any order; what acknowledges them comes behind them."""
    out, dice = [], random.Random(seed)
    for run in runs(split(frames, size)):
        data = [frame for frame in run if (segment := segment_of(frame)) and segment.payload]
        dice.shuffle(data)
        out += data + [frame for frame in run if not (segment := segment_of(frame)) or not segment.payload]
    return out


def without_handshake(frames):
    """The capture began just after the connections did."""
    return [frame for frame in frames if not (segment := segment_of(frame)) or not segment.flags & SYN]


def middle(frames, spoken=1):
    """The capture began when each side had said something so many times."""
    heard, out = {}, []
    for frame in frames:
        segment = segment_of(frame)
        if not segment:
            out.append(frame)
            continue
        pair = frozenset(segment.way)
        if segment.payload:
            heard.setdefault(pair, {}).setdefault(segment.way, 0)
            heard[pair][segment.way] += 1
        if heard.get(pair, {}).get(segment.way, 0) > spoken and not segment.flags & SYN:
            out.append(frame)
    return out
