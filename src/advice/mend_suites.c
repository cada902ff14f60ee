/* D1 to D8: cipher suites and groups. */
#include "advice/mend_tables.h"

#define GOOD "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GOOD_POSTFIX(excluded)                                                                     \
	POSTFIX_EXCLUDES_NOTE                                                                      \
		"postconf -e 'smtpd_tls_ciphers = medium' 'smtpd_tls_mandatory_ciphers = high' "   \
		"'smtpd_tls_exclude_ciphers = " excluded "'\n"                                     \
		"postfix reload"
#define GOOD_EXIM                                                                                  \
	"# with OpenSSL:\n"                                                                        \
	"tls_require_ciphers = " GOOD "\n"                                                         \
	"# with GnuTLS (Debian):\n"                                                                \
	"tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:"       \
	"-AES-128-CBC:-AES-256-CBC"
#define GOOD_DOVECOT "ssl_cipher_list = " GOOD
#define GOOD_OPENSMTPD "smtp ciphers \"" GOOD "\""
#define GOOD_CYRUS "tls_ciphers: " GOOD
#define GOOD_COURIER "# esmtpd, imapd-ssl, pop3d-ssl in /etc/courier\nTLS_CIPHER_LIST=\"" GOOD "\""
#define GOOD_SENDMAIL "LOCAL_CONFIG\nO CipherList=" GOOD
#define GOOD_EXCHANGE                                                                              \
	"# PowerShell: every suite of the list that is named above, then restart\n"                \
	"Disable-TlsCipherSuite -Name TLS_RSA_WITH_AES_128_CBC_SHA"
#define GOOD_NGINX "ssl_ciphers " GOOD ";"
#define GOOD_APACHE "SSLCipherSuite " GOOD
#define GOOD_HAPROXY "ssl-default-bind-ciphers " GOOD

#define GOOD_ROWS(id, mailseal, postfix)                                                           \
	{ id, "mailseal", mailseal }, { id, "Postfix", postfix }, { id, "Exim", GOOD_EXIM },       \
		{ id, "Dovecot", GOOD_DOVECOT }, { id, "OpenSMTPD", GOOD_OPENSMTPD },              \
		{ id, "Cyrus", GOOD_CYRUS }, { id, "Courier", GOOD_COURIER },                      \
		{ id, "Sendmail", GOOD_SENDMAIL }, { id, "Exchange", GOOD_EXCHANGE },              \
		{ id, "nginx", GOOD_NGINX }, { id, "Apache", GOOD_APACHE },                        \
	{                                                                                          \
		id, "HAProxy", GOOD_HAPROXY                                                        \
	}

#define MAILSEAL_NONE                                                                              \
	"# no edge of mailseal has them: put one in front\n"                                       \
	"edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; }; };"
#define MAILSEAL_AEAD                                                                              \
	"# edges of users have AEAD alone. An smtp edge keeps CBC for old senders, who would "     \
	"fall\n"                                                                                   \
	"# back to plaintext; this takes it away:\n"                                               \
	"tls = { forward_secrecy = \"require\"; };"
#define MAILSEAL_NO_DHE                                                                            \
	"# an smtp edge keeps ffdhe2048 for old senders, last in its order; this takes it away:\n" \
	"tls = { forward_secrecy = \"require\"; };"
#define MAILSEAL_GROUPS "tls = { groups = \"X25519MLKEM768:X25519:P-256:P-384\"; };"

const struct advice_mend advice_mends_suites[] = {
	GOOD_ROWS("D1", MAILSEAL_AEAD,
	          GOOD_POSTFIX("aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, CAMELLIA, ARIA, 3DES")),
	{ "D2", "mailseal", MAILSEAL_NONE },
	{ "D2", "nginx",
	  "ssl_conf_command Ciphersuites "
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256;" },
	{ "D2", "Dovecot",
	  "ssl_cipher_suites = "
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" },
	{ "D2", "Apache",
	  "SSLCipherSuite TLSv1.3 "
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" },
	{ "D2", "HAProxy",
	  "ssl-default-bind-ciphersuites "
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" },
	{ "D2", "",
	  "# servers that take the library's own (Postfix, Exim): /etc/ssl/openssl.cnf\n"
	  "[system_default_sect]\n"
	  "Ciphersuites = "
	  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256" },
	GOOD_ROWS("D3", MAILSEAL_NONE,
	          GOOD_POSTFIX("aNULL, eNULL, EXPORT, LOW, RC4, DES, 3DES, IDEA, MD5")),
	GOOD_ROWS("D4", MAILSEAL_NONE,
	          "# who knows nothing else? Postfix logs its suite with smtpd_tls_loglevel = 1:\n"
	          "mailseal report impact --profile ncsc2025 --from-log "
	          "/var/log/mail.log\n" GOOD_POSTFIX("aNULL, kRSA, 3DES, RC4, MD5")),
	GOOD_ROWS("D5", MAILSEAL_AEAD,
	          GOOD_POSTFIX("aNULL, kRSA, SHA1, SHA256, SHA384, CAMELLIA, ARIA, 3DES")),
	{ "D6", "mailseal", MAILSEAL_NONE "\n# its order holds, always" },
	{ "D6", "Postfix", "postconf -e 'tls_preempt_cipherlist = yes'\npostfix reload" },
	{ "D6", "Exim",
	  "# with OpenSSL:\n"
	  "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1 +cipher_server_preference\n"
	  "# with GnuTLS (Debian):\n"
	  "tls_require_ciphers = "
	  "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE" },
	{ "D6", "Dovecot",
	  "# 2.3\n"
	  "ssl_prefer_server_ciphers = yes\n"
	  "# 2.4\n"
	  "ssl_server_prefer_ciphers = server" },
	{ "D6", "Cyrus", "tls_prefer_server_ciphers: 1" },
	{ "D6", "nginx", "ssl_prefer_server_ciphers on;" },
	{ "D6", "Apache", "SSLHonorCipherOrder on" },
	{ "D6", "HAProxy", "# no prefer-client-ciphers in ssl-default-bind-options" },
	GOOD_ROWS("D7", MAILSEAL_NO_DHE, GOOD_POSTFIX("aNULL, kDHE, 3DES, RC4, MD5")),
	{ "D8", "mailseal", MAILSEAL_GROUPS },
	{ "D8", "Postfix",
	  "postconf -e 'tls_eecdh_auto_curves = X25519 prime256v1 secp384r1'\npostfix reload" },
	{ "D8", "Exim",
	  "# with OpenSSL (4.97 and later a list; before: auto):\n"
	  "tls_eccurve = X25519:P-256:P-384\n"
	  "# with GnuTLS (Debian):\n"
	  "tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-GROUP-ALL:"
	  "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1" },
	{ "D8", "Dovecot", "ssl_curve_list = X25519:prime256v1:secp384r1" },
	{ "D8", "Cyrus", "tls_eccurve: auto" },
	{ "D8", "nginx", "ssl_ecdh_curve X25519:prime256v1:secp384r1;" },
	{ "D8", "Apache", "SSLOpenSSLConfCmd Curves X25519:prime256v1:secp384r1" },
	{ "D8", "HAProxy", "ssl-default-bind-curves X25519:P-256:P-384" },
	{ "D8", "",
	  "# servers that take the library's own: /etc/ssl/openssl.cnf\n"
	  "[system_default_sect]\n"
	  "Groups = X25519:P-256:P-384" },
	{},
};
