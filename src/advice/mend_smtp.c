/* B: what is said on port 25. */
#include "advice/mend_tables.h"

#define SEAL_MAILSEAL                                                                              \
	"certificate = { mx = { chain = \"/etc/ssl/mx/fullchain.pem\"; "                           \
	"key = \"/etc/ssl/mx/privkey.pem\"; }; };\n"                                               \
	"backend = { mta = { address = [\"127.0.0.1:10025\"]; }; };\n"                             \
	"edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; }; };"
#define SEAL_POSTFIX                                                                               \
	"# key first, then the certificate, then those between it and the CA\n"                    \
	"postconf -e 'smtpd_tls_security_level = may' "                                            \
	"'smtpd_tls_chain_files = /etc/ssl/mx/privkey.pem, /etc/ssl/mx/fullchain.pem'\n"           \
	"postfix reload"
#define SEAL_EXIM                                                                                  \
	"tls_advertise_hosts = *\n"                                                                \
	"tls_certificate = /etc/ssl/mx/fullchain.pem\n"                                            \
	"tls_privatekey = /etc/ssl/mx/privkey.pem"
#define SEAL_OPENSMTPD                                                                             \
	"pki mx.example.org cert \"/etc/ssl/mx/fullchain.pem\"\n"                                  \
	"pki mx.example.org key \"/etc/ssl/mx/privkey.pem\"\n"                                     \
	"listen on 0.0.0.0 port 25 tls pki mx.example.org"
#define SEAL_SENDMAIL                                                                              \
	"define(`confSERVER_CERT', `/etc/ssl/mx/fullchain.pem')dnl\n"                              \
	"define(`confSERVER_KEY', `/etc/ssl/mx/privkey.pem')dnl"
#define SEAL_COURIER                                                                               \
	"# /etc/courier/esmtpd: key and certificates in one file\n"                                \
	"COURIERTLS=/usr/bin/couriertls\n"                                                         \
	"TLS_CERTFILE=/etc/courier/esmtpd.pem"
#define SEAL_EXCHANGE "Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services SMTP"
#define UPDATE_DEBIAN(packages) "apt-get update && apt-get install --only-upgrade " packages

#define SEAL_ROWS(id)                                                                              \
	{ id, "mailseal", SEAL_MAILSEAL }, { id, "Postfix", SEAL_POSTFIX },                        \
		{ id, "Exim", SEAL_EXIM }, { id, "OpenSMTPD", SEAL_OPENSMTPD },                    \
		{ id, "Sendmail", SEAL_SENDMAIL }, { id, "Courier", SEAL_COURIER },                \
	{                                                                                          \
		id, "Exchange", SEAL_EXCHANGE                                                      \
	}

const struct advice_mend advice_mends_smtp[] = {
	SEAL_ROWS("B1"),
	{ "B2", "mailseal", SEAL_MAILSEAL },
	{ "B2", "Postfix",
	  "# do key and certificate belong together? Both must print the same:\n"
	  "openssl x509 -in /etc/ssl/mx/fullchain.pem -noout -pubkey | openssl sha256\n"
	  "openssl pkey -in /etc/ssl/mx/privkey.pem -pubout | openssl sha256\n"
	  "postconf -e 'smtpd_tls_loglevel = 1'   # then the log says why" },
	{ "B2", "Exim",
	  "# the user that Exim runs as has to read the key:\n"
	  "chgrp Debian-exim /etc/ssl/mx/privkey.pem && chmod 640 /etc/ssl/mx/privkey.pem\n"
	  "# in the configuration, so that the log says why:\n"
	  "log_selector = +tls_cipher +tls_sni" },
	{ "B2", "Dovecot",
	  "# do key and certificate belong together? Both must print the same:\n"
	  "openssl x509 -in /etc/letsencrypt/live/mail.example.org/fullchain.pem -noout -pubkey | "
	  "openssl sha256\n"
	  "openssl pkey -in /etc/letsencrypt/live/mail.example.org/privkey.pem -pubout | "
	  "openssl sha256\n"
	  "doveadm log errors   # says why" },
	{ "B2", "nginx", "nginx -t && systemctl reload nginx" },
	{ "B2", "",
	  "openssl s_client -starttls smtp -connect mx.example.org:25\n"
	  "openssl s_client -connect mail.example.org:993" },
	SEAL_ROWS("B3"),
	{ "B4", "mailseal",
	  "# the address that you look from, so that limits do not count for it\n"
	  "limits = { exempt = [\"192.0.2.7/32\"]; };" },
	{ "B4", "Postfix",
	  "postconf -e 'smtpd_client_event_limit_exceptions = $mynetworks, 192.0.2.7'\n"
	  "# and in postscreen's access list: 192.0.2.7/32 permit" },
	{ "B4", "Exim", "smtp_ratelimit_hosts = ! 192.0.2.7 : *" },
	{ "B4", "",
	  "# look again later, or as the owner of the host:\nmailseal check --mine example.org" },
	{ "B5", "mailseal",
	  "# the default of an smtp edge\n"
	  "edge = { mx = { protocol = \"smtp\"; auth = \"off\"; listen = [\"*:25\"]; "
	  "backend = \"mta\"; }; };" },
	{ "B5", "Postfix", "postconf -e 'smtpd_tls_auth_only = yes'\npostfix reload" },
	{ "B5", "Exim", "auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}" },
	{ "B5", "OpenSMTPD",
	  "# no auth on the listener of port 25\n"
	  "listen on 0.0.0.0 port 25 tls pki mx.example.org" },
	{ "B5", "Sendmail", "define(`confAUTH_OPTIONS', `A p y')dnl" },
	{ "B5", "Courier", "# /etc/courier/esmtpd\nESMTPAUTH=\"\"\nESMTPAUTH_TLS=\"PLAIN LOGIN\"" },
	{ "B5", "Exchange", "Set-ReceiveConnector \"Default Frontend MX\" -AuthMechanism Tls" },
	{ "B6", "mailseal",
	  "# the default of an smtp edge\n"
	  "edge = { mx = { protocol = \"smtp\"; auth = \"off\"; listen = [\"*:25\"]; "
	  "backend = \"mta\"; }; };" },
	{ "B6", "Postfix",
	  "postconf -e 'smtpd_sasl_auth_enable = no'\n"
	  "# of these, those that master.cf has:\n"
	  "postconf -P 'submission/inet/smtpd_sasl_auth_enable=yes' "
	  "'submissions/inet/smtpd_sasl_auth_enable=yes'\n"
	  "postfix reload" },
	{ "B6", "Exim",
	  "auth_advertise_hosts = ${if and {{!={$received_port}{25}}{def:tls_in_cipher}}{*}{}}" },
	{ "B6", "OpenSMTPD",
	  "# auth on the listeners of 465 and 587 alone\n"
	  "listen on 0.0.0.0 port 25 tls pki mx.example.org\n"
	  "listen on 0.0.0.0 port 465 smtps pki mx.example.org auth" },
	{ "B6", "Sendmail",
	  "DAEMON_OPTIONS(`Port=smtp, Name=MTA, M=A')dnl\n"
	  "DAEMON_OPTIONS(`Port=submission, Name=MSA, M=Ea')dnl" },
	{ "B6", "Courier", "# /etc/courier/esmtpd\nESMTPAUTH=\"\"\nESMTPAUTH_TLS=\"\"" },
	{ "B7", "mailseal", SEAL_MAILSEAL "\n# bytes behind STARTTLS are never run" },
	{ "B7", "Postfix", UPDATE_DEBIAN("postfix") "   # 2.8.0, 2.7.3 or later" },
	{ "B7", "Exim", UPDATE_DEBIAN("exim4-daemon-light") },
	{ "B7", "Dovecot", UPDATE_DEBIAN("dovecot-core") "   # 2.3.14.1 or later" },
	{ "B7", "Courier", UPDATE_DEBIAN("courier-mta") },
	{ "B7", "Cyrus", UPDATE_DEBIAN("cyrus-imapd") },
	{ "B7", "",
	  "# a proxy that only joins STARTTLS to a server behind it is no mend: the server, or "
	  "the\n"
	  "# proxy, has to throw away what came before the handshake (RFC 3207 4.2)" },
	{ "B8", "mailseal", SEAL_MAILSEAL },
	{ "B8", "",
	  "# the server, or what stands in front of it, has to begin anew inside TLS: update it, "
	  "and\n"
	  "# take filters that change EHLO answers out of the way (Cisco: no fixup protocol "
	  "smtp)" },
	{ "B9", "", "# nothing is wrong; Postfix 3.11 and Exchange Online offer it" },
	{ "B10", "mailseal",
	  "# partners alone may be held to TLS on port 25\n"
	  "edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; "
	  "require_tls_from = [\"192.0.2.0/24\"]; }; };" },
	{ "B10", "Postfix", "postconf -e 'smtpd_tls_security_level = may'\npostfix reload" },
	{ "B10", "Exim",
	  "# acl_smtp_mail: demand TLS on the ports of users alone\n"
	  "deny condition = ${if !={$received_port}{25}}\n"
	  "     !encrypted = *" },
	{ "B10", "OpenSMTPD",
	  "# tls, not tls-require, on port 25\n"
	  "listen on 0.0.0.0 port 25 tls pki mx.example.org" },
	{ "B10", "Exchange", "Set-ReceiveConnector \"Default Frontend MX\" -RequireTLS $false" },
	{},
};
