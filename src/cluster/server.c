#include "cluster/server.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/stream.h"

#include <errno.h>

/* An answer that is owed. */
struct owed {
	struct owed *next;
	cluster_answer_fn *fn;
	void *owner;
};

struct cluster_server {
	struct cluster_server_settings set;
	struct sockaddr_storage address;
	struct io_stream stream;
	struct cluster_reader *reader;
	struct owed *first, **last;
	size_t owed;
	struct io_deadline late; /* it owes something, or is called again */
	struct io_later down;
	bool is_up;
	bool is_known_down; /* said once */
};

static void connect_begin(struct cluster_server *s);

/* --- down --- */

static void owed_drop(struct cluster_server *s, bool tells)
{
	struct owed *o = TAKE(s->first);
	s->last = &s->first;
	s->owed = 0;
	while (o) {
		struct owed *next = o->next;
		if (tells && o->fn)
			o->fn(o->owner, NULL);
		free(o);
		o = next;
	}
}

static void on_down(struct io_later *later)
{
	struct cluster_server *s =
		(struct cluster_server *)((char *)later - offsetof(struct cluster_server, down));
	bool was_up = s->is_up;
	s->is_up = false;
	io_stream_deinit(&s->stream);
	cluster_reader_free(TAKE(s->reader));
	io_deadline_arm(s->set.loop, &s->late, CLUSTER_RETRY_MS);
	owed_drop(s, true);
	if (was_up)
		s->set.on_down(s->set.owner, s);
}

/* From a later turn, so that nobody finds it gone under his feet. */
static void give_up(struct cluster_server *s, const char *why)
{
	if (!s->is_known_down)
		log_warn(NULL, "a server of the cluster's store is not reached",
		         kv_str("server", s->set.name), kv_str("error", why));
	s->is_known_down = true;
	io_later_add(s->set.loop, &s->down);
}

static void on_late(struct io_deadline *d)
{
	struct cluster_server *s =
		(struct cluster_server *)((char *)d - offsetof(struct cluster_server, late));
	if (io_stream_is_open(&s->stream))
		give_up(s, "no answer in time");
	else
		connect_begin(s);
}

/* --- answers --- */

static void late_arm(struct cluster_server *s)
{
	if (s->owed)
		io_deadline_arm(s->set.loop, &s->late, CLUSTER_ANSWER_MS);
	else
		io_deadline_disarm(&s->late);
}

static int owed_take(struct cluster_server *s, const struct cluster_value *v)
{
	struct owed *o = s->first;
	if (!o) /* nothing was asked */
		return CLUSTER_REPLY_BAD;
	s->first = o->next;
	if (!s->first)
		s->last = &s->first;
	s->owed--;
	if (o->fn)
		o->fn(o->owner, v);
	free(o);
	return 0;
}

static void on_data(struct cluster_server *s)
{
	struct slice input = io_stream_input(&s->stream);
	int r = cluster_reader_feed(s->reader, input);
	io_stream_consume(&s->stream, input.len);
	while (!r) {
		CLEAN(cluster_value_freep) struct cluster_value *v = NULL;
		r = cluster_reader_next(s->reader, &v);
		if (!r)
			r = owed_take(s, v);
	}
	if (r == CLUSTER_REPLY_MORE)
		late_arm(s);
	else
		give_up(s, "it answers what is no answer");
}

static void up(struct cluster_server *s)
{
	s->is_up = true;
	s->is_known_down = false;
	s->set.on_up(s->set.owner, s);
}

static void on_welcome(void *owner, const struct cluster_value *answer)
{
	struct cluster_server *s = owner;
	if (!answer)
		return;
	if (answer->kind != CLUSTER_STATUS) {
		give_up(s, "it refuses the password");
		return;
	}
	up(s);
}

static int ask(struct cluster_server *s, struct slice wire, cluster_answer_fn *fn, void *owner)
{
	struct owed *o = calloc(1, sizeof(*o));
	if (!o)
		return err_raise(-ENOMEM);
	*o = (struct owed){ .fn = fn, .owner = owner };
	int r = io_stream_write(&s->stream, wire);
	if (r) {
		free(o);
		return err_up(r);
	}
	*s->last = o;
	s->last = &o->next;
	if (s->owed++ == 0)
		late_arm(s);
	return 0;
}

static void on_connected(struct cluster_server *s)
{
	CLEAN(buf_deinit_secret) struct buf wire = {};
	const struct slice auth[] = { slice_str("AUTH"), s->set.password };
	if (!s->set.password.len) {
		up(s);
		return;
	}
	if (cluster_wire_add(&wire, auth, COUNT_OF(auth)) ||
	    ask(s, buf_slice(&wire), on_welcome, s))
		give_up(s, "out of memory");
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct cluster_server *s = stream->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
		on_connected(s);
		break;
	case IO_STREAM_DATA:
		on_data(s);
		break;
	case IO_STREAM_ROOM:
		break;
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
	case IO_STREAM_EOF:
		give_up(s, "it hung up");
		break;
	case IO_STREAM_ERROR:
		give_up(s, strerror(stream->error));
		break;
	}
}

/* --- life --- */

static void connect_begin(struct cluster_server *s)
{
	const struct io_way way = { .to = (const struct sockaddr *)&s->address,
		                    .len = s->set.address_len };
	s->stream = (struct io_stream){ .fd = -1, .on_event = on_event, .owner = s };
	int r = cluster_reader_new(&s->reader);
	if (!r)
		r = io_stream_connect(&s->stream, s->set.loop, &way);
	if (r)
		give_up(s, strerror(-r));
	else
		io_deadline_arm(s->set.loop, &s->late, CLUSTER_ANSWER_MS);
}

int cluster_server_new(struct cluster_server **ret_s, const struct cluster_server_settings *set)
{
	struct cluster_server *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->set = *set;
	memcpy(&s->address, set->address, set->address_len);
	s->last = &s->first;
	s->late.fn = on_late;
	s->down.fn = on_down;
	*ret_s = s;
	connect_begin(s);
	return 0;
}

void cluster_server_free(struct cluster_server *s)
{
	if (!s)
		return;
	io_deadline_disarm(&s->late);
	io_later_remove(s->set.loop, &s->down);
	owed_drop(s, false);
	io_stream_deinit(&s->stream);
	cluster_reader_free(s->reader);
	free(s);
}

bool cluster_server_is_up(const struct cluster_server *s)
{
	return s->is_up && !s->down.is_queued;
}

int cluster_server_ask(struct cluster_server *s, struct slice wire, cluster_answer_fn *fn,
                       void *owner)
{
	if (!cluster_server_is_up(s) || s->owed >= CLUSTER_OWED_MAX)
		return CLUSTER_SERVER_DOWN;
	return err_up(ask(s, wire, fn, owner));
}

int cluster_wire_add(struct buf *b, const struct slice *words, size_t count)
{
	int r = buf_printf(b, "*%zu\r\n", count);
	for (size_t i = 0; i < count && !r; i++) {
		r = buf_printf(b, "$%zu\r\n", words[i].len);
		if (!r)
			r = buf_add(b, words[i]);
		if (!r)
			r = buf_add_str(b, "\r\n");
	}
	return err_up(r);
}
