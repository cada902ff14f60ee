#include "check/probe.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/probe_inside.h"
#include "io/address.h"

#include <errno.h>
#include <stdio.h>

/* Tickets of TLS 1.3 come behind the handshake; where nothing is said, they are waited for. */
enum { TICKET_MS = 250 };

#define CHECK_PROBE_OF(member, at)                                                                 \
	((struct check_probe *)((char *)(at)-offsetof(struct check_probe, member)))

enum check_probe_end check_probe_end(const struct check_probe *probe)
{
	return probe->end;
}

const char *check_probe_why(const struct check_probe *probe)
{
	return probe->why;
}

const struct check_opening *check_probe_opening(const struct check_probe *probe)
{
	return &probe->opening;
}

const struct tls_answer *check_probe_answer(const struct check_probe *probe)
{
	return &probe->answer;
}

const struct check_reaction *check_probe_reaction(const struct check_probe *probe)
{
	return probe->has_reaction ? &probe->reaction : NULL;
}

struct check_probe_seen *check_probe_seen(struct check_probe *probe)
{
	return &probe->seen;
}

/* --- The end --- */

/* Told from a later turn; nothing is read any more. */
void check_probe_finish(struct check_probe *p, enum check_probe_end end, const char *why)
{
	if (p->phase == CHECK_PROBE_OVER)
		return;
	p->phase = CHECK_PROBE_OVER;
	p->end = end;
	if (why != p->why)
		snprintf(p->why, sizeof(p->why), "%s", why);
	io_deadline_disarm(&p->late);
	io_deadline_disarm(&p->total);
	io_stream_pause(&p->stream);
	io_later_add(p->loop, &p->done);
}

void check_probe_no_memory(struct check_probe *p)
{
	check_probe_finish(p, CHECK_PROBE_LOST, "out of memory");
}

/* Politely: with close_notify where there is TLS. */
static void on_done(struct io_later *later)
{
	struct check_probe *p = CHECK_PROBE_OF(done, later);
	if (!p->stream.is_dead && p->stream.fd >= 0)
		io_stream_end(&p->stream);
	p->on_end(p->owner);
}

void check_probe_deadline(struct check_probe *p, uint32_t ms)
{
	io_deadline_arm(p->loop, &p->late, ms);
}

/* --- What the conversation came to --- */

static void ended(struct check_probe *p)
{
	const struct check_opening *o = &p->opening;
	char why[CHECK_TEXT_CAP];
	const char *words = check_opening_end_words(o->end);
	if (o->answer[0] && o->end == CHECK_OPENING_RATE)
		snprintf(why, sizeof(why), "%s", o->answer);
	else if (o->answer[0])
		snprintf(why, sizeof(why), "%.60s: %.180s", words, o->answer);
	else
		snprintf(why, sizeof(why), "%.60s without a word", words);
	/* What it made of the bytes behind STARTTLS is what was asked, also where it just ended. */
	if (o->set.injects && o->injection != CHECK_UNKNOWN && !p->seen.is_done) {
		check_probe_finish(p, CHECK_PROBE_NO_TLS, why);
		return;
	}
	switch (o->end) {
	case CHECK_OPENING_DONE:
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		return;
	case CHECK_OPENING_NO_STARTTLS:
	case CHECK_OPENING_REFUSED:
		check_probe_finish(p, CHECK_PROBE_NO_TLS, why);
		return;
	case CHECK_OPENING_RATE:
	case CHECK_OPENING_SHUT:
		/* Behind a handshake its facts stand, whatever is said inside. */
		check_probe_finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_RATE, why);
		return;
	case CHECK_OPENING_FOREIGN:
		check_probe_finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_FOREIGN, why);
		return;
	case CHECK_OPENING_UNDER_WAY:
	case CHECK_OPENING_END_COUNT:
		break;
	}
	check_probe_finish(p, CHECK_PROBE_LOST, why);
}

/* The server has ended, or is taken to have. */
static void gone(struct check_probe *p, const char *why)
{
	switch (p->phase) {
	case CHECK_PROBE_CONNECTING:
		check_probe_finish(p, CHECK_PROBE_CLOSED, why);
		break;
	case CHECK_PROBE_OFFERED: /* some refuse so, without an alert */
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		break;
	case CHECK_PROBE_ATTACKING:
		if (!p->reaction.is_whole)
			p->reaction.kind = CHECK_REACTION_CLOSED;
		p->has_reaction = true;
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		break;
	case CHECK_PROBE_HANDSHAKE:
		snprintf(p->seen.why, sizeof(p->seen.why), "%s", why);
		check_opening_eof(&p->opening);
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		break;
	case CHECK_PROBE_RENEGOTIATING:
		p->seen.renegotiates = p->seen.renegotiations ? CHECK_YES : CHECK_NO;
		[[fallthrough]];
	case CHECK_PROBE_LINGERING:
		check_probe_ticket_take(p);
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		break;
	case CHECK_PROBE_TALKING:
		check_opening_eof(&p->opening);
		ended(p);
		break;
	case CHECK_PROBE_OVER:
		break;
	}
}

/* No word in time. */
static void silence(struct check_probe *p)
{
	bool is_first = p->opening.state == CHECK_OPENING_GREETING && !p->opening.input_len;
	switch (p->phase) {
	case CHECK_PROBE_CONNECTING:
		check_probe_finish(p, CHECK_PROBE_SILENT, "no connection in time");
		break;
	case CHECK_PROBE_TALKING:
		if (p->seen.is_done)
			check_probe_finish(p, CHECK_PROBE_TLS, "");
		else if (is_first)
			check_probe_finish(p, CHECK_PROBE_SILENT, "no greeting in time");
		else
			check_probe_finish(p, CHECK_PROBE_LOST, "no answer in time");
		break;
	case CHECK_PROBE_OFFERED:
		check_probe_finish(p, CHECK_PROBE_LOST, "no answer to a ClientHello in time");
		break;
	case CHECK_PROBE_ATTACKING:
		p->has_reaction = true;
		check_probe_finish(p, CHECK_PROBE_TLS, "");
		break;
	case CHECK_PROBE_HANDSHAKE:
		snprintf(p->seen.why, sizeof(p->seen.why), "no answer in time");
		check_probe_finish(p, CHECK_PROBE_LOST, "no answer to a ClientHello in time");
		break;
	case CHECK_PROBE_RENEGOTIATING:
	case CHECK_PROBE_LINGERING:
		gone(p, "no answer in time");
		break;
	case CHECK_PROBE_OVER:
		break;
	}
}

/* --- Doing what the conversation says --- */

static void flush(struct check_probe *p)
{
	if (buf_len(&p->opening.out) && io_stream_write(&p->stream, buf_slice(&p->opening.out)))
		check_probe_finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_LOST,
		                   "it broke off");
	buf_clear(&p->opening.out);
	if (p->phase != CHECK_PROBE_TALKING || p->waits_for == p->opening.state)
		return;
	p->waits_for = p->opening.state;
	check_probe_deadline(p, p->waits_for == CHECK_OPENING_GREETING ? p->limits.greeting_ms
	                                                               : p->limits.answer_ms);
}

static void quit(struct check_probe *p)
{
	check_probe_ticket_take(p);
	if (check_opening_quit(&p->opening)) {
		check_probe_no_memory(p);
		return;
	}
	flush(p);
	ended(p);
}

/* Inside, and nothing is left to be said but what the probe is for. */
static void looked(struct check_probe *p)
{
	if (p->phase == CHECK_PROBE_OVER)
		return;
	check_probe_ticket_take(p); /* a renegotiation that is refused ends the session */
	if (check_probe_renegotiate(p))
		return;
	p->phase = CHECK_PROBE_TALKING;
	if (p->opening.language != CHECK_SPEAKS_NOTHING || !p->visit.waits_for_ticket) {
		quit(p);
		return;
	}
	p->phase = CHECK_PROBE_LINGERING;
	check_probe_deadline(p, TICKET_MS);
}

/* False: nothing more is to be fed. */
static bool todo_do(struct check_probe *p, enum check_opening_todo todo)
{
	flush(p);
	switch (todo) {
	case CHECK_OPENING_READ:
		return p->phase == CHECK_PROBE_TALKING;
	case CHECK_OPENING_START_TLS:
		check_probe_start_tls(p);
		return false;
	case CHECK_OPENING_LOOKED:
	case CHECK_OPENING_NOOPED:
		looked(p);
		return p->phase == CHECK_PROBE_TALKING;
	case CHECK_OPENING_OVER:
		check_probe_ticket_take(p);
		ended(p);
		return false;
	}
	return false;
}

/* A renegotiation counts when the session still answers behind it. */
static void on_renegotiated_later(struct io_later *later)
{
	struct check_probe *p = CHECK_PROBE_OF(renegotiated, later);
	if (p->phase != CHECK_PROBE_RENEGOTIATING)
		return;
	p->seen.renegotiations++;
	p->seen.renegotiates = CHECK_YES;
	if (p->opening.language == CHECK_SPEAKS_NOTHING) {
		looked(p);
		return;
	}
	p->phase = CHECK_PROBE_TALKING;
	if (check_opening_noop(&p->opening))
		check_probe_no_memory(p);
	else
		flush(p);
}

static void talk(struct check_probe *p)
{
	bool goes_on = true;
	size_t used = 1;
	while (goes_on && used && p->phase == CHECK_PROBE_TALKING) {
		enum check_opening_todo todo;
		if (check_opening_feed(&p->opening, io_stream_input(&p->stream), &used, &todo)) {
			check_probe_no_memory(p);
			return;
		}
		io_stream_consume(&p->stream, used);
		goes_on = todo_do(p, todo);
	}
}

/* --- Events --- */

static void on_data(struct check_probe *p)
{
	switch (p->phase) {
	case CHECK_PROBE_TALKING:
		talk(p);
		break;
	case CHECK_PROBE_OFFERED:
		check_probe_answered(p);
		break;
	case CHECK_PROBE_ATTACKING:
		check_probe_reacted(p);
		break;
	case CHECK_PROBE_CONNECTING:
	case CHECK_PROBE_HANDSHAKE:
	case CHECK_PROBE_RENEGOTIATING:
	case CHECK_PROBE_LINGERING:
	case CHECK_PROBE_OVER: /* what nobody asked for */
		io_stream_consume(&p->stream, io_stream_input(&p->stream).len);
		break;
	}
}

static void on_connected(struct check_probe *p)
{
	p->phase = CHECK_PROBE_TALKING;
	check_probe_deadline(p, p->limits.greeting_ms);
	if (buf_len(&p->preamble) && io_stream_write(&p->stream, buf_slice(&p->preamble))) {
		check_probe_no_memory(p);
		return;
	}
	todo_do(p, check_opening_start(&p->opening));
}

static void on_tls_up(struct check_probe *p)
{
	enum check_opening_todo todo;
	p->phase = CHECK_PROBE_TALKING;
	if (check_probe_seen_take(p) || check_opening_tls_up(&p->opening, &todo)) {
		check_probe_no_memory(p);
		return;
	}
	todo_do(p, todo);
}

static void on_error(struct check_probe *p)
{
	const char *why = strerror(p->stream.error);
	p->seen.is_cut = p->phase == CHECK_PROBE_HANDSHAKE;
	if (p->phase == CHECK_PROBE_RENEGOTIATING ||
	    (p->phase == CHECK_PROBE_TALKING && p->seen.is_done))
		why = tls_session_error(p->stream.tls);
	gone(p, why);
}

static void on_event(struct io_stream *s, enum io_stream_event event)
{
	struct check_probe *p = s->owner;
	switch (event) {
	case IO_STREAM_CONNECTED:
		on_connected(p);
		break;
	case IO_STREAM_DATA:
		on_data(p);
		break;
	case IO_STREAM_TLS_UP:
		on_tls_up(p);
		break;
	case IO_STREAM_TLS_FAILED:
		gone(p, tls_session_error(s->tls));
		break;
	case IO_STREAM_EOF:
		p->seen.is_cut = p->phase == CHECK_PROBE_HANDSHAKE;
		gone(p, "it ended the connection");
		break;
	case IO_STREAM_ERROR:
		on_error(p);
		break;
	case IO_STREAM_ROOM:
		break;
	}
}

static void on_late(struct io_deadline *d)
{
	silence(CHECK_PROBE_OF(late, d));
}

static void on_total(struct io_deadline *d)
{
	silence(CHECK_PROBE_OF(total, d));
}

/* --- Life --- */

static int connect_start(struct check_probe *p, const struct check_probe_way *way)
{
	struct sockaddr_storage to, from;
	socklen_t len = io_address_take(way->address, way->port, &to);
	socklen_t from_len = way->from ? io_address_take(way->from, 0, &from) : 0;
	if (!len || (way->from && from_len != len))
		return err_raise(-EINVAL);
	struct io_way io = { .from = from_len ? (struct sockaddr *)&from : NULL,
		             .to = (struct sockaddr *)&to,
		             .len = len };
	return io_stream_connect(&p->stream, p->loop, &io); /* its errno is for probe_connect() */
}

/* No way there at all (no IPv6 here) is an end like any other. */
static int probe_connect(struct check_probe *p, const struct check_probe_way *way)
{
	int r = connect_start(p, way);
	if (r == -EINVAL || r == -ENOMEM)
		return err_up(r);
	check_probe_deadline(p, p->limits.connect_ms);
	io_deadline_arm(p->loop, &p->total, p->limits.total_ms);
	if (r)
		check_probe_finish(
			p, r == -EMFILE || r == -ENFILE ? CHECK_PROBE_LOST : CHECK_PROBE_CLOSED,
			strerror(-r));
	return 0;
}

static void check_probe_freep(struct check_probe **probe)
{
	check_probe_free(*probe);
}

int check_probe_new(struct check_probe **ret_probe, struct io_loop *loop,
                    const struct check_probe_settings *set)
{
	CLEAN(check_probe_freep) struct check_probe *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->loop = loop;
	p->limits = set->limits;
	p->visit = set->visit;
	p->attack = set->attack;
	p->variant = set->variant;
	p->on_end = set->on_end;
	p->owner = set->owner;
	p->late.fn = on_late;
	p->total.fn = on_total;
	p->done.fn = on_done;
	p->renegotiated.fn = on_renegotiated_later;
	p->stream.fd = -1;
	p->stream.on_event = on_event;
	p->stream.owner = p;
	check_opening_init(&p->opening, &set->opening);
	int r = buf_add(&p->hello, set->hello);
	if (!r)
		r = buf_add(&p->preamble, set->preamble);
	if (!r)
		r = probe_connect(p, &set->way);
	if (r)
		return err_up(r);
	*ret_probe = TAKE(p);
	return 0;
}

void check_probe_free(struct check_probe *probe)
{
	if (!probe)
		return;
	io_deadline_disarm(&probe->late);
	io_deadline_disarm(&probe->total);
	io_later_remove(probe->loop, &probe->done);
	io_later_remove(probe->loop, &probe->renegotiated);
	io_stream_deinit(&probe->stream);
	check_opening_deinit(&probe->opening);
	tls_answer_deinit(&probe->answer);
	buf_deinit(&probe->hello);
	buf_deinit(&probe->preamble);
	buf_deinit(&probe->reply);
	buf_deinit(&probe->seen.chain);
	buf_deinit(&probe->seen.staple);
	tls_ticket_free(probe->seen.ticket);
	free(probe);
}
