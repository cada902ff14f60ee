/* Of names of our own in HTTPS: is there a door, is each domain there once. */
#include "conf/check.h"
#include "conf/conf.h"
#include "conf/site.h"

#include <stdlib.h>
#include <strings.h>

struct named {
	const char *domain;
	size_t index;
};

static int named_compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcasecmp(x->domain, y->domain);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Takes list. */
static void duplicates(struct conf_reader *r, const char *group, struct named *list, size_t count)
{
	if (!list)
		return; /* no memory: the one that is found first counts */
	qsort(list, count, sizeof(*list), named_compare);
	for (size_t i = 1; i < count; i++) {
		char path[64];
		if (strcasecmp(list[i - 1].domain, list[i].domain) != 0)
			continue;
		snprintf(path, sizeof(path), "%s[%zu].domain", group, list[i].index);
		conf_complain(r, path, "\"%.100s\" is there twice", list[i].domain);
		conf_mend(r, "take one of them out");
	}
	free(list);
}

static struct named *list_new(size_t count)
{
	return count ? calloc(count, sizeof(struct named)) : NULL;
}

static void mta_sts_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	struct named *list = list_new(s->mta_sts_count);
	size_t count = 0;
	for (size_t i = 0; i < s->mta_sts_count; i++) {
		const struct conf_mta_sts *m = &s->mta_sts[i];
		char path[64];
		if (list && m->domain)
			list[count++] = (struct named){ m->domain, i };
		if (m->mx_count <= CONF_STS_MX_MAX)
			continue;
		snprintf(path, sizeof(path), "mta_sts[%zu].mx", i);
		conf_complain(r, path, "a policy names %d hosts at most", CONF_STS_MX_MAX);
		conf_mend(r, "use a pattern: \"*.mx.example.org\"");
	}
	duplicates(r, "mta_sts", list, count);
}

static void autoconfig_check(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	struct named *list = list_new(s->autoconfig_count);
	size_t count = 0;
	for (size_t i = 0; list && i < s->autoconfig_count; i++)
		if (s->autoconfigs[i].domain)
			list[count++] = (struct named){ s->autoconfigs[i].domain, i };
	duplicates(r, "autoconfig", list, count);
}

void conf_check_site(struct conf_reader *r)
{
	const char *group = r->settings->mta_sts_count ? "mta_sts" : "autoconfig";
	if (!conf_needs_site(r->settings))
		return;
	mta_sts_check(r);
	autoconfig_check(r);
	if (conf_site_edge(r->settings) || conf_is_bad(r, "edge"))
		return;
	conf_complain(r, group, "nobody can ask for it: there is no http edge with TLS");
	conf_mend(r,
	          "add edge = { web = { protocol = \"http\"; listen_tls = [\"*:443\"]; ... }; };");
}
