#include "check/baseline.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>

enum { DEPTH_MAX = 16, FINDINGS_MAX = 1 << 22 };

/* --- what was --- */

static void past_deinit(struct check_past *p)
{
	free(p->domain);
	free(p->id);
	free(p->place);
}

void check_baseline_deinit(struct check_baseline *baseline)
{
	for (size_t i = 0; i < baseline->count; i++)
		past_deinit(&baseline->items[i]);
	free(baseline->items);
	*baseline = (struct check_baseline){};
}

static bool verdict_read(const char *name, enum check_verdict *ret_verdict)
{
	for (int v = 0; v < CHECK_VERDICT_COUNT; v++)
		if (!strcmp(check_verdict_name((enum check_verdict)v), name)) {
			*ret_verdict = (enum check_verdict)v;
			return true;
		}
	return false;
}

struct reading {
	struct check_baseline *baseline;
	size_t cap;
	bool is_out_of_memory;
};

static void past_add(struct reading *r, const struct check_past *like)
{
	struct check_baseline *b = r->baseline;
	if (b->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;
		struct check_past *items = reallocarray(b->items, cap, sizeof(*items));
		if (!items) {
			r->is_out_of_memory = true;
			return;
		}
		b->items = items;
		r->cap = cap;
	}
	struct check_past *p = &b->items[b->count++];
	*p = (struct check_past){ .domain = strdup(like->domain),
		                  .id = strdup(like->id),
		                  .place = strdup(like->place),
		                  .verdict = like->verdict };
	r->is_out_of_memory |= !p->domain || !p->id || !p->place;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void object_read(struct reading *r, const json_t *object, const char *domain)
{
	const char *id = text_of(object, "id"), *place = text_of(object, "place");
	const char *verdict = text_of(object, "verdict");
	struct check_past like = { .domain = (char *)domain,
		                   .id = (char *)id,
		                   .place = (char *)place };
	if (id && place && verdict && verdict_read(verdict, &like.verdict))
		past_add(r, &like);
}

static void value_read(struct reading *r, json_t *value, const char *domain, unsigned depth)
{
	json_t *member;
	const char *key;
	size_t i;
	if (depth > DEPTH_MAX || r->is_out_of_memory || r->baseline->count >= FINDINGS_MAX)
		return;
	if (json_is_object(value)) {
		const char *own = text_of(value, "domain");
		domain = own ? own : domain;
		object_read(r, value, domain);
		json_object_foreach(value, key, member) value_read(r, member, domain, depth + 1);
	}
	if (json_is_array(value))
		json_array_foreach(value, i, member) value_read(r, member, domain, depth + 1);
}

static struct slice spaces_skip(struct slice s)
{
	while (s.len && strchr(" \t\r\n", *s.data))
		s = slice_skip(s, 1);
	return s;
}

/* One text, or one behind the other, as many domains are written. False: no JSON. */
static bool texts_read(struct reading *r, struct slice json)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK;
	for (json = spaces_skip(json); json.len; json = spaces_skip(json)) {
		json_error_t error;
		json_t *root = json_loadb((const char *)json.data, json.len, flags, &error);
		if (!root)
			return false;
		value_read(r, root, "", 0);
		json_decref(root);
		json = slice_skip(json, (size_t)error.position);
	}
	return true;
}

static int past_compare(const void *left, const void *right)
{
	const struct check_past *a = left, *b = right;
	int order = strcmp(a->domain, b->domain);
	if (!order)
		order = strcmp(a->place, b->place);
	return order ? order : strcmp(a->id, b->id);
}

int check_baseline_read(struct slice json, struct check_baseline *ret_baseline,
                        const char **ret_why)
{
	struct reading r = { .baseline = ret_baseline };
	*ret_baseline = (struct check_baseline){};
	*ret_why = json.len > CHECK_BASELINE_MAX ? "it is too long" : "it is no JSON";
	bool is_json = json.len <= CHECK_BASELINE_MAX && texts_read(&r, json);
	if (is_json)
		*ret_why = ret_baseline->count ? "" : "it has no findings";
	if (r.is_out_of_memory || **ret_why) {
		check_baseline_deinit(ret_baseline);
		return r.is_out_of_memory ? err_raise(-ENOMEM) : CHECK_BASELINE_BAD;
	}
	qsort(ret_baseline->items, ret_baseline->count, sizeof(*ret_baseline->items), past_compare);
	return 0;
}

/* --- what changed --- */

static const char *const kinds[] = {
	[CHECK_CHANGE_NEW] = "new",
	[CHECK_CHANGE_WORSE] = "worse",
	[CHECK_CHANGE_BETTER] = "better",
	[CHECK_CHANGE_GONE] = "gone",
};
_Static_assert(COUNT_OF(kinds) == CHECK_CHANGE_COUNT, "a kind without a name");

const char *check_change_name(enum check_change_kind kind)
{
	return kinds[kind];
}

/* How bad, for a comparison: what is well in one way or another is the same. */
static int badness(enum check_verdict verdict)
{
	switch (verdict) {
	case CHECK_PASS:
	case CHECK_NOT_APPLICABLE:
	case CHECK_INFO:
	case CHECK_NOT_TESTED:
		return 0;
	case CHECK_WARN:
		return 1;
	case CHECK_FAIL:
		return 2;
	case CHECK_CRITICAL:
		return 3;
	case CHECK_VERDICT_COUNT:
		break;
	}
	return 0;
}

struct comparison {
	const struct check_past *past; /* of the domain */
	size_t count;
	const struct check_report *now;
	struct check_changes *changes;
	size_t cap;
	bool is_out_of_memory;
};

static void change_add(struct comparison *c, const struct check_change *change)
{
	struct check_changes *changes = c->changes;
	if (changes->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 64;
		struct check_change *items = reallocarray(changes->items, cap, sizeof(*items));
		if (!items) {
			c->is_out_of_memory = true;
			return;
		}
		changes->items = items;
		c->cap = cap;
	}
	changes->items[changes->count++] = *change;
}

static const struct check_past *past_find(const struct comparison *c, const struct check_finding *f)
{
	const struct check_past key = { .domain = (char *)c->now->domain->name,
		                        .id = (char *)f->criterion->id,
		                        .place = (char *)f->place };
	return c->count ? bsearch(&key, c->past, c->count, sizeof(key), past_compare) : NULL;
}

static bool was_untested(const struct comparison *c, const char *place)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->past[i].verdict == CHECK_NOT_TESTED && !strcmp(c->past[i].place, place))
			return true;
	return false;
}

static void finding_compare(struct comparison *c, const struct check_finding *f)
{
	const struct check_past *past = past_find(c, f);
	struct check_change change = {
		.id = f->criterion->id, .place = f->place, .now = f->verdict, .finding = f
	};
	if (f->verdict == CHECK_NOT_TESTED || (past && past->verdict == CHECK_NOT_TESTED))
		return;
	if (!past) {
		if (!badness(f->verdict) || was_untested(c, f->place))
			return;
		change.kind = CHECK_CHANGE_NEW;
		change_add(c, &change);
		return;
	}
	int difference = badness(f->verdict) - badness(past->verdict);
	change.before = past->verdict;
	change.kind = difference > 0 ? CHECK_CHANGE_WORSE : CHECK_CHANGE_BETTER;
	if (difference)
		change_add(c, &change);
}

/* The finding is there now, or its place could not be tested. */
static bool is_there(const struct check_report *now, const struct check_past *past)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct check_finding *f = &now->findings[i];
		if (!strcmp(f->place, past->place) &&
		    (f->verdict == CHECK_NOT_TESTED || !strcmp(f->criterion->id, past->id)))
			return true;
	}
	return false;
}

static void past_look(struct comparison *c, const struct check_past *past)
{
	struct check_change change = { .kind = CHECK_CHANGE_GONE,
		                       .id = past->id,
		                       .place = past->place,
		                       .before = past->verdict };
	if (!badness(past->verdict) || is_there(c->now, past))
		return;
	change_add(c, &change);
}

static int change_compare(const void *left, const void *right)
{
	const struct check_change *a = left, *b = right;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->now != b->now)
		return a->now > b->now ? -1 : 1;
	int order = strcmp(a->place, b->place);
	return order ? order : strcmp(a->id, b->id);
}

/* The first that is not before the domain, or behind it. */
static size_t past_bound(const struct check_baseline *b, const char *domain, bool is_behind)
{
	size_t first = 0, last = b->count;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		int order = strcmp(b->items[middle].domain, domain);
		if (order < 0 || (is_behind && !order))
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

int check_baseline_compare(const struct check_baseline *before, const struct check_report *now,
                           struct check_changes *ret_changes)
{
	*ret_changes = (struct check_changes){};
	size_t first = past_bound(before, now->domain->name, false);
	struct comparison c = { .past = before->count ? before->items + first : NULL,
		                .count = past_bound(before, now->domain->name, true) - first,
		                .now = now,
		                .changes = ret_changes };
	for (size_t i = 0; i < now->count; i++)
		finding_compare(&c, &now->findings[i]);
	for (size_t i = 0; i < c.count; i++)
		past_look(&c, &c.past[i]);
	if (c.is_out_of_memory) {
		check_changes_deinit(ret_changes);
		return err_raise(-ENOMEM);
	}
	if (ret_changes->count)
		qsort(ret_changes->items, ret_changes->count, sizeof(*ret_changes->items),
		      change_compare);
	return 0;
}

void check_changes_deinit(struct check_changes *changes)
{
	free(changes->items);
	*changes = (struct check_changes){};
}
