# shellcheck shell=sh
# Sourced first by the scripts of this folder: with --help (or -h) the head of the script that sources it is printed, and
# that is all; usage() prints it and ends with 2.
self=$(readlink -f "$0")

head_of_script() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$self"
}

usage() {
    head_of_script >&2
    exit 2
}

case ${1-} in -h | --help) head_of_script; exit 0 ;; esac
