"""A name server as a script, on a port of loopback; its zones are not signed. Standard library
only."""
import socket
import struct
import threading

MX, TXT, A, NS, SOA, TLSA, SRV = 15, 16, 1, 2, 6, 52, 33
AA, AD = 0x04, 0x20
SERVFAIL, NXDOMAIN = 2, 3
# Of a zone that is not asked for: what the daemon needs to begin, and vouches for nothing.
ANCHOR = "bogus.example. IN DS 12345 13 2 " + "0123456789ABCDEF" * 4 + "\n"


def wire(name):
    """A name as DNS writes it."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class NameServer:
    """Until close(). say(name, kind) is asked for names below example: (rcode, record, a list of
    records or None), or None for no answer at all. asked has every name somebody wanted to know.
    It says AD to who asks for that, if it vouches; and AA, if the zones are its own."""

    ttl = 60

    def __init__(self, say, vouches=False, has_zone=False, at=("127.0.0.1", 0)):
        self.say, self.vouches, self.has_zone = say, vouches, has_zone
        self.asked, self.changed = [], threading.Condition()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.bind(at)
        self.address = "%s@%d" % self.sock.getsockname()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            query, client = self.sock.recvfrom(2048)
            if not query:
                return
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
                at += 1 + query[at]
            question, kind = query[12:at + 5], query[at + 2]
            name = ".".join(labels)
            said = self.say(name, kind) if name.endswith(".example") else (0, None)
            with self.changed:
                self.asked.append(name)
                self.changed.notify_all()
            if said:
                packet = bytearray(self.packet(query[:2], question, kind, *said))
                packet[3] |= query[3] & AD if self.vouches else 0
                packet[2] |= AA if self.has_zone else 0
                self.sock.sendto(packet, client)

    def packet(self, number, question, kind, rcode, records):
        records = [records] if isinstance(records, bytes) else records or []
        denial = b"\0\0" + struct.pack("!5I", 1, 3600, 600, 86400, 60)
        body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(data)) + data
                        for data in records)
        if not records:
            body = b"\0" + struct.pack("!HHIH", SOA, 1, 60, len(denial)) + denial
        return (number + struct.pack("!5H", 0x8180 | rcode, 1, len(records), not records, 0)
                + question + body)

    def wait(self, is_so, timeout=15):
        with self.changed:
            assert self.changed.wait_for(lambda: is_so(self.asked), timeout), self.asked[-20:]

    def close(self):
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()
