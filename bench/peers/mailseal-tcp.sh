#!/bin/sh
# The tcp edge of this project: TLS off, bytes on, as hitch and nginx-stream do.
# MAILSEAL names the binary (default: ../build/mailseal).
. "$(dirname "$0")/lib.sh"
caps="tls any"
bin=${MAILSEAL:-$bench/../build/mailseal}
start() {
    cat >"$RUN/conf" <<E2
hostname = "mail.example"; workers = $WORKERS;
state_dir = "$RUN/state"; run_dir = "$RUN/run"; user = "nobody";
certificate = { mx = { chain = "$CERT"; key = "$KEY"; }; };
limits = { connections_per_address = 0; handshakes_per_second = 0; max_sessions = 100000; max_handshakes = 10000; };
backend = { any = { address = ["127.0.0.1:$BACKEND_PORT"]; client_info = "none"; accept = ["no-client-info"]; }; };
edge = { any = { protocol = "tcp"; listen_tls = ["127.0.0.1:$P_TLS"]; backend = "any"; }; };
E2
    launch "$bin" run -c "$RUN/conf"
}
main "$@"
