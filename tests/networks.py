"""Two hosts of our own: network namespaces with a cable between them, and a tunnel."""
import contextlib
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
ETH_P_ALL = 3
libc = ctypes.CDLL(None, use_errno=True)


def done(result):
    if result:
        raise OSError(ctypes.get_errno(), "network namespace")


def here():
    """The network of this thread, as a descriptor."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def tun_open(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Network:
    """This thread's new network, and the far host's: eth0 (192.0.2.1 and .2) and tun0 (10.9.0.1 and
    .2, .3; fd09::1). What starts from here is in ours, what starts within far() in the other."""

    def __init__(self):
        self.before = here()
        done(libc.unshare(CLONE_NEWNET))
        self.near = here()
        ip("link", "set", "lo", "up")
        self.tun = [tun_open("tun0")]
        done(libc.unshare(CLONE_NEWNET))
        self.away = here()
        self.tun.append(tun_open("tun0"))
        self.enter(self.near)
        self.seen = []
        self.cable()
        self.tunnel()
        self.stop = os.pipe()
        self.carrier = threading.Thread(target=self.carry, daemon=True)
        self.carrier.start()

    @staticmethod
    def enter(fd):
        done(libc.setns(fd, CLONE_NEWNET))

    @contextlib.contextmanager
    def far(self):
        self.enter(self.away)
        try:
            yield
        finally:
            self.enter(self.near)

    def cable(self):
        ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
           f"/proc/{os.getpid()}/fd/{self.away}")
        ip("address", "add", "192.0.2.1/24", "dev", "eth0")
        ip("link", "set", "eth0", "up")
        with self.far():
            ip("link", "set", "lo", "up")
            ip("address", "add", "192.0.2.2/24", "dev", "eth0")
            ip("link", "set", "eth0", "up")
            self.sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.sniffer.bind(("eth0", 0))

    def tunnel(self):
        """Also once more, after the link was down."""
        ip("address", "replace", "10.9.0.1/24", "dev", "tun0")
        ip("address", "replace", "fd09::1/64", "dev", "tun0", "nodad")
        ip("link", "set", "tun0", "up")
        with self.far():
            ip("address", "replace", "10.9.0.2/24", "dev", "tun0")
            ip("address", "replace", "10.9.0.3/24", "dev", "tun0")
            ip("link", "set", "tun0", "up")

    def carry(self):
        """Packets from one tun to the other, until close(): what an OpenVPN does, without a key."""
        other = {self.tun[0]: self.tun[1], self.tun[1]: self.tun[0]}
        while True:
            ready, _, _ = select.select([*self.tun, self.stop[0]], [], [])
            if self.stop[0] in ready:
                return
            for fd in ready:
                with contextlib.suppress(OSError):  # a link that is down takes nothing
                    os.write(other[fd], os.read(fd, 65536))

    def crossed(self, text):
        """Whether these bytes came over the cable, so far."""
        self.sniffer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.seen.append(self.sniffer.recv(65536))
        return any(text in frame for frame in self.seen)

    def close(self):
        os.write(self.stop[1], b"x")
        self.carrier.join()
        self.enter(self.before)
        self.sniffer.close()
        for fd in (*self.tun, *self.stop, self.near, self.away, self.before):
            os.close(fd)
