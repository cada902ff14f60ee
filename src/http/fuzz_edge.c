/*
 * The conversation in clear, both sides hostile: the backend gets one request of ours or nothing,
 * and there is an end.
 */
#include "base/clean.h"
#include "http/edge.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct drive {
	struct conv *c;
	struct buf input[2];
	enum conv_todo todo;
	size_t to_backend, to_client;
};

static void look(struct drive *d)
{
	d->to_backend += buf_len(&d->c->out[CONV_BACKEND]);
	d->to_client += buf_len(&d->c->out[CONV_CLIENT]);
	assert(d->to_backend < 512 && (!d->to_backend || d->c->is_challenge));
	assert(d->to_client < 128 * 1024);
	assert(d->todo != CONV_TODO_SPLICE && d->todo != CONV_TODO_CLIENT_TLS);
	assert((d->todo == CONV_TODO_CLOSE) == (d->c->outcome != CONV_OUTCOME_OPEN));
	buf_clear(&d->c->out[CONV_CLIENT]);
	buf_clear(&d->c->out[CONV_BACKEND]);
}

static void feed(struct drive *d, enum conv_side side)
{
	size_t used = 1;
	while (used && d->todo == CONV_TODO_READ && buf_len(&d->input[side])) {
		assert(!conv_feed(d->c, side, buf_slice(&d->input[side]), &used, &d->todo));
		buf_consume(&d->input[side], used);
		look(d);
	}
}

/* Byte: which side, and whether a backend opens; next byte: how many bytes follow. */
static void steps(struct drive *d, struct slice rest)
{
	while (rest.len >= 2 && d->todo != CONV_TODO_CLOSE) {
		uint8_t what = rest.data[0];
		struct slice chunk = slice_head(slice_skip(rest, 2), rest.data[1]);
		rest = slice_skip(rest, 2 + chunk.len);
		if (d->todo == CONV_TODO_CONNECT) {
			assert(!(what & 2 ? conv_failed(d->c, CONV_FAILURE_CONNECT, &d->todo)
			                  : conv_connected(d->c, &d->todo)));
			look(d);
		}
		assert(!buf_add(&d->input[what & 1], chunk));
		feed(d, what & 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conv_settings set = { .line_max = 1024, .has_challenge_backend = true };
	struct drive d = {};
	assert(!conv_new(&d.c, &http_edge_ops, &set, NULL));
	assert(!conv_start(d.c, &d.todo));
	steps(&d, slice_of(data, size));
	if (d.todo != CONV_TODO_CLOSE)
		assert(!conv_expire(d.c, size % 2 ? CONV_EXPIRY_IDLE : CONV_EXPIRY_DRAIN, &d.todo));
	look(&d);
	assert(d.todo == CONV_TODO_CLOSE);
	buf_deinit(&d.input[CONV_CLIENT]);
	buf_deinit(&d.input[CONV_BACKEND]);
	conv_free(d.c);
	return 0;
}
