#!/bin/bash
# Memory of many idle IMAPS sessions after their login, through seven workers to four addresses: PSS over all processes, and
# what the kernel has for the whole path, beside a proxy that only copies.
#
# usage: many.sh SIZE...      8000 and 60000 are those to be told; a descriptor limit of 20,000 a process is enough
. "$(dirname "$0")/help.sh"
[ $# -gt 0 ] || usage
for size; do case $size in *[!0-9]*) usage ;; esac; done
cd "$(dirname "$0")" || exit 1
export WORKERS=7 BACKEND_PROCS=4 BACKEND_ADDR=0.0.0.0 BENCH_TLS_LIMIT=0
export IMAP_AT='"127.0.0.1:21143", "127.0.0.2:21143", "127.0.0.3:21143", "127.0.0.4:21143"'
for size; do
    targets="mailseal mailseal-compact"
    [ "$size" -le 9000 ] && targets="$targets copy" # of one process, with two descriptors a connection
    echo "# $size sessions, $WORKERS workers"
    ./run.sh -r 1 -N "$size" -t "$targets" -m idle-login | grep -v '^# raw' || exit 1
done
