/* What OpenSSL's error queue comes to in words. */
#include "base/clean.h"
#include "tls/session_private.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

/* Reasons whose words in OpenSSL say little to a postmaster. */
static const struct words {
	int reason;
	const char *text;
} plain_words[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, "no shared TLS version" },
	{ SSL_R_VERSION_TOO_LOW, "no shared TLS version" },
	{ SSL_R_WRONG_VERSION_NUMBER, "not TLS" },
	{ SSL_R_HTTP_REQUEST, "not TLS but HTTP" },
	{ SSL_R_HTTPS_PROXY_REQUEST, "not TLS but HTTP" },
	{ SSL_R_NO_SHARED_CIPHER, "no shared cipher" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, "no shared group" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no shared signature algorithm" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no shared signature algorithm" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, "a protocol (ALPN) that is not spoken here" },
};

/* Alerts of the peer are reasons from 1000 on. */
enum { REASON_ALERT = SSL_AD_REASON_OFFSET };

static const char *reason_words(unsigned long error)
{
	int reason = ERR_GET_REASON(error);
	if (ERR_GET_LIB(error) == ERR_LIB_SSL)
		for (size_t i = 0; i < COUNT_OF(plain_words); i++)
			if (plain_words[i].reason == reason)
				return plain_words[i].text;
	const char *text = ERR_reason_error_string(error);
	return text ? text : "TLS failed";
}

static void words_write(const SSL *ssl, unsigned long error, char *ret_words, size_t cap)
{
	bool is_tls = ERR_GET_LIB(error) == ERR_LIB_SSL;
	int reason = ERR_GET_REASON(error);
	if (is_tls && reason >= REASON_ALERT)
		snprintf(ret_words, cap, "the peer refused: %s",
		         SSL_alert_desc_string_long(reason - REASON_ALERT));
	else if (is_tls && ssl && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		snprintf(ret_words, cap, "%s",
		         X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	else
		snprintf(ret_words, cap, "%s", error ? reason_words(error) : "TLS failed");
}

/* libssl's first word is where the handshake ended; without one, the first of any is the cause. */
static unsigned long queue_drain(void)
{
	unsigned long chosen = 0;
	for (unsigned long error = ERR_get_error(); error; error = ERR_get_error()) {
		bool is_better =
			ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_LIB(chosen) != ERR_LIB_SSL;
		if (!chosen || is_better)
			chosen = error;
	}
	return chosen;
}

void tls_failure_words(const SSL *ssl, char *ret_words, size_t cap)
{
	words_write(ssl, queue_drain(), ret_words, cap);
}
