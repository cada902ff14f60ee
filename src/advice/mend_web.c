/* H: webmail and what stands beside it. */
#include "advice/mend_tables.h"

const struct advice_mend advice_mends_web[] = {
	{ "H1", "nginx",
	  "server { listen 80; server_name webmail.example.org; return 301 "
	  "https://$host$request_uri; }\n"
	  "# and in the server block of port 443:\n"
	  "add_header Strict-Transport-Security \"max-age=63072000\" always;" },
	{ "H1", "Apache",
	  "<VirtualHost *:80>\n"
	  "  ServerName webmail.example.org\n"
	  "  Redirect permanent / https://webmail.example.org/\n"
	  "</VirtualHost>\n"
	  "# and in the VirtualHost of port 443 (mod_headers):\n"
	  "Header always set Strict-Transport-Security \"max-age=63072000\"" },
	{ "H1", "HAProxy",
	  "http-request redirect scheme https code 301 unless { ssl_fc }\n"
	  "http-response set-header Strict-Transport-Security max-age=63072000" },
	{ "H1", "Exchange",
	  "# IIS, the site of OWA: HTTP Redirect to https, and\n"
	  "Set-OwaVirtualDirectory \"MX\\owa (Default Web Site)\" -ExternalUrl "
	  "https://webmail.example.org/owa" },
	{ "H2", "Roundcube",
	  "// config.inc.php\n"
	  "$config['force_https'] = true;\n"
	  "$config['use_https'] = true;" },
	{ "H2", "nginx", "proxy_cookie_flags ~ secure httponly samesite=lax;" },
	{ "H2", "Apache",
	  "Header always edit Set-Cookie (?i)^((?!.*;\\s*secure).*)$ \"$1; Secure; HttpOnly\"" },
	{ "H2", "", "; php.ini\nsession.cookie_secure = 1\nsession.cookie_httponly = 1" },
	{ "H3", "nginx",
	  "ssl_protocols TLSv1.2 TLSv1.3;\n"
	  "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n"
	  "ssl_certificate /etc/letsencrypt/live/mta-sts.example.org/fullchain.pem;\n"
	  "ssl_certificate_key /etc/letsencrypt/live/mta-sts.example.org/privkey.pem;" },
	{ "H3", "Apache",
	  "SSLProtocol -all +TLSv1.2 +TLSv1.3\n"
	  "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20\n"
	  "SSLCertificateFile /etc/letsencrypt/live/mta-sts.example.org/fullchain.pem\n"
	  "SSLCertificateKeyFile /etc/letsencrypt/live/mta-sts.example.org/privkey.pem" },
	{ "H3", "HAProxy",
	  "ssl-default-bind-options ssl-min-ver TLSv1.2\n"
	  "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20" },
	{},
};
