#include "parent/verdict.h"

#include "base/clean.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 3600, DATE_CAP = 32 };

bool verdict_may_find(enum proc_alarm_kind kind)
{
	return kind <= PROC_ALARM_CHAIN_INCOMPLETE;
}

const char *verdict_mend(enum proc_alarm_kind kind, enum verdict_keeper keeper)
{
	static const char *const mends[][VERDICT_KEEPER_COUNT] = {
		[PROC_ALARM_STALE] = {
			[VERDICT_KEEPER_FILES] = "mailseal takes new files by itself: see its log for why not "
			                         "these, and `mailseal config check`",
			[VERDICT_KEEPER_OURS] = "mailseal takes what it ordered by itself: see its log for why "
			                        "not this one",
		},
		[PROC_ALARM_EXPIRED] = {
			[VERDICT_KEEPER_FILES] = "renew it; mailseal takes the new files by itself",
			[VERDICT_KEEPER_OURS] = "see acme in `mailseal ctl status` for why no order went well; "
			                        "`mailseal ctl acme-renew NAME` orders at once",
		},
		[PROC_ALARM_EXPIRES] = {
			[VERDICT_KEEPER_FILES] = "renew it, or see why its ACME client did not; mailseal takes "
			                         "the new files by itself",
			[VERDICT_KEEPER_OURS] = "see acme in `mailseal ctl status` for why no order went well; "
			                        "`mailseal ctl acme-renew NAME` orders at once",
		},
	};
	return (unsigned)kind < COUNT_OF(mends) ? mends[kind][keeper] : NULL;
}

__attribute__((format(printf, 3, 4))) static void
wrong(struct verdict *v, enum proc_alarm_kind kind, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(v->texts[kind], sizeof(v->texts[kind]), format, args);
	va_end(args);
	v->is_wrong[kind] = true;
}

static const char *date_of(int64_t at_s, char ret_text[DATE_CAP])
{
	time_t at = (time_t)at_s;
	struct tm tm;
	if (!gmtime_r(&at, &tm) || !strftime(ret_text, DATE_CAP, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(ret_text, DATE_CAP, "an unknown date");
	return ret_text;
}

/* How long before its end it should have been renewed. */
static int64_t warn_s(const struct proc_witness_sight *s)
{
	int64_t life_s = s->not_after_s - s->not_before_s;
	return life_s >= VERDICT_SHORT_S ? VERDICT_WARN_S : life_s / 3;
}

static void dates_find(struct verdict *v, const struct proc_witness_sight *s, bool is_self_made,
                       int64_t now_s)
{
	char date[DATE_CAP];
	int64_t left_s = s->not_after_s - now_s;
	if (s->not_before_s > now_s)
		wrong(v, PROC_ALARM_EXPIRED,
		      "the certificate that is served is not valid before %s",
		      date_of(s->not_before_s, date));
	else if (left_s <= 0)
		wrong(v, PROC_ALARM_EXPIRED, "the certificate that is served expired at %s",
		      date_of(s->not_after_s, date));
	else if (left_s < warn_s(s) && !is_self_made)
		wrong(v, PROC_ALARM_EXPIRES,
		      "the certificate that is served expires at %s, in %lld %s",
		      date_of(s->not_after_s, date),
		      (long long)(left_s >= 2 * DAY_S ? left_s / DAY_S : left_s / 3600),
		      left_s >= 2 * DAY_S ? "days" : "hours");
}

/* What is on the disk should be served, and what is in force. */
static void source_find(struct verdict *v, const struct proc_witness_sight *s,
                        const struct verdict_expected *e, int64_t now_s)
{
	char date[DATE_CAP], until[DATE_CAP];
	bool is_of_file = e->has_file && !memcmp(e->file_sha256, s->sha256, sizeof(s->sha256));
	if (is_of_file)
		return;
	if (e->has_force && !e->is_in_force)
		wrong(v, PROC_ALARM_NOT_SERVED,
		      "a certificate is served (valid until %s) that is none of this edge's",
		      date_of(s->not_after_s, until));
	else if (e->has_file && now_s - e->file_s > VERDICT_STALE_S)
		wrong(v, PROC_ALARM_STALE,
		      "%.200s has another certificate since %s; the one that is served is valid "
		      "until "
		      "%s",
		      e->file, date_of(e->file_s, date), date_of(s->not_after_s, until));
}

/* A certificate was shown. */
static void seen_find(struct verdict *v, const struct proc_witness_sight *s,
                      const struct verdict_expected *expected, int64_t now_s)
{
	source_find(v, s, expected, now_s);
	dates_find(v, s, expected->is_self_made, now_s);
	if (!s->has_name)
		wrong(v, PROC_ALARM_NAME_MISMATCH,
		      "the certificate that is served has not this name");
	if (s->is_incomplete)
		wrong(v, PROC_ALARM_CHAIN_INCOMPLETE,
		      "the certificate is sent without the one that issued it");
	if (s->tlsa == PROC_WITNESS_TLSA_MISSES)
		wrong(v, PROC_ALARM_TLSA_MISMATCH,
		      "no TLSA record in DNS covers the certificate that is served%s%s",
		      s->why[0] ? ": " : "", s->why);
}

void verdict_find(struct verdict *ret_verdict, const struct proc_witness_sight *sight,
                  const struct verdict_expected *expected, int64_t now_s)
{
	struct verdict *v = ret_verdict;
	memset(v, 0, sizeof(*v));
	switch (sight->end) {
	case PROC_WITNESS_SEEN:
		seen_find(v, sight, expected, now_s);
		break;
	case PROC_WITNESS_SHUT:
		wrong(v, PROC_ALARM_UNREACHABLE, "%s", sight->why);
		break;
	case PROC_WITNESS_NO_TLS:
		wrong(v, PROC_ALARM_UNREACHABLE, "it answers without TLS: %s", sight->why);
		break;
	case PROC_WITNESS_LOST:
	case PROC_WITNESS_END_COUNT:
		break;
	}
}

bool verdict_is_about(const char *subject, const char *target, size_t target_len)
{
	return !strncmp(subject, target, target_len) &&
	       (!subject[target_len] || subject[target_len] == ' ');
}
