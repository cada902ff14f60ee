#include "bench/pair.h"

#include "base/clean.h"
#include "keys/selfsigned.h"
#include "keys/store.h"

#include <string.h>

/* One per program: it measures one thing. */
static struct {
	struct tls_signer tls;
	struct keys_store *store;
	struct buf chain;
	struct tls_session *asking;
	uint16_t scheme;
	uint8_t digest[64];
	size_t digest_len;
} signer;

static void on_request(struct tls_signer *tls, struct tls_session *session, uint32_t key_id,
                       uint16_t scheme, struct slice digest)
{
	(void)tls;
	(void)key_id;
	signer.asking = session;
	signer.scheme = scheme;
	signer.digest_len = digest.len;
	memcpy(signer.digest, digest.data, digest.len);
}

static void on_cancel(struct tls_signer *tls, struct tls_session *session)
{
	(void)tls;
	(void)session;
	signer.asking = NULL;
}

static void answer(void)
{
	CLEAN(buf_deinit) struct buf sig = {};
	if (!signer.asking)
		return;
	MUST(keys_store_sign(signer.store, 1, signer.scheme,
	                     slice_of(signer.digest, signer.digest_len), &sig) == 0);
	tls_session_signed(TAKE(signer.asking), buf_slice(&sig));
}

void pair_init(void)
{
	CLEAN(buf_deinit_secret) struct buf key = {};
	signer.tls = (struct tls_signer){ on_request, on_cancel };
	MUST(keys_self_signed_make(&key, &signer.chain, "bench.test") == 0);
	MUST(keys_store_new(&signer.store) == 0);
	MUST(keys_store_add(signer.store, 1, buf_slice(&key)) == 0);
}

void pair_deinit(void)
{
	keys_store_free(signer.store);
	buf_deinit(&signer.chain);
}

struct tls_server *pair_server_new(bool is_compact)
{
	struct tls_certificate_spec spec = { "bench", buf_slice(&signer.chain), 1 };
	struct tls_server_settings set = { .policy = { .profile = TLS_PROFILE_USER,
		                                       .min_version = TLS_1_2,
		                                       .groups = "X25519",
		                                       .has_tickets = true },
		                           .certificates = &spec,
		                           .certificate_count = 1,
		                           .is_compact = is_compact,
		                           .signer = &signer.tls };
	struct tls_server *server = NULL;
	char error[128];
	MUST(tls_server_new(&server, &set, error, sizeof(error)) == 0);
	return server;
}

struct tls_client *pair_client_new(void)
{
	struct tls_client_settings set = { .verify = TLS_VERIFY_NONE, .min_version = TLS_1_2 };
	struct tls_client *client = NULL;
	char error[128];
	MUST(tls_client_new(&client, &set, error, sizeof(error)) == 0);
	return client;
}

static int shake(struct tls_session *s, struct buf *in, struct buf *out)
{
	struct slice input = buf_slice(in);
	size_t all = input.len;
	int r = tls_session_handshake(s, &input, out);
	buf_consume(in, all - input.len);
	return r;
}

static void no_clock(void)
{
}

void pair_up(struct pair *p, struct tls_server *server, struct tls_client *client,
             const struct pair_clock *clock)
{
	static const struct pair_clock none = { no_clock, no_clock };
	if (!clock)
		clock = &none;
	*p = (struct pair){};
	MUST(tls_session_connect(&p->client, client, NULL) == 0);
	clock->start();
	MUST(tls_session_accept(&p->server, server, NULL) == 0);
	clock->stop();
	int ours = TLS_MORE, theirs = TLS_MORE;
	for (int i = 0; i < 10 && (ours || theirs); i++) {
		theirs = shake(p->client, &p->to_client, &p->to_server);
		clock->start();
		ours = shake(p->server, &p->to_server, &p->to_client);
		clock->stop();
		answer();
	}
	MUST(!ours && !theirs);
	tls_session_forget_hello(p->server);
}

void pair_down(struct pair *p)
{
	tls_session_free(p->server);
	tls_session_free(p->client);
	buf_deinit(&p->to_server);
	buf_deinit(&p->to_client);
}

size_t pair_hear(struct tls_session *s, struct buf *in, struct buf *out, uint8_t *plain, size_t cap)
{
	struct slice input = buf_slice(in);
	size_t have = 0, len = 0;
	while (have + 16384 <= cap &&
	       tls_session_read(s, &input, out, plain + have, cap - have, &len) == 0)
		have += len;
	buf_clear(in);
	return have;
}
