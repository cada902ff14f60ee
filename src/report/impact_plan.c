#include "report/impact_plan.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/date.h"
#include "conf/network.h"

#include <errno.h>
#include <string.h>

enum {
	DAY_S = 86400,
	NEIGHBOURS = 4,  /* so many of one network are written as the network */
	ENTRY_MAX = 200, /* networks of an entry; more are written wider */
	NARROW_V4 = 24,
	NARROW_V6 = 64,
	WIDE_V6 = 48,
};

enum allow { ALLOW_1_1, ALLOW_1_0, ALLOW_PLAIN, ALLOW_COUNT };
static const char *const allow_names[] = { "tls1.1", "tls1.0", "plain-login" };
_Static_assert(COUNT_OF(allow_names) == ALLOW_COUNT);

struct entry {
	struct conf_network *list; /* owned */
	size_t count, cap;
	bool is_anybody; /* of one nobody knows where from he comes */
	struct impact_count sum;
};

static void entry_deinit(struct entry *e)
{
	free(e->list);
}

/* --- networks --- */

static void cut(struct conf_network *n, uint8_t prefix)
{
	if (n->prefix <= prefix)
		return;
	n->prefix = prefix;
	for (size_t bit = prefix; bit < 128; bit++)
		n->addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* IPv6 hosts change their address within /64. */
static void widen(struct conf_network *n)
{
	if (n->is_v6)
		cut(n, NARROW_V6);
}

static int address_add(void *owner, const char *address)
{
	struct entry *e = owner;
	struct conf_network network;
	const char *why = NULL;
	if (conf_network_parse(address, &network, &why)) {
		e->is_anybody = true;
		return 0;
	}
	if (e->count == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 32;
		struct conf_network *grown = reallocarray(e->list, cap, sizeof(*grown));
		if (!grown)
			return err_raise(-ENOMEM);
		e->list = grown;
		e->cap = cap;
	}
	widen(&network);
	e->list[e->count++] = network;
	return 0;
}

static int compare_networks(const void *a, const void *b)
{
	const struct conf_network *x = a;
	const struct conf_network *y = b;
	int order = (x->is_v6 > y->is_v6) - (x->is_v6 < y->is_v6);
	if (!order)
		order = memcmp(x->addr, y->addr, sizeof(x->addr));
	return order ? order : (x->prefix > y->prefix) - (x->prefix < y->prefix);
}

/* Each once. */
static void sort(struct entry *e)
{
	size_t kept = 0;
	if (!e->count)
		return;
	qsort(e->list, e->count, sizeof(*e->list), compare_networks);
	for (size_t i = 1; i < e->count; i++)
		if (compare_networks(&e->list[kept], &e->list[i]) != 0)
			e->list[++kept] = e->list[i];
	e->count = kept + 1;
}

/* How many from there on are in the network of the first. */
static size_t neighbours(const struct entry *e, size_t at, const struct conf_network *network)
{
	size_t count = 0;
	while (at + count < e->count && e->list[at + count].is_v6 == network->is_v6 &&
	       conf_network_contains(network, e->list[at + count].addr, network->is_v6))
		count++;
	return count;
}

/* Runs of at least that many become one network. */
static void collapse(struct entry *e, size_t least)
{
	size_t kept = 0;
	for (size_t i = 0; i < e->count;) {
		struct conf_network wide = e->list[i];
		cut(&wide, wide.is_v6 ? WIDE_V6 : NARROW_V4);
		size_t count = neighbours(e, i, &wide);
		if (count >= least) {
			e->list[kept++] = wide;
			i += count;
		} else {
			e->list[kept++] = e->list[i++];
		}
	}
	e->count = kept;
}

static void group(struct entry *e)
{
	sort(e);
	collapse(e, NEIGHBOURS);
	if (e->count > ENTRY_MAX)
		collapse(e, 1);
	e->is_anybody = e->is_anybody || e->count > ENTRY_MAX;
}

/* --- text --- */

static int from_write(struct buf *out, const struct entry *e)
{
	int r = buf_add_str(out, "\t\tfrom = [");
	if (!r && e->is_anybody)
		r = buf_add_str(out, "\"*\"");
	for (size_t i = 0; !r && !e->is_anybody && i < e->count; i++) {
		char text[64];
		conf_network_print(&e->list[i], text);
		r = buf_printf(out, "%s\"%s\"", i ? ", " : "", text);
	}
	return r ? r : buf_add_str(out, "];\n");
}

static int entry_write(struct buf *out, const struct impact_door *door, enum allow what,
                       const struct entry *e, int64_t now_s)
{
	char until[32], today[32];
	conf_date_print(now_s / DAY_S + IMPACT_PLAN_DAYS, until);
	conf_date_print(now_s / DAY_S, today);
	int r = buf_printf(out, "\t{\n\t\tedge = \"%s\";\n", door->name);
	if (!r)
		r = from_write(out, e);
	if (!r)
		r = buf_printf(out,
		               "\t\tallow = [\"%s\"];\n\t\tuntil = \"%s\";\n"
		               "\t\treason = \"%llu known on %s, %llu sessions\";\n\t}",
		               allow_names[what], until, (unsigned long long)e->sum.names, today,
		               (unsigned long long)e->sum.sessions);
	return r;
}

static int helpless_write(struct buf *out, const struct impact *i)
{
	uint64_t count = 0;
	for (size_t n = 0; n < i->finding_count; n++) {
		const struct impact_finding *f = &i->findings[n];
		bool is_helped = f->kind == IMPACT_PLAIN_REFUSED ? f->door->has_users : f->allow;
		count += impact_kind_breaks(f->kind) && (!is_helped || !f->door->is_configured);
	}
	return count ? buf_printf(out,
	                          "# %llu of those who break cannot be kept by an exception: see "
	                          "the report.\n",
	                          (unsigned long long)count)
	             : 0;
}

/* --- entries --- */

static bool is_of(const struct impact_finding *f, const struct impact_door *door, enum allow what)
{
	if (f->door != door || !impact_kind_breaks(f->kind))
		return false;
	if (f->kind == IMPACT_PLAIN_REFUSED)
		return what == ALLOW_PLAIN && door->has_users;
	return f->allow && what == (f->allow == TLS_1_1 ? ALLOW_1_1 : ALLOW_1_0);
}

struct taking {
	struct entry *entry;
	size_t count;
};

static int place_take(void *owner, const char *address)
{
	struct taking *t = owner;
	t->count++;
	return address_add(t->entry, address);
}

static int finding_take(struct entry *e, const struct impact_finding *f,
                        const struct impact_places *places)
{
	struct taking t = { .entry = e };
	int r = 0;
	e->sum.names++;
	e->sum.sessions += f->count.sessions;
	if (!f->is_user)
		return address_add(e, f->who);
	if (places)
		r = places->tell(places->owner, f, place_take, &t);
	e->is_anybody = e->is_anybody || !t.count;
	return r;
}

static int entry_collect(struct entry *e, const struct impact *i, const struct impact_door *door,
                         enum allow what, const struct impact_places *places)
{
	int r = 0;
	for (size_t n = 0; !r && n < i->finding_count; n++)
		if (is_of(&i->findings[n], door, what))
			r = finding_take(e, &i->findings[n], places);
	group(e);
	return r;
}

static int door_write(struct buf *out, const struct impact *i, const struct impact_door *door,
                      const struct impact_places *places, int64_t now_s, bool *is_begun)
{
	int r = 0;
	for (int what = 0; !r && door->is_configured && what < ALLOW_COUNT; what++) {
		CLEAN(entry_deinit) struct entry e = {};
		r = entry_collect(&e, i, door, (enum allow)what, places);
		if (r || !e.sum.names)
			continue;
		r = buf_add_str(out, *is_begun ? ",\n" : "exception = (\n");
		*is_begun = true;
		if (!r)
			r = entry_write(out, door, (enum allow)what, &e, now_s);
	}
	return r;
}

int impact_plan_write(struct buf *out, const struct impact *i, const struct impact_places *places,
                      int64_t now_s)
{
	bool is_begun = false;
	int r = helpless_write(out, i);
	for (size_t door = 0; !r && door < i->door_count; door++)
		r = door_write(out, i, &i->doors[door], places, now_s, &is_begun);
	if (!r)
		r = buf_add_str(out, is_begun ? "\n);\n" : "# No exception is needed.\n");
	return err_up(r);
}
