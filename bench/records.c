/*
 * What TLS costs a worker after the handshake, with compact sessions and with OpenSSL's: both ends
 * over memory, the server's part alone on the clock. Prints, for each, MB per CPU second that
 * tls_session_write() and tls_session_read() move, what a line that goes both ways costs in each
 * of many sessions, what a handshake costs, and what an idle session holds.
 */
#include "base/clean.h"
#include "bench/pair.h"

#include <malloc.h>
#include <time.h>

enum { PIECE = 256 * 1024, BULK = 512, LINES = 2000, SESSIONS = 1000, ROUNDS = 20 };

static uint8_t text[PIECE], plain[PIECE + 32768];

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds of the server's part of handshakes so far. */
static double spent_s;

static void start(void)
{
	spent_s -= cpu_s();
}

static void stop(void)
{
	spent_s += cpu_s();
}

static const struct pair_clock stopwatch = { start, stop };

static size_t hear(struct tls_session *s, struct buf *in, struct buf *out)
{
	return pair_hear(s, in, out, plain, sizeof(plain));
}

struct speeds {
	double writes, reads; /* MB per CPU second */
};

static struct speeds bulk(struct tls_server *server, struct tls_client *client)
{
	struct pair p;
	double writing = 0, reading = 0;
	pair_up(&p, server, client, NULL);
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
	spent_s = 0;
	for (size_t i = 0; i < SESSIONS; i++) {
		struct pair p;
		pair_up(&p, server, client, &stopwatch);
		start();
		tls_session_free(TAKE(p.server));
		stop();
		pair_down(&p);
	}
	return spent_s;
}

static void measure(const char *name, struct tls_server *server, struct tls_client *client)
{
	static struct pair pairs[SESSIONS];
	double handshakes = handshakes_s(server, client);
	size_t before = heap();
	for (size_t i = 0; i < SESSIONS; i++) {
		pair_up(&pairs[i], server, client, NULL);
		tls_session_free(TAKE(pairs[i].client));
		buf_deinit(&pairs[i].to_server);
		buf_deinit(&pairs[i].to_client);
	}
	double idle = (double)(heap() - before) / SESSIONS;
	for (size_t i = 0; i < SESSIONS; i++)
		pair_down(&pairs[i]);
	for (size_t i = 0; i < SESSIONS; i++)
		pair_up(&pairs[i], server, client, NULL);
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

int main(void)
{
	pair_init();
	struct tls_client *client = pair_client_new();
	struct tls_server *compact = pair_server_new(true);
	struct tls_server *usual = pair_server_new(false);
	for (int i = 0; i < 3; i++) {
		measure("OpenSSL", usual, client);
		measure("compact", compact, client);
	}
	tls_server_unref(compact);
	tls_server_unref(usual);
	tls_client_unref(client);
	pair_deinit();
	return 0;
}
