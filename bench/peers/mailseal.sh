#!/bin/sh
# The edges of this project. MAILSEAL names the binary (default: ../build/mailseal), IMAP_AT addresses of an
# IMAP server, quoted and with commas.
. "$(dirname "$0")/lib.sh"
caps="tls smtp imap pop3 login"
start() {
    launch_mailseal "
backend = {
    smtp = { address = [\"127.0.0.1:$B_SMTP\"]; client_info = \"none\"; accept = [\"no-client-info\"]; };
    imap = { address = [${IMAP_AT:-\"127.0.0.1:$B_IMAP\"}]; balance = \"least\"; client_info = \"none\"; accept = [\"no-client-info\"]; };
    pop3 = { address = [\"127.0.0.1:$B_POP3\"]; client_info = \"none\"; accept = [\"no-client-info\"]; };
};
edge = {
    submission = { protocol = \"submission\"; listen = [\"127.0.0.1:$P_SMTP\"]; backend = \"smtp\"; };
    imap = { protocol = \"imap\"; listen = [\"127.0.0.1:$P_IMAP\"]; listen_tls = [\"127.0.0.1:$P_TLS\"]; backend = \"imap\"; };
    pop3 = { protocol = \"pop3\"; listen = [\"127.0.0.1:$P_POP3\"]; backend = \"pop3\"; };
};"
}
main "$@"
