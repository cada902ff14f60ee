#!/bin/sh
# The tcp edge of this project: TLS off, bytes on, as hitch and nginx-stream do.
. "$(dirname "$0")/lib.sh"
caps="tls any"
start() {
    launch_mailseal "
backend = { any = { address = [\"127.0.0.1:$BACKEND_PORT\"]; client_info = \"none\"; accept = [\"no-client-info\"]; }; };
edge = { any = { protocol = \"tcp\"; listen_tls = [\"127.0.0.1:$P_TLS\"]; backend = \"any\"; }; };"
}
main "$@"
