/* E: certificates. */
#include "advice/mend_tables.h"

#define USE_MAILSEAL                                                                               \
	"certificate = { mx = { chain = \"/etc/letsencrypt/live/mx.example.org/fullchain.pem\"; "  \
	"key = \"/etc/letsencrypt/live/mx.example.org/privkey.pem\"; }; };"
#define USE_POSTFIX                                                                                \
	"postconf -e 'smtpd_tls_chain_files = /etc/letsencrypt/live/mx.example.org/privkey.pem, "  \
	"/etc/letsencrypt/live/mx.example.org/fullchain.pem'\n"                                    \
	"postfix reload"
#define USE_EXIM                                                                                   \
	"tls_certificate = /etc/ssl/mx/fullchain.pem\n"                                            \
	"tls_privatekey = /etc/ssl/mx/privkey.pem"
#define USE_DOVECOT                                                                                \
	"# 2.3\n"                                                                                  \
	"ssl_cert = </etc/letsencrypt/live/mail.example.org/fullchain.pem\n"                       \
	"ssl_key = </etc/letsencrypt/live/mail.example.org/privkey.pem\n"                          \
	"# 2.4\n"                                                                                  \
	"ssl_server_cert_file = /etc/letsencrypt/live/mail.example.org/fullchain.pem\n"            \
	"ssl_server_key_file = /etc/letsencrypt/live/mail.example.org/privkey.pem"
#define USE_OPENSMTPD                                                                              \
	"pki mx.example.org cert \"/etc/ssl/mx/fullchain.pem\"\n"                                  \
	"pki mx.example.org key \"/etc/ssl/mx/privkey.pem\""
#define USE_CYRUS                                                                                  \
	"tls_server_cert: /etc/ssl/mx/fullchain.pem\n"                                             \
	"tls_server_key: /etc/ssl/mx/privkey.pem"
#define USE_COURIER                                                                                \
	"cat /etc/ssl/mx/privkey.pem /etc/ssl/mx/fullchain.pem > /etc/courier/esmtpd.pem"
#define USE_SENDMAIL                                                                               \
	"define(`confSERVER_CERT', `/etc/ssl/mx/fullchain.pem')dnl\n"                              \
	"define(`confSERVER_KEY', `/etc/ssl/mx/privkey.pem')dnl"
#define USE_EXCHANGE "Enable-ExchangeCertificate -Thumbprint THUMBPRINT -Services SMTP,IMAP,POP,IIS"
#define USE_NGINX                                                                                  \
	"ssl_certificate /etc/letsencrypt/live/mail.example.org/fullchain.pem;\n"                  \
	"ssl_certificate_key /etc/letsencrypt/live/mail.example.org/privkey.pem;"
#define USE_APACHE                                                                                 \
	"SSLCertificateFile /etc/letsencrypt/live/mail.example.org/fullchain.pem\n"                \
	"SSLCertificateKeyFile /etc/letsencrypt/live/mail.example.org/privkey.pem"
#define USE_HAPROXY                                                                                \
	"# key and chain in one file\n"                                                            \
	"bind :443 ssl crt /etc/haproxy/mail.example.org.pem"

#define USE_ROWS(id, first)                                                                        \
	{ id, "mailseal", USE_MAILSEAL }, { id, "Postfix", first USE_POSTFIX },                    \
		{ id, "Exim", USE_EXIM }, { id, "Dovecot", USE_DOVECOT },                          \
		{ id, "OpenSMTPD", USE_OPENSMTPD }, { id, "Cyrus", USE_CYRUS },                    \
		{ id, "Courier", USE_COURIER }, { id, "Sendmail", USE_SENDMAIL },                  \
		{ id, "Exchange", USE_EXCHANGE }, { id, "nginx", USE_NGINX },                      \
		{ id, "Apache", USE_APACHE },                                                      \
	{                                                                                          \
		id, "HAProxy", USE_HAPROXY                                                         \
	}

#define ISSUE(more)                                                                                \
	"# keep a key that TLSA records name: --reuse-key\n"                                       \
	"certbot certonly --webroot -w /var/www/html" more " -d mx.example.org"

const struct advice_mend advice_mends_certificate[] = {
	USE_ROWS("E1", "# fullchain.pem, not cert.pem: those between it and the CA belong to it\n"),
	{ "E1", "", ISSUE("") },
	USE_ROWS("E2", ""),
	{ "E2", "", ISSUE("") " -d mail.example.org" },
	{ "E3", "mailseal", "# a renewed file is found by itself; is it there?\n" USE_MAILSEAL },
	{ "E3", "Postfix", "certbot renew --deploy-hook 'postfix reload'" },
	{ "E3", "Exim", "certbot renew --deploy-hook 'systemctl reload exim4'" },
	{ "E3", "Dovecot", "certbot renew --deploy-hook 'doveadm reload'" },
	{ "E3", "OpenSMTPD", "certbot renew --deploy-hook 'systemctl restart opensmtpd'" },
	{ "E3", "nginx", "certbot renew --deploy-hook 'systemctl reload nginx'" },
	{ "E3", "Apache", "certbot renew --deploy-hook 'systemctl reload apache2'" },
	{ "E3", "HAProxy",
	  "certbot renew --deploy-hook 'cat $RENEWED_LINEAGE/privkey.pem "
	  "$RENEWED_LINEAGE/fullchain.pem > /etc/haproxy/mail.example.org.pem && systemctl reload "
	  "haproxy'" },
	{ "E3", "", "certbot renew\n# then restart the server: many read it at their start alone" },
	USE_ROWS("E4", ""),
	{ "E4", "",
	  "# publish the TLSA record of the new key first, and wait for its TTL\n"
	  "certbot certonly --webroot -w /var/www/html --key-type ecdsa --elliptic-curve secp256r1 "
	  "-d mx.example.org" },
	USE_ROWS("E5", ""),
	{ "E5", "",
	  ISSUE("") "\n# no CA of today signs with SHA-1: renew, and send no old one along" },
	{ "E6", "mailseal", USE_MAILSEAL },
	{ "E6", "Postfix",
	  "# both, each with its key first; and a TLSA record for either key\n"
	  "postconf -e 'smtpd_tls_chain_files = /etc/ssl/mx/ec.key, /etc/ssl/mx/ec.pem, "
	  "/etc/ssl/mx/rsa.key, /etc/ssl/mx/rsa.pem'\n"
	  "postfix reload" },
	{ "E6", "Exim",
	  "tls_certificate = /etc/ssl/mx/ec.pem : /etc/ssl/mx/rsa.pem\n"
	  "tls_privatekey = /etc/ssl/mx/ec.key : /etc/ssl/mx/rsa.key" },
	{ "E6", "Dovecot",
	  "# 2.3\n"
	  "ssl_alt_cert = </etc/ssl/mx/rsa.pem\n"
	  "ssl_alt_key = </etc/ssl/mx/rsa.key\n"
	  "# 2.4\n"
	  "ssl_server_alt_cert_file = /etc/ssl/mx/rsa.pem\n"
	  "ssl_server_alt_key_file = /etc/ssl/mx/rsa.key" },
	{ "E6", "nginx",
	  "ssl_certificate /etc/ssl/mx/ec.pem;\n"
	  "ssl_certificate_key /etc/ssl/mx/ec.key;\n"
	  "ssl_certificate /etc/ssl/mx/rsa.pem;\n"
	  "ssl_certificate_key /etc/ssl/mx/rsa.key;" },
	{ "E6", "DNS",
	  "; one record for each key\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 EC-KEY-SHA256\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 RSA-KEY-SHA256" },
	USE_ROWS("E7", ""),
	{ "E7", "",
	  "# a new key and a new certificate; nothing that demands stapling, for mail servers do "
	  "not\n"
	  "certbot certonly --webroot -w /var/www/html -d mx.example.org" },
	{ "E8", "mailseal",
	  "# the first certificate is for those that name no host\n" USE_MAILSEAL },
	{ "E8", "Postfix",
	  "# beside tls_server_sni_maps\n"
	  "postconf -e 'smtpd_tls_chain_files = /etc/ssl/mx/privkey.pem, "
	  "/etc/ssl/mx/fullchain.pem'\n"
	  "postfix reload" },
	{ "E8", "Exim",
	  "tls_certificate = ${if exists{/etc/ssl/$tls_in_sni.pem}{/etc/ssl/$tls_in_sni.pem}"
	  "{/etc/ssl/mx/fullchain.pem}}" },
	{ "E8", "Dovecot", "# outside of all local_name blocks\n" USE_DOVECOT },
	{ "E8", "nginx",
	  "listen 443 ssl default_server;   # and no ssl_reject_handshake in that server block" },
	{ "E8", "Apache", "SSLStrictSNIVHostCheck off" },
	{ "E8", "HAProxy", "# no strict-sni on the bind line" },
	{ "E9", "mailseal", "# a key of its own for the edge\n" USE_MAILSEAL },
	{ "E9", "",
	  "# a key of its own for each server, and the weaker place mended or closed\n"
	  "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out privkey.pem\n"
	  "openssl req -new -key privkey.pem -subj / -addext subjectAltName=DNS:mx.example.org "
	  "-out mx.csr" },
	{},
};
