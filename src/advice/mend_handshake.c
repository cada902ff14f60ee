/* D9 to D18, I: what else a handshake agrees on; known attacks. */
#include "advice/mend_tables.h"

#define EDGE "edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; }; };"
#define UPDATE_TLS                                                                                 \
	"# the library, then every server that has it open\n"                                      \
	"apt-get update && apt-get install --only-upgrade libssl3 libgnutls30\n"                   \
	"systemctl restart postfix dovecot"

#define OPTIONS_EXIM                                                                               \
	"# with OpenSSL:\n"                                                                        \
	"openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1 +no_compression "             \
	"+no_renegotiation\n"                                                                      \
	"# with GnuTLS (Debian) it is so by itself"

const struct advice_mend advice_mends_handshake[] = {
	{ "D9", "mailseal",
	  "# the default; it needs OpenSSL 3.5 (Debian 13)\n"
	  "tls = { groups = \"X25519MLKEM768:X25519:P-256:P-384\"; };" },
	{ "D9", "Postfix",
	  "# with OpenSSL 3.5\n"
	  "postconf -e 'tls_eecdh_auto_curves = X25519MLKEM768 X25519 prime256v1 secp384r1'\n"
	  "postfix reload" },
	{ "D9", "Exim",
	  "# with OpenSSL 3.5:\n"
	  "tls_eccurve = X25519MLKEM768:X25519:P-256:P-384" },
	{ "D9", "Dovecot",
	  "# with OpenSSL 3.5\n"
	  "ssl_curve_list = X25519MLKEM768:X25519:prime256v1:secp384r1" },
	{ "D9", "nginx",
	  "# with OpenSSL 3.5\nssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;" },
	{ "D9", "Apache",
	  "# with OpenSSL 3.5\n"
	  "SSLOpenSSLConfCmd Curves X25519MLKEM768:X25519:prime256v1:secp384r1" },
	{ "D9", "HAProxy",
	  "# with OpenSSL 3.5\nssl-default-bind-curves X25519MLKEM768:X25519:P-256:P-384" },
	{ "D9", "", "# OpenSSL 3.5 has it by default, OpenSSL 3.0 (Debian 12) has it not at all" },
	{ "D11", "mailseal",
	  "# an edge signs with SHA-2 alone unless 1.0 or 1.1 is allowed\n" EDGE },
	{ "D11", "Apache", "SSLOpenSSLConfCmd CipherString DEFAULT@SECLEVEL=2" },
	{ "D11", "",
	  "# /etc/ssl/openssl.cnf\n"
	  "[system_default_sect]\n"
	  "CipherString = DEFAULT@SECLEVEL=2" },
	{ "D12", "mailseal", EDGE },
	{ "D12", "", "# OpenSSL 1.1.0, GnuTLS 3.4 and later have it always\n" UPDATE_TLS },
	{ "D13", "mailseal", EDGE },
	{ "D13", "Postfix",
	  "postconf -e 'tls_ssl_options = NO_COMPRESSION, NO_RENEGOTIATION'\npostfix reload" },
	{ "D13", "Exim", OPTIONS_EXIM },
	{ "D13", "Dovecot",
	  "# 2.3: compression is off unless ssl_options has \"compression\"\n"
	  "ssl_options = no_ticket" },
	{ "D13", "Apache", "SSLCompression off" },
	{ "D13", "", "# OpenSSL 1.1.0 and later are without it unless a server asks\n" UPDATE_TLS },
	{ "D14", "mailseal", EDGE },
	{ "D14", "Apache", "SSLInsecureRenegotiation off" },
	{ "D14", "", UPDATE_TLS },
	{ "D15", "mailseal", EDGE },
	{ "D15", "Postfix",
	  "postconf -e 'tls_ssl_options = NO_COMPRESSION, NO_RENEGOTIATION'\npostfix reload" },
	{ "D15", "Exim", OPTIONS_EXIM },
	{ "D15", "Courier",
	  "# esmtpd, imapd-ssl, pop3d-ssl in /etc/courier\nTLS_PROTOCOL=\"TLSv1.2++\"" },
	{ "D15", "",
	  "# /etc/ssl/openssl.cnf\n"
	  "[system_default_sect]\n"
	  "Options = NoRenegotiation" },
	{ "D16", "mailseal", EDGE },
	{ "D16", "nginx", "ssl_early_data off;" },
	{ "D16", "HAProxy", "# no allow-0rtt on the bind lines" },
	{ "D17", "mailseal", "tls = { tickets = false; };" },
	{ "D17", "Postfix",
	  "postconf -e 'smtpd_tls_session_cache_timeout = 3600s'\npostfix reload" },
	{ "D17", "Exim",
	  "# with OpenSSL:\n"
	  "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1 +no_ticket "
	  "+no_renegotiation\n"
	  "# with GnuTLS (Debian):\n"
	  "tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%NO_TICKETS" },
	{ "D17", "Dovecot", "# 2.3\nssl_options = no_ticket" },
	{ "D17", "Cyrus", "tls_session_timeout: 1440" },
	{ "D17", "nginx", "ssl_session_timeout 1d;\nssl_session_tickets off;" },
	{ "D17", "Apache", "SSLSessionTickets off" },
	{ "D17", "HAProxy", "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets" },
	{ "D18", "mailseal", EDGE "\n# a client that names another protocol is refused" },
	{ "D18", "Exim", "# 4.96 and later\ntls_alpn = smtp : esmtp" },
	{ "D18", "",
	  "# Dovecot 2.4 refuses other protocols by itself. Elsewhere no setting does: keep names "
	  "of\n"
	  "# web servers out of the certificate of the mail server, and no wildcard in it" },

	{ "I1", "mailseal", EDGE },
	{ "I1", "", UPDATE_TLS "\n# keys and passwords may be known: renew both" },
	{ "I2", "mailseal", "# no edge has RSA key exchange\n" EDGE },
	{ "I2", "Postfix",
	  POSTFIX_EXCLUDES_NOTE
	  "postconf -e 'smtpd_tls_exclude_ciphers = aNULL, kRSA, 3DES, RC4, MD5'\npostfix reload" },
	{ "I2", "Dovecot", "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20" },
	{ "I2", "Exim",
	  "# with OpenSSL:\n"
	  "tls_require_ciphers = ECDHE+AESGCM:ECDHE+CHACHA20\n"
	  "# with GnuTLS (Debian):\n"
	  "tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA" },
	{ "I2", "nginx", "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;" },
	{ "I2", "", UPDATE_TLS },
	{ "I3", "mailseal", "# no edge has SSL, export, RC4 or 3DES\n" EDGE },
	{ "I3", "Postfix",
	  POSTFIX_EXCLUDES_NOTE
	  "postconf -e 'smtpd_tls_protocols = >=TLSv1.2' "
	  "'smtpd_tls_mandatory_protocols = >=TLSv1.2' 'smtpd_tls_exclude_ciphers = aNULL, eNULL, "
	  "EXPORT, LOW, RC4, DES, 3DES, IDEA, MD5'\n"
	  "postfix reload" },
	{ "I3", "Exim",
	  "# with OpenSSL:\n"
	  "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1\n"
	  "tls_require_ciphers = ECDHE+AESGCM:ECDHE+CHACHA20\n"
	  "# with GnuTLS (Debian):\n"
	  "tls_require_ciphers = SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA" },
	{ "I3", "Dovecot",
	  "ssl_min_protocol = TLSv1.2\nssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20" },
	{ "I3", "nginx",
	  "ssl_protocols TLSv1.2 TLSv1.3;\nssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;" },
	{ "I3", "Apache",
	  "SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20" },
	{ "I4", "mailseal", "tls = { forward_secrecy = \"require\"; };" },
	{ "I4", "Postfix",
	  POSTFIX_EXCLUDES_NOTE
	  "postconf -e 'smtpd_tls_exclude_ciphers = aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, "
	  "CAMELLIA, ARIA, 3DES'\n"
	  "postfix reload" },
	{ "I4", "Dovecot", "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20" },
	{ "I4", "nginx", "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;" },
	{ "I4", "", UPDATE_TLS },
	{},
};
