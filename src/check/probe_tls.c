/* A probe where TLS begins: hellos by hand, visits, attacks. */
#include "base/err.h"
#include "check/probe_inside.h"

#include <stdio.h>

enum { REACTION_MAX = 256 };

void check_probe_ticket_take(struct check_probe *p)
{
	if (p->stream.tls && !p->seen.ticket &&
	    tls_visit_ticket(p->stream.tls, &p->seen.ticket, &p->seen.ticket_facts))
		check_probe_no_memory(p);
}

static void offer(struct check_probe *p)
{
	p->phase =
		p->attack == CHECK_ATTACK_TICKETBLEED ? CHECK_PROBE_ATTACKING : CHECK_PROBE_OFFERED;
	check_probe_deadline(p, p->limits.answer_ms);
	if (io_stream_write(&p->stream, buf_slice(&p->hello)))
		check_probe_no_memory(p);
}

static void visit(struct check_probe *p)
{
	struct tls_session *tls = NULL;
	int r = tls_session_connect_hop(&tls, p->visit.hops, p->visit.expected, p);
	if (!r)
		r = tls_visit_prepare(tls, &p->visit.tls);
	if (r) {
		tls_session_free(tls);
		check_probe_no_memory(p);
		return;
	}
	p->phase = CHECK_PROBE_HANDSHAKE;
	p->seen.was_tried = true;
	check_probe_deadline(p, p->limits.answer_ms);
	io_stream_start_tls(&p->stream, tls);
}

/* Text behind the word to start is nobody's (RFC 3207 5). */
void check_probe_start_tls(struct check_probe *p)
{
	io_stream_consume(&p->stream, io_stream_input(&p->stream).len);
	if (buf_len(&p->hello))
		offer(p);
	else
		visit(p);
}

int check_probe_seen_take(struct check_probe *p)
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

bool check_probe_renegotiate(struct check_probe *p)
{
	struct buf out = {};
	bool is_wanted = p->seen.renegotiations < p->visit.renegotiations_max;
	if (!is_wanted || tls_visit_renegotiate(p->stream.tls, &out, on_renegotiated)) {
		buf_deinit(&out);
		return false;
	}
	p->phase = CHECK_PROBE_RENEGOTIATING;
	check_probe_deadline(p, p->limits.answer_ms / 2);
	if (io_stream_write_sealed(&p->stream, buf_slice(&out)))
		check_probe_no_memory(p);
	buf_deinit(&out);
	return true;
}

/* True: the server's reaction is awaited. */
static bool attack(struct check_probe *p)
{
	struct buf out = {};
	int r = p->attack ? check_attack_write(p->attack, p->variant, &p->answer, &out)
	                  : CHECK_ATTACK_POINTLESS;
	if (!r) {
		p->phase = CHECK_PROBE_ATTACKING;
		check_probe_deadline(p, p->limits.answer_ms / 3);
		r = io_stream_write(&p->stream, buf_slice(&out));
	}
	buf_deinit(&out);
	if (r < 0)
		check_probe_no_memory(p);
	return r <= 0;
}

void check_probe_answered(struct check_probe *p)
{
	struct slice input = io_stream_input(&p->stream);
	int r = tls_answer_feed(&p->answer, input);
	io_stream_consume(&p->stream, input.len);
	if (r < 0)
		check_probe_no_memory(p);
	else if (r == TLS_ANSWER_BAD && p->answer.kind == TLS_ANSWER_NONE)
		check_probe_finish(p, CHECK_PROBE_LOST, p->answer.problem ?: "no TLS");
	else if (r != TLS_ANSWER_MORE && !attack(p))
		check_probe_finish(p, CHECK_PROBE_TLS, "");
}

/* The first record says how it took it; more than that is thrown away. */
void check_probe_reacted(struct check_probe *p)
{
	struct slice input = io_stream_input(&p->stream);
	int r = buf_add(&p->reply, slice_head(input, REACTION_MAX - buf_len(&p->reply)));
	io_stream_consume(&p->stream, input.len);
	if (r) {
		check_probe_no_memory(p);
		return;
	}
	if (p->attack == CHECK_ATTACK_TICKETBLEED)
		check_reaction_read_hello(&p->reaction, buf_slice(&p->reply));
	else
		check_reaction_read(&p->reaction, buf_slice(&p->reply));
	if (!p->reaction.is_whole)
		return;
	p->has_reaction = true;
	check_probe_finish(p, CHECK_PROBE_TLS, "");
}
