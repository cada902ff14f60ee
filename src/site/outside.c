#include "site/outside.h"

#include "base/clean.h"
#include "base/err.h"
#include "proc/published.h"
#include "publish/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIST_MAX = 200 /* domains that are told of */ };

struct sight {
	char *domain;
	char why[PUBLISH_SEEN_WHY_CAP]; /* "": it is as it should be */
	bool has_failed;                /* it could not be had, the last time */
};

struct site_outside {
	struct sight *sights; /* in the order of the settings */
	size_t count;
	bool has_changed;
};

static struct sight *sight_of(struct site_outside *o, const char *domain)
{
	for (size_t i = 0; i < o->count; i++)
		if (!strcasecmp(o->sights[i].domain, domain))
			return &o->sights[i];
	return NULL;
}

static void why_set(struct site_outside *o, struct sight *s, const char *why)
{
	o->has_changed |= strcmp(s->why, why) != 0;
	memcpy(s->why, why, strlen(why) + 1);
}

int site_outside_saw(struct site_outside *o, struct slice payload,
                     const struct publish_history *served)
{
	struct proc_published published = {};
	char why[PUBLISH_SEEN_WHY_CAP];
	enum publish_seen_verdict verdict;
	if (!proc_published_unpack(payload, &published))
		return err_raise(-EPROTO);
	struct sight *s = sight_of(o, published.domain);
	const struct publish_served *here = publish_history_find(served, published.domain);
	if (!s || !here) /* of settings before */
		return 0;
	const struct publish_seen seen = { .state = published.state,
		                           .id = published.id,
		                           .why = published.why,
		                           .text = published.text };
	int r = publish_seen_compare(here, &seen, &verdict, why);
	if (r)
		return err_up(r);
	if (verdict == PUBLISH_SEEN_UNKNOWN)
		return 0;
	bool failed_before = s->has_failed;
	s->has_failed = verdict == PUBLISH_SEEN_FAILED;
	if (!s->has_failed || failed_before)
		why_set(o, s, why);
	return 0;
}

bool site_outside_is_news(struct site_outside *o, struct buf *ret_list)
{
	size_t told = 0;
	int r = 0;
	if (!o->has_changed)
		return false;
	for (size_t i = 0; i < o->count && told < LIST_MAX && !r; i++) {
		if (!o->sights[i].why[0])
			continue;
		told++;
		r = buf_printf(ret_list, "%s %s\n", o->sights[i].domain, o->sights[i].why);
	}
	o->has_changed = r; /* again the next time */
	return !r;
}

static void sights_free(struct sight *sights, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(sights[i].domain);
	free(sights);
}

int site_outside_begin(struct site_outside *o, const struct conf_settings *settings)
{
	size_t count = settings->mta_sts_count;
	struct sight *sights = calloc(count + 1, sizeof(*sights));
	if (!sights)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		const struct sight *old = sight_of(o, settings->mta_sts[i].domain);
		if (old)
			sights[i] = *old;
		sights[i].domain = strdup(settings->mta_sts[i].domain);
		if (!sights[i].domain) {
			sights_free(sights, i);
			return err_raise(-ENOMEM);
		}
	}
	sights_free(o->sights, o->count);
	o->sights = sights;
	o->count = count;
	o->has_changed = true;
	return 0;
}

int site_outside_new(struct site_outside **ret_outside)
{
	*ret_outside = calloc(1, sizeof(**ret_outside));
	return *ret_outside ? 0 : err_raise(-ENOMEM);
}

void site_outside_free(struct site_outside *o)
{
	if (!o)
		return;
	sights_free(o->sights, o->count);
	free(o);
}
