#!/bin/sh
# The edges of this project. MAILSEAL names the binary (default: ../build/mailseal).
. "$(dirname "$0")/lib.sh"
caps="tls smtp imap pop3 login"
bin=${MAILSEAL:-$bench/../build/mailseal}
start() {
    cat >"$RUN/conf" <<E2
hostname = "mail.example"; workers = $WORKERS;
state_dir = "$RUN/state"; run_dir = "$RUN/run"; user = "nobody";
certificate = { mx = { chain = "$CERT"; key = "$KEY"; }; };
limits = { connections_per_address = 0; connections_per_user = 0; handshakes_per_second = 0; max_sessions = 100000; max_handshakes = 10000; };
backend = {
    smtp = { address = ["127.0.0.1:$B_SMTP"]; client_info = "none"; accept = ["no-client-info"]; };
    imap = { address = ["127.0.0.1:$B_IMAP"]; client_info = "none"; accept = ["no-client-info"]; };
    pop3 = { address = ["127.0.0.1:$B_POP3"]; client_info = "none"; accept = ["no-client-info"]; };
};
edge = {
    submission = { protocol = "submission"; listen = ["127.0.0.1:$P_SMTP"]; backend = "smtp"; };
    imap = { protocol = "imap"; listen = ["127.0.0.1:$P_IMAP"]; listen_tls = ["127.0.0.1:$P_TLS"]; backend = "imap"; };
    pop3 = { protocol = "pop3"; listen = ["127.0.0.1:$P_POP3"]; backend = "pop3"; };
};
E2
    launch "$bin" run -c "$RUN/conf"
}
main "$@"
