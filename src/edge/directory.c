#include "edge/directory.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "io/stream.h"
#include "lookup/socketmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	WAITING_MAX = 1000,
	KEPT_COUNT = 1024, /* a power of two */
	ANSWER_CAP = 128,
	QUIET_MS = 60000, /* so seldom the log says the same */
};

struct kept {
	char user[SASL_NAME_CAP];
	char answer[ANSWER_CAP];
	uint64_t until_ms;
};

struct edge_directory {
	struct edge_directory_settings set;
	struct io_loop *loop;
	struct io_stream stream;
	struct io_later later;
	struct edge_question *first, **last; /* the first is the one that was asked, if is_asked */
	size_t waiting;
	bool is_asked, is_connected;
	uint64_t seed;
	uint64_t quiet_until_ms;
	struct kept *kept; /* KEPT_COUNT; NULL: none */
};

static void complain(struct edge_directory *d, const char *error)
{
	uint64_t now_ms = io_loop_now_ms(d->loop);
	if (now_ms < d->quiet_until_ms)
		return;
	d->quiet_until_ms = now_ms + QUIET_MS;
	log_error(NULL, "lookup gives no answer", kv_str("lookup", d->set.name),
	          kv_str("error", error),
	          kv_str("mend", "see whether the service of its socketmap runs, and its log"));
}

static struct kept *kept_of(struct edge_directory *d, const char *user)
{
	uint64_t hash = hash_bytes(HASH_START ^ d->seed, user, strlen(user));
	return &d->kept[(hash ^ hash >> 32) & (KEPT_COUNT - 1)];
}

static bool is_kept(struct edge_directory *d, const char *user)
{
	const struct kept *k = d->kept ? kept_of(d, user) : NULL;
	return k && k->until_ms > io_loop_now_ms(d->loop) && !strcmp(k->user, user);
}

static void keep(struct edge_directory *d, const char *user, struct slice answer)
{
	if (!d->kept || answer.len >= ANSWER_CAP)
		return;
	struct kept *k = kept_of(d, user);
	snprintf(k->user, sizeof(k->user), "%s", user);
	memcpy(k->answer, answer.data, answer.len);
	k->answer[answer.len] = '\0';
	k->until_ms = io_loop_now_ms(d->loop) + d->set.keep_ms;
}

static void unlink_question(struct edge_question *q)
{
	struct edge_directory *d = q->directory;
	struct edge_question **at = &d->first;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (!q->next)
		d->last = at;
	d->waiting--;
	io_deadline_disarm(&q->late);
	q->directory = NULL;
}

static void answer(struct edge_question *q, enum edge_home home, struct slice text)
{
	unlink_question(q);
	q->fn(q, home, text);
}

/* What the connection was asked for is lost with it. */
static void hang_up(struct edge_directory *d)
{
	io_stream_deinit(&d->stream);
	d->is_connected = d->is_asked = false;
}

static void later(struct edge_directory *d)
{
	io_later_add(d->loop, &d->later);
}

/* Those that wait now; who asks anew meanwhile has a turn of his own. */
static void all_later(struct edge_directory *d)
{
	for (size_t n = d->waiting; n && d->first; n--)
		answer(d->first, EDGE_HOME_LATER, (struct slice){});
}

/* Who was asked about is answered; if it could not even be reached, all are. The next connection
 * is made from a later turn, for the stream may be the caller. */
static void lost(struct edge_directory *d, const char *error)
{
	struct edge_question *q = d->first;
	complain(d, error);
	io_stream_abort(&d->stream);
	d->is_connected = false;
	bool was_asked = d->is_asked;
	d->is_asked = false;
	later(d);
	if (q && was_asked)
		answer(q, EDGE_HOME_LATER, (struct slice){});
	else
		all_later(d);
}

static void take(struct edge_directory *d, enum socketmap_result result, struct slice text)
{
	struct edge_question *q = d->first;
	enum edge_home home = EDGE_HOME_LATER;
	char said[ANSWER_CAP];
	slice_to_text(text, said, sizeof(said));
	switch (result) {
	case SOCKETMAP_OK:
		home = EDGE_HOME_FOUND;
		keep(d, q->user, text);
		break;
	case SOCKETMAP_NOTFOUND:
		home = EDGE_HOME_UNKNOWN;
		break;
	case SOCKETMAP_TEMP:
	case SOCKETMAP_TIMEOUT:
	case SOCKETMAP_PERM:
	case SOCKETMAP_RESULT_COUNT:
		complain(d, said[0] ? said : "it says that it has none");
		break;
	}
	d->is_asked = false;
	later(d);
	answer(q, home, text);
}

static void read_answer(struct edge_directory *d)
{
	enum socketmap_result result;
	struct slice input = io_stream_input(&d->stream), text;
	size_t used;
	int r = socketmap_answer_take(input, &result, &text, &used);
	if (r == SOCKETMAP_MORE && d->is_asked && input.len < IO_STREAM_INPUT_MAX)
		return;
	/* What nobody asked for is an answer to somebody else. */
	if (r || !d->is_asked || used < input.len) {
		lost(d, "it does not speak socketmap");
		return;
	}
	CLEAN(buf_deinit) struct buf copy = {};
	if (buf_add(&copy, text)) {
		lost(d, "out of memory");
		return;
	}
	io_stream_consume(&d->stream, used);
	take(d, result, buf_slice(&copy));
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct edge_directory *d = stream->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
		d->is_connected = true;
		later(d);
		break;
	case IO_STREAM_DATA:
		read_answer(d);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		/* A service may end a connection that rests. */
		if (d->first)
			lost(d, event == IO_STREAM_ERROR ? strerror(stream->error)
			                                 : "it closed the connection");
		else
			d->is_connected = false;
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static int connect_begin(struct edge_directory *d)
{
	hang_up(d);
	d->stream = (struct io_stream){ .fd = -1, .owner = d, .on_event = on_event };
	return io_stream_connect(&d->stream, d->loop,
	                         &(struct io_way){ .to = d->set.at, .len = d->set.at_len });
}

static int ask_first(struct edge_directory *d)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = socketmap_ask(&out, d->set.map, slice_str(d->first->user));
	if (!r)
		r = io_stream_write(&d->stream, buf_slice(&out));
	d->is_asked = !r;
	return err_up(r);
}

/* The first that waits has its turn. */
static void on_later(struct io_later *l)
{
	struct edge_directory *d =
		(struct edge_directory *)((char *)l - offsetof(struct edge_directory, later));
	while (d->first && !d->is_asked && is_kept(d, d->first->user))
		answer(d->first, EDGE_HOME_FOUND, slice_str(kept_of(d, d->first->user)->answer));
	if (!d->first || d->is_asked || (d->stream.is_connecting && !d->stream.is_dead))
		return;
	int r = d->is_connected ? ask_first(d) : connect_begin(d);
	if (!r)
		return;
	complain(d, strerror(-r));
	hang_up(d);
	all_later(d);
}

/* The one that was asked takes the connection with it: its answer would be taken for another's. */
static void on_late(struct io_deadline *deadline)
{
	struct edge_question *q =
		(struct edge_question *)((char *)deadline - offsetof(struct edge_question, late));
	struct edge_directory *d = q->directory;
	complain(d, "no answer in time");
	if (q == d->first)
		hang_up(d);
	later(d);
	answer(q, EDGE_HOME_LATER, (struct slice){});
}

void edge_directory_ask(struct edge_directory *d, struct io_loop *loop, struct edge_question *q)
{
	d->loop = loop;
	q->next = NULL;
	q->directory = d;
	q->late.fn = on_late;
	*d->last = q;
	d->last = &q->next;
	d->waiting++;
	/* Over the limit it is late at once, but not before this call is over. */
	io_deadline_arm(loop, &q->late, d->waiting > WAITING_MAX ? 1 : d->set.timeout_ms);
	later(d);
}

void edge_directory_cancel(struct edge_question *q)
{
	struct edge_directory *d = q->directory;
	if (!d)
		return;
	bool is_asked = q == d->first && d->is_asked;
	unlink_question(q);
	if (is_asked)
		hang_up(d);
	later(d);
}

int edge_directory_new(struct edge_directory **ret_d, const struct edge_directory_settings *set)
{
	CLEAN(freep) struct edge_directory *d = calloc(1, sizeof(*d));
	if (!d)
		return err_raise(-ENOMEM);
	d->kept = set->keep_ms ? calloc(KEPT_COUNT, sizeof(*d->kept)) : NULL;
	if (set->keep_ms && !d->kept)
		return err_raise(-ENOMEM);
	if (getrandom(&d->seed, sizeof(d->seed), 0) < 0)
		d->seed = (uintptr_t)d;
	d->set = *set;
	d->last = &d->first;
	d->later.fn = on_later;
	d->stream.fd = -1;
	*ret_d = TAKE(d);
	return 0;
}

void edge_directory_free(struct edge_directory *d)
{
	if (!d)
		return;
	if (d->loop) {
		io_later_remove(d->loop, &d->later);
		io_stream_deinit(&d->stream);
	}
	free(d->kept);
	free(d);
}
