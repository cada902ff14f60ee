#include "edge/directory.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "io/stream.h"
#include "lookup/socketmap.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	KEPT_COUNT = 1024, /* a power of two */
	ANSWER_CAP = 128,
	QUIET_MS = 60000, /* so seldom the log says the same */
	REST_MS = 1000,   /* the service takes no more connections than it has */
};

struct kept {
	char user[SASL_NAME_CAP];
	char answer[ANSWER_CAP];
	uint64_t until_ms;
};

/* A connection to the service, and what is asked over it. */
struct edge_directory_lane {
	struct edge_directory *directory;
	struct io_stream stream;
	struct io_deadline late; /* of an answer that nobody waits for */
	struct edge_question *question;
	char user[SASL_NAME_CAP];
	struct edge_limits_key who;
	bool is_connected;
	bool is_busy; /* user is asked, or will be once it is connected */
	uint64_t rest_until_ms;
};

struct edge_directory {
	struct edge_directory_settings set;
	struct io_loop *loop;
	struct io_later later;
	struct edge_line line;
	struct edge_directory_lane lanes[EDGE_DIRECTORY_CONNECTIONS];
	uint64_t seed;
	uint64_t quiet_until_ms;
	struct kept *kept; /* KEPT_COUNT; NULL: none */
};

static void complain(struct edge_directory *d, const char *error, const char *mend)
{
	uint64_t now_ms = io_loop_now_ms(d->loop);
	if (now_ms < d->quiet_until_ms)
		return;
	d->quiet_until_ms = now_ms + QUIET_MS;
	log_error(NULL, "lookup gives no answer", kv_str("lookup", d->set.name),
	          kv_str("error", error), kv_str("mend", mend));
}

static void service_complain(struct edge_directory *d, const char *error)
{
	complain(d, error, "see whether the service of its socketmap runs, and its log");
}

/* --- answers that hold --- */

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

/* --- questions --- */

static struct edge_question *question_of(struct edge_line_item *item)
{
	return (struct edge_question *)((char *)item - offsetof(struct edge_question, place));
}

static void unlink_question(struct edge_question *q)
{
	edge_line_leave(&q->directory->line, &q->place);
	if (q->lane)
		q->lane->question = NULL;
	io_deadline_disarm(&q->late);
	q->lane = NULL;
	q->directory = NULL;
}

static void answer(struct edge_question *q, enum edge_home home, struct slice text)
{
	unlink_question(q);
	q->fn(q, home, text);
}

/* Those that wait now; who asks anew meanwhile has a turn of his own. */
static void all_later(struct edge_directory *d)
{
	size_t waiting = 0;
	for (const struct edge_line_item *i = d->line.first; i; i = i->next)
		waiting++;
	for (; waiting && d->line.first; waiting--)
		answer(question_of(d->line.first), EDGE_HOME_LATER, (struct slice){});
}

static void later(struct edge_directory *d)
{
	io_later_add(d->loop, &d->later);
}

/* --- a connection --- */

static bool is_reached(const struct edge_directory *d)
{
	for (size_t i = 0; i < COUNT_OF(d->lanes); i++)
		if (d->lanes[i].is_connected)
			return true;
	return false;
}

/* The others are asked meanwhile. */
static void turn_give_back(struct edge_directory_lane *lane, struct edge_question *q)
{
	struct edge_directory *d = lane->directory;
	lane->rest_until_ms = io_loop_now_ms(d->loop) + REST_MS;
	edge_line_jump(&d->line, &q->place);
	q->lane = NULL;
}

/* Who was asked about is answered; if the service could not even be reached, all are. The next
 * connection is made from a later turn, for the stream may be the caller. */
static void lost(struct edge_directory_lane *lane, const char *error)
{
	struct edge_directory *d = lane->directory;
	struct edge_question *q = TAKE(lane->question);
	bool was_connected = lane->is_connected;
	io_stream_abort(&lane->stream);
	io_deadline_disarm(&lane->late);
	lane->is_connected = lane->is_busy = false;
	later(d);
	if (!was_connected && is_reached(d)) {
		if (q)
			turn_give_back(lane, q);
		return;
	}
	service_complain(d, error);
	if (q)
		answer(q, EDGE_HOME_LATER, (struct slice){});
	if (!was_connected)
		all_later(d);
}

static void take(struct edge_directory_lane *lane, enum socketmap_result result, struct slice text)
{
	struct edge_directory *d = lane->directory;
	enum edge_home home = EDGE_HOME_LATER;
	char said[ANSWER_CAP];
	slice_to_text(text, said, sizeof(said));
	switch (result) {
	case SOCKETMAP_OK:
		home = EDGE_HOME_FOUND;
		keep(d, lane->user, text);
		break;
	case SOCKETMAP_NOTFOUND:
		home = EDGE_HOME_UNKNOWN;
		break;
	case SOCKETMAP_TEMP:
	case SOCKETMAP_TIMEOUT:
	case SOCKETMAP_PERM:
	case SOCKETMAP_RESULT_COUNT:
		service_complain(d, said[0] ? said : "it says that it has none");
		break;
	}
	lane->is_busy = false;
	io_deadline_disarm(&lane->late);
	later(d);
	if (lane->question)
		answer(lane->question, home, text);
}

static void read_answer(struct edge_directory_lane *lane)
{
	enum socketmap_result result;
	struct slice input = io_stream_input(&lane->stream), text;
	size_t used;
	int r = socketmap_answer_take(input, &result, &text, &used);
	if (r == SOCKETMAP_MORE && lane->is_busy && input.len < IO_STREAM_INPUT_MAX)
		return;
	/* What nobody asked for is an answer to somebody else. */
	if (r || !lane->is_busy || used < input.len) {
		lost(lane, "it does not speak socketmap");
		return;
	}
	CLEAN(buf_deinit) struct buf copy = {};
	if (buf_add(&copy, text)) {
		lost(lane, "out of memory");
		return;
	}
	io_stream_consume(&lane->stream, used);
	take(lane, result, buf_slice(&copy));
}

static void ask(struct edge_directory_lane *lane)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = socketmap_ask(&out, lane->directory->set.map, slice_str(lane->user));
	if (!r)
		r = io_stream_write(&lane->stream, buf_slice(&out));
	if (r)
		lost(lane, strerror(-r));
}

static void on_connected(struct edge_directory_lane *lane)
{
	lane->is_connected = true;
	if (lane->question) {
		ask(lane);
		return;
	}
	/* Who would have been asked about has left. */
	lane->is_busy = false;
	io_deadline_disarm(&lane->late);
	later(lane->directory);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct edge_directory_lane *lane = stream->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
		on_connected(lane);
		break;
	case IO_STREAM_DATA:
		read_answer(lane);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		/* A service may end a connection that rests. */
		if (lane->is_busy)
			lost(lane, event == IO_STREAM_ERROR ? strerror(stream->error)
			                                    : "it closed the connection");
		else
			lane->is_connected = false;
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

/* Its answer would be taken for another's. */
static void hang_up(struct edge_directory_lane *lane)
{
	io_stream_deinit(&lane->stream);
	io_deadline_disarm(&lane->late);
	lane->is_connected = lane->is_busy = false;
}

static void on_lane_late(struct io_deadline *deadline)
{
	struct edge_directory_lane *lane =
		(struct edge_directory_lane *)((char *)deadline -
	                                       offsetof(struct edge_directory_lane, late));
	hang_up(lane);
	later(lane->directory);
}

static void connect_begin(struct edge_directory_lane *lane)
{
	struct edge_directory *d = lane->directory;
	io_stream_deinit(&lane->stream);
	lane->stream = (struct io_stream){ .fd = -1, .owner = lane, .on_event = on_event };
	int r = io_stream_connect(&lane->stream, d->loop,
	                          &(struct io_way){ .to = d->set.at, .len = d->set.at_len });
	if (r)
		lost(lane, strerror(-r));
}

/* --- turns --- */

/* One that is connected, or may be. */
static struct edge_directory_lane *lane_find(struct edge_directory *d)
{
	struct edge_directory_lane *found = NULL;
	bool may_rest = is_reached(d);
	for (size_t i = 0; i < COUNT_OF(d->lanes); i++) {
		struct edge_directory_lane *lane = &d->lanes[i];
		if (lane->is_busy)
			continue;
		if (lane->is_connected)
			return lane;
		if (!may_rest || lane->rest_until_ms <= io_loop_now_ms(d->loop))
			found = lane;
	}
	return found;
}

static struct edge_question *question_next(struct edge_directory *d)
{
	struct edge_limits_key taken[EDGE_DIRECTORY_CONNECTIONS];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(d->lanes); i++)
		if (d->lanes[i].is_busy)
			taken[count++] = d->lanes[i].who;
	struct edge_line_item *item = edge_line_next(&d->line, taken, count);
	return item ? question_of(item) : NULL;
}

static void turn_begin(struct edge_directory_lane *lane, struct edge_question *q)
{
	edge_line_leave(&lane->directory->line, &q->place);
	q->lane = lane;
	lane->question = q;
	lane->who = q->place.who;
	lane->is_busy = true;
	memcpy(lane->user, q->user, sizeof(lane->user));
	if (lane->is_connected)
		ask(lane);
	else
		connect_begin(lane);
}

static void on_later(struct io_later *l)
{
	struct edge_directory *d =
		(struct edge_directory *)((char *)l - offsetof(struct edge_directory, later));
	for (struct edge_line_item *i; (i = d->line.first) && is_kept(d, question_of(i)->user);)
		answer(question_of(i), EDGE_HOME_FOUND,
		       slice_str(kept_of(d, question_of(i)->user)->answer));
	for (size_t n = COUNT_OF(d->lanes); n; n--) {
		struct edge_directory_lane *lane = lane_find(d);
		struct edge_question *q = lane ? question_next(d) : NULL;
		if (!q)
			return;
		turn_begin(lane, q);
	}
}

static void on_late(struct io_deadline *deadline)
{
	struct edge_question *q =
		(struct edge_question *)((char *)deadline - offsetof(struct edge_question, late));
	struct edge_directory *d = q->directory;
	if (q->is_refused)
		complain(d, "more logins wait for it than may, in all or of one address",
		         "see how fast its service answers, and who connects so often");
	else
		service_complain(d, "no answer in time");
	if (q->lane)
		hang_up(q->lane);
	later(d);
	answer(q, EDGE_HOME_LATER, (struct slice){});
}

/* --- from outside --- */

void edge_directory_ask(struct edge_directory *d, struct io_loop *loop, struct edge_question *q)
{
	d->loop = loop;
	q->directory = d;
	q->late.fn = on_late;
	if (is_kept(d, q->user))
		edge_line_jump(&d->line, &q->place);
	else
		q->is_refused = !edge_line_join(&d->line, &q->place);
	/* Who is refused is late at once, but not before this call is over. */
	io_deadline_arm(loop, &q->late, q->is_refused ? 1 : d->set.timeout_ms);
	later(d);
}

void edge_directory_cancel(struct edge_question *q)
{
	struct edge_directory *d = q->directory;
	if (!d)
		return;
	if (q->lane)
		io_deadline_arm(d->loop, &q->lane->late, d->set.timeout_ms);
	unlink_question(q);
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
	d->later.fn = on_later;
	for (size_t i = 0; i < COUNT_OF(d->lanes); i++) {
		d->lanes[i].directory = d;
		d->lanes[i].late.fn = on_lane_late;
		d->lanes[i].stream.fd = -1;
	}
	*ret_d = TAKE(d);
	return 0;
}

void edge_directory_free(struct edge_directory *d)
{
	if (!d)
		return;
	if (d->loop)
		io_later_remove(d->loop, &d->later);
	for (size_t i = 0; d->loop && i < COUNT_OF(d->lanes); i++)
		hang_up(&d->lanes[i]);
	free(d->kept);
	free(d);
}
