#!/usr/bin/python3
"""How mailseal starts with many certificates: seconds until it is ready, what a worker holds then, and how long a handshake
takes with a name that nobody has asked for yet, beside the same once more.

usage: start_speed.py [-r ROUNDS] [-n CERTIFICATES]"""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from statistics import median

BENCH = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(BENCH, "..", "tests"))

from daemon import BINARY, Daemon, free_ports  # noqa: E402
from figures import arguments_of, at_least_one, need, row  # noqa: E402

NAMES = 50


def configuration(folder, port, backend):
    return (f'workers = 1; user = "nobody"; drain_timeout = "1s"; certificate_dir = "{folder}";\n'
            f'limits = {{ connections_per_address = 0; handshakes_per_second = 0; }};\n'
            f'backend = {{ b = {{ address = ["127.0.0.1:{backend}"]; client_info = "none"; accept = ["no-client-info"]; }}; }};\n'
            f'edge = {{ any = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "b"; accept = ["self-signed"]; }}; }};\n')


def handshake_ms(port, number):
    """Whole, from connect to Finished; with the certificate that was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    name = f"c{number}.example"
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 30) as sock, context.wrap_socket(sock, server_hostname=name) as tls:
        took = time.perf_counter() - begun
        if name.encode() not in tls.getpeercert(True):
            sys.exit(f"start_speed: another certificate than that of {name}")
    return 1000 * took


def pss_mib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024


def measure(folder, count):
    port, behind = free_ports(2)
    backend = subprocess.Popen([f"{BENCH}/backend", f"echo:{behind}"])
    begun = time.monotonic()
    daemon = Daemon(folder, configuration(f"{folder}/certificates", port, behind))
    try:
        daemon.wait("ready", 60)
        ready = time.monotonic() - begun
        worker = pss_mib(daemon.children()["worker"][0])
        asked = range(0, count, max(1, count // NAMES))
        first, again = ([handshake_ms(port, number) for number in asked] for _ in range(2))
        return {"certificates": count, "ready_s": round(ready, 3), "worker_mib": round(worker, 1),
                "first_ms": round(median(first), 3), "again_ms": round(median(again), 3), "first_worst_ms": round(max(first), 3)}
    finally:
        daemon.close()
        backend.terminate()
        backend.wait()


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("-r", "--rounds", type=at_least_one, default=5)
    parser.add_argument("-n", "--certificates", type=at_least_one, default=10000)
    options = parser.parse_args()
    need(BINARY, f"{BENCH}/certificates")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/certificates")
        subprocess.run([f"{BENCH}/certificates", f"{folder}/certificates", str(options.certificates)], check=True)
        for number in range(1, options.rounds + 1):
            row("start", "mailseal", number, **measure(folder, options.certificates))


if __name__ == "__main__":
    main()
