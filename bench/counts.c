/*
 * What the guard counts, one thing a run: bench_counts handshake|compact|record|data. Only what stands
 * between start() and stop() is counted, under valgrind --tool=callgrind --collect-atstart=no;
 * prints how often it did the thing. counts.py runs it.
 */
#include "base/clean.h"
#include "bench/pair.h"
#include "smtp/data.h"

#include <string.h>
#include <valgrind/callgrind.h>

enum { HANDSHAKES = 40, RECORDS = 40, RECORD = 16384, BEGINNING = 4, MEGABYTES = 4, LINE = 76 };

static void start(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static void stop(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static const struct pair_clock counter = { start, stop };
static const struct pair_clock *const uncounted = NULL;

/* A full one, TLS 1.3, P-256, from accept to free; one before it, as the first pays for all. */
static int handshakes(bool is_compact)
{
	struct tls_server *server = pair_server_new(is_compact);
	struct tls_client *client = pair_client_new();
	struct pair p;
	pair_up(&p, server, client, uncounted);
	pair_down(&p);
	for (int i = 0; i < HANDSHAKES; i++) {
		pair_up(&p, server, client, &counter);
		start();
		tls_session_free(TAKE(p.server));
		stop();
		pair_down(&p);
	}
	tls_server_unref(server);
	tls_client_unref(client);
	return HANDSHAKES;
}

/* One sealed, one opened. */
static void record_each_way(struct pair *p, bool is_counted)
{
	static uint8_t text[RECORD], plain[4 * RECORD];
	MUST(tls_session_write(p->client, slice_of(text, sizeof(text)), &p->to_server) == 0);
	if (is_counted)
		start();
	MUST(pair_hear(p->server, &p->to_server, &p->to_client, plain, sizeof(plain)) ==
	     sizeof(text));
	MUST(tls_session_write(p->server, slice_of(text, sizeof(text)), &p->to_client) == 0);
	if (is_counted)
		stop();
	MUST(pair_hear(p->client, &p->to_client, &p->to_server, plain, sizeof(plain)) ==
	     sizeof(text));
}

/* Of full size: what begins a stream, in small ones, is not counted. */
static int records(void)
{
	struct tls_server *server = pair_server_new(true);
	struct tls_client *client = pair_client_new();
	struct pair p;
	pair_up(&p, server, client, uncounted);
	for (int i = 0; i < BEGINNING; i++)
		record_each_way(&p, false);
	for (int i = 0; i < RECORDS; i++)
		record_each_way(&p, true);
	pair_down(&p);
	tls_server_unref(server);
	tls_client_unref(client);
	return RECORDS;
}

/* Lines as base64 has them, taken as they come out of records. */
static int megabytes(void)
{
	static uint8_t text[MEGABYTES << 20];
	CLEAN(buf_deinit) struct buf out = {};
	struct smtp_data data = {};
	size_t used = 0;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % (LINE + 2) == LINE ? '\r' : i % (LINE + 2) > LINE ? '\n' : 'x';
	for (size_t at = 0; at < sizeof(text); at += RECORD) {
		buf_clear(&out);
		start();
		MUST(smtp_data_take(&data, slice_of(text + at, RECORD), &out, &used) == 0);
		stop();
		MUST(used == RECORD);
	}
	return MEGABYTES;
}

int main(int argc, char **argv)
{
	int times = 0;
	pair_init();
	if (argc == 2 && !strcmp(argv[1], "handshake"))
		times = handshakes(false);
	else if (argc == 2 && !strcmp(argv[1], "compact"))
		times = handshakes(true);
	else if (argc == 2 && !strcmp(argv[1], "record"))
		times = records();
	else if (argc == 2 && !strcmp(argv[1], "data"))
		times = megabytes();
	pair_deinit();
	if (!times) {
		fprintf(stderr, "usage: bench_counts handshake|compact|record|data\n");
		return 2;
	}
	printf("%d\n", times);
	return 0;
}
