#include "check/probe.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/address.h"
#include "io/stream.h"

#include <errno.h>
#include <stdio.h>

/* Tickets of TLS 1.3 come behind the handshake; where nothing is said, they are waited for. */
enum { TICKET_MS = 250, REACTION_MAX = 64 };

enum phase {
	CONNECTING,
	TALKING, /* check/opening.h has the word, in clear or in TLS */
	OFFERED, /* the hello went out: all that comes is its answer */
	HANDSHAKE,
	ATTACKING, /* something went out that a server should not fall for */
	RENEGOTIATING,
	LINGERING, /* for tickets */
	OVER,
};

struct check_probe {
	struct io_loop *loop;
	struct io_stream stream;
	struct check_opening opening;
	struct check_limits limits;
	struct buf hello;
	struct check_probe_visit visit;
	void (*on_end)(void *owner);
	void *owner;
	enum phase phase;
	enum check_opening_state waits_for; /* since late was armed */
	struct io_deadline late, total;
	struct io_later done, renegotiated;
	enum check_probe_end end;
	char why[CHECK_TEXT_CAP];
	struct tls_answer answer;
	enum check_attack attack;
	unsigned variant;
	struct buf reply; /* to the attack */
	struct check_reaction reaction;
	bool has_reaction;
	struct check_probe_seen seen;
};

#define PROBE_OF(member, at)                                                                       \
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
static void finish(struct check_probe *p, enum check_probe_end end, const char *why)
{
	if (p->phase == OVER)
		return;
	p->phase = OVER;
	p->end = end;
	if (why != p->why)
		snprintf(p->why, sizeof(p->why), "%s", why);
	io_deadline_disarm(&p->late);
	io_deadline_disarm(&p->total);
	io_stream_pause(&p->stream);
	io_later_add(p->loop, &p->done);
}

static void no_memory(struct check_probe *p)
{
	finish(p, CHECK_PROBE_LOST, "out of memory");
}

/* Politely: with close_notify where there is TLS. */
static void on_done(struct io_later *later)
{
	struct check_probe *p = PROBE_OF(done, later);
	if (!p->stream.is_dead && p->stream.fd >= 0)
		io_stream_end(&p->stream);
	p->on_end(p->owner);
}

static void deadline(struct check_probe *p, uint32_t ms)
{
	io_deadline_arm(p->loop, &p->late, ms);
}

/* --- What the conversation came to --- */

static void ended(struct check_probe *p)
{
	const struct check_opening *o = &p->opening;
	char why[CHECK_TEXT_CAP];
	const char *words = check_opening_end_words(o->end);
	if (o->answer[0])
		snprintf(why, sizeof(why), "%.60s: %.180s", words, o->answer);
	else
		snprintf(why, sizeof(why), "%.60s without a word", words);
	switch (o->end) {
	case CHECK_OPENING_DONE:
		finish(p, CHECK_PROBE_TLS, "");
		return;
	case CHECK_OPENING_NO_STARTTLS:
	case CHECK_OPENING_REFUSED:
		finish(p, CHECK_PROBE_NO_TLS, why);
		return;
	case CHECK_OPENING_RATE:
	case CHECK_OPENING_SHUT:
		/* Behind a handshake its facts stand, whatever is said inside. */
		finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_RATE, why);
		return;
	case CHECK_OPENING_FOREIGN:
		finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_FOREIGN, why);
		return;
	case CHECK_OPENING_UNDER_WAY:
	case CHECK_OPENING_END_COUNT:
		break;
	}
	finish(p, CHECK_PROBE_LOST, why);
}

static void ticket_take(struct check_probe *p)
{
	if (p->stream.tls && !p->seen.ticket &&
	    tls_visit_ticket(p->stream.tls, &p->seen.ticket, &p->seen.ticket_facts))
		no_memory(p);
}

/* The server has ended, or is taken to have. */
static void gone(struct check_probe *p, const char *why)
{
	switch (p->phase) {
	case CONNECTING:
		finish(p, CHECK_PROBE_CLOSED, why);
		break;
	case OFFERED: /* some refuse so, without an alert */
		finish(p, CHECK_PROBE_TLS, "");
		break;
	case ATTACKING:
		if (!p->reaction.is_whole)
			p->reaction.kind = CHECK_REACTION_CLOSED;
		p->has_reaction = true;
		finish(p, CHECK_PROBE_TLS, "");
		break;
	case HANDSHAKE:
		snprintf(p->seen.why, sizeof(p->seen.why), "%s", why);
		check_opening_eof(&p->opening);
		finish(p, CHECK_PROBE_TLS, "");
		break;
	case RENEGOTIATING:
		p->seen.renegotiates = p->seen.renegotiations ? CHECK_YES : CHECK_NO;
		[[fallthrough]];
	case LINGERING:
		ticket_take(p);
		finish(p, CHECK_PROBE_TLS, "");
		break;
	case TALKING:
		check_opening_eof(&p->opening);
		ended(p);
		break;
	case OVER:
		break;
	}
}

/* No word in time. */
static void silence(struct check_probe *p)
{
	bool is_first = p->opening.state == CHECK_OPENING_GREETING && !p->opening.input_len;
	switch (p->phase) {
	case CONNECTING:
		finish(p, CHECK_PROBE_SILENT, "no connection in time");
		break;
	case TALKING:
		if (p->seen.is_done)
			finish(p, CHECK_PROBE_TLS, "");
		else if (is_first)
			finish(p, CHECK_PROBE_SILENT, "no greeting in time");
		else
			finish(p, CHECK_PROBE_LOST, "no answer in time");
		break;
	case OFFERED:
		finish(p, CHECK_PROBE_LOST, "no answer to a ClientHello in time");
		break;
	case ATTACKING:
		p->has_reaction = true;
		finish(p, CHECK_PROBE_TLS, "");
		break;
	case HANDSHAKE:
		snprintf(p->seen.why, sizeof(p->seen.why), "no answer in time");
		finish(p, CHECK_PROBE_LOST, "no answer to a ClientHello in time");
		break;
	case RENEGOTIATING:
	case LINGERING:
		gone(p, "no answer in time");
		break;
	case OVER:
		break;
	}
}

/* --- TLS --- */

static void offer(struct check_probe *p)
{
	p->phase = OFFERED;
	deadline(p, p->limits.answer_ms);
	if (io_stream_write(&p->stream, buf_slice(&p->hello)))
		no_memory(p);
}

static void visit(struct check_probe *p)
{
	struct tls_session *tls = NULL;
	int r = tls_session_connect_hop(&tls, p->visit.hops, p->visit.expected, p);
	if (!r)
		r = tls_visit_prepare(tls, &p->visit.tls);
	if (r) {
		tls_session_free(tls);
		no_memory(p);
		return;
	}
	p->phase = HANDSHAKE;
	p->seen.was_tried = true;
	deadline(p, p->limits.answer_ms);
	io_stream_start_tls(&p->stream, tls);
}

/* Text behind the word to start is nobody's (RFC 3207 5). */
static void start_tls(struct check_probe *p)
{
	io_stream_consume(&p->stream, io_stream_input(&p->stream).len);
	if (buf_len(&p->hello))
		offer(p);
	else
		visit(p);
}

static int seen_take(struct check_probe *p)
{
	const struct tls_session *tls = p->stream.tls;
	const struct tls_facts *facts = tls_session_facts(tls);
	struct check_probe_seen *seen = &p->seen;
	seen->is_done = true;
	seen->is_resumed = facts->is_resumed;
	snprintf(seen->version, sizeof(seen->version), "%s", facts->version);
	snprintf(seen->suite, sizeof(seen->suite), "%s", facts->cipher);
	snprintf(seen->group, sizeof(seen->group), "%s", facts->group);
	seen->proof = *tls_session_proof(tls);
	tls_visit_facts(tls, &seen->facts);
	int r = tls_visit_chain(tls, &seen->chain);
	if (!r)
		r = tls_visit_staple(tls, &seen->staple);
	return err_up(r);
}

/* From inside the library: what follows waits for a later turn. */
static void on_renegotiated(void *owner)
{
	struct check_probe *p = owner;
	io_later_add(p->loop, &p->renegotiated);
}

/* True: another one is under way. */
static bool renegotiate(struct check_probe *p)
{
	struct buf out = {};
	bool is_wanted = p->seen.renegotiations < p->visit.renegotiations_max;
	if (!is_wanted || tls_visit_renegotiate(p->stream.tls, &out, on_renegotiated)) {
		buf_deinit(&out);
		return false;
	}
	p->phase = RENEGOTIATING;
	deadline(p, p->limits.answer_ms / 2);
	if (io_stream_write_sealed(&p->stream, buf_slice(&out)))
		no_memory(p);
	buf_deinit(&out);
	return true;
}

/* --- Doing what the conversation says --- */

static void flush(struct check_probe *p)
{
	if (buf_len(&p->opening.out) && io_stream_write(&p->stream, buf_slice(&p->opening.out)))
		finish(p, p->seen.is_done ? CHECK_PROBE_TLS : CHECK_PROBE_LOST, "it broke off");
	buf_clear(&p->opening.out);
	if (p->phase != TALKING || p->waits_for == p->opening.state)
		return;
	p->waits_for = p->opening.state;
	deadline(p, p->waits_for == CHECK_OPENING_GREETING ? p->limits.greeting_ms
	                                                   : p->limits.answer_ms);
}

static void quit(struct check_probe *p)
{
	ticket_take(p);
	if (check_opening_quit(&p->opening)) {
		no_memory(p);
		return;
	}
	flush(p);
	ended(p);
}

/* Inside, and nothing is left to be said but what the probe is for. */
static void looked(struct check_probe *p)
{
	if (p->phase == OVER || renegotiate(p))
		return;
	p->phase = TALKING;
	if (p->opening.language != CHECK_SPEAKS_NOTHING || !p->visit.waits_for_ticket) {
		quit(p);
		return;
	}
	p->phase = LINGERING;
	deadline(p, TICKET_MS);
}

/* False: nothing more is to be fed. */
static bool todo_do(struct check_probe *p, enum check_opening_todo todo)
{
	flush(p);
	switch (todo) {
	case CHECK_OPENING_READ:
		return p->phase == TALKING;
	case CHECK_OPENING_START_TLS:
		start_tls(p);
		return false;
	case CHECK_OPENING_LOOKED:
	case CHECK_OPENING_NOOPED:
		looked(p);
		return p->phase == TALKING;
	case CHECK_OPENING_OVER:
		ticket_take(p);
		ended(p);
		return false;
	}
	return false;
}

/* A renegotiation counts when the session still answers behind it. */
static void on_renegotiated_later(struct io_later *later)
{
	struct check_probe *p = PROBE_OF(renegotiated, later);
	if (p->phase != RENEGOTIATING)
		return;
	p->seen.renegotiations++;
	p->seen.renegotiates = CHECK_YES;
	if (p->opening.language == CHECK_SPEAKS_NOTHING) {
		looked(p);
		return;
	}
	p->phase = TALKING;
	if (check_opening_noop(&p->opening))
		no_memory(p);
	else
		flush(p);
}

static void talk(struct check_probe *p)
{
	bool goes_on = true;
	size_t used = 1;
	while (goes_on && used && p->phase == TALKING) {
		enum check_opening_todo todo;
		if (check_opening_feed(&p->opening, io_stream_input(&p->stream), &used, &todo)) {
			no_memory(p);
			return;
		}
		io_stream_consume(&p->stream, used);
		goes_on = todo_do(p, todo);
	}
}

/* True: the server's reaction is awaited. */
static bool attack(struct check_probe *p)
{
	struct buf out = {};
	int r = p->attack ? check_attack_write(p->attack, p->variant, &p->answer, &out)
	                  : CHECK_ATTACK_POINTLESS;
	if (!r) {
		p->phase = ATTACKING;
		deadline(p, p->limits.answer_ms / 3);
		r = io_stream_write(&p->stream, buf_slice(&out));
	}
	buf_deinit(&out);
	if (r < 0)
		no_memory(p);
	return r <= 0;
}

static void answered(struct check_probe *p)
{
	struct slice input = io_stream_input(&p->stream);
	int r = tls_answer_feed(&p->answer, input);
	io_stream_consume(&p->stream, input.len);
	if (r < 0)
		no_memory(p);
	else if (r == TLS_ANSWER_BAD && p->answer.kind == TLS_ANSWER_NONE)
		finish(p, CHECK_PROBE_LOST, p->answer.problem ?: "no TLS");
	else if (r != TLS_ANSWER_MORE && !attack(p))
		finish(p, CHECK_PROBE_TLS, "");
}

/* The first record says how it took it; more than that is thrown away. */
static void reacted(struct check_probe *p)
{
	struct slice input = io_stream_input(&p->stream);
	int r = buf_add(&p->reply, slice_head(input, REACTION_MAX - buf_len(&p->reply)));
	io_stream_consume(&p->stream, input.len);
	if (r) {
		no_memory(p);
		return;
	}
	check_reaction_read(&p->reaction, buf_slice(&p->reply));
	if (!p->reaction.is_whole)
		return;
	p->has_reaction = true;
	finish(p, CHECK_PROBE_TLS, "");
}

/* --- Events --- */

static void on_data(struct check_probe *p)
{
	switch (p->phase) {
	case TALKING:
		talk(p);
		break;
	case OFFERED:
		answered(p);
		break;
	case ATTACKING:
		reacted(p);
		break;
	case CONNECTING:
	case HANDSHAKE:
	case RENEGOTIATING:
	case LINGERING:
	case OVER: /* what nobody asked for */
		io_stream_consume(&p->stream, io_stream_input(&p->stream).len);
		break;
	}
}

static void on_connected(struct check_probe *p)
{
	p->phase = TALKING;
	deadline(p, p->limits.greeting_ms);
	todo_do(p, check_opening_start(&p->opening));
}

static void on_tls_up(struct check_probe *p)
{
	enum check_opening_todo todo;
	p->phase = TALKING;
	if (seen_take(p) || check_opening_tls_up(&p->opening, &todo)) {
		no_memory(p);
		return;
	}
	todo_do(p, todo);
}

static void on_error(struct check_probe *p)
{
	const char *why = strerror(p->stream.error);
	if (p->phase == RENEGOTIATING || (p->phase == TALKING && p->seen.is_done))
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
	silence(PROBE_OF(late, d));
}

static void on_total(struct io_deadline *d)
{
	silence(PROBE_OF(total, d));
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
	deadline(p, p->limits.connect_ms);
	io_deadline_arm(p->loop, &p->total, p->limits.total_ms);
	if (r)
		finish(p, r == -EMFILE || r == -ENFILE ? CHECK_PROBE_LOST : CHECK_PROBE_CLOSED,
		       strerror(-r));
	return 0;
}

static void probe_freep(struct check_probe **probe)
{
	check_probe_free(*probe);
}

int check_probe_new(struct check_probe **ret_probe, struct io_loop *loop,
                    const struct check_probe_settings *set)
{
	CLEAN(probe_freep) struct check_probe *p = calloc(1, sizeof(*p));
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
	buf_deinit(&probe->reply);
	buf_deinit(&probe->seen.chain);
	buf_deinit(&probe->seen.staple);
	tls_ticket_free(probe->seen.ticket);
	free(probe);
}
