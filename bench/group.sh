#!/bin/sh
# group.sh COMMAND...: in a control group of its own, whose kernel memory is what loadgen tells: that of proxy, backend and
# generator, and of nothing else on the machine. Needs root, and the memory controller of version 1.
. "$(dirname "$0")/help.sh"
[ $# -gt 0 ] || usage
group=/sys/fs/cgroup/memory/mailseal-bench-$$
mkdir "$group" || exit 1
sh -ec 'echo $$ >"$1/tasks"; shift; exec "$@"' sh "$group" env KMEM="$group/memory.kmem.usage_in_bytes" "$@"
status=$?
rmdir "$group"
exit $status
