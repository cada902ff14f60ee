#include "hops/way.h"

#include "base/clean.h"
#include "hops/mbox.h"
#include "hops/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SEALED                                                                                     \
	"Received: from a.example (a.example [203.0.113.1]) (using TLSv1.3 with cipher "           \
	"TLS_AES_128_GCM_SHA256 (128/128 bits)) by mx.example (Postfix) with ESMTPS id 1;"         \
	" 24 Nov 2026 06:28:09 +0000\n"
#define PLAIN                                                                                      \
	"Received: from a.example (a.example [203.0.113.1]) by mx.example (Postfix) with ESMTP"    \
	" id 1; 24 Nov 2026 06:28:19 +0000\n"
#define OURS                                                                                       \
	"Received: from a.example ([203.0.113.1]) by mx.example (mailseal) with ESMTPS"            \
	" id 0123456789abcdef tls TLS_AES_128_GCM_SHA256 group X25519 (TLSv1.3);"                  \
	" 24 Nov 2026 06:28:18 +0000\n"

static struct hops_way *way_of(const char *text, const struct hops_settings *settings)
{
	struct hops_header *h = calloc(1, sizeof(*h));
	struct hops_way *w = malloc(sizeof(*w));
	struct slice rest = slice_str(text);
	assert_non_null(h);
	assert_non_null(w);
	hops_way_init(w, settings);
	for (int r = 0; r != HOPS_HEADER_END && rest.len;) {
		size_t used;
		r = hops_header_feed(h, rest, &used);
		rest = slice_skip(rest, used);
		if (!r)
			hops_way_add(w, h);
	}
	if (hops_header_finish(h))
		hops_way_add(w, h);
	hops_way_finish(w);
	free(h);
	return w;
}

static void test_way_result_is_the_worst(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum hops_result result;
	} cases[] = {
		{ SEALED, HOPS_RESULT_SEALED },
		{ SEALED PLAIN, HOPS_RESULT_PLAIN },
		{ SEALED "Received: by x with LMTP; 1\n", HOPS_RESULT_UNKNOWN },
		{ PLAIN "Received: by x with LMTP; 1\n", HOPS_RESULT_PLAIN },
		{ SEALED "Received: by x with ESMTPS; 1\n", HOPS_RESULT_ENCRYPTED },
		{ SEALED "Received: by x with local; 1\n", HOPS_RESULT_SEALED },
		{ "Received: by x with local; 1\n", HOPS_RESULT_LOCAL },
		{ "Subject: x\n", HOPS_RESULT_UNKNOWN },
	};
	const struct hops_settings settings = {};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(freep) struct hops_way *w = way_of(cases[i].text, &settings);
		if (w->result != cases[i].result)
			fail_msg("%zu: %s", i, hops_result_name(w->result));
	}
}

static void test_way_delays(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	CLEAN(freep) struct hops_way *w = way_of(SEALED PLAIN SEALED, &settings);
	assert_int_equal(w->count, 3);
	assert_int_equal(w->hops[0].delay_s, -10);
	assert_int_equal(w->hops[1].delay_s, 10);
	assert_true(w->hops[0].has_delay && w->hops[1].has_delay);
	assert_false(w->hops[2].has_delay);
}

static void test_way_pair_is_one_hop(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	CLEAN(freep) struct hops_way *w = way_of(PLAIN OURS, &settings);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->hops[0].verdict, HOPS_ENCRYPTED);
	assert_true(w->hops[0].has_backend);
	assert_int_equal(w->hops[0].backend_verdict, HOPS_LOCAL);
	assert_int_equal(w->result, HOPS_RESULT_SEALED);
}

/* One field of a stranger's below the real pair is no part of it. */
static void test_way_pair_is_of_two(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	CLEAN(freep) struct hops_way *w = way_of(PLAIN OURS OURS, &settings);
	assert_int_equal(w->count, 2);
	CLEAN(freep) struct hops_way *other = way_of(OURS PLAIN, &settings);
	assert_int_equal(other->count, 2);
	assert_int_equal(other->result, HOPS_RESULT_PLAIN);
}

/* Under a boundary both have to be trusted. */
static void test_way_pair_needs_trust(void **state)
{
	(void)state;
	struct hops_settings settings = {};
	assert_int_equal(hops_hosts_add(&settings.trusted, "mx.example"), 0);
	CLEAN(freep) struct hops_way *ours = way_of(PLAIN OURS, &settings);
	assert_false(ours->hops[0].is_claimed);
	assert_int_equal(ours->result, HOPS_RESULT_SEALED);
	CLEAN(freep)
	struct hops_way *other = way_of(
		PLAIN "Received: from a.example ([203.0.113.1]) by evil.example (mailseal) with "
		      "ESMTPS id 0123456789abcdef tls TLS_AES_128_GCM_SHA256 (TLSv1.3); 1\n",
		&settings);
	assert_true(other->hops[0].is_claimed);
	assert_int_equal(other->result, HOPS_RESULT_UNKNOWN);
	hops_hosts_deinit(&settings.trusted);
}

static void test_way_has_an_end(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	struct buf text = {};
	for (int i = 0; i < HOPS_MAX + 10; i++)
		assert_int_equal(buf_add_str(&text, SEALED), 0);
	assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
	CLEAN(freep) struct hops_way *w = way_of((const char *)buf_slice(&text).data, &settings);
	assert_int_equal(w->count, HOPS_MAX);
	assert_int_equal(w->left_out, 10);
	assert_int_equal(w->result, HOPS_RESULT_UNKNOWN);
	buf_deinit(&text);
}

static void test_way_field_that_was_cut_says_nothing(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	struct buf text = {};
	assert_int_equal(buf_add_str(&text, "Received: by x (Postfix) with ESMTPS id "), 0);
	for (int i = 0; i < HOPS_VALUE_MAX; i++)
		assert_int_equal(buf_add_str(&text, "x"), 0);
	assert_int_equal(buf_add(&text, slice_of("\n", 2)), 0);
	CLEAN(freep) struct hops_way *w = way_of((const char *)buf_slice(&text).data, &settings);
	assert_int_equal(w->hops[0].verdict, HOPS_NOT_STATED);
	buf_deinit(&text);
}

static void test_peers_are_summed(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	struct hops_peers p = { .seed = 7 };
	CLEAN(freep) struct hops_way *w = way_of(SEALED PLAIN, &settings);
	for (int i = 0; i < 300; i++) {
		snprintf(w->hops[0].name, sizeof(w->hops[0].name), "h%d.example", i);
		assert_int_equal(hops_peers_add(&p, w), 0);
	}
	hops_peers_sort(&p);
	assert_int_equal(p.count, 301);
	assert_string_equal(p.rows[0].name, "a.example");
	assert_int_equal(p.rows[0].plain, 300);
	assert_int_equal(p.rows[0].encrypted, 0);
	assert_int_equal(p.rows[1].sealed, 1);
	hops_peers_deinit(&p);
}

static void test_peers_have_an_end(void **state)
{
	(void)state;
	const struct hops_settings settings = {};
	struct hops_peers p = {};
	CLEAN(freep) struct hops_way *w = way_of(PLAIN, &settings);
	for (int i = 0; i < HOPS_PEERS_MAX + 5; i++) {
		snprintf(w->hops[0].name, sizeof(w->hops[0].name), "h%d.example", i);
		assert_int_equal(hops_peers_add(&p, w), 0);
	}
	assert_int_equal(p.count, HOPS_PEERS_MAX);
	assert_int_equal(p.others.hops, 5);
	assert_int_equal(p.others.plain, 5);
	hops_peers_deinit(&p);
}

/* rest: what follows "From " of the next message; NULL: there is none. */
static const struct {
	const char *body, *rest;
} mboxes[] = {
	{ "a\n\nFrom b\n", "b\n" },
	{ "a\r\n\r\nFrom b\r\n", "b\r\n" },
	{ "From b\n", "b\n" },
	{ "\nFrom b\n", "b\n" },
	{ "a\nFrom b\n", NULL },
	{ "a\n\n>From b\n", NULL },
	{ "a\n\nFrom\n", NULL },
	{ "a\n\nFroFrom b\n", NULL },
	{ "a\n\nFr\n\nFrom b", "b" },
	{ "a\n\nFrom", NULL },
	{ "", NULL },
};

static void test_mbox_skip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mboxes); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			struct slice rest = slice_str(mboxes[i].body);
			struct hops_mbox m = {};
			int r = HOPS_MBOX_MORE;
			while (r == HOPS_MBOX_MORE && rest.len) {
				size_t used;
				r = hops_mbox_skip(&m, slice_head(rest, piece), &used);
				rest = slice_skip(rest, used);
			}
			const char *wanted = mboxes[i].rest;
			if (!r != (wanted != NULL) ||
			    (wanted && !slice_equal(rest, slice_str(wanted))))
				fail_msg("%zu, %zu bytes", i, piece);
		}
	assert_true(hops_mbox_begins(slice_str("From x")));
	assert_false(hops_mbox_begins(slice_str("From: x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way_result_is_the_worst),
		cmocka_unit_test(test_way_delays),
		cmocka_unit_test(test_way_pair_is_one_hop),
		cmocka_unit_test(test_way_pair_is_of_two),
		cmocka_unit_test(test_way_pair_needs_trust),
		cmocka_unit_test(test_way_has_an_end),
		cmocka_unit_test(test_way_field_that_was_cut_says_nothing),
		cmocka_unit_test(test_peers_are_summed),
		cmocka_unit_test(test_peers_have_an_end),
		cmocka_unit_test(test_mbox_skip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
