#include "check/print.h"

#include "base/err.h"

unsigned check_report_bad(const struct check_report *report, enum check_threshold threshold)
{
	unsigned bad = report->totals[CHECK_FAIL] + report->totals[CHECK_CRITICAL];
	return threshold == CHECK_FAILS_ON_WARN ? bad + report->totals[CHECK_WARN] : bad;
}

int check_print_clean(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	uint8_t *at;
	int r = buf_reserve(out, len, &at);
	if (r)
		return err_up(r);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)slice_byte_shown((uint8_t)text[i]);
	buf_commit(out, len);
	return 0;
}

const char *check_report_asked(const struct check_report *report)
{
	const struct check_domain *d = report->domain;
	return d->asked[0] ? d->asked : d->name;
}
