/*
 * The near end of syslog: datagrams go as frames into one stream to the far end, which is kept, and
 * made again when it ended. While there is none they wait, up to a bound; what is over is lost, as
 * datagrams are, and counted.
 */
#include "link/frame.h"
#include "link/inside.h"

#include "base/clean.h"
#include "base/log.h"
#include "io/datagram.h"
#include "tls/word.h"

#include <stdio.h>
#include <string.h>

enum {
	WAITING_MAX = 1024 * 1024,
	READS_A_TURN = 64,
	WORD_MS = 60 * 1000,
	REST_MS = 1000, /* after all targets failed, or the stream ended */
};

struct link_sender {
	struct link_sender *next, **at;
	struct link_pool *pool;
	struct link_world *world;
	struct link_end *end;
	struct link_dial dial;
	struct io_deadline rest;
	struct io_later over;
	struct buf waiting; /* frames that no stream has taken */
	size_t waiting_count;
	uint64_t began_ms;
	uint64_t datagrams; /* that this stream took */
	bool is_up;
	bool awaits_word; /* the far end is there, and says first whether its service is */
	bool is_leaving;
	char id[SESSION_ID_CAP];
	char error[LINK_ERROR_CAP];
};

static void lost(struct link_sender *s, uint64_t count, const char *why)
{
	uint64_t unsaid;
	s->pool->counters.datagrams_lost += count;
	if (log_calm(&s->end->losses, io_loop_now_ms(s->pool->loop), &unsaid))
		log_warn(s->id, "syslog message lost", kv_str("link", s->end->name),
		         kv_str("end", "far"), kv_str("error", why),
		         kv_int("unsaid", (int64_t)unsaid));
}

void link_sender_free(struct link_sender *s)
{
	struct link_pool *pool = s->pool;
	if (buf_len(&s->waiting))
		lost(s, s->waiting_count, "the link ends and there was no way");
	io_deadline_disarm(&s->rest);
	io_later_remove(pool->loop, &s->over);
	link_dial_deinit(&s->dial);
	buf_deinit(&s->waiting);
	if (s->end->sender == s)
		s->end->sender = NULL;
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	link_world_unref(s->world);
	free(s);
	link_pool_left(pool);
}

struct link_sender *link_sender_next(const struct link_sender *s)
{
	return s->next;
}

static void on_over(struct io_later *over)
{
	link_sender_free((struct link_sender *)((char *)over - offsetof(struct link_sender, over)));
}

static void record(struct link_sender *s, const char *outcome)
{
	const struct io_stream *stream = &s->dial.stream;
	link_record(&(struct link_record){
		.pool = s->pool,
		.end = s->end,
		.session_id = s->id,
		.address = "",
		.target = s->dial.target ? s->dial.target->text : "",
		.outcome = outcome,
		.error = s->error,
		.tls = stream->is_tls_up ? stream->tls : NULL,
		.began_ms = s->began_ms,
		.bytes_in = stream->bytes_out,
		.datagrams = s->datagrams,
	});
	s->pool->counters.connections++;
	s->pool->counters.bytes_in += stream->bytes_out;
}

static void leave_if_done(struct link_sender *s)
{
	bool has_more = s->is_up && (buf_len(&s->waiting) || io_stream_queued(&s->dial.stream));
	if (!s->is_leaving || has_more)
		return;
	if (s->is_up) {
		io_stream_end(&s->dial.stream);
		record(s, "ok");
	}
	s->is_up = false;
	io_later_add(s->pool->loop, &s->over);
}

static void flush(struct link_sender *s)
{
	struct io_stream *stream = &s->dial.stream;
	if (!s->is_up)
		return;
	if (buf_len(&s->waiting) && !io_stream_is_full(stream)) {
		if (io_stream_write(stream, buf_slice(&s->waiting)))
			lost(s, s->waiting_count, "no memory");
		else
			s->datagrams += s->waiting_count;
		s->waiting_count = 0;
		buf_deinit(&s->waiting);
	}
	if (io_stream_queued(stream))
		io_stream_want_room(stream);
	leave_if_done(s);
}

static void rest(struct link_sender *s)
{
	s->is_up = false;
	link_dial_rewind(&s->dial);
	if (s->is_leaving)
		io_later_add(s->pool->loop, &s->over);
	else
		io_deadline_arm(s->pool->loop, &s->rest, REST_MS);
}

static void broke(struct link_sender *s)
{
	snprintf(s->error, sizeof(s->error), "%s", link_dial_ended(&s->dial));
	log_warn(s->id, "link broke", kv_str("link", s->end->name), kv_str("end", "far"),
	         kv_str("address", s->dial.way->text), kv_str("error", s->error));
	record(s, "cut");
	rest(s);
}

static void up(struct link_sender *s)
{
	s->is_up = true;
	s->awaits_word = false;
	io_deadline_disarm(&s->rest);
	s->began_ms = io_loop_now_ms(s->pool->loop);
	s->datagrams = 0;
	s->error[0] = '\0';
	log_info(s->id, "link is up", kv_str("link", s->end->name),
	         kv_str("address", s->dial.way->text));
	flush(s);
}

/* Nothing was sent yet, so the next far end has its turn whatever it was. */
static void refused(struct link_sender *s, enum link_whose whose, const char *why)
{
	s->awaits_word = false;
	io_deadline_disarm(&s->rest);
	link_dial_failed(&s->dial, whose, why);
}

static void word_hear(struct link_sender *s)
{
	struct io_stream *stream = &s->dial.stream;
	struct link_word word;
	size_t used;
	int r = link_word_read(io_stream_input(stream), &word, &used);
	if (r == LINK_WORD_MORE)
		return;
	if (r) {
		refused(s, LINK_WHOSE_TARGET, "what it says is none of a far end");
		return;
	}
	io_stream_consume(stream, used);
	if (word.is_reached)
		up(s);
	else
		refused(s, LINK_WHOSE_FAR_SERVICE, word.why);
}

static void on_word_event(struct link_sender *s, enum io_stream_event event)
{
	if (event == IO_STREAM_DATA)
		word_hear(s);
	else if (event == IO_STREAM_EOF || event == IO_STREAM_ERROR)
		refused(s, LINK_WHOSE_TARGET, link_dial_ended(&s->dial));
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct link_sender *s = stream->owner;
	if (s->awaits_word)
		on_word_event(s, event);
	if (!s->is_up)
		return;
	switch (event) {
	case IO_STREAM_DATA: /* a far end has nothing to say */
		io_stream_consume(stream, io_stream_input(stream).len);
		break;
	case IO_STREAM_ROOM:
		flush(s);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		broke(s);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void on_dialled(struct link_dial *d, bool is_up)
{
	struct link_sender *s = d->owner;
	if (!is_up) {
		rest(s);
		return;
	}
	d->stream.owner = s;
	d->stream.on_event = on_event;
	s->awaits_word = tls_session_has_word(d->stream.tls);
	if (s->awaits_word)
		io_deadline_arm(s->pool->loop, &s->rest, WORD_MS);
	else
		up(s);
}

static void on_rested(struct io_deadline *d)
{
	struct link_sender *s =
		(struct link_sender *)((char *)d - offsetof(struct link_sender, rest));
	if (s->awaits_word)
		refused(s, LINK_WHOSE_TARGET, "it does not say whether it reached its service");
	else
		link_dial_start(&s->dial);
}

/* What waits is lost, as all is that had no way; the next datagram begins anew. */
void link_sender_end_if_revoked(struct link_sender *s)
{
	const struct io_stream *stream = &s->dial.stream;
	if (!stream->is_tls_up || !link_is_revoked(s->pool, s->end, s->id, stream->tls))
		return;
	if (s->is_up)
		record(s, "revoked");
	io_stream_reset(&s->dial.stream);
	link_sender_free(s);
}

static struct link_sender *sender_new(struct link_pool *pool, struct link_world *w,
                                      struct link_end *end)
{
	struct link_sender *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct link_sender){
		.next = pool->senders,
		.at = &pool->senders,
		.pool = pool,
		.world = link_world_ref(w),
		.end = end,
		.dial = { .stream = { .fd = -1 },
		          .pool = pool,
		          .end = end,
		          .session_id = s->id,
		          .on_done = on_dialled,
		          .owner = s },
		.rest = { .fn = on_rested },
		.over = { .fn = on_over },
	};
	if (s->next)
		s->next->at = &s->next;
	pool->senders = s;
	pool->open++;
	end->sender = s;
	session_id_make(s->id);
	link_dial_start(&s->dial);
	return s;
}

static void take(struct link_sender *s, struct slice message)
{
	if (buf_len(&s->waiting) + message.len > WAITING_MAX) {
		lost(s, 1, "too many wait for the far end");
		return;
	}
	if (link_frame_write(&s->waiting, message)) {
		lost(s, 1, "no memory");
		return;
	}
	s->waiting_count++;
	s->pool->counters.datagrams++;
}

void link_datagrams_read(struct link_pool *pool, struct link_world *w, uint32_t number, int fd)
{
	struct link_end *end = number < w->count ? &w->ends[number] : NULL;
	uint8_t *scratch = io_loop_scratch(pool->loop);
	size_t len;
	if (!end || pool->is_draining)
		return;
	struct link_sender *s = end->sender ? end->sender : sender_new(pool, w, end);
	for (int i = 0; i < READS_A_TURN; i++) {
		if (!io_datagram_read(fd, scratch, IO_SCRATCH_LEN, &len))
			break;
		if (s && len)
			take(s, slice_of(scratch, len));
	}
	if (s)
		flush(s);
}

static void leave(struct link_sender *s)
{
	s->is_leaving = true;
	if (s->end->sender == s)
		s->end->sender = NULL;
	s->awaits_word = false;
	io_deadline_disarm(&s->rest);
	leave_if_done(s);
}

void link_senders_leave(struct link_pool *pool, const struct link_world *but)
{
	for (struct link_sender *s = pool->senders; s; s = s->next)
		if (s->world != but && !s->is_leaving)
			leave(s);
}
