#include "publish/policy.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REFUSED_MAX_AGE_S = 24 * 3600 };

/* --- would it stop mail? --- */

static bool fits(const char *pattern, const char *host)
{
	const char *parent = strchr(host, '.');
	if (strncmp(pattern, "*.", 2) != 0)
		return !strcasecmp(pattern, host);
	return parent && parent != host && !strcasecmp(pattern + 1, parent);
}

static bool is_named(const struct conf_mta_sts *wish, const char *host)
{
	for (size_t i = 0; i < wish->mx_count; i++)
		if (fits(wish->mx[i], host))
			return true;
	return !wish->mx_count;
}

/* False, and ret_why says it: this host could not be sent to. */
static bool host_is_well(const struct conf_mta_sts *wish, const struct publish_hosts *hosts,
                         const char *host, char *ret_why)
{
	char why[PUBLISH_WHY_CAP] = "";
	if (!is_named(wish, host)) {
		snprintf(ret_why, PUBLISH_WHY_CAP,
		         "DNS has the MX host %.200s, which the setting mx does not name", host);
		return false;
	}
	enum publish_cover cover = hosts->cover(hosts->owner, host, why);
	/* Of a host that the operator names and that is not ours he knows himself. */
	if (cover == PUBLISH_COVERED || (cover == PUBLISH_FOREIGN && wish->mx_count))
		return true;
	snprintf(ret_why, PUBLISH_WHY_CAP, "%s", why);
	return false;
}

static bool is_well(const struct conf_mta_sts *wish, const struct publish_hosts *hosts,
                    char *ret_why)
{
	if (!hosts->count) {
		snprintf(ret_why, PUBLISH_WHY_CAP, "DNS says that the domain takes no mail");
		return false;
	}
	if (hosts->is_cut && !wish->mx_count) {
		snprintf(ret_why, PUBLISH_WHY_CAP,
		         "DNS has more MX hosts than are looked at; write mx");
		return false;
	}
	for (size_t i = 0; i < hosts->count; i++)
		if (!host_is_well(wish, hosts, hosts->names[i], ret_why))
			return false;
	return true;
}

/* --- into force --- */

static struct publish_served_mx *mx_find(const struct publish_served *s, const char *name)
{
	for (size_t i = 0; i < s->mx_count; i++)
		if (!strcasecmp(s->mx[i].name, name))
			return &s->mx[i];
	return NULL;
}

static int mx_add(struct publish_served *s, const char *name)
{
	struct publish_served_mx *known = mx_find(s, name);
	if (known) {
		known->until_s = 0;
		return 0;
	}
	struct publish_served_mx *mx = reallocarray(s->mx, s->mx_count + 1, sizeof(*mx));
	if (!mx)
		return err_raise(-ENOMEM);
	s->mx = mx;
	char *copy = strdup(name);
	if (!copy)
		return err_raise(-ENOMEM);
	for (char *c = copy; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	mx[s->mx_count++] = (struct publish_served_mx){ .name = copy };
	return 0;
}

static void mx_remove(struct publish_served *s, size_t at)
{
	free(s->mx[at].name);
	s->mx_count--;
	memmove(&s->mx[at], &s->mx[at + 1], (s->mx_count - at) * sizeof(*s->mx));
}

static bool is_on(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(names[i], name))
			return true;
	return false;
}

/* What is named no more leaves when nobody can hold the policy that named it. */
static void mx_age(struct publish_served *s, const char *const *names, size_t count, int64_t now_s)
{
	for (size_t i = s->mx_count; i-- > 0;) {
		struct publish_served_mx *mx = &s->mx[i];
		if (is_on(names, count, mx->name))
			continue;
		if (!mx->until_s)
			mx->until_s = now_s + (int64_t)s->max_age_s;
		if (mx->until_s <= now_s || s->mode == CONF_STS_NONE)
			mx_remove(s, i);
	}
}

/* Those that are named take the room of those that are not. */
static void mx_room(struct publish_served *s)
{
	for (size_t i = s->mx_count; i-- > 0 && s->mx_count > CONF_STS_MX_MAX;)
		if (s->mx[i].until_s)
			mx_remove(s, i);
}

static int wish_take(struct publish_served *s, const struct conf_mta_sts *wish,
                     const struct publish_hosts *hosts, int64_t now_s)
{
	bool is_written = wish->mx_count;
	const char *const *names = is_written ? (const char *const *)wish->mx : hosts->names;
	size_t count = is_written ? wish->mx_count : hosts->is_known ? hosts->count : 0;
	int r = 0;
	if (!s->max_age_s || s->mode != wish->mode)
		s->since_s = now_s;
	if (s->max_age_s != wish->max_age_s || s->mode != wish->mode)
		publish_served_hold(s, now_s);
	mx_age(s, names, count, now_s);
	for (size_t i = 0; !r && i < count; i++)
		r = mx_add(s, names[i]);
	mx_room(s);
	s->mode = wish->mode;
	s->max_age_s = wish->max_age_s;
	s->is_gone = false;
	return err_up(r);
}

/* What is not good is not served; nor does anything change that is. */
static enum publish_policy refuse(struct publish_served *s, int64_t now_s)
{
	bool was_served = s->max_age_s;
	s->is_gone = false;
	if (!was_served) {
		s->max_age_s = REFUSED_MAX_AGE_S;
		s->since_s = now_s;
	}
	return was_served && s->mode != CONF_STS_NONE ? PUBLISH_POLICY_KEPT : PUBLISH_POLICY_NONE;
}

int publish_policy_decide(struct publish_served *s, const struct conf_mta_sts *wish,
                          const struct publish_hosts *hosts, int64_t now_s,
                          enum publish_policy *ret_policy, char *ret_why)
{
	ret_why[0] = '\0';
	*ret_policy = PUBLISH_POLICY_AS_WISHED;
	if (wish->mode == CONF_STS_NONE)
		return err_up(wish_take(s, wish, hosts, now_s));
	if (!hosts->is_known) {
		if (hosts->why)
			snprintf(ret_why, PUBLISH_WHY_CAP,
			         "the MX records could not be looked up: %.300s", hosts->why);
		*ret_policy = s->max_age_s ? PUBLISH_POLICY_KEPT : PUBLISH_POLICY_WAITS;
		return 0;
	}
	bool is_good = is_well(wish, hosts, ret_why);
	if (!is_good && (wish->mode == CONF_STS_ENFORCE || !hosts->count)) {
		*ret_policy = refuse(s, now_s);
		return 0;
	}
	return err_up(wish_take(s, wish, hosts, now_s));
}
