#include "check/test_rules.h"

#include "advice/profile.h"
#include "check/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void suite_add(struct check_endpoint *e, enum check_version version, uint16_t number)
{
	struct check_suites *suites = &e->versions[version];
	suites->is_there = CHECK_YES;
	suites->is_whole = true;
	suites->accepted[suites->count++] = number;
}

void dane_drop(struct facts *f)
{
	for (unsigned i = 0; i < 2; i++) {
		f->hosts[i].facts.count = 0;
		f->hosts[i].facts.tlsa = POLICY_DNS_INSECURE;
	}
	for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++)
		f->endpoints[i].has_proof = false;
}

void sts_drop(struct facts *f)
{
	f->domain.sts = (struct policy_sts_facts){};
	f->domain.sts_record = (struct check_txt){};
}

void policies_drop(struct facts *f)
{
	dane_drop(f);
	sts_drop(f);
}

static const struct check_finding *find(const struct check_report *report, const char *id,
                                        const char *place)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].criterion->id, id) &&
		    !strcmp(report->findings[i].place, place))
			return &report->findings[i];
	return NULL;
}

void rule_cases_hold(const struct rule_case *cases, size_t count)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const struct rule_case *c = &cases[i];
		struct facts *f = facts_new();
		struct check_report report;
		c->spoil(f);
		assert_int_equal(check_judge(&f->domain, advice_profile_find(c->profile), &report),
		                 0);
		const struct check_finding *found = find(&report, c->id, c->place);
		int verdict = found ? (int)found->verdict : NOTHING;
		wrong += verdict != c->verdict;
		if (verdict != c->verdict)
			print_error("case %zu: %s at %s by %s: %s, not %s: %s\n", i, c->id,
			            c->place, c->profile,
			            found ? check_verdict_name(found->verdict) : "nothing",
			            c->verdict == NOTHING
			                    ? "nothing"
			                    : check_verdict_name((enum check_verdict)c->verdict),
			            found ? found->evidence : "");
		if (found)
			assert_true(found->evidence[0]);
		check_report_deinit(&report);
		free(f);
	}
	assert_int_equal(wrong, 0);
}

struct case_list {
	const struct rule_case *cases;
	size_t count;
};

static bool has_case(const struct case_list *list, const char *id, int verdict)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->cases[i].id, id) && list->cases[i].verdict == verdict)
			return true;
	return false;
}

static struct rule_range range_of(const struct rule_areas *areas, const char *id)
{
	for (size_t i = 0; i < areas->range_count; i++)
		if (!strcmp(areas->ranges[i].id, id))
			return areas->ranges[i];
	return (struct rule_range){ id, PASS, FAIL };
}

void rule_cases_are_whole(const struct rule_case *cases, size_t count,
                          const struct rule_areas *areas)
{
	const struct case_list list = { cases, count };
	for (size_t i = 0; i < advice_criterion_count; i++) {
		const char *id = advice_criteria[i].id;
		const struct rule_range range = range_of(areas, id);
		if (!strchr(areas->letters, id[0]))
			continue;
		if (!has_case(&list, id, range.best) || !has_case(&list, id, range.worst))
			fail_msg("%s has no case of its best or worst", id);
	}
}
