#include "check/sender_print.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>

enum { SCHEMA = 1 };

static const struct check_sender_seen *seen_of(const struct check_sender_result *result,
                                               const struct check_sender_case *c)
{
	return &result->seen[c - check_sender_cases];
}

static bool is_in(const struct check_sender_result *result, const struct check_sender_case *c)
{
	return result->set & (1U << (c - check_sender_cases));
}

static int verdict_write(struct buf *out, const struct check_sender_result *result,
                         enum check_sender_verdict v, int width)
{
	static const struct {
		const char *word, *colour;
	} looks[] = {
		[CHECK_SENDER_PASS] = { "pass", "32" },
		[CHECK_SENDER_WARN] = { "warn", "33" },
		[CHECK_SENDER_FAIL] = { "FAIL", "31" },
		[CHECK_SENDER_UNKNOWN] = { "unknown", "35" },
	};
	_Static_assert(COUNT_OF(looks) == CHECK_SENDER_VERDICT_COUNT);
	if (!result->has_colour)
		return err_up(buf_printf(out, "%-*s", width, looks[v].word));
	return err_up(
		buf_printf(out, "\033[%sm%-*s\033[0m", looks[v].colour, width, looks[v].word));
}

/* "delivered in TLSv1.3, TLS_AES_256_GCM_SHA384, from 192.0.2.25" */
static int arrival_write(struct buf *out, const struct check_sender_case *c,
                         const struct check_sender_seen *seen)
{
	enum check_sender_arrival a = check_sender_arrived(seen);
	bool is_between =
		c->offer == CHECK_SENDER_OFFERS_ONCE && seen->was_sealed && a == CHECK_SENDER_NEVER;
	int r = buf_add_str(out, is_between ? "the first message came in TLS; send the second"
	                                    : check_sender_arrival_words(a));
	if (!r && a == CHECK_SENDER_NEVER && !is_between && seen->fetches)
		r = buf_add_str(out, ", but for the policy");
	if (!r &&
	    (a == CHECK_SENDER_IN_TLS || a == CHECK_SENDER_LEFT_IN_TLS || a == CHECK_SENDER_MISLED))
		r = buf_printf(out, ": %s, %s", seen->version, seen->suite);
	if (!r && a == CHECK_SENDER_BROKEN)
		r = buf_printf(out, ": %s", seen->alert);
	if (!r && seen->refusals && !seen->fetches)
		r = buf_add_str(out,
		                ", and did not believe the certificate of its policy (--chain)");
	if (!r && seen->peer[0])
		r = buf_printf(out, ", from %s", seen->peer);
	return err_up(r);
}

int check_sender_line_write(struct buf *out, const struct check_sender_result *result,
                            const struct check_sender_case *c)
{
	const struct check_sender_seen *seen = seen_of(result, c);
	int r = verdict_write(out, result, check_sender_judge(c, seen), 8);
	if (!r)
		r = buf_printf(out, "%-16s ", c->name);
	if (!r)
		r = arrival_write(out, c, seen);
	return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
}

static int case_write(struct buf *out, const struct check_sender_result *result,
                      const struct check_sender_case *c)
{
	int r = buf_add_str(out, "  ");
	if (!r)
		r = check_sender_line_write(out, result, c);
	if (r || check_sender_judge(c, seen_of(result, c)) == CHECK_SENDER_PASS)
		return err_up(r);
	return err_up(buf_printf(out, "          %-16s it: %s\n          %-16s wanted: %s (%s)\n",
	                         "", c->fault, "", c->wanted, c->source));
}

static bool has_cases(const struct check_sender_result *result, enum check_sender_group group)
{
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++)
		if (is_in(result, &check_sender_cases[i]) && check_sender_cases[i].group == group)
			return true;
	return false;
}

static int group_write(struct buf *out, const struct check_sender_result *result,
                       enum check_sender_group group)
{
	int r = buf_printf(out, "\n%-18s ", check_sender_group_name(group));
	if (!r)
		r = verdict_write(out, result, check_sender_sum(result->seen, result->set, group),
		                  0);
	if (!r)
		r = buf_add_str(out, "\n");
	for (size_t i = 0; !r && i < CHECK_SENDER_CASE_COUNT; i++)
		if (is_in(result, &check_sender_cases[i]) && check_sender_cases[i].group == group)
			r = case_write(out, result, &check_sender_cases[i]);
	return err_up(r);
}

int check_sender_text_write(struct buf *out, const struct check_sender_result *result)
{
	int r = buf_printf(out, "\nThe sender under test, by %s: ", result->zone);
	if (!r)
		r = verdict_write(
			out, result,
			check_sender_sum(result->seen, result->set, CHECK_SENDER_GROUP_COUNT), 0);
	if (!r)
		r = buf_add_str(out, "\n");
	for (unsigned g = 0; !r && g < CHECK_SENDER_GROUP_COUNT; g++)
		if (has_cases(result, g))
			r = group_write(out, result, g);
	if (!r && result->strangers)
		r = buf_printf(out, "\n%u other visits did not count.\n", result->strangers);
	return err_up(r);
}

/* json_*_new() functions refuse NULL: a failure shows where all is put together. */

static json_t *case_json(const struct check_sender_result *result,
                         const struct check_sender_case *c)
{
	const struct check_sender_seen *seen = seen_of(result, c);
	unsigned visits = 0;
	for (unsigned a = 0; a < CHECK_SENDER_ARRIVAL_COUNT; a++)
		visits += seen->counts[a];
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:s, "
	                 "s:s, s:b, s:i}",
	                 "name", c->name, "group", check_sender_group_id(c->group), "verdict",
	                 check_sender_verdict_name(check_sender_judge(c, seen)), "arrival",
	                 check_sender_arrival_id(check_sender_arrived(seen)), "fault", c->fault,
	                 "wanted", c->wanted, "source", c->source, "visits", (int)visits,
	                 "policy_fetches", (int)seen->fetches, "version", seen->version, "suite",
	                 seen->suite, "alert", seen->alert, "peer", seen->peer, "recipient",
	                 seen->recipient, "message_id", seen->message_id, "was_sealed",
	                 seen->was_sealed, "policy_refusals", (int)seen->refusals);
}

static json_t *cases_json(const struct check_sender_result *result)
{
	json_t *all = json_array();
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++)
		if (is_in(result, &check_sender_cases[i]))
			json_array_append_new(all, case_json(result, &check_sender_cases[i]));
	return all;
}

static json_t *groups_json(const struct check_sender_result *result)
{
	json_t *all = json_object();
	for (unsigned g = 0; g < CHECK_SENDER_GROUP_COUNT; g++)
		if (has_cases(result, g))
			json_object_set_new(all, check_sender_group_id(g),
			                    json_string(check_sender_verdict_name(check_sender_sum(
						    result->seen, result->set, g))));
	return all;
}

int check_sender_json_write(struct buf *out, const struct check_sender_result *result)
{
	enum check_sender_verdict all =
		check_sender_sum(result->seen, result->set, CHECK_SENDER_GROUP_COUNT);
	json_t *o =
		json_pack("{s:i, s:s, s:s, s:o, s:o, s:i}", "schema", SCHEMA, "zone", result->zone,
	                  "verdict", check_sender_verdict_name(all), "groups", groups_json(result),
	                  "cases", cases_json(result), "strangers", (int)result->strangers);
	CLEAN(freep) char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	json_decref(o);
	return text ? err_up(buf_printf(out, "%s\n", text)) : err_raise(-ENOMEM);
}
