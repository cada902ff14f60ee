#include "check/finding.h"

#include "base/clean.h"

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
