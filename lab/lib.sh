# Common to the lab's commands: names, addresses, how to enter a host, how to wait. Sourced.
# shellcheck shell=bash disable=SC2034 # what the commands read

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREES=$LAB/trees
# Of this checkout alone, so that labs of several do not meet.
PREFIX=ms-$(printf %s "$LAB" | sha256sum | cut -c 1-4)-
RUN=$LAB/run
# Processes of mailseal are nobody's: from a checkout in a home that is closed to others, lab/run is
# mounted where they get to it.
setpriv --reuid=nobody --clear-groups test -x "$LAB" 2>/dev/null || RUN=/run/${PREFIX%-}
HUB=net
TREE=bookworm
MAILSEAL=${MAILSEAL:-$(dirname "$LAB")/build/mailseal}
HOSTS="ns alpha beta legacy client"
MORE_HOSTS="stock fresh fresh13 exim opensmtpd cyrus sender faulty front bench" # brought up one by one, by lab/host
PROVIDERS="alpha beta"
EDGE_PORTS="25 587 465 143 993 110 995"

# Last numbers of a host's addresses, of both families: 192.0.2.N and 2001:db8::N.
host_numbers() {
	case $1 in
	ns) echo 53 ;;
	alpha) echo 11 ;;
	beta) echo 12 ;;
	legacy) echo 13 14 ;;
	stock) echo 21 ;;
	exim) echo 22 ;;
	opensmtpd) echo 23 ;;
	cyrus) echo 24 ;;
	sender) echo 25 ;;
	fresh) echo 26 ;;
	fresh13) echo 27 ;;
	front) echo 28 ;;
	faulty) echo 31 32 33 34 35 36 37 ;;
	bench) seq -s ' ' 61 78 ;;
	client) echo 100 ;;
	*) die "no host named $1: choose one of $HOSTS $MORE_HOSTS" ;;
	esac
}

host_name() { # HOST [NUMBER]
	case $1${2-} in
	legacy14) echo mx-plain.legacy.test ;;
	alpha* | beta* | legacy*) echo "mx.$1.test" ;;
	*) echo "$1.test" ;;
	esac
}

# The tree of packages that is its root.
host_tree() {
	case $1 in
	exim | cyrus | front) echo "$1" ;;
	opensmtpd) echo opensmtpd13 ;;
	fresh13) echo mail13 ;;
	*) echo "$TREE" ;;
	esac
}

# The ports its servers open, mailseal's aside: what must answer before the host counts as up.
server_ports() {
	case $1 in
	ns) echo 53 ;;
	alpha | beta) echo 10025 10587 10143 10110 ;;
	legacy | faulty) echo 25 ;;
	sender) echo 25 53 ;;
	fresh | fresh13) echo 25 143 993 110 995 ;;
	stock) echo 25 143 10025 10026 10027 10143 10993 ;;
	exim | opensmtpd) echo 25 10025 ;;
	cyrus) echo 993 ;;
	front) echo 25 143 443 993 995 8443 8995 9443 ;;
	client | bench) ;;
	esac
}

say() {
	echo "lab: $*"
}

die() {
	echo "lab: $*" >&2
	exit 2
}

need_root() {
	[ "$(id -u)" = 0 ] || die "namespaces need root: run $0 as root, or with sudo"
}

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
}

# One command at a time for what PATH stands for: the lab, or one tree. The lock ends with this
# process; no server inherits it, and commands called from here know that it is held.
take_lock() { # PATH ARGUMENT-OF-THE-COMMAND...
	local path=$1
	shift
	[ "${LAB_LOCKED-}" != "$path" ] || return 0
	flock --nonblock --close "$path" true || say "waiting for another lab command to end"
	LAB_LOCKED=$path exec flock --close "$path" "$0" "$@"
}

# Tries COMMAND until it succeeds, SECONDS long at most.
wait_for() { # SECONDS COMMAND...
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

netns() { # HOST
	echo "$PREFIX$1"
}

netns_exists() { # HOST
	[ -e "/run/netns/$(netns "$1")" ]
}

# The process id of the host's first process, or failure: the pid counts only while it is in the
# host's own namespace, so that a file left from before a reboot names nobody.
host_pid() { # HOST
	local pid
	pid=$(cat "$RUN/$1/pid" 2>/dev/null) && netns_exists "$1" &&
		ip netns pids "$(netns "$1")" | grep -qx "$pid" && echo "$pid"
}

# Runs a command in the host's network, processes and root, with a clean environment.
in_host() { # HOST COMMAND...
	local pid
	pid=$(host_pid "$1") || die "host $1 is not up: lab/up"
	shift
	nsenter --target "$pid" --net --mount --pid --uts --ipc -- env -i HOME=/root LANG=C.UTF-8 \
		TERM="${TERM:-dumb}" PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

listens() { # HOST PORT...
	local host=$1 port listening
	shift
	netns_exists "$host" || return 1
	listening=$(nsenter --net="/run/netns/$(netns "$host")" ss -Hltn | awk '{print $4}')
	for port; do
		grep -q ":$port\$" <<<"$listening" || return 1
	done
}

# The /dev of a host: what servers need, and nothing of the machine.
devices() { # FOLDER
	mount -t tmpfs -o mode=755,size=1m lab "$1"
	mkdir "$1/shm" "$1/pts"
	mount -t tmpfs -o mode=1777,size=16m lab "$1/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620 lab "$1/pts"
	ln -s pts/ptmx "$1/ptmx"
	ln -s /proc/self/fd "$1/fd"
	local name major minor
	while read -r name major minor; do
		mknod -m 666 "$1/$name" c "$major" "$minor"
	done <<-NODES
		null 1 3
		zero 1 5
		full 1 7
		random 1 8
		urandom 1 9
		tty 5 0
	NODES
}

make_run() {
	mkdir -p "$LAB/run" "$RUN"
	[ "$RUN" = "$LAB/run" ] || mount --bind "$LAB/run" "$RUN"
}

remove_run() {
	if [ "$RUN" != "$LAB/run" ]; then
		! mountpoint -q "$RUN" || umount "$RUN"
		rm -rf --one-file-system "$RUN"
	fi
	rm -rf --one-file-system "$LAB/run"
}

# A namespace of that name which this lab did not make is somebody's: it stays as it is.
make_netns() { # NAME
	! netns_exists "$1" || die "namespace $(netns "$1") is already there and not this lab's:" \
		"ip netns delete $(netns "$1") removes it"
	mkdir -p "$RUN/$1/log"
	netns "$1" >"$RUN/$1/netns"
	ip netns add "$(netns "$1")"
	ip -n "$(netns "$1")" link set lo up
}

setup() { # NAME COMMAND...
	local log=$RUN/$1/setup.log
	in_host "$@" </dev/null >>"$log" 2>&1 ||
		die "host $1: ${2##*/} failed: $(tail -n 3 "$log"); the whole log is $log"
}

wait_for_servers() { # NAME
	# shellcheck disable=SC2046 # ports are words
	wait_for 30 listens "$1" $(server_ports "$1") ||
		die "host $1: no server on some of the ports $(server_ports "$1" | xargs):" \
			"see $RUN/$1/log and $RUN/$1/setup.log"
}

# The provider's one user.
host_user() { # HOST
	case $1 in
	alpha) echo alice ;;
	beta) echo bob ;;
	esac
}

# A template of lab/conf with the provider's names in their places.
render() { # FILE HOST
	sed "s|@LAB@|$RUN|g; s|@RUN@|$RUN/$2|g; s|@USER@|$(host_user "$2")|g; s|@DOMAIN@|$2.test|g" "$1"
}
