/* Whose bytes are these? From the first ones, or from what is seen in the middle. */
#include "watch/flow_private.h"

#include "base/err.h"
#include "proxyhdr/proxyhdr.h"
#include "watch/word.h"

/* A whole line of text is passed over. */
bool watch_flow_line_skip(struct watch_flow *f, enum watch_side side)
{
	struct slice input = watch_flow_ready(f, side);
	size_t len = slice_find(input, '\n') + 1;
	if (len > input.len || !watch_word_is_text(slice_head(input, len < 2 ? 0 : len - 2)))
		return false;
	watch_stream_use(&f->streams[side], len);
	f->looked[side] += len;
	return true;
}

static void sides_swap(struct watch_flow *f)
{
	struct watch_stream stream = f->streams[WATCH_CLIENT];
	bool has_spoken = f->has_spoken[WATCH_CLIENT], is_over = f->is_over[WATCH_CLIENT];
	size_t looked = f->looked[WATCH_CLIENT];
	f->is_swapped = true;
	f->streams[WATCH_CLIENT] = f->streams[WATCH_SERVER];
	f->streams[WATCH_SERVER] = stream;
	f->has_spoken[WATCH_CLIENT] = f->has_spoken[WATCH_SERVER];
	f->has_spoken[WATCH_SERVER] = has_spoken;
	f->is_over[WATCH_CLIENT] = f->is_over[WATCH_SERVER];
	f->is_over[WATCH_SERVER] = is_over;
	f->looked[WATCH_CLIENT] = f->looked[WATCH_SERVER];
	f->looked[WATCH_SERVER] = looked;
	f->first = watch_side_other(f->first);
}

/* Established before the capture: records of TLS, or words that say what it is. is_last: what may
 * be enough has to be. */
static enum watch_fit middle_look(struct watch_flow *f, const struct watch_opening *o, bool is_last)
{
	uint16_t version;
	if (watch_tls_is_records(o->client, &version) ||
	    watch_tls_is_records(o->server, &version)) {
		f->tls.has_answer = true;
		watch_flow_done(f);
		return WATCH_FIT_YES;
	}
	struct watch_middle m = watch_proto_find_middle(o);
	if (!m.proto || (!m.is_certain && !is_last))
		return m.proto ? WATCH_FIT_MORE : WATCH_FIT_NO;
	f->talk.proto = m.proto;
	if (m.is_begun && m.proto->on_middle)
		m.proto->on_middle(&f->talk);
	if (m.is_swapped)
		sides_swap(f);
	f->phase = WATCH_TALKING;
	return WATCH_FIT_YES;
}

/* What a client says line by line is known by the first that nobody else would say. */
static enum watch_fit middle_find(struct watch_flow *f, bool is_last)
{
	enum watch_fit fit;
	do {
		struct watch_opening o = { watch_flow_ready(f, WATCH_CLIENT),
			                   watch_flow_ready(f, WATCH_SERVER) };
		fit = middle_look(f, &o, is_last);
	} while (fit == WATCH_FIT_NO && watch_flow_line_skip(f, WATCH_CLIENT));
	return fit;
}

/* A balancer says first for whom it speaks: that is passed over. True: its header is not whole. */
static bool balancer_skip(struct watch_flow *f)
{
	static const char v1[] = "PROXY ", v2[] = "\r\n\r\n\0\r\nQUIT\n";
	struct slice input = watch_flow_ready(f, WATCH_CLIENT);
	struct proxyhdr_result result;
	size_t used;
	if (!input.len || f->is_behind_balancer ||
	    (memcmp(input.data, v1, slice_head(input, sizeof(v1) - 1).len) &&
	     memcmp(input.data, v2, slice_head(input, sizeof(v2) - 1).len)))
		return false;
	int r = proxyhdr_parse(input, &result, &used);
	if (!r) {
		f->is_behind_balancer = true;
		watch_stream_use(&f->streams[WATCH_CLIENT], used);
	}
	return r == PROXYHDR_MORE;
}

static bool opening_is_long(const struct watch_opening *o)
{
	return o->client.len >= WATCH_OPENING_MAX || o->server.len >= WATCH_OPENING_MAX;
}

/* In the middle of a connection who was taken for the server may be the client. */
static enum watch_fit tls_fit(struct watch_flow *f, const struct watch_opening *o)
{
	const struct watch_opening swapped = { .client = o->server, .server = o->client };
	enum watch_fit fit = watch_tls_fit(o);
	if (f->is_whole || fit == WATCH_FIT_YES || watch_tls_fit(&swapped) != WATCH_FIT_YES)
		return fit;
	sides_swap(f);
	return WATCH_FIT_YES;
}

/* Whose bytes are these? */
int watch_flow_opening(struct watch_flow *f)
{
	bool has_more = balancer_skip(f);
	struct watch_opening o = { watch_flow_ready(f, WATCH_CLIENT),
		                   watch_flow_ready(f, WATCH_SERVER) };
	enum watch_fit tls = tls_fit(f, &o);
	if (has_more)
		return 0;
	if (tls == WATCH_FIT_YES)
		return err_up(watch_flow_handshake(f));
	if (!f->is_whole && middle_find(f, opening_is_long(&o)) == WATCH_FIT_YES)
		return 0;
	if (f->is_whole)
		f->talk.proto = watch_proto_find(&o, &has_more);
	if (f->talk.proto)
		f->phase = WATCH_TALKING;
	else if (opening_is_long(&o) || (f->is_whole && !has_more && tls == WATCH_FIT_NO &&
	                                 o.client.len && o.server.len >= 64))
		watch_flow_give_up(f);
	return 0;
}

bool watch_flow_opening_last(struct watch_flow *f)
{
	return f->phase == WATCH_OPENING && !f->is_whole && middle_find(f, true) == WATCH_FIT_YES;
}

/* Nobody's protocol. A greeting that nobody answered says nothing; more than that is something. */
void watch_flow_opening_end(struct watch_flow *f)
{
	enum { GREETING_MAX = 512 };
	bool is_answered = f->has_spoken[WATCH_CLIENT] && f->has_spoken[WATCH_SERVER];
	bool is_short =
		watch_flow_ready(f, WATCH_CLIENT).len + watch_flow_ready(f, WATCH_SERVER).len <=
		GREETING_MAX;
	watch_flow_give_up(f);
	if (f->verdict == WATCH_UNKNOWN && !is_answered && is_short)
		f->verdict = WATCH_NOTHING;
}
