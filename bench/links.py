#!/usr/bin/env python3
"""Links side by side with stunnel: two hosts' ends of a mutual-TLS tunnel on one machine.

    ./links.py [-r ROUNDS] [-s MIB] [-n CONNECTIONS]     MAILSEAL and STUNNEL name other binaries

Both have the same certificates (mailseal pki), TLS 1.3 alone, and check the other's name; neither
resumes sessions. All processes of the two ends are pinned to CPU 1, generator and service to CPU 0;
rounds are interleaved. The figures are those per second of the ends' own CPU, the median of the
rounds.
"""
import argparse
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

BENCH = pathlib.Path(__file__).resolve().parent
MAILSEAL = os.environ.get("MAILSEAL", str(BENCH.parent / "build/mailseal"))
STUNNEL = os.environ.get("STUNNEL", "stunnel4")
BLOCK = bytes(1 << 20)


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


def service():
    """Reads as many bytes as the first eight say, and answers; listens for ever."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve(sock):
        part = bytearray(1 << 20)
        with sock:
            try:
                left = int.from_bytes(sock.recv(8, socket.MSG_WAITALL), "big")
                while left and (n := sock.recv_into(part)):
                    left -= n
                sock.sendall(b"all" if not left else b"few")
            except OSError:
                pass

    def accept():
        while True:
            sock, _ = listener.accept()
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


def measure(ends, work, amount):
    before, began = cpu_s(ends.pids), time.monotonic()
    work()
    return amount / (cpu_s(ends.pids) - before), amount / (time.monotonic() - began)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("-r", type=int, default=5, metavar="ROUNDS")
    args.add_argument("-s", type=int, default=1024, metavar="MIB")
    args.add_argument("-n", type=int, default=400, metavar="CONNECTIONS")
    args = args.parse_args()
    os.sched_setaffinity(0, {0})
    folder = pathlib.Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    ca = str(folder / "ca")
    subprocess.run([MAILSEAL, "pki", "init", "--dir", ca], check=True, stdout=subprocess.DEVNULL)
    for name in ("db1", "imap1"):
        subprocess.run([MAILSEAL, "pki", "issue", name, "--dir", ca], check=True,
                       stdout=subprocess.DEVNULL)
    port, found = service(), {}
    kinds = ["mailseal"] + (["stunnel"] if shutil.which(STUNNEL) else [])
    for _ in range(args.r):
        for kind in kinds:
            ends = Ends(folder, kind, folder / "ca/issued", port)
            carry(ends.port, 8)
            bulk = measure(ends, lambda e=ends: carry(e.port, args.s), args.s)
            short = measure(ends, lambda e=ends: [carry(e.port, 0) for _ in range(args.n)],
                            args.n)
            found.setdefault(kind, []).append((*bulk, *short))
            ends.close()
            shutil.rmtree(ends.folder)
    shutil.rmtree(folder)
    print(f"{'':10} {'MiB/CPU s':>10} {'MiB/s':>8} {'links/CPU s':>12} {'links/s':>8}")
    middle = {kind: [statistics.median(column) for column in zip(*rows)]
              for kind, rows in found.items()}
    for kind, row in middle.items():
        print(f"{kind:10} {row[0]:10.0f} {row[1]:8.0f} {row[2]:12.0f} {row[3]:8.0f}")
    if "stunnel" in middle:
        print("times stunnel:" + "".join(f" {a / b:.2f}" for a, b in
                                        zip(middle["mailseal"], middle["stunnel"])))


main()
