#include "report/impact.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/hello.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[IMPACT_FALLS] = "falls to plaintext",
	[IMPACT_CUT] = "cut off",
	[IMPACT_PLAIN_REFUSED] = "plaintext refused",
	[IMPACT_WEAKER] = "weaker",
	[IMPACT_STRONGER] = "stronger",
	[IMPACT_SAME] = "unchanged",
	[IMPACT_EXCEPTED] = "kept by an exception",
	[IMPACT_PLAIN] = "in clear as before",
	[IMPACT_REFUSED] = "refused already",
	[IMPACT_NOBODY] = "refused, but nobody",
	[IMPACT_UNKNOWN] = "unknown",
};
_Static_assert(COUNT_OF(kind_names) == IMPACT_KIND_COUNT, "a kind without a name");

const char *impact_kind_name(enum impact_kind kind)
{
	return kind_names[kind];
}

/* --- strength --- */

static unsigned version_rank(const char *version)
{
	for (uint16_t v = TLS_1_0; v <= TLS_1_3; v++)
		if (!strcmp(version, tls_hello_version_name(v)))
			return v - TLS_1_0 + 2U;
	return version[0] ? 1 : 0;
}

/* By IANA's names: without the exchange it is one of TLS 1.3. */
static unsigned exchange_rank(const char *cipher)
{
	bool is_old = strstr(cipher, "_WITH_") != NULL;
	return !is_old || strstr(cipher, "ECDHE_") ? 3 : strstr(cipher, "DHE_") ? 2 : 1;
}

static bool is_aead(const char *cipher)
{
	return strstr(cipher, "GCM") || strstr(cipher, "CCM") || strstr(cipher, "POLY1305");
}

unsigned impact_strength(const struct impact_tls *tls, bool knows_group)
{
	unsigned version = version_rank(tls->version);
	const struct tls_group *group = tls_group_find(slice_str(tls->group));
	if (!version)
		return 0;
	return version << 4 | exchange_rank(tls->cipher) << 2 |
	       (unsigned)is_aead(tls->cipher) << 1 |
	       (knows_group && group && group->is_post_quantum);
}

/* --- judgement --- */

static struct tls_replay_offer offer_of(const struct store_hello *hello)
{
	return (struct tls_replay_offer){
		.legacy_version = hello->legacy_version,
		.versions = hello->versions,
		.suites = hello->suites,
		.groups = hello->groups,
		.sigalgs = hello->sigalgs,
		.version_count = hello->version_count,
		.suite_count = hello->suite_count,
		.group_count = hello->group_count,
		.sigalg_count = hello->sigalg_count,
	};
}

struct impact_verdict impact_judge(const struct impact_door *door, const struct store_hello *hello)
{
	static const enum tls_version versions[] = {
		[IMPACT_OLD_1_1] = TLS_1_1, [IMPACT_OLD_1_0] = TLS_1_0
	};
	struct tls_replay_offer offer = offer_of(hello);
	struct impact_verdict v = {};
	v.result = tls_replay(&door->server, &offer, &v.replay);
	for (size_t i = 0; v.result && i < IMPACT_OLD_COUNT; i++) {
		struct tls_replay ignored;
		v.old_results[i] = door->has_old[i] ? tls_replay(&door->old[i], &offer, &ignored)
		                                    : TLS_REPLAY_NO_VERSION;
		if (!v.old_results[i] && !v.allow)
			v.allow = versions[i];
	}
	return v;
}

static const char *group_name(uint16_t number)
{
	const struct tls_group *group = tls_group_of(number);
	return group ? group->name : "";
}

static struct impact_tls tls_of(const struct tls_replay *replay)
{
	return (struct impact_tls){ tls_hello_version_name(replay->version), replay->suite->name,
		                    group_name(replay->group) };
}

enum impact_kind impact_compare(const struct impact_verdict *verdict,
                                const struct impact_tls *before)
{
	struct impact_tls planned = tls_of(&verdict->replay);
	bool knows_group = before->group[0] && verdict->replay.is_group_certain;
	unsigned now = impact_strength(before, knows_group);
	unsigned then = impact_strength(&planned, knows_group);
	return then < now ? IMPACT_WEAKER : then > now ? IMPACT_STRONGER : IMPACT_SAME;
}

/* The version that an exception allows lets it in. */
static bool is_excepted(const struct impact_allowance *allows, const struct impact_verdict *v)
{
	if (allows->version == TLS_1_1)
		return !v->old_results[IMPACT_OLD_1_1];
	return allows->version == TLS_1_0 && !v->old_results[IMPACT_OLD_1_0];
}

/* Crawlers and the like: nobody would miss anything. */
static bool is_nobody(const struct impact_door *door, const struct store_use_name *name)
{
	if (door->has_users)
		return !name->is_user;
	return !name->messages && (door->is_public || !name->bytes);
}

static enum impact_kind plain_kind(const struct impact_door *door, const struct impact_comer *c,
                                   const struct impact_allowance *allows)
{
	if (c->name->seal == STORE_SEAL_LOCAL || !impact_door_wants_tls(door, c->address))
		return IMPACT_PLAIN;
	if (is_nobody(door, c->name))
		return IMPACT_NOBODY;
	return door->has_users && allows->plain_login ? IMPACT_EXCEPTED : IMPACT_PLAIN_REFUSED;
}

enum impact_kind impact_kind_of(const struct impact_door *door, const struct impact_comer *c)
{
	const struct store_use_name *name = c->name;
	const struct impact_allowance allows = impact_door_allows(door, c->address, c->now_s);
	if (!c->verdict)
		return plain_kind(door, c, &allows);
	if (!c->verdict->result)
		return impact_compare(c->verdict, &c->before);
	if (is_excepted(&allows, c->verdict))
		return IMPACT_EXCEPTED;
	if (name->refused >= name->sessions)
		return IMPACT_REFUSED;
	if (is_nobody(door, name))
		return IMPACT_NOBODY;
	return door->is_public && !impact_door_wants_tls(door, c->address) ? IMPACT_FALLS
	                                                                   : IMPACT_CUT;
}

/* --- sums --- */

int impact_init(struct impact *ret_i, const struct impact_door *doors, size_t door_count,
                size_t limit)
{
	struct impact i = { .doors = doors, .door_count = door_count, .limit = limit };
	i.counts = calloc(door_count + 1, sizeof(*i.counts));
	if (!i.counts)
		return err_raise(-ENOMEM);
	*ret_i = i;
	return 0;
}

static void finding_deinit(struct impact_finding *f)
{
	free(f->who);
	free(f->software);
}

void impact_deinit(struct impact *i)
{
	for (size_t n = 0; n < i->finding_count; n++)
		finding_deinit(&i->findings[n]);
	free(i->findings);
	free(i->changes);
	free(i->counts);
	*i = (struct impact){};
}

static void count_add(struct impact_count *sum, const struct impact_count *more)
{
	sum->names += more->names;
	sum->sessions += more->sessions;
	sum->messages += more->messages;
	sum->bytes += more->bytes;
}

static void now_write(const struct impact_case *c, char ret_text[96])
{
	snprintf(ret_text, 96, "%s%s%s",
	         c->before.version[0]        ? c->before.version
	         : c->verdict                ? "refused"
	         : c->kind == IMPACT_UNKNOWN ? ""
	         : c->kind == IMPACT_REFUSED ? "refused"
	                                     : "in clear",
	         c->before.cipher[0] ? " " : "", c->before.cipher);
}

/* The group too where it is certain. */
static void then_write(const struct impact_case *c, char ret_text[96])
{
	ret_text[0] = '\0';
	if (c->then || !c->verdict) {
		snprintf(ret_text, 96, "%s",
		         c->then                   ? c->then
		         : c->kind == IMPACT_PLAIN ? "in clear"
		                                   : "");
		return;
	}
	const struct tls_replay *replay = &c->verdict->replay;
	if (c->verdict->result)
		snprintf(ret_text, 96, "%s", tls_replay_result_words(c->verdict->result));
	else
		snprintf(ret_text, 96, "%s %s%s%s", tls_hello_version_name(replay->version),
		         replay->suite->name, replay->is_group_certain ? " " : "",
		         replay->is_group_certain ? group_name(replay->group) : "");
}

/* Room for one more in a growing list of items of that size. */
static int room_make(void **list, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return 0;
	size_t wanted = *cap ? *cap * 2 : 64;
	void *grown = reallocarray(*list, wanted, size);
	if (!grown)
		return err_raise(-ENOMEM);
	*list = grown;
	*cap = wanted;
	return 0;
}

static struct impact_change *change_find(const struct impact *i, const struct impact_change *c)
{
	for (size_t n = 0; n < i->change_count; n++) {
		struct impact_change *known = &i->changes[n];
		if (known->door == c->door && known->kind == c->kind &&
		    !strcmp(known->now, c->now) && !strcmp(known->then, c->then))
			return known;
	}
	return NULL;
}

/* Few: versions times suites. What comes past the maximum is in the sums alone. */
static int change_add(struct impact *i, const struct impact_case *c)
{
	struct impact_change change = { .door = &i->doors[c->door], .kind = c->kind };
	now_write(c, change.now);
	then_write(c, change.then);
	struct impact_change *known = change_find(i, &change);
	if (!known && i->change_count == IMPACT_CHANGES_MAX)
		return 0;
	if (!known) {
		int r = room_make((void **)&i->changes, i->change_count, &i->change_cap,
		                  sizeof(change));
		if (r)
			return r;
		known = &i->changes[i->change_count++];
		*known = change;
	}
	known->verdict = c->verdict;
	snprintf(known->version, sizeof(known->version), "%s", c->before.version);
	snprintf(known->cipher, sizeof(known->cipher), "%s", c->before.cipher);
	i->change_last = (size_t)(known - i->changes);
	count_add(&known->count, &c->count);
	return 0;
}

/* The last one again, without a look at its words. */
static bool change_repeat(struct impact *i, const struct impact_case *c)
{
	struct impact_change *last = &i->changes[i->change_last];
	if (!i->change_count || last->door != &i->doors[c->door] || last->kind != c->kind ||
	    last->verdict != c->verdict || strcmp(last->version, c->before.version) ||
	    strcmp(last->cipher, c->before.cipher))
		return false;
	count_add(&last->count, &c->count);
	return true;
}

int impact_add(struct impact *i, const struct impact_case *c)
{
	count_add(&i->counts[c->door][c->kind], &c->count);
	return err_up(change_add(i, c));
}

/* --- findings --- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b); /* the greater first */
}

static int compare_findings(const void *a, const void *b)
{
	const struct impact_finding *x = a;
	const struct impact_finding *y = b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);
	if (!order)
		order = compare_numbers(x->count.messages, y->count.messages);
	if (!order)
		order = compare_numbers(x->count.sessions, y->count.sessions);
	if (!order)
		order = compare_numbers(x->count.bytes, y->count.bytes);
	if (!order)
		order = strcmp(x->door->name, y->door->name);
	return order ? order : strcmp(x->who, y->who);
}

static int compare_changes(const void *a, const void *b)
{
	const struct impact_change *x = a;
	const struct impact_change *y = b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);
	if (!order)
		order = compare_numbers(x->count.sessions, y->count.sessions);
	if (!order)
		order = strcmp(x->door->name, y->door->name);
	return order ? order : strcmp(x->now, y->now);
}

static void findings_cut(struct impact *i)
{
	if (!i->finding_count)
		return;
	qsort(i->findings, i->finding_count, sizeof(*i->findings), compare_findings);
	while (i->limit && i->finding_count > i->limit)
		finding_deinit(&i->findings[--i->finding_count]);
	i->is_full = i->limit && i->finding_count == i->limit;
}

void impact_sort(struct impact *i)
{
	findings_cut(i);
	if (i->change_count)
		qsort(i->changes, i->change_count, sizeof(*i->changes), compare_changes);
}

static bool is_named(enum impact_kind kind)
{
	return impact_kind_breaks(kind) || kind == IMPACT_WEAKER || kind == IMPACT_EXCEPTED ||
	       kind == IMPACT_REFUSED || kind == IMPACT_UNKNOWN;
}

int impact_finding_tell(struct impact_finding *f, const struct store_use_detail *detail)
{
	const struct impact_case c = { .before = { detail->version, detail->cipher, "" } };
	f->last_s = detail->last_s;
	if (detail->version[0])
		now_write(&c, f->now);
	free(f->software);
	f->software = strdup(detail->software);
	return f->software ? 0 : err_raise(-ENOMEM);
}

static int finding_add(struct impact *i, const struct impact_case *c,
                       const struct store_use_name *name)
{
	struct impact_finding f = {
		.door = &i->doors[c->door],
		.kind = c->kind,
		.allow = c->verdict ? c->verdict->allow : 0,
		.is_user = name->is_user,
		.count = c->count,
		.hello = c->hello,
		.who = (char *)name->who, /* until it is kept */
	};
	i->findings_all++;
	if (i->is_full && compare_findings(&i->findings[i->limit - 1], &f) <= 0)
		return 0;
	int r = room_make((void **)&i->findings, i->finding_count, &i->finding_cap, sizeof(f));
	f.who = r ? NULL : strdup(name->who);
	if (!f.who)
		return err_raise(-ENOMEM);
	now_write(c, f.now);
	then_write(c, f.then);
	i->findings[i->finding_count++] = f;
	return 0;
}

/* Sorts once for every limit's worth of new ones. */
int impact_add_name(struct impact *i, const struct impact_case *c,
                    const struct store_use_name *name)
{
	int r = 0;
	count_add(&i->counts[c->door][c->kind], &c->count);
	if (!change_repeat(i, c))
		r = change_add(i, c);
	if (!r && is_named(c->kind))
		r = finding_add(i, c, name);
	if (i->limit && i->finding_count >= 2 * i->limit + 64)
		findings_cut(i);
	return r ? err_up(r) : 0;
}

struct impact_count impact_total(const struct impact *i, size_t door)
{
	struct impact_count all = {};
	for (size_t kind = 0; kind < IMPACT_KIND_COUNT; kind++)
		count_add(&all, &i->counts[door][kind]);
	return all;
}

bool impact_has_broken(const struct impact *i)
{
	for (size_t door = 0; door < i->door_count; door++)
		for (int kind = 0; kind < IMPACT_KIND_COUNT; kind++)
			if (impact_kind_breaks((enum impact_kind)kind) &&
			    i->counts[door][kind].sessions)
				return true;
	return false;
}
