/*
 * What TLS costs a worker after the handshake, with compact sessions and with OpenSSL's: both ends
 * over memory, the server's part alone on the clock. Prints, for each, MB per CPU second that
 * tls_session_write() and tls_session_read() move, what a line that goes both ways costs in each
 * of many sessions, what a handshake costs, and what an idle session holds.
 */
#include "base/clean.h"
#include "keys/selfsigned.h"
#include "keys/store.h"
#include "tls/client.h"
#include "tls/server.h"
#include "tls/session.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

enum { PIECE = 256 * 1024, BULK = 512, LINES = 2000, SESSIONS = 1000, ROUNDS = 20 };

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "bench_records: %s\n", #what);                             \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct bench_signer {
	struct tls_signer tls; /* first */
	struct keys_store *store;
	struct tls_session *asking;
	uint16_t scheme;
	uint8_t digest[64];
	size_t digest_len;
};

struct pair {
	struct tls_session *server, *client;
	struct buf to_server, to_client;
};

static struct bench_signer signer;
static uint8_t text[PIECE], plain[PIECE + 32768];

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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

static int shake(struct tls_session *s, struct buf *in, struct buf *out)
{
	struct slice input = buf_slice(in);
	size_t all = input.len;
	int r = tls_session_handshake(s, &input, out);
	buf_consume(in, all - input.len);
	return r;
}

/* Returns the server's CPU seconds, without the signature. */
static double pair_up(struct pair *p, struct tls_server *server, struct tls_client *client)
{
	double spent = 0;
	*p = (struct pair){};
	MUST(tls_session_connect(&p->client, client, NULL) == 0);
	double begun = cpu_s();
	MUST(tls_session_accept(&p->server, server, NULL) == 0);
	spent += cpu_s() - begun;
	int ours = TLS_MORE, theirs = TLS_MORE;
	for (int i = 0; i < 10 && (ours || theirs); i++) {
		theirs = shake(p->client, &p->to_client, &p->to_server);
		begun = cpu_s();
		ours = shake(p->server, &p->to_server, &p->to_client);
		spent += cpu_s() - begun;
		answer();
	}
	MUST(!ours && !theirs);
	tls_session_forget_hello(p->server);
	return spent;
}

static void pair_down(struct pair *p)
{
	tls_session_free(p->server);
	tls_session_free(p->client);
	buf_deinit(&p->to_server);
	buf_deinit(&p->to_client);
}

static size_t hear(struct tls_session *s, struct buf *in, struct buf *out)
{
	struct slice input = buf_slice(in);
	size_t have = 0, len = 0;
	while (have + 16384 <= sizeof(plain) &&
	       tls_session_read(s, &input, out, plain + have, sizeof(plain) - have, &len) == 0)
		have += len;
	buf_clear(in);
	return have;
}

struct speeds {
	double writes, reads; /* MB per CPU second */
};

static struct speeds bulk(struct tls_server *server, struct tls_client *client)
{
	struct pair p;
	double writing = 0, reading = 0;
	pair_up(&p, server, client);
	for (int i = 0; i < BULK; i++) {
		double begun = cpu_s();
		MUST(tls_session_write(p.server, slice_of(text, PIECE), &p.to_client) == 0);
		writing += cpu_s() - begun;
		MUST(hear(p.client, &p.to_client, &p.to_server) == PIECE);
		MUST(tls_session_write(p.client, slice_of(text, PIECE), &p.to_server) == 0);
		begun = cpu_s();
		MUST(hear(p.server, &p.to_server, &p.to_client) == PIECE);
		reading += cpu_s() - begun;
	}
	pair_down(&p);
	return (struct speeds){ (double)BULK * PIECE / 1e6 / writing,
		                (double)BULK * PIECE / 1e6 / reading };
}

/* A line and its answer, in each session in turn: microseconds of the server's part. */
static double lines_us(struct pair *pairs, size_t count)
{
	double spent = 0;
	for (size_t i = 0; i < LINES; i++) {
		struct pair *p = &pairs[i % count];
		MUST(tls_session_write(p->client, slice_of(text, 20), &p->to_server) == 0);
		double begun = cpu_s();
		MUST(hear(p->server, &p->to_server, &p->to_client) == 20);
		MUST(tls_session_write(p->server, slice_of(text, 60), &p->to_client) == 0);
		spent += cpu_s() - begun;
		MUST(hear(p->client, &p->to_client, &p->to_server) == 60);
		buf_release(&p->to_client);
		buf_release(&p->to_server);
	}
	return spent / LINES * 1e6;
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* From the first byte to the end of the session, whenever its memory is given back. */
static double handshakes_s(struct tls_server *server, struct tls_client *client)
{
	double spent = 0;
	for (size_t i = 0; i < SESSIONS; i++) {
		struct pair p;
		spent += pair_up(&p, server, client);
		double begun = cpu_s();
		tls_session_free(TAKE(p.server));
		spent += cpu_s() - begun;
		pair_down(&p);
	}
	return spent;
}

static void measure(const char *name, struct tls_server *server, struct tls_client *client)
{
	static struct pair pairs[SESSIONS];
	double handshakes = handshakes_s(server, client);
	size_t before = heap();
	for (size_t i = 0; i < SESSIONS; i++) {
		pair_up(&pairs[i], server, client);
		tls_session_free(TAKE(pairs[i].client));
		buf_deinit(&pairs[i].to_server);
		buf_deinit(&pairs[i].to_client);
	}
	double idle = (double)(heap() - before) / SESSIONS;
	for (size_t i = 0; i < SESSIONS; i++)
		pair_down(&pairs[i]);
	for (size_t i = 0; i < SESSIONS; i++)
		pair_up(&pairs[i], server, client);
	double few = lines_us(pairs, 4), many = lines_us(pairs, SESSIONS);
	for (size_t i = 0; i < SESSIONS; i++)
		pair_down(&pairs[i]);
	struct speeds best = {};
	for (int i = 0; i < ROUNDS / 4; i++) {
		struct speeds s = bulk(server, client);
		best.writes = s.writes > best.writes ? s.writes : best.writes;
		best.reads = s.reads > best.reads ? s.reads : best.reads;
	}
	printf("%-22s writes %5.0f MB/cpu-s, reads %5.0f, a line %4.1f us (of 1000 sessions "
	       "%4.1f), "
	       "handshake %5.1f us, idle %5.0f bytes\n",
	       name, best.writes, best.reads, few, many, handshakes / SESSIONS * 1e6, idle);
}

static struct tls_server *server_make(struct slice chain, bool is_compact)
{
	struct tls_certificate_spec spec = { "bench", chain, 1 };
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

int main(void)
{
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	char error[128];
	signer.tls = (struct tls_signer){ on_request, on_cancel };
	MUST(keys_self_signed_make(&key, &chain, "bench.test") == 0);
	MUST(keys_store_new(&signer.store) == 0);
	MUST(keys_store_add(signer.store, 1, buf_slice(&key)) == 0);
	struct tls_client_settings set = { .verify = TLS_VERIFY_NONE, .min_version = TLS_1_2 };
	struct tls_client *client = NULL;
	MUST(tls_client_new(&client, &set, error, sizeof(error)) == 0);
	struct tls_server *compact = server_make(buf_slice(&chain), true);
	struct tls_server *usual = server_make(buf_slice(&chain), false);
	for (int i = 0; i < 3; i++) {
		measure("OpenSSL", usual, client);
		measure("compact", compact, client);
	}
	tls_server_unref(compact);
	tls_server_unref(usual);
	tls_client_unref(client);
	keys_store_free(signer.store);
	return 0;
}
