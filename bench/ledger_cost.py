#!/usr/bin/env python3
"""What telling the ledger costs a worker: sessions a second of the worker's CPU with the ledger on, over
the same with it off. Two daemons run side by side and take turns of a second, so that what else runs on
the machine meets both alike; the median of the turns' ratios counts.

usage: ledger_cost.py [--rows] [TURNS [MODE...]]        modes: plain hs13 st; --rows: a row a turn, for goals.py"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from figures import arguments_of, at_least_one, need, row

HERE = os.path.dirname(os.path.abspath(__file__))
MAILSEAL = os.environ.get("MAILSEAL", os.path.join(HERE, "..", "build", "mailseal"))
PROXY_CPU, GEN_CPU = os.environ.get("PROXY_CPU", "1"), os.environ.get("GEN_CPU", "0")
BACKEND, PORTS = 21025, {"on": (20587, 20993), "off": (20588, 20994)}  # smtp, imap in TLS
MODES = {"plain": ["starttls", "--plain", "--proto", "smtp"],
         "hs13": ["handshake", "--tls", "13"],
         "st": ["starttls", "--proto", "smtp"]}


def configuration(folder, which):
    smtp, imaps = PORTS[which]
    return f"""hostname = "mail.example"; workers = 1; user = "nobody"; drain_timeout = "1s";
state_dir = "{folder}/{which}/state"; run_dir = "{folder}/{which}/run";
certificate = {{ mx = {{ chain = "{folder}/key.crt"; key = "{folder}/key.key"; }}; }};
limits = {{ connections_per_address = 0; connections_per_user = 0; handshakes_per_second = 0;
           max_sessions = 100000; max_handshakes = 10000; }};
backend = {{ b = {{ address = ["127.0.0.1:{BACKEND}"]; client_info = "none"; accept = ["no-client-info"]; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{smtp}"]; backend = "b"; }};
         imap = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{imaps}"]; backend = "b"; }}; }};
ledger = {{ keep = "{'notable' if which == 'on' else 'none'}"; }};
"""


def start(folder, which):
    os.mkdir(f"{folder}/{which}")
    os.chmod(f"{folder}/{which}", 0o755)
    with open(f"{folder}/{which}/conf", "w", encoding="ascii") as out:
        out.write(configuration(folder, which))
    with open(f"{folder}/{which}/log", "wb") as log:
        daemon = subprocess.Popen(["taskset", "-c", PROXY_CPU, MAILSEAL, "run", "-c",
                                   f"{folder}/{which}/conf"], stderr=log)
    return daemon


def children(pid):
    """Pids by role."""
    found = {}
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as names:
        for child in names.read().split():
            with open(f"/proc/{child}/cmdline", "rb") as line:
                found[line.read().split(b"\0")[2].decode()] = int(child)
    return found


def cpu_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as stat:
        return int(stat.read().split()[0])


def wait_ready(folder, which):
    for _ in range(100):
        with open(f"{folder}/{which}/log", encoding="utf-8", errors="replace") as log:
            if "event=ready" in log.read():
                return
        time.sleep(0.1)
    sys.exit(f"ledger_cost: {which} is not ready, see {folder}/{which}/log")


def turn(which, mode, pids):
    """Sessions, and CPU seconds of the worker and of the ledger."""
    smtp, imaps = PORTS[which]
    port = imaps if mode == "hs13" else smtp
    before = {role: cpu_ns(pid) for role, pid in pids.items()}
    done = subprocess.run(["taskset", "-c", GEN_CPU, f"{HERE}/loadgen", *MODES[mode], "--port", str(port),
                           "-c", "32", "-T", "1", "-W", "0.01", "--label", which],
                          capture_output=True, text=True, check=True)
    after = {role: cpu_ns(pid) for role, pid in pids.items()}
    said = next(json.loads(l[5:]) for l in done.stdout.splitlines() if l.startswith("JSON"))
    return said, {role: (after[role] - before[role]) / 1e9 for role in pids}


def rows(turns, mode, pids):
    """With it as our target, without it as the peer."""
    for number in range(1, turns + 1):
        for which, target in (("on", "mailseal"), ("off", "mailseal-off"))[::1 if number % 2 else -1]:
            said, cpu = turn(which, mode, pids[which])
            row(f"ledger-{mode}", target, number, per_cpu_s=round(said["sessions"] / cpu["worker"], 1),
                ledger_us=round(cpu["ledger"] * 1e6 / said["sessions"], 2) if "ledger" in cpu else 0)


def measure(turns, mode, pids):
    ratios, per_session, ledger = [], {"on": [], "off": []}, []
    for number in range(turns):
        figures = {}
        for which in (("on", "off") if number % 2 else ("off", "on")):
            said, cpu = turn(which, mode, pids[which])
            figures[which] = said["sessions"] / cpu["worker"]
            per_session[which].append(1e6 / figures[which])
            if which == "on":
                ledger.append(cpu["ledger"] * 1e6 / said["sessions"])
        ratios.append(figures["on"] / figures["off"])
    ratios.sort()
    low, middle, high = (ratios[len(ratios) * n // 4] for n in (1, 2, 3))
    print(f"{mode}: worker with ledger / without: {middle:.3f} (quartiles {low:.3f} to {high:.3f}, {turns} "
          f"turns); us of the worker a session: {statistics.median(per_session['on']):.1f} / "
          f"{statistics.median(per_session['off']):.1f}; of the ledger: {statistics.median(ledger):.1f}")


def options_read():
    parser = arguments_of(__doc__)
    parser.add_argument("--rows", action="store_true")
    parser.add_argument("turns", nargs="?", type=at_least_one, default=20)
    parser.add_argument("modes", nargs="*")
    options = parser.parse_args()
    for mode in options.modes:
        if mode not in MODES:
            parser.error(f"no mode {mode}")
    return options


def main():
    options = options_read()
    need(MAILSEAL, f"{HERE}/backend", f"{HERE}/loadgen")
    folder = tempfile.mkdtemp(prefix="mailseal-bench-")
    os.chmod(folder, 0o755)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/key.key", "-out", f"{folder}/key.crt", "-days", "30", "-subj",
                    "/CN=mail.example", "-addext", "subjectAltName=DNS:mail.example"], check=True,
                   capture_output=True)
    running = [subprocess.Popen(["taskset", "-c", GEN_CPU, f"{HERE}/backend", f"smtp:{BACKEND}"])]
    try:
        daemons = {which: start(folder, which) for which in ("on", "off")}
        running += daemons.values()
        for which in daemons:
            wait_ready(folder, which)
        pids = {which: {role: pid for role, pid in children(d.pid).items()} for which, d in daemons.items()}
        if not options.rows:
            print(f"load {os.getloadavg()[0]:.1f}", flush=True)
        for mode in options.modes or ["plain", "hs13"]:
            (rows if options.rows else measure)(options.turns, mode, pids)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
