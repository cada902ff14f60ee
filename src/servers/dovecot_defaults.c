#include "servers/dovecot.h"

/* From `doveconf -d` of 2.3.19.1 and 2.4.1. */

#define LOGINS                                                                                     \
	"service imap-login {\n"                                                                   \
	"  inet_listener imap {\n    port = 143\n  }\n"                                            \
	"  inet_listener imaps {\n    port = 993\n    ssl = yes\n  }\n}\n"                         \
	"service pop3-login {\n"                                                                   \
	"  inet_listener pop3 {\n    port = 110\n  }\n"                                            \
	"  inet_listener pop3s {\n    port = 995\n    ssl = yes\n  }\n}\n"                         \
	"service managesieve-login {\n"                                                            \
	"  inet_listener sieve {\n    port = 4190\n  }\n}\n"

#define SAME                                                                                       \
	"doveadm_port = 0\n"                                                                       \
	"doveadm_ssl = no\n"                                                                       \
	"haproxy_trusted_networks =\n"                                                             \
	"imapc_host =\n"                                                                           \
	"imapc_ssl = no\n"                                                                         \
	"login_trusted_networks =\n"                                                               \
	"pop3c_host =\n"                                                                           \
	"pop3c_ssl = no\n"                                                                         \
	"ssl = yes\n"                                                                              \
	"ssl_cipher_list = ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:!EXPORT:!DES:!3DES:!MD5:!PSK:"  \
	"!RC4:!ADH:!LOW@STRENGTH\n"                                                                \
	"ssl_cipher_suites =\n"                                                                    \
	"ssl_client_require_valid_cert = yes\n"                                                    \
	"ssl_curve_list =\n"                                                                       \
	"ssl_min_protocol = TLSv1.2\n"                                                             \
	"ssl_options =\n"                                                                          \
	"submission_relay_host =\n"                                                                \
	"submission_relay_ssl = no\n"                                                              \
	"submission_relay_ssl_verify = yes\n"

static const char defaults_23[] =
	SAME LOGINS "service submission-login {\n"
		    "  inet_listener submission {\n    port = 587\n  }\n}\n"
		    "disable_plaintext_auth = yes\n"
		    "imapc_ssl_verify = yes\n"
		    "listen = *, ::\n"
		    "login_log_format_elements = user=<%u> method=%m rip=%r lip=%l mpid=%e %c "
		    "session=<%{session}>\n"
		    "pop3c_ssl_verify = yes\n"
		    "protocols = imap pop3 lmtp\n"
		    "ssl_alt_cert =\n"
		    "ssl_alt_key =\n"
		    "ssl_cert =\n"
		    "ssl_dh =\n"
		    "ssl_key =\n"
		    "ssl_prefer_server_ciphers = no\n";

static const char defaults_24[] = SAME LOGINS
	"service submission-login {\n"
	"  inet_listener submission {\n    port = 587\n  }\n"
	"  inet_listener submissions {\n    port = 465\n    ssl = yes\n  }\n}\n"
	"auth_allow_cleartext = no\n"
	"listen = * ::\n"
	"login_log_format_elements = user=<%{user}> method=%{mechanism} rip=%{remote_ip} "
	"lip=%{local_ip} mpid=%{mail_pid} %{secured} session=<%{session}>\n"
	"protocols =\n"
	"ssl_server_alt_cert_file =\n"
	"ssl_server_alt_key_file =\n"
	"ssl_server_cert_file =\n"
	"ssl_server_dh_file =\n"
	"ssl_server_key_file =\n"
	"ssl_server_prefer_ciphers = client\n";

const char *servers_dovecot_defaults(bool is_24)
{
	return is_24 ? defaults_24 : defaults_23;
}
