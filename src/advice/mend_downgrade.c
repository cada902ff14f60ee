/* F: DANE, MTA-STS, TLS reports. */
#include "advice/mend_tables.h"

#define TLSA_HASH                                                                                  \
	"# what to write behind 3 1 1, of the certificate that is served:\n"                       \
	"openssl x509 -in /etc/ssl/mx/fullchain.pem -noout -pubkey | openssl pkey -pubin "         \
	"-outform DER | openssl sha256"
#define POLICY(mode)                                                                               \
	"# https://mta-sts.example.org/.well-known/mta-sts.txt\n"                                  \
	"version: STSv1\n"                                                                         \
	"mode: " mode "\n"                                                                         \
	"mx: mx.example.org\n"                                                                     \
	"max_age: 1209600"
#define STS_RECORD                                                                                 \
	"; a new id with every change of the policy\n"                                             \
	"_mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=20260101T000000\""

const struct advice_mend advice_mends_downgrade[] = {
	{ "F1", "DNS",
	  "; for every MX host, in a signed zone\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 KEY-SHA256" },
	{ "F1", "", TLSA_HASH },
	{ "F2", "DNS",
	  "; at once: the record of the key that is served\n"
	  "_25._tcp.mx.example.org. 300 IN TLSA 3 1 1 KEY-SHA256" },
	{ "F2", "mailseal",
	  "# or go back to the certificate whose key is published\n"
	  "certificate = { mx = { chain = \"/etc/ssl/mx/fullchain.pem\"; "
	  "key = \"/etc/ssl/mx/privkey.pem\"; }; };" },
	{ "F2", "Postfix",
	  "# or go back to the certificate whose key is published\n"
	  "postconf -e 'smtpd_tls_chain_files = /etc/ssl/mx/privkey.pem, "
	  "/etc/ssl/mx/fullchain.pem'\n"
	  "postfix reload" },
	{ "F2", "",
	  TLSA_HASH "\n# and keep the key when the certificate is renewed:\n"
	            "certbot renew --reuse-key" },
	{ "F3", "DNS",
	  "; usage 3, the key alone (selector 1), SHA-256: it outlives every renewal with the same "
	  "key\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 KEY-SHA256" },
	{ "F3", "", TLSA_HASH },
	{ "F4", "DNS",
	  "; both, a day before the key is changed; the old one goes when it is not served any "
	  "more\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 KEY-SHA256\n"
	  "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 NEXT-KEY-SHA256" },
	{ "F5", "DNS", STS_RECORD },
	{ "F6", "nginx",
	  "server {\n"
	  "  listen 443 ssl;\n"
	  "  server_name mta-sts.example.org;\n"
	  "  ssl_certificate /etc/letsencrypt/live/mta-sts.example.org/fullchain.pem;\n"
	  "  ssl_certificate_key /etc/letsencrypt/live/mta-sts.example.org/privkey.pem;\n"
	  "  location = /.well-known/mta-sts.txt { default_type text/plain; "
	  "root /var/www/mta-sts; }\n"
	  "}" },
	{ "F6", "Apache",
	  "<VirtualHost *:443>\n"
	  "  ServerName mta-sts.example.org\n"
	  "  SSLEngine on\n"
	  "  SSLCertificateFile /etc/letsencrypt/live/mta-sts.example.org/fullchain.pem\n"
	  "  SSLCertificateKeyFile /etc/letsencrypt/live/mta-sts.example.org/privkey.pem\n"
	  "  DocumentRoot /var/www/mta-sts\n"
	  "</VirtualHost>" },
	{ "F6", "HAProxy",
	  "http-request return status 200 content-type text/plain file /etc/haproxy/mta-sts.txt if "
	  "{ hdr(host) mta-sts.example.org } { path /.well-known/mta-sts.txt }" },
	{ "F6", "DNS", "mta-sts.example.org. 3600 IN A 192.0.2.80" },
	{ "F6", "", POLICY("testing") },
	{ "F7", "", POLICY("enforce") "\n# one mx line for every MX host, and a new id in DNS" },
	{ "F7", "DNS", STS_RECORD },
	{ "F7", "mailseal",
	  "# a certificate of a public CA for the name of every MX host\n"
	  "certificate = { mx = { chain = \"/etc/ssl/mx/fullchain.pem\"; "
	  "key = \"/etc/ssl/mx/privkey.pem\"; }; };" },
	{ "F7", "Postfix",
	  "# a certificate of a public CA for the name of every MX host\n"
	  "postconf -e 'smtpd_tls_chain_files = /etc/ssl/mx/privkey.pem, "
	  "/etc/ssl/mx/fullchain.pem'\n"
	  "postfix reload" },
	{ "F8", "DNS",
	  STS_RECORD "\n"
	             "; or TLSA records in a signed zone, which protect from forged DNS too:\n"
	             "_25._tcp.mx.example.org. 3600 IN TLSA 3 1 1 KEY-SHA256" },
	{ "F8", "", POLICY("enforce") },
	{ "F9", "DNS",
	  "_smtp._tls.example.org. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tlsrpt@example.org\"" },
	{ "F9", "mailseal",
	  "# reads what arrives there:\n"
	  "mailseal report tlsrpt" },
	{},
};
