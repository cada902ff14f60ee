#include "advice/rule.h"

#include "base/clean.h"

const char *advice_verdict_name(enum advice_verdict verdict)
{
	static const char *const names[] = {
		[ADVICE_WELL] = "well",
		[ADVICE_INFO] = "info",
		[ADVICE_WARN] = "warn",
		[ADVICE_FAIL] = "fail",
	};
	_Static_assert(COUNT_OF(names) == ADVICE_VERDICT_COUNT);
	return names[verdict];
}
