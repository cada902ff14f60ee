/*
 * Conversations as data, for the tests of imap/, pop3/ and sieve/. A transcript has one step a
 * line:
 *
 *   C> text     the client sends the line          C< text   the client must get the line
 *   B> text     the backend sends the line         B< text   the backend must get the line
 *   C>= B>=     the same without CRLF; \r \n \0 are escapes
 *   !connect    the todo is CONNECT: done          !fail connect|timeout|tls|proxy|
 *                                                       homeless|lookup
 *   !client-tls !backend-tls   the todo is that: done
 *   !eof client|backend        !expire idle|drain
 *   !leave      the todo is LEAVE: done            !mailbox NAME   whose backend it is
 *   !splice     the todo is SPLICE                 !close OUTCOME   the todo is CLOSE
 *   !user NAME  !software TEXT  !seen TEXT         !exposed USER MECHANISM sent|tried   !unexposed
 *
 * Nothing else may be said to anybody, and before TLS nothing at all to the backend.
 */
#ifndef CONV_TEST_TRANSCRIPT_H
#define CONV_TEST_TRANSCRIPT_H

#include "base/clean.h"
#include "conv/conv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct transcript {
	const char *name;
	const char *steps;
	const char *learnt;
	enum conv_client_info client_info; /* 0 is PROXY: nothing is said in the protocol */
	bool is_implicit;
	bool may_login_plain;
	bool has_no_certificate;
	bool plus_is_bound;
	bool backend_starttls;
	bool opens_by_auth; /* open = "auth" */
	bool is_learning;   /* there is no client: conv_learn() */
	bool is_whole_only; /* it is about bytes that come together */
};

struct transcript_run {
	const struct transcript *t;
	struct conv *c;
	struct buf input[2];
	enum conv_todo todo;
	bool is_bytewise;
	int line;
};

static void transcript_fail(struct transcript_run *run, const char *what, const char *step)
{
	struct buf *out = run->c->out;
	fail_msg("%s (%s), step %d '%s': %s; todo %d, outcome %s, client '%.*s', backend '%.*s'",
	         run->t->name, run->is_bytewise ? "bytewise" : "whole", run->line, step, what,
	         run->todo, conv_outcome_name(run->c->outcome), (int)buf_len(&out[0]),
	         (const char *)buf_slice(&out[0]).data, (int)buf_len(&out[1]),
	         (const char *)buf_slice(&out[1]).data);
}

/* As the worker does: both sides, until neither uses anything. */
static void transcript_pump(struct transcript_run *run)
{
	bool has_moved = true;
	while (has_moved && run->todo == CONV_TODO_READ) {
		has_moved = false;
		for (int side = 0; side < 2 && run->todo == CONV_TODO_READ; side++) {
			size_t used = 0;
			struct slice all = buf_slice(&run->input[side]);
			if (!all.len)
				continue;
			/* A copy of its own, so that a byte too many read is seen. */
			uint8_t *copy = malloc(all.len);
			memcpy(copy, all.data, all.len);
			assert_int_equal(
				conv_feed(run->c, side, slice_of(copy, all.len), &used, &run->todo),
				0);
			free(copy);
			assert_true(used <= all.len);
			buf_consume(&run->input[side], used);
			has_moved = has_moved || used;
		}
	}
}

static void transcript_send(struct transcript_run *run, enum conv_side side, const char *text)
{
	bool is_raw = text[0] == '=';
	char bytes[65536];
	size_t len = 0;
	for (const char *at = is_raw ? text + 1 : text; *at; at++) {
		char c = *at;
		if (is_raw && c == '\\') {
			at++;
			c = *at == 'r' ? '\r' : *at == 'n' ? '\n' : *at == '0' ? '\0' : *at;
		}
		bytes[len++] = c;
	}
	if (!is_raw) {
		bytes[len++] = '\r';
		bytes[len++] = '\n';
	}
	size_t step = run->is_bytewise ? 1 : len;
	for (size_t i = 0; i < len; i += step) {
		assert_int_equal(buf_add(&run->input[side], slice_of(bytes + i, step)), 0);
		transcript_pump(run);
	}
}

static void transcript_expect(struct transcript_run *run, enum conv_side side, const char *text)
{
	struct buf *out = &run->c->out[side];
	char want[4096];
	int len = snprintf(want, sizeof(want), "%s\r\n", text);
	if (!slice_equal(slice_head(buf_slice(out), (size_t)len), slice_of(want, (size_t)len)))
		transcript_fail(run, "not said", text);
	buf_consume(out, (size_t)len);
}

static void transcript_todo(struct transcript_run *run, enum conv_todo todo, const char *step)
{
	if (run->todo != todo)
		transcript_fail(run, "another todo", step);
}

static void transcript_event(struct transcript_run *run, const char *name, const char *word)
{
	struct conv *c = run->c;
	int r = 0;
	enum conv_todo before = run->todo;
	if (!strcmp(name, "connect")) {
		transcript_todo(run, CONV_TODO_CONNECT, name);
		r = conv_connected(c, &run->todo);
	} else if (!strcmp(name, "client-tls")) {
		transcript_todo(run, CONV_TODO_CLIENT_TLS, name);
		c->facts.is_tls = true;
		r = conv_tls_up(c, CONV_CLIENT, &run->todo);
	} else if (!strcmp(name, "backend-tls")) {
		transcript_todo(run, CONV_TODO_BACKEND_TLS, name);
		r = conv_tls_up(c, CONV_BACKEND, &run->todo);
	} else if (!strcmp(name, "leave")) {
		transcript_todo(run, CONV_TODO_LEAVE, name);
		buf_clear(&run->input[CONV_BACKEND]);
		run->todo = CONV_TODO_READ;
	} else if (!strcmp(name, "fail")) {
		enum conv_failure why = !strcmp(word, "connect")    ? CONV_FAILURE_CONNECT
		                        : !strcmp(word, "timeout")  ? CONV_FAILURE_TIMEOUT
		                        : !strcmp(word, "tls")      ? CONV_FAILURE_TLS
		                        : !strcmp(word, "homeless") ? CONV_FAILURE_HOMELESS
		                        : !strcmp(word, "lookup")   ? CONV_FAILURE_LOOKUP
		                                                    : CONV_FAILURE_NOT_PROXY;
		r = conv_failed(c, why, &run->todo);
	} else if (!strcmp(name, "eof")) {
		r = conv_eof(c, strcmp(word, "client") ? CONV_BACKEND : CONV_CLIENT, &run->todo);
	} else if (!strcmp(name, "expire")) {
		r = conv_expire(c, strcmp(word, "idle") ? CONV_EXPIRY_DRAIN : CONV_EXPIRY_IDLE,
		                &run->todo);
	} else {
		transcript_fail(run, "no such event", name);
	}
	assert_int_equal(r, 0);
	if (before != CONV_TODO_CLOSE)
		transcript_pump(run);
}

/* Steps that only look. Returns whether it was one. */
static bool transcript_check(struct transcript_run *run, const char *name, const char *rest)
{
	struct conv *c = run->c;
	char said[512] = "";
	if (!strcmp(name, "splice")) {
		transcript_todo(run, CONV_TODO_SPLICE, name);
		assert_true(c->is_logged_in);
		return true;
	}
	if (!strcmp(name, "close"))
		snprintf(said, sizeof(said), "%s",
		         run->todo == CONV_TODO_CLOSE ? conv_outcome_name(c->outcome) : "open");
	else if (!strcmp(name, "user"))
		snprintf(said, sizeof(said), "%s", c->user);
	else if (!strcmp(name, "mailbox"))
		snprintf(said, sizeof(said), "%s", c->mailbox);
	else if (!strcmp(name, "software"))
		snprintf(said, sizeof(said), "%s", c->client_software);
	else if (!strcmp(name, "seen"))
		snprintf(said, sizeof(said), "%.500s", c->seen ? c->seen->text : "");
	else if (!strcmp(name, "exposed"))
		snprintf(said, sizeof(said), "%s %s %s", c->exposure.user, c->exposure.mechanism,
		         c->exposure.password_sent ? "sent" : "tried");
	else if (!strcmp(name, "unexposed"))
		snprintf(said, sizeof(said), "%s", c->exposure.has_happened ? "exposed" : "");
	else
		return false;
	for (char *at = said; *at; at++)
		*at = *at == '\n' ? '/' : *at;
	if (strcmp(said, rest) != 0)
		transcript_fail(run, said, name);
	return true;
}

static void transcript_step(struct transcript_run *run, char *step)
{
	bool is_quiet = !buf_len(&run->c->out[CONV_CLIENT]) && !buf_len(&run->c->out[CONV_BACKEND]);
	run->line++;
	if (buf_len(&run->c->out[CONV_BACKEND]) && !run->c->facts.is_tls &&
	    !run->t->may_login_plain && !run->t->is_learning)
		transcript_fail(run, "the backend heard of a plain client", step);
	if (step[0] == '!') {
		char *rest = step + strcspn(step, " ");
		if (*rest)
			*rest++ = '\0';
		if (transcript_check(run, step + 1, rest))
			return;
		if (!is_quiet)
			transcript_fail(run, "said too much", step);
		transcript_event(run, step + 1, rest);
		return;
	}
	enum conv_side side = step[0] == 'C' ? CONV_CLIENT : CONV_BACKEND;
	/* "C> text" and "C>=text" */
	char *text = step[2] == ' ' ? step + 3 : step + 2;
	if (step[1] == '<') {
		transcript_expect(run, side, text);
		return;
	}
	if (!is_quiet)
		transcript_fail(run, "said too much", step);
	transcript_send(run, side, text);
}

static void transcript_settings(const struct transcript *t, struct conv_settings *ret)
{
	*ret = (struct conv_settings){
		.hostname = "mail.example.org",
		.edge_name = "test",
		.offers_starttls = !t->has_no_certificate,
		.plus_is_bound = t->plus_is_bound,
		.backend_starttls = t->backend_starttls,
		.open = t->opens_by_auth ? CONV_OPEN_AUTH : CONV_OPEN_TLS,
		.client_info = t->client_info,
		.greeting_timeout_ms = 30000,
		.command_timeout_ms = 300000,
		.login_timeout_ms = 180000,
		.line_max = 1024,
		.auth_line_max = 12288,
		.literal_max = 2048,
		.errors_max = 5,
		.login_failures_max = 3,
	};
}

static void transcript_run_once(const struct conv_ops *ops, const struct transcript *t,
                                bool is_bytewise)
{
	struct conv_settings set;
	struct conv_caps learnt = {};
	struct transcript_run run = { .t = t, .is_bytewise = is_bytewise };
	transcript_settings(t, &set);
	if (t->learnt)
		snprintf(learnt.text, sizeof(learnt.text), "%s", t->learnt);
	assert_int_equal(conv_new(&run.c, ops, &set, t->learnt ? &learnt : NULL), 0);
	run.c->facts = (struct conv_facts){
		.session_id = "s1d",
		.client_addr = "192.0.2.7",
		.local_addr = "192.0.2.25",
		.client_port = 4711,
		.local_port = 143,
		.is_tls = t->is_implicit,
		.is_implicit = t->is_implicit,
		.may_login_plain = t->may_login_plain,
	};
	int r = t->is_learning ? conv_learn(run.c, &run.todo) : conv_start(run.c, &run.todo);
	assert_int_equal(r, 0);
	CLEAN(freep) char *steps = strdup(t->steps);
	char *at = steps;
	for (char *step = strsep(&at, "\n"); step; step = strsep(&at, "\n"))
		if (*step)
			transcript_step(&run, step);
	if (buf_len(&run.c->out[CONV_CLIENT]) || buf_len(&run.c->out[CONV_BACKEND]))
		transcript_fail(&run, "said too much", "(end)");
	buf_deinit(&run.input[CONV_CLIENT]);
	buf_deinit(&run.input[CONV_BACKEND]);
	conv_free(run.c);
}

static void transcripts_run(const struct conv_ops *ops, const struct transcript *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		transcript_run_once(ops, &t[i], false);
		if (!t[i].is_whole_only)
			transcript_run_once(ops, &t[i], true);
	}
}

#endif
