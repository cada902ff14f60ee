/*
 * What a worker holds for idle IMAP sessions, in one process and without a socket: for each the
 * session of an edge, its conversation at rest, and TLS with the client and with the backend, which
 * have shaken hands with each other over memory.
 *
 *	million [-o] [COUNT]      a million; -o: OpenSSL's sessions, not compact ones
 *
 * At the end a thousandth of them says a line, both ways, and hears it.
 */
#include "base/clean.h"
#include "base/sparse.h"
#include "conv/rest.h"
#include "edge/session.h"
#include "imap/edge.h"
#include "tls/client.h"
#include "tls/test_support.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 64, SAMPLE = 1000, TOLD = 100000 };

/* Of one idle session. */
struct held {
	struct edge_session *edge;
	struct sparse *rest;
	struct tls_session *client, *backend; /* who is at their far ends: the other */
};

static struct tls_server *server;
static struct tls_client *client;
static struct test_signer signer;

static void die(const char *what)
{
	fprintf(stderr, "million: %s\n", what);
	exit(1);
}

static double clock_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t pss(void)
{
	char line[128];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss: %zu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024;
}

static void setup(bool is_compact)
{
	char error[256];
	struct test_pair pair;
	test_pair_make(&pair, &(struct test_pair_settings){
				      .type = TEST_EC, .names = "mail.example", .days = 90 });
	test_signer_init(&signer);
	if (keys_store_add(signer.store, 1, buf_slice(&pair.key_pem)))
		die("no key");
	const struct tls_certificate_spec spec = { .name = "mx",
		                                   .chain_pem = buf_slice(&pair.chain_pem),
		                                   .key_id = 1 };
	const struct tls_server_settings set = {
		.policy = { .profile = TLS_PROFILE_USER,
		            .min_version = TLS_1_2,
		            .has_tickets = true,
		            .groups = "X25519:P-256" },
		.certificates = &spec,
		.certificate_count = 1,
		.is_compact = is_compact,
		.signer = &signer.tls,
	};
	if (tls_server_new(&server, &set, error, sizeof(error)))
		die(error);
	const struct tls_client_settings to = { .verify = TLS_VERIFY_NONE,
		                                .min_version = TLS_1_2,
		                                .is_compact = is_compact };
	if (tls_client_new(&client, &to, error, sizeof(error)))
		die(error);
}

/* One step of one end. True: it is up. */
static bool step(struct tls_session *s, struct buf *in, struct buf *out)
{
	struct slice input = buf_slice(in);
	int r = tls_session_handshake(s, &input, out);
	if (r == TLS_SIGNING) {
		test_signer_answer(&signer);
		r = tls_session_handshake(s, &input, out);
	}
	if (r && r != TLS_MORE)
		die(tls_session_error(s));
	buf_consume(in, buf_len(in) - input.len);
	return !r;
}

/* What to says reaches from, and is len bytes. */
static void hear(struct tls_session *s, struct buf *in, struct buf *out, size_t len)
{
	uint8_t plain[LINE + 1];
	size_t have = 0, n = 0;
	struct slice input = buf_slice(in);
	while (!tls_session_read(s, &input, out, plain, sizeof(plain), &n))
		have += n;
	if (have != len || input.len)
		die("a session does not hear what was said");
	buf_clear(in);
}

static void shake(struct held *h, struct buf *to_client, struct buf *to_server)
{
	bool is_up = false, are_up = false;
	if (tls_session_accept(&h->client, server, h) ||
	    tls_session_connect(&h->backend, client, h))
		die("no memory");
	for (int i = 0; i < 8 && !are_up; i++) {
		is_up = step(h->backend, to_client, to_server);
		are_up = step(h->client, to_server, to_client) && is_up;
	}
	if (!are_up)
		die("no handshake");
	hear(h->backend, to_client, to_server, 0); /* the tickets */
	buf_clear(to_server);
	tls_session_forget_hello(h->client);
}

/* A user is in. */
static struct sparse *rest_new(size_t number)
{
	static const struct conv_settings set = { .hostname = "mail.example" };
	struct sparse *rest;
	struct conv *c;
	if (conv_new(&c, &imap_edge_ops, &set, NULL))
		die("no memory");
	struct conv_facts *f = &c->facts;
	snprintf(f->session_id, sizeof(f->session_id), "%016zx", number * 0x9e3779b97f4a7c15);
	snprintf(f->client_addr, sizeof(f->client_addr), "198.51.%zu.%zu", number >> 8 & 255,
	         number & 255);
	snprintf(f->local_addr, sizeof(f->local_addr), "192.0.2.143");
	snprintf(f->tls_version, sizeof(f->tls_version), "TLSv1.3");
	snprintf(f->tls_cipher, sizeof(f->tls_cipher), "TLS_AES_128_GCM_SHA256");
	snprintf(f->tls_group, sizeof(f->tls_group), "X25519");
	snprintf(c->user, sizeof(c->user), "user%zu@example.org", number);
	snprintf(c->client_software, sizeof(c->client_software), "Thunderbird 128.4");
	f->client_port = 40000;
	f->local_port = 993;
	f->is_tls = f->is_implicit = c->is_logged_in = true;
	f->now_s = time(NULL);
	if (conv_rest(&rest, &c))
		die("no memory");
	return rest;
}

static void hold(struct held *h, size_t number)
{
	static struct buf to_client, to_server;
	h->edge = calloc(1, sizeof(*h->edge));
	shake(h, &to_client, &to_server);
	h->rest = rest_new(number);
	if (!h->edge)
		die("no memory");
}

static void speak(struct held *h)
{
	static struct buf to_client, to_server, none;
	uint8_t line[LINE] = "a NOOP";
	if (tls_session_write(h->backend, slice_of(line, LINE), &to_server) ||
	    tls_session_write(h->client, slice_of(line, LINE), &to_client))
		die("a session cannot speak");
	hear(h->client, &to_server, &none, LINE);
	hear(h->backend, &to_client, &none, LINE);
}

static void parts_print(const struct held *h)
{
	printf("by part: session %zu, conversation at rest %zu, TLS with the client %zu, with the "
	       "backend %zu%s\n",
	       malloc_usable_size(h->edge), malloc_usable_size(h->rest),
	       tls_session_size(h->client), tls_session_size(h->backend),
	       tls_session_is_compact(h->client) ? "" : " (and what OpenSSL has)");
}

struct options {
	bool is_compact;
	size_t count;
};

static void options_read(struct options *ret_options, int argc, char **argv)
{
	bool is_openssl = argc > 1 && !strcmp(argv[1], "-o");
	const char *number = argc > 1 + is_openssl ? argv[1 + is_openssl] : "1000000";
	size_t count = strtoul(number, NULL, 10);
	if (argc > 2 + is_openssl || !count)
		die("usage: million [-o] [COUNT]");
	*ret_options = (struct options){ .is_compact = !is_openssl, .count = count };
}

/* Says what all of them hold. */
static void hold_all(struct held *all, size_t count)
{
	size_t before = pss(), table = count * sizeof(*all); /* this program's, no worker's */
	double begun = clock_s();
	for (size_t i = 0; i < count; i++) {
		hold(&all[i], i);
		if ((i + 1) % TOLD == 0)
			fprintf(stderr, "%zu after %.0f s\n", i + 1, clock_s() - begun);
	}
	tls_sessions_tidy();
	malloc_trim(0);
	size_t bytes = pss() - before - table;
	printf("%zu sessions in %.0f s: PSS %.1f MiB, %.0f bytes a session, both sides\n", count,
	       clock_s() - begun, (double)bytes / 1048576, (double)bytes / (double)count);
}

int main(int argc, char **argv)
{
	struct options o;
	struct held warm[64] = {};
	options_read(&o, argc, argv);
	setup(o.is_compact);
	struct held *all = calloc(o.count, sizeof(*all));
	if (!all)
		die("no memory");
	for (size_t i = 0; i < COUNT_OF(warm); i++)
		hold(&warm[i], i);
	hold_all(all, o.count);
	parts_print(&all[o.count - 1]);
	for (size_t i = 0; i < o.count; i += SAMPLE)
		speak(&all[i]);
	printf("%zu of them spoke\n", (o.count + SAMPLE - 1) / SAMPLE);
	return 0;
}
