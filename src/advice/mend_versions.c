/* C: versions of TLS. */
#include "advice/mend_tables.h"

#define OLD_SENDERS                                                                                \
	"# on port 25 ask first who would fall to plain text:\n"                                   \
	"#   mailseal report impact --min-version 1.2 (--from-log of the server's own log)\n"
#define NEW_POSTFIX                                                                                \
	OLD_SENDERS                                                                                \
	"# Postfix 3.6 and later; before: !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\n"                      \
	"postconf -e 'smtpd_tls_protocols = >=TLSv1.2' "                                           \
	"'smtpd_tls_mandatory_protocols = >=TLSv1.2'\n"                                            \
	"postfix reload"
#define NEW_EXIM                                                                                   \
	OLD_SENDERS                                                                                \
	"# with OpenSSL:\n"                                                                        \
	"openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1 +no_compression "             \
	"+no_renegotiation\n"                                                                      \
	"# with GnuTLS (Debian):\n"                                                                \
	"tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define NEW_DOVECOT "ssl_min_protocol = TLSv1.2"
#define NEW_OPENSMTPD                                                                              \
	"listen on 0.0.0.0 port 25 tls pki mx.example.org protocols \"tlsv1.2,tlsv1.3\""
#define NEW_CYRUS "tls_versions: tls1_2 tls1_3"
#define NEW_COURIER "# esmtpd, imapd-ssl, pop3d-ssl in /etc/courier\nTLS_PROTOCOL=\"TLSv1.2++\""
#define NEW_SENDMAIL                                                                               \
	"LOCAL_CONFIG\n"                                                                           \
	"O ServerSSLOptions=+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 "                   \
	"+SSL_OP_NO_TLSv1_1"
#define NEW_EXCHANGE                                                                               \
	"# PowerShell, and again for \"TLS 1.1\", \"SSL 3.0\" and \"SSL 2.0\"; then restart\n"     \
	"$key = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\"         \
	"Protocols\\TLS 1.0\\Server'\n"                                                            \
	"New-Item $key -Force | Out-Null\n"                                                        \
	"New-ItemProperty $key -Name Enabled -Value 0 -PropertyType DWord -Force\n"                \
	"New-ItemProperty $key -Name DisabledByDefault -Value 1 -PropertyType DWord -Force"
#define NEW_NGINX "ssl_protocols TLSv1.2 TLSv1.3;"
#define NEW_APACHE "SSLProtocol -all +TLSv1.2 +TLSv1.3"
#define NEW_HAPROXY "ssl-default-bind-options ssl-min-ver TLSv1.2"

#define NEW_ROWS(id, mailseal)                                                                     \
	{ id, "mailseal", mailseal }, { id, "Postfix", NEW_POSTFIX }, { id, "Exim", NEW_EXIM },    \
		{ id, "Dovecot", NEW_DOVECOT }, { id, "OpenSMTPD", NEW_OPENSMTPD },                \
		{ id, "Cyrus", NEW_CYRUS }, { id, "Courier", NEW_COURIER },                        \
		{ id, "Sendmail", NEW_SENDMAIL }, { id, "Exchange", NEW_EXCHANGE },                \
		{ id, "nginx", NEW_NGINX }, { id, "Apache", NEW_APACHE },                          \
	{                                                                                          \
		id, "HAProxy", NEW_HAPROXY                                                         \
	}

#define MAILSEAL_NEW "tls = { min_version = \"1.2\"; };   # the default"
#define MAILSEAL_C2                                                                                \
	"# who would fall back to plaintext, or be cut off?\n"                                     \
	"mailseal report impact --min-version 1.2\n"                                               \
	"# and in the configuration:\n" MAILSEAL_NEW

const struct advice_mend advice_mends_versions[] = {
	NEW_ROWS("C1", MAILSEAL_NEW),
	NEW_ROWS("C2", MAILSEAL_C2),
	NEW_ROWS("C3", "tls = { min_version = \"1.2\"; };   # not \"1.3\" on port 25"),
	NEW_ROWS("C4", "# mailseal has it always: put an edge in front\n" MAILSEAL_NEW),
	{ "C5", "mailseal", "# mailseal passes over what it does not know: put an edge in front" },
	{ "C5", "",
	  "# a middlebox or a very old TLS library: update it. Until then, for one sender at a "
	  "time,\n"
	  "# its postmaster can only turn post-quantum groups off" },
	{},
};
