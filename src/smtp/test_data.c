#include "smtp/data.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct data_case {
	const char *name;
	struct slice input;
	int result;
	const char *output;
	unsigned bare;
	size_t used; /* 0: all */
};

#define IN(text)                                                                                   \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static const struct data_case cases[] = {
	{ "text", IN("a\r\nb\r\n.\r\n"), SMTP_DATA_END, "a\r\nb\r\n.\r\n", 0, 0 },
	{ "empty message", IN(".\r\n"), SMTP_DATA_END, ".\r\n", 0, 0 },
	{ "what follows is not taken", IN("a\r\n.\r\nQUIT\r\n"), SMTP_DATA_END, "a\r\n.\r\n", 0,
	  6 },
	{ "dots", IN("..\r\n..a\r\n...\r\n.\r\n"), SMTP_DATA_END, "..\r\n..a\r\n...\r\n.\r\n", 0,
	  0 },
	{ "a dot that was not stuffed", IN(".a\r\n.\r\n"), SMTP_DATA_END, ".a\r\n.\r\n", 0, 0 },
	{ "empty lines", IN("\r\n\r\n.\r\n"), SMTP_DATA_END, "\r\n\r\n.\r\n", 0, 0 },
	{ "no end yet", IN("a\r\n."), 0, "a\r\n", 0, 0 },
	{ "no end yet, CR", IN("a\r\n.\r"), 0, "a\r\n", 0, 0 },
	{ "bare LF", IN("a\nb\r\n.\r\n"), SMTP_DATA_END, "a\r\nb\r\n.\r\n", 1, 0 },
	{ "bare CR", IN("a\rb\r\n.\r\n"), SMTP_DATA_END, "a b\r\n.\r\n", 1, 0 },
	{ "NUL", IN("a\0b\r\n.\r\n"), SMTP_DATA_END, "a b\r\n.\r\n", 1, 0 },
	{ "NULs", IN("\0\0\r\n\0.\r\n.\r\n"), SMTP_DATA_END, "  \r\n .\r\n.\r\n", 3, 0 },
	{ "CR CR LF", IN("a\r\r\n.\r\n"), SMTP_DATA_END, "a \r\n.\r\n", 1, 0 },
	{ "LF CR", IN("a\n\rb\r\n.\r\n"), SMTP_DATA_END, "a\r\n b\r\n.\r\n", 2, 0 },
	/* All that some server somewhere takes for the end. */
	{ "LF . LF", IN("a\n.\nb\r\n"), 0, "a\r\n..\r\nb\r\n", 2, 0 },
	{ "LF . CRLF", IN("a\n.\r\nb\r\n"), 0, "a\r\n..\r\nb\r\n", 1, 0 },
	{ "CRLF . LF", IN("a\r\n.\nb\r\n"), 0, "a\r\n..\r\nb\r\n", 1, 0 },
	{ "CR . CR", IN("a\r.\rb\r\n"), 0, "a . b\r\n", 2, 0 },
	{ "CR . CRLF", IN("a\r.\r\nb\r\n"), 0, "a .\r\nb\r\n", 1, 0 },
	{ "CRLF . CR", IN("a\r\n.\rb\r\n"), 0, "a\r\n. b\r\n", 1, 0 },
	{ "LF . CR", IN("a\n.\rb\r\n"), 0, "a\r\n.. b\r\n", 2, 0 },
	{ "CR . LF", IN("a\r.\nb\r\n"), 0, "a .\r\nb\r\n", 2, 0 },
	{ "CRLF . CR CRLF", IN("a\r\n.\r\r\nb\r\n"), 0, "a\r\n. \r\nb\r\n", 1, 0 },
	{ "CR CRLF . CR CRLF", IN("a\r\r\n.\r\r\nb\r\n"), 0, "a \r\n. \r\nb\r\n", 2, 0 },
	{ "CRLF NUL . CRLF", IN("a\r\n\0.\r\nb\r\n"), 0, "a\r\n .\r\nb\r\n", 1, 0 },
	{ "CRLF . NUL CRLF", IN("a\r\n.\0\r\nb\r\n"), 0, "a\r\n. \r\nb\r\n", 1, 0 },
	{ "LF LF . LF LF", IN("a\n\n.\n\nb\r\n"), 0, "a\r\n\r\n..\r\n\r\nb\r\n", 4, 0 },
	{ "dots behind LF are text", IN("a\n..b\r\n"), 0, "a\r\n...b\r\n", 1, 0 },
	{ "the end behind a bare LF", IN("a\n\r\n.\r\n"), SMTP_DATA_END, "a\r\n\r\n.\r\n", 1, 0 },
	{ "control characters are text, a LF behind them is not",
	  IN("0123456789abcd\t\x01\x0b\x0c 0123456789\t\tabcdef\t\n\r\n"), 0,
	  "0123456789abcd\t\x01\x0b\x0c 0123456789\t\tabcdef\t\r\n\r\n", 1, 0 },
	{ "8 bit", IN("\xff\xc3\xa9\r\n.\r\n"), SMTP_DATA_END, "\xff\xc3\xa9\r\n.\r\n", 0, 0 },
};

/* step: so many bytes at a time */
static void run(const struct data_case *c, size_t step, bool rejects)
{
	struct smtp_data d = { .rejects = rejects };
	struct buf out = {};
	size_t done = 0;
	int r = 0;
	while (!r && done < c->input.len) {
		size_t used;
		struct slice part = slice_head(slice_skip(c->input, done), step);
		r = smtp_data_take(&d, part, &out, &used);
		done += used;
	}
	if (r != c->result || done != (c->used ? c->used : c->input.len))
		fail_msg("%s, by %zu: result %d, used %zu", c->name, step, r, done);
	struct slice got = buf_slice(&out);
	if (rejects && d.is_rejected != (c->bare > 0))
		fail_msg("%s, by %zu: rejected %d", c->name, step, d.is_rejected);
	if (!d.is_rejected && !slice_equal(got, slice_str(c->output)))
		fail_msg("%s, by %zu: '%.*s'", c->name, step, (int)got.len, got.data);
	if (d.is_rejected && got.len && memmem(got.data, got.len, "\r\n.\r\n", 5))
		fail_msg("%s, by %zu: ended", c->name, step);
	if (d.bare != c->bare)
		fail_msg("%s, by %zu: %u bare", c->name, step, d.bare);
	buf_deinit(&out);
}

static void test_data_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t step = 1; step <= cases[i].input.len; step++) {
			run(&cases[i], step, false);
			run(&cases[i], step, true);
		}
	}
}

enum { BEFORE = 140, BEHIND = 140 };

static bool take_all(struct slice input, size_t step, struct buf *out, unsigned *ret_bare)
{
	struct smtp_data d = {};
	int r = 0;
	for (size_t at = 0, used; !r && at < input.len; at += used)
		r = smtp_data_take(&d, slice_head(slice_skip(input, at), step), out, &used);
	*ret_bare = d.bare;
	return r == SMTP_DATA_END;
}

/* Many bytes are looked at together: what one at a time gives is right, wherever it stands. */
static void place(struct slice odd, size_t before)
{
	char text[BEFORE + 64 + BEHIND];
	struct buf whole = {}, single = {};
	unsigned bare, bare_single;
	memset(text, 'x', sizeof(text));
	memcpy(text + before, odd.data, odd.len);
	struct slice input = slice_of(text, before + odd.len + BEHIND);
	bool has_ended = take_all(input, input.len, &whole, &bare);
	assert_int_equal(has_ended, take_all(input, 1, &single, &bare_single));
	assert_int_equal(bare, bare_single);
	if (!slice_equal(buf_slice(&whole), buf_slice(&single)))
		fail_msg("%zu bytes in front of '%.*s'", before, (int)odd.len, odd.data);
	buf_deinit(&whole);
	buf_deinit(&single);
}

static void test_data_every_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t before = 0; before <= BEFORE; before++)
			place(cases[i].input, before);
}

static void test_data_muted_finds_the_end(void **state)
{
	(void)state;
	struct smtp_data d = { .is_muted = true };
	struct buf out = {};
	size_t used;
	int r = smtp_data_take(&d, slice_str("a\r\n.\r\nb"), &out, &used);
	assert_int_equal(r, SMTP_DATA_END);
	assert_int_equal(used, 6);
	assert_int_equal(buf_len(&out), 0);
}

static const struct data_case chunks[] = {
	{ "text", IN("a\r\n.\r\nb"), 0, "a\r\n.\r\nb", 0, 0 },
	{ "bare LF", IN("\na\n"), 0, "\r\na\r\n", 2, 0 },
	{ "bare CR", IN("\ra\r"), 0, " a ", 2, 0 },
	{ "NUL", IN("\0"), 0, " ", 1, 0 },
	{ "CR CR LF", IN("\r\r\n"), 0, " \r\n", 1, 0 },
	{ "dots", IN(".\r\n..\n."), 0, ".\r\n..\r\n.", 1, 0 },
	{ "nothing", IN(""), 0, "", 0, 0 },
};

static void test_data_chunk(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		for (size_t step = 1; step <= chunks[i].input.len + 1; step++) {
			struct smtp_data d = {};
			struct buf out = {};
			for (size_t at = 0; at < chunks[i].input.len; at += step) {
				struct slice rest = slice_skip(chunks[i].input, at);
				assert_int_equal(
					smtp_data_chunk_take(&d, slice_head(rest, step), &out), 0);
			}
			assert_int_equal(smtp_data_chunk_end(&d, &out), 0);
			struct slice got = buf_slice(&out);
			if (!slice_equal(got, slice_str(chunks[i].output)))
				fail_msg("%s, by %zu: '%.*s'", chunks[i].name, step, (int)got.len,
				         got.data);
			assert_int_equal(d.bare, chunks[i].bare);
			buf_deinit(&out);
		}
	}
}

/* Long lines, long runs, and what stands at the edges of the search window. */
static void test_data_long(void **state)
{
	(void)state;
	enum { LEN = 5000 };
	static uint8_t text[LEN + 8];
	for (size_t special = 0; special < LEN; special++) {
		struct smtp_data d = {};
		struct buf out = {};
		size_t used;
		memset(text, 'x', LEN);
		memcpy(text + LEN, "\r\n.\r\n", 5);
		text[special] = '\r';
		int r = smtp_data_take(&d, slice_of(text, LEN + 5), &out, &used);
		assert_int_equal(r, SMTP_DATA_END);
		assert_int_equal(d.bare, 1);
		text[special] = ' ';
		assert_true(slice_equal(buf_slice(&out), slice_of(text, LEN + 5)));
		buf_deinit(&out);
	}
}

/* Whole blocks are looked at at once: the same must come out as byte by byte. */
static void test_data_special_anywhere(void **state)
{
	(void)state;
	enum { LEN = 70 };
	static const uint8_t specials[] = { '\r', '\n', '\0', '.' };
	for (size_t i = 0; i < LEN * COUNT_OF(specials); i++) {
		uint8_t text[LEN];
		struct smtp_data whole = {}, single = {};
		struct buf at_once = {}, bytewise = {};
		size_t used;
		memset(text, 'x', LEN);
		text[i % LEN] = specials[i / LEN];
		assert_int_equal(smtp_data_take(&whole, slice_of(text, LEN), &at_once, &used), 0);
		for (size_t n = 0; n < LEN; n++)
			assert_int_equal(
				smtp_data_take(&single, slice_of(text + n, 1), &bytewise, &used),
				0);
		assert_int_equal(whole.bare, single.bare);
		assert_true(slice_equal(buf_slice(&at_once), buf_slice(&bytewise)));
		buf_deinit(&at_once);
		buf_deinit(&bytewise);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_take),
		cmocka_unit_test(test_data_every_place),
		cmocka_unit_test(test_data_muted_finds_the_end),
		cmocka_unit_test(test_data_chunk),
		cmocka_unit_test(test_data_long),
		cmocka_unit_test(test_data_special_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
