#include "watch/watch.h"

#include "base/clean.h"
#include "base/err.h"
#include "watch/pairs.h"
#include "watch/standing.h"

#include <errno.h>

struct watch {
	struct watch_settings settings;
	struct watch_pairs pairs;
	size_t held; /* bytes of all flows, themselves left out */
	struct watch_fragments *fragments;
	struct watch_rows rows;
	struct watch_counts counts;
};

/* --- who listens --- */

/* He knows flows alone. */
static void pair_show(struct watch_pair *pair)
{
	struct watch_flow *f = pair->flow;
	f->client = pair->client;
	f->server = pair->server;
	f->client_port = pair->client_port;
	f->server_port = pair->server_port;
	f->transport = pair->transport;
	f->is_passed = pair->is_passed;
	f->bytes = pair->bytes;
	f->first_s = pair->first_s;
	f->last_s = pair->last_s;
}

static void listener_tell(struct watch *w, struct watch_pair *pair, enum watch_news news)
{
	struct watch_listener *l = w->settings.listener;
	pair_show(pair);
	l->tell(l, pair->flow, news);
}

static void listener_meet(struct watch *w, struct watch_pair *pair, const struct watch_packet *p)
{
	struct watch_listener *l = w->settings.listener;
	struct watch_flow *f = pair->flow;
	if (!l || f->is_met || !p->payload.len)
		return;
	f->is_met = true;
	pair_show(pair);
	if (f->is_whole)
		f->talk.ear = l->begin(l, f);
}

static void listener_note(struct watch *w, struct watch_pair *pair)
{
	struct watch_flow *f = pair->flow;
	if (!w->settings.listener || f->talk.secret <= f->secret_told)
		return;
	f->secret_told = f->talk.secret;
	listener_tell(w, pair, WATCH_NEWS_SECRET);
}

static void listener_end(struct watch *w, struct watch_pair *pair)
{
	struct watch_flow *f = pair->flow;
	if (!w->settings.listener || !f || !f->is_met || f->is_end_told)
		return;
	f->is_end_told = true;
	w->held -= f->talk.ear ? f->talk.ear->held : 0;
	listener_tell(w, pair, WATCH_NEWS_END);
	f->talk.ear = NULL;
}

/* --- flows come and go --- */

static void pair_stand(struct watch *w, struct watch_pair *pair)
{
	if (!w->settings.listener)
		watch_standing_update(&w->rows, pair, w->settings.wire);
}

static void flow_free(struct watch *w, struct watch_pair *pair)
{
	if (!pair->flow)
		return;
	w->held -= watch_flow_held(pair->flow);
	watch_flow_release(pair->flow);
	free(pair->flow->certificate);
	free(pair->flow);
	pair->flow = NULL;
}

/* It was judged for good, and that is written down or told. */
static bool is_settled(const struct watch *w, const struct watch_pair *pair)
{
	if (w->settings.listener)
		return pair->flow->is_end_told;
	return pair->flow->phase == WATCH_DONE && (pair->row || pair->is_left_out);
}

/* What it was judged by is not needed any more. */
static void flow_leave(struct watch *w, struct watch_pair *pair)
{
	if (!is_settled(w, pair))
		return;
	flow_free(w, pair);
	if (pair->age == WATCH_OPEN)
		watch_pairs_age(&w->pairs, pair,
		                pair->transport == WATCH_IP_TCP ? WATCH_JUDGED : WATCH_ENDED);
}

static int flow_end(struct watch *w, struct watch_pair *pair)
{
	struct watch_flow *f = pair->flow;
	w->held -= watch_flow_held(f);
	int r = watch_flow_end(f);
	w->held += watch_flow_held(f);
	if (f->is_swapped)
		watch_pair_swap(pair);
	f->is_swapped = false;
	if (f->has_spoken[WATCH_CLIENT] || f->has_spoken[WATCH_SERVER])
		pair_stand(w, pair);
	return err_up(r);
}

static int pair_remove(struct watch *w, struct watch_pair *pair)
{
	int r = pair->flow && pair->flow->phase != WATCH_DONE ? flow_end(w, pair) : 0;
	listener_end(w, pair);
	flow_free(w, pair);
	watch_pairs_remove(&w->pairs, pair);
	return err_up(r);
}

/* A packet on its way to its flow. */
struct arrival {
	const struct watch_frame *frame;
	struct watch_flow_packet in;
	struct watch_pair *pair; /* of pair_for() */
};

static int pair_new(struct watch *w, struct arrival *a)
{
	const struct watch_packet *p = a->in.packet;
	struct watch_flow *f = calloc(1, sizeof(*f));
	if (!f)
		return err_raise(-ENOMEM);
	f->is_tcp = p->protocol == WATCH_IP_TCP;
	f->is_whole = f->is_tcp && p->tcp_flags & WATCH_TCP_SYN;
	a->pair = watch_pairs_add(&w->pairs, p, a->frame->at_s, &a->in.side);
	a->pair->flow = f;
	a->pair->is_passed = a->frame->is_passed;
	w->counts.flows++;
	return 0;
}

/* One gives way. If it goes on it is met again, in its middle. */
static int pair_forget(struct watch *w, struct watch_pair *pair)
{
	w->counts.flows_forgotten += pair->age != WATCH_ENDED;
	w->counts.flows_cut += pair->flow && pair->flow->phase != WATCH_DONE;
	return err_up(pair_remove(w, pair));
}

/* The oldest ones that are looked at go, until there is room for what all of them hold. */
static int held_bound(struct watch *w)
{
	int r = 0;
	while (!r && w->held > WATCH_HELD_ALL_MAX && w->pairs.ages[WATCH_OPEN].oldest)
		r = pair_forget(w, w->pairs.ages[WATCH_OPEN].oldest);
	return err_up(r);
}

/* The ports of a connection that ended are used again. */
static bool is_new_connection(const struct watch_pair *pair, const struct watch_packet *p)
{
	return p->protocol == WATCH_IP_TCP && (!pair->flow || pair->flow->phase == WATCH_DONE) &&
	       (p->tcp_flags & (WATCH_TCP_SYN | WATCH_TCP_ACK)) == WATCH_TCP_SYN;
}

static int pair_for(struct watch *w, struct arrival *a)
{
	int r = held_bound(w);
	if (!r)
		a->pair = watch_pairs_find(&w->pairs, a->in.packet, &a->in.side);
	if (a->pair && is_new_connection(a->pair, a->in.packet)) {
		r = pair_remove(w, a->pair);
		a->pair = NULL;
	}
	if (!r && !a->pair && w->pairs.count >= w->pairs.max)
		r = pair_forget(w, watch_pairs_oldest(&w->pairs));
	if (!r && !a->pair)
		r = pair_new(w, a);
	return err_up(r);
}

/* --- packets --- */

/* A FIN counts when all before it has come. */
static bool fin_counts(const struct watch_flow *f, const struct watch_flow_packet *in)
{
	const struct watch_packet *p = in->packet;
	const struct watch_stream *s = &f->streams[in->side];
	return !s->has_begun || s->next == p->seq + (uint32_t)p->payload.len;
}

static bool has_ended(const struct watch_pair *pair)
{
	return pair->has_fin[WATCH_CLIENT] && pair->has_fin[WATCH_SERVER];
}

static int tcp_end(struct watch *w, struct watch_pair *pair, const struct watch_flow_packet *in)
{
	struct watch_flow *f = pair->flow;
	bool is_reset = in->packet->tcp_flags & WATCH_TCP_RST;
	bool is_fin = in->packet->tcp_flags & WATCH_TCP_FIN && (!f || fin_counts(f, in));
	int r = 0;
	pair->has_fin[in->side] |= is_fin;
	if (f)
		f->is_over[in->side] |= is_fin;
	bool is_over = is_reset || (f && f->is_over[WATCH_CLIENT] && f->is_over[WATCH_SERVER]);
	if (f && is_over && f->phase != WATCH_DONE)
		r = flow_end(w, pair);
	if (!is_reset && !has_ended(pair))
		return err_up(r);
	listener_end(w, pair);
	if (pair->age != WATCH_ENDED)
		watch_pairs_age(&w->pairs, pair, WATCH_ENDED);
	return err_up(r);
}

/* ESP hides its ports: it is known by its number. */
static void esp_look(struct watch_flow *f)
{
	f->phase = WATCH_DONE;
	f->protocol = "esp";
	f->verdict = WATCH_TUNNEL;
}

static int flow_look(struct watch *w, struct watch_flow *f, const struct watch_flow_packet *in)
{
	size_t before = watch_flow_held(f);
	int r = 0;
	if (in->packet->protocol == WATCH_IP_TCP)
		r = watch_flow_tcp(f, in);
	else if (in->packet->protocol == WATCH_IP_UDP)
		r = watch_flow_udp(f, in);
	else
		esp_look(f);
	w->held += watch_flow_held(f);
	w->held -= before;
	return err_up(r);
}

/* A packet of a flow that is looked at. */
static int flow_feed(struct watch *w, struct watch_pair *pair, struct watch_flow_packet *in)
{
	struct watch_flow *f = pair->flow;
	listener_meet(w, pair, in->packet);
	int r = f->phase == WATCH_DONE ? 0 : flow_look(w, f, in);
	if (r)
		return err_up(r);
	if (f->is_swapped) {
		watch_pair_swap(pair);
		in->side = watch_side_other(in->side);
		f->is_swapped = false;
	}
	listener_note(w, pair);
	pair_stand(w, pair);
	return 0;
}

static int transport_take(struct watch *w, const struct watch_packet *p,
                          const struct watch_frame *frame)
{
	struct arrival a = { .frame = frame, .in = { .packet = p } };
	int r = pair_for(w, &a);
	if (r)
		return err_up(r);
	watch_pairs_touch(&w->pairs, a.pair, frame->at_s);
	if (a.pair->flow)
		r = flow_feed(w, a.pair, &a.in);
	watch_standing_count(a.pair, p, frame->at_s);
	if (!r && p->protocol == WATCH_IP_TCP)
		r = tcp_end(w, a.pair, &a.in);
	if (!r && a.pair->flow)
		flow_leave(w, a.pair);
	return err_up(r);
}

static bool is_of_interest(const struct watch_packet *p)
{
	return p->protocol == WATCH_IP_TCP || p->protocol == WATCH_IP_UDP ||
	       p->protocol == WATCH_IP_ESP;
}

int watch_feed(struct watch *w, const struct watch_frame *frame)
{
	struct watch_packet p;
	w->counts.packets++;
	int r = watch_packet_parse(&p, w->settings.link, frame->bytes);
	if (r == WATCH_PACKET_FRAGMENT) {
		r = watch_fragments_add(w->fragments, &p);
		if (r < 0)
			return err_up(r);
		if (r == WATCH_FRAGMENT_MORE)
			return 0;
		r = r ? WATCH_PACKET_BROKEN : watch_packet_transport(&p);
	}
	if (r) {
		(*(r == WATCH_PACKET_BROKEN ? &w->counts.broken : &w->counts.others))++;
		return 0;
	}
	if (!is_of_interest(&p)) {
		w->counts.others++;
		return 0;
	}
	return err_up(transport_take(w, &p, frame));
}

/* Has it rested for so long that nothing more is expected? */
static bool is_at_rest(const struct watch_pair *pair, int64_t now_s)
{
	bool goes_on = pair->transport == WATCH_IP_TCP && pair->age != WATCH_ENDED;
	return now_s - pair->last_s > (goes_on ? WATCH_IDLE_S : WATCH_REST_S);
}

/* Open for long, and there is something to say of it. */
static bool is_long(const struct watch_pair *pair, int64_t now_s)
{
	const struct watch_flow *f = pair->flow;
	return f && f->is_met && !f->is_end_told && !f->is_open_told &&
	       now_s - pair->first_s > WATCH_OPEN_S &&
	       (f->phase == WATCH_DONE || f->phase == WATCH_TALKING);
}

static int list_sweep(struct watch *w, const struct watch_age_list *list, int64_t now_s)
{
	int r = 0;
	for (struct watch_pair *pair = list->oldest, *newer; pair && !r; pair = newer) {
		newer = pair->newer;
		if (is_at_rest(pair, now_s)) {
			r = pair_remove(w, pair);
		} else if (w->settings.listener && is_long(pair, now_s)) {
			pair->flow->is_open_told = true;
			listener_tell(w, pair, WATCH_NEWS_OPEN);
		}
	}
	return err_up(r);
}

int watch_sweep(struct watch *w, int64_t now_s)
{
	int r = 0;
	for (size_t i = 0; !r && i < WATCH_AGE_COUNT; i++)
		r = list_sweep(w, &w->pairs.ages[i], now_s);
	return err_up(r);
}

int watch_end(struct watch *w)
{
	int r = 0;
	for (struct watch_pair *pair; !r && (pair = watch_pairs_oldest(&w->pairs));)
		r = pair_remove(w, pair);
	return err_up(r);
}

const struct watch_row *watch_tell(struct watch *w)
{
	return watch_rows_tell(&w->rows);
}

const struct watch_rows *watch_rows_of(const struct watch *w)
{
	return &w->rows;
}

const struct watch_counts *watch_counts_of(const struct watch *w)
{
	return &w->counts;
}

/* --- */

void watch_free(struct watch *w)
{
	if (!w)
		return;
	for (struct watch_pair *pair; (pair = watch_pairs_oldest(&w->pairs));) {
		listener_end(w, pair);
		flow_free(w, pair);
		watch_pairs_remove(&w->pairs, pair);
	}
	if (w->fragments)
		watch_fragments_deinit(w->fragments);
	free(w->fragments);
	watch_rows_deinit(&w->rows);
	watch_pairs_deinit(&w->pairs);
	free(w);
}

static void watch_freep(struct watch **w)
{
	watch_free(*w);
}

int watch_new(struct watch **ret_watch, const struct watch_settings *settings)
{
	CLEAN(watch_freep) struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	w->settings = *settings;
	if (!w->settings.flows_max)
		w->settings.flows_max = WATCH_FLOWS_MAX;
	w->rows.seed = settings->seed;
	w->fragments = calloc(1, sizeof(*w->fragments));
	if (!w->fragments)
		return err_raise(-ENOMEM);
	int r = watch_pairs_init(&w->pairs, w->settings.flows_max, settings->seed);
	if (r)
		return err_up(r);
	*ret_watch = TAKE(w);
	return 0;
}
