#!/bin/bash
# Measures a set of modes over a set of targets, interleaved: round by round,
# mode by mode, target after target, each started fresh.  Prints a table of
# medians (min-max) and of ratios to the best peer.
#
# usage: run.sh [-r rounds] [-T seconds] [-t "targets"] [-m "modes"] [-o file]
#               [-N idle connections] [-B bulk bytes] [-c concurrency]
#
# A target is peers/NAME.sh (see peers/lib.sh); one that lacks what a mode
# needs is passed over.  Modes: see need() below, or run.sh -l.
# The proxy has CPU $PROXY_CPU (1), generator and backend have $GEN_CPU (0).
# NICE=-10 in the environment keeps others' work off both, for wall-clock figures.
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")" || exit 1
rounds=3 secs=3 idle=8000 bulk=$((1 << 30)) conc=64 out=''
targets="mailseal mailseal-tcp haproxy hitch nginx-stream nginx-mail stunnel dovecot splice copy direct"
all="hs13-ecdsa hs13-rsa hs12-ecdsa hs12-rsa rs13 rs12 st-smtp st-imap st-pop3 st1-smtp st1-imap st1-pop3 sl-smtp sl-imap sl-pop3
     bulk-down bulk-up bulk-down1 bulk-up1 fetch append data lat-1 lat-64 lat-open idle idle-login" # and hs13-pq: OpenSSL 3.5
modes=$all
while getopts r:T:t:m:o:N:B:c:l f; do
    case $f in
    r) rounds=$OPTARG ;;
    T) secs=$OPTARG ;;
    t) targets=$OPTARG ;;
    m) modes=$OPTARG ;;
    o) out=$OPTARG ;;
    N) idle=$OPTARG ;;
    B) bulk=$OPTARG ;;
    c) conc=$OPTARG ;;
    l) xargs <<<"$all"; exit ;;
    *) usage ;;
    esac
done
[ $OPTIND -gt $# ] || usage
make -s all || exit 1
. ./env.sh
out=${out:-${OUT:-$BASE/results-$(date +%H%M%S).json}}
: >"$out"

# need MODE: sets what the mode asks of a target and of loadgen
need() {
    caps='' key=ecdsa back=$B_IMAP args='' port=tls groups=$GROUPS_
    case $1 in
    hs13-ecdsa) caps="tls|own|plain" args="handshake --tls 13" ;;
    hs13-pq) caps="tls|own" args="handshake --tls 13 --group X25519MLKEM768" groups=X25519MLKEM768:$GROUPS_ ;;
    hs13-rsa) caps="tls|own" args="handshake --tls 13" key=rsa ;;
    hs12-ecdsa) caps="tls|own" args="handshake --tls 12" ;;
    hs12-rsa) caps="tls|own" args="handshake --tls 12" key=rsa ;;
    rs13) caps="tls|own" args="handshake --tls 13 --resume" ;;
    rs12) caps="tls|own" args="handshake --tls 12 --resume" ;;
    st1-*) caps=${1#st1-} port=${1#st1-} args="starttls --proto ${1#st1-}" ;;
    st-*) caps=${1#st-} port=${1#st-} args="starttls --proto ${1#st-}" ;;
    sl-*) caps=${1#sl-} port=${1#sl-} args="starttls --login --proto ${1#sl-}" also=login ;;
    bulk-down) caps=any back=$B_BULK args="bulk -c 4 -B $bulk" ;;
    bulk-up) caps=any back=$B_BULK args="bulk -c 4 -B $bulk --up" ;;
    bulk-down1) caps=any back=$B_BULK args="bulk -c 1 -B $bulk" ;;
    bulk-up1) caps=any back=$B_BULK args="bulk -c 1 -B $bulk --up" ;;
    fetch) caps="tls|own" args="bulk --proto imap -c 4 -B $bulk" also=login ;;
    append) caps="tls|own" args="bulk --proto imap --up -c 4 -B $bulk" also=login ;;
    data) caps=smtp port=smtp args="bulk --proto smtp --up -c 4 -B $bulk" also=login ;;
    lat-1) caps=any back=$B_ECHO args="latency -c 1" ;;
    lat-64) caps=any back=$B_ECHO args="latency -c 64" ;;
    lat-open) caps=any back=$B_ECHO args="latency -c 64 -R 4000" ;;
    idle) caps="tls|own|plain" args="idle -N $idle" ;;
    idle-login) caps="tls|own|plain" args="idle --login -N $idle" also=login ;;
    *) echo "run.sh: no mode $1" >&2; exit 2 ;;
    esac
    case $1 in st1-*) args="$args -c 1 -T $secs" ;; esac
    case $args in *" -c 1 "*) ;; handshake* | starttls*) args="$args -c $conc -T $secs" ;; latency*) args="$args -T $secs" ;; esac
}

# can TARGET: has it what the mode asks for? A login passes through a proxy that holds no protocol of its own.
can() {
    have=$("peers/$1.sh" caps)
    grep -qwE "$caps" <<<"$have" || return
    [ -z "$also" ] || [ "$port" = tls ] || grep -qw login <<<"$have"
}

# one TARGET ROUND MODE TARGET-PORT: it is there; generate, keep the line of figures
one() {
    set -- "$@" --port "$4" --label "$1" --cpu "$PROXY_CPU" --gencpu "$GEN_CPU" --pids "$(paste -sd, "$RUN/pid")"
    grep -qw plain <<<"$have" && set -- "$@" --plain
    local round=$2 mode=$3
    shift 4
    read -ra words <<<"$args"
    timeout $((180 + idle / 50)) nice -n "$NICE" taskset -c "$GEN_CPU" ./loadgen "${words[@]}" "$@" >"$BASE/last" 2>&1
    sed -n "s/^JSON {/{\"round\":$round,\"what\":\"$mode\",/p" "$BASE/last" >>"$out"
    grep -v '^JSON' "$BASE/last" | sed "s/^/[$round $mode] /"
}

# cell TARGET ROUND MODE
cell() {
    also=''
    need "$3"
    can "$1" || return
    export RUN=$BASE/$1 BACKEND_PORT=$back CERT=$BASE/$key.crt KEY=$BASE/$key.key PEM=$BASE/$key.pem
    mkdir -p "$RUN"
    GROUPS_=$groups "peers/$1.sh" start
    case $port in tls) p=$("peers/$1.sh" port) ;; smtp) p=$P_SMTP ;; imap) p=$P_IMAP ;; pop3) p=$P_POP3 ;; esac
    if wait_port "$p"; then
        sleep 0.2
        one "$1" "$2" "$3" "$p"
    else
        echo "$3 $1: does not listen; $(tail -n 2 "$RUN/out" 2>/dev/null)"
    fi
    "peers/$1.sh" stop
}

backend_up
trap 'for t in $targets; do RUN=$BASE/$t "peers/$t.sh" stop 2>/dev/null; done; backend_down' EXIT
trap 'exit 1' INT TERM
[ "${BENCH_TLS_LIMIT:-1}" = 1 ] && ./limits.sh -t 1
echo "# $(date -u +%FT%TZ) $(openssl version | cut -d' ' -f1,2), $(nproc) CPUs, rounds $rounds, $secs s, load $(cut -d' ' -f1-3 /proc/loadavg)"
for ((round = 1; round <= rounds; round++)); do
    for mode in $modes; do
        for t in $targets; do
            cell "$t" "$round" "$mode"
        done
    done
done
echo
limits=()
[ -s "$BASE/limits.json" ] && limits=("$BASE/limits.json")
[ -n "${BENCH_NO_TABLE-}" ] || ./table.py "$out" "${limits[@]}"
echo "# raw: ${out#"$PWD"/}, load now $(cut -d' ' -f1-3 /proc/loadavg)"
