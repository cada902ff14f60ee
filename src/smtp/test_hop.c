/*
 * Conversations as transcripts. A script's lines:
 *
 *   S: line        the server says a line       s: bytes    the same without CRLF at the end
 *   C: line        it gets that line; a last '*' stands for any rest
 *   ! todo         the owner was asked for that: one of todo_words; behind "reply" the command, its
 *                  number and the code, behind "text" the number of DATA, behind "failed" which
 *                  failure, and the code if there are words to pass on
 *   @ call         what it calls: see call(); mail, rcpt, data and rset have a number
 *   = state        how it stands
 *
 * \r \n \\ are escapes. What the server gets and what the owner is asked for must be in the script,
 * all of it. Every script runs with what the server says fed whole, and fed byte by byte.
 */
#include "smtp/hop.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WHOLE_ONLY = 1 }; /* what is told apart by what came in one piece */

struct talk {
	const char *name;
	unsigned setup;
	const char *script;
};

/* clang-format off */

#define HELLO \
	"S: 220 mx.example ESMTP\n" \
	"C: EHLO relay.example\n"

#define CLEAR \
	HELLO \
	"S: 250-mx.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\n" \
	"S: 250 STARTTLS\n" \
	"! hello\n"

/* Transactions may begin, to a server that takes one command at a time. */
#define PLAIN \
	HELLO \
	"S: 250 mx.example\n" \
	"! hello\n" \
	"@ plain\n"

/* The same in TLS, and with PIPELINING. */
#define SEALED \
	CLEAR \
	"@ starttls\n" \
	"C: STARTTLS\n" \
	"S: 220 go\n" \
	"! start-tls\n" \
	"@ tls\n" \
	"C: EHLO relay.example\n" \
	"S: 250-mx.example\n" \
	"S: 250 PIPELINING\n" \
	"! ready\n"

#define GROUP \
	"@ mail 1\n@ rcpt 2\n@ rcpt 3\n@ data 4\n" \
	"C: MAIL FROM:<1@a.example>\nC: RCPT TO:<2@b.example>\nC: RCPT TO:<3@b.example>\nC: DATA\n"

/* As far as the text. */
#define GROUP_TAKEN \
	GROUP \
	"S: 250 a\n! reply mail 1 250\n" \
	"S: 250 b\n! reply rcpt 2 250\n" \
	"S: 250 c\n! reply rcpt 3 250\n" \
	"S: 354 go\n! text 4\n"

static const struct talk talks[] = {
	/* Hello. */
	{ "in clear", 0, CLEAR "= clear\n@ plain\n= idle\n" },
	{ "greeting in many lines", 0,
		"S: 220-mx.example\nS: 220-no spam\nS: 220 ESMTP\nC: EHLO*\n" },
	{ "greeted with 554", 0,
		"S: 554-go\nS: 554 away\nC: QUIT\n! failed greeted-badly 554\n= over\n" },
	{ "greeted with 4yz", 0, "S: 450 later\nC: QUIT\n! failed greeted-badly 450\n" },
	{ "greeted with 250", 0, "S: 250 hi\nC: QUIT\n! failed greeted-badly 250\n" },
	{ "greeted with 421", 0, "S: 421 busy\n! failed shut-down 421\n= over\n" },
	{ "greeted by another protocol", 0, "S: SSH-2.0-x\n! failed broken\n= over\n" },
	{ "greeted with a bare LF", 0, "s: 220 mx\\n\n! failed broken\n" },
	{ "EHLO unknown", 0,
		HELLO "S: 502 what?\nC: HELO relay.example\nS: 250-mx\nS: 250 PIPELINING\n"
		"! hello\n@ plain\n@ mail 1\n@ rcpt 2\nC: MAIL*\nS: 250 a\n! reply mail 1 250\n"
		"C: RCPT*\n" },
	{ "HELO refused too", 0,
		HELLO "S: 550 no\nC: HELO*\nS: 550 no\nC: QUIT\n! failed hello-refused 550\n"
		"= over\n" },
	{ "EHLO put off", 0, HELLO "S: 451 later\nC: QUIT\n! failed hello-refused 451\n= over\n" },
	{ "421 to EHLO", 0, HELLO "S: 421 bye\n! failed shut-down 421\n" },
	{ "354 to EHLO", 0, HELLO "S: 354 go\n! failed broken\n" },
	{ "354 to HELO", 0, HELLO "S: 500 what?\nC: HELO*\nS: 354 go\n! failed broken\n" },
	{ "codes that differ", 0, HELLO "S: 250-a\nS: 550 b\n! failed broken\n" },

	/* STARTTLS. */
	{ "STARTTLS", 0, SEALED "= idle\n" },
	{ "offered again inside TLS", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\n! start-tls\n= tls\n@ tls\n"
		"C: EHLO*\nS: 250-mx\nS: 250 STARTTLS\n! ready\n= idle\n@ starttls\n= idle\n" },
	{ "what was offered in clear does not count inside TLS", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\n! start-tls\n@ tls\nC: EHLO*\n"
		"S: 250 mx\n! ready\n@ mail 1\n@ rcpt 2\nC: MAIL*\nS: 250 a\n"
		"! reply mail 1 250\nC: RCPT*\n" },
	{ "EHLO unknown inside TLS", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\n! start-tls\n@ tls\nC: EHLO*\n"
		"S: 500 what?\nC: HELO*\nS: 250 mx\n! ready\n" },
	{ "injection", WHOLE_ONLY,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\nS: 250-mx\nS: 250 PIPELINING\n"
		"! failed starttls-injection\n= over\n" },
	{ "injection of half a line", WHOLE_ONLY,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\ns: 2\n! failed starttls-injection\n" },
	{ "injection into the handshake", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 220 go\n! start-tls\ns: 2\n"
		"! failed starttls-injection\n= over\n" },
	{ "STARTTLS refused, on in clear", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 454 no\n! failed starttls-refused 454\n"
		"= clear\n@ plain\n@ mail 1\nC: MAIL*\n" },
	{ "STARTTLS refused, and left", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 502 no\n! failed starttls-refused 502\n"
		"@ quit\nC: QUIT\nS: 221 bye\n! ended\n= over\n" },
	{ "250 to STARTTLS", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 250 Ok\n! failed starttls-refused 250\n"
		"= clear\n" },
	{ "421 to STARTTLS", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 421 no\n! failed shut-down 421\n= over\n" },
	{ "a second 220 before TLS, refused the first time", 0,
		CLEAR "@ starttls\nC: STARTTLS\nS: 454 no\n! failed starttls-refused 454\n"
		"S: 220 go\n! failed broken\n" },

	/* Transactions. */
	{ "one at a time", 0,
		PLAIN "@ mail 1\n@ rcpt 2\n@ data 3\n= busy\nC: MAIL FROM:<1@a.example>\n"
		"S: 250 a\n! reply mail 1 250\nC: RCPT TO:<2@b.example>\nS: 250-b\nS: 250 b\n"
		"! reply rcpt 2 250\nC: DATA\nS: 354 go\n! text 3\n= text\n@ sent\n= busy\n"
		"S: 250 Ok\n! reply end 3 250\n= idle\n" },
	{ "in a group", 0, SEALED GROUP_TAKEN "@ sent\nS: 250 Ok\n! reply end 4 250\n= idle\n" },
	{ "two messages", 0,
		SEALED GROUP_TAKEN "@ sent\nS: 250 Ok\n! reply end 4 250\n= idle\n" GROUP_TAKEN
		"@ sent\nS: 550 no\n! reply end 4 550\n= idle\n" },
	{ "the next message waits for the dot's reply", 0,
		SEALED GROUP_TAKEN "@ sent\n@ mail 5\n@ rcpt 6\nS: 250 Ok\n! reply end 4 250\n"
		"= busy\nC: MAIL*\nC: RCPT*\n" },
	{ "RSET waits for DATA's reply", 0,
		SEALED GROUP "@ rset 5\nS: 250 a\n! reply mail 1 250\nS: 550 b\n"
		"! reply rcpt 2 550\nS: 450 c\n! reply rcpt 3 450\nS: 554 no\n"
		"! reply data 4 554\nC: RSET\n= busy\nS: 250 Ok\n! reply rset 5 250\n= idle\n" },
	{ "RSET waits for the dot's reply", 0,
		SEALED "@ mail 1\n@ rcpt 2\n@ data 3\n@ rset 4\nC: MAIL*\nC: RCPT*\nC: DATA\n"
		"S: 250 a\n! reply mail 1 250\nS: 250 b\n! reply rcpt 2 250\nS: 354 go\n"
		"! text 3\n@ sent\nS: 250 Ok\n! reply end 3 250\nC: RSET\n= busy\nS: 250 Ok\n"
		"! reply rset 4 250\n= idle\n" },
	{ "MAIL refused, RCPT already on its way", 0,
		SEALED "@ mail 1\n@ rcpt 2\nC: MAIL*\nC: RCPT*\nS: 550 no\n! reply mail 1 550\n"
		"S: 503 no\n! reply rcpt 2 503\n= busy\n@ rset 3\nC: RSET\nS: 250 Ok\n"
		"! reply rset 3 250\n= idle\n" },
	{ "354 though every recipient was refused", 0,
		SEALED GROUP "S: 250 a\n! reply mail 1 250\nS: 550 b\n! reply rcpt 2 550\n"
		"S: 550 c\n! reply rcpt 3 550\nS: 354 go\n! text 4\n@ sent\nS: 554 none\n"
		"! reply end 4 554\n= idle\n" },
	{ "DATA refused", 0,
		PLAIN "@ data 9\nC: DATA\nS: 451 later\n! reply data 9 451\n= busy\n@ rset 10\n"
		"C: RSET\nS: 500 what?\n! reply rset 10 500\n= idle\n" },
	{ "421 to RCPT", 0,
		SEALED GROUP "S: 250 a\n! reply mail 1 250\nS: 421 too many\n"
		"! failed shut-down 421\n= over\n" },
	{ "421 to the dot", 0, SEALED GROUP_TAKEN "@ sent\nS: 421 bye\n! failed shut-down 421\n" },
	{ "421 in the text", 0, SEALED GROUP_TAKEN "S: 421 bye\n! failed shut-down 421\n" },
	{ "421 unasked", 0, PLAIN "S: 421 idle for too long\n! failed shut-down 421\n" },
	{ "a message taken, and 421 at once", 0,
		SEALED GROUP_TAKEN "@ sent\nS: 250 Ok\nS: 421 bye\n! reply end 4 250\n"
		"! failed shut-down 421\n" },

	/* Replies that answer nothing. */
	{ "unasked in clear", 0, CLEAR "S: 250 Ok\n! failed broken\n= over\n" },
	{ "unasked when idle", 0, PLAIN "S: 250 Ok\n! failed broken\n" },
	{ "unasked between commands", 0,
		PLAIN "@ mail 1\nC: MAIL*\nS: 250 a\nS: 250 b\n! reply mail 1 250\n"
		"! failed broken\n" },
	{ "a message taken before its text", 0,
		SEALED GROUP_TAKEN "S: 250 queued\n! failed broken\n= over\n" },
	{ "put off in the text", 0,
		SEALED GROUP_TAKEN "S: 452 no room\n! reply end 4 452\n= over\n" },
	{ "refused in the text, and nothing goes behind it", 0,
		SEALED GROUP_TAKEN "S: 552 too big\n! reply end 4 552\n= over\n@ sent\n= over\n" },
	{ "354 in the text", 0, SEALED GROUP_TAKEN "S: 354 go on\n! failed broken\n" },
	{ "one reply too many for the message", 0,
		SEALED GROUP_TAKEN "@ sent\nS: 250 Ok\nS: 250 Ok\n! reply end 4 250\n"
		"! failed broken\n" },
	{ "250 to DATA", 0, PLAIN "@ data 1\nC: DATA\nS: 250 queued\n! failed broken\n" },
	{ "354 to MAIL", 0, PLAIN "@ mail 1\nC: MAIL*\nS: 354 go\n! failed broken\n" },
	{ "354 to RCPT", 0, PLAIN "@ rcpt 1\nC: RCPT*\nS: 354 go\n! failed broken\n" },
	{ "354 to RSET", 0, PLAIN "@ rset 1\nC: RSET\nS: 354 go\n! failed broken\n" },
	{ "354 to the dot", 0, SEALED GROUP_TAKEN "@ sent\nS: 354 go on\n! failed broken\n" },
	{ "rubbish to RCPT", 0,
		PLAIN "@ rcpt 1\nC: RCPT*\nS: Segmentation fault\n! failed broken\n" },
	{ "nothing is heard of what follows", 0,
		PLAIN "S: 250 Ok\n! failed broken\nS: 220 go\nS: 421 bye\n@ quit\n= over\n" },

	/* QUIT. */
	{ "QUIT in clear", 0, CLEAR "@ quit\nC: QUIT\n= quitting\nS: 221 bye\n! ended\n= over\n" },
	{ "QUIT when idle", 0, SEALED "@ quit\nC: QUIT\nS: 500 what?\n! ended\n= over\n" },
	{ "QUIT in a transaction", 0,
		PLAIN "@ mail 1\nC: MAIL*\nS: 250 a\n! reply mail 1 250\n= busy\n@ quit\n"
		"C: QUIT\nS: 221 bye\n! ended\n" },
	{ "421 to QUIT", 0, PLAIN "@ quit\nC: QUIT\nS: 421 bye\n! ended\n" },
	{ "rubbish to QUIT", 0, PLAIN "@ quit\nC: QUIT\nS: bye\n! failed broken\n" },
	{ "no QUIT before the greeting", 0, "@ quit\n= greeting\n" },
	{ "no QUIT before hello", 0, HELLO "@ quit\n= ehlo\n" },
	{ "no QUIT into a handshake", 0,
		CLEAR "@ starttls\nC: STARTTLS\n@ quit\n= starttls\nS: 220 go\n! start-tls\n"
		"@ quit\n= tls\n" },
	{ "no QUIT while a reply is awaited", 0,
		PLAIN "@ mail 1\nC: MAIL*\n@ quit\n= busy\nS: 250 a\n! reply mail 1 250\n" },
	{ "no QUIT into the text", 0, SEALED GROUP_TAKEN "@ quit\n= text\n" },
	{ "no QUIT twice", 0, PLAIN "@ quit\nC: QUIT\n@ quit\n= quitting\n" },

	/* Calls out of place. */
	{ "no TLS before STARTTLS", 0, CLEAR "@ tls\n= clear\n@ sent\n= clear\n" },
	{ "no way back to clear", 0, PLAIN "@ starttls\n= idle\n" },
	{ "no way around hello", 0, "@ plain\n= greeting\n@ starttls\n= greeting\n" },
};

/* clang-format on */

static const char *const todo_words[] = {
	[SMTP_HOP_READ] = "read",           [SMTP_HOP_HELLO] = "hello",
	[SMTP_HOP_START_TLS] = "start-tls", [SMTP_HOP_READY] = "ready",
	[SMTP_HOP_REPLY] = "reply",         [SMTP_HOP_TEXT] = "text",
	[SMTP_HOP_FAILED] = "failed",       [SMTP_HOP_ENDED] = "ended",
};

static const char *const command_words[] = {
	[SMTP_HOP_MAIL] = "mail", [SMTP_HOP_RCPT] = "rcpt", [SMTP_HOP_DATA] = "data",
	[SMTP_HOP_END] = "end",   [SMTP_HOP_RSET] = "rset",
};
_Static_assert(COUNT_OF(command_words) == SMTP_HOP_COMMAND_COUNT, "a command without a word");

/* An owner without sockets. */
struct stage {
	const struct talk *talk;
	bool is_bytewise;
	unsigned line;
	struct smtp_hop hop;
	enum smtp_hop_todo todo;
	struct buf in;
	size_t shown; /* bytes of in that have arrived */
	struct buf got;
};

#define stage_fail(s, format, ...)                                                                 \
	fail_msg("%s (%s), line %u: " format, (s)->talk->name,                                     \
	         (s)->is_bytewise ? "byte by byte" : "whole", (s)->line, __VA_ARGS__)

static void stage_collect(struct stage *s, int r)
{
	if (r)
		stage_fail(s, "result %d", r);
	assert_int_equal(buf_add(&s->got, buf_slice(&s->hop.out)), 0);
	buf_clear(&s->hop.out);
}

static void stage_feed(struct stage *s)
{
	size_t used = 1;
	while (s->todo == SMTP_HOP_READ && used && s->shown) {
		/* A copy of just that size: reading past it is an error that ASan sees. */
		size_t len = s->shown;
		uint8_t *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, buf_slice(&s->in).data, len);
		int r = smtp_hop_feed(&s->hop, slice_of(copy, len), &used, &s->todo);
		free(copy);
		stage_collect(s, r);
		if (used > len)
			stage_fail(s, "used %zu of %zu", used, len);
		buf_consume(&s->in, used);
		s->shown -= used;
	}
}

/* What was said arrives, as far as the next thing to do. */
static void stage_deliver(struct stage *s)
{
	stage_feed(s);
	while (s->todo == SMTP_HOP_READ && s->shown < buf_len(&s->in)) {
		s->shown = s->is_bytewise ? s->shown + 1 : buf_len(&s->in);
		stage_feed(s);
	}
}

/* A server that got more by then than the script says would have been told too early. */
static void stage_say(struct stage *s, struct slice text, const char *end)
{
	struct slice early = buf_slice(&s->got);
	if (early.len)
		stage_fail(s, "not in the script: '%.*s'", (int)early.len, early.data);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c == '\\' && i + 1 < text.len) {
			c = text.data[++i];
			c = c == 'r' ? '\r' : c == 'n' ? '\n' : c;
		}
		assert_int_equal(buf_add(&s->in, slice_of(&c, 1)), 0);
	}
	assert_int_equal(buf_add_str(&s->in, end), 0);
}

static void stage_expect(struct stage *s, struct slice text)
{
	stage_deliver(s);
	struct slice got = buf_slice(&s->got);
	struct slice line = slice_head(got, slice_find(got, '\r'));
	struct slice same = line;
	if (text.len && text.data[text.len - 1] == '*') {
		text.len--;
		same = slice_head(line, text.len);
	}
	if (!slice_equal(same, text))
		stage_fail(s, "expected '%.*s', got '%.*s'", (int)text.len, text.data,
		           (int)line.len, line.data);
	buf_consume(&s->got, line.len + 2);
}

/* As a script has it. */
static void todo_write(const struct stage *s, char *ret_text, size_t cap)
{
	const struct smtp_hop *hop = &s->hop;
	const char *word = todo_words[s->todo];
	if (s->todo == SMTP_HOP_REPLY)
		snprintf(ret_text, cap, "%s %s %u %u", word, command_words[hop->of], hop->number,
		         hop->reply.code);
	else if (s->todo == SMTP_HOP_TEXT)
		snprintf(ret_text, cap, "%s %u", word, hop->number);
	else if (s->todo == SMTP_HOP_FAILED && hop->reply.code)
		snprintf(ret_text, cap, "%s %s %u", word, smtp_hop_failure_name(hop->failure),
		         hop->reply.code);
	else if (s->todo == SMTP_HOP_FAILED)
		snprintf(ret_text, cap, "%s %s", word, smtp_hop_failure_name(hop->failure));
	else
		snprintf(ret_text, cap, "%s", word);
}

static void stage_todo(struct stage *s, struct slice text)
{
	char todo[64];
	stage_deliver(s);
	todo_write(s, todo, sizeof(todo));
	if (!slice_equal(text, slice_str(todo)))
		stage_fail(s, "asked for '%s'", todo);
	s->todo = SMTP_HOP_READ;
}

/* Addresses are made of the number. */
static int call(struct smtp_hop *hop, const char *word, unsigned number)
{
	char path[32];
	snprintf(path, sizeof(path), "<%u@%c.example>", number, word[0] == 'm' ? 'a' : 'b');
	const struct smtp_hop_mail mail = { .path = slice_str(path) };
	if (!strcmp(word, "mail"))
		return smtp_hop_mail(hop, &mail, number);
	if (!strcmp(word, "rcpt"))
		return smtp_hop_rcpt(hop, slice_str(path), number);
	if (!strcmp(word, "data"))
		return smtp_hop_data(hop, number);
	if (!strcmp(word, "rset"))
		return smtp_hop_rset(hop, number);
	if (!strcmp(word, "starttls"))
		return smtp_hop_starttls(hop);
	if (!strcmp(word, "tls"))
		return smtp_hop_tls_up(hop);
	if (!strcmp(word, "quit"))
		return smtp_hop_quit(hop);
	if (!strcmp(word, "sent"))
		smtp_hop_text_is_sent(hop);
	else if (!strcmp(word, "plain"))
		smtp_hop_go_plain(hop);
	else
		fail_msg("no such call: %s", word);
	return 0;
}

static void stage_call(struct stage *s, struct slice text)
{
	char words[64], word[16];
	unsigned number = 0;
	stage_deliver(s);
	slice_to_text(text, words, sizeof(words));
	sscanf(words, "%15s %u", word, &number);
	stage_collect(s, call(&s->hop, word, number));
}

static void stage_state(struct stage *s, struct slice text)
{
	stage_deliver(s);
	const char *name = smtp_hop_state_name(s->hop.state);
	if (!slice_equal(text, slice_str(name)))
		stage_fail(s, "state %s", name);
}

static void stage_line(struct stage *s, struct slice line)
{
	char op = (char)line.data[0];
	struct slice text = slice_skip(line, op == '!' || op == '@' || op == '=' ? 2 : 3);
	switch (op) {
	case 'S':
		stage_say(s, text, "\r\n");
		break;
	case 's':
		stage_say(s, text, "");
		break;
	case 'C':
		stage_expect(s, text);
		break;
	case '!':
		stage_todo(s, text);
		break;
	case '@':
		stage_call(s, text);
		break;
	case '=':
		stage_state(s, text);
		break;
	default:
		stage_fail(s, "no such operation: %c", op);
	}
}

static void stage_check_end(struct stage *s)
{
	char todo[64];
	stage_deliver(s);
	todo_write(s, todo, sizeof(todo));
	struct slice rest = buf_slice(&s->got);
	if (rest.len || s->todo != SMTP_HOP_READ)
		stage_fail(s, "not in the script: '%.*s', todo '%s'", (int)rest.len, rest.data,
		           todo);
}

static void play(const struct talk *talk, bool is_bytewise)
{
	struct stage s = { .talk = talk, .is_bytewise = is_bytewise };
	struct slice rest = slice_str(talk->script);
	smtp_hop_init(&s.hop, "relay.example");
	while (rest.len) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		rest = slice_skip(rest, line.len + 1);
		s.line++;
		stage_line(&s, line);
	}
	stage_check_end(&s);
	smtp_hop_deinit(&s.hop);
	buf_deinit(&s.in);
	buf_deinit(&s.got);
}

static void test_hop_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(talks); i++) {
		play(&talks[i], false);
		if (!(talks[i].setup & WHOLE_ONLY))
			play(&talks[i], true);
	}
}

/* The server says that; what it gets is thrown away. */
static enum smtp_hop_todo feed(struct smtp_hop *hop, const char *text)
{
	enum smtp_hop_todo todo;
	size_t used;
	assert_int_equal(smtp_hop_feed(hop, slice_str(text), &used, &todo), 0);
	assert_int_equal(used, strlen(text));
	buf_clear(&hop->out);
	return todo;
}

/* Ready for transactions, to a server that answers EHLO so. */
static void bring_up(struct smtp_hop *hop, bool is_tls, const char *ehlo)
{
	smtp_hop_init(hop, "relay.example");
	assert_int_equal(feed(hop, "220 mx\r\n"), SMTP_HOP_READ);
	assert_int_equal(feed(hop, is_tls ? "250 mx\r\n" : ehlo), SMTP_HOP_HELLO);
	if (!is_tls) {
		smtp_hop_go_plain(hop);
		return;
	}
	assert_int_equal(smtp_hop_starttls(hop), 0);
	assert_int_equal(feed(hop, "220 go\r\n"), SMTP_HOP_START_TLS);
	assert_int_equal(smtp_hop_tls_up(hop), 0);
	assert_int_equal(feed(hop, ehlo), SMTP_HOP_READY);
}

struct mail_case {
	const char *name;
	const char *ehlo;
	struct smtp_hop_mail mail;
	bool is_clear;
	int result;
	const char *line;
};

#define ALL "250-mx\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 REQUIRETLS\r\n"
#define PATH .path = { (const uint8_t *)"<a@b.example>", 13 }

static const struct mail_case mails[] = {
	{ .name = "all of it",
	  .ehlo = ALL,
	  .mail = { PATH, .size = 1000, .is_8bit = true, .is_utf8 = true, .requires_tls = true },
	  .line = "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 REQUIRETLS\r\n" },
	{ .name = "none of it",
	  .ehlo = ALL,
	  .mail = { PATH },
	  .line = "MAIL FROM:<a@b.example>\r\n" },
	{ .name = "nothing offered",
	  .ehlo = "250 mx\r\n",
	  .mail = { PATH, .size = 1000, .is_8bit = true },
	  .line = "MAIL FROM:<a@b.example>\r\n" },
	{ .name = "SMTPUTF8 not offered",
	  .ehlo = "250 mx\r\n",
	  .mail = { PATH, .is_utf8 = true },
	  .result = SMTP_HOP_NO_UTF8 },
	{ .name = "REQUIRETLS not offered",
	  .ehlo = "250 mx\r\n",
	  .mail = { PATH, .requires_tls = true },
	  .result = SMTP_HOP_NO_REQUIRETLS },
	{ .name = "REQUIRETLS offered in clear",
	  .ehlo = ALL,
	  .mail = { PATH, .requires_tls = true },
	  .is_clear = true,
	  .result = SMTP_HOP_NO_REQUIRETLS },
	{ .name = "a byte too big",
	  .ehlo = ALL,
	  .mail = { PATH, .size = 1001 },
	  .result = SMTP_HOP_TOO_BIG },
	{ .name = "SIZE 0 is no limit",
	  .ehlo = "250-mx\r\n250 SIZE 0\r\n",
	  .mail = { PATH, .size = 1001 },
	  .line = "MAIL FROM:<a@b.example> SIZE=1001\r\n" },
	{ .name = "SIZE alone is no limit",
	  .ehlo = "250-mx\r\n250 SIZE\r\n",
	  .mail = { PATH, .size = UINT64_MAX },
	  .line = "MAIL FROM:<a@b.example> SIZE=18446744073709551615\r\n" },
	{ .name = "SIZE of no number is no limit",
	  .ehlo = "250-mx\r\n250 SIZE 10M\r\n",
	  .mail = { PATH, .size = 1001 },
	  .line = "MAIL FROM:<a@b.example> SIZE=1001\r\n" },
	{ .name = "SIZE over 64 bits is no limit",
	  .ehlo = "250-mx\r\n250 SIZE 18446744073709551616\r\n",
	  .mail = { PATH, .size = UINT64_MAX },
	  .line = "MAIL FROM:<a@b.example> SIZE=18446744073709551615\r\n" },
	{ .name = "SIZE with spaces",
	  .ehlo = "250-mx\r\n250 SIZE  1000 \r\n",
	  .mail = { PATH, .size = 1001 },
	  .result = SMTP_HOP_TOO_BIG },
};

static void test_hop_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mails); i++) {
		const struct mail_case *c = &mails[i];
		struct smtp_hop hop;
		bring_up(&hop, !c->is_clear, c->ehlo);
		int r = smtp_hop_mail(&hop, &c->mail, 1);
		struct slice out = buf_slice(&hop.out);
		if (r != c->result || hop.count != !r)
			fail_msg("%s: result %d, %u queued", c->name, r, hop.count);
		if (!slice_equal(out, slice_str(c->line ? c->line : "")))
			fail_msg("%s: '%.*s'", c->name, (int)out.len, out.data);
		smtp_hop_deinit(&hop);
	}
}

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static const struct {
	const char *name;
	struct slice path;
	int result;
} paths[] = {
	{ "null", BYTES("<>"), 0 },
	{ "quoted", BYTES("<\"a b\"@c.example>"), 0 },
	{ "UTF-8", BYTES("<\xc3\xa9@c.example>"), 0 },
	{ "empty", {}, SMTP_HOP_TOO_LONG },
	{ "one bracket", BYTES("<"), SMTP_HOP_TOO_LONG },
	{ "no brackets", BYTES("a@c.example"), SMTP_HOP_TOO_LONG },
	{ "not opened", BYTES("a@c.example>"), SMTP_HOP_TOO_LONG },
	{ "not closed", BYTES("<a@c.example"), SMTP_HOP_TOO_LONG },
	{ "a parameter behind it", BYTES("<a@c.example> SIZE=1"), SMTP_HOP_TOO_LONG },
	{ "CR LF", BYTES("<a>\r\nRCPT TO:<b>"), SMTP_HOP_TOO_LONG },
	{ "LF", BYTES("<a>\nRCPT TO:<b>"), SMTP_HOP_TOO_LONG },
	{ "CR", BYTES("<a\r@c.example>"), SMTP_HOP_TOO_LONG },
	{ "NUL", BYTES("<a\0@c.example>"), SMTP_HOP_TOO_LONG },
	{ "tab", BYTES("<a\t@c.example>"), SMTP_HOP_TOO_LONG },
	{ "DEL", BYTES("<a\x7f@c.example>"), SMTP_HOP_TOO_LONG },
};

static void test_hop_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		const struct smtp_hop_mail mail = { .path = paths[i].path };
		struct smtp_hop hop;
		bring_up(&hop, false, "250-mx\r\n250 PIPELINING\r\n");
		if (smtp_hop_mail(&hop, &mail, 1) != paths[i].result)
			fail_msg("MAIL, %s", paths[i].name);
		if (smtp_hop_rcpt(&hop, paths[i].path, 2) != paths[i].result)
			fail_msg("RCPT, %s", paths[i].name);
		if (!buf_len(&hop.out) != !!paths[i].result)
			fail_msg("%s: %zu bytes go out", paths[i].name, buf_len(&hop.out));
		smtp_hop_deinit(&hop);
	}
}

static void test_hop_line_is_bounded(void **state)
{
	(void)state;
	static const size_t frame = sizeof("RCPT TO:\r\n") - 1;
	struct smtp_hop hop;
	char path[SMTP_HOP_LINE_MAX];
	memset(path, 'x', sizeof(path));
	path[0] = '<';
	bring_up(&hop, false, "250 mx\r\n");
	for (size_t len = sizeof(path) - frame; len <= sizeof(path); len++) {
		path[len - 1] = '>';
		const struct smtp_hop_mail mail = { .path = slice_of(path, len) };
		bool fits = len + frame <= SMTP_HOP_LINE_MAX;
		assert_int_equal(smtp_hop_rcpt(&hop, mail.path, 1), fits ? 0 : SMTP_HOP_TOO_LONG);
		assert_int_equal(smtp_hop_mail(&hop, &mail, 1), SMTP_HOP_TOO_LONG);
		path[len - 1] = 'x';
	}
	assert_int_equal(hop.count, 1);
	assert_int_equal(buf_len(&hop.out), SMTP_HOP_LINE_MAX);
	smtp_hop_deinit(&hop);
}

/* More than once around the ring. */
static void test_hop_queue_is_bounded(void **state)
{
	(void)state;
	struct smtp_hop hop;
	unsigned number = 0;
	bring_up(&hop, false, "250 mx\r\n");
	while (number < SMTP_HOP_QUEUE_MAX)
		assert_int_equal(smtp_hop_rcpt(&hop, slice_str("<b@c.example>"), number++), 0);
	for (unsigned i = 0; i < 2 * SMTP_HOP_QUEUE_MAX; i++) {
		assert_int_equal(smtp_hop_rset(&hop, 0), SMTP_HOP_IS_FULL);
		assert_int_equal(hop.sent, 1);
		assert_int_equal(feed(&hop, "250 Ok\r\n"), SMTP_HOP_REPLY);
		assert_int_equal(hop.number, i);
		assert_int_equal(smtp_hop_rset(&hop, number++), 0);
	}
	smtp_hop_deinit(&hop);
	smtp_hop_deinit(&hop);
	smtp_hop_deinit(NULL);
}

/* Wherever it is, no command of a transaction leaves before hello is done, nor in the text. */
static void test_hop_not_now(void **state)
{
	(void)state;
	static const struct smtp_hop_mail mail = { PATH };
	for (int i = 0; i < SMTP_HOP_STATE_COUNT; i++) {
		struct smtp_hop hop;
		smtp_hop_init(&hop, "relay.example");
		hop.state = (enum smtp_hop_state)i;
		bool may = hop.state == SMTP_HOP_IDLE || hop.state == SMTP_HOP_BUSY;
		int result = may ? 0 : SMTP_HOP_NOT_NOW;
		assert_int_equal(smtp_hop_mail(&hop, &mail, 1), result);
		assert_int_equal(smtp_hop_rcpt(&hop, mail.path, 2), result);
		assert_int_equal(smtp_hop_data(&hop, 3), result);
		assert_int_equal(smtp_hop_rset(&hop, 4), result);
		assert_int_equal(hop.count, may ? 4 : 0);
		assert_int_equal(buf_len(&hop.out) != 0, may);
		smtp_hop_deinit(&hop);
	}
}

static void test_hop_forgets_what_it_learnt_in_clear(void **state)
{
	(void)state;
	struct smtp_hop hop;
	struct slice params;
	smtp_hop_init(&hop, "relay.example");
	assert_int_equal(feed(&hop, "220 mx\r\n"), SMTP_HOP_READ);
	assert_int_equal(feed(&hop, ALL), SMTP_HOP_HELLO);
	assert_true(hop.is_esmtp);
	assert_true(smtp_hop_offers(&hop, "size", &params));
	assert_true(slice_equal(params, slice_str("1000")));
	assert_int_equal(smtp_hop_starttls(&hop), 0);
	assert_int_equal(feed(&hop, "220 go\r\n"), SMTP_HOP_START_TLS);
	assert_false(hop.is_tls);
	assert_int_equal(smtp_hop_tls_up(&hop), 0);
	assert_true(hop.is_tls);
	assert_false(hop.is_esmtp);
	assert_false(smtp_hop_offers(&hop, "SIZE", &params));
	assert_int_equal(buf_len(&hop.reply.text), 0);
	smtp_hop_deinit(&hop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hop_talks),
		cmocka_unit_test(test_hop_mail),
		cmocka_unit_test(test_hop_path),
		cmocka_unit_test(test_hop_line_is_bounded),
		cmocka_unit_test(test_hop_queue_is_bounded),
		cmocka_unit_test(test_hop_not_now),
		cmocka_unit_test(test_hop_forgets_what_it_learnt_in_clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
