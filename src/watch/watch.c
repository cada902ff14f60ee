#include "watch/watch.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "watch/proto.h"

#include <errno.h>

struct watch {
	struct watch_settings settings;
	struct watch_flow **places;
	size_t place_count, flow_count;
	struct watch_flow *newest, *oldest;
	size_t held; /* bytes of all flows */
	struct watch_fragments *fragments;
	struct watch_rows rows;
	struct watch_counts counts;
};

/* --- the table of flows --- */

static void age_unlink(struct watch *w, struct watch_flow *f)
{
	*(f->newer ? &f->newer->older : &w->newest) = f->older;
	*(f->older ? &f->older->newer : &w->oldest) = f->newer;
	f->newer = f->older = NULL;
}

static void age_link(struct watch *w, struct watch_flow *f)
{
	f->older = w->newest;
	*(w->newest ? &w->newest->newer : &w->oldest) = f;
	w->newest = f;
}

/* Both directions have the same place. */
static size_t place_of(const struct watch *w, const struct watch_packet *p)
{
	uint64_t halves[2], seed = w->settings.seed;
	uint64_t start = hash_bytes(HASH_START, &seed, sizeof(seed));
	halves[0] = hash_bytes(hash_bytes(start, &p->from, sizeof(p->from)), &p->from_port, 2);
	halves[1] = hash_bytes(hash_bytes(start, &p->to, sizeof(p->to)), &p->to_port, 2);
	return hash_place((halves[0] + halves[1]) * 0x9e3779b97f4a7c15u ^ p->protocol,
	                  w->place_count);
}

static bool is_from(const struct watch_packet *p, const struct watch_address *address,
                    uint16_t port)
{
	return p->from_port == port && watch_address_equal(&p->from, address);
}

static bool is_to(const struct watch_packet *p, const struct watch_address *address, uint16_t port)
{
	return p->to_port == port && watch_address_equal(&p->to, address);
}

/* Is the packet of this flow, and who sent it? */
static bool is_of(const struct watch_flow *f, const struct watch_packet *p,
                  enum watch_side *ret_side)
{
	if (f->transport != p->protocol)
		return false;
	*ret_side = WATCH_CLIENT;
	if (is_from(p, &f->client, f->client_port) && is_to(p, &f->server, f->server_port))
		return true;
	*ret_side = WATCH_SERVER;
	return is_from(p, &f->server, f->server_port) && is_to(p, &f->client, f->client_port);
}

/* --- rows --- */

static enum watch_wire wire_of(const struct watch *w, const struct watch_flow *f)
{
	return watch_flow_is_local(f) ? WATCH_LOCAL : w->settings.wire;
}

/* The weakest version, and what came with it, is what a row shows. */
static void row_fill(struct watch_row *row, const struct watch_flow *f)
{
	const struct watch_proto *proto = f->talk.proto;
	if (f->talk.secret >= row->secret && f->talk.mechanism[0]) {
		row->secret = f->talk.secret;
		memcpy(row->mechanism, f->talk.mechanism, sizeof(row->mechanism));
	}
	if (f->talk.user[0])
		memcpy(row->user, f->talk.user, sizeof(row->user));
	if (f->tls.version && (!row->tls.version || f->tls.version <= row->tls.version))
		row->tls = f->tls;
	else if (!row->tls.version && f->tls.has_answer)
		row->tls = f->tls;
	if (proto) {
		row->mend = proto->mend;
		row->is_link_good = proto->is_link_good;
	} else if (f->mend) {
		row->mend = f->mend;
		row->is_link_good = f->is_link_good;
	}
}

static bool key_is_same(const struct watch_row *row, const struct watch_row_key *key)
{
	return row->key.verdict == key->verdict && row->key.protocol == key->protocol &&
	       (watch_row_is_shared(row) || watch_address_equal(&row->key.client, &key->client));
}

/* A flow stands in the row of its verdict, and moves when that changes. */
static void row_update(struct watch *w, struct watch_flow *f, int64_t at_s, uint64_t bytes)
{
	const struct watch_row_key key = { .client = f->client,
		                           .server = f->server,
		                           .port = f->server_port,
		                           .transport = f->transport,
		                           .wire = wire_of(w, f),
		                           .verdict = f->verdict,
		                           .protocol = f->protocol };
	if (!f->protocol || w->settings.listener)
		return;
	if (f->row && !key_is_same(f->row, &key)) {
		f->row->bytes -= f->bytes - bytes;
		watch_rows_leave(&w->rows, f->row);
		f->row = NULL;
	}
	if (!f->row) {
		f->row = watch_rows_get(&w->rows, &key);
		if (!f->row) {
			w->rows.left_out += !f->is_left_out;
			f->is_left_out = true;
			return;
		}
		if (!f->row->flows++ || f->first_s < f->row->first_s)
			f->row->first_s = f->first_s;
		bytes = f->bytes;
	}
	f->row->bytes += bytes;
	f->row->last_s = at_s;
	row_fill(f->row, f);
}

/* --- who listens --- */

static void listener_meet(struct watch *w, struct watch_flow *f, const struct watch_packet *p)
{
	struct watch_listener *l = w->settings.listener;
	if (!l || f->is_met || !p->payload.len)
		return;
	f->is_met = true;
	if (f->is_whole)
		f->talk.ear = l->begin(l, f);
}

static void listener_note(struct watch *w, struct watch_flow *f, int64_t at_s)
{
	struct watch_listener *l = w->settings.listener;
	f->last_s = at_s;
	if (!l || f->talk.secret <= f->secret_told)
		return;
	f->secret_told = f->talk.secret;
	l->tell(l, f, WATCH_NEWS_SECRET);
}

static void listener_end(struct watch *w, struct watch_flow *f)
{
	struct watch_listener *l = w->settings.listener;
	if (!l || !f->is_met || f->is_end_told)
		return;
	f->is_end_told = true;
	l->tell(l, f, WATCH_NEWS_END);
	f->talk.ear = NULL;
}

/* --- flows come and go --- */

static int flow_end(struct watch *w, struct watch_flow *f)
{
	size_t held = watch_flow_held(f);
	int r = watch_flow_end(f);
	w->held -= held < w->held ? held : w->held;
	if (f->has_spoken[WATCH_CLIENT] || f->has_spoken[WATCH_SERVER])
		row_update(w, f, f->row ? f->row->last_s : f->first_s, 0);
	return err_up(r);
}

static void flow_unlink(struct watch *w, struct watch_flow *f)
{
	const struct watch_packet p = { .from = f->client,
		                        .to = f->server,
		                        .protocol = f->transport,
		                        .from_port = f->client_port,
		                        .to_port = f->server_port };
	struct watch_flow **at = &w->places[place_of(w, &p)];
	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	age_unlink(w, f);
	w->flow_count--;
}

static int flow_remove(struct watch *w, struct watch_flow *f)
{
	int r = flow_end(w, f);
	listener_end(w, f);
	flow_unlink(w, f);
	free(f);
	return err_up(r);
}

/* Who sends a SYN without ACK is the client. Else the sender of the first packet is taken for it,
 * unless his port is the lower one: that is only who is who, not what it is. */
static bool sender_is_server(const struct watch_packet *p)
{
	if (p->protocol == WATCH_IP_TCP && p->tcp_flags & WATCH_TCP_SYN)
		return p->tcp_flags & WATCH_TCP_ACK;
	return p->from_port < p->to_port && (p->protocol == WATCH_IP_TCP || p->from_port < 1024);
}

static struct watch_flow *flow_new(struct watch *w, const struct watch_packet *p, int64_t at_s)
{
	struct watch_flow *f = calloc(1, sizeof(*f)), **place = &w->places[place_of(w, p)];
	if (!f)
		return NULL;
	bool is_server = sender_is_server(p);
	f->client = is_server ? p->to : p->from;
	f->server = is_server ? p->from : p->to;
	f->client_port = is_server ? p->to_port : p->from_port;
	f->server_port = is_server ? p->from_port : p->to_port;
	f->transport = p->protocol;
	f->is_whole = p->protocol == WATCH_IP_TCP && p->tcp_flags & WATCH_TCP_SYN;
	f->first_s = at_s;
	f->next = *place;
	*place = f;
	age_link(w, f);
	w->flow_count++;
	w->counts.flows++;
	return f;
}

static struct watch_flow *flow_find(struct watch *w, const struct watch_packet *p,
                                    enum watch_side *ret_side)
{
	for (struct watch_flow *f = w->places[place_of(w, p)]; f; f = f->next)
		if (is_of(f, p, ret_side))
			return f;
	return NULL;
}

static int oldest_forget(struct watch *w)
{
	w->counts.flows_forgotten++;
	return err_up(flow_remove(w, w->oldest));
}

/* The oldest ones go until there is room for what all of them hold. */
static int held_bound(struct watch *w)
{
	int r = 0;
	while (!r && w->oldest && w->held > WATCH_HELD_ALL_MAX)
		r = oldest_forget(w);
	return err_up(r);
}

/* The ports of a connection that ended are used again. */
static bool is_new_connection(const struct watch_flow *f, const struct watch_packet *p)
{
	return p->protocol == WATCH_IP_TCP && f->phase == WATCH_DONE &&
	       (p->tcp_flags & (WATCH_TCP_SYN | WATCH_TCP_ACK)) == WATCH_TCP_SYN;
}

static int flow_for(struct watch *w, const struct watch_packet *p, int64_t at_s,
                    struct watch_flow **ret_flow, enum watch_side *ret_side)
{
	int r = held_bound(w);
	struct watch_flow *f = r ? NULL : flow_find(w, p, ret_side);
	if (f && is_new_connection(f, p)) {
		r = flow_remove(w, f);
		f = NULL;
	}
	if (!r && !f && w->flow_count >= w->settings.flows_max)
		r = oldest_forget(w);
	if (!r && !f) {
		f = flow_new(w, p, at_s);
		if (!f)
			return err_raise(-ENOMEM);
		(void)is_of(f, p, ret_side);
	}
	*ret_flow = f;
	return err_up(r);
}

/* --- packets --- */

/* A FIN counts when all before it has come. */
static bool fin_counts(const struct watch_flow *f, const struct watch_flow_packet *in)
{
	const struct watch_packet *p = in->packet;
	const struct watch_stream *s = &f->streams[in->side];
	return p->tcp_flags & WATCH_TCP_FIN &&
	       (!s->has_begun || s->next == p->seq + (uint32_t)p->payload.len);
}

static int tcp_end(struct watch *w, struct watch_flow *f, const struct watch_flow_packet *in)
{
	bool is_fin = fin_counts(f, in), is_reset = in->packet->tcp_flags & WATCH_TCP_RST;
	f->is_over[in->side] |= is_fin;
	f->is_closed[in->side] |= is_fin;
	bool is_over = is_reset || (f->is_over[WATCH_CLIENT] && f->is_over[WATCH_SERVER]);
	int r = is_over && f->phase != WATCH_DONE ? flow_end(w, f) : 0;
	if (is_reset || (f->is_closed[WATCH_CLIENT] && f->is_closed[WATCH_SERVER]))
		listener_end(w, f);
	return err_up(r);
}

/* ESP hides its ports: it is known by its number. */
static void esp_look(struct watch_flow *f, const struct watch_packet *p)
{
	f->bytes += p->payload.len + p->payload_missing;
	f->phase = WATCH_DONE;
	f->protocol = "esp";
	f->verdict = WATCH_TUNNEL;
}

static int flow_feed(struct watch *w, struct watch_flow *f, const struct watch_flow_packet *in)
{
	size_t before = watch_flow_held(f);
	int r = 0;
	if (in->packet->protocol == WATCH_IP_TCP)
		r = watch_flow_tcp(f, in);
	else if (in->packet->protocol == WATCH_IP_UDP)
		r = watch_flow_udp(f, in);
	else
		esp_look(f, in->packet);
	w->held += watch_flow_held(f);
	w->held -= before;
	return err_up(r);
}

static int transport_take(struct watch *w, const struct watch_packet *p, int64_t at_s)
{
	struct watch_flow *f = NULL;
	struct watch_flow_packet in = { .packet = p };
	int r = flow_for(w, p, at_s, &f, &in.side);
	if (r)
		return err_up(r);
	uint64_t before = f->bytes;
	age_unlink(w, f);
	age_link(w, f);
	listener_meet(w, f, p);
	r = flow_feed(w, f, &in);
	listener_note(w, f, at_s);
	if (!r)
		row_update(w, f, at_s, f->bytes - before);
	if (!r && p->protocol == WATCH_IP_TCP)
		r = tcp_end(w, f, &in);
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
	return err_up(transport_take(w, &p, frame->at_s));
}

/* Has it rested for so long that nothing more is expected? */
static bool is_at_rest(const struct watch_flow *f, int64_t now_s)
{
	bool goes_on = f->transport == WATCH_IP_TCP && !f->is_end_told;
	return now_s - f->last_s > (goes_on ? WATCH_IDLE_S : WATCH_REST_S);
}

/* Open for long, and there is something to say of it. */
static bool is_long(const struct watch_flow *f, int64_t now_s)
{
	return f->is_met && !f->is_end_told && !f->is_open_told &&
	       now_s - f->first_s > WATCH_OPEN_S &&
	       (f->phase == WATCH_DONE || f->phase == WATCH_TALKING);
}

int watch_sweep(struct watch *w, int64_t now_s)
{
	int r = 0;
	for (struct watch_flow *f = w->oldest, *newer; f && !r; f = newer) {
		newer = f->newer;
		if (is_at_rest(f, now_s)) {
			r = flow_remove(w, f);
		} else if (w->settings.listener && is_long(f, now_s)) {
			f->is_open_told = true;
			w->settings.listener->tell(w->settings.listener, f, WATCH_NEWS_OPEN);
		}
	}
	return err_up(r);
}

int watch_end(struct watch *w)
{
	int r = 0;
	while (!r && w->oldest)
		r = flow_remove(w, w->oldest);
	return err_up(r);
}

void watch_tell(struct watch *w, void (*tell)(void *owner, const struct watch_row *row),
                void *owner)
{
	for (size_t i = 0; i < COUNT_OF(w->rows.places); i++)
		for (struct watch_row *row = w->rows.places[i]; row; row = row->next)
			if (!row->is_told) {
				row->is_told = true;
				tell(owner, row);
			}
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
	while (w->oldest) {
		struct watch_flow *f = w->oldest;
		watch_flow_release(f);
		listener_end(w, f);
		flow_unlink(w, f);
		free(f);
	}
	if (w->fragments)
		watch_fragments_deinit(w->fragments);
	free(w->fragments);
	watch_rows_deinit(&w->rows);
	free(w->places);
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
	w->place_count = w->settings.flows_max;
	w->rows.seed = settings->seed;
	w->places = calloc(w->place_count, sizeof(struct watch_flow *));
	w->fragments = calloc(1, sizeof(*w->fragments));
	if (!w->places || !w->fragments)
		return err_raise(-ENOMEM);
	*ret_watch = TAKE(w);
	return 0;
}
