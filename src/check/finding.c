#include "check/finding.h"

#include "base/clean.h"

#include <strings.h>

static const char *const verdicts[] = {
	[CHECK_PASS] = "pass",         [CHECK_NOT_APPLICABLE] = "not-applicable",
	[CHECK_INFO] = "info",         [CHECK_NOT_TESTED] = "not-tested",
	[CHECK_WARN] = "warn",         [CHECK_FAIL] = "fail",
	[CHECK_CRITICAL] = "critical",
};
_Static_assert(COUNT_OF(verdicts) == CHECK_VERDICT_COUNT, "a verdict without a name");

const char *check_verdict_name(enum check_verdict verdict)
{
	return verdicts[verdict];
}

void check_report_deinit(struct check_report *report)
{
	free(report->findings);
	*report = (struct check_report){};
}

bool check_finding_is_like(const struct check_finding *a, const struct check_finding *b)
{
	return a->criterion == b->criterion && a->verdict == b->verdict &&
	       !strcmp(a->evidence, b->evidence) && !strcasecmp(a->software, b->software);
}
