#!/bin/bash
# All goals in one interleaved run, and their table as Markdown: round by round, mode by mode, target after target.
# Two CPUs; five rounds take under 25 minutes, of which a tree of Debian 13 and one of Debian 12 are not made.
#
# usage: goals.sh [-r ROUNDS] [-T SECONDS] [-s "SECTIONS"] [-b MINUTES] [-i]     5, 1, all
#   -b: no section begins after so many minutes; what is left out is named below the table
#   -i: the table, and those of all modes, take the place of what RESULTS.md has of them
#   sections: tls starttls bulk latency idle debian13 start relay check watch ledger dovecot many
# As root, in a network of its own: alone.sh ./goals.sh (`make bench` does so). A section that cannot be had here says why.
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")" || exit 1
rounds=5 secs=1 results='' minutes=600
known="tls starttls bulk latency idle debian13 start relay check watch ledger dovecot many"
sections=$known
while getopts r:T:s:b:i f; do
    case $f in
    r) rounds=$OPTARG ;;
    T) secs=$OPTARG ;;
    s) sections=$OPTARG ;;
    b) minutes=$OPTARG ;;
    i) results=RESULTS.md ;;
    *) usage ;;
    esac
done
[ $OPTIND -gt $# ] || usage
for section in $sections; do
    case " $known " in *" $section "*) ;; *) echo "goals.sh: no section $section" >&2; exit 2 ;; esac
done
make -s all || exit 1
. ./env.sh
table=$BASE/goals.md all=$BASE/goals.json
export BENCH_TLS_LIMIT=0 BENCH_NO_TABLE=1
through="mailseal-tcp nginx-stream haproxy hitch"

# adds what a run.sh wrote: rows of "$BASE/part.json", of mode MODE as NAME if they are given
keep() { # [MODE NAME]
    sed "s/\"what\":\"${1-}\"/\"what\":\"${2-}\"/" "$BASE/part.json" >>"$all"
}

side() { # MODES TARGETS [OPTION...]   of run.sh
    local modes=$1 targets=$2
    shift 2
    ./run.sh -r "$rounds" -T "$secs" -m "$modes" -t "$targets" -o "$BASE/part.json" "$@"
    keep
}

tls() { side "hs13-ecdsa hs12-ecdsa hs13-rsa hs12-rsa rs13 rs12" "mailseal $through"; }

starttls() {
    side "sl-smtp sl-imap sl-pop3" "mailseal nginx-mail"
    side "st-smtp st-imap st-pop3" "mailseal mailseal-auth nginx-mail"
    side "st1-smtp st1-imap st1-pop3" mailseal
}

bulk() {
    side "bulk-down bulk-up bulk-down1 bulk-up1" "$through mailseal-compact-tcp"
    side "fetch append data" "mailseal nginx-mail ${through#mailseal-tcp }"
}

# The slowest in a hundred of a second are few.
latency() { side "lat-1 lat-64" "$through" -T $((3 * secs)); }

idle() { side idle-login "mailseal mailseal-compact haproxy nginx-mail copy" -r $(((rounds + 3) / 4)) -N 2000; }

many() {
    OUT=$BASE/part.json ./many.sh 8000 && keep idle-login idle-login-8000
}

dovecot() {
    [ -x ../lab/trees/bookworm/usr/sbin/dovecot ] || { echo "no tree of Debian 12: ../lab/tree bookworm makes it"; return; }
    OUT=$BASE/part.json ./dovecot_behind.sh && keep idle-login idle-login-dovecot
}

# Its network is another one, and its programs those of Debian 13.
debian13() {
    [ -x run/debian13/up/usr/sbin/hitch ] || { echo "not made ready: debian13.sh true does so, with the network"; return; }
    ./debian13.sh sh -c "./run.sh -r $rounds -T $secs -m 'hs13-pq hs13-ecdsa' -t 'mailseal $through' -o run/part.json && cat run/part.json" |
        tee "$BASE/debian13.out" | grep -v '^{'
    grep '^{' "$BASE/debian13.out" >"$BASE/part.json"
    keep hs13-ecdsa hs13-ecdsa-debian13
}

# Programs that write such rows themselves.
start() { ./start_speed.py -r "$rounds" | tee -a "$all"; }
relay() { ./relay_speed.py -r "$rounds" | tee -a "$all"; }
check() { ./check_speed.py -r "$rounds" | tee -a "$all"; }
watch() { ./watch_speed.py --rows "$rounds" -s 3 | tee -a "$all"; }
ledger() { ./ledger_cost.py --rows "$rounds" plain hs13 | tee -a "$all"; }

head_line() {
    printf 'Measured %s on commit %s, %s rounds of %s s; %s, %s CPUs (%s), %s, %s; load %s before, %s after.\n' \
        "$(date -u +%F\ %H:%MZ)" "$(git -C .. describe --always --dirty --abbrev=10 --match=none 2>/dev/null || echo unknown)" "$rounds" "$secs" "$(uname -sr)" "$(nproc)" \
        "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(. /etc/os-release && echo "$PRETTY_NAME")" \
        "$(openssl version | cut -d' ' -f1,2)" "$before" "$(cut -d' ' -f1-3 /proc/loadavg)"
}

before=$(cut -d' ' -f1-3 /proc/loadavg)
: >"$all"
for section in $sections; do
    [ $SECONDS -lt $((60 * minutes)) ] || continue
    : >"$BASE/part.json"
    begun=$SECONDS
    "$section"
    echo "# $section: $((SECONDS - begun)) s"
done
./goals.py --head "$(head_line)" "$all" >"$table"
./table.py "$all" >"$BASE/tables.md"
[ -z "$results" ] || ./goals.py --into "$results" "$table" "$BASE/tables.md"
echo
cat "$table"
echo "# this table: $table; those of all modes: $BASE/tables.md; raw: $all; $SECONDS s"
