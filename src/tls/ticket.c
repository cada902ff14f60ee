/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1). Their keys are shared by all workers and nodes and
 * rotate; what the previous one made is still read, and made anew. A ticket is good for the
 * server name it was made under, so resumption never crosses names, and for its scope.
 */
#include "tls/hello.h"
#include "tls/library.h"
#include "tls/server_private.h"
#include "tls/session_private.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

enum { TICKET_LIFETIME_S = 4 * 3600, IV_LEN = 16 };

/* What OpenSSL wants of a ticket key callback. */
enum {
	KEY_ERROR = -1,
	KEY_UNKNOWN = 0,
	KEY_GOOD = 1,
	KEY_RENEW = 2,
};

static bool mac_init(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac, sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, params);
}

static int ticket_seal(struct tls_server *server, unsigned char *ret_name, unsigned char *ret_iv,
                       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	struct tls_ticket_key *key = &server->ticket_keys[0];
	if (RAND_bytes(ret_iv, IV_LEN) <= 0)
		return KEY_ERROR;
	memcpy(ret_name, key->name, sizeof(key->name));
	if (!EVP_EncryptInit_ex2(cipher, server->library->ticket_cipher, key->aes, ret_iv, NULL) ||
	    !mac_init(mac, key))
		return KEY_ERROR;
	return KEY_GOOD;
}

/* TLS 1.3 tickets are for one use (RFC 8446 C.4), so the client gets a new one for each. */
static int ticket_open(struct tls_server *server, SSL *ssl, const unsigned char *name,
                       const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	for (size_t i = 0; i < (server->has_previous_key ? 2 : 1); i++) {
		struct tls_ticket_key *key = &server->ticket_keys[i];
		if (memcmp(name, key->name, sizeof(key->name)) != 0)
			continue;
		if (!EVP_DecryptInit_ex2(cipher, server->library->ticket_cipher, key->aes, iv,
		                         NULL) ||
		    !mac_init(mac, key))
			return KEY_ERROR;
		return i > 0 || SSL_version(ssl) >= TLS1_3_VERSION ? KEY_RENEW : KEY_GOOD;
	}
	return KEY_UNKNOWN;
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int is_sealing)
{
	struct tls_server *server = tls_session_of(ssl)->server;
	if (is_sealing)
		return ticket_seal(server, name, iv, cipher, mac);
	return ticket_open(server, ssl, name, iv, cipher, mac);
}

static const char *sni_of(const SSL *ssl)
{
	const struct tls_session *s = tls_session_of(ssl);
	return s->sni ? s->sni : "";
}

static int on_ticket_made(SSL *ssl, void *arg)
{
	(void)arg;
	const char *sni = sni_of(ssl);
	return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), sni, strlen(sni));
}

static SSL_TICKET_RETURN on_ticket_read(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                        size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
	(void)name;
	(void)name_len;
	(void)arg;
	if (status == SSL_TICKET_EMPTY || status == SSL_TICKET_NO_DECRYPT)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_ABORT;
	void *made_for = NULL;
	size_t len = 0;
	SSL_SESSION_get0_ticket_appdata(session, &made_for, &len);
	if (!slice_equal_nocase(slice_of(made_for, len), slice_str(sni_of(ssl))))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

bool tls_ticket_configure(SSL_CTX *context, const struct tls_server *s)
{
	if (!s->policy.has_tickets) {
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(context, 0);
	}
	SSL_CTX_set_timeout(context, TICKET_LIFETIME_S);
	return SSL_CTX_set_num_tickets(context, 1) &&
	       SSL_CTX_set_session_id_context(context, s->scope, sizeof(s->scope)) &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key) &&
	       SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_read, NULL);
}
