#!/bin/bash
# Runs a command in this folder on Debian 13 (OpenSSL 3.5), with mailseal and the peers as they are there: in the tree of the
# lab, over which a build of mailseal and the peers are laid (kept in run/debian13). In a network of its own. As root.
#
# usage: debian13.sh COMMAND...      e.g. debian13.sh ./run.sh -r 5 -T 1 -m hs13-pq -t "mailseal mailseal-tcp nginx-stream"
set -eu
. "$(dirname "$0")/help.sh"
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
tree=$top/lab/trees/trixie over=$here/run/debian13
packages=(make nginx libnginx-mod-stream libnginx-mod-mail haproxy hitch)

enter() { # COMMAND...   in namespaces of mounts and processes that end with it
    root=$over/root
    mount -t overlay none -o "lowerdir=$tree,upperdir=$over/up,workdir=$over/work" "$root"
    mkdir -p "$root/src" "$root/build"
    mount --bind "$top" "$root/src"
    mount -o remount,bind,ro "$root/src"
    if [ ! -x "$root/usr/sbin/hitch" ]; then
        bash -eu -c '. "$0" --source; install_packages "$@"' "$top/lab/tree" "$root" "${packages[@]}" >"$over/log" 2>&1 ||
            { tail -n 5 "$over/log" >&2; exit 1; }
    fi
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
        BENCH_TLS_LIMIT="${BENCH_TLS_LIMIT:-0}" BENCH_NO_TABLE="${BENCH_NO_TABLE-}" /src/bench/debian13.sh --inside "$@"
}

# The source is read-only, and programs of one Debian do not run on another: both are built beside it.
inside() {
    cd /src
    [ -f /build/bench/build.ninja ] || meson setup /build/bench >/build/bench.log || { cat /build/bench.log; exit 1; }
    ninja -C /build/bench --quiet mailseal >/build/bench.log || { cat /build/bench.log; exit 1; }
    rm -rf /build/side && mkdir /build/side
    find bench -maxdepth 1 -type f -perm -u+x -size +20k -prune -o -maxdepth 1 -type f -exec cp {} /build/side/ \;
    cp -r bench/peers bench/load bench/common /build/side/
    cd /build/side
    export MAILSEAL=/build/bench/mailseal BASE=/build/side/run
    exec ./alone.sh "$@"
}

case ${1-} in
--inside)
    shift
    inside "$@"
    ;;
--enter)
    shift
    enter "$@"
    ;;
'') usage ;;
*)
    [ "$(id -u)" = 0 ] || { echo "debian13.sh: a chroot needs root" >&2; exit 1; }
    "$top/lab/tree" trixie >&2
    mkdir -p "$over"
    exec 9>"$over/lock"
    flock 9
    # another tree than the one it was laid over
    [ "$over/made" -nt "$tree/.lab-tree" ] || rm -rf "$over/up" "$over/work"
    mkdir -p "$over/up" "$over/work" "$over/root"
    touch "$over/made"
    exec unshare --mount --pid --fork --kill-child "$0" --enter "$@"
    ;;
esac
