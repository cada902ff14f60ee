/*
 * Drives a conversation from fuzz input, for imap/, pop3/ and sieve/: as the worker would, with
 * chunks of both sides in an order the input says. Byte: what happens; next byte: how many bytes
 * follow.
 */
#ifndef CONV_FUZZ_DRIVE_H
#define CONV_FUZZ_DRIVE_H

#include "conv/conv.h"

#include <assert.h>
#include <stdlib.h>

enum { FUZZ_OUT_MAX = 1 << 20 };

struct fuzz_drive {
	struct conv *c;
	struct buf input[2];
	enum conv_todo todo;
};

static void fuzz_look(struct fuzz_drive *d)
{
	struct conv *c = d->c;
	struct buf *out = &c->out[CONV_BACKEND];
	/* Before TLS nothing reaches the backend, and nobody is logged in. */
	assert(c->facts.is_tls || c->facts.may_login_plain || c->is_learning ||
	       (!buf_len(out) && !c->is_logged_in));
	assert(!c->is_learning || (!buf_len(&c->out[CONV_CLIENT]) && !c->is_logged_in));
	assert(d->todo != CONV_TODO_SPLICE || c->is_logged_in);
	assert((d->todo == CONV_TODO_CLOSE) == (c->outcome != CONV_OUTCOME_OPEN));
	assert(d->todo != CONV_TODO_CONNECT || c->facts.is_tls || c->facts.may_login_plain ||
	       c->is_learning);
	assert(!c->exposure.has_happened || !c->facts.is_implicit);
	/* Nobody's credential goes where nobody chose. */
	assert(d->todo != CONV_TODO_CONNECT || c->set->open != CONV_OPEN_AUTH || c->is_learning ||
	       c->mailbox[0]);
	assert(buf_len(&c->out[CONV_CLIENT]) < FUZZ_OUT_MAX && buf_len(out) < FUZZ_OUT_MAX);
	buf_clear(&c->out[CONV_CLIENT]);
	buf_clear(out);
}

static void fuzz_pump(struct fuzz_drive *d)
{
	bool has_moved = true;
	while (has_moved && d->todo == CONV_TODO_READ) {
		has_moved = false;
		for (int side = 0; side < 2 && d->todo == CONV_TODO_READ; side++) {
			size_t used = 0;
			struct slice all = buf_slice(&d->input[side]);
			if (!all.len)
				continue;
			assert(!conv_feed(d->c, side, all, &used, &d->todo));
			assert(used <= all.len);
			buf_consume(&d->input[side], used);
			has_moved = has_moved || used;
			fuzz_look(d);
		}
	}
}

/* By the name, so that the input decides. */
static enum conv_failure fuzz_connect_failure(const struct conv *c)
{
	if (c->set->open != CONV_OPEN_AUTH || c->mailbox[0] < 'e')
		return CONV_FAILURE_CONNECT;
	return c->mailbox[0] < 'm' ? CONV_FAILURE_HOMELESS : CONV_FAILURE_LOOKUP;
}

/* Does what the conversation asked for; fails if the input's bit says so. */
static void fuzz_obey(struct fuzz_drive *d, bool fails)
{
	switch (d->todo) {
	case CONV_TODO_CLIENT_TLS:
		buf_clear(&d->input[CONV_CLIENT]);
		d->c->facts.is_tls = true;
		assert(!conv_tls_up(d->c, CONV_CLIENT, &d->todo));
		break;
	case CONV_TODO_CONNECT:
		assert(!(fails ? conv_failed(d->c, fuzz_connect_failure(d->c), &d->todo)
		               : conv_connected(d->c, &d->todo)));
		break;
	case CONV_TODO_BACKEND_TLS:
		buf_clear(&d->input[CONV_BACKEND]);
		assert(!(fails ? conv_failed(d->c, CONV_FAILURE_TLS, &d->todo)
		               : conv_tls_up(d->c, CONV_BACKEND, &d->todo)));
		break;
	case CONV_TODO_LEAVE:
		buf_clear(&d->input[CONV_BACKEND]);
		d->todo = CONV_TODO_READ;
		break;
	case CONV_TODO_READ:
	case CONV_TODO_SPLICE:
	case CONV_TODO_CLOSE:
		return;
	}
	fuzz_look(d);
}

static void fuzz_steps(struct fuzz_drive *d, const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	while (rest.len >= 2 && (d->todo != CONV_TODO_CLOSE && d->todo != CONV_TODO_SPLICE)) {
		uint8_t what = rest.data[0];
		struct slice chunk = slice_head(slice_skip(rest, 2), rest.data[1]);
		rest = slice_skip(rest, 2 + chunk.len);
		fuzz_obey(d, (what & 0x70) == 0x70);
		/* A handshake that is still to come leaves no room for other input. */
		if (d->todo != CONV_TODO_READ)
			continue;
		int side = d->c->is_learning ? CONV_BACKEND : what & 1;
		assert(!buf_add(&d->input[side], chunk));
		fuzz_pump(d);
	}
	if (size && data[size - 1] & 1)
		assert(!conv_eof(d->c, data[size - 1] & 2 ? CONV_BACKEND : CONV_CLIENT, &d->todo));
	else
		assert(!conv_expire(d->c, size % 2, &d->todo));
	assert(d->todo == CONV_TODO_CLOSE);
}

static void fuzz_drive(const struct conv_ops *ops, const uint8_t *data, size_t size)
{
	if (size < 2)
		return;
	struct conv_settings set = {
		.hostname = "mail.example.org",
		.edge_name = "fuzz",
		.offers_starttls = !(data[0] & 1),
		.plus_is_bound = data[0] & 2,
		.backend_starttls = data[0] & 4,
		.client_info = data[0] >> 3 & 3,
		.open = data[0] & 0x20 ? CONV_OPEN_AUTH : CONV_OPEN_TLS,
		.greeting_timeout_ms = 1000,
		.login_timeout_ms = 1000,
		.line_max = 1024,
		.auth_line_max = 2048,
		.literal_max = 256,
		.errors_max = 5,
		.login_failures_max = 3,
	};
	struct conv_caps learnt = { "IMAP4rev1 AUTH=PLAIN\nSASL PLAIN" };
	struct fuzz_drive d = {};
	assert(!conv_new(&d.c, ops, &set, &learnt));
	d.c->facts = (struct conv_facts){
		.session_id = "s",
		.client_addr = "192.0.2.1",
		.local_addr = "192.0.2.2",
		.is_tls = data[1] & 1,
		.is_implicit = data[1] & 1,
		.may_login_plain = data[1] & 2,
	};
	assert(!(data[1] & 4 ? conv_learn(d.c, &d.todo) : conv_start(d.c, &d.todo)));
	fuzz_look(&d);
	fuzz_steps(&d, data + 2, size - 2);
	buf_deinit(&d.input[CONV_CLIENT]);
	buf_deinit(&d.input[CONV_BACKEND]);
	conv_free(d.c);
}

#endif
