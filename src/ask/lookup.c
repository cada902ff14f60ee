#include "ask/lookup.h"

#include "ask/events.h"
#include "ask/upstream.h"
#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unbound.h>
/* after unbound.h, which it needs */
#include <unbound-event.h>

enum { TIMEOUT_MS = 30000, QUERIES = 4096, SERVFAIL = 2, NXDOMAIN = 3, CLASS_IN = 1 };
enum { SEC_BOGUS = 1, SEC_SECURE = 2 };

static void on_room(struct io_later *later);

static const char debian_anchor[] = "/usr/share/dns/root.key";

struct lookup {
	struct io_loop *loop;
	struct resolver_events *events;
	struct ub_ctx *ctx; /* NULL: upstream is asked */
	struct upstream *upstream;
	unsigned timeout_ms;
	unsigned asking, asking_max;               /* that libunbound, or upstream, has */
	struct lookup_question *waiting, **behind; /* for one of these to end; the last's next */
	struct io_later room;
};

struct lookup_question {
	struct lookup *lookup;
	struct lookup_question *next; /* of those that wait */
	char *name;
	enum dns_type type;
	bool is_waiting;
	lookup_fn *fn;
	void *owner;
	int id; /* of libunbound */
	struct upstream_question *upstream;
	bool is_asking; /* one of them has it */
	struct io_later answered;
	struct io_deadline late;
	enum policy_dns status;
	bool is_name_there;
	char why[160];
	struct buf packet;
};

static int setting_fail(char *error, size_t cap, const char *what, int r)
{
	snprintf(error, cap, "%s: %s%s", what, ub_strerror(r),
	         r == UB_SYNTAX ? "; write ADDRESS or ADDRESS@PORT" : "");
	return LOOKUP_BAD_SETTINGS;
}

/* A socket for each, as far as descriptors go: half of them are for other things. */
static unsigned sockets_of(unsigned queries)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 2 >= queries)
		return queries;
	return (unsigned)(limit.rlim_cur / 2);
}

/* A stranger's zone may say that its server is one of our own. */
static int inner_refuse(struct lookup *l, char *error, size_t cap)
{
	char network[ADDRESS_NETWORK_CAP];
	for (size_t i = 0; address_special_network(i, network); i++) {
		int r = ub_ctx_set_option(l->ctx, "do-not-query-address:", network);
		if (r)
			return setting_fail(error, cap, network, r);
	}
	return 0;
}

/* What one process may have under way: the defaults are for a stub (DECISIONS 5). */
static int options_apply(struct lookup *l, unsigned count, char *error, size_t cap)
{
	char queries[16], sockets[16];
	snprintf(queries, sizeof(queries), "%u", count);
	snprintf(sockets, sizeof(sockets), "%u", sockets_of(count));
	const char *const options[][2] = {
		{ "outgoing-range:", sockets },
		{ "num-queries-per-thread:", queries },
		{ "outgoing-num-tcp:", "64" },
		{ "module-config:", "validator iterator" },
		{ "do-not-query-localhost:", "no" }, /* for a forwarder on this host */
		{ "use-syslog:", "no" },
	};
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(options); i++) {
		r = ub_ctx_set_option(l->ctx, options[i][0], options[i][1]);
		if (r)
			r = setting_fail(error, cap, options[i][0], r);
	}
	return r;
}

static int anchor_apply(struct lookup *l, const struct lookup_settings *s, char *error, size_t cap)
{
	const char *anchor = s->trust_anchor ? s->trust_anchor : debian_anchor;
	if (access(anchor, R_OK)) {
		snprintf(error, cap,
		         "trust anchor %s cannot be read: apt-get install dns-root-data", anchor);
		return LOOKUP_BAD_SETTINGS;
	}
	int r = s->keeps_anchor ? ub_ctx_add_ta_autr(l->ctx, anchor)
	                        : ub_ctx_add_ta_file(l->ctx, anchor);
	return r ? setting_fail(error, cap, anchor, r) : 0;
}

/* Who is asked. */
static int servers_apply(struct lookup *l, const struct lookup_settings *s, char *error, size_t cap)
{
	for (size_t i = 0; i < s->forward_count; i++) {
		int r = ub_ctx_set_fwd(l->ctx, s->forwards[i]);
		if (r)
			return setting_fail(error, cap, s->forwards[i], r);
	}
	for (size_t i = 0; i < s->stub_count; i++) {
		int r = ub_ctx_set_stub(l->ctx, s->stubs[i].zone, s->stubs[i].address, 0);
		if (r)
			return setting_fail(error, cap, s->stubs[i].zone, r);
	}
	/* Last, for it takes the settings into force. */
	for (size_t i = 0; i < s->stub_count; i++) {
		int r = ub_ctx_zone_add(l->ctx, s->stubs[i].zone, "transparent");
		if (r)
			return setting_fail(error, cap, s->stubs[i].zone, r);
	}
	return 0;
}

static int settings_apply(struct lookup *l, const struct lookup_settings *s, char *error,
                          size_t cap)
{
	int r = options_apply(l, s->queries ? s->queries : QUERIES, error, cap);
	if (!r)
		r = anchor_apply(l, s, error, cap);
	return r ? r : servers_apply(l, s, error, cap);
}

static int unbound_begin(struct lookup *l, const struct lookup_settings *s, char *error, size_t cap)
{
	int r = resolver_events_new(&l->events, l->loop);
	if (!r && !(l->ctx = ub_ctx_create_ub_event(resolver_events_base(l->events))))
		r = err_raise(-ENOMEM);
	if (r)
		return err_up(r);
	r = s->asks_public_only ? inner_refuse(l, error, cap) : 0;
	return r ? r : settings_apply(l, s, error, cap);
}

static int upstream_begin(struct lookup *l, const struct lookup_settings *s, char *error,
                          size_t cap)
{
	const struct upstream_settings set = {
		.addresses = s->forwards,
		.count = s->forward_count,
		.questions_max = sockets_of(s->queries ? s->queries : QUERIES),
	};
	const char *bad = "";
	int r = upstream_new(&l->upstream, l->loop, &set, &bad);
	if (r != UPSTREAM_BAD_ADDRESS)
		return err_up(r);
	snprintf(error, cap, "%s: no address of a name server", bad);
	return LOOKUP_BAD_SETTINGS;
}

int lookup_new(struct lookup **ret_lookup, struct io_loop *loop,
               const struct lookup_settings *settings, char *ret_error, size_t error_cap)
{
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	l->loop = loop;
	l->timeout_ms = settings->timeout_ms ? settings->timeout_ms : TIMEOUT_MS;
	l->asking_max = sockets_of(settings->queries ? settings->queries : QUERIES);
	l->behind = &l->waiting;
	l->room.fn = on_room;
	int r = settings->trusts_ad ? upstream_begin(l, settings, ret_error, error_cap)
	                            : unbound_begin(l, settings, ret_error, error_cap);
	if (r) {
		lookup_free(l);
		return r < 0 ? err_up(r) : r;
	}
	*ret_lookup = l;
	return 0;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	if (l->ctx)
		ub_ctx_delete(l->ctx);
	io_later_remove(l->loop, &l->room);
	upstream_free(l->upstream);
	resolver_events_free(l->events);
	free(l);
}

static void on_answered(struct io_later *later)
{
	struct lookup_question *q =
		(struct lookup_question *)((char *)later -
	                                   offsetof(struct lookup_question, answered));
	struct lookup_answer answer = {
		.status = q->status,
		.is_name_there = q->is_name_there,
		.why = q->why[0] ? q->why : NULL,
		.packet = buf_slice(&q->packet),
	};
	io_deadline_disarm(&q->late);
	q->fn(q->owner, &answer);
}

static void fail(struct lookup_question *q, enum policy_dns status, const char *why)
{
	q->status = status;
	slice_to_text(slice_str(why), q->why, sizeof(q->why));
	buf_clear(&q->packet);
	io_soon_add(q->lookup->loop, &q->answered);
}

/* It is not asked any more: the next of those that wait may be, in a later turn. */
static void asked(struct lookup_question *q)
{
	struct lookup *l = q->lookup;
	if (!q->is_asking)
		return;
	q->is_asking = false;
	l->asking--;
	if (l->waiting)
		io_soon_add(l->loop, &l->room);
}

static void waiting_remove(struct lookup_question *q)
{
	struct lookup *l = q->lookup;
	struct lookup_question **at = &l->waiting;
	if (!q->is_waiting)
		return;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (l->behind == &q->next)
		l->behind = at;
	q->is_waiting = false;
}

static void stop(struct lookup_question *q)
{
	waiting_remove(q);
	upstream_question_free(TAKE(q->upstream));
	if (q->is_asking && q->lookup->ctx)
		ub_cancel(q->lookup->ctx, q->id);
	asked(q);
}

static void on_late(struct io_deadline *d)
{
	struct lookup_question *q =
		(struct lookup_question *)((char *)d - offsetof(struct lookup_question, late));
	stop(q);
	fail(q, POLICY_DNS_FAILED, "no answer in time");
}

static const char *code_say(int rcode)
{
	return rcode == SERVFAIL ? "SERVFAIL" : "an error code";
}

/* Else records that were lost would count as none. */
static bool is_whole(struct dns_message m)
{
	struct dns_record record;
	int r = 0;
	while (!r)
		r = dns_message_next(&m, &record);
	return r == DNS_END;
}

/* is_secure: libunbound found so; what upstream found stands in the packet. */
static void take(struct lookup_question *q, struct slice packet, bool is_secure)
{
	struct dns_message m;
	if (dns_message_open(&m, packet) || !is_whole(m)) {
		fail(q, POLICY_DNS_FAILED, "an answer that is none");
	} else if (m.rcode && m.rcode != NXDOMAIN) {
		fail(q, POLICY_DNS_FAILED, code_say(m.rcode));
	} else if (buf_add(&q->packet, packet)) {
		fail(q, POLICY_DNS_FAILED, "out of memory");
	} else {
		is_secure = is_secure || (q->lookup->upstream && m.is_authentic);
		q->status = is_secure ? POLICY_DNS_SECURE : POLICY_DNS_INSECURE;
		q->is_name_there = m.rcode != NXDOMAIN;
		io_soon_add(q->lookup->loop, &q->answered);
	}
}

/* Maybe from inside ub_resolve_event: the owner is told in a later turn. NXDOMAIN comes with
 * rcode 0, or with its own, by version; the packet says it in any case. */
static void on_result(void *owner, int rcode, void *packet, int len, int sec, char *why,
                      int was_limited)
{
	struct lookup_question *q = owner;
	asked(q);
	if (sec == SEC_BOGUS)
		fail(q, POLICY_DNS_BOGUS, why ? why : "its signatures do not hold");
	else if ((rcode && rcode != NXDOMAIN) || !packet || len <= 0)
		fail(q, POLICY_DNS_FAILED, code_say(rcode));
	else
		take(q, slice_of(packet, (size_t)len), sec == SEC_SECURE);
}

static void on_upstream(void *owner, struct slice packet, const char *why)
{
	struct lookup_question *q = owner; /* upstream counts it until it is freed, and so do we */
	if (why)
		fail(q, POLICY_DNS_FAILED, why);
	else
		take(q, packet, false);
}

/* NULL, or why it cannot be asked. */
static const char *ask(struct lookup_question *q)
{
	struct lookup *l = q->lookup;
	if (!l->upstream) {
		int r = ub_resolve_event(l->ctx, q->name, q->type, CLASS_IN, q, on_result, &q->id);
		return r ? ub_strerror(r) : NULL;
	}
	int r = upstream_ask(&q->upstream, l->upstream, q->name, q->type, on_upstream, q);
	if (r == UPSTREAM_BAD_NAME)
		return "DNS has no such names";
	return r ? "too many questions at a time" : NULL;
}

/* on_result may be called from inside. */
static void begin(struct lookup_question *q)
{
	q->is_asking = true;
	q->lookup->asking++;
	const char *why = ask(q);
	if (!why)
		return;
	asked(q);
	fail(q, POLICY_DNS_FAILED, why);
}

/* libunbound takes all that it is given, and 40 KB for each that stalls; one that is not waited for
 * any more it goes on with until it gives up. */
static void on_room(struct io_later *later)
{
	struct lookup *l = (struct lookup *)((char *)later - offsetof(struct lookup, room));
	while (l->waiting && l->asking < l->asking_max) {
		struct lookup_question *q = l->waiting;
		waiting_remove(q);
		begin(q);
	}
}

static void wait_for_room(struct lookup_question *q)
{
	q->is_waiting = true;
	*q->lookup->behind = q;
	q->lookup->behind = &q->next;
}

int lookup_ask(struct lookup_question **ret_question, struct lookup *l, const char *name,
               enum dns_type type, lookup_fn *fn, void *owner)
{
	struct lookup_question *q = calloc(1, sizeof(*q));
	char *copy = strdup(name);
	if (!q || !copy) {
		free(q);
		free(copy);
		return err_raise(-ENOMEM);
	}
	*q = (struct lookup_question){ .lookup = l,
		                       .name = copy,
		                       .type = type,
		                       .fn = fn,
		                       .owner = owner,
		                       .answered.fn = on_answered,
		                       .late.fn = on_late };
	io_deadline_arm(l->loop, &q->late, l->timeout_ms);
	if (l->waiting || l->asking >= l->asking_max)
		wait_for_room(q);
	else
		begin(q);
	*ret_question = q;
	return 0;
}

void lookup_question_free(struct lookup_question *q)
{
	if (!q)
		return;
	stop(q);
	io_later_remove(q->lookup->loop, &q->answered);
	io_deadline_disarm(&q->late);
	buf_deinit(&q->packet);
	free(q->name);
	free(q);
}
