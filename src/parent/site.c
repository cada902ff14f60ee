/* The process that answers at names of our own: its start, what it is told, what it says. */
#include "conf/site.h"

#include "base/clean.h"
#include "base/log.h"
#include "parent/alarms.h"
#include "parent/children.h"
#include "parent/site.h"
#include "parent/state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_shown_at(const struct conf_edge *e, const char *certificate)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (!strcmp(e->certificates[i], certificate))
			return true;
	return !e->certificate_count;
}

static bool is_shown_to_senders(const struct conf_settings *s, const char *certificate)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->edges[i].protocol == CONF_SMTP && is_shown_at(&s->edges[i], certificate))
			return true;
	return false;
}

void parent_site_configure(struct parent *p)
{
	const struct parent_plan *plan = p->plan;
	const struct conf_settings *s = plan->settings;
	uint8_t whole = 0;
	if (!p->site.chan || !conf_needs_site(s))
		return;
	parent_send(&p->site, PROC_MSG_CONFIG, slice_str(s->text), -1);
	for (size_t i = 0; i < s->certificate_count && s->mta_sts_count; i++)
		if (is_shown_to_senders(s, s->certificates[i].name))
			parent_file_send(&p->site, PROC_MSG_CHAIN, plan->certificates[i].key_id,
			                 s->certificates[i].name,
			                 buf_slice(&plan->certificates[i].chain));
	parent_send(&p->site, PROC_MSG_START, slice_of(&whole, sizeof(whole)), -1);
}

int parent_site_start(struct parent_child *c)
{
	struct parent *p = c->parent;
	const struct conf_settings *s = p->plan->settings;
	c->is_replaced = false;
	int r = parent_folder_make(s, CONF_SITE_FOLDER);
	if (!r)
		r = parent_child_start(c, s->user);
	if (r)
		return r;
	parent_site_configure(p);
	parent_introduce(&p->resolver, c);
	parent_service_listen(p, c, PROC_SERVICE_SITE);
	return 0;
}

/* The list as it came, and a domain that may be in it. */
static bool is_in_list(void *owner, const char *domain)
{
	struct slice rest = *(const struct slice *)owner, line;
	while (slice_line_next(&rest, &line))
		if (slice_equal(slice_head(line, slice_find(line, ' ')), slice_str(domain)))
			return true;
	return false;
}

static void list_raise(struct parent *p, enum proc_alarm_kind kind, struct slice list)
{
	struct slice rest = list, line;
	while (slice_line_next(&rest, &line)) {
		char domain[PROC_ALARM_SUBJECT_CAP], why[PROC_ALARM_TEXT_CAP];
		size_t space = slice_find(line, ' ');
		slice_to_text(slice_head(line, space), domain, sizeof(domain));
		slice_to_text(slice_skip(line, space + 1), why, sizeof(why));
		parent_alarm_raise(p, &(struct parent_alarm_news){
					      .kind = kind, .subject = domain, .text = why });
	}
	parent_alarms_forget(p, kind, is_in_list, &list);
}

void parent_site_trouble_came(struct parent *p, struct slice list)
{
	list_raise(p, PROC_ALARM_MTA_STS, list);
}

void parent_site_mismatch_came(struct parent *p, struct slice list)
{
	list_raise(p, PROC_ALARM_STS_MISMATCH, list);
}

static bool is_set(void *owner, const char *domain)
{
	const struct conf_settings *s = ((struct parent *)owner)->plan->settings;
	for (size_t i = 0; i < s->mta_sts_count; i++)
		if (!strcasecmp(s->mta_sts[i].domain, domain))
			return true;
	return false;
}

static bool is_looked_at(void *owner, const char *domain)
{
	return conf_needs_witness(((struct parent *)owner)->plan->settings) &&
	       is_set(owner, domain);
}

/* Whoever would say that they are over may be gone. */
void parent_site_forget(struct parent *p)
{
	parent_alarms_forget(p, PROC_ALARM_MTA_STS, is_set, p);
	parent_alarms_forget(p, PROC_ALARM_STS_MISMATCH, is_looked_at, p);
}

/* --- what is shown --- */

void parent_site_policies_came(struct parent *p, struct slice text)
{
	buf_clear(&p->policies);
	if (buf_add(&p->policies, text))
		log_warn(NULL, "policies cannot be shown");
}

/* The next word, as what process site wrote may be shown. */
static void word_take(struct slice *line, char *ret_word, size_t cap)
{
	struct slice word = slice_head(*line, slice_find(*line, ' '));
	*line = slice_skip(*line, word.len + 1);
	slice_to_text(word, ret_word, cap);
}

static json_t *modes_json(struct slice line)
{
	static const char *const modes[] = { "none", "testing", "enforce", "waiting" };
	json_t *json = json_object();
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		char count[24];
		word_take(&line, count, sizeof(count));
		json_object_set_new(json, modes[i], json_integer(strtoll(count, NULL, 10)));
	}
	return json;
}

static json_t *policy_json(struct slice line)
{
	char domain[256], mode[16], id[40], since[24], why[PROC_ALARM_TEXT_CAP];
	word_take(&line, domain, sizeof(domain));
	word_take(&line, mode, sizeof(mode));
	word_take(&line, id, sizeof(id));
	word_take(&line, since, sizeof(since));
	slice_to_text(line, why, sizeof(why));
	return json_pack("{s:s, s:s, s:s, s:I, s:s}", "domain", domain, "mode", mode, "id", id,
	                 "since", (json_int_t)strtoll(since, NULL, 10), "why", why);
}

json_t *parent_site_json(const struct parent *p)
{
	struct slice rest = buf_slice(&p->policies), line;
	json_t *domains = json_array();
	bool is_there = slice_line_next(&rest, &line);
	json_t *modes = modes_json(is_there ? line : (struct slice){});
	while (slice_line_next(&rest, &line))
		json_array_append_new(domains, policy_json(line));
	return json_pack("{s:o, s:o}", "modes", modes, "domains", domains);
}
