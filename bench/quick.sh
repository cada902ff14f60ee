#!/bin/bash
# What `make bench` runs: memory of an idle session and bulk, mailseal beside its peers, interleaved; then many sessions at
# once through seven workers. Prints tables with ratios to the best peer.
#
# usage: quick.sh [-l]      -l: the long form, all modes in three rounds, 60,000 sessions, a million in one process
cd "$(dirname "$0")" || exit 1
through="mailseal mailseal-compact haproxy hitch nginx-stream nginx-mail stunnel"
bulk="mailseal-tcp mailseal-compact-tcp haproxy hitch nginx-stream stunnel"
echo "# $(uname -sr), $(nproc) CPUs, $(openssl version | cut -d' ' -f1,2); load before $(cut -d' ' -f1-3 /proc/loadavg)"
if [ "$1" = -l ]; then
    ./run.sh -r 3 -T 2 -t "$through mailseal-tcp mailseal-compact-tcp copy" || exit 1
    ./many.sh 8000 60000 || exit 1
    ninja -C ../build --quiet bench/bench_million 2>/dev/null && ../build/bench/bench_million
    exit
fi
export BENCH_TLS_LIMIT=0
./run.sh -r 1 -N 2000 -t "$through copy" -m "idle idle-login" || exit 1
./run.sh -r 3 -T 1 -B $((1 << 28)) -t "$bulk" -m "bulk-down bulk-up" || exit 1
./many.sh 8000
