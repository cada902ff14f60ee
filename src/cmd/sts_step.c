#include "cmd/sts_step.h"

#include "base/clean.h"
#include "base/file.h"
#include "conf/conf.h"
#include "store/received.h"

#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_BACK_S = 30 * 24 * 3600, SENDERS_MAX = 64 };

bool sts_served_read(const struct conf_settings *s, struct publish_history *ret_history)
{
	char path[PATH_MAX];
	CLEAN(buf_deinit) struct buf text = {};
	snprintf(path, sizeof(path), "%s/" CONF_SITE_FOLDER "/" CONF_SERVED_FILE, s->state_dir);
	return !file_read(&text, path, PUBLISH_HISTORY_LEN_MAX, NULL) &&
	       !publish_history_read(ret_history, buf_slice(&text));
}

/* By the domain a report came from, which our MTA vouched for, or what the report calls itself. */
struct senders {
	char names[SENDERS_MAX][256];
	size_t count;
};

struct finding {
	struct publish_step_facts *facts;
	struct senders all, failed;
	uint64_t most;
	char worst[900];
};

/* Those past the last are not told apart: there are enough. */
static void sender_add(struct senders *s, const char *from, const char *organization)
{
	const char *name = from[0] ? from : organization;
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->names[i], name))
			return;
	if (s->count < SENDERS_MAX)
		snprintf(s->names[s->count++], sizeof(s->names[0]), "%s", name);
}

static int on_sum(void *owner, const struct store_received_sum *sum)
{
	struct finding *f = owner;
	if (sum->trust == STORE_RECEIVED_UNVERIFIED)
		return 0;
	f->facts->reports += sum->reports;
	f->facts->succeeded += sum->succeeded;
	sender_add(&f->all, sum->from, sum->organization);
	return 0;
}

static int on_fault(void *owner, const struct store_received_fault *fault)
{
	struct finding *f = owner;
	if (fault->trust == STORE_RECEIVED_UNVERIFIED || !publish_step_counts(fault->result))
		return 0;
	f->facts->failed += fault->sessions;
	sender_add(&f->failed, fault->from, fault->organization);
	if (fault->sessions <= f->most)
		return 0;
	f->most = fault->sessions;
	snprintf(f->worst, sizeof(f->worst), "%s at %s, told by %s", fault->result,
	         fault->mx[0] ? fault->mx : "no host", fault->organization);
	return 0;
}

static int reports_read(struct finding *f, const struct conf_settings *settings, const char *domain,
                        int64_t since_s)
{
	char path[PATH_MAX];
	struct store_received *store = NULL;
	const struct store_received_reader reader = { f, on_sum, on_fault };
	snprintf(path, sizeof(path), "%s/" CONF_REPORTS_FOLDER "/" CONF_RECEIVED_FILE,
	         settings->state_dir);
	int r = store_received_open_read(&store, path);
	if (!r)
		r = store_received_read(store, since_s, domain, &reader);
	store_received_close(store);
	return r && r != STORE_RECEIVED_NONE ? STS_STEP_UNREADABLE : 0;
}

int sts_step_find(struct sts_step *ret_step, const struct conf_settings *settings,
                  const char *domain, const struct publish_served *served)
{
	int64_t now_s = time(NULL);
	struct publish_step_facts facts = { .is_served = served && served->max_age_s };
	struct finding f = { .facts = &facts };
	if (facts.is_served) {
		facts.mode = served->mode;
		facts.since_s = served->since_s;
	}
	int64_t since_s = now_s - LOOK_BACK_S;
	int r = reports_read(&f, settings, domain,
	                     facts.since_s > since_s ? facts.since_s : since_s);
	if (r)
		return r;
	facts.senders = f.all.count;
	facts.failed_senders = f.failed.count;
	facts.worst = f.worst;
	ret_step->step = publish_step_next(&facts, now_s, ret_step->text);
	return 0;
}
