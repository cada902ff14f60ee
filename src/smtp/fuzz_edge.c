/*
 * A session by a schedule: two bytes of settings, then operations, one byte each (enum op). SAY is
 * followed by a length byte and that many bytes.
 */
#include "smtp/edge.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op { CLIENT_SAYS, BACKEND_SAYS, DO, FAIL, CLIENT_ENDS, BACKEND_ENDS, IDLE, DRAIN, OP_COUNT };

static const struct conv_caps learnt = { .text = "PIPELINING\nCHUNKING\nBINARYMIME\nAUTH PLAIN\n"
	                                         "REQUIRETLS" };

/* What was seen of a session from outside. */
struct watch {
	struct conv *c;
	struct buf in[2];
	struct buf sent; /* to the backend */
	enum conv_todo todo;
	bool is_clear; /* the client is not in TLS, and has no exception */
	bool was_binary;
	unsigned accepts; /* 2yz of the backend */
};

static void collect(struct watch *w, int r)
{
	struct buf *out = &w->c->out[CONV_BACKEND];
	struct smtp_edge *e = (struct smtp_edge *)w->c;
	assert(r == 0);
	assert(e->wants.count <= SMTP_WANTS_MAX);
	assert(buf_add(&w->sent, buf_slice(out)) == 0);
	buf_clear(out);
	assert(!w->c->is_learning || !buf_len(&w->c->out[CONV_CLIENT]));
	buf_clear(&w->c->out[CONV_CLIENT]);
	w->was_binary |= e->is_binary;
	/* Conversation and outcome end together. */
	assert((w->todo == CONV_TODO_CLOSE) == (w->c->outcome != CONV_OUTCOME_OPEN));
	assert(w->todo != CONV_TODO_SPLICE);
	if (w->c->set->open != CONV_OPEN_AUTH || w->c->is_learning || w->c->is_logged_in)
		return;
	/* Nobody's credential goes where nobody chose, and no mail before it. */
	assert(w->todo != CONV_TODO_CONNECT || w->c->mailbox[0]);
	assert(!memmem(buf_slice(&w->sent).data, buf_len(&w->sent), "\nMAIL ", 6));
}

static bool feed(struct watch *w, enum conv_side side)
{
	bool has_moved = false;
	size_t used = 1;
	while (w->todo == CONV_TODO_READ && used && buf_len(&w->in[side])) {
		struct slice all = buf_slice(&w->in[side]);
		uint8_t *copy = malloc(all.len);
		assert(copy);
		memcpy(copy, all.data, all.len);
		int r = conv_feed(w->c, side, slice_of(copy, all.len), &used, &w->todo);
		free(copy);
		assert(used <= all.len);
		buf_consume(&w->in[side], used);
		collect(w, r);
		has_moved |= used > 0;
	}
	return has_moved;
}

static void pump(struct watch *w)
{
	bool has_moved = true;
	while (has_moved && w->todo == CONV_TODO_READ) {
		has_moved = feed(w, CONV_BACKEND);
		has_moved |= feed(w, CONV_CLIENT);
	}
}

static void do_todo(struct watch *w)
{
	enum conv_todo asked = w->todo;
	w->todo = CONV_TODO_READ;
	if (asked == CONV_TODO_CLIENT_TLS) {
		/* The worker refuses what came behind the line and was not fed. */
		buf_clear(&w->in[CONV_CLIENT]);
		w->c->facts.is_tls = true;
		w->is_clear = false;
		collect(w, conv_tls_up(w->c, CONV_CLIENT, &w->todo));
	} else if (asked == CONV_TODO_BACKEND_TLS) {
		buf_clear(&w->in[CONV_BACKEND]);
		collect(w, conv_tls_up(w->c, CONV_BACKEND, &w->todo));
	} else if (asked == CONV_TODO_CONNECT) {
		collect(w, conv_connected(w->c, &w->todo));
	} else if (asked == CONV_TODO_LEAVE) {
		buf_clear(&w->in[CONV_BACKEND]);
	} else {
		w->todo = asked;
	}
}

/* By the name, so that the input decides. */
static enum conv_failure failure_of(const struct watch *w)
{
	if (!w->c->mailbox[0] || w->todo != CONV_TODO_CONNECT)
		return CONV_FAILURE_TLS;
	return w->c->mailbox[0] < 'k' ? CONV_FAILURE_HOMELESS : CONV_FAILURE_LOOKUP;
}

static void event(struct watch *w, enum op op)
{
	enum conv_todo asked = w->todo;
	int r = 0;
	if (op == FAIL && (asked == CONV_TODO_CONNECT || asked == CONV_TODO_BACKEND_TLS))
		r = conv_failed(w->c, failure_of(w), &w->todo);
	else if (op == CLIENT_ENDS || op == BACKEND_ENDS)
		r = conv_eof(w->c, op == CLIENT_ENDS ? CONV_CLIENT : CONV_BACKEND, &w->todo);
	else if (op == IDLE || op == DRAIN)
		r = conv_expire(w->c, op == IDLE ? CONV_EXPIRY_IDLE : CONV_EXPIRY_DRAIN, &w->todo);
	/* What it was asked for before is still to be done. */
	if (w->todo == CONV_TODO_READ && op != FAIL)
		w->todo = asked;
	collect(w, r);
}

static void check(const struct watch *w)
{
	struct slice sent = buf_slice(&w->sent);
	bool at_line = true;
	assert(w->c->messages <= w->accepts);
	for (size_t i = 0; i < sent.len && !w->was_binary; i++) {
		uint8_t c = sent.data[i];
		struct slice rest = slice_skip(sent, i);
		/* No stray CR, LF or NUL leaves. */
		assert(c != 0 && (c != '\n' || (i && sent.data[i - 1] == '\r')));
		assert(c != '\r' || i + 1 == sent.len || sent.data[i + 1] == '\n');
		/* No client speaks as a trusted peer. Text is stuffed with more than one letter. */
		if (at_line && !w->c->messages && !w->c->is_in_data) {
			assert(!slice_starts_nocase(rest, "XFORWARD"));
			assert(!slice_starts_nocase(rest, "PROXY "));
		}
		at_line = c == '\n';
	}
}

static void count_accepts(struct watch *w, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		w->accepts += text.data[i] == '2';
}

static void play(struct watch *w, struct slice schedule)
{
	while (schedule.len && w->todo != CONV_TODO_CLOSE) {
		enum op op = schedule.data[0] % OP_COUNT;
		schedule = slice_skip(schedule, 1);
		if (op == CLIENT_SAYS || op == BACKEND_SAYS) {
			enum conv_side side = op == CLIENT_SAYS ? CONV_CLIENT : CONV_BACKEND;
			struct slice text = slice_head(slice_skip(schedule, 1),
			                               schedule.len ? schedule.data[0] : 0);
			schedule = slice_skip(schedule, 1 + text.len);
			if (side == CONV_BACKEND)
				count_accepts(w, text);
			assert(buf_add(&w->in[side], text) == 0);
		} else if (op == DO) {
			do_todo(w);
		} else {
			event(w, op);
		}
		pump(w);
		if (w->is_clear && buf_len(&w->sent))
			assert(!memmem(buf_slice(&w->sent).data, buf_len(&w->sent), "\nAUTH PLAIN ",
			               12) ||
			       w->c->messages || w->c->is_in_data);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	unsigned bits = data[0] | data[1] << 8;
	const struct conv_settings set = {
		.hostname = "mx.example",
		.is_submission = bits & 1,
		.is_lmtp = !(bits & 1) && bits & 16384,
		.offers_starttls = !(bits & 4),
		.backend_starttls = bits & 8,
		.client_info = bits & 16 ? CONV_INFO_XCLIENT : CONV_INFO_PROXY,
		.bare_newline = bits & 32 ? CONV_BARE_REJECT : CONV_BARE_NORMALIZE,
		.auth = bits & 512 ? CONV_AUTH_OFF : CONV_AUTH_AFTER_TLS,
		.open = bits & 32768 ? CONV_OPEN_AUTH : CONV_OPEN_TLS,
		.plus_is_bound = bits & 1024,
		.backend_is_safe = bits & 8192,
		.received = bits & 2048 ? CONV_RECEIVED_ON : CONV_RECEIVED_OFF,
		.line_max = 512,
		.auth_line_max = 1024,
		.errors_max = 10,
		.login_failures_max = 3,
	};
	struct watch w = { .is_clear = !(bits & 2) && !(bits & 128) };
	const struct conv_ops *ops = set.is_submission ? &submission_edge_ops
	                             : set.is_lmtp     ? &lmtp_edge_ops
	                                               : &smtp_edge_ops;
	assert(conv_new(&w.c, ops, &set, bits & 64 ? NULL : &learnt) == 0);
	w.c->facts.is_tls = bits & 2;
	w.c->facts.may_login_plain = bits & 128;
	w.c->facts.must_have_tls = bits & 256;
	collect(&w, bits & 4096 ? conv_learn(w.c, &w.todo) : conv_start(w.c, &w.todo));
	play(&w, slice_of(data + 2, size - 2));
	check(&w);
	conv_free(w.c);
	for (int side = 0; side < 2; side++)
		buf_deinit(&w.in[side]);
	buf_deinit(&w.sent);
	return 0;
}
