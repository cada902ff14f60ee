#include "watch/stream.h"

#include "base/clean.h"
#include "base/err.h"
#include "sasl/secret.h"

#include <errno.h>

/* Sequence numbers go round: how far a is behind b. */
static int32_t distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static void piece_deinit(struct watch_piece *p)
{
	if (p->bytes)
		explicit_bzero(p->bytes, p->len);
	free(p->bytes);
	*p = (struct watch_piece){};
}

void watch_stream_deinit(struct watch_stream *s)
{
	for (size_t i = 0; i < s->piece_count; i++)
		piece_deinit(&s->pieces[i]);
	free(s->pieces);
	buf_deinit_secret(&s->ready);
	*s = (struct watch_stream){};
}

void watch_stream_begin(struct watch_stream *s, uint32_t syn_seq)
{
	if (s->has_begun)
		return;
	s->has_begun = true;
	s->next = syn_seq + 1;
}

size_t watch_stream_held(const struct watch_stream *s)
{
	return s->ready.cap + s->held + s->piece_cap * sizeof(*s->pieces);
}

int watch_stream_keep(struct watch_stream *s)
{
	struct slice lent = s->lent;
	s->lent = (struct slice){};
	return lent.len ? err_up(sasl_secret_add(&s->ready, lent)) : 0;
}

static void ready_clear(struct watch_stream *s)
{
	s->lent = (struct slice){};
	sasl_secret_clear(&s->ready);
}

void watch_stream_use(struct watch_stream *s, size_t len)
{
	if (s->lent.len) {
		s->lent = slice_skip(s->lent, len);
		return;
	}
	size_t have = buf_len(&s->ready);
	if (len > have)
		len = have;
	if (len)
		explicit_bzero(s->ready.data + s->ready.start, len);
	buf_consume(&s->ready, len);
	if (len == have)
		sasl_secret_clear(&s->ready);
}

static void first_piece_remove(struct watch_stream *s)
{
	s->held -= s->pieces[0].len;
	piece_deinit(&s->pieces[0]);
	s->piece_count--;
	memmove(s->pieces, s->pieces + 1, s->piece_count * sizeof(*s->pieces));
}

/* What of bytes is new. They begin at next or before it. */
static struct slice new_of(const struct watch_stream *s, uint32_t seq, struct slice bytes)
{
	return slice_skip(bytes, (size_t)distance(seq, s->next));
}

/* It goes to ready, behind what is there. */
static int ready_add(struct watch_stream *s, uint32_t seq, struct slice bytes)
{
	bytes = new_of(s, seq, bytes);
	if (!bytes.len)
		return 0;
	int r = watch_stream_keep(s);
	if (!r)
		r = sasl_secret_add(&s->ready, bytes);
	if (r)
		return err_up(r);
	s->next += (uint32_t)bytes.len;
	return 0;
}

/* The same, without a copy where nothing is there. */
static int ready_lend(struct watch_stream *s, uint32_t seq, struct slice bytes)
{
	if (watch_stream_ready(s).len)
		return err_up(ready_add(s, seq, bytes));
	s->lent = new_of(s, seq, bytes);
	s->next += (uint32_t)s->lent.len;
	return 0;
}

/* Pieces that follow now. */
static int pieces_join(struct watch_stream *s)
{
	int r = 0;
	while (!r && s->piece_count && distance(s->next, s->pieces[0].seq) <= 0) {
		struct watch_piece *p = &s->pieces[0];
		r = ready_add(s, p->seq, slice_of(p->bytes, p->len));
		first_piece_remove(s);
	}
	return err_up(r);
}

/* The hole before the first piece is given up. */
static int hole_skip(struct watch_stream *s)
{
	ready_clear(s);
	s->next = s->pieces[0].seq;
	int r = pieces_join(s);
	return r ? err_up(r) : WATCH_STREAM_GAP;
}

/* Room for one more. Most holes have few pieces behind them. */
static int pieces_grow(struct watch_stream *s)
{
	enum { FEW = 4 };
	size_t cap = s->piece_cap ? s->piece_cap * 2 : FEW;
	if (s->piece_count < s->piece_cap)
		return 0;
	struct watch_piece *more = realloc(s->pieces, cap * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	s->pieces = more;
	s->piece_cap = cap;
	return 0;
}

/* Two halves become one piece; what was there before is wiped. */
static int piece_join(struct watch_piece *p, struct slice front, struct slice back)
{
	uint8_t *both = malloc(front.len + back.len);
	if (!both)
		return err_raise(-ENOMEM);
	memcpy(both, front.data, front.len);
	memcpy(both + front.len, back.data, back.len);
	explicit_bzero(p->bytes, p->len);
	free(p->bytes);
	p->bytes = both;
	p->len = front.len + back.len;
	return 0;
}

static int piece_insert(struct watch_stream *s, size_t at, uint32_t seq, struct slice bytes)
{
	uint8_t *copy = malloc(bytes.len);
	if (!copy)
		return err_raise(-ENOMEM);
	memcpy(copy, bytes.data, bytes.len);
	memmove(s->pieces + at + 1, s->pieces + at, (s->piece_count - at) * sizeof(*s->pieces));
	s->pieces[at] = (struct watch_piece){ seq, bytes.len, copy };
	s->piece_count++;
	return 0;
}

/* Behind a hole: kept in order, neighbours as one. The caller made sure that there is a place. */
static int piece_hold(struct watch_stream *s, uint32_t seq, struct slice bytes)
{
	size_t at = s->piece_count;
	int r = pieces_grow(s);
	if (r)
		return err_up(r);
	while (at && distance(s->pieces[at - 1].seq, seq) < 0)
		at--;
	struct watch_piece *before = at ? &s->pieces[at - 1] : NULL;
	struct watch_piece *after = at < s->piece_count ? &s->pieces[at] : NULL;
	if (before && before->seq + (uint32_t)before->len == seq) {
		r = piece_join(before, slice_of(before->bytes, before->len), bytes);
	} else if (after && seq + (uint32_t)bytes.len == after->seq) {
		r = piece_join(after, bytes, slice_of(after->bytes, after->len));
		after->seq = r ? after->seq : seq;
	} else {
		r = piece_insert(s, at, seq, bytes);
	}
	if (!r)
		s->held += bytes.len;
	return err_up(r);
}

/* The far end has what is missing here. */
static bool hole_is_acked(const struct watch_stream *s)
{
	return s->piece_count && s->has_ack && distance(s->pieces[0].seq, s->acked) >= 0;
}

static bool too_much_is_held(const struct watch_stream *s)
{
	return s->held > WATCH_HELD_MAX || s->piece_count == WATCH_PIECES_MAX;
}

static int later_add(struct watch_stream *s, const struct watch_segment *g)
{
	int r = piece_hold(s, g->seq, g->bytes);
	if (r)
		return err_up(r);
	if (hole_is_acked(s) || too_much_is_held(s))
		return hole_skip(s);
	return 0;
}

static int next_add(struct watch_stream *s, const struct watch_segment *g)
{
	bool is_gap = s->is_after_gap && distance(g->seq, s->next) < (int32_t)g->bytes.len;
	if (is_gap) {
		ready_clear(s);
		s->is_after_gap = false;
	}
	int r = ready_lend(s, g->seq, g->bytes);
	if (!r)
		r = pieces_join(s);
	return !r && is_gap ? WATCH_STREAM_GAP : err_up(r);
}

/* A capture with a snaplen: the rest of the segment is as good as lost. */
static void missing_skip(struct watch_stream *s, const struct watch_segment *g)
{
	uint32_t end = g->seq + (uint32_t)g->bytes.len;
	if (!g->missing || distance(end, s->next) != 0)
		return;
	s->next += (uint32_t)g->missing;
	s->is_after_gap = true;
}

int watch_stream_add(struct watch_stream *s, const struct watch_segment *g)
{
	int r = 0;
	if (!g->bytes.len && !g->missing)
		return 0;
	if (!s->has_begun)
		watch_stream_begin(s, g->seq - 1);
	if (distance(s->next, g->seq) > 0)
		return g->bytes.len ? later_add(s, g) : 0;
	if (g->bytes.len)
		r = next_add(s, g);
	if (r >= 0)
		missing_skip(s, g);
	return r;
}

int watch_stream_ack(struct watch_stream *s, uint32_t ack)
{
	if (!s->has_ack || distance(s->acked, ack) > 0)
		s->acked = ack;
	s->has_ack = true;
	return hole_is_acked(s) ? hole_skip(s) : 0;
}

int watch_stream_flush(struct watch_stream *s, bool *ret_has_more)
{
	*ret_has_more = s->piece_count;
	return s->piece_count ? hole_skip(s) : 0;
}
