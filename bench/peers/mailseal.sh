#!/bin/sh
# The edges of this project. MAILSEAL names the binary (default: ../build/mailseal), IMAP_AT addresses of an
# IMAP server, quoted and with commas; MAILSEAL_OPEN settings of the three edges, MAILSEAL_BALANCE of the backends.
. "$(dirname "$0")/lib.sh"
caps="tls smtp imap pop3 login"
start() {
    launch_mailseal "
backend = {
    smtp = { address = [\"127.0.0.1:$B_SMTP\"]; balance = \"${MAILSEAL_BALANCE:-source}\"; client_info = \"none\"; accept = [\"no-client-info\"]; };
    imap = { address = [${IMAP_AT:-\"127.0.0.1:$B_IMAP\"}]; balance = \"${MAILSEAL_BALANCE:-least}\"; client_info = \"none\"; accept = [\"no-client-info\"]; };
    pop3 = { address = [\"127.0.0.1:$B_POP3\"]; balance = \"${MAILSEAL_BALANCE:-source}\"; client_info = \"none\"; accept = [\"no-client-info\"]; };
};
edge = {
    submission = { protocol = \"submission\"; listen = [\"127.0.0.1:$P_SMTP\"]; backend = \"smtp\"; ${MAILSEAL_OPEN-} };
    imap = { protocol = \"imap\"; listen = [\"127.0.0.1:$P_IMAP\"]; listen_tls = [\"127.0.0.1:$P_TLS\"]; backend = \"imap\"; ${MAILSEAL_OPEN-} };
    pop3 = { protocol = \"pop3\"; listen = [\"127.0.0.1:$P_POP3\"]; backend = \"pop3\"; ${MAILSEAL_OPEN-} };
};"
}
main "$@"
