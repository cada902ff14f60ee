/* G: what users reach. */
#include "advice/mend_tables.h"

#define SUBMISSION_MAILSEAL                                                                        \
	"backend = { msa = { address = [\"127.0.0.1:10587\"]; }; };\n"                             \
	"edge = { submission = { protocol = \"submission\"; listen = [\"*:587\"]; "                \
	"listen_tls = [\"*:465\"]; backend = \"msa\"; }; };"
#define IMAP_MAILSEAL                                                                              \
	"backend = { imap = { address = [\"127.0.0.1:10143\"]; }; };\n"                            \
	"edge = { imap = { protocol = \"imap\"; listen = [\"*:143\"]; "                            \
	"listen_tls = [\"*:993\"]; backend = \"imap\"; }; };"
#define POP3_MAILSEAL                                                                              \
	"backend = { pop3 = { address = [\"127.0.0.1:10110\"]; }; };\n"                            \
	"edge = { pop3 = { protocol = \"pop3\"; listen = [\"*:110\"]; "                            \
	"listen_tls = [\"*:995\"]; backend = \"pop3\"; }; };"
#define REQUIRE_DOVECOT                                                                            \
	"ssl = required\n"                                                                         \
	"# 2.3\n"                                                                                  \
	"disable_plaintext_auth = yes\n"                                                           \
	"# 2.4\n"                                                                                  \
	"auth_allow_cleartext = no"
#define REQUIRE_CYRUS "tls_required: 1\nallowplaintext: 0"

const struct advice_mend advice_mends_users[] = {
	{ "G1", "mailseal", SUBMISSION_MAILSEAL },
	{ "G1", "Postfix",
	  "postconf -M 'submissions/inet=submissions inet n - y - - smtpd'\n"
	  "postconf -P 'submissions/inet/smtpd_tls_wrappermode=yes' "
	  "'submissions/inet/smtpd_tls_security_level=encrypt' "
	  "'submissions/inet/smtpd_sasl_auth_enable=yes' "
	  "'submissions/inet/smtpd_relay_restrictions=permit_sasl_authenticated,reject'\n"
	  "postfix reload" },
	{ "G1", "Exim", "daemon_smtp_ports = 25 : 465 : 587\ntls_on_connect_ports = 465" },
	{ "G1", "Dovecot",
	  "# 2.3: protocols = imap lmtp submission\n"
	  "service submission-login {\n"
	  "  inet_listener submissions {\n"
	  "    port = 465\n"
	  "    ssl = yes\n"
	  "  }\n"
	  "}" },
	{ "G1", "OpenSMTPD", "listen on 0.0.0.0 port 465 smtps pki mail.example.org auth" },
	{ "G1", "Courier", "# /etc/courier/esmtpd-ssl\nESMTPDSSLSTART=YES" },
	{ "G1", "Sendmail", "DAEMON_OPTIONS(`Port=465, Name=MSP-S, M=Eas')dnl" },
	{ "G1", "Exchange",
	  "New-ReceiveConnector -Name \"Client 465\" -Usage Client -Bindings 0.0.0.0:465 "
	  "-AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS -RequireTLS $true "
	  "-PermissionGroups ExchangeUsers" },
	{ "G2", "mailseal", SUBMISSION_MAILSEAL },
	{ "G2", "Postfix",
	  "postconf -P 'submission/inet/smtpd_tls_security_level=encrypt' "
	  "'submission/inet/smtpd_tls_auth_only=yes'\n"
	  "postfix reload" },
	{ "G2", "Exim", "auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}" },
	{ "G2", "Dovecot", REQUIRE_DOVECOT },
	{ "G2", "OpenSMTPD", "listen on 0.0.0.0 port 587 tls-require pki mail.example.org auth" },
	{ "G2", "Sendmail",
	  "define(`confAUTH_OPTIONS', `A p y')dnl\n"
	  "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl" },
	{ "G2", "Courier",
	  "# /etc/courier/esmtpd-msa\nESMTP_TLS_REQUIRED=1\nESMTPAUTH=\"\"\nESMTPAUTH_TLS=\"PLAIN "
	  "LOGIN\"" },
	{ "G2", "Exchange",
	  "Set-ReceiveConnector \"Client Frontend MX\" -AuthMechanism "
	  "Tls,BasicAuth,BasicAuthRequireTLS" },
	{ "G2", "nginx", "starttls only;   # in the mail block: not on" },
	{ "G3", "mailseal", IMAP_MAILSEAL },
	{ "G3", "Dovecot",
	  "service imap-login {\n"
	  "  inet_listener imaps {\n"
	  "    port = 993\n"
	  "    ssl = yes\n"
	  "  }\n"
	  "}" },
	{ "G3", "Cyrus",
	  "# cyrus.conf, SERVICES\nimaps cmd=\"imapd -s\" listen=\"imaps\" prefork=0" },
	{ "G3", "Courier", "# /etc/courier/imapd-ssl\nIMAPDSSLSTART=YES" },
	{ "G3", "Exchange",
	  "Set-ImapSettings -SSLBindings 0.0.0.0:993 -X509CertificateName mail.example.org" },
	{ "G4", "mailseal", IMAP_MAILSEAL },
	{ "G4", "Dovecot",
	  REQUIRE_DOVECOT "\n"
	                  "# or close port 143\n"
	                  "service imap-login {\n"
	                  "  inet_listener imap {\n"
	                  "    port = 0\n"
	                  "  }\n"
	                  "}" },
	{ "G4", "Cyrus", REQUIRE_CYRUS },
	{ "G4", "Courier", "# /etc/courier/imapd-ssl\nIMAP_TLS_REQUIRED=1" },
	{ "G4", "Exchange", "Set-ImapSettings -LoginType SecureLogin" },
	{ "G4", "nginx", "starttls only;   # in the mail block: not on" },
	{ "G5", "mailseal", POP3_MAILSEAL },
	{ "G5", "Dovecot",
	  REQUIRE_DOVECOT "\n"
	                  "# or close port 110\n"
	                  "service pop3-login {\n"
	                  "  inet_listener pop3 {\n"
	                  "    port = 0\n"
	                  "  }\n"
	                  "}" },
	{ "G5", "Cyrus", REQUIRE_CYRUS },
	{ "G5", "Courier", "# /etc/courier/pop3d-ssl\nPOP3_TLS_REQUIRED=1" },
	{ "G5", "Exchange", "Set-PopSettings -LoginType SecureLogin" },
	{ "G5", "nginx", "starttls only;   # in the mail block: not on" },
	{ "G6", "Dovecot", REQUIRE_DOVECOT },
	{ "G6", "Cyrus", REQUIRE_CYRUS },
	{ "G7", "Dovecot", "auth_mechanisms = plain login scram-sha-256" },
	{ "G7", "Postfix",
	  "# with Cyrus SASL, /etc/postfix/sasl/smtpd.conf; with Dovecot's, there\n"
	  "mech_list: PLAIN LOGIN SCRAM-SHA-256" },
	{ "G7", "Exim", "# no authenticator with driver = cram_md5 or driver = spa" },
	{ "G7", "Cyrus", "sasl_mech_list: PLAIN LOGIN SCRAM-SHA-256\nallowapop: 0" },
	{ "G7", "Courier",
	  "# /etc/courier/imapd\n"
	  "IMAP_CAPABILITY_TLS=\"$IMAP_CAPABILITY AUTH=PLAIN\"\n"
	  "# /etc/courier/esmtpd\n"
	  "ESMTPAUTH_TLS=\"PLAIN LOGIN\"" },
	{ "G7", "Exchange",
	  "Set-ReceiveConnector \"Client Frontend MX\" -AuthMechanism "
	  "Tls,BasicAuth,BasicAuthRequireTLS" },
	{ "G8", "mailseal",
	  "# the address that you look from, so that limits do not count for it\n"
	  "limits = { exempt = [\"192.0.2.7/32\"]; };" },
	{ "G8", "",
	  "# look again later, or as the owner of the host:\nmailseal check --mine example.org" },
	{ "G9", "",
	  "# a certificate for the name that the record has\n"
	  "certbot certonly --webroot -w /var/www/html -d mail.example.org" },
	{ "G9", "DNS",
	  "; or the name that the certificate has, or a signed zone\n"
	  "_imaps._tcp.example.org.       3600 IN SRV 0 1 993 mail.example.org.\n"
	  "_submissions._tcp.example.org. 3600 IN SRV 0 1 465 mail.example.org." },
	{},
};
