#include "watch/fragment.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

static void bytes_free(uint8_t *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
	free(bytes);
}

static void datagram_deinit(struct watch_datagram *d)
{
	bytes_free(d->bytes, d->cap);
	*d = (struct watch_datagram){};
}

static void whole_forget(struct watch_fragments *f)
{
	bytes_free(f->whole, f->whole ? WATCH_FRAGMENT_BYTES_MAX : 0);
	f->whole = NULL;
}

void watch_fragments_deinit(struct watch_fragments *f)
{
	for (size_t i = 0; i < COUNT_OF(f->datagrams); i++)
		datagram_deinit(&f->datagrams[i]);
	whole_forget(f);
}

static bool is_of(const struct watch_datagram *d, const struct watch_packet *p)
{
	return d->is_used && d->id == p->fragment_id && d->protocol == p->protocol &&
	       watch_address_equal(&d->from, &p->from) && watch_address_equal(&d->to, &p->to);
}

/* The one of this packet, else a new one in a free place or in that of the oldest. */
static struct watch_datagram *datagram_for(struct watch_fragments *f, const struct watch_packet *p)
{
	struct watch_datagram *place = &f->datagrams[0];
	for (size_t i = 0; i < COUNT_OF(f->datagrams); i++) {
		struct watch_datagram *d = &f->datagrams[i];
		if (is_of(d, p))
			return d;
		if (place->is_used && (!d->is_used || d->turn < place->turn))
			place = d;
	}
	datagram_deinit(place);
	*place = (struct watch_datagram){ .from = p->from,
		                          .to = p->to,
		                          .id = p->fragment_id,
		                          .protocol = p->protocol,
		                          .is_used = true,
		                          .turn = ++f->turns };
	return place;
}

/* All room at once: fragments come in any order. */
static int room_make(struct watch_datagram *d)
{
	if (d->bytes)
		return 0;
	d->bytes = malloc(WATCH_FRAGMENT_BYTES_MAX);
	if (!d->bytes)
		return err_raise(-ENOMEM);
	d->cap = WATCH_FRAGMENT_BYTES_MAX;
	return 0;
}

enum fit { FIT_NEW, FIT_KNOWN, FIT_OVERLAPS };

static enum fit part_fit(const struct watch_datagram *d, const struct watch_packet *p)
{
	uint32_t from = p->fragment_offset, to = from + (uint32_t)p->payload.len;
	for (size_t i = 0; i < d->part_count; i++) {
		uint32_t begin = d->parts[i].offset, end = begin + d->parts[i].len;
		if (from == begin && to == end)
			return memcmp(d->bytes + begin, p->payload.data, p->payload.len)
			               ? FIT_OVERLAPS
			               : FIT_KNOWN;
		if (from < end && begin < to)
			return FIT_OVERLAPS;
	}
	return FIT_NEW;
}

/* Parts do not overlap, so what is there is a sum. */
static bool is_whole(const struct watch_datagram *d)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < d->part_count; i++)
		sum += d->parts[i].len;
	return d->total && sum == d->total;
}

/* Where the furthest of its parts ends. */
static uint32_t reach_of(const struct watch_datagram *d)
{
	uint32_t reach = 0;
	for (size_t i = 0; i < d->part_count; i++)
		if (reach < (uint32_t)d->parts[i].offset + d->parts[i].len)
			reach = (uint32_t)d->parts[i].offset + d->parts[i].len;
	return reach;
}

static bool part_is_right(const struct watch_datagram *d, const struct watch_packet *p)
{
	uint32_t end = (uint32_t)p->fragment_offset + (uint32_t)p->payload.len;
	bool is_last = !p->has_more_fragments;
	return p->payload.len && !p->payload_missing && end <= WATCH_FRAGMENT_BYTES_MAX &&
	       d->part_count < COUNT_OF(d->parts) && !(is_last && d->total && d->total != end) &&
	       !(is_last && reach_of(d) > end) && !(d->total && end > d->total);
}

static int part_add(struct watch_datagram *d, const struct watch_packet *p)
{
	int r = room_make(d);
	if (r)
		return err_up(r);
	enum fit fit = part_is_right(d, p) ? part_fit(d, p) : FIT_OVERLAPS;
	if (fit == FIT_OVERLAPS) {
		/* What is left of it has to meet a datagram that knows it is worth nothing. */
		bytes_free(d->bytes, d->cap);
		d->bytes = NULL;
		d->cap = 0;
		d->is_spoilt = true;
	} else if (fit == FIT_NEW) {
		memcpy(d->bytes + p->fragment_offset, p->payload.data, p->payload.len);
		d->parts[d->part_count++] =
			(struct watch_fragment_part){ p->fragment_offset,
			                              (uint16_t)p->payload.len };
		if (!p->has_more_fragments)
			d->total = p->fragment_offset + (uint32_t)p->payload.len;
	}
	return 0;
}

int watch_fragments_add(struct watch_fragments *f, struct watch_packet *p)
{
	struct watch_datagram *d = datagram_for(f, p);
	int r = d->is_spoilt ? 0 : part_add(d, p);
	if (r)
		return err_up(r);
	if (d->is_spoilt)
		return WATCH_FRAGMENT_SPOILT;
	if (!is_whole(d))
		return WATCH_FRAGMENT_MORE;
	whole_forget(f);
	f->whole = TAKE(d->bytes);
	p->payload = slice_of(f->whole, d->total);
	p->payload_missing = 0;
	p->is_fragment = false;
	d->cap = 0;
	datagram_deinit(d);
	return 0;
}
