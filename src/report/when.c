#include "report/when.h"

#include "base/clean.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 3600, DAYS_MAX = 100 * 365 };

/* "7d". */
static bool ago_parse(const char *text, int64_t *ret_s)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S }, { 'w', 7 * DAY_S } };
	char *end = NULL;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	long long count = strtoll(text, &end, 10);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (!errno && end[0] == units[i].letter && !end[1] &&
		    count <= (int64_t)DAYS_MAX * DAY_S / units[i].seconds) {
			*ret_s = count * units[i].seconds;
			return true;
		}
	return false;
}

/* A date, with or without a time of day: made whole, for one way to read it. */
static bool date_parse(const char *text, int64_t *ret_at_s, bool *ret_is_day)
{
	char whole[24], again[24];
	struct tm tm = {};
	size_t len = strlen(text);
	if (len > strlen("2027-03-31T12") && text[len - 1] == 'Z')
		len--;
	*ret_is_day = len == strlen("2027-03-31");
	bool is_minute = len == strlen("2027-03-31T12:00");
	if (!*ret_is_day && !is_minute && len != strlen("2027-03-31T12:00:00"))
		return false;
	snprintf(whole, sizeof(whole), "%.*s%s", (int)len, text,
	         *ret_is_day ? "T00:00:00"
	         : is_minute ? ":00"
	                     : "");
	if (whole[10] == ' ')
		whole[10] = 'T';
	const char *end = strptime(whole, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end || *end)
		return false;
	*ret_at_s = timegm(&tm);
	gmtime_r(&(time_t){ *ret_at_s }, &tm);
	/* strptime() takes "2027-02-31" and " 2027-2-1": what comes out has to be what went in. */
	return *ret_at_s >= 0 && strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%S", &tm) &&
	       !strcmp(again, whole);
}

int report_when_parse(const char *text, int64_t now_s, int64_t *ret_at_s, bool *ret_is_day)
{
	int64_t ago = 0;
	if (date_parse(text, ret_at_s, ret_is_day))
		return 0;
	*ret_is_day = false;
	if (strcmp(text, "now") && !ago_parse(text, &ago))
		return REPORT_WHEN_BAD;
	*ret_at_s = now_s > ago ? now_s - ago : 0;
	return 0;
}

int report_span_parse(const char *since, const char *until, int64_t now_s,
                      struct report_span *ret_span, const char **ret_why)
{
	/* What ended in this second is in it. */
	struct report_span span = { .until_s = now_s + 1 };
	bool is_day = false;
	if (until && report_when_parse(until, now_s, &span.until_s, &is_day)) {
		*ret_why = "--until is a date (2027-03-31), one with a time (2027-03-31T12:00, "
			   "UTC), or so long ago (24h, 7d)";
		return REPORT_WHEN_BAD;
	}
	if (is_day)
		span.until_s += DAY_S;
	span.since_s = span.until_s - REPORT_SPAN_USUAL_S;
	if (since && report_when_parse(since, now_s, &span.since_s, &is_day)) {
		*ret_why = "--since is a date (2027-03-31), one with a time (2027-03-31T12:00, "
			   "UTC), or so long ago (24h, 7d)";
		return REPORT_WHEN_BAD;
	}
	if (span.since_s >= span.until_s) {
		*ret_why = "--since is not before --until";
		return REPORT_WHEN_BAD;
	}
	*ret_span = span;
	return 0;
}
