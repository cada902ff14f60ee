#include "common/session.h"

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_CTX *client = SSL_get_SSL_CTX(ssl);
	SSL_SESSION **kept = SSL_CTX_get_app_data(client);
	if (*kept || !SSL_SESSION_is_resumable(session))
		return 0;
	*kept = session;
	/* a client that caches takes a TLS 1.3 session out of use with its first resumption */
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_OFF);
	return 1;
}

void session_keep_first(SSL_CTX *client, SSL_SESSION **kept)
{
	SSL_CTX_set_app_data(client, kept);
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, on_session);
}
