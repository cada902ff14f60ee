#!/bin/bash
# What `make bench` runs: the goals in two rounds, and the table that says which are met. Some ten minutes.
#
# usage: quick.sh [-l]      -l: the long form, all goals in five rounds, then tables of all modes and targets in three, 60,000
#                           sessions through seven workers, and a million in one process
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")" || exit 1
[ $# = 0 ] || [ "$*" = -l ] || usage
if [ $# = 0 ]; then
    exec ./goals.sh -r 2 -s "tls starttls bulk latency idle start check watch ledger"
fi
./goals.sh || exit 1
export BENCH_TLS_LIMIT=1
./run.sh -r 3 -T 2 -t "mailseal mailseal-tcp mailseal-compact mailseal-compact-tcp haproxy hitch nginx-stream nginx-mail stunnel copy" || exit 1
./many.sh 60000 || exit 1
ninja -C ../build --quiet bench/bench_million 2>/dev/null && ../build/bench/bench_million
