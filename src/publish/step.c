#include "publish/step.h"

#include "base/clean.h"
#include "base/slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 24 * 3600, WORST_CAP = 300 };

static const char *const names[] = {
	[PUBLISH_STEP_TO_TESTING] = "to-testing",
	[PUBLISH_STEP_TO_ENFORCE] = "to-enforce",
	[PUBLISH_STEP_WAIT] = "wait",
	[PUBLISH_STEP_MEND] = "mend",
	[PUBLISH_STEP_STAY] = "stay",
};
_Static_assert(COUNT_OF(names) == PUBLISH_STEP_COUNT, "a step without its name");

const char *publish_step_name(enum publish_step step)
{
	return names[step];
}

bool publish_step_counts(const char *result)
{
	static const char *const of_dane[] = { "tlsa-", "dnssec-", "dane-" };
	for (size_t i = 0; i < COUNT_OF(of_dane); i++)
		if (!strncmp(result, of_dane[i], strlen(of_dane[i])))
			return false;
	return true;
}

static enum publish_step step_of(const struct publish_step_facts *f, int64_t now_s)
{
	if (!f->is_served || f->mode == CONF_STS_NONE)
		return PUBLISH_STEP_TO_TESTING;
	if (f->failed)
		return PUBLISH_STEP_MEND;
	if (f->mode == CONF_STS_ENFORCE)
		return PUBLISH_STEP_STAY;
	if (now_s - f->since_s < PUBLISH_STEP_TESTING_S || f->senders < PUBLISH_STEP_SENDERS)
		return PUBLISH_STEP_WAIT;
	return PUBLISH_STEP_TO_ENFORCE;
}

/* "testing since 30 days, 12 reports of 3 senders" */
static int facts_write(const struct publish_step_facts *f, int64_t now_s, char *ret_text)
{
	int64_t days = now_s > f->since_s ? (now_s - f->since_s) / DAY_S : 0;
	return snprintf(ret_text, PUBLISH_STEP_CAP,
	                "%s for %" PRId64 " days, %" PRIu64 " reports of %" PRIu64 " senders",
	                f->mode == CONF_STS_ENFORCE ? "enforce" : "testing", days, f->reports,
	                f->senders);
}

static void mend_write(const struct publish_step_facts *f, char *text, size_t cap)
{
	char worst[WORST_CAP];
	slice_to_text(slice_str(f->worst ? f->worst : "?"), worst, sizeof(worst));
	snprintf(text, cap, ": %" PRIu64 " sessions of %" PRIu64 " senders failed, most: %s; %s",
	         f->failed, f->failed_senders, worst,
	         f->mode == CONF_STS_ENFORCE ? "that mail is not delivered: mend it"
	                                     : "mend it before enforce");
}

enum publish_step publish_step_next(const struct publish_step_facts *f, int64_t now_s,
                                    char *ret_text)
{
	enum publish_step step = step_of(f, now_s);
	if (step == PUBLISH_STEP_TO_TESTING) {
		snprintf(ret_text, PUBLISH_STEP_CAP,
		         "mode \"testing\" may come: it stops no mail, and senders report what "
		         "would be stopped");
		return step;
	}
	int len = facts_write(f, now_s, ret_text);
	char *rest = ret_text + len;
	size_t cap = PUBLISH_STEP_CAP - (size_t)len;
	if (step == PUBLISH_STEP_MEND)
		mend_write(f, rest, cap);
	else if (step == PUBLISH_STEP_TO_ENFORCE)
		snprintf(rest, cap, ", no failures: mode \"enforce\" may come");
	else if (step == PUBLISH_STEP_STAY)
		snprintf(rest, cap, ", no failures");
	else if (f->senders < PUBLISH_STEP_SENDERS)
		snprintf(rest, cap,
		         ": too few to judge by; is _smtp._tls in DNS, and do reports come to "
		         "mailseal report tlsrpt --ingest?");
	else
		snprintf(rest, cap, ", no failures: enforce may come after %d days",
		         PUBLISH_STEP_TESTING_S / DAY_S);
	return step;
}
