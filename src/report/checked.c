#include "report/checked.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

/* From the best to the worst; what is not there is well. */
static const char *const verdicts[] = { "not-tested", "warn", "fail", "critical" };

/* -1: well. 0: not tested. */
static int badness(const char *verdict)
{
	for (size_t i = 0; verdict && i < COUNT_OF(verdicts); i++)
		if (!strcmp(verdicts[i], verdict))
			return (int)i;
	return -1;
}

void report_checked_deinit(struct report_checked *c)
{
	buf_deinit(&c->findings);
}

/* Whole characters alone: what is cut stays UTF-8. */
static void text_copy(const json_t *object, const char *key, char *ret_text, size_t cap)
{
	const char *text = json_string_value(json_object_get(object, key));
	size_t len = text ? strnlen(text, cap - 1) : 0;
	while (text && text[len] && len && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	snprintf(ret_text, cap, "%.*s", (int)len, text ? text : "");
}

static void letter_read(const json_t *object, const char *key, char ret_letter[3],
                        bool *ret_is_partial)
{
	const json_t *letter = json_object_get(object, key);
	text_copy(letter, "letter", ret_letter, 3);
	if (json_is_true(json_object_get(letter, "is_partial")))
		*ret_is_partial = true;
}

static json_t *finding_json(const json_t *finding)
{
	static const char *const keys[] = { "id", "place", "verdict", "title", "evidence" };
	json_t *kept = json_array();
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char text[REPORT_CHECKED_TEXT_CAP];
		text_copy(finding, keys[i], text, sizeof(text));
		json_array_append_new(kept, json_string(text));
	}
	return kept;
}

static void finding_count(struct report_checked *c, int bad)
{
	unsigned *const counts[] = { &c->not_tested, &c->warn, &c->fail, &c->critical };
	++*counts[bad];
}

static int findings_read(struct report_checked *c, const json_t *root)
{
	const json_t *all = json_object_get(root, "findings");
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *finding = json_array_get(all, i);
		int bad = badness(json_string_value(json_object_get(finding, "verdict")));
		if (bad < 0)
			continue;
		finding_count(c, bad);
		if (json_array_size(kept) < REPORT_CHECKED_FINDINGS_MAX)
			json_array_append_new(kept, finding_json(finding));
	}
	CLEAN(freep) char *text = kept ? json_dumps(kept, JSON_COMPACT) : NULL;
	json_decref(kept);
	return text ? err_up(buf_add_str(&c->findings, text)) : err_raise(-ENOMEM);
}

static bool head_read(struct report_checked *c, const json_t *root)
{
	const json_t *parts = json_object_get(root, "recommendations");
	text_copy(root, "domain", c->domain, sizeof(c->domain));
	text_copy(root, "profile", c->profile, sizeof(c->profile));
	text_copy(root, "why", c->why, sizeof(c->why));
	c->at_s = json_integer_value(json_object_get(root, "at"));
	letter_read(root, "overall", c->overall, &c->is_partial);
	letter_read(parts, "between", c->between, &c->is_partial);
	letter_read(parts, "users", c->users, &c->is_partial);
	return c->domain[0] && c->at_s > 0 && c->overall[0] &&
	       json_is_array(json_object_get(root, "findings"));
}

int report_checked_read(struct report_checked *ret_checked, struct slice json)
{
	struct report_checked c = {};
	json_t *root = json_loadb((const char *)json.data, json.len, 0, NULL);
	int r = root && head_read(&c, root) ? findings_read(&c, root) : REPORT_CHECKED_BAD;
	json_decref(root);
	if (r) {
		report_checked_deinit(&c);
		return r < 0 ? err_up(r) : r;
	}
	*ret_checked = c;
	return 0;
}

/* False: it is none. */
static bool finding_take(const json_t *kept, struct report_checked_finding *ret)
{
	const char **const texts[] = { &ret->id, &ret->place, &ret->verdict, &ret->title,
		                       &ret->evidence };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!(*texts[i] = json_string_value(json_array_get(kept, i))))
			return false;
	return true;
}

static json_t *findings_load(struct slice findings)
{
	return json_loadb((const char *)findings.data, findings.len, 0, NULL);
}

bool report_checked_each(struct slice findings, report_checked_fn *fn, void *owner)
{
	struct report_checked_finding f;
	json_t *all = findings_load(findings);
	bool is_well = json_is_array(all);
	for (size_t bad = COUNT_OF(verdicts); bad-- > 0;)
		for (size_t i = 0; i < json_array_size(all); i++)
			if (finding_take(json_array_get(all, i), &f) &&
			    badness(f.verdict) == (int)bad)
				fn(owner, &f);
	json_decref(all);
	return is_well;
}

/* How bad it was; -1: it was well; 0: it, or all of its place, was not tested. */
static int badness_before(const json_t *before, const struct report_checked_finding *now)
{
	struct report_checked_finding f;
	int found = -1;
	for (size_t i = 0; i < json_array_size(before); i++) {
		if (!finding_take(json_array_get(before, i), &f) ||
		    strcmp(f.place, now->place) != 0)
			continue;
		int bad = badness(f.verdict);
		if (!strcmp(f.id, now->id))
			return bad;
		if (!bad)
			found = 0;
	}
	return found;
}

static unsigned worse_tell(const json_t *before, const json_t *now, report_checked_fn *fn,
                           void *owner)
{
	struct report_checked_finding f;
	unsigned count = 0;
	for (size_t i = 0; i < json_array_size(now); i++) {
		if (!finding_take(json_array_get(now, i), &f))
			continue;
		int bad = badness(f.verdict), was = badness_before(before, &f);
		if (bad <= 0 || !was || bad <= was)
			continue;
		count++;
		fn(owner, &f);
	}
	return count;
}

unsigned report_checked_worse(struct slice before, struct slice now, report_checked_fn *fn,
                              void *owner)
{
	json_t *then = findings_load(before), *later = findings_load(now);
	unsigned count = json_is_array(then) ? worse_tell(then, later, fn, owner) : 0;
	json_decref(then);
	json_decref(later);
	return count;
}
