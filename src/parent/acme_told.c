/* How it is with the certificates that are ordered: when each is due, what status and alarms say.
 */
#include "parent/acme_files.h"
#include "parent/acme_state.h"
#include "parent/alarms.h"
#include "parent/state.h"

#include "acme/names.h"
#include "tls/label.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ALARM_FAILURES = 2 }; /* in a row: the second order follows the first in seconds */

const struct conf_certificate *parent_acme_certificate(const struct parent *p, const char *name)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	for (size_t i = 0; s && i < s->certificate_count; i++)
		if (s->certificates[i].acme && !strcmp(s->certificates[i].name, name))
			return &s->certificates[i];
	return NULL;
}

struct acme_life parent_acme_life(const struct parent *p, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_certificate *conf = &s->certificates[number];
	const struct parent_certificate *c = &p->plan->certificates[number];
	char issued[PARENT_ACME_PATH_CAP];
	struct acme_life life = {};
	struct tls_label label = {};
	conf_certificate_file_path(s, conf, CONF_CHAIN_FILE, issued, sizeof(issued));
	if (access(issued, F_OK) || tls_label_read(&label, buf_slice(&c->chain)))
		return life;
	if (acme_names_are_in(label.names, conf->names, conf->name_count))
		life = (struct acme_life){ label.not_before_s, label.not_after_s };
	tls_label_deinit(&label);
	return life;
}

int64_t parent_acme_due_s(const struct parent *p, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	struct acme_record record;
	const struct acme_life life = parent_acme_life(p, number);
	parent_acme_record_get(p, c, &record);
	return acme_due_next(&record, &life, acme_due_seed(c->name, s->hostname));
}

static bool is_ordered(void *owner, const char *subject)
{
	return parent_acme_certificate(owner, subject) != NULL;
}

static void alarm_of(struct parent *p, const struct conf_certificate *c)
{
	struct acme_record record;
	char text[PROC_ALARM_TEXT_CAP];
	parent_acme_record_get(p, c, &record);
	if (!record.failures)
		parent_alarm_clear(p, PROC_ALARM_ACME_FAILED, c->name);
	if (record.failures < ALARM_FAILURES)
		return;
	snprintf(text, sizeof(text), "%u orders in a row failed, the last one: %s",
	         (unsigned)record.failures, record.why);
	parent_alarm_raise(p, &(struct parent_alarm_news){ .kind = PROC_ALARM_ACME_FAILED,
	                                                   .subject = c->name,
	                                                   .text = text });
}

void parent_acme_alarm(struct parent *p)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	for (size_t i = 0; s && i < s->certificate_count; i++)
		if (s->certificates[i].acme)
			alarm_of(p, &s->certificates[i]);
	parent_alarms_forget(p, PROC_ALARM_ACME_FAILED, is_ordered, p);
}

static json_t *one_json(const struct parent *p, size_t number)
{
	const struct conf_settings *s = p->plan->settings;
	const struct conf_certificate *c = &s->certificates[number];
	const struct acme_life life = parent_acme_life(p, number);
	bool is_under_way = p->acme->step != PARENT_ORDER_NONE && !strcmp(p->acme->name, c->name);
	struct acme_record record;
	parent_acme_record_get(p, c, &record);
	const char *state = is_under_way       ? "ordering"
	                    : record.failures  ? "failed"
	                    : life.not_after_s ? "issued"
	                                       : "waiting";
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "certificate", c->name, "acme",
	                 c->acme, "state", state, "not_after", (json_int_t)life.not_after_s, "due",
	                 (json_int_t)parent_acme_due_s(p, number), "failures",
	                 (json_int_t)record.failures, "reason", record.why);
}

json_t *parent_acme_json(const struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	json_t *list = json_array();
	for (size_t i = 0; i < s->certificate_count; i++)
		if (s->certificates[i].acme)
			json_array_append_new(list, one_json(p, i));
	return list;
}
