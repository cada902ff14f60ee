#!/usr/bin/python3
"""The guard of speed: counts, by valgrind --tool=callgrind, the instructions of our side of a full
TLS 1.3 handshake (P-256), of a record of 16 KiB sealed and one opened, and of a megabyte of SMTP DATA
through the scanner. Fails if one is over its recorded number (counts.json, a row for each series of
OpenSSL) by more than 10 %. Instructions do not depend on what else the machine does.

usage: counts.py [--record]      --record: write what was counted as the numbers to hold to

Record a higher number only where what it pays for is worth it, and say so in the commit.
"""
import json
import os
import re
import subprocess
import sys

from figures import arguments_of

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(os.environ.get("CHECK_BUILDS") or ROOT, "build-bench")
RECORDED = os.path.join(ROOT, "bench", "counts.json")
GROWTH = 1.10
WHAT = {"handshake": "a full handshake, TLS 1.3, P-256", "compact": "the same, and OpenSSL's object is dropped", "record": "a record opened, one sealed",
        "data": "a megabyte of DATA"}
# The same code on every machine: SSE2, SSSE3, SSE4.1, PCLMUL and AES-NI for OpenSSL, no AVX2 for libc.
CPU = {"OPENSSL_ia32cap": f"{sum(1 << bit for bit in (23, 24, 25, 26, 33, 41, 51, 57)):#x}:0",
       "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-ERMS"}


def build():
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        subprocess.run(["meson", "setup", BUILD, "-Dbench=true"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "--quiet", "bench/bench_counts"], check=True, stdout=sys.stderr)
    return os.path.join(BUILD, "bench", "bench_counts")


def count(program, what):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--callgrind-out-file=/dev/null",
                           program, what], env={**os.environ, **CPU}, text=True, capture_output=True, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not collected:
        sys.exit(f"bench_counts {what} under valgrind: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return int(collected.group(1)) // int(done.stdout)


def series():
    """"OpenSSL 3.0": of a series only mends are released."""
    text = subprocess.run(["openssl", "version"], text=True, capture_output=True, check=True).stdout
    return re.match(r"OpenSSL \d+\.\d+", text).group(0)


def judge(counted, recorded):
    """One line each; whether all is well."""
    is_good = True
    for what, number in counted.items():
        before = recorded[what]
        print(f"{WHAT[what]}: {number} instructions, {number / before:.3f} of the recorded {before}")
        if number > before * GROWTH:
            is_good = False
            print(f"  more than 10 % over bench/counts.json. Find what costs it (callgrind_annotate), or, where it is "
                  f"worth it, record it anew: bench/counts.py --record")
    return is_good


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--record", action="store_true")
    is_recording = parser.parse_args().record
    program = build()
    counted = {what: count(program, what) for what in WHAT}
    with open(RECORDED, encoding="ascii") as file:
        recorded = json.load(file)
    if is_recording:
        recorded[series()] = counted
        with open(RECORDED, "w", encoding="ascii") as file:
            file.write(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
        return 0
    if series() not in recorded:
        print(f"no numbers for {series()} in bench/counts.json, so nothing is compared: bench/counts.py --record")
        print(json.dumps(counted))
        return 0
    return 0 if judge(counted, recorded[series()]) else 1


if __name__ == "__main__":
    sys.exit(main())
