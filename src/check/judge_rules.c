#include "check/judge_rules.h"

#include "base/clean.h"
#include "check/plan.h"

#include <stdarg.h>
#include <stdio.h>

bool check_judge_say(struct ruling *r, enum check_verdict verdict, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(r->evidence, sizeof(r->evidence), format, args);
	va_end(args);
	r->verdict = verdict;
	return true;
}

enum advice_grade check_judge_worse(enum advice_grade a, enum advice_grade b)
{
	return a > b ? a : b;
}

enum check_verdict check_judge_verdict(enum advice_grade grade)
{
	switch (grade) {
	case ADVICE_GOOD:
		return CHECK_PASS;
	case ADVICE_AGEING:
		return CHECK_WARN;
	case ADVICE_BAD:
		return CHECK_FAIL;
	}
	return CHECK_FAIL;
}

bool check_judge_say_grade(struct ruling *r, enum advice_grade grade, const char *evidence)
{
	return check_judge_say(r, check_judge_verdict(grade), "%s", evidence);
}

bool check_judge_say_unseen(const struct check_judge_at *at, struct ruling *r)
{
	uint64_t lost = at->endpoint->steps_lost;
	if (at->id)
		lost &= check_steps_for(at->id);
	if (!lost)
		return false;
	return check_judge_say(r, CHECK_NOT_TESTED, "the question was left without answer");
}

bool check_judge_say_seen(const struct check_judge_at *at, struct ruling *r, enum check_seen seen,
                          const struct two *two)
{
	switch (seen) {
	case CHECK_UNKNOWN:
		return check_judge_say_unseen(at, r);
	case CHECK_NO:
		return check_judge_say(r, two->no, "%s", two->no_words);
	case CHECK_YES:
		return check_judge_say(r, two->yes, "%s", two->yes_words);
	}
	return false;
}

void check_judge_list_add(char *text, size_t cap, const char *format, ...)
{
	char item[CHECK_TEXT_CAP * 2];
	va_list args;
	va_start(args, format);
	vsnprintf(item, sizeof(item), format, args);
	va_end(args);
	size_t len = strlen(text), more = strlen(item) + (len ? 2 : 0);
	if (len + more < cap)
		snprintf(text + len, cap - len, "%s%s", len ? ", " : "", item);
}

bool check_judge_is_user_port(enum check_service service)
{
	return (FOR_USERS & 1U << service) != 0;
}

bool check_judge_has_version(const struct check_endpoint *e, enum check_version version)
{
	return e->versions[version].is_there == CHECK_YES;
}

bool check_judge_has_old_tls(const struct check_endpoint *e)
{
	for (enum check_version v = CHECK_SSL2; v < CHECK_TLS13; v++)
		if (check_judge_has_version(e, v))
			return true;
	return false;
}

/* --- downgrade protection --- */

bool check_judge_has_tlsa(const struct policy_way_host *mx)
{
	const struct policy_host *facts = &mx->facts;
	return facts->was_asked && facts->tlsa == POLICY_DNS_SECURE && facts->count;
}

size_t check_judge_usable_tlsa(const struct policy_way_host *mx)
{
	bool is_used[POLICY_TLSA_MAX];
	if (!check_judge_has_tlsa(mx))
		return 0;
	return policy_tlsa_choose(mx->facts.records, mx->facts.count, is_used);
}

bool check_judge_has_dane(const struct check_domain *d)
{
	for (size_t i = 0; i < d->way.host_count; i++)
		if (!check_judge_usable_tlsa(&d->way.hosts[i]))
			return false;
	return d->way.host_count && d->way.mx == POLICY_DNS_SECURE;
}

bool check_judge_enforces_sts(const struct check_domain *d)
{
	return d->sts.state == POLICY_STS_IN_FORCE && d->sts.policy.mode == POLICY_STS_ENFORCE;
}

/* --- words --- */

static struct slice word_cut(struct slice *rest)
{
	struct slice word = slice_head(*rest, slice_find(*rest, ' '));
	*rest = slice_skip(*rest, word.len + 1);
	return word;
}

bool check_judge_words_have(const char *words, const char *word)
{
	struct slice rest = slice_str(words);
	while (rest.len)
		if (slice_equal_nocase(word_cut(&rest), slice_str(word)))
			return true;
	return false;
}

const char *check_judge_clear_mechanism(const char *auth)
{
	static const char *const clear[] = { "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER" };
	for (size_t i = 0; i < COUNT_OF(clear); i++)
		if (check_judge_words_have(auth, clear[i]))
			return clear[i];
	return NULL;
}
