#include "publish/seen.h"

#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* What strangers wrote is shown. */
static void printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static enum publish_seen_verdict verdict_of(const struct publish_served *s,
                                            const struct publish_seen *seen, const char *id,
                                            struct slice text, char *ret_why)
{
	switch (seen->state) {
	case POLICY_STS_LOST:
		return PUBLISH_SEEN_UNKNOWN;
	case POLICY_STS_UNUSED:
		if (s->mode == CONF_STS_NONE) /* it says as much */
			return PUBLISH_SEEN_SAME;
		snprintf(ret_why, PUBLISH_SEEN_WHY_CAP,
		         "there is no record _mta-sts.%.200s: senders do not ask for the policy",
		         s->domain);
		return PUBLISH_SEEN_OTHER;
	case POLICY_STS_BROKEN:
		snprintf(ret_why, PUBLISH_SEEN_WHY_CAP, "%s", seen->why);
		return PUBLISH_SEEN_FAILED;
	case POLICY_STS_IN_FORCE:
		break;
	}
	if (!slice_equal(seen->text, text)) {
		snprintf(ret_why, PUBLISH_SEEN_WHY_CAP,
		         "mta-sts.%.200s serves another policy than mailseal does here", s->domain);
		return PUBLISH_SEEN_OTHER;
	}
	if (!strcmp(seen->id, id))
		return PUBLISH_SEEN_SAME;
	snprintf(ret_why, PUBLISH_SEEN_WHY_CAP,
	         "the record _mta-sts.%.200s has id %s, and the policy that is served has %s: "
	         "senders keep the one that they hold",
	         s->domain, seen->id, id);
	return PUBLISH_SEEN_OTHER;
}

int publish_seen_compare(const struct publish_served *s, const struct publish_seen *seen,
                         enum publish_seen_verdict *ret_verdict, char *ret_why)
{
	CLEAN(buf_deinit) struct buf text = {};
	char id[POLICY_STS_ID_MAX + 1];
	ret_why[0] = '\0';
	*ret_verdict = PUBLISH_SEEN_UNKNOWN;
	if (!s->max_age_s)
		return 0;
	int r = publish_served_text(s, &text);
	if (!r)
		r = publish_served_id(s, id);
	if (r)
		return err_up(r);
	*ret_verdict = verdict_of(s, seen, id, buf_slice(&text), ret_why);
	printable(ret_why);
	return 0;
}
