#include "tls/session.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/client_private.h"
#include "tls/hello.h"
#include "tls/library.h"
#include "tls/patience.h"
#include "tls/record.h"
#include "tls/record_size.h"
#include "tls/server_private.h"
#include "tls/session_private.h"

#include <errno.h>
#include <openssl/async.h>
#include <openssl/err.h>
#include <stdio.h>

enum { ERROR_CAP = sizeof(((struct tls_shake *)0)->error) };

/* OpenSSL keeps every fiber it ever made, 32 KiB each. After a burst of more than these, none. */
enum { FIBERS_KEPT = 64 };

static const struct tls_facts no_facts = {
	.version = "", .cipher = "", .group = "", .sni = "", .alpn = ""
};

/* OpenSSL works for s from here to session_leave(): its BIO and its signer find it. */
static void session_enter(struct tls_session *s, struct slice *input, struct buf *out)
{
	struct tls_library *library = NULL;
	s->shake->input = input;
	s->shake->out = out;
	if (!tls_library_open(&library)) /* open since the session was made */
		library->current = s;
}

static void session_leave(struct tls_session *s)
{
	struct tls_library *library = NULL;
	s->shake->input = NULL;
	s->shake->out = NULL;
	if (!tls_library_open(&library))
		library->current = NULL;
}

/* Counts sleeping fibers. When the last one woke none is in use, and the pool may be emptied. */
static void job_note(struct tls_session *s, bool is_paused)
{
	struct tls_library *library = NULL;
	if (s->shake->is_job_paused == is_paused || tls_library_open(&library))
		return;
	s->shake->is_job_paused = is_paused;
	library->sleeping = is_paused ? library->sleeping + 1 : library->sleeping - 1;
	if (library->sleeping > library->sleeping_most)
		library->sleeping_most = library->sleeping;
	if (library->sleeping || library->sleeping_most <= FIBERS_KEPT)
		return;
	library->sleeping_most = 0;
	ASYNC_cleanup_thread();
}

void tls_sessions_tidy(void)
{
	struct tls_library *library = NULL;
	if (!tls_library_open(&library) && !library->sleeping)
		ASYNC_cleanup_thread();
}

static int session_fail(struct tls_session *s)
{
	bool is_named = s->shake->error[0];
	char words[ERROR_CAP];
	s->is_dead = true;
	tls_peer_failed(s);
	tls_failure_words(s->ssl, words, sizeof(words));
	if (!is_named)
		memcpy(s->shake->error, words, sizeof(words));
	return s->shake->is_out_of_memory ? err_raise(-ENOMEM) : TLS_FAILED;
}

static int ssl_new(struct tls_session *s, SSL_CTX *context)
{
	struct tls_library *library = NULL;
	int r = tls_library_open(&library);
	if (r)
		return err_up(r);
	s->shake = calloc(1, sizeof(*s->shake));
	if (!s->shake)
		return err_raise(-ENOMEM);
	s->ssl = SSL_new(context);
	BIO *bio = s->ssl ? BIO_new(library->bio) : NULL;
	if (!bio) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	BIO_set_data(bio, s);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, s);
	return 0;
}

static void session_freep(struct tls_session **s)
{
	tls_session_free(*s);
}

int tls_session_accept(struct tls_session **ret_s, struct tls_server *server, void *owner)
{
	CLEAN(session_freep) struct tls_session *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->owner = owner;
	s->facts = no_facts;
	s->server = tls_server_ref(server);
	int r = ssl_new(s, server->identities.list[0].context);
	if (r)
		return err_up(r);
	s->shake->signer = server->signer;
	if (server->is_compact)
		tls_handover_want(s);
	SSL_set_mode(s->ssl, SSL_MODE_ASYNC);
	SSL_set_accept_state(s->ssl);
	*ret_s = TAKE(s);
	return 0;
}

int tls_session_new_client(struct tls_session **ret_s, SSL_CTX *context, const char *sni,
                           void *owner)
{
	CLEAN(session_freep) struct tls_session *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->owner = owner;
	s->facts = no_facts;
	int r = ssl_new(s, context);
	if (r)
		return err_up(r);
	s->shake->is_hello_over = true; /* it is ours */
	if (sni && !SSL_set_tlsext_host_name(s->ssl, sni)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	SSL_set_connect_state(s->ssl);
	*ret_s = TAKE(s);
	return 0;
}

int tls_session_connect(struct tls_session **ret_s, struct tls_client *client, void *owner)
{
	struct tls_session *s = NULL;
	int r = tls_session_new_client(&s, client->context, client->sni, owner);
	if (r)
		return err_up(r);
	s->client = tls_client_ref(client);
	s->shake->signer = client->signer;
	if (client->is_compact)
		tls_handover_want(s);
	*ret_s = s;
	return 0;
}

void tls_session_withhold_ticket(struct tls_session *s)
{
	SSL_set_options(s->ssl, SSL_OP_NO_TICKET);
	SSL_set_num_tickets(s->ssl, 0);
}

/* The fiber must run to its end, or its stack is lost (DECISIONS 4). */
static void job_finish(struct tls_session *s)
{
	struct slice nothing = {};
	if (s->shake->signing == TLS_SIGNING_ASKED)
		s->shake->signer->cancel(s->shake->signer, s);
	s->shake->is_ending = true;
	buf_deinit(&s->shake->signature);
	s->shake->signing = TLS_SIGNING_ANSWERED;
	session_enter(s, &nothing, NULL);
	SSL_do_handshake(s->ssl);
	session_leave(s);
	job_note(s, false);
	ERR_clear_error();
}

void tls_session_shake_free(struct tls_session *s)
{
	if (s->shake && s->shake->is_job_paused)
		job_finish(s);
	SSL_free(s->ssl);
	s->ssl = NULL;
	if (!s->shake)
		return;
	buf_deinit(&s->shake->first);
	buf_deinit(&s->shake->signature);
	explicit_bzero(&s->shake->handover, sizeof(s->shake->handover));
	free(s->shake);
	s->shake = NULL;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	tls_session_shake_free(s);
	tls_compact_free(s);
	tls_server_unref(s->server);
	tls_client_unref(s->client);
	tls_proving_free(s->proving);
	free(s->hello);
	free(s->sni);
	free(s->peer_names);
	free(s->chain);
	free(s);
}

void *tls_session_owner(const struct tls_session *s)
{
	return s->owner;
}

/* Handshake */

int tls_session_sign(struct tls_session *s, uint32_t key_id, uint16_t scheme, struct slice digest,
                     struct slice *ret_sig)
{
	struct tls_signer *signer = s->shake->signer;
	if (!signer || s->shake->is_ending || !ASYNC_get_current_job())
		return TLS_FAILED;
	s->shake->signing = TLS_SIGNING_ASKED;
	signer->request(signer, s, key_id, scheme, digest);
	while (s->shake->signing == TLS_SIGNING_ASKED) {
		if (ASYNC_pause_job())
			continue;
		signer->cancel(signer, s);
		s->shake->signing = TLS_SIGNING_ANSWERED;
	}
	s->shake->signing = TLS_SIGNING_NONE;
	if (!buf_len(&s->shake->signature)) {
		snprintf(s->shake->error, sizeof(s->shake->error), "keys gave no signature");
		return TLS_FAILED;
	}
	s->shake->is_signed = true;
	*ret_sig = buf_slice(&s->shake->signature);
	return 0;
}

void tls_session_signed(struct tls_session *s, struct slice sig)
{
	if (!s->shake || s->shake->signing != TLS_SIGNING_ASKED)
		return;
	buf_clear(&s->shake->signature);
	if (buf_add(&s->shake->signature, sig))
		s->shake->is_out_of_memory = true;
	s->shake->signing = TLS_SIGNING_ANSWERED;
}

static int hello_keep(struct tls_session *s, const struct tls_hello *hello)
{
	s->hello = malloc(sizeof(*s->hello));
	if (!s->hello)
		return err_raise(-ENOMEM);
	*s->hello = *hello;
	if (!hello->sni[0])
		return 0;
	s->sni = strdup(hello->sni);
	if (!s->sni)
		return err_raise(-ENOMEM);
	s->facts.sni = s->sni;
	return 0;
}

/* Before OpenSSL sees them: what it refuses is to be known too, and tickets ask for the SNI. */
static int hello_collect(struct tls_session *s, struct slice input)
{
	struct tls_hello hello;
	struct slice all = input;
	int r = 0;
	if (s->shake->is_hello_over || !input.len)
		return 0;
	if (buf_len(&s->shake->first)) {
		r = buf_add(&s->shake->first, input);
		all = buf_slice(&s->shake->first);
	}
	if (r)
		return err_up(r);
	r = tls_hello_parse(all, &hello);
	s->shake->is_hello_over = r != TLS_HELLO_MORE || all.len > TLS_HELLO_INPUT_MAX;
	if (r == TLS_HELLO_MORE && !s->shake->is_hello_over)
		return buf_len(&s->shake->first) ? 0 : err_up(buf_add(&s->shake->first, input));
	if (r == 0)
		r = hello_keep(s, &hello);
	buf_deinit(&s->shake->first);
	return r < 0 ? err_up(r) : 0;
}

static void on_message(int is_sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *arg)
{
	struct tls_session *s = arg;
	(void)version;
	(void)data;
	(void)len;
	(void)ssl;
	if (is_sent || type != SSL3_RT_HANDSHAKE || tls_patience_spend(&s->shake->patience))
		return;
	s->is_dead = true; /* our BIO gives OpenSSL nothing any more */
	snprintf(s->shake->error, sizeof(s->shake->error), "too many messages without data");
}

static void certificates_drop(STACK_OF(X509) * list)
{
	while (sk_X509_num(list) > 0)
		X509_free(sk_X509_pop(list));
}

/*
 * Of what a server sent, 4 KB of memory a certificate, only its own is asked for after the
 * handshake. OpenSSL would keep the rest as long as the session.
 */
static void chain_drop(struct tls_session *s)
{
	if (SSL_is_server(s->ssl) || s->shake->is_visit)
		return;
	certificates_drop(SSL_get_peer_cert_chain(s->ssl));
	certificates_drop(SSL_get0_verified_chain(s->ssl));
}

static int handshake_end(struct tls_session *s)
{
	int r = s->proving ? tls_proving_conclude(s->proving, s->ssl) : 0;
	if (!r)
		r = tls_inside_chain_keep(&s->chain, s);
	if (r)
		return err_up(r);
	chain_drop(s);
	tls_session_facts_fill(s);
	s->is_up = true;
	s->shake->patience = TLS_PATIENCE;
	buf_deinit(&s->shake->signature);
	SSL_clear_mode(s->ssl, SSL_MODE_ASYNC);
	SSL_set_msg_callback(s->ssl, on_message);
	SSL_set_msg_callback_arg(s->ssl, s);
	return 0;
}

static int handshake_step(struct tls_session *s)
{
	int done = SSL_do_handshake(s->ssl);
	int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, done);
	job_note(s, error == SSL_ERROR_WANT_ASYNC);
	if (done == 1)
		return err_up(handshake_end(s));
	switch (error) {
	case SSL_ERROR_WANT_READ:
		/* What else the peer has, a certificate maybe, is read on a stack of usual size. */
		if (s->shake->is_signed)
			SSL_clear_mode(s->ssl, SSL_MODE_ASYNC);
		return TLS_MORE;
	case SSL_ERROR_WANT_ASYNC:
		return TLS_SIGNING;
	case SSL_ERROR_WANT_X509_LOOKUP:
		/* The server's certificate was read on a stack of usual size. */
		SSL_set_mode(s->ssl, SSL_MODE_ASYNC);
		return handshake_step(s);
	default: /* OpenSSL's, not an enum of ours */
		return session_fail(s);
	}
}

int tls_session_handshake(struct tls_session *s, struct slice *input, struct buf *out)
{
	if (s->is_dead)
		return TLS_FAILED;
	if (s->is_up)
		return 0;
	if (s->shake->signing == TLS_SIGNING_ASKED)
		return TLS_SIGNING;
	int r = hello_collect(s, *input);
	if (r)
		return err_up(r);
	session_enter(s, input, out);
	r = handshake_step(s);
	session_leave(s);
	if (!r && s->shake->handover.is_wanted)
		r = tls_handover(s);
	return r; /* enum tls_result, or -ENOMEM */
}

/* After it */

static int read_failed(struct tls_session *s, int result)
{
	if (s->is_dead)
		return session_fail(s);
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default: /* OpenSSL's, not an enum of ours */
		return session_fail(s);
	}
}

int tls_session_read(struct tls_session *s, struct slice *input, struct buf *out, uint8_t *plain,
                     size_t cap, size_t *ret_len)
{
	if (s->is_dead || !s->is_up)
		return TLS_FAILED;
	if (s->records)
		return tls_records_open(s->records, input, out, plain, cap, ret_len);
	session_enter(s, input, out);
	int result = SSL_read_ex(s->ssl, plain, cap, ret_len);
	session_leave(s);
	if (result != 1)
		return read_failed(s, result);
	tls_patience_restore(&s->shake->patience);
	return 0;
}

/* In records as large as they may be. */
static int piece_write(struct tls_session *s, struct slice plain, struct buf *out)
{
	struct slice nothing = {};
	size_t written = 0;
	if (s->records)
		return tls_records_seal(s->records, plain, out);
	session_enter(s, &nothing, out);
	int result = SSL_write_ex(s->ssl, plain.data, plain.len, &written);
	session_leave(s);
	if (result != 1)
		return session_fail(s);
	tls_patience_earn(&s->shake->patience, plain.len / SSL3_RT_MAX_PLAIN_LENGTH + 1);
	return 0;
}

int tls_session_write(struct tls_session *s, struct slice plain, struct buf *out)
{
	int r = 0;
	if (s->is_dead || !s->is_up)
		return TLS_FAILED;
	while (!r && plain.len) {
		size_t len = tls_record_size_next(&s->begun, plain.len);
		r = piece_write(s, slice_head(plain, len), out);
		plain = slice_skip(plain, len);
	}
	return r; /* TLS_FAILED, or -ENOMEM */
}

void tls_session_rest(struct tls_session *s)
{
	s->begun = 0;
}

void tls_session_close(struct tls_session *s, struct buf *out)
{
	struct slice nothing = {};
	if (s->is_dead || !s->is_up)
		return;
	if (s->records) {
		tls_records_close(s->records, out);
		return;
	}
	session_enter(s, &nothing, out);
	SSL_shutdown(s->ssl);
	session_leave(s);
	ERR_clear_error();
}

const struct tls_facts *tls_session_facts(const struct tls_session *s)
{
	return &s->facts;
}

const struct tls_hello *tls_session_hello(const struct tls_session *s)
{
	return s->hello;
}

void tls_session_forget_hello(struct tls_session *s)
{
	free(s->hello);
	s->hello = NULL;
}

const char *tls_session_error(const struct tls_session *s)
{
	return s->records ? tls_records_error(s->records) : s->shake->error;
}

bool tls_session_is_verified(const struct tls_session *s)
{
	return s->is_up && s->client && s->client->verify != TLS_VERIFY_NONE;
}
