#include "watch/services.h"
#include "watch/watch.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

struct segment {
	uint32_t client; /* its address: 10.x.x.x; the server is 10.255.0.1:25 */
	bool is_server;
	uint8_t flags;
	uint32_t seq, ack;
	const char *text;
};

static void send_segment(struct watch *w, const struct segment *s)
{
	uint8_t bytes[512] = { 0x45 };
	size_t len = 40 + strlen(s->text);
	uint8_t *client = bytes + (s->is_server ? 16 : 12),
		*server = bytes + (s->is_server ? 12 : 16);
	put16(bytes + 2, (unsigned)len);
	bytes[9] = WATCH_IP_TCP;
	put32(client, 0x0a000000 | s->client);
	put32(server, 0x0aff0001);
	put16(bytes + 20, s->is_server ? 25 : 1025);
	put16(bytes + 22, s->is_server ? 1025 : 25);
	put32(bytes + 24, s->seq);
	put32(bytes + 28, s->ack);
	bytes[32] = 5 << 4;
	bytes[33] = s->flags;
	memcpy(bytes + 40, s->text, strlen(s->text));
	const struct watch_frame frame = { .bytes = slice_of(bytes, len), .at_s = 100 };
	assert_int_equal(watch_feed(w, &frame), 0);
}

static void begin(struct watch *w, uint32_t client)
{
	send_segment(w, &(struct segment){ client, false, WATCH_TCP_SYN, 0, 0, "" });
	send_segment(w, &(struct segment){ client, true, WATCH_TCP_SYN | WATCH_TCP_ACK, 0, 1, "" });
}

static void greet(struct watch *w, uint32_t client)
{
	begin(w, client);
	send_segment(w, &(struct segment){ client, true, WATCH_TCP_ACK, 1, 1, "220 x ESMTP\r\n" });
	send_segment(w, &(struct segment){ client, false, WATCH_TCP_ACK, 1, 14,
	                                   "EHLO a\r\nMAIL FROM:<a@b>\r\n" });
}

static struct watch *watch_make(size_t flows_max, enum watch_wire wire)
{
	struct watch *w;
	const struct watch_settings settings = { .link = WATCH_LINK_RAW,
		                                 .wire = wire,
		                                 .flows_max = flows_max };
	assert_int_equal(watch_new(&w, &settings), 0);
	return w;
}

static void test_watch_many_clients_are_one_service(void **state)
{
	struct watch *w = watch_make(0, WATCH_NETWORK);
	struct watch_services services;
	(void)state;
	for (uint32_t i = 1; i <= 20; i++)
		greet(w, i);
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(watch_services_make(&services, watch_rows_of(w)), 0);
	assert_int_equal(services.count, 1);
	assert_int_equal(services.list[0].client_count, 20);
	assert_int_equal(services.list[0].flows, 20);
	assert_int_equal(services.list[0].row->key.verdict, WATCH_PLAIN);
	watch_services_deinit(&services);
	watch_free(w);
}

/* The oldest give way, and are judged by what was seen of them. */
static void test_watch_flows_are_bounded(void **state)
{
	struct watch *w = watch_make(10, WATCH_NETWORK);
	struct watch_services services;
	(void)state;
	for (uint32_t i = 1; i <= 1000; i++)
		greet(w, i);
	assert_int_equal(watch_counts_of(w)->flows, 1000);
	assert_int_equal(watch_counts_of(w)->flows_forgotten, 990);
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(watch_services_make(&services, watch_rows_of(w)), 0);
	assert_int_equal(services.list[0].flows, 1000);
	watch_services_deinit(&services);
	watch_free(w);
}

/* Clients without a row of their own share one: no verdict is lost. */
static void test_watch_rows_are_bounded(void **state)
{
	struct watch *w = watch_make(10, WATCH_NETWORK);
	struct watch_services services;
	(void)state;
	for (uint32_t i = 1; i <= WATCH_ROWS_MAX + 50; i++)
		greet(w, i);
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(watch_rows_of(w)->count, WATCH_ROWS_MAX + 1);
	assert_int_equal(watch_rows_of(w)->left_out, 0);
	assert_int_equal(watch_services_make(&services, watch_rows_of(w)), 0);
	assert_int_equal(services.count, 1);
	assert_int_equal(services.list[0].flows, WATCH_ROWS_MAX + 50);
	watch_services_deinit(&services);
	watch_free(w);
}

static void test_watch_bytes_move_with_the_verdict(void **state)
{
	struct watch *w = watch_make(0, WATCH_NETWORK);
	struct watch_services services;
	(void)state;
	greet(w, 1);
	send_segment(w, &(struct segment){ 1, false, WATCH_TCP_ACK, 26, 14,
	                                   "AUTH PLAIN AGFubmEAc2VjcmV0\r\n" });
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(watch_services_make(&services, watch_rows_of(w)), 0);
	assert_int_equal(services.count, 1);
	assert_int_equal(services.list[0].row->key.verdict, WATCH_PASSWORD);
	assert_int_equal(services.list[0].flows, 1);
	assert_int_equal(services.list[0].bytes, 13 + 25 + 29);
	watch_services_deinit(&services);
	watch_free(w);
}

static void test_watch_ports_that_are_used_again(void **state)
{
	struct watch *w = watch_make(0, WATCH_NETWORK);
	(void)state;
	for (int i = 0; i < 3; i++) {
		greet(w, 1);
		send_segment(w, &(struct segment){ 1, false, WATCH_TCP_RST, 26, 0, "" });
	}
	assert_int_equal(watch_counts_of(w)->flows, 3);
	watch_free(w);
}

/* Each row once, as they were found; what is no more is not told of. */
static void test_watch_tell(void **state)
{
	struct watch *w = watch_make(0, WATCH_NETWORK);
	(void)state;
	assert_null(watch_tell(w));
	greet(w, 1);
	greet(w, 2);
	/* The row of the first is another one now. */
	send_segment(w, &(struct segment){ 1, false, WATCH_TCP_ACK, 26, 14,
	                                   "AUTH PLAIN AGFubmEAc2VjcmV0\r\n" });
	const struct watch_row *row = watch_tell(w);
	assert_non_null(row);
	assert_int_equal(row->key.verdict, WATCH_PLAIN);
	assert_int_equal(row->key.client.bytes[15], 2);
	row = watch_tell(w);
	assert_non_null(row);
	assert_int_equal(row->key.verdict, WATCH_PASSWORD);
	assert_int_equal(row->key.client.bytes[15], 1);
	assert_null(watch_tell(w));
	watch_free(w);
}

/* Those that ended go first and are not counted; then those that were silent longest. */
static void test_watch_who_gives_way(void **state)
{
	struct watch *w = watch_make(3, WATCH_NETWORK);
	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		greet(w, i);
	send_segment(w, &(struct segment){ 2, false, WATCH_TCP_RST, 26, 0, "" });
	greet(w, 4);
	assert_int_equal(watch_counts_of(w)->flows_forgotten, 0);
	greet(w, 5);
	assert_int_equal(watch_counts_of(w)->flows_forgotten, 1);
	assert_int_equal(watch_counts_of(w)->flows_cut, 1);
	assert_int_equal(watch_counts_of(w)->flows, 5);
	send_segment(w, &(struct segment){ 3, false, WATCH_TCP_ACK, 26, 14, "QUIT\r\n" });
	assert_int_equal(watch_counts_of(w)->flows, 5); /* it was the first that went */
	watch_free(w);
}

static void test_watch_wire(void **state)
{
	struct watch *w = watch_make(0, WATCH_INSIDE);
	struct watch_services services;
	(void)state;
	greet(w, 1);
	assert_int_equal(watch_services_make(&services, watch_rows_of(w)), 0);
	assert_int_equal(services.list[0].row->key.wire, WATCH_INSIDE);
	watch_services_deinit(&services);
	watch_free(w);
	assert_int_equal(watch_wire_of(WATCH_LOCAL, true), WATCH_NETWORK);
	assert_int_equal(watch_wire_of(WATCH_LOCAL, false), WATCH_LOCAL);
	assert_int_equal(watch_wire_of(WATCH_INSIDE, true), WATCH_INSIDE);
}

/* What a listener was told. */
struct listening {
	struct watch_listener listener;
	struct watch_ear ear;
	size_t keeps; /* of the last line */
	unsigned begun, lines, told[WATCH_NEWS_END + 1];
	char last[64];
	enum watch_verdict verdict;
};

static void on_line(struct watch_ear *ear, const struct watch_talk *talk, enum watch_side side,
                    struct slice line)
{
	struct listening *l = (struct listening *)((char *)ear - offsetof(struct listening, ear));
	assert_non_null(talk->proto);
	l->lines++;
	ear->held = l->keeps;
	slice_to_text(line, l->last, sizeof(l->last));
}

static struct watch_ear *on_begin(struct watch_listener *listener, const struct watch_flow *f)
{
	struct listening *l = (struct listening *)listener;
	l->begun++;
	l->ear.held = 0;
	return &l->ear;
}

static void on_news(struct watch_listener *listener, const struct watch_flow *f,
                    enum watch_news news)
{
	struct listening *l = (struct listening *)listener;
	l->told[news]++;
	l->verdict = f->verdict;
}

static struct watch *listening_begin(struct listening *l)
{
	struct watch *w;
	*l = (struct listening){ .listener = { on_begin, on_news }, .ear.line = on_line };
	const struct watch_settings settings = { .link = WATCH_LINK_RAW, .listener = &l->listener };
	assert_int_equal(watch_new(&w, &settings), 0);
	greet(w, 1);
	return w;
}

static void test_watch_listener_hears_a_connection(void **state)
{
	struct listening l;
	struct watch *w = listening_begin(&l);
	assert_int_equal(l.begun, 1);
	assert_int_equal(l.lines, 3);
	assert_string_equal(l.last, "MAIL FROM:<a@b>");
	send_segment(w, &(struct segment){ 1, false, WATCH_TCP_ACK, 26, 14,
	                                   "AUTH PLAIN AGFubmEAc2VjcmV0\r\nNOOP\r\n" });
	assert_int_equal(l.told[WATCH_NEWS_SECRET], 1);
	assert_string_equal(l.last, "NOOP");
	send_segment(w, &(struct segment){ 1, false, WATCH_TCP_ACK | WATCH_TCP_FIN, 61, 14, "" });
	assert_int_equal(l.told[WATCH_NEWS_END], 0);
	send_segment(w, &(struct segment){ 1, true, WATCH_TCP_ACK | WATCH_TCP_FIN, 14, 62, "" });
	assert_int_equal(l.told[WATCH_NEWS_END], 1);
	assert_int_equal(l.verdict, WATCH_PASSWORD);
	assert_int_equal(watch_rows_of(w)->count, 0);
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(l.told[WATCH_NEWS_END], 1);
	watch_free(w);
}

static void test_watch_sweep(void **state)
{
	struct listening l;
	struct watch *w = listening_begin(&l);
	assert_int_equal(watch_sweep(w, 100 + WATCH_OPEN_S), 0);
	assert_int_equal(l.told[WATCH_NEWS_OPEN], 0);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(watch_sweep(w, 100 + WATCH_OPEN_S + i), 0);
		assert_int_equal(l.told[WATCH_NEWS_OPEN], 1);
	}
	assert_int_equal(watch_sweep(w, 101 + WATCH_IDLE_S), 0);
	assert_int_equal(l.told[WATCH_NEWS_END], 1);
	greet(w, 1); /* the place of the one that rested is free */
	assert_int_equal(l.begun, 2);
	watch_free(w);
	assert_int_equal(l.told[WATCH_NEWS_END], 2);
}

/* Else who keeps half a command open in many connections fills the memory. */
static void test_watch_counts_what_an_ear_keeps(void **state)
{
	struct listening l;
	struct watch *w = listening_begin(&l);
	l.keeps = WATCH_HELD_ALL_MAX + 1;
	send_segment(w, &(struct segment){ 1, false, WATCH_TCP_ACK, 26, 14, "NOOP\r\n" });
	assert_int_equal(l.told[WATCH_NEWS_END], 0);
	l.keeps = 0;
	greet(w, 2);
	assert_int_equal(l.told[WATCH_NEWS_END], 1);
	greet(w, 3);
	assert_int_equal(l.told[WATCH_NEWS_END], 1);
	assert_int_equal(watch_end(w), 0);
	assert_int_equal(l.told[WATCH_NEWS_END], 3);
	watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch_many_clients_are_one_service),
		cmocka_unit_test(test_watch_flows_are_bounded),
		cmocka_unit_test(test_watch_rows_are_bounded),
		cmocka_unit_test(test_watch_bytes_move_with_the_verdict),
		cmocka_unit_test(test_watch_ports_that_are_used_again),
		cmocka_unit_test(test_watch_tell),
		cmocka_unit_test(test_watch_who_gives_way),
		cmocka_unit_test(test_watch_wire),
		cmocka_unit_test(test_watch_listener_hears_a_connection),
		cmocka_unit_test(test_watch_counts_what_an_ear_keeps),
		cmocka_unit_test(test_watch_sweep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
