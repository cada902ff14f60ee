#include "tls/record.h"
#include "tls/session_private.h"
#include "tls/word_private.h"

/* 65280 and above are for private use. */
enum { EXTENSION_WORD = 65357 };

/* In a ClientHello always, in the answer where the client had it: OpenSSL sees to that. */
static int on_add(SSL *ssl, unsigned type, unsigned context, const unsigned char **ret_bytes,
                  size_t *ret_len, X509 *certificate, size_t chain_at, int *alert, void *arg)
{
	*ret_bytes = NULL;
	*ret_len = 0;
	return 1;
}

static int on_seen(SSL *ssl, unsigned type, unsigned context, const unsigned char *bytes,
                   size_t len, X509 *certificate, size_t chain_at, int *alert, void *arg)
{
	tls_session_of(ssl)->has_word = true;
	return 1;
}

bool tls_word_add(SSL_CTX *context)
{
	return SSL_CTX_add_custom_ext(context, EXTENSION_WORD,
	                              SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO |
	                                      SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
	                              on_add, NULL, NULL, on_seen, NULL) == 1;
}

bool tls_session_has_word(const struct tls_session *s)
{
	return s->is_up && s->has_word;
}

bool tls_session_is_ended_by_peer(const struct tls_session *s)
{
	if (s->records)
		return tls_records_is_ended_by_peer(s->records);
	return s->is_up && SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN;
}
