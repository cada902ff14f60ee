#!/usr/bin/env python3
"""Links side by side with stunnel: two hosts' ends of a mutual-TLS tunnel on one machine.

    ./links.py [-r ROUNDS] [-s MIB] [-n CONNECTIONS] [-i IDLE]     MAILSEAL and STUNNEL name other binaries

Both have the same certificates (mailseal pki), TLS 1.3 alone, and check the other's name; neither
resumes sessions. All processes of the two ends are pinned to CPU 1, generator and service to CPU 0.
Each round starts both anew and measures one after the other, in turns the one or the other first.
The figures to compare are those per second of the ends' own CPU; a cell is the median of the
rounds (least-most). Prints tables for RESULTS.md.

Where the machine's congestion control paces what it sends (bbr), that is most of what is measured:
run it in a network of its own that does not, as Debian's default does not (README.md has the line).
"""
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from figures import arguments_of, at_least_one, need

BENCH = pathlib.Path(__file__).resolve().parent
MAILSEAL = os.environ.get("MAILSEAL", str(BENCH.parent / "build/mailseal"))
STUNNEL = os.environ.get("STUNNEL", "stunnel4")
BLOCK = bytes(1 << 20)
ECHO = b"\xff" * 8
LINE = bytes(64)
LINES = 4000


def free_ports(count):
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    return ports


def tree_of(pid):
    pids = [pid]
    for child in open(f"/proc/{pid}/task/{pid}/children", encoding="ascii").read().split():
        pids += tree_of(int(child))
    return pids


def cpu_s(pids):
    """What the processes, and threads of theirs, have used."""
    ticks = 0
    for pid in pids:
        fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Ends:
    """Both ends of one kind, running."""

    def __init__(self, folder, kind, pki, service):
        self.port, self.far = free_ports(2)
        self.folder = folder / kind
        self.folder.mkdir()
        self.folder.chmod(0o755)
        make = self.mailseal if kind == "mailseal" else self.stunnel
        self.processes = [
            make("far", pki / "db1", self.far, service, "imap1"),
            make("near", pki / "imap1", self.port, self.far, "db1")]
        for port in (self.far, self.port):
            self.wait(port)
        carry(self.port, 8)  # all of their processes are there now
        self.pids = [p for process in self.processes for p in tree_of(process.pid)]

    def launch(self, *words):
        out = open(self.folder / "out", "ab")
        return subprocess.Popen(["taskset", "-c", "1", *words], stdout=out, stderr=out)

    def mailseal(self, end, node, port, to, peer):
        listen = "listen" if end == "near" else "listen_tls"
        conf = self.folder / (end + ".conf")
        conf.write_text(f'workers = 1; state_dir = "{self.folder}/{end}-s"; user = "nobody";\n'
                        f'run_dir = "{self.folder}/{end}-r"; hostname = "mail.example";\n'
                        f'drain_timeout = "0"; pki = {{ dir = "{node}"; }};\n'
                        f'link = {{ l = {{ {listen} = "127.0.0.1:{port}"; to = "127.0.0.1:{to}"; '
                        f'peer = "{peer}"; }}; }};\n', encoding="ascii")
        return self.launch(MAILSEAL, "run", "-c", str(conf))

    def stunnel(self, end, node, port, to, peer):
        conf = self.folder / (end + ".conf")
        conf.write_text(f"foreground = quiet\npid =\nsyslog = no\ndebug = crit\n"
                        f"socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n"
                        f"[l]\nclient = {'yes' if end == 'near' else 'no'}\n"
                        f"accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{to}\n"
                        f"cert = {node}/node.crt\nkey = {node}/node.key\nCAfile = {node}/ca.crt\n"
                        f"verifyChain = yes\ncheckHost = {peer}.mailseal.internal\n"
                        f"sslVersion = TLSv1.3\nciphersuites = TLS_AES_128_GCM_SHA256\n"
                        f"curves = X25519\nsessionResume = no\nTIMEOUTclose = 0\n",
                        encoding="ascii")
        return self.launch(STUNNEL, str(conf))

    def wait(self, port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit((self.folder / "out").read_text(encoding="utf-8", errors="replace"))

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)


def echo(sock):
    while part := sock.recv(1 << 16):
        sock.sendall(part)


def swallow(sock, part, left):
    while left and (n := sock.recv_into(part)):
        left -= n
    sock.sendall(b"all" if not left else b"few")


def service():
    """Reads as many bytes as the first eight say, and answers; or says all back. Listens for ever."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve(sock):
        with sock:
            try:
                word = sock.recv(8, socket.MSG_WAITALL)
                if word == ECHO:
                    echo(sock)
                else:
                    swallow(sock, bytearray(1 << 20), int.from_bytes(word, "big"))
            except OSError:
                pass

    def accept():
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(sock,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def carry(port, blocks):
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.sendall((blocks * len(BLOCK)).to_bytes(8, "big"))
        for _ in range(blocks):
            sock.sendall(BLOCK)
        told = sock.recv(3, socket.MSG_WAITALL)
        if told != b"all":
            sys.exit(f"not all arrived: {told}")


def cpu_of(ends, work):
    """What the ends used meanwhile, and what came of it."""
    before = cpu_s(ends.pids)
    found = work()
    cpu = cpu_s(ends.pids) - before
    if not cpu:
        sys.exit("links: the ends used no tick of CPU: more of -s and -n")
    return cpu, found


def bulk(ends, args):
    """MiB a second of CPU, and of the clock."""
    began = time.monotonic()
    cpu, _ = cpu_of(ends, lambda: carry(ends.port, args.s))
    return args.s / cpu, args.s / (time.monotonic() - began)


def connections(ends, args):
    """One after the other, each with its handshakes: a second of CPU, and of the clock."""
    began = time.monotonic()
    cpu, _ = cpu_of(ends, lambda: [carry(ends.port, 0) for _ in range(args.n)])
    return args.n / cpu, args.n / (time.monotonic() - began)


def round_trips(port):
    """Microseconds from a line's first byte to that of its answer, one line at a time."""
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(ECHO)
        times = []
        for _ in range(LINES):
            began = time.perf_counter()
            sock.sendall(LINE)
            sock.recv(len(LINE), socket.MSG_WAITALL)
            times.append((time.perf_counter() - began) * 1e6)
    return sorted(times)


def latency(ends, _):
    """A line and its answer: microseconds of CPU, of the clock at the median and the 99th of 100."""
    cpu, times = cpu_of(ends, lambda: round_trips(ends.port))
    return cpu / LINES * 1e6, times[LINES // 2], times[LINES * 99 // 100]


def memory_kib(pids):
    """What is their own, shared pages by share."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total


def idle(ends, args):
    """KiB of both ends for a connection that is open and silent."""
    before, socks = memory_kib(ends.pids), []
    for _ in range(args.i):
        socks.append(socket.create_connection(("127.0.0.1", ends.port), 60))
        socks[-1].sendall(ECHO + b"x")
        if socks[-1].recv(1) != b"x":
            sys.exit("an idle connection is not open")
    found = (memory_kib(ends.pids) - before) / args.i
    for sock in socks:
        sock.close()
    return (found,)


# What is measured: its columns, and whether more is better.
MODES = {
    bulk: (("MiB/CPU s", "MiB/s"), True),
    connections: (("connections/CPU s", "connections/s"), True),
    latency: (("us of CPU a line", "p50 us", "p99 us"), False),
    idle: (("KiB a connection",), False),
}


def cell(values):
    digits = 1 if statistics.median(values) < 100 else 0
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def table(mode, found, kinds):
    """In markdown. How many times better than stunnel (where it is there) the first column is."""
    columns, is_more_better = MODES[mode]
    middle = {kind: statistics.median(row[0] for row in found[kind, mode]) for kind in kinds}
    base = middle.get("stunnel", middle["mailseal"])
    print(f"\n| {mode.__name__} | times stunnel | " + " | ".join(columns) + " |")
    print("|" + "---|" * (len(columns) + 2))
    for kind in kinds:
        ratio = middle[kind] / base if is_more_better else base / middle[kind]
        print(f"| {kind} | {ratio:.2f} | "
              + " | ".join(cell(column) for column in zip(*found[kind, mode])) + " |", flush=True)


def one_round(number, kinds, folder, port, args, found):
    running = {kind: Ends(folder, kind, folder / "ca/issued", port) for kind in kinds}
    for mode in MODES:
        for kind in kinds if number % 2 else reversed(kinds):
            found.setdefault((kind, mode), []).append(mode(running[kind], args))
    for ends in running.values():
        ends.close()
        shutil.rmtree(ends.folder)


def word_of(path):
    return open(path, encoding="ascii").read().split()[0]


def load():
    return word_of("/proc/loadavg")


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("-r", type=at_least_one, default=9, metavar="ROUNDS")
    parser.add_argument("-s", type=at_least_one, default=512, metavar="MIB")
    parser.add_argument("-n", type=at_least_one, default=200, metavar="CONNECTIONS")
    parser.add_argument("-i", type=at_least_one, default=300, metavar="IDLE")
    args = parser.parse_args()
    need(MAILSEAL)
    os.sched_setaffinity(0, {0})
    folder = pathlib.Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    ca = str(folder / "ca")
    subprocess.run([MAILSEAL, "pki", "init", "--dir", ca], check=True, stdout=subprocess.DEVNULL)
    for name in ("db1", "imap1"):
        subprocess.run([MAILSEAL, "pki", "issue", name, "--dir", ca], check=True,
                       stdout=subprocess.DEVNULL)
    kinds = ["mailseal"] + (["stunnel"] if shutil.which(STUNNEL) else [])
    port, found, loads = service(), {}, [load()]
    for number in range(args.r):
        one_round(number, kinds, folder, port, args, found)
        loads.append(load())
    shutil.rmtree(folder)
    print(f"{args.r} rounds; load {min(loads, key=float)} to {max(loads, key=float)}; "
          + word_of("/proc/sys/net/ipv4/tcp_congestion_control"))
    for mode in MODES:
        table(mode, found, kinds)


if __name__ == "__main__":
    main()
