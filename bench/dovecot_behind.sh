#!/bin/bash
# Memory of idle IMAPS sessions after their login in front of a real Dovecot: that of a Debian tree of the lab, over which
# what it writes is laid (an imap process is half a MiB).
#
# usage: dovecot_behind.sh [-d TREE] [SIZE]      2000 in front of ../lab/trees/bookworm, as root
. "$(dirname "$0")/help.sh"
cd "$(dirname "$0")" || exit 1
tree=$PWD/../lab/trees/bookworm
[ "${1-}" = -d ] && [ $# -gt 1 ] && tree=$2 && shift 2
size=${1:-2000} port=22143
case $size in *[!0-9]*) usage ;; esac
[ -x "$tree/usr/sbin/dovecot" ] || { echo "no Dovecot in $tree: ../lab/tree bookworm makes it, or name one with -d" >&2; exit 1; }
work=$(mktemp -d)
mkdir "$work/top"
mount -t tmpfs none "$work/top" && mkdir "$work/top/up" "$work/top/work" "$work/top/root" || exit 1
mount -t overlay none -o "lowerdir=$tree,upperdir=$work/top/up,workdir=$work/top/work" "$work/top/root" || exit 1
root=$work/top/root
mount --rbind /dev "$root/dev" && mount -t proc none "$root/proc"
cleanup() {
    kill "$dovecot" 2>/dev/null && wait "$dovecot" 2>/dev/null
    umount -R -l "$root/dev" "$root/proc"
    umount -l "$root" "$work/top" && rmdir "$work/top" "$work"
}
trap cleanup EXIT
cat >"$root/tmp/bench.conf" <<C
protocols = imap
log_path = /tmp/bench.log
ssl = no
disable_plaintext_auth = no
default_process_limit = 4000
default_client_limit = 20000
mail_max_userip_connections = 0
mail_location = maildir:/tmp/mail/%u
first_valid_uid = 0
service imap-login {
    service_count = 0
    process_min_avail = 2
    inet_listener imap {
        address = 127.0.0.1
        port = $port
    }
    inet_listener imaps {
        port = 0
    }
}
service imap {
    process_limit = 4000
    vsz_limit = 0
}
passdb {
    driver = static
    args = nopassword=y
}
userdb {
    driver = static
    args = uid=8 gid=8 home=/tmp/mail/%u
}
C
install -d -o 8 -g 8 "$root/tmp/mail"
chroot "$root" /usr/sbin/dovecot -F -c /tmp/bench.conf &
dovecot=$!
. ./env.sh
wait_port $port || { tail -n 3 "$root/tmp/bench.log"; exit 1; }
export IMAP_AT="\"127.0.0.1:$port\"" BENCH_TLS_LIMIT=0
./run.sh -r 1 -N "$size" -t "mailseal mailseal-compact" -m idle-login
