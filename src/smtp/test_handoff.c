/*
 * Conversations as transcripts. A script's lines:
 *
 *   C: line        the MTA says a line       c: bytes   the same without CRLF at the end
 *   S: line        it gets that line; a last '*' stands for any rest
 *   ! todo         the owner is told, with what is in mail or rcpt
 *   T: line        the owner finds that line in the text
 *   R 0: line      the owner answers recipient 0
 *   G: line        it answers DATA; without a line: go ahead
 *   E 0: line      it answers the message for recipient 0
 *   X: line        smtp_handoff_shut()
 *   -              up to here nothing else happened
 *   = state
 *
 * \r \n \0 \\ are escapes. What the MTA gets, what the owner is told and the text must be in the
 * script, each line by line. Every script runs with what the MTA says fed whole, and byte by byte.
 */
#include "smtp/handoff.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum setup {
	SMTP = 1 << 0,
	REQUIRETLS = 1 << 1,
	REJECT = 1 << 2,
};

struct talk {
	const char *name;
	unsigned setup;
	const char *script;
};

#include "smtp/test_handoff_talks.h"

static const char *const todo_names[] = {
	[SMTP_HANDOFF_READ] = "read",   [SMTP_HANDOFF_MAIL] = "mail",
	[SMTP_HANDOFF_RCPT] = "rcpt",   [SMTP_HANDOFF_DATA] = "data",
	[SMTP_HANDOFF_TEXT] = "text",   [SMTP_HANDOFF_SPOILT] = "spoilt",
	[SMTP_HANDOFF_END] = "end",     [SMTP_HANDOFF_RESET] = "reset",
	[SMTP_HANDOFF_CLOSE] = "close",
};

/* An owner without far ends. */
struct stage {
	const struct talk *talk;
	bool is_bytewise;
	unsigned line;
	struct smtp_handoff *h;
	struct buf in;
	size_t shown; /* bytes of in that have arrived */
	struct buf got, told, text;
};

#define stage_fail(s, format, ...)                                                                 \
	fail_msg("%s (%s), line %u: " format, (s)->talk->name,                                     \
	         (s)->is_bytewise ? "byte by byte" : "whole", (s)->line, __VA_ARGS__)

static void move(struct buf *from, struct buf *to)
{
	assert_int_equal(buf_add(to, buf_slice(from)), 0);
	buf_clear(from);
}

static void stage_collect(struct stage *s, int r)
{
	if (r)
		stage_fail(s, "error %d", r);
	move(smtp_handoff_out(s->h), &s->got);
	move(smtp_handoff_text(s->h), &s->text);
}

static void stage_note_mail(struct stage *s)
{
	const struct smtp_handoff_mail *mail = smtp_handoff_mail(s->h);
	char size[32] = "";
	if (mail->size)
		snprintf(size, sizeof(size), " size=%llu", (unsigned long long)mail->size);
	assert_int_equal(buf_printf(&s->told, "mail %.*s%s%s%s%s\r\n", (int)mail->path.len,
	                            mail->path.data, size, mail->is_8bit ? " 8bit" : "",
	                            mail->is_utf8 ? " utf8" : "", mail->requires_tls ? " tls" : ""),
	                 0);
}

static void stage_note(struct stage *s, enum smtp_handoff_todo todo)
{
	const struct smtp_handoff_rcpt *rcpt = smtp_handoff_rcpt(s->h);
	switch (todo) {
	case SMTP_HANDOFF_READ:
	case SMTP_HANDOFF_TEXT:
		return;
	case SMTP_HANDOFF_MAIL:
		stage_note_mail(s);
		return;
	case SMTP_HANDOFF_RCPT:
		assert_int_equal(buf_printf(&s->told, "rcpt %u %.*s %.*s\r\n", rcpt->number,
		                            (int)rcpt->path.len, rcpt->path.data,
		                            (int)rcpt->domain.len, rcpt->domain.data),
		                 0);
		return;
	case SMTP_HANDOFF_DATA:
	case SMTP_HANDOFF_SPOILT:
	case SMTP_HANDOFF_END:
	case SMTP_HANDOFF_RESET:
	case SMTP_HANDOFF_CLOSE:
		assert_int_equal(buf_printf(&s->told, "%s\r\n", todo_names[todo]), 0);
		return;
	}
}

/* Until nothing is taken. */
static void stage_feed(struct stage *s)
{
	enum smtp_handoff_todo todo = SMTP_HANDOFF_READ;
	size_t used = 1;
	while (used && s->shown) {
		/* A copy of just that size: reading past it is an error that ASan sees. */
		size_t len = s->shown;
		uint8_t *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, buf_slice(&s->in).data, len);
		int r = smtp_handoff_feed(s->h, slice_of(copy, len), &used, &todo);
		free(copy);
		if (used > len)
			stage_fail(s, "used %zu of %zu", used, len);
		stage_note(s, todo);
		stage_collect(s, r);
		/* Whoever closes reads no more. */
		if (todo == SMTP_HANDOFF_CLOSE)
			used = s->shown = buf_len(&s->in);
		buf_consume(&s->in, used);
		s->shown -= used;
	}
}

/* All that was said arrives. */
static void stage_deliver(struct stage *s)
{
	stage_feed(s);
	while (s->shown < buf_len(&s->in)) {
		s->shown = s->is_bytewise ? s->shown + 1 : buf_len(&s->in);
		stage_feed(s);
	}
}

static size_t unescape(struct slice text, char *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];
		if (c == '\\' && i + 1 < text.len) {
			c = (char)text.data[++i];
			c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
		}
		ret[n++] = c;
	}
	return n;
}

static void stage_say(struct stage *s, struct slice text, const char *end)
{
	char bytes[1024];
	assert_true(text.len < sizeof(bytes));
	assert_int_equal(buf_add(&s->in, slice_of(bytes, unescape(text, bytes))), 0);
	assert_int_equal(buf_add_str(&s->in, end), 0);
}

static void stage_expect(struct stage *s, struct buf *from, struct slice text)
{
	stage_deliver(s);
	struct slice got = buf_slice(from);
	size_t end = slice_find(got, '\n');
	struct slice line = slice_head(got, end);
	bool is_whole = line.len && line.data[line.len - 1] == '\r' && end < got.len;
	line.len -= is_whole;
	struct slice same = line;
	if (from == &s->got && text.len && text.data[text.len - 1] == '*') {
		text.len--;
		same = slice_head(line, text.len);
	}
	if (!is_whole || !slice_equal(same, text))
		stage_fail(s, "expected '%.*s', got '%.*s'", (int)text.len, text.data,
		           (int)line.len, line.data);
	buf_consume(from, end + 1);
}

static void stage_answer(struct stage *s, char op, unsigned number, struct slice text)
{
	char line[1024];
	assert_true(text.len + 3 < sizeof(line));
	size_t len = unescape(text, line);
	memcpy(line + len, "\r\n", 3);
	struct slice reply = slice_of(line, text.len ? len + 2 : 0);
	stage_deliver(s);
	if (op == 'R')
		stage_collect(s, smtp_handoff_rcpt_reply(s->h, number, reply));
	else if (op == 'G')
		stage_collect(s, smtp_handoff_go_ahead(s->h, reply));
	else if (op == 'E')
		stage_collect(s, smtp_handoff_end_reply(s->h, number, reply));
	else if (op == 'X')
		stage_collect(s, smtp_handoff_shut(s->h, (line[len] = '\0', line)));
	stage_deliver(s);
}

static void stage_quiet(struct stage *s)
{
	struct buf *const all[] = { &s->got, &s->told, &s->text };
	stage_deliver(s);
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct slice rest = buf_slice(all[i]);
		if (rest.len)
			stage_fail(s, "not in the script: '%.*s'", (int)rest.len, rest.data);
	}
}

static void stage_state(struct stage *s, struct slice word)
{
	stage_deliver(s);
	const char *name = smtp_handoff_state_name(smtp_handoff_state(s->h));
	if (!slice_equal(word, slice_str(name)))
		stage_fail(s, "state %s", name);
}

/* "R 0: text": the operation's number and what follows. */
static struct slice operands(struct slice line, unsigned *ret_number)
{
	*ret_number = 0;
	size_t at = 1;
	if (line.len > 3 && line.data[1] == ' ' && line.data[3] == ':') {
		*ret_number = line.data[2] - '0';
		at = 3;
	}
	at += at < line.len && line.data[at] == ':';
	at += at < line.len && line.data[at] == ' ';
	return slice_skip(line, at);
}

static void stage_line(struct stage *s, struct slice line)
{
	char op = (char)line.data[0];
	unsigned number;
	struct slice text = operands(line, &number);
	switch (op) {
	case 'C':
		stage_say(s, text, "\r\n");
		break;
	case 'c':
		stage_say(s, text, "");
		break;
	case 'S':
		stage_expect(s, &s->got, text);
		break;
	case '!':
		stage_expect(s, &s->told, text);
		break;
	case 'T':
		stage_expect(s, &s->text, text);
		break;
	case 'R':
	case 'G':
	case 'E':
	case 'X':
		stage_answer(s, op, number, text);
		break;
	case '-':
		stage_quiet(s);
		break;
	case '=':
		stage_state(s, text);
		break;
	default:
		stage_fail(s, "no such operation: %c", op);
	}
}

static struct smtp_handoff_settings settings_of(unsigned setup)
{
	return (struct smtp_handoff_settings){
		.hostname = "relay.example",
		.is_lmtp = !(setup & SMTP),
		.offers_requiretls = setup & REQUIRETLS,
		.rejects_bare = setup & REJECT,
		.errors_max = 4,
	};
}

static void play(const struct talk *talk, bool is_bytewise)
{
	struct smtp_handoff_settings set = settings_of(talk->setup);
	struct stage s = { .talk = talk, .is_bytewise = is_bytewise };
	assert_int_equal(smtp_handoff_new(&s.h, &set), 0);
	stage_collect(&s, smtp_handoff_start(s.h));
	struct slice rest = slice_str(talk->script);
	while (rest.len) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		rest = slice_skip(rest, line.len + 1);
		s.line++;
		stage_line(&s, line);
	}
	stage_quiet(&s);
	smtp_handoff_free(s.h);
	buf_deinit(&s.in);
	buf_deinit(&s.got);
	buf_deinit(&s.told);
	buf_deinit(&s.text);
}

static void test_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(talks); i++) {
		play(&talks[i], false);
		play(&talks[i], true);
	}
}

/* Feeds all that is taken, and says how much that was. The last todo but READ. */
static size_t say(struct smtp_handoff *h, struct slice rest, enum smtp_handoff_todo *ret_todo)
{
	size_t len = rest.len, used = 1;
	*ret_todo = SMTP_HANDOFF_READ;
	while (used && rest.len) {
		enum smtp_handoff_todo todo;
		assert_int_equal(smtp_handoff_feed(h, rest, &used, &todo), 0);
		if (todo != SMTP_HANDOFF_READ)
			*ret_todo = todo;
		rest = slice_skip(rest, used);
	}
	return len - rest.len;
}

static void say_all(struct smtp_handoff *h, const char *text)
{
	enum smtp_handoff_todo todo;
	assert_int_equal(say(h, slice_str(text), &todo), strlen(text));
}

static const struct smtp_handoff_settings plain = { .hostname = "relay.example", .is_lmtp = true };

/* MAIL was said. set: borrowed */
static struct smtp_handoff *transaction(const struct smtp_handoff_settings *set)
{
	struct smtp_handoff *h;
	assert_int_equal(smtp_handoff_new(&h, set), 0);
	say_all(h, "LHLO mta.example\r\nMAIL FROM:<a@c.example>\r\n");
	buf_clear(smtp_handoff_out(h));
	return h;
}

static struct smtp_handoff *in_text(const struct smtp_handoff_settings *set)
{
	struct smtp_handoff *h = transaction(set);
	say_all(h, "RCPT TO:<b@d.example>\r\n");
	assert_int_equal(smtp_handoff_rcpt_reply(h, 0, slice_str("250 ok\r\n")), 0);
	say_all(h, "DATA\r\n");
	assert_int_equal(smtp_handoff_go_ahead(h, slice_str("")), 0);
	buf_clear(smtp_handoff_out(h));
	return h;
}

static void expect_out(struct smtp_handoff *h, const char *name, const char *want)
{
	struct slice got = buf_slice(smtp_handoff_out(h));
	if (!slice_equal(got, slice_str(want)))
		fail_msg("%s: '%.*s'", name, (int)got.len, got.data);
	buf_clear(smtp_handoff_out(h));
}

#define CONFUSED "451 4.3.0 The far end's reply makes no sense\r\n"

/* What the owner gives, and what the MTA gets (NULL: the same). */
static const struct reply_case {
	const char *name, *given, *got;
} replies[] = {
	{ "yes", "250 2.1.5 mx said: ok\r\n", NULL },
	{ "later", "450 4.2.0 greylisted\r\n", NULL },
	{ "no", "550-5.1.1 no\r\n550 5.1.1 such user\r\n", NULL },
	{ "tab and 8 bit", "250 a\tb\xc3\xa9\r\n", NULL },
	{ "no text", "250 \r\n", NULL },
	{ "code alone", "250\r\n", "250 \r\n" },
	{ "421 would close our session", "421-4.3.2 bye\r\n421 4.3.2 bye\r\n",
	  "451-4.3.2 bye\r\n451 4.3.2 bye\r\n" },
	{ "nothing", "", CONFUSED },
	{ "no CRLF", "250 ok", CONFUSED },
	{ "bare LF", "250 ok\n", CONFUSED },
	{ "bare LF inside", "250-a\n250 b\r\n", CONFUSED },
	{ "bare CR", "250 a\rb\r\n", CONFUSED },
	{ "two replies", "550 no\r\n250 ok\r\n", CONFUSED },
	{ "two codes", "550-no\r\n250 ok\r\n", CONFUSED },
	{ "no end", "250-ok\r\n", CONFUSED },
	{ "a line without code", "250-a\r\nb\r\n250 c\r\n", CONFUSED },
	{ "class 1", "150 ok\r\n", CONFUSED },
	{ "class 3", "354 go\r\n", CONFUSED },
	{ "class 6", "650 ok\r\n", CONFUSED },
	{ "letters", "2x0 ok\r\n", CONFUSED },
	{ "two digits", "25 ok\r\n", CONFUSED },
	{ "no separator", "2500 ok\r\n", CONFUSED },
	{ "ESC", "250 \x1b[2J\r\n", CONFUSED },
	{ "DEL", "250 \x7f\r\n", CONFUSED },
};

static void test_replies_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		const struct reply_case *c = &replies[i];
		const char *want = c->got ? c->got : c->given;
		struct slice given = slice_str(c->given);
		struct smtp_handoff *h = transaction(&plain);
		say_all(h, "RCPT TO:<b@d.example>\r\n");
		assert_int_equal(smtp_handoff_rcpt_reply(h, 0, given), 0);
		expect_out(h, c->name, want);
		smtp_handoff_free(h);
		h = in_text(&plain);
		say_all(h, ".\r\n");
		assert_int_equal(smtp_handoff_end_reply(h, 0, given), 0);
		expect_out(h, c->name, want);
		smtp_handoff_free(h);
	}
}

/* A reply that makes no sense takes nobody. */
static void test_replies_that_make_no_sense_take_nobody(void **state)
{
	(void)state;
	struct smtp_handoff *h = transaction(&plain);
	say_all(h, "RCPT TO:<b@d.example>\r\n");
	assert_int_equal(smtp_handoff_rcpt_reply(h, 0, slice_str("250 a\n")), 0);
	buf_clear(smtp_handoff_out(h));
	say_all(h, "DATA\r\n");
	expect_out(h, "DATA", "503 5.5.1 No recipient was taken\r\n");
	smtp_handoff_free(h);
}

/* count lines of len bytes each, CRLF included. */
static struct buf long_reply(unsigned count, size_t len)
{
	struct buf reply = {};
	for (unsigned i = 1; i <= count; i++) {
		uint8_t *at;
		assert_int_equal(buf_reserve(&reply, len, &at), 0);
		memset(at, 'x', len);
		memcpy(at, i == count ? "250 " : "250-", 4);
		memcpy(at + len - 2, "\r\n", 2);
		buf_commit(&reply, len);
	}
	return reply;
}

static void test_replies_are_cut(void **state)
{
	(void)state;
	static const struct {
		unsigned count;
		size_t len;
		unsigned count_got;
	} sizes[] = {
		{ 8, 1024, 8 },
		{ 9, 1024, 8 },
		{ 100, 1000, 8 },
		{ 2000, 7, 1170 },
		{ 1, SMTP_HANDOFF_REPLY_MAX, 1 },
		{ 1, SMTP_HANDOFF_REPLY_MAX + 1, 1 },
		{ 2, 100 * 1000, 1 },
	};
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct smtp_handoff *h = in_text(&plain);
		size_t len = sizes[i].len < SMTP_HANDOFF_REPLY_MAX ? sizes[i].len
		                                                   : SMTP_HANDOFF_REPLY_MAX;
		struct buf given = long_reply(sizes[i].count, sizes[i].len);
		struct buf want = long_reply(sizes[i].count_got, len);
		say_all(h, ".\r\n");
		assert_int_equal(smtp_handoff_end_reply(h, 0, buf_slice(&given)), 0);
		if (!slice_equal(buf_slice(smtp_handoff_out(h)), buf_slice(&want)))
			fail_msg("%u lines of %zu: %zu bytes", sizes[i].count, sizes[i].len,
			         buf_len(smtp_handoff_out(h)));
		buf_deinit(&given);
		buf_deinit(&want);
		smtp_handoff_free(h);
	}
}

static void test_recipients_are_bounded(void **state)
{
	(void)state;
	struct smtp_handoff *h = transaction(&plain);
	for (unsigned i = 0; i < SMTP_HANDOFF_RCPTS_MAX; i++) {
		say_all(h, "RCPT TO:<b@d.example>\r\n");
		assert_int_equal(smtp_handoff_rcpt(h)->number, i);
		assert_int_equal(smtp_handoff_rcpt_reply(h, i, slice_str("250 ok\r\n")), 0);
	}
	buf_clear(smtp_handoff_out(h));
	say_all(h, "RCPT TO:<b@d.example>\r\n");
	assert_false(smtp_handoff_owes(h));
	expect_out(h, "one more", "452 4.5.3 Too many recipients\r\n");
	/* All of them get their answer. */
	say_all(h, "DATA\r\n");
	assert_int_equal(smtp_handoff_go_ahead(h, slice_str("")), 0);
	say_all(h, ".\r\n");
	buf_clear(smtp_handoff_out(h));
	for (unsigned i = SMTP_HANDOFF_RCPTS_MAX; i-- > 0;) {
		assert_true(smtp_handoff_owes(h));
		assert_int_equal(smtp_handoff_end_reply(h, i, slice_str("250 ok\r\n")), 0);
	}
	assert_false(smtp_handoff_owes(h));
	assert_int_equal(buf_len(smtp_handoff_out(h)), 8 * SMTP_HANDOFF_RCPTS_MAX);
	smtp_handoff_free(h);
}

/* Over so many replies owed, the MTA's commands are not taken. */
static void test_pipeline_is_bounded(void **state)
{
	(void)state;
	static const struct slice noop = { (const uint8_t *)"NOOP\r\n", 6 };
	struct smtp_handoff *h = transaction(&plain);
	enum smtp_handoff_todo todo;
	say_all(h, "RCPT TO:<b@d.example>\r\n");
	for (int i = 1; i < SMTP_HANDOFF_SLOTS_MAX; i++)
		assert_int_equal(say(h, noop, &todo), noop.len);
	assert_int_equal(say(h, noop, &todo), 0);
	assert_int_equal(buf_len(smtp_handoff_out(h)), 0);
	assert_int_equal(smtp_handoff_rcpt_reply(h, 0, slice_str("250 ok\r\n")), 0);
	assert_int_equal(buf_len(smtp_handoff_out(h)), 8 + 14 * (SMTP_HANDOFF_SLOTS_MAX - 1));
	assert_int_equal(say(h, noop, &todo), noop.len);
	smtp_handoff_free(h);
}

static void test_owes(void **state)
{
	(void)state;
	struct smtp_handoff *h = transaction(&plain);
	assert_false(smtp_handoff_owes(h));
	say_all(h, "RCPT TO:<b@d.example>\r\n");
	assert_true(smtp_handoff_owes(h));
	assert_int_equal(smtp_handoff_rcpt_reply(h, 0, slice_str("250 ok\r\n")), 0);
	assert_false(smtp_handoff_owes(h));
	say_all(h, "DATA\r\n");
	assert_true(smtp_handoff_owes(h));
	assert_int_equal(smtp_handoff_go_ahead(h, slice_str("")), 0);
	assert_false(smtp_handoff_owes(h));
	say_all(h, ".\r\n");
	assert_true(smtp_handoff_owes(h));
	assert_int_equal(smtp_handoff_end_reply(h, 0, slice_str("250 ok\r\n")), 0);
	assert_false(smtp_handoff_owes(h));
	smtp_handoff_free(h);
}

/* An owner whose far ends are slow makes the MTA wait, not our memory grow. */
static void test_text_waits_for_the_owner(void **state)
{
	(void)state;
	enum { BIG = 1000 * 1000 };
	char *big = malloc(BIG);
	assert_non_null(big);
	memset(big, 'x', BIG);
	struct slice rest = slice_of(big, BIG);
	struct smtp_handoff *h = in_text(&plain);
	enum smtp_handoff_todo todo;
	size_t used, total = 0;
	assert_int_equal(smtp_handoff_feed(h, rest, &used, &todo), 0);
	assert_int_equal(used, 32 * 1024);
	assert_int_equal(todo, SMTP_HANDOFF_TEXT);
	while (rest.len) {
		rest = slice_skip(rest, used + say(h, slice_skip(rest, used), &todo));
		used = 0;
		size_t held = buf_len(smtp_handoff_text(h));
		assert_true(held && held <= (64 + 32) * 1024);
		total += held;
		buf_clear(smtp_handoff_text(h));
	}
	assert_int_equal(total, BIG);
	smtp_handoff_free(h);
	free(big);
}

/* What stands in front of the bare LF is of no use to anybody. */
static void test_spoilt_text_is_dropped(void **state)
{
	(void)state;
	struct smtp_handoff_settings set = settings_of(REJECT);
	struct smtp_handoff *h = in_text(&set);
	say_all(h, "good\r\n");
	assert_int_equal(buf_len(smtp_handoff_text(h)), 6);
	say_all(h, "more\r\nbad\n");
	assert_int_equal(buf_len(smtp_handoff_text(h)), 0);
	smtp_handoff_free(h);
}

static void test_line_is_bounded(void **state)
{
	(void)state;
	char line[SMTP_HANDOFF_LINE_MAX + 2];
	memset(line, 'x', sizeof(line));
	memcpy(line, "NOOP ", 5);
	memcpy(line + SMTP_HANDOFF_LINE_MAX - 2, "\r\n", 2);
	struct smtp_handoff *h = transaction(&plain);
	enum smtp_handoff_todo todo;
	assert_int_equal(say(h, slice_of(line, SMTP_HANDOFF_LINE_MAX), &todo),
	                 SMTP_HANDOFF_LINE_MAX);
	expect_out(h, "longest", "250 2.0.0 ok\r\n");
	memcpy(line + SMTP_HANDOFF_LINE_MAX - 2, "xx\r\n", 4);
	assert_int_equal(say(h, slice_of(line, SMTP_HANDOFF_LINE_MAX - 1), &todo), 0);
	assert_int_equal(say(h, slice_of(line, sizeof(line)), &todo), sizeof(line));
	assert_int_equal(todo, SMTP_HANDOFF_CLOSE);
	expect_out(h, "longer", "500 5.5.2 Line too long\r\n");
	smtp_handoff_free(h);
	/* Nor does one with a bare LF find its end for ever. */
	line[9] = '\n';
	h = transaction(&plain);
	assert_int_equal(say(h, slice_of(line, SMTP_HANDOFF_LINE_MAX), &todo),
	                 SMTP_HANDOFF_LINE_MAX);
	assert_int_equal(todo, SMTP_HANDOFF_CLOSE);
	smtp_handoff_free(h);
}

/* What follows a BDAT line that nobody can read is text, and no command. */
static void test_bdat_ends_the_session(void **state)
{
	static const char *const lines[] = { "BDAT 5 LAST\r\nNOOP\r\n", "BDAT 5\tLAST\r\nNOOP\r\n",
		                             "bdat 5\nNOOP\r\nNOOP\r\n" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct smtp_handoff *h = transaction(&plain);
		enum smtp_handoff_todo todo;
		buf_clear(smtp_handoff_out(h));
		say(h, slice_str(lines[i]), &todo);
		struct slice said = buf_slice(smtp_handoff_out(h));
		if (todo != SMTP_HANDOFF_CLOSE || !slice_starts_nocase(said, "50"))
			fail_msg("%s%.*s", lines[i], (int)said.len, (const char *)said.data);
		smtp_handoff_free(h);
	}
}

/* Owners read it when they open a hop for a later recipient. */
static void test_mail_stays_for_the_transaction(void **state)
{
	(void)state;
	struct smtp_handoff *h = transaction(&plain);
	say_all(h, "RCPT TO:<b@d.example>\r\nRCPT TO:<a-longer-one@of-another.example>\r\n");
	assert_true(slice_equal(smtp_handoff_mail(h)->path, slice_str("<a@c.example>")));
	smtp_handoff_free(h);
}

static void test_helo_is_kept(void **state)
{
	(void)state;
	struct smtp_handoff *h;
	assert_int_equal(smtp_handoff_new(&h, &plain), 0);
	assert_int_equal(smtp_handoff_helo(h).len, 0);
	say_all(h, "LHLO mta.example\r\n");
	assert_true(slice_equal(smtp_handoff_helo(h), slice_str("LHLO mta.example")));
	say_all(h, "lhlo again\r\nEHLO no\r\n");
	assert_true(slice_equal(smtp_handoff_helo(h), slice_str("lhlo again")));
	smtp_handoff_free(h);
	smtp_handoff_free(NULL);
}

static void test_errors_have_a_default(void **state)
{
	(void)state;
	struct smtp_handoff *h = transaction(&plain);
	enum smtp_handoff_todo todo = SMTP_HANDOFF_READ;
	unsigned errors = 0;
	while (todo == SMTP_HANDOFF_READ && ++errors <= 100)
		say(h, slice_str("HOLA\r\n"), &todo);
	assert_int_equal(errors, 20);
	assert_int_equal(todo, SMTP_HANDOFF_CLOSE);
	smtp_handoff_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_replies_are_checked),
		cmocka_unit_test(test_replies_that_make_no_sense_take_nobody),
		cmocka_unit_test(test_replies_are_cut),
		cmocka_unit_test(test_recipients_are_bounded),
		cmocka_unit_test(test_pipeline_is_bounded),
		cmocka_unit_test(test_owes),
		cmocka_unit_test(test_text_waits_for_the_owner),
		cmocka_unit_test(test_spoilt_text_is_dropped),
		cmocka_unit_test(test_line_is_bounded),
		cmocka_unit_test(test_bdat_ends_the_session),
		cmocka_unit_test(test_mail_stays_for_the_transaction),
		cmocka_unit_test(test_helo_is_kept),
		cmocka_unit_test(test_errors_have_a_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
