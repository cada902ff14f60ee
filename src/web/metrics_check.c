/* Of /metrics: how own domains look from outside; named as `mailseal check --prometheus` does. */
#include "web/views.h"

#include "base/clean.h"
#include "base/exposition.h"
#include "conf/settings.h"
#include "store/checks.h"

#include <string.h>

static const struct exposition_family grade = { "mailseal_check_grade", EXPOSITION_GAUGE,
	                                        "Letter of a recommendation: 6 is A+, 5 A, 4 B, 3 "
	                                        "C, 2 D, 0 F; none: not examined" },
				      findings = { "mailseal_check_findings", EXPOSITION_GAUGE,
	                                           "Findings of a domain by verdict" },
				      worse = { "mailseal_check_worse", EXPOSITION_GAUGE,
	                                        "Findings that got worse since the look before" },
				      looked = { "mailseal_check_timestamp_seconds",
	                                         EXPOSITION_GAUGE,
	                                         "When the domain was looked at, in Unix time" };

struct last {
	struct exposition *e;
	const struct exposition_family *family;
};

/* -1: not examined. */
static int letter_value(const char *letter)
{
	static const char order[] = "F-DCBA";
	const char *at = letter[0] && letter[0] != '-' ? strchr(order, letter[0]) : NULL;
	return at ? (int)(at - order) + (letter[1] == '+') : -1;
}

static void grades_write(struct exposition *e, const struct store_check *c)
{
	const struct {
		const char *about, *letter;
	} letters[] = { { "overall", c->overall },
		        { "between", c->between },
		        { "users", c->users } };
	for (size_t i = 0; i < COUNT_OF(letters); i++)
		if (letter_value(letters[i].letter) >= 0)
			exposition_value(e, &grade, letter_value(letters[i].letter),
			                 { "domain", c->domain }, { "about", letters[i].about });
}

static void findings_write(struct exposition *e, const struct store_check *c)
{
	const struct {
		const char *verdict;
		unsigned count;
	} counts[] = { { "critical", c->critical },
		       { "fail", c->fail },
		       { "warn", c->warn },
		       { "not-tested", c->not_tested } };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		exposition_value(e, &findings, counts[i].count, { "domain", c->domain },
		                 { "verdict", counts[i].verdict });
}

static int on_last(void *owner, const struct store_check *c)
{
	const struct last *last = owner;
	if (last->family == &grade)
		grades_write(last->e, c);
	else if (last->family == &findings)
		findings_write(last->e, c);
	else if (last->family == &worse)
		exposition_value(last->e, &worse, c->worse, { "domain", c->domain });
	else
		exposition_value(last->e, &looked, (double)c->at_s, { "domain", c->domain });
	return 0;
}

/* What cannot be read is left out. */
void web_metrics_check(const struct web *web, struct exposition *e)
{
	static const struct exposition_family *const families[] = { &grade, &findings, &worse,
		                                                    &looked };
	const struct conf_check *check = &web->set.settings->check;
	struct store_checks *store = web_checks_open(web);
	for (size_t i = 0; store && i < COUNT_OF(families); i++) {
		struct last last = { e, families[i] };
		exposition_begin(e, families[i]);
		for (size_t n = 0; n < check->domain_count; n++)
			(void)!store_checks_read(store, check->domains[n], 1, on_last, &last);
	}
	store_checks_close(store);
}
