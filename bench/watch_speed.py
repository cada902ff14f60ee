#!/usr/bin/python3
"""How much traffic mailseal watch follows on one core: a flood of mixed conversations on a veth pair
between two network namespaces, the generator on CPU 0, watch on CPU 1.

    ./watch_speed.py [-g GBIT] [-s SECONDS] [-n CONNECTIONS] [-c CLIENTS] [--own-core] [--first] [--json | --rows ROUNDS]

GBIT 0 is as fast as the generator can. Without --own-core the kernel hands frames over on the
generator's CPU, as it does on a veth pair; with it on that of watch (receive packet steering), as
where one CPU has both the card's interrupts and watch. --first: both go before all else on the
machine (SCHED_RR); waited_for_cpu_s says how long watch had to wait for others. --rows: so many runs, a row each, for
goals.py. As root. MAILSEAL names another binary.
"""
import contextlib
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "tests"))
sys.path.insert(0, str(BENCH))

import watch_traffic  # noqa: E402
from daemon import BINARY  # noqa: E402
from figures import arguments_of, at_least_one, need, need_root, row  # noqa: E402

GENERATOR_CPU, WATCH_CPU = 0, os.cpu_count() - 1


def run(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def veth():
    """Two namespaces; the interface is called v in both."""
    ends = [f"flood{os.getpid()}{end}" for end in "ab"]
    try:
        for end in ends:
            run("ip", "netns", "add", end)
        run("ip", "link", "add", "v", "netns", ends[0], "type", "veth", "peer", "name", "v", "netns", ends[1])
        for end in ends:
            run("ip", "-n", end, "link", "set", "v", "up")
        yield ends
    finally:
        for end in ends:
            subprocess.run(["ip", "netns", "del", end], check=False, capture_output=True)


def inside(end, cpu, first, *words):
    return ["ip", "netns", "exec", end, *(["chrt", "-r", "1"] if first else []), "taskset", "-c", str(cpu), *map(str, words)]


def steer(end, cpu):
    """What comes in is worked on by this CPU."""
    run("ip", "netns", "exec", end, "sh", "-c", f"echo {1 << cpu:x} >/sys/class/net/v/queues/rx-0/rps_cpus")


def generator_make(folder):
    run("cc", "-O2", "-o", str(folder / "flood"), str(BENCH / "flood.c"))
    return folder / "flood"


def watch_wait(process):
    """Until it listens: it has given up root then."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        if "Seccomp:\t2" in status:
            return
        select.select([], [], [], 0.02)
    raise RuntimeError("watch does not listen")


def rows_of(path, kind):
    with open(path, encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["type"] == kind]


def peak_mib(pid):
    """Of this program alone: what wait4() says counts who forked it, too."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024)
    raise RuntimeError("no memory is told")


def watched(ends, flood, more, out, first):
    """What was sent, and what watch used; out: the file that has what it said, as a pipe would hold it up."""
    with open(out, "wb") as stream, subprocess.Popen(
            inside(ends[1], WATCH_CPU, first, BINARY, "watch", "-i", "v", "--json", "--as", "network", *more), stdout=stream) as process:
        watch_wait(process)
        sent = json.loads(subprocess.run(inside(ends[0], GENERATOR_CPU, first, *flood), check=True, stdout=subprocess.PIPE).stdout)
        ran, waited = [int(ns) / 1e9 for ns in pathlib.Path(f"/proc/{process.pid}/schedstat").read_text(encoding="ascii").split()[:2]]
        peak = peak_mib(process.pid)
        process.terminate()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return sent, usage, ran, waited, peak


def measure(gbit=1.0, seconds=10.0, connections=100000, clients=400, own_core=False, first=False, more=()):
    """One run; figures as a dictionary."""
    with tempfile.TemporaryDirectory() as folder, veth() as ends:
        folder = pathlib.Path(folder)
        wanted = watch_traffic.write(folder / "talks.pcap")
        if own_core:
            steer(ends[1], WATCH_CPU)
        flood = [generator_make(folder), "-i", "v", "-r", folder / "talks.pcap", "-n", connections, "-c", clients,
                 "-b", gbit * 1000, "-s", seconds]
        sent, usage, cpu, waited, peak = watched(ends, flood, more, folder / "said", first)
        summary, services = rows_of(folder / "said", "summary")[0], rows_of(folder / "said", "service")
    bits = sent["bytes"] * 8
    found = {row["protocol"] for row in services}
    return {
        "gbit_per_s": round(bits / sent["seconds"] / 1e9, 3), "packets_per_s": round(sent["packets"] / sent["seconds"]),
        "bytes_per_packet": round(sent["bytes"] / sent["packets"]), "sent": sent["packets"], "seen": summary["packets"],
        "lost": summary["lost"], "lost_percent": round(max(0, 100 * (1 - summary["packets"] / sent["packets"])), 3),
        "connections": summary["connections"], "judged_early": summary["judged_early"], "left_out": summary["left_out"],
        "seconds": sent["seconds"], "watch_cpu_s": round(cpu, 2), "end_cpu_s": round(usage.ru_utime + usage.ru_stime - cpu, 2), "waited_for_cpu_s": round(waited, 2),
        "cpu_s_per_gbit": round(cpu / bits * 1e9, 3), "core_percent": round(100 * cpu / sent["seconds"], 1),
        "rss_mib": peak, "not_found": sorted(wanted - found), "load": os.getloadavg()[0]}


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("-g", "--gbit", type=float, default=1.0)
    parser.add_argument("-s", "--seconds", type=float, default=10)
    parser.add_argument("-n", "--connections", type=at_least_one, default=100000)
    parser.add_argument("-c", "--clients", type=at_least_one, default=400)
    parser.add_argument("--own-core", action="store_true")
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=at_least_one)
    parser.add_argument("more", nargs="*", help="for watch")
    options = vars(parser.parse_args())
    need_root()
    need(BINARY)
    is_json, rounds = options.pop("json"), options.pop("rows")
    for number in range(1, (rounds or 0) + 1):
        row("watch", "mailseal", number, **measure(**options))
    if rounds:
        return 0
    figures = measure(**options)
    print(json.dumps(figures) if is_json else "\n".join(f"{key:18} {value}" for key, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
