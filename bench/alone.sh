#!/bin/sh
# alone.sh COMMAND...: in a network of its own, if that is allowed: no port is taken, and no congestion control paces what
# is to be measured.
. "$(dirname "$0")/help.sh"
[ $# -gt 0 ] || usage
cd "$(dirname "$0")" || exit 1
[ "$(id -u)" = 0 ] || exec "$@"
exec unshare --net sh -ec 'ip link set lo up; sysctl -qw net.ipv4.tcp_congestion_control=reno; exec "$@"' sh "$@"
