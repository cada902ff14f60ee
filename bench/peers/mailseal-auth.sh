#!/bin/sh
# mailseal that takes the credential itself and opens a backend only then, as nginx's mail proxy does.
MAILSEAL_OPEN="open = \"auth\";" MAILSEAL_BALANCE=user exec "$(dirname "$0")/mailseal.sh" "$@"
