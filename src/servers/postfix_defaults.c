#include "servers/postfix.h"

#include "base/clean.h"
#include "servers/servers.h"

#define ALWAYS                                                                                     \
	"compatibility_level = 0\n"                                                                \
	"content_filter =\n"                                                                       \
	"inet_interfaces = all\n"                                                                  \
	"lmtp_sasl_auth_enable = no\n"                                                             \
	"lmtp_sasl_security_options = noplaintext, noanonymous\n"                                  \
	"lmtp_sasl_tls_security_options = $lmtp_sasl_security_options\n"                           \
	"lmtp_tls_loglevel = 0\n"                                                                  \
	"lmtp_tls_policy_maps =\n"                                                                 \
	"lmtp_tls_security_level =\n"                                                              \
	"lmtp_use_tls = no\n"                                                                      \
	"local_transport = local:$myhostname\n"                                                    \
	"mailbox_transport =\n"                                                                    \
	"fallback_transport =\n"                                                                   \
	"virtual_transport = virtual\n"                                                            \
	"relay_transport = relay\n"                                                                \
	"default_transport = smtp\n"                                                               \
	"transport_maps =\n"                                                                       \
	"relayhost =\n"                                                                            \
	"multi_instance_directories =\n"                                                           \
	"multi_instance_name =\n"                                                                  \
	"mynetworks_style = ${{$compatibility_level} <level {2} ? {subnet} : {host}}\n"            \
	"non_smtpd_milters =\n"                                                                    \
	"smtpd_milters =\n"                                                                        \
	"postscreen_enforce_tls = $smtpd_enforce_tls\n"                                            \
	"postscreen_tls_security_level = $smtpd_tls_security_level\n"                              \
	"postscreen_upstream_proxy_protocol =\n"                                                   \
	"postscreen_use_tls = $smtpd_use_tls\n"                                                    \
	"smtp_dns_support_level =\n"                                                               \
	"smtp_enforce_tls = no\n"                                                                  \
	"smtp_sasl_auth_enable = no\n"                                                             \
	"smtp_sasl_password_maps =\n"                                                              \
	"smtp_sasl_security_options = noplaintext, noanonymous\n"                                  \
	"smtp_sasl_tls_security_options = $smtp_sasl_security_options\n"                           \
	"smtp_tls_block_early_mail_reply = no\n"                                                   \
	"smtp_tls_ciphers = medium\n"                                                              \
	"smtp_tls_loglevel = 0\n"                                                                  \
	"smtp_tls_mandatory_ciphers = medium\n"                                                    \
	"smtp_tls_policy_maps =\n"                                                                 \
	"smtp_tls_security_level =\n"                                                              \
	"smtp_tls_wrappermode = no\n"                                                              \
	"smtp_use_tls = no\n"                                                                      \
	"smtpd_authorized_xclient_hosts =\n"                                                       \
	"smtpd_enforce_tls = no\n"                                                                 \
	"smtpd_sasl_auth_enable = no\n"                                                            \
	"smtpd_sasl_path = smtpd\n"                                                                \
	"smtpd_sasl_security_options = noanonymous\n"                                              \
	"smtpd_sasl_tls_security_options = $smtpd_sasl_security_options\n"                         \
	"smtpd_sasl_type = cyrus\n"                                                                \
	"smtpd_service_name = smtpd\n"                                                             \
	"smtpd_tls_CAfile =\n"                                                                     \
	"smtpd_tls_ask_ccert = no\n"                                                               \
	"smtpd_tls_auth_only = no\n"                                                               \
	"smtpd_tls_cert_file =\n"                                                                  \
	"smtpd_tls_chain_files =\n"                                                                \
	"smtpd_tls_ciphers = medium\n"                                                             \
	"smtpd_tls_dcert_file =\n"                                                                 \
	"smtpd_tls_dkey_file = $smtpd_tls_dcert_file\n"                                            \
	"smtpd_tls_eccert_file =\n"                                                                \
	"smtpd_tls_eckey_file = $smtpd_tls_eccert_file\n"                                          \
	"smtpd_tls_eecdh_grade = auto\n"                                                           \
	"smtpd_tls_exclude_ciphers =\n"                                                            \
	"smtpd_tls_key_file = $smtpd_tls_cert_file\n"                                              \
	"smtpd_tls_loglevel = 0\n"                                                                 \
	"smtpd_tls_mandatory_ciphers = medium\n"                                                   \
	"smtpd_tls_mandatory_exclude_ciphers =\n"                                                  \
	"smtpd_tls_received_header = no\n"                                                         \
	"smtpd_tls_req_ccert = no\n"                                                               \
	"smtpd_tls_security_level =\n"                                                             \
	"smtpd_tls_wrappermode = no\n"                                                             \
	"smtpd_upstream_proxy_protocol =\n"                                                        \
	"smtpd_use_tls = no\n"                                                                     \
	"tls_config_file = default\n"                                                              \
	"tls_export_cipherlist = aNULL:-aNULL:HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH\n"             \
	"tls_high_cipherlist = aNULL:-aNULL:HIGH:@STRENGTH\n"                                      \
	"tls_low_cipherlist = aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH\n"                       \
	"tls_medium_cipherlist = aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH\n"                        \
	"tls_null_cipherlist = eNULL:!aNULL\n"                                                     \
	"tls_preempt_cipherlist = no\n"                                                            \
	"tls_ssl_options =\n"                                                                      \
	"tlsproxy_tls_security_level = $smtpd_tls_security_level\n"

/* From `postconf -d` of 3.7.11 and 3.10.13; before and after, from postconf(5). */
static const struct {
	unsigned major, minor; /* since this one */
	const char *text;
} defaults[] = {
	{ 3, 11,
	  ALWAYS
	  "smtpd_tls_protocols = >=TLSv1\nsmtpd_tls_mandatory_protocols = >=TLSv1\n"
	  "smtp_tls_protocols = >=TLSv1\nsmtp_tls_mandatory_protocols = >=TLSv1\n"
	  "smtp_tls_enforce_sts_mx_patterns = yes\nsmtp_tlsrpt_enable = no\n"
	  "smtp_tlsrpt_socket_name =\n"
	  "smtp_tls_security_level = ${{$compatibility_level} <level {3.11} ? {} : {may}}\n" },
	{ 3, 10,
	  ALWAYS "smtpd_tls_protocols = >=TLSv1\nsmtpd_tls_mandatory_protocols = >=TLSv1\n"
	         "smtp_tls_protocols = >=TLSv1\nsmtp_tls_mandatory_protocols = >=TLSv1\n"
	         "smtp_tls_enforce_sts_mx_patterns = yes\nsmtp_tlsrpt_enable = no\n"
	         "smtp_tlsrpt_socket_name =\n"
	         "tls_eecdh_auto_curves = X25519 X448 prime256v1 secp384r1 secp521r1\n"
	         "tls_ffdhe_auto_groups = ffdhe2048 ffdhe3072\n" },
	{ 3, 6,
	  ALWAYS "smtpd_tls_protocols = >=TLSv1\nsmtpd_tls_mandatory_protocols = >=TLSv1\n"
	         "smtp_tls_protocols = >=TLSv1\nsmtp_tls_mandatory_protocols = >=TLSv1\n"
	         "tls_eecdh_auto_curves = X25519 X448 prime256v1 secp521r1 secp384r1\n" },
	{ 0, 0,
	  ALWAYS
	  "smtpd_tls_protocols = !SSLv2, !SSLv3\n"
	  "smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3\n"
	  "smtp_tls_protocols = !SSLv2, !SSLv3\nsmtp_tls_mandatory_protocols = !SSLv2, !SSLv3\n"
	  "tls_eecdh_auto_curves = X25519 X448 prime256v1 secp521r1 secp384r1\n" },
};

const char *servers_postfix_defaults(const char *version)
{
	size_t i = 0;
	while (version && i + 1 < COUNT_OF(defaults) &&
	       !servers_version_is_at_least(version, defaults[i].major, defaults[i].minor))
		i++;
	return defaults[i].text;
}
