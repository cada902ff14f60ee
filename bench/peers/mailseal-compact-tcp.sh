#!/bin/sh
# mailseal-tcp with compact sessions.
MAILSEAL_TLS="compact = true;" exec "$(dirname "$0")/mailseal-tcp.sh" "$@"
