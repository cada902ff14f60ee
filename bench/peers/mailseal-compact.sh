#!/bin/sh
# mailseal with compact sessions.
MAILSEAL_TLS="compact = true;" exec "$(dirname "$0")/mailseal.sh" "$@"
