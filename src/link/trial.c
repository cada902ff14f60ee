/*
 * A near end's connection between the handshake with a far end and the far end's word: whether it
 * reached its service (link/word.h). Nobody waits for it: what who came says goes out at once. But
 * it is kept, so that the next far end can have it if this one has no service. That is right only
 * where nothing of it can have arrived: the far end passes nothing on before its word, so an end
 * that it made itself without one, and that TLS vouches for, says as much as the word would.
 */
#include "link/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/splice.h"
#include "tls/word.h"

#include <stdio.h>

enum {
	KEPT_MAX = 64 * 1024, /* then who came is not read until the word is there */
	WORD_MS = 60 * 1000,  /* meanwhile the far end tries its targets in turn */
};

int link_word_say(struct io_stream *sealed, const struct link_word *word)
{
	CLEAN(buf_deinit) struct buf wire = {};
	if (!tls_session_has_word(sealed->tls))
		return 0;
	int r = link_word_write(&wire, word);
	if (!r)
		r = io_stream_write(sealed, buf_slice(&wire));
	if (!r)
		sealed->bytes_out -= buf_len(&wire); /* it is none of the stream's */
	return err_up(r);
}

/* What an earlier far end could not take to its service; and who came may have ended since. */
void link_trial_begin(struct link_session *s)
{
	struct io_stream *out = &s->dial.stream;
	if (io_stream_write(out, buf_slice(&s->kept))) {
		link_session_break(s, "no-memory");
		return;
	}
	if (s->in.end_is_told) {
		link_session_ended_by(s, &s->in);
		io_stream_end(out);
	}
	link_session_enter(s, LINK_STATE_TRIAL, WORD_MS);
	if (buf_len(&s->kept) < KEPT_MAX)
		io_stream_resume(&s->in);
}

static void next(struct link_session *s, enum link_whose whose, const char *why)
{
	link_session_wait(s);
	link_dial_failed(&s->dial, whose, why);
}

/* It may have passed on what it got, and said so to nobody. */
static void lost(struct link_session *s, const char *why, const char *outcome)
{
	uint64_t unsaid;
	if (!buf_len(&s->kept)) {
		next(s, LINK_WHOSE_TARGET, why);
		return;
	}
	snprintf(s->error, sizeof(s->error), "%s", why);
	link_session_break(s, outcome);
	if (log_calm(&s->end->failures, io_loop_now_ms(s->pool->loop), &unsaid))
		log_warn(s->id, "link cannot be made", kv_str("link", s->end->name),
		         kv_str("end", "far"), kv_str("address", s->dial.way->text),
		         kv_str("peer", s->end->peers), kv_str("error", why),
		         kv_str("mend", "look at the log of the other end; no other one is "
		                        "tried, for what was sent may have arrived"),
		         kv_int("unsaid", (int64_t)unsaid));
}

void link_trial_late(struct link_session *s)
{
	lost(s, "it does not say whether it reached its service", "timeout");
}

static void heard(struct link_session *s)
{
	struct io_stream *out = &s->dial.stream;
	struct link_word word;
	size_t used;
	int r = link_word_read(io_stream_input(out), &word, &used);
	if (r == LINK_WORD_MORE)
		return;
	if (r) {
		lost(s, "what it says is none of a far end", "bad-syntax");
		return;
	}
	io_stream_consume(out, used);
	if (!word.is_reached) {
		next(s, LINK_WHOSE_FAR_SERVICE, word.why);
		return;
	}
	buf_deinit_secret(&s->kept);
	link_session_splice(s);
	if (io_splice_move(out, &s->in))
		link_session_break(s, "no-memory");
}

/* The far end left before its word. In TLS 1.3 it has the last word of the handshake, too. */
static void left(struct link_session *s)
{
	const char *why = link_dial_ended(&s->dial);
	if (tls_session_is_ended_by_peer(s->dial.stream.tls))
		next(s, LINK_WHOSE_TARGET, why);
	else
		lost(s, why, "cut");
}

static void sealed_event(struct link_session *s, enum io_stream_event event)
{
	switch (event) {
	case IO_STREAM_DATA:
		heard(s);
		break;
	case IO_STREAM_EOF:
	case IO_STREAM_ERROR:
		left(s);
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

static void keep_and_send(struct link_session *s)
{
	struct slice input = io_stream_input(&s->in);
	if (buf_add(&s->kept, input) || io_splice_move(&s->in, &s->dial.stream)) {
		link_session_break(s, "no-memory");
		return;
	}
	if (buf_len(&s->kept) >= KEPT_MAX)
		io_stream_pause(&s->in);
}

static void client_event(struct link_session *s, enum io_stream_event event)
{
	switch (event) {
	case IO_STREAM_DATA:
		keep_and_send(s);
		break;
	case IO_STREAM_EOF:
		link_session_ended_by(s, &s->in);
		io_stream_end(&s->dial.stream);
		break;
	case IO_STREAM_ERROR:
		link_session_break(s, "cut");
		break;
	case IO_STREAM_ROOM:
	case IO_STREAM_CONNECTED:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

void link_trial_event(struct link_session *s, const struct io_stream *from,
                      enum io_stream_event event)
{
	if (from == &s->in)
		client_event(s, event);
	else
		sealed_event(s, event);
}
