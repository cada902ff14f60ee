#include "publish/planned.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/site.h"
#include "publish/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PROPOSED_MAX_AGE_S = 7 * 86400, HOST_CAP = 256 };

static const char *const source_names[] = {
	[PUBLISH_POLICY_PROPOSED] = "proposed",
	[PUBLISH_POLICY_WRITTEN] = "settings",
	[PUBLISH_POLICY_SERVED] = "served",
};
_Static_assert(COUNT_OF(source_names) == PUBLISH_POLICY_SOURCE_COUNT, "a source without a name");

const char *publish_policy_source_name(enum publish_policy_source source)
{
	return source_names[source];
}

/* Without CR, for people and JSON. */
static int policy_write(struct publish_records *records, const struct publish_served *served)
{
	CLEAN(buf_deinit) struct buf text = {};
	size_t len = 0;
	int r = publish_served_text(served, &text);
	if (!r)
		r = publish_served_id(served, records->policy_id);
	if (r)
		return err_up(r);
	struct slice bytes = buf_slice(&text);
	for (size_t i = 0; i < bytes.len && len < sizeof(records->policy) - 1; i++)
		if (bytes.data[i] != '\r')
			records->policy[len++] = (char)bytes.data[i];
	records->policy[len] = '\0';
	return 0;
}

/* Here it is asked how the policy reads, not whether it can be kept. */
static enum publish_cover covered(void *owner, const char *host, char *ret_why)
{
	(void)owner, (void)host;
	ret_why[0] = '\0';
	return PUBLISH_COVERED;
}

/* "10 mx.example.org." without what is around. */
static bool host_take(const struct publish_record *r, char ret_host[HOST_CAP])
{
	const char *host = r->type == DNS_MX ? strchr(r->data, ' ') : NULL;
	if (!host)
		return false;
	snprintf(ret_host, HOST_CAP, "%.*s", (int)strlen(host + 1) - 1, host + 1);
	return true;
}

static int wish_write(struct publish_records *records, const struct conf_mta_sts *wish)
{
	char hosts[CONF_STS_MX_MAX][HOST_CAP], why[PUBLISH_WHY_CAP];
	const char *names[CONF_STS_MX_MAX];
	enum publish_policy what;
	size_t count = 0;
	CLEAN(publish_history_deinit) struct publish_history one = {};
	struct publish_served *served = publish_history_add(&one, wish->domain);
	for (size_t i = 0; i < records->count && count < CONF_STS_MX_MAX; i++) {
		names[count] = hosts[count];
		count += host_take(&records->rows[i], hosts[count]);
	}
	/* Hosts of others are served, too, where mx names them. */
	const struct publish_hosts known = {
		.is_known = true,
		.names = wish->mx_count ? (const char *const *)wish->mx : names,
		.count = wish->mx_count ? wish->mx_count : count,
		.cover = covered,
	};
	if (!served)
		return err_raise(-ENOMEM);
	int r = publish_policy_decide(served, wish, &known, 0, &what, why);
	return r ? err_up(r) : err_up(policy_write(records, served));
}

int publish_planned(struct publish_records *records, const struct publish_with *with)
{
	char domain[HOST_CAP];
	const struct publish_served *served =
		with->history ? publish_history_find(with->history, with->domain) : NULL;
	const struct conf_mta_sts *wish = conf_mta_sts_find(with->settings, with->domain);
	snprintf(domain, sizeof(domain), "%s", with->domain);
	const struct conf_mta_sts proposal = { .domain = domain,
		                               .mode = CONF_STS_TESTING,
		                               .max_age_s = PROPOSED_MAX_AGE_S };
	if (served && served->max_age_s) {
		records->policy_source = PUBLISH_POLICY_SERVED;
		return err_up(policy_write(records, served));
	}
	if (!wish && !records->count)
		return 0;
	records->policy_source = wish ? PUBLISH_POLICY_WRITTEN : PUBLISH_POLICY_PROPOSED;
	return err_up(wish_write(records, wish ? wish : &proposal));
}
