#include "site/policies.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_lasting.h"
#include "publish/policy.h"
#include "site/told.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
	AT_ONCE = 32, /* questions to resolver */
	TICK_MS = 1000,
	LOOK_MS = 15 * 60 * 1000,
	LOOK_AGAIN_MS = 60 * 1000, /* where something is wrong */
	TROUBLE_MAX = 200,         /* domains that are told of */
};

/* A domain of the settings, by its number there. */
struct look {
	uint64_t due_ms;
	bool is_asked;
	char *why; /* what is wrong; NULL: nothing */
};

struct site_policies {
	struct site_policies_settings set;
	char path[PATH_MAX];
	const struct conf_settings *settings;
	struct publish_history history;
	struct look *looks;
	size_t count, asked, next;
	struct io_deadline tick;
	bool has_changed; /* the file is not as history */
	struct log_lasting unkept;
	bool is_troubled; /* what was told may not be so any more */
	bool is_untold;   /* the same of what is shown */
};

/* --- the file --- */

static void file_load(struct site_policies *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = file_read(&text, p->path, PUBLISH_HISTORY_LEN_MAX, NULL);
	if (!r)
		r = publish_history_read(&p->history, buf_slice(&text));
	if (r && r != -ENOENT)
		log_error(NULL, "what was served is not known", kv_str("file", p->path),
		          kv_str("error", r == PUBLISH_HISTORY_BAD ? "it is not ours or not whole"
		                                                   : file_error(r)),
		          kv_str("mend", "nothing: it is written anew. Take no MX host out of DNS "
		                         "before max_age has passed"));
}

static int file_write(const struct site_policies *p, struct slice text)
{
	char path[PATH_MAX + 8];
	snprintf(path, sizeof(path), "%s.new", p->path);
	CLEAN(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_raise(-errno);
	int r = file_write_fd(fd, text);
	if (!r && (fsync(fd) || rename(path, p->path)))
		r = err_raise(-errno);
	return err_up(r);
}

static void file_save(struct site_policies *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = publish_history_write(&p->history, &text);
	if (!r)
		r = file_write(p, buf_slice(&text));
	uint64_t unsaid;
	if (r && log_lasting(&p->unkept, io_loop_now_ms(p->set.loop), &unsaid))
		log_error(NULL, "what is served is not kept", kv_str("file", p->path),
		          kv_str("error", strerror(-r)), kv_int("unsaid", (int64_t)unsaid));
	p->has_changed = r; /* again at the next tick */
}

/* --- trouble --- */

static void why_set(struct site_policies *p, size_t number, const char *why)
{
	struct look *look = &p->looks[number];
	const char *domain = p->settings->mta_sts[number].domain;
	if (!why[0] && !look->why)
		return;
	if (why[0] && look->why && !strcmp(why, look->why))
		return;
	free(look->why);
	look->why = why[0] ? strdup(why) : NULL;
	p->is_troubled = p->is_untold = true;
	if (why[0])
		log_warn(NULL, "policy is not well", kv_str("domain", domain), kv_str("why", why));
	else
		log_notice(NULL, "policy is well again", kv_str("domain", domain));
}

static void trouble_tell(struct site_policies *p)
{
	CLEAN(buf_deinit) struct buf list = {};
	size_t told = 0;
	for (size_t i = 0; i < p->count && told < TROUBLE_MAX; i++) {
		if (!p->looks[i].why)
			continue;
		told++;
		if (buf_printf(&list, "%s %s\n", p->settings->mta_sts[i].domain, p->looks[i].why))
			return;
	}
	p->is_troubled = false;
	p->set.on_trouble(p->set.owner, buf_slice(&list));
}

static void told_tell(struct site_policies *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(freep) const char **whys = calloc(p->history.count + 1, sizeof(*whys));
	for (size_t i = 0; whys && i < p->count; i++) {
		const struct publish_served *s =
			publish_history_find(&p->history, p->settings->mta_sts[i].domain);
		if (s)
			whys[s - p->history.items] = p->looks[i].why;
	}
	if (!whys || site_told_write(&text, &p->history, whys))
		return;
	p->is_untold = false;
	p->set.on_told(p->set.owner, buf_slice(&text));
}

/* --- looking --- */

static void policy_log(const struct publish_served *s)
{
	char id[POLICY_STS_ID_MAX + 1];
	if (!publish_served_id(s, id))
		log_notice(NULL, "policy is served", kv_str("domain", s->domain),
		           kv_str("mode", policy_sts_mode_name((enum policy_sts_mode)s->mode)),
		           kv_str("id", id), kv_int("hosts", (int64_t)s->mx_count));
}

static void decide(struct site_policies *p, size_t number, const struct publish_hosts *hosts)
{
	const struct conf_mta_sts *wish = &p->settings->mta_sts[number];
	struct publish_served *s = publish_history_add(&p->history, wish->domain);
	char before[POLICY_STS_ID_MAX + 1] = "", after[POLICY_STS_ID_MAX + 1] = "";
	char why[PUBLISH_WHY_CAP];
	enum publish_policy what;
	int r = s ? publish_served_id(s, before) : err_raise(-ENOMEM);
	bool was_served = s && s->max_age_s;
	if (!r)
		r = publish_policy_decide(s, wish, hosts, time(NULL), &what, why);
	if (!r)
		r = publish_served_id(s, after);
	if (r) {
		log_error(NULL, "no memory for a policy", kv_str("domain", wish->domain));
		return;
	}
	if (strcmp(before, after) != 0 || (!was_served && s->max_age_s)) {
		policy_log(s);
		p->has_changed = p->is_untold = true;
	}
	why_set(p, number, why);
}

void site_policies_heard(struct site_policies *p, uint32_t number, const struct policy_way *way)
{
	const char *names[POLICY_WAY_HOSTS_MAX];
	if (number >= p->count || !p->looks[number].is_asked ||
	    strcasecmp(way->domain, p->settings->mta_sts[number].domain) != 0)
		return;
	for (size_t i = 0; i < way->host_count; i++)
		names[i] = way->hosts[i].name;
	const struct publish_hosts hosts = { .is_known = way->end != POLICY_WAY_LOST,
		                             .why = way->why,
		                             .names = names,
		                             .count = way->host_count,
		                             .is_cut = way->left_out,
		                             .cover = site_covers_host,
		                             .owner = p->set.covers };
	struct look *look = &p->looks[number];
	look->is_asked = false;
	p->asked--;
	decide(p, number, &hosts);
	look->due_ms = io_loop_now_ms(p->set.loop) + (look->why ? LOOK_AGAIN_MS : LOOK_MS);
	if (!p->asked)
		io_deadline_arm(p->set.loop, &p->tick, 0);
}

void site_policies_lost(struct site_policies *p)
{
	for (size_t i = 0; i < p->count; i++)
		p->looks[i].is_asked = false;
	p->asked = 0;
}

/* Each in its turn, so that none waits for ever. */
static void all_ask(struct site_policies *p)
{
	uint64_t now_ms = io_loop_now_ms(p->set.loop);
	for (size_t n = 0; n < p->count && p->asked < AT_ONCE; n++) {
		size_t number = p->next++ % p->count;
		struct look *look = &p->looks[number];
		if (look->is_asked || look->due_ms > now_ms)
			continue;
		if (!p->set.ask(p->set.owner, (uint32_t)number,
		                p->settings->mta_sts[number].domain))
			return;
		look->is_asked = true;
		p->asked++;
	}
}

static void over_forget(struct site_policies *p)
{
	int64_t now_s = time(NULL);
	for (size_t i = p->history.count; i-- > 0;) {
		struct publish_served *s = &p->history.items[i];
		if (!publish_served_is_over(s, now_s))
			continue;
		log_notice(NULL, "policy is served no more: nobody can hold the one before",
		           kv_str("domain", s->domain));
		publish_history_remove(&p->history, s);
		p->has_changed = p->is_untold = true;
	}
}

static void on_tick(struct io_deadline *d)
{
	struct site_policies *p =
		(struct site_policies *)((char *)d - offsetof(struct site_policies, tick));
	over_forget(p);
	all_ask(p);
	if (p->has_changed)
		file_save(p);
	else if (log_lasting_over(&p->unkept, io_loop_now_ms(p->set.loop)))
		log_notice(NULL, "what is served is kept again", kv_str("file", p->path));
	if (p->is_troubled)
		trouble_tell(p);
	if (p->is_untold)
		told_tell(p);
	io_deadline_arm(p->set.loop, d, TICK_MS);
}

/* --- settings --- */

static void looks_free(struct site_policies *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->looks[i].why);
	free(p->looks);
	p->looks = NULL;
	p->count = p->asked = 0;
}

/* wanted: by place in the history. */
static void gone_leave(struct site_policies *p, const bool *wanted)
{
	for (size_t i = 0; i < p->history.count; i++) {
		struct publish_served *s = &p->history.items[i];
		if (wanted[i]) {
			s->is_gone = false;
			continue;
		}
		if (s->is_gone)
			continue;
		publish_served_leave(s, time(NULL));
		log_notice(NULL, "policy is taken back: mode none while senders may hold it",
		           kv_str("domain", s->domain), kv_int("until", s->held_until_s));
		p->has_changed = true;
	}
}

static int history_compare(struct site_policies *p)
{
	const struct conf_settings *s = p->settings;
	for (size_t i = 0; i < s->mta_sts_count; i++)
		if (!publish_history_add(&p->history, s->mta_sts[i].domain))
			return err_raise(-ENOMEM);
	CLEAN(freep) bool *wanted = calloc(p->history.count + 1, sizeof(*wanted));
	if (!wanted)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < s->mta_sts_count; i++)
		wanted[publish_history_find(&p->history, s->mta_sts[i].domain) - p->history.items] =
			true;
	gone_leave(p, wanted);
	return 0;
}

int site_policies_begin(struct site_policies *p, const struct conf_settings *settings)
{
	looks_free(p);
	p->settings = settings;
	p->looks = calloc(settings->mta_sts_count + 1, sizeof(*p->looks));
	if (!p->looks)
		return err_raise(-ENOMEM);
	p->count = settings->mta_sts_count;
	p->is_troubled = p->is_untold = true;
	io_deadline_arm(p->set.loop, &p->tick, 0);
	return err_up(history_compare(p));
}

int site_policies_new(struct site_policies **ret_policies, const struct site_policies_settings *set)
{
	struct site_policies *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	p->set = *set;
	p->tick.fn = on_tick;
	snprintf(p->path, sizeof(p->path), "%s", set->path);
	file_load(p);
	*ret_policies = p;
	return 0;
}

void site_policies_free(struct site_policies *p)
{
	if (!p)
		return;
	io_deadline_disarm(&p->tick);
	if (p->has_changed)
		file_save(p);
	looks_free(p);
	publish_history_deinit(&p->history);
	free(p);
}

const struct publish_history *site_policies_history(const struct site_policies *p)
{
	return &p->history;
}
