#include "watch/flow.h"

#include "base/clean.h"
#include "base/err.h"
#include "watch/ear.h"
#include "watch/flow_private.h"

#include <errno.h>

struct slice watch_flow_ready(const struct watch_flow *f, enum watch_side side)
{
	return watch_stream_ready(&f->streams[side]);
}

void watch_flow_release(struct watch_flow *f)
{
	for (size_t i = 0; i < WATCH_SIDE_COUNT; i++)
		watch_stream_deinit(&f->streams[i]);
	if (f->look) {
		watch_certificate_merge(&f->certificate, &f->look->certificate);
		watch_tls_look_deinit(f->look);
	}
	free(f->look);
	f->look = NULL;
	free(f->udp);
	f->udp = NULL;
}

size_t watch_flow_held(const struct watch_flow *f)
{
	size_t held = 0;
	for (size_t i = 0; i < WATCH_SIDE_COUNT; i++)
		held += watch_stream_held(&f->streams[i]);
	if (f->udp)
		held += sizeof(*f->udp);
	if (f->talk.ear)
		held += f->talk.ear->held;
	return held + (f->look ? sizeof(*f->look) + f->look->answer.total : 0);
}

bool watch_flow_is_local(const struct watch_flow *f)
{
	return watch_address_are_local(&f->client, &f->server);
}

/* --- verdicts --- */

static enum watch_verdict tls_verdict(const struct watch_flow *f)
{
	if (!f->tls.has_answer)
		return WATCH_NOTHING;
	if (watch_tls_is_null(&f->tls))
		return WATCH_PLAIN;
	return f->is_starttls ? WATCH_STARTTLS : WATCH_TLS;
}

static enum watch_verdict talk_verdict(const struct watch_talk *t)
{
	if (t->secret >= WATCH_SECRET_TOKEN)
		return WATCH_PASSWORD;
	if (t->is_proven)
		return t->is_offered ? WATCH_NOT_USED : WATCH_PLAIN;
	return t->is_tunnel || t->is_private ? WATCH_TUNNEL : WATCH_NOTHING;
}

/* What was said in clear before TLS (a password, say) outweighs it. */
static void judge(struct watch_flow *f)
{
	if (f->talk.proto) {
		f->protocol = f->talk.proto->name;
		f->verdict = talk_verdict(&f->talk);
	}
	if (f->phase == WATCH_HANDSHAKE || f->tls.has_answer) {
		enum watch_verdict verdict = tls_verdict(f);
		if (!watch_verdict_is_plain(f->verdict) || !f->talk.proto)
			f->verdict = verdict;
		if (!f->talk.proto)
			f->protocol = "tls";
	}
}

void watch_flow_done(struct watch_flow *f)
{
	judge(f);
	f->phase = WATCH_DONE;
	watch_flow_release(f);
}

/* Nobody's protocol. Where one side is silent, it said nothing that could be judged. */
void watch_flow_give_up(struct watch_flow *f)
{
	struct slice client = watch_flow_ready(f, WATCH_CLIENT),
		     server = watch_flow_ready(f, WATCH_SERVER);
	f->protocol = "";
	if (!f->is_whole)
		f->verdict = WATCH_MIDSTREAM;
	else
		f->verdict = WATCH_UNKNOWN;
	if (watch_is_random(client, server))
		f->verdict = WATCH_HIGH_ENTROPY;
	f->phase = WATCH_DONE;
	watch_flow_release(f);
}

/* --- TLS --- */

int watch_flow_handshake(struct watch_flow *f)
{
	f->look = calloc(1, sizeof(*f->look));
	if (!f->look)
		return err_raise(-ENOMEM);
	f->look->ear = f->talk.ear;
	f->phase = WATCH_HANDSHAKE;
	memset(f->looked, 0, sizeof(f->looked));
	return 0;
}

static bool begins_as_tls(struct slice s, uint8_t content)
{
	return s.len > 2 && (s.data[0] == content || s.data[0] == 0x15) && s.data[1] == 3 &&
	       s.data[2] <= 4;
}

/* In the middle of a connection the answer to STARTTLS may still stand before the server's TLS. */
static void answer_skip(struct watch_flow *f)
{
	while (!f->is_whole && !f->talk.proto && !f->look->found.has_answer &&
	       watch_flow_line_skip(f, WATCH_SERVER)) {
		f->looked[WATCH_SERVER] = 0;
		f->is_starttls = true;
	}
}

/* One side of it. What does not begin as TLS is none. */
static int handshake_side(struct watch_flow *f, enum watch_side side)
{
	if (side == WATCH_SERVER && !f->looked[side])
		answer_skip(f);
	struct slice input = watch_flow_ready(f, side);
	size_t used = 0;
	bool is_first = !f->looked[side];
	if (!input.len || (is_first && input.len < 3))
		return 0;
	if (is_first && !begins_as_tls(input, 0x16) && !(input.data[0] & 0x80)) {
		watch_flow_done(f);
		return 0;
	}
	int r = watch_tls_look_feed(f->look, side, input, &used);
	if (r)
		return err_up(r);
	watch_stream_use(&f->streams[side], used);
	f->looked[side] += used;
	f->tls = f->look->found;
	return 0;
}

static int handshake(struct watch_flow *f)
{
	int r = handshake_side(f, WATCH_CLIENT);
	if (!r && f->phase == WATCH_HANDSHAKE)
		r = handshake_side(f, WATCH_SERVER);
	if (r)
		return err_up(r);
	if (f->phase == WATCH_HANDSHAKE && watch_tls_look_is_done(f->look))
		watch_flow_done(f);
	return 0;
}

/* --- talk --- */

/* The client asked, and now records come: the answer to it was lost, or is on its way. */
static bool answer_was_missed(const struct watch_flow *f)
{
	return f->talk.is_asked && begins_as_tls(watch_flow_ready(f, WATCH_CLIENT), 0x16);
}

static bool talk_side(struct watch_flow *f, enum watch_side side)
{
	struct slice input = watch_flow_ready(f, side);
	size_t used = watch_talk_feed(&f->talk, side, input);
	watch_stream_use(&f->streams[side], used);
	f->looked[side] += used;
	return used;
}

/* Until nothing moves any more: what one side says may let the other go on. */
static int talk(struct watch_flow *f)
{
	bool has_moved = true;
	while (has_moved && !f->talk.is_tls && !f->talk.is_lost) {
		has_moved = talk_side(f, f->first);
		has_moved |= talk_side(f, watch_side_other(f->first));
	}
	judge(f);
	if (f->talk.is_tls || answer_was_missed(f)) {
		f->talk.is_tls = true;
		f->is_starttls = true;
		return err_up(watch_flow_handshake(f));
	}
	/* Who listens wants to know what comes of it. */
	bool is_enough = f->talk.secret == WATCH_SECRET_PASSWORD && !f->talk.ear;
	if (f->talk.is_lost || is_enough || (f->talk.is_tunnel && !f->talk.is_proven))
		watch_flow_done(f);
	return 0;
}

/* --- what comes --- */

static int step(struct watch_flow *f)
{
	enum watch_phase before;
	int r = 0;
	do {
		before = f->phase;
		if (f->phase == WATCH_OPENING)
			r = watch_flow_opening(f);
		else if (f->phase == WATCH_TALKING)
			r = talk(f);
		else if (f->phase == WATCH_HANDSHAKE)
			r = handshake(f);
	} while (!r && f->phase != before && f->phase != WATCH_DONE);
	return err_up(r);
}

/* Something is missing: each phase has its own way to live with it. */
static void on_gap(struct watch_flow *f, enum watch_side side)
{
	if (f->phase == WATCH_TALKING)
		watch_talk_gap(&f->talk, side);
	else if (f->phase == WATCH_OPENING)
		f->is_whole = false;
	else if (f->look && side == WATCH_CLIENT)
		f->look->is_hello_done = true;
	else if (f->look)
		f->look->is_answer_done = true;
}

/* As much as may be looked at was: the rest of this side is only counted. */
static void limit(struct watch_flow *f, enum watch_side side)
{
	if (f->phase == WATCH_DONE)
		return;
	if (f->looked[side] >= WATCH_LOOK_MAX || watch_flow_ready(f, side).len >= WATCH_LOOK_MAX) {
		f->is_over[side] = true;
		watch_stream_deinit(&f->streams[side]);
	}
	if (f->is_over[WATCH_CLIENT] && f->is_over[WATCH_SERVER] && f->phase != WATCH_OPENING)
		watch_flow_done(f);
}

static int payload_take(struct watch_flow *f, enum watch_side side, const struct watch_packet *p)
{
	const struct watch_segment segment = { .seq = p->seq,
		                               .bytes = p->payload,
		                               .missing = p->payload_missing };
	if (p->payload.len && !f->has_spoken[WATCH_CLIENT] && !f->has_spoken[WATCH_SERVER])
		f->first = side;
	f->has_spoken[side] |= p->payload.len;
	int r = f->is_over[side] ? 0 : watch_stream_add(&f->streams[side], &segment);
	if (r == WATCH_STREAM_GAP)
		on_gap(f, side);
	else if (r)
		return err_up(r);
	return r || p->payload.len ? err_up(step(f)) : 0;
}

/* The packet is gone after this: what is still wanted of it is kept. */
static int rest_keep(struct watch_flow *f)
{
	int r = watch_stream_keep(&f->streams[WATCH_CLIENT]);
	return r ? err_up(r) : err_up(watch_stream_keep(&f->streams[WATCH_SERVER]));
}

static int ack_take(struct watch_flow *f, enum watch_side side, uint32_t ack)
{
	int r = watch_stream_ack(&f->streams[side], ack);
	if (r != WATCH_STREAM_GAP)
		return err_up(r);
	on_gap(f, side);
	return err_up(step(f));
}

int watch_flow_tcp(struct watch_flow *f, const struct watch_flow_packet *in)
{
	const struct watch_packet *p = in->packet;
	enum watch_side side = in->side, other = watch_side_other(side);
	int r = 0;
	if (p->tcp_flags & WATCH_TCP_SYN)
		watch_stream_begin(&f->streams[side], p->seq);
	if (p->tcp_flags & WATCH_TCP_ACK && f->streams[other].has_begun)
		r = ack_take(f, other, p->ack);
	if (!r && f->phase != WATCH_DONE && !(p->tcp_flags & WATCH_TCP_SYN))
		r = payload_take(f, side, p);
	if (!r)
		limit(f, side);
	return r ? err_up(r) : err_up(rest_keep(f));
}

int watch_flow_udp(struct watch_flow *f, const struct watch_flow_packet *in)
{
	if (!f->udp)
		f->udp = calloc(1, sizeof(*f->udp));
	if (!f->udp)
		return err_raise(-ENOMEM);
	f->has_spoken[in->side] = true;
	watch_udp_feed(f->udp, in->side, in->packet->payload);
	f->protocol = f->udp->protocol ? f->udp->protocol : "";
	f->verdict = f->udp->protocol ? f->udp->verdict : WATCH_UNKNOWN;
	f->tls = f->udp->tls;
	if (f->udp->has_community)
		watch_talk_secret(&f->talk, WATCH_SECRET_PASSWORD, slice_str("COMMUNITY"),
		                  (struct slice){});
	if (!f->udp->protocol && watch_is_random(in->packet->payload, (struct slice){}))
		f->verdict = WATCH_HIGH_ENTROPY;
	if (f->udp->is_settled || f->udp->count >= WATCH_UDP_LOOKS_MAX)
		f->phase = WATCH_DONE;
	return 0;
}

/* Holes are given up one after the other, and what is behind them is looked at. */
static int rest_take(struct watch_flow *f, enum watch_side side)
{
	bool has_more = true;
	int r = 0;
	while (!r && f->phase != WATCH_DONE && has_more) {
		r = watch_stream_flush(&f->streams[side], &has_more);
		if (r == WATCH_STREAM_GAP) {
			on_gap(f, side);
			r = step(f);
		}
	}
	return err_up(r);
}

int watch_flow_end(struct watch_flow *f)
{
	int r = 0;
	if (!f->is_tcp || f->phase == WATCH_DONE) {
		watch_flow_release(f);
		f->phase = WATCH_DONE;
		return 0;
	}
	for (size_t i = 0; !r && i < WATCH_SIDE_COUNT; i++)
		r = rest_take(f, (enum watch_side)i);
	if (!r && watch_flow_opening_last(f))
		r = step(f);
	if (f->phase == WATCH_OPENING)
		watch_flow_opening_end(f);
	else if (f->phase != WATCH_DONE)
		watch_flow_done(f);
	return err_up(r);
}
