#include "report/impact_ledger.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "report/impact_tables.h"
#include "report/when.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* --- the hellos --- */

/* Open addressing; as many places as a power of two. Hashes of hellos are strangers' choice, who
 * are not to aim at one place. */
struct hellos {
	struct store_hello **places;
	size_t cap, count;
	uint64_t seed;
};

static void hellos_deinit(struct hellos *h)
{
	for (size_t i = 0; i < h->cap; i++)
		free(h->places[i]);
	free(h->places);
}

static struct store_hello **place_of(const struct hellos *h, uint64_t hash)
{
	uint64_t mixed = hash_bytes(HASH_START ^ h->seed, &hash, sizeof(hash));
	size_t at = hash_place(mixed, h->cap);
	while (h->places[at] && h->places[at]->hash != hash)
		at = (at + 1) & (h->cap - 1);
	return &h->places[at];
}

static int hellos_grow(struct hellos *h)
{
	struct hellos grown = *h;
	grown.cap = h->cap ? h->cap * 2 : 1024;
	grown.places = calloc(grown.cap, sizeof(struct store_hello *));
	if (!grown.places)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < h->cap; i++)
		if (h->places[i])
			*place_of(&grown, h->places[i]->hash) = h->places[i];
	free(h->places);
	*h = grown;
	return 0;
}

/* One block: the hello and its lists behind it. */
static struct store_hello *hello_copy(const struct store_hello *hello)
{
	const uint16_t *const from[] = { hello->versions, hello->suites, hello->groups,
		                         hello->sigalgs };
	const size_t counts[] = { hello->version_count, hello->suite_count, hello->group_count,
		                  hello->sigalg_count };
	size_t count = counts[0] + counts[1] + counts[2] + counts[3];
	struct store_hello *copy = malloc(sizeof(*copy) + count * sizeof(uint16_t));
	if (!copy)
		return NULL;
	uint16_t *at = (uint16_t *)(copy + 1);
	const uint16_t *to[4];
	for (size_t i = 0; i < 4; i++) {
		to[i] = memcpy(at, from[i], counts[i] * sizeof(*at));
		at += counts[i];
	}
	*copy = *hello;
	copy->versions = to[0];
	copy->suites = to[1];
	copy->groups = to[2];
	copy->sigalgs = to[3];
	return copy;
}

static int hello_add(void *owner, const struct store_hello *hello)
{
	struct hellos *h = owner;
	int r = h->count * 2 >= h->cap ? hellos_grow(h) : 0;
	struct store_hello **place = r ? NULL : place_of(h, hello->hash);
	if (r || *place)
		return r;
	*place = hello_copy(hello);
	h->count++;
	return *place ? 0 : err_raise(-ENOMEM);
}

/* --- who came --- */

/* Which hellos of a door want a look at each name. */
struct look {
	uint64_t hello;
	bool is_judged;
	struct impact_verdict verdict;
	char version[16], cipher[64], group[32]; /* that it had the last time */
};

struct walk {
	struct impact *impact;
	struct store_ledger_uses *uses;
	struct store_uses_filter filter;
	const struct hellos *hellos;
	size_t door;
	int64_t now_s;
	struct look *looks; /* owned */
	size_t look_count, look_cap;
	const struct look *look; /* whose names are read */
};

static struct impact_count count_of(const struct store_use *use)
{
	return (struct impact_count){ use->names, use->sessions, use->messages, use->bytes };
}

static int look_add(struct walk *w, const struct store_use *use,
                    const struct impact_verdict *verdict)
{
	if (w->look_count == w->look_cap) {
		size_t cap = w->look_cap ? w->look_cap * 2 : 256;
		struct look *grown = reallocarray(w->looks, cap, sizeof(*grown));
		if (!grown)
			return err_raise(-ENOMEM);
		w->looks = grown;
		w->look_cap = cap;
	}
	struct look *look = &w->looks[w->look_count++];
	*look = (struct look){ .hello = use->hello, .is_judged = verdict != NULL };
	if (!verdict)
		return 0; /* in clear */
	look->verdict = *verdict;
	snprintf(look->version, sizeof(look->version), "%s", use->version);
	snprintf(look->cipher, sizeof(look->cipher), "%s", use->cipher);
	snprintf(look->group, sizeof(look->group), "%s", use->group);
	return 0;
}

static bool wants_names_in_clear(const struct impact_door *door)
{
	return door->requires_tls || (door->conf && door->conf->require_tls_from_count);
}

static int use_judge(void *owner, const struct store_use *use)
{
	struct walk *w = owner;
	const struct impact_door *door = &w->impact->doors[w->door];
	struct impact_case c = { .door = w->door,
		                 .before = { use->version, use->cipher, use->group },
		                 .count = count_of(use) };
	if (!use->hello) {
		c.kind = IMPACT_PLAIN;
		c.before = (struct impact_tls){ "", "", "" };
		return wants_names_in_clear(door) ? look_add(w, use, NULL)
		                                  : err_up(impact_add(w->impact, &c));
	}
	const struct store_hello *hello = w->hellos->cap ? *place_of(w->hellos, use->hello) : NULL;
	c.kind = IMPACT_UNKNOWN;
	if (!hello)
		return err_up(impact_add(w->impact, &c));
	struct impact_verdict verdict = impact_judge(door, hello);
	c.verdict = &verdict;
	if (!verdict.result)
		c.kind = impact_compare(&verdict, &c.before);
	bool is_named = verdict.result || c.kind == IMPACT_WEAKER;
	return is_named ? look_add(w, use, &verdict) : err_up(impact_add(w->impact, &c));
}

/* An address from which a user came, whose allowance is the least; "" if nobody knows. */
struct place {
	struct walk *walk;
	char address[64];
	struct impact_allowance least;
};

static int place_take(void *owner, const char *address)
{
	struct place *p = owner;
	const struct impact_door *door = &p->walk->impact->doors[p->walk->door];
	struct impact_allowance a = impact_door_allows(door, address, p->walk->now_s);
	bool is_less = !p->address[0] || (p->least.plain_login && !a.plain_login) ||
	               (p->least.version && (!a.version || a.version > p->least.version));
	if (!is_less)
		return 0;
	p->least = a;
	strncpy(p->address, address, sizeof(p->address) - 1);
	return 0;
}

static bool has_exceptions(const struct impact_door *door)
{
	return door->settings && door->settings->exception_count;
}

static int name_judge(void *owner, const struct store_use_name *name)
{
	struct walk *w = owner;
	const struct impact_door *door = &w->impact->doors[w->door];
	struct place place = { .walk = w };
	int r = 0;
	if (name->is_user && has_exceptions(door))
		r = store_ledger_uses_addresses(w->uses, door->name, name->who, place_take, &place);
	const struct look *look = w->look;
	const struct impact_comer comer = {
		.name = name,
		.address = name->is_user ? place.address : name->who,
		.verdict = look->is_judged ? &look->verdict : NULL,
		.before = { look->version, look->cipher, look->group },
		.now_s = w->now_s,
	};
	const struct impact_case c = {
		.door = w->door,
		.kind = impact_kind_of(door, &comer),
		.verdict = comer.verdict,
		.before = comer.before,
		.count = { 1, name->sessions, name->messages, name->bytes },
		.hello = look->hello,
	};
	return r ? err_up(r) : err_up(impact_add_name(w->impact, &c, name));
}

static int door_judge(struct walk *w)
{
	w->filter.edge = w->impact->doors[w->door].name;
	w->look_count = 0;
	int r = store_ledger_uses_sums(w->uses, &w->filter, use_judge, w);
	for (size_t i = 0; !r && i < w->look_count; i++) {
		w->look = &w->looks[i];
		r = store_ledger_uses_names(w->uses, &w->filter, w->look->hello, name_judge, w);
	}
	return r;
}

static int on_detail(void *owner, const struct store_use_detail *detail)
{
	return err_up(impact_finding_tell(owner, detail));
}

/* Of those that are kept alone: there may be a few among millions. */
static int details_read(struct walk *w)
{
	int r = 0;
	for (size_t i = 0; !r && i < w->impact->finding_count; i++) {
		struct impact_finding *f = &w->impact->findings[i];
		r = store_ledger_uses_detail(w->uses, f->door->name, f->hello, f->who, on_detail,
		                             f);
	}
	return r;
}

int impact_ledger_judge(struct impact *i, struct store_ledger_uses *uses,
                        const struct report_span *span, int64_t now_s)
{
	CLEAN(hellos_deinit) struct hellos hellos = {};
	struct walk w = { .impact = i,
		          .uses = uses,
		          .hellos = &hellos,
		          .filter = { span->since_s,
		                      span->until_s < now_s ? span->until_s : INT64_MAX, NULL },
		          .now_s = now_s };
	int r = getrandom(&hellos.seed, sizeof(hellos.seed), 0) != sizeof(hellos.seed)
	                ? err_raise(-EIO)
	                : store_ledger_uses_hellos(uses, hello_add, &hellos);
	for (w.door = 0; !r && w.door < i->door_count; w.door++)
		r = door_judge(&w);
	free(w.looks);
	impact_sort(i);
	if (!r)
		r = details_read(&w);
	return r ? err_up(r) : 0;
}

int impact_ledger_watch(struct impact_watch *watch, struct store_ledger_uses *uses)
{
	int64_t lost = 0;
	int r = store_ledger_uses_fact(uses, "began_s", &watch->began_s);
	if (!r)
		r = store_ledger_uses_fact(uses, "lost", &lost);
	watch->lost = lost > 0 ? (uint64_t)lost : 0;
	return err_up(r);
}
