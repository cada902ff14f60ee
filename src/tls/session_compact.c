/* A session leaves OpenSSL: its keys go to tls/record.h, its object is dropped. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/hello.h"
#include "tls/library.h"
#include "tls/record.h"
#include "tls/session_private.h"
#include "tls/suite.h"

#include <errno.h>
#include <openssl/err.h>

enum { MASTER_LEN = 48, RANDOM_LEN = 32 };

/* Before the handshake */

void tls_handover_want(struct tls_session *s)
{
	s->shake->handover.is_wanted = true;
}

/* OpenSSL sets the key in the same breath, and has sent all that went before. */
void tls_handover_note(struct tls_session *s, struct slice label, struct slice secret)
{
	struct tls_handover *h = &s->shake->handover;
	bool is_client = slice_equal(label, slice_str("c ap traffic"));
	bool is_ours = is_client == !SSL_is_server(s->ssl);
	if (!h->is_wanted || (!is_client && !slice_equal(label, slice_str("s ap traffic"))) ||
	    secret.len > sizeof(h->client_secret))
		return;
	memcpy(is_client ? h->client_secret : h->server_secret, secret.data, secret.len);
	h->secret_len = (uint8_t)secret.len;
	*(is_client ? &h->has_client_secret : &h->has_server_secret) = true;
	tls_record_count_restart(is_ours ? &h->written : &h->read);
}

/* The hand-over */

static bool suite_find(const SSL_CIPHER *cipher, enum tls_record_suite *ret_suite)
{
	static const int suites[] = {
		[TLS_RECORD_AES_128_GCM] = NID_aes_128_gcm,
		[TLS_RECORD_AES_256_GCM] = NID_aes_256_gcm,
		[TLS_RECORD_CHACHA20] = NID_chacha20_poly1305,
	};
	_Static_assert(COUNT_OF(suites) == TLS_RECORD_SUITE_COUNT);
	for (size_t i = 0; i < COUNT_OF(suites); i++)
		if (SSL_CIPHER_get_cipher_nid(cipher) == suites[i]) {
			*ret_suite = (enum tls_record_suite)i;
			return true;
		}
	return false;
}

/*
 * Nothing is half done: no bytes of the peer are in OpenSSL, all records went by whole. A session
 * with an agreed length of records stays, for tls/record.h knows the usual one only.
 */
static bool is_possible(const struct tls_session *s, enum tls_record_suite *ret_suite)
{
	const struct tls_handover *h = &s->shake->handover;
	int version = SSL_version(s->ssl);
	const SSL_SESSION *session = SSL_get0_session(s->ssl);
	return (version == TLS1_2_VERSION ||
	        (version == TLS1_3_VERSION && h->has_client_secret && h->has_server_secret)) &&
	       suite_find(SSL_get_current_cipher(s->ssl), ret_suite) && session &&
	       !SSL_SESSION_get_max_fragment_length(session) && !SSL_has_pending(s->ssl) &&
	       tls_record_count_is_whole(&h->read) && tls_record_count_is_whole(&h->written);
}

/* ret_keys has room for the master secret and both randoms. */
static void keys12_fill(const struct tls_session *s, struct tls_records_settings *set,
                        uint8_t ret_keys[MASTER_LEN + 2 * RANDOM_LEN])
{
	size_t len = SSL_SESSION_get_master_key(SSL_get0_session(s->ssl), ret_keys, MASTER_LEN);
	uint8_t *randoms = ret_keys + MASTER_LEN;
	SSL_get_client_random(s->ssl, randoms, RANDOM_LEN);
	SSL_get_server_random(s->ssl, randoms + RANDOM_LEN, RANDOM_LEN);
	set->master = slice_of(ret_keys, len);
	set->client_random = slice_of(randoms, RANDOM_LEN);
	set->server_random = slice_of(randoms + RANDOM_LEN, RANDOM_LEN);
}

static int records_make(struct tls_session *s, enum tls_record_suite suite)
{
	const struct tls_handover *h = &s->shake->handover;
	uint8_t keys[MASTER_LEN + 2 * RANDOM_LEN];
	struct tls_records_settings set = {
		.suite = suite,
		.is_tls13 = SSL_version(s->ssl) == TLS1_3_VERSION,
		.is_server = SSL_is_server(s->ssl),
		.client_secret = slice_of(h->client_secret, h->secret_len),
		.server_secret = slice_of(h->server_secret, h->secret_len),
		.explicit_nonce = h->written.explicit_nonce + 1,
		.read_sequence = h->read.records,
		.write_sequence = h->written.records,
	};
	if (!set.is_tls13)
		keys12_fill(s, &set, keys);
	int r = tls_records_new(&s->records, &set);
	explicit_bzero(keys, sizeof(keys));
	return err_up(r);
}

int tls_handover(struct tls_session *s)
{
	struct tls_library *library = NULL;
	enum tls_record_suite suite;
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	if (!is_possible(s, &suite)) {
		library->compact.stayed++;
		s->shake->handover.is_wanted = false;
		return 0;
	}
	r = records_make(s, suite);
	if (r)
		return err_up(r);
	library->compact.compact++;
	/* A name of the library's own could go with it. */
	if (!tls_group_find(slice_str(s->facts.group)))
		s->facts.group = "";
	if (s->proving)
		tls_proving_forget(s->proving);
	tls_session_shake_free(s);
	ERR_clear_error();
	return 0;
}

/* After it */

void tls_compact_free(struct tls_session *s)
{
	struct tls_library *library = NULL;
	if (!s->records)
		return;
	tls_records_free(s->records);
	s->records = NULL;
	if (!tls_library_open(&library))
		library->compact.compact--;
}

bool tls_session_is_compact(const struct tls_session *s)
{
	return s->records != NULL;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t tls_session_size(const struct tls_session *s)
{
	size_t size = sizeof(*s) + text_size(s->sni) + text_size(s->peer_names);
	if (s->hello)
		size += sizeof(*s->hello);
	if (s->records)
		size += tls_records_size(s->records);
	if (s->shake)
		size += sizeof(*s->shake) + s->shake->first.cap + s->shake->signature.cap;
	return size;
}

void tls_compact_counts(struct tls_compact_counts *ret_counts)
{
	struct tls_library *library = NULL;
	*ret_counts = (struct tls_compact_counts){};
	if (!tls_library_open(&library))
		*ret_counts = library->compact;
}
