/*
 * Conversations as transcripts. A script's lines:
 *
 *   C: line        the client says a line        c: bytes   the same without CRLF at the end
 *   S: line        it gets that line; a last '*' stands for any rest
 *   < line         the backend says a line       << bytes
 *   > line         it gets that line         >> bytes
 *   ! todo         the worker was asked for that, and does it
 *   ! wait         it was asked to connect, and has not yet
 *   F: connect|timeout|tls|not-proxy|homeless|lookup   ... or cannot
 *   M: name        whose backend it is
 *   U: name        who logged in, or tries
 *   E: client|backend                  that side ends
 *   X: idle|drain                      conv_expire()
 *   = outcome      how the session ended; it must have been closed
 *
 * \r \n \0 \\ are escapes. What a side gets must be in the script, line by line. Every script runs
 * with what one side says fed whole, and fed byte by byte.
 */
#include "smtp/edge.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum setup {
	SUBMISSION = 1 << 0,
	IN_TLS = 1 << 1, /* implicit TLS */
	NO_CERT = 1 << 2,
	SEALED = 1 << 3, /* STARTTLS towards the backend */
	XCLIENT = 1 << 4,
	REJECT = 1 << 5,
	UNLEARNT = 1 << 6,
	EXEMPT = 1 << 7,
	MUST_TLS = 1 << 8,
	AUTH_OFF = 1 << 9,
	PLUS = 1 << 10,
	RECEIVED = 1 << 11,
	WHOLE_ONLY = 1 << 12, /* what is told apart by what came in one piece */
	LEARN = 1 << 13,      /* there is no client: conv_learn() */
	NO_AUTH = 1 << 14,    /* learnt from a backend that offers none */
	SAFE = 1 << 15,       /* REQUIRETLS may go to the backend */
	LMTP = 1 << 16,
	OPEN_AUTH = 1 << 17, /* open = "auth" */
};

struct talk {
	const char *name;
	unsigned setup;
	const char *script;
};

#include "smtp/test_talks.h"
#include "smtp/test_talks_by_auth.h"
#include "smtp/test_talks_lmtp.h"

static const struct conv_caps learnt = {
	.text = "PIPELINING\nSIZE 1000\n8BITMIME\nCHUNKING\nAUTH PLAIN LOGIN SCRAM-SHA-256-PLUS\n"
		"STARTTLS\nXCLIENT NAME ADDR\nX-EXPERIMENT\nREQUIRETLS"
};

static const struct conv_caps learnt_without_auth = { .text = "PIPELINING\nSIZE 1000" };

static const char *const todo_names[] = {
	[CONV_TODO_READ] = "read",       [CONV_TODO_CLIENT_TLS] = "client-tls",
	[CONV_TODO_CONNECT] = "connect", [CONV_TODO_BACKEND_TLS] = "backend-tls",
	[CONV_TODO_SPLICE] = "splice",   [CONV_TODO_CLOSE] = "close",
	[CONV_TODO_LEAVE] = "leave",
};

/* A worker without sockets. */
struct stage {
	const struct talk *talk;
	bool is_bytewise;
	unsigned line;
	struct conv *conv;
	enum conv_todo todo;
	struct buf in[2];
	size_t shown[2]; /* bytes of in[] that have arrived */
	struct buf got[2];
};

#define stage_fail(s, format, ...)                                                                 \
	fail_msg("%s (%s), line %u: " format, (s)->talk->name,                                     \
	         (s)->is_bytewise ? "byte by byte" : "whole", (s)->line, __VA_ARGS__)

static void stage_collect(struct stage *s, int r)
{
	if (r)
		stage_fail(s, "error %d", r);
	for (int side = 0; side < 2; side++) {
		assert_int_equal(buf_add(&s->got[side], buf_slice(&s->conv->out[side])), 0);
		buf_clear(&s->conv->out[side]);
	}
}

static bool stage_feed(struct stage *s, enum conv_side side)
{
	bool has_moved = false;
	size_t used = 1;
	while (s->todo == CONV_TODO_READ && used && s->shown[side]) {
		/* A copy of just that size: reading past it is an error that ASan sees. */
		size_t len = s->shown[side];
		uint8_t *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, buf_slice(&s->in[side]).data, len);
		int r = conv_feed(s->conv, side, slice_of(copy, len), &used, &s->todo);
		free(copy);
		stage_collect(s, r);
		if (used > len)
			stage_fail(s, "used %zu of %zu", used, len);
		buf_consume(&s->in[side], used);
		s->shown[side] -= used;
		has_moved |= used > 0;
	}
	return has_moved;
}

static void stage_pump(struct stage *s)
{
	bool has_moved = true;
	while (has_moved && s->todo == CONV_TODO_READ) {
		has_moved = stage_feed(s, CONV_BACKEND);
		has_moved |= stage_feed(s, CONV_CLIENT);
	}
}

/* All that was said arrives. */
static void stage_deliver(struct stage *s)
{
	stage_pump(s);
	for (int side = 0; side < 2; side++) {
		while (s->todo == CONV_TODO_READ && s->shown[side] < buf_len(&s->in[side])) {
			s->shown[side] =
				s->is_bytewise ? s->shown[side] + 1 : buf_len(&s->in[side]);
			stage_pump(s);
		}
	}
}

static size_t unescape(const char *text, size_t len, char *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '\\' && i + 1 < len) {
			c = text[++i];
			c = c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
		}
		ret[n++] = c;
	}
	return n;
}

static void stage_say(struct stage *s, enum conv_side side, struct slice text, const char *end)
{
	char bytes[4096];
	assert_true(text.len < sizeof(bytes));
	/* In the script's order: what the other side said before arrives before. */
	if (buf_len(&s->in[!side]) > s->shown[!side])
		stage_deliver(s);
	size_t len = unescape((const char *)text.data, text.len, bytes);
	assert_int_equal(buf_add(&s->in[side], slice_of(bytes, len)), 0);
	assert_int_equal(buf_add_str(&s->in[side], end), 0);
}

static void stage_expect(struct stage *s, enum conv_side side, struct slice text)
{
	stage_deliver(s);
	struct slice got = buf_slice(&s->got[side]);
	size_t end = slice_find(got, '\n');
	struct slice line = slice_head(got, end);
	bool is_whole = line.len && line.data[line.len - 1] == '\r' && end < got.len;
	line.len -= is_whole;
	struct slice same = line;
	if (text.len && text.data[text.len - 1] == '*') {
		text.len--;
		same = slice_head(line, text.len);
	}
	if (!is_whole || !slice_equal(same, text))
		stage_fail(s, "expected '%.*s', got '%.*s'", (int)text.len, text.data,
		           (int)line.len, line.data);
	buf_consume(&s->got[side], end + 1);
}

static void stage_expect_bytes(struct stage *s, struct slice text)
{
	char bytes[4096];
	stage_deliver(s);
	size_t len = unescape((const char *)text.data, text.len, bytes);
	struct slice got = slice_head(buf_slice(&s->got[CONV_BACKEND]), len);
	if (!slice_equal(got, slice_of(bytes, len)))
		stage_fail(s, "got '%.*s'", (int)got.len, got.data);
	buf_consume(&s->got[CONV_BACKEND], len);
}

static void stage_todo(struct stage *s, struct slice word)
{
	stage_deliver(s);
	if (s->todo == CONV_TODO_CONNECT && slice_equal(word, slice_str("wait")))
		return;
	if (!slice_equal(word, slice_str(todo_names[s->todo])))
		stage_fail(s, "asked for %s", todo_names[s->todo]);
	enum conv_todo asked = s->todo;
	int r = 0;
	if (asked == CONV_TODO_CLIENT_TLS) {
		s->conv->facts.is_tls = true;
		r = conv_tls_up(s->conv, CONV_CLIENT, &s->todo);
	} else if (asked == CONV_TODO_BACKEND_TLS) {
		r = conv_tls_up(s->conv, CONV_BACKEND, &s->todo);
	} else if (asked == CONV_TODO_CONNECT) {
		r = conv_connected(s->conv, &s->todo);
	} else if (asked == CONV_TODO_LEAVE) {
		buf_clear(&s->in[CONV_BACKEND]);
		s->shown[CONV_BACKEND] = 0;
		s->todo = CONV_TODO_READ;
	}
	stage_collect(s, r);
}

static void stage_failure(struct stage *s, struct slice word)
{
	static const char *const words[] = {
		[CONV_FAILURE_CONNECT] = "connect",   [CONV_FAILURE_TIMEOUT] = "timeout",
		[CONV_FAILURE_TLS] = "tls",           [CONV_FAILURE_NOT_PROXY] = "not-proxy",
		[CONV_FAILURE_HOMELESS] = "homeless", [CONV_FAILURE_LOOKUP] = "lookup",
	};
	stage_deliver(s);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i] && slice_equal(word, slice_str(words[i])))
			stage_collect(s, conv_failed(s->conv, (enum conv_failure)i, &s->todo));
}

static void stage_mailbox(struct stage *s, struct slice name)
{
	stage_deliver(s);
	if (!slice_equal(name, slice_str(s->conv->mailbox)))
		stage_fail(s, "the mailbox is '%s'", s->conv->mailbox);
}

static void stage_user(struct stage *s, struct slice name)
{
	stage_deliver(s);
	if (!slice_equal(name, slice_str(s->conv->user)))
		stage_fail(s, "the user is '%s'", s->conv->user);
}

static void stage_event(struct stage *s, char op, struct slice word)
{
	stage_deliver(s);
	enum conv_side side = slice_equal(word, slice_str("client")) ? CONV_CLIENT : CONV_BACKEND;
	enum conv_expiry why =
		slice_equal(word, slice_str("drain")) ? CONV_EXPIRY_DRAIN : CONV_EXPIRY_IDLE;
	enum conv_todo asked = s->todo;
	if (op == 'E')
		stage_collect(s, conv_eof(s->conv, side, &s->todo));
	else
		stage_collect(s, conv_expire(s->conv, why, &s->todo));
	/* What it was asked for before is still to be done. */
	if (s->todo == CONV_TODO_READ)
		s->todo = asked;
}

static void stage_outcome(struct stage *s, struct slice word)
{
	stage_deliver(s);
	const char *name = conv_outcome_name(s->conv->outcome);
	if (s->todo != CONV_TODO_CLOSE || !slice_equal(word, slice_str(name)))
		stage_fail(s, "outcome %s, todo %s", name, todo_names[s->todo]);
}

static void stage_line(struct stage *s, struct slice line)
{
	char op = (char)line.data[0];
	size_t skip = line.len > 1 && (line.data[1] == ':' || line.data[1] == line.data[0]) ? 2 : 1;
	struct slice text = slice_skip(line, skip);
	if (text.len && text.data[0] == ' ')
		text = slice_skip(text, 1);
	switch (op) {
	case 'C':
		stage_say(s, CONV_CLIENT, text, "\r\n");
		break;
	case 'c':
		stage_say(s, CONV_CLIENT, text, "");
		break;
	case '<':
		stage_say(s, CONV_BACKEND, text, skip == 2 ? "" : "\r\n");
		break;
	case 'S':
		stage_expect(s, CONV_CLIENT, text);
		break;
	case '>':
		if (skip == 2)
			stage_expect_bytes(s, text);
		else
			stage_expect(s, CONV_BACKEND, text);
		break;
	case '!':
		stage_todo(s, text);
		break;
	case 'F':
		stage_failure(s, text);
		break;
	case 'E':
	case 'X':
		stage_event(s, op, text);
		break;
	case 'M':
		stage_mailbox(s, text);
		break;
	case 'U':
		stage_user(s, text);
		break;
	case '=':
		stage_outcome(s, text);
		break;
	default:
		stage_fail(s, "no such operation: %c", op);
	}
}

static struct conv_settings settings_of(unsigned setup)
{
	return (struct conv_settings){
		.hostname = "mx.example",
		.edge_name = "mx",
		.is_submission = setup & SUBMISSION,
		.is_lmtp = setup & LMTP,
		.offers_starttls = !(setup & NO_CERT),
		.plus_is_bound = setup & PLUS,
		.backend_starttls = setup & SEALED,
		.backend_is_safe = setup & SAFE,
		.open = setup & OPEN_AUTH ? CONV_OPEN_AUTH : CONV_OPEN_TLS,
		.client_info = setup & XCLIENT ? CONV_INFO_XCLIENT : CONV_INFO_PROXY,
		.received = setup & RECEIVED ? CONV_RECEIVED_ON : CONV_RECEIVED_OFF,
		.bare_newline = setup & REJECT ? CONV_BARE_REJECT : CONV_BARE_NORMALIZE,
		.auth = setup & AUTH_OFF ? CONV_AUTH_OFF : CONV_AUTH_AFTER_TLS,
		.greeting_timeout_ms = 1,
		.command_timeout_ms = 2,
		.data_timeout_ms = 3,
		.reply_timeout_ms = 4,
		.line_max = 128,
		.auth_line_max = 256,
		.errors_max = 4,
		.login_failures_max = 2,
	};
}

static void stage_check_record(struct stage *s)
{
	for (int side = 0; side < 2; side++) {
		struct slice rest = buf_slice(&s->got[side]);
		if (rest.len)
			stage_fail(s, "not in the script: '%.*s'", (int)rest.len, rest.data);
	}
}

static struct conv *stage_new(struct stage *s, const struct conv_settings *set)
{
	unsigned setup = s->talk->setup;
	const struct conv_ops *ops = setup & SUBMISSION ? &submission_edge_ops
	                             : setup & LMTP     ? &lmtp_edge_ops
	                                                : &smtp_edge_ops;
	struct conv *c;
	const struct conv_caps *caps = setup & NO_AUTH ? &learnt_without_auth : &learnt;
	assert_int_equal(conv_new(&c, ops, set, setup & UNLEARNT ? NULL : caps), 0);
	c->facts = (struct conv_facts){
		.session_id = "s1",
		.client_addr = "2001:db8::1",
		.client_is_v6 = true,
		.client_port = 4711,
		.local_addr = "2001:db8::25",
		.local_port = 25,
		.tls_version = "TLSv1.3",
		.tls_cipher = "TLS_AES_128_GCM_SHA256",
		.is_tls = setup & IN_TLS,
		.is_implicit = setup & IN_TLS,
		.may_login_plain = setup & EXEMPT,
		.must_have_tls = setup & MUST_TLS,
	};
	return c;
}

/* Plays the script. The caller looks at the session that is left, and frees it. */
static struct conv *play(const struct talk *talk, bool is_bytewise)
{
	struct conv_settings set = settings_of(talk->setup);
	struct stage s = { .talk = talk, .is_bytewise = is_bytewise };
	s.conv = stage_new(&s, &set);
	if (talk->setup & LEARN)
		stage_collect(&s, conv_learn(s.conv, &s.todo));
	else
		stage_collect(&s, conv_start(s.conv, &s.todo));
	struct slice rest = slice_str(talk->script);
	while (rest.len) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		rest = slice_skip(rest, line.len + 1);
		s.line++;
		stage_line(&s, line);
	}
	stage_deliver(&s);
	stage_check_record(&s);
	for (int side = 0; side < 2; side++) {
		buf_deinit(&s.in[side]);
		buf_deinit(&s.got[side]);
	}
	s.conv->set = NULL;
	return s.conv;
}

static void play_all(const struct talk *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		conv_free(play(&all[i], false));
		if (!(all[i].setup & WHOLE_ONLY))
			conv_free(play(&all[i], true));
	}
}

static void test_talks(void **state)
{
	(void)state;
	play_all(talks, COUNT_OF(talks));
	play_all(lmtp_talks, COUNT_OF(lmtp_talks));
	play_all(by_auth_talks, COUNT_OF(by_auth_talks));
}

/* What the record says of a talk. */
struct record {
	struct talk talk;
	const char *user, *queue_ids, *exposed_user, *mechanism;
	bool is_logged_in, password_sent, has_exposure;
	unsigned messages, bare, login_failures, requiretls;
};

static const struct record records[] = {
	{ .talk = { "PLAIN", SUBMISSION | IN_TLS,
	            TLS_START "C: AUTH PLAIN AGFubmEAc2VjcmV0\n" OPEN
	                      "> AUTH PLAIN AGFubmEAc2VjcmV0\n< 235 2.7.0 Ok\nS: 235 2.7.0 Ok\n" },
	  .user = "anna",
	  .is_logged_in = true },
	{ .talk = { "LOGIN, refused", SUBMISSION | IN_TLS,
	            TLS_START "C: AUTH LOGIN\n" OPEN
	                      "> AUTH LOGIN\n< 334 VXNlcm5hbWU6\nS: 334 VXNlcm5hbWU6\n"
	                      "C: YW5uYQ==\n> YW5uYQ==\n< 334 UGFzc3dvcmQ6\nS: 334 UGFzc3dvcmQ6\n"
	                      "C: c2VjcmV0\n> c2VjcmV0\n< 535 5.7.8 No\nS: 535 5.7.8 No\n" },
	  .user = "anna",
	  .login_failures = 1 },
	{ .talk = { "cancelled is not failed", SUBMISSION | IN_TLS,
	            TLS_START "C: AUTH PLAIN\n" OPEN "> AUTH PLAIN\n< 334 \nS: 334 \n"
	                      "C: *\n> *\n< 501 5.7.0 Ok\nS: 501 5.7.0 Ok\n" } },
	{ .talk = { "PLAIN in clear", SUBMISSION,
	            PLAIN_START "C: AUTH PLAIN AGFubmEAc2VjcmV0\nS: 538 5.7.11*\n" },
	  .has_exposure = true,
	  .password_sent = true,
	  .exposed_user = "anna",
	  .mechanism = "PLAIN" },
	{ .talk = { "PLAIN only tried", SUBMISSION, PLAIN_START "C: AUTH PLAIN\nS: 538 5.7.11*\n" },
	  .has_exposure = true,
	  .mechanism = "PLAIN" },
	{ .talk = { "LOGIN that does not wait for an answer", SUBMISSION,
	            PLAIN_START "C: AUTH LOGIN\nC: YW5uYQ==\nC: c2VjcmV0\nS: 538 5.7.11*\n"
	                        "S: 500*\nS: 500*\n" },
	  .has_exposure = true,
	  .password_sent = true,
	  .exposed_user = "anna",
	  .mechanism = "LOGIN" },
	{ .talk = { "what follows a command is no credential", SUBMISSION,
	            PLAIN_START "C: AUTH PLAIN\nC: NOOP\nC: AGFubmEAc2VjcmV0\nS: 538 5.7.11*\n"
	                        "S: 250*\nS: 500*\n" },
	  .has_exposure = true,
	  .mechanism = "PLAIN" },
	{ .talk = { "LOGIN with a name", 0,
	            PLAIN_START "C: AUTH LOGIN YW5uYQ==\nS: 538 5.7.11*\n" },
	  .has_exposure = true,
	  .exposed_user = "anna",
	  .mechanism = "LOGIN" },
	{ .talk = { "an exception is an exposure too", SUBMISSION | EXEMPT,
	            "S: 220*\nC: EHLO c.example\nS: 250-mx.example\nS: 250-PIPELINING\n"
	            "S: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-AUTH PLAIN LOGIN\n"
	            "S: 250 STARTTLS\nC: AUTH PLAIN\n" OPEN "> AUTH PLAIN\n< 334 \nS: 334 \n"
	            "C: AGFubmEAc2VjcmV0\n> AGFubmEAc2VjcmV0\n< 235 Ok\nS: 235 Ok\n" },
	  .user = "anna",
	  .is_logged_in = true,
	  .has_exposure = true,
	  .password_sent = true,
	  .exposed_user = "anna",
	  .mechanism = "PLAIN" },
	{ .talk = { "two messages", IN_TLS,
	            TLS_START MAIL_OPENS RCPT_DATA
	            "C: hello\nC: .\n> hello\n> .\n< 250 2.0.0 Ok: queued as 4XyZ\nS: 250*\n"
	            "C: MAIL FROM:<b@c.example>\n> MAIL*\n< 250 Ok\nS: 250 Ok\n" RCPT_DATA
	            "C: .\n> .\n< 250 OK id=1a-2b\nS: 250 OK id=1a-2b\n" },
	  .messages = 2,
	  .queue_ids = "4XyZ,1a-2b" },
	{ .talk = { "one of two with REQUIRETLS", IN_TLS | SAFE,
	            REQUIRETLS_START
	            "C: MAIL FROM:<a@c.example> REQUIRETLS\n" REQUIRETLS_OPEN
	            "> MAIL FROM:<a@c.example> REQUIRETLS\n< 250 Ok\nS: 250 Ok\n"
	            "C: DATA\n> DATA\n< 354 Go\nS: 354 Go\nC: .\n> .\n< 250 Ok\nS: 250 Ok\n"
	            "C: MAIL FROM:<b@c.example>\n> MAIL*\n< 250 Ok\nS: 250 Ok\n"
	            "C: DATA\n> DATA\n< 354 Go\nS: 354 Go\nC: .\n> .\n< 250 Ok\nS: 250 Ok\n" },
	  .messages = 2,
	  .requiretls = 1 },
	{ .talk = { "refused message", IN_TLS,
	            TLS_START MAIL_OPENS RCPT_DATA
	            "C: .\n> .\n< 550 5.7.1 No: queued as lie\nS: 550*\n" } },
	{ .talk = { "mended newlines are counted", IN_TLS,
	            TLS_START MAIL_OPENS RCPT_DATA
	            "c: a\\nb\\rc\\0\\r\\n.\\r\\n\n> a\n> b c \n> .\n< 250 Ok\nS: 250 Ok\n" },
	  .messages = 1,
	  .bare = 3 },
	{ .talk = { "by BDAT", IN_TLS,
	            TLS_START MAIL_OPENS "C: BDAT 3 LAST\nc: a\\r\\n\n> BDAT 3 LAST\n> a\n"
	                                 "< 250 2.0.0 Ok: queued as B1\nS: 250*\n" },
	  .messages = 1,
	  .queue_ids = "B1" },
};

static void check_record(const struct record *want, const struct conv *c)
{
	const struct conv_exposure *x = &c->exposure;
	if (strcmp(c->user, want->user ? want->user : ""))
		fail_msg("%s: user '%s'", want->talk.name, c->user);
	if (strcmp(c->queue_ids, want->queue_ids ? want->queue_ids : ""))
		fail_msg("%s: queue ids '%s'", want->talk.name, c->queue_ids);
	if (strcmp(x->user, want->exposed_user ? want->exposed_user : ""))
		fail_msg("%s: exposed user '%s'", want->talk.name, x->user);
	if (strcmp(x->mechanism, want->mechanism ? want->mechanism : ""))
		fail_msg("%s: mechanism '%s'", want->talk.name, x->mechanism);
	if (c->is_logged_in != want->is_logged_in || c->login_failures != want->login_failures)
		fail_msg("%s: logged in %d, failures %u", want->talk.name, c->is_logged_in,
		         c->login_failures);
	if (x->has_happened != want->has_exposure || x->password_sent != want->password_sent)
		fail_msg("%s: exposure %d, password %d", want->talk.name, x->has_happened,
		         x->password_sent);
	if (c->messages != want->messages || c->bare_newlines != want->bare ||
	    c->requiretls != want->requiretls)
		fail_msg("%s: messages %u, bare %u, requiretls %u", want->talk.name, c->messages,
		         c->bare_newlines, c->requiretls);
	if (strcmp(c->client_software, "c.example"))
		fail_msg("%s: client software '%s'", want->talk.name, c->client_software);
}

static void test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		for (int is_bytewise = 0; is_bytewise < 2; is_bytewise++) {
			struct conv *c = play(&records[i].talk, is_bytewise);
			check_record(&records[i], c);
			conv_free(c);
		}
	}
}

/* What is offered to others is what the backend said last, not what it said in clear. */
static void test_learn_fills_seen(void **state)
{
	(void)state;
	static const struct talk talk = { "learn, in full", LEARN,
		                          "! connect\n< 220 be\n> EHLO mx.example\n< 250-be\n"
		                          "< 250-SIZE 9\n< 250 8BITMIME\n> QUIT\n= ok\n" };
	for (int i = 0; i < 2; i++) {
		struct conv *c = play(&talk, i);
		assert_string_equal(c->seen->text, "SIZE 9\n8BITMIME");
		conv_free(c);
	}
}

static void test_seen_is_of_the_last_hello(void **state)
{
	(void)state;
	struct conv *c = play(&sealed_talk, false);
	assert_string_equal(c->seen->text, "PIPELINING\nAUTH PLAIN");
	conv_free(c);
}

/* The content of one BDAT of the backend's input; returns what follows it. */
static struct slice piece_take(struct slice got, size_t *ret_len, bool *ret_is_last)
{
	size_t size = 0;
	size_t end = slice_find(got, '\n');
	assert_true(slice_starts_nocase(got, "BDAT "));
	for (size_t i = 5; got.data[i] >= '0' && got.data[i] <= '9'; i++)
		size = size * 10 + (got.data[i] - '0');
	*ret_is_last = memmem(got.data, end, " LAST", 5) != NULL;
	*ret_len = size;
	got = slice_skip(got, end + 1);
	assert_true(got.len >= size);
	return slice_skip(got, size);
}

/* Feeds one side, checks nothing was left. */
static void say(struct conv *c, enum conv_side side, const char *text)
{
	struct slice rest = slice_str(text);
	enum conv_todo todo = CONV_TODO_READ;
	while (rest.len) {
		size_t used;
		assert_int_equal(conv_feed(c, side, rest, &used, &todo), 0);
		if (!used)
			break;
		rest = slice_skip(rest, used);
	}
}

static struct conv *bdat_session(const struct conv_settings *set)
{
	struct conv *c;
	enum conv_todo todo;
	size_t used;
	assert_int_equal(conv_new(&c, &smtp_edge_ops, set, &learnt), 0);
	c->facts.is_tls = true;
	assert_int_equal(conv_start(c, &todo), 0);
	say(c, CONV_CLIENT, "EHLO c.example\r\n");
	struct slice mail = slice_str("MAIL FROM:<a@c.example>\r\n");
	assert_int_equal(conv_feed(c, CONV_CLIENT, mail, &used, &todo), 0);
	assert_int_equal(todo, CONV_TODO_CONNECT);
	assert_int_equal(conv_connected(c, &todo), 0);
	say(c, CONV_BACKEND, "220 be\r\n");
	say(c, CONV_BACKEND, "250-be\r\n250 CHUNKING\r\n");
	say(c, CONV_CLIENT, "MAIL FROM:<a@c.example>\r\n");
	say(c, CONV_BACKEND, "250 Ok\r\n");
	buf_clear(&c->out[CONV_CLIENT]);
	buf_clear(&c->out[CONV_BACKEND]);
	return c;
}

enum { BIG = 300 * 1000 };

/* Feeds a chunk of BIG bytes. The backend refuses the piece of that number (0: none). */
static size_t big_chunk(struct conv *c, unsigned refused_piece)
{
	size_t sent = 0, total = 0;
	unsigned pieces = 0;
	bool is_last = false;
	uint8_t *text = malloc(BIG);
	assert_non_null(text);
	memset(text, 'x', BIG);
	say(c, CONV_CLIENT, "BDAT 300000 LAST\r\n");
	while (!is_last) {
		enum conv_todo todo;
		size_t used;
		assert_int_equal(
			conv_feed(c, CONV_CLIENT, slice_of(text, BIG - sent), &used, &todo), 0);
		sent += used;
		struct slice got = buf_slice(&c->out[CONV_BACKEND]);
		if (!got.len && sent == BIG)
			break;
		if (!got.len)
			continue;
		size_t len;
		got = piece_take(got, &len, &is_last);
		assert_true(len <= 64 * 1024);
		assert_int_equal(got.len, 0);
		buf_clear(&c->out[CONV_BACKEND]);
		total += len;
		if (!is_last)
			assert_int_equal(buf_len(&c->out[CONV_CLIENT]), 0);
		say(c, CONV_BACKEND,
		    ++pieces == refused_piece ? "452 4.3.1 Full\r\n" : "250 Ok\r\n");
	}
	free(text);
	assert_int_equal(sent, BIG);
	return total;
}

static void test_bdat_is_cut_into_pieces(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(0);
	struct conv *c = bdat_session(&set);
	assert_int_equal(big_chunk(c, 0), BIG);
	assert_true(slice_equal(buf_slice(&c->out[CONV_CLIENT]), slice_str("250 Ok\r\n")));
	assert_int_equal(c->messages, 1);
	conv_free(c);
}

/* A backend that does not answer makes the client wait, not our memory grow. */
static void test_bdat_waits_for_the_backend(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(0);
	struct conv *c = bdat_session(&set);
	static const char text[BIG];
	size_t sent = 0, used = 1, len;
	bool is_last;
	say(c, CONV_CLIENT, "BDAT 300000 LAST\r\n");
	while (used) {
		enum conv_todo todo;
		struct slice rest = slice_of(text, BIG - sent);
		assert_int_equal(conv_feed(c, CONV_CLIENT, rest, &used, &todo), 0);
		sent += used;
	}
	assert_true(sent < 192 * 1024);
	struct slice got = piece_take(buf_slice(&c->out[CONV_BACKEND]), &len, &is_last);
	assert_int_equal(got.len, 0);
	assert_false(is_last);
	conv_free(c);
}

static void test_bdat_refused_in_the_middle(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(0);
	struct conv *c = bdat_session(&set);
	assert_int_equal(big_chunk(c, 2), 2 * 64 * 1024);
	assert_true(slice_equal(buf_slice(&c->out[CONV_CLIENT]), slice_str("452 4.3.1 Full\r\n")));
	assert_int_equal(c->messages, 0);
	/* Nothing behind it becomes a message. */
	buf_clear(&c->out[CONV_CLIENT]);
	say(c, CONV_CLIENT, "BDAT 2 LAST\r\nhiNOOP\r\n");
	assert_true(slice_starts_nocase(buf_slice(&c->out[CONV_CLIENT]), "503 5.5.1"));
	assert_true(slice_equal(buf_slice(&c->out[CONV_BACKEND]), slice_str("NOOP\r\n")));
	conv_free(c);
}

/* What follows a BDAT line that nobody can read is text, and no command. */
static void test_bdat_of_no_sense_ends_the_session(void **state)
{
	static const char *const lines[] = { "BDAT 5\tLAST\r\nNOOP\r\n", "bdat\t5\r\nNOOP\r\n",
		                             "BDAT x\r\nNOOP\r\n" };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct conv_settings set = settings_of(0);
		struct conv *c = bdat_session(&set);
		buf_clear(&c->out[CONV_CLIENT]);
		say(c, CONV_CLIENT, lines[i]);
		struct slice said = buf_slice(&c->out[CONV_CLIENT]);
		if (!slice_starts_nocase(said, "5") || slice_find(said, '\n') + 1 != said.len ||
		    c->outcome != CONV_OUTCOME_BAD_SYNTAX)
			fail_msg("%s%.*s", lines[i], (int)said.len, (const char *)said.data);
		conv_free(c);
	}
}

static void test_deadlines(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(0);
	struct conv *c = bdat_session(&set);
	assert_int_equal(c->deadline_ms, set.command_timeout_ms);
	uint32_t progress = c->progress;
	say(c, CONV_CLIENT, "DA");
	assert_int_equal(c->progress, progress);
	say(c, CONV_CLIENT, "DATA\r\n");
	assert_int_equal(c->deadline_ms, set.reply_timeout_ms);
	say(c, CONV_BACKEND, "354 go\r\n");
	assert_int_equal(c->deadline_ms, set.data_timeout_ms);
	assert_true(c->is_in_data);
	say(c, CONV_CLIENT, ".\r\n");
	assert_int_equal(c->deadline_ms, set.reply_timeout_ms);
	assert_true(c->is_in_data);
	say(c, CONV_BACKEND, "250 Ok\r\n");
	assert_int_equal(c->deadline_ms, set.command_timeout_ms);
	assert_false(c->is_in_data);
	conv_free(c);
}

/* No more than so many commands are on their way; the rest waits with the worker. */
static void test_pipeline_is_bounded(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(0);
	struct conv *c = bdat_session(&set);
	struct smtp_edge *e = (struct smtp_edge *)c;
	snprintf(c->seen->text, sizeof(c->seen->text), "PIPELINING");
	for (int i = 0; i < 2 * SMTP_WANTS_MAX; i++)
		say(c, CONV_CLIENT, "RCPT TO:<b@c.example>\r\n");
	assert_int_equal(e->wants.count, SMTP_WANTS_MAX);
	conv_free(c);
}

/* More replies than that are owed to a text of LMTP; and there is an end to it. */
static void test_lmtp_recipients_are_bounded(void **state)
{
	(void)state;
	struct conv_settings set = settings_of(IN_TLS | LMTP);
	const struct talk opened = { "open", IN_TLS | LMTP | AUTH_OFF, LMTP_SEALED LMTP_RCPTS };
	struct conv *c = play(&opened, false);
	struct smtp_edge *e = (struct smtp_edge *)c;
	c->set = &set;
	for (int i = 2; i < 1000; i++) {
		say(c, CONV_CLIENT, "RCPT TO:<b@c.example>\r\n");
		say(c, CONV_BACKEND, "250 Ok\r\n");
	}
	assert_int_equal(e->rcpts, 1000);
	buf_clear(&c->out[CONV_CLIENT]);
	buf_clear(&c->out[CONV_BACKEND]);
	say(c, CONV_CLIENT, "RCPT TO:<b@c.example>\r\n");
	assert_int_equal(buf_len(&c->out[CONV_BACKEND]), 0);
	assert_true(slice_starts_nocase(buf_slice(&c->out[CONV_CLIENT]), "452 4.5.3 "));
	say(c, CONV_CLIENT, "DATA\r\n");
	say(c, CONV_BACKEND, "354 Go\r\n");
	say(c, CONV_CLIENT, ".\r\n");
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(e->wants.count, 1);
		say(c, CONV_BACKEND, i % 2 ? "250 2.0.0 Ok\r\n" : "550 No\r\n");
	}
	assert_int_equal(e->wants.count, 0);
	assert_int_equal(c->messages, 1);
	conv_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_seen_is_of_the_last_hello),
		cmocka_unit_test(test_learn_fills_seen),
		cmocka_unit_test(test_bdat_is_cut_into_pieces),
		cmocka_unit_test(test_bdat_waits_for_the_backend),
		cmocka_unit_test(test_bdat_refused_in_the_middle),
		cmocka_unit_test(test_bdat_of_no_sense_ends_the_session),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_pipeline_is_bounded),
		cmocka_unit_test(test_lmtp_recipients_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
