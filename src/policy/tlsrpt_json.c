#include "policy/tlsrpt_json.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

struct policy_tlsrpt_writer {
	json_t *policies;
	json_t *last; /* borrowed */
	bool has_failed;
};

void policy_tlsrpt_time(int64_t at_s, char *ret_text)
{
	time_t at = (time_t)at_s;
	struct tm tm = {};
	gmtime_r(&at, &tm);
	strftime(ret_text, 24, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void policy_tlsrpt_id(const struct policy_tlsrpt_head *head, char *ret_id)
{
	char begin[24];
	policy_tlsrpt_time(head->day * POLICY_TLSRPT_DAY_S, begin);
	snprintf(ret_id, POLICY_TLSRPT_ID_CAP, "%.10s.%s@%s", begin, head->domain, head->hostname);
}

int policy_tlsrpt_writer_new(struct policy_tlsrpt_writer **ret_w)
{
	struct policy_tlsrpt_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	w->policies = json_array();
	w->has_failed = !w->policies;
	*ret_w = w;
	return 0;
}

void policy_tlsrpt_writer_free(struct policy_tlsrpt_writer *w)
{
	if (!w)
		return;
	json_decref(w->policies);
	free(w);
}

void policy_tlsrpt_writer_freep(struct policy_tlsrpt_writer **w)
{
	policy_tlsrpt_writer_free(*w);
}

json_t *policy_tlsrpt_lines_json(const char *lines)
{
	json_t *list = json_array();
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		json_array_append_new(list, json_stringn(lines, len));
		lines += len + (lines[len] != '\0');
	}
	return list;
}

/* A list that says nothing is left out. */
static int lines_add(json_t *object, const char *key, const char *lines)
{
	return *lines ? json_object_set_new(object, key, policy_tlsrpt_lines_json(lines)) : 0;
}

void policy_tlsrpt_write_policy(struct policy_tlsrpt_writer *w, const struct policy_tlsrpt_sum *sum)
{
	json_t *policy = json_pack("{s:s, s:s}", "policy-type", policy_kind_name(sum->kind),
	                           "policy-domain", sum->policy_domain);
	bool has_failed = !policy || lines_add(policy, "policy-string", sum->strings) ||
	                  lines_add(policy, "mx-host", sum->mx);
	w->last = json_pack("{s:o, s:{s:I, s:I}}", "policy", policy, "summary",
	                    "total-successful-session-count", (json_int_t)sum->succeeded,
	                    "total-failure-session-count", (json_int_t)sum->failed);
	if (has_failed || !w->last || json_array_append_new(w->policies, w->last))
		w->has_failed = true;
	if (w->has_failed)
		w->last = NULL;
}

json_t *policy_tlsrpt_fault_json(const struct policy_tlsrpt_fault *f)
{
	const struct {
		const char *name, *text;
	} fields[] = {
		{ "sending-mta-ip", f->sender },      { "receiving-mx-hostname", f->mx },
		{ "receiving-mx-helo", f->helo },     { "receiving-ip", f->receiver },
		{ "failure-reason-code", f->reason }, { "additional-information", f->more },
	};
	json_t *one = json_pack("{s:s, s:I}", "result-type", policy_report_name(f->report),
	                        "failed-session-count", (json_int_t)f->sessions);
	for (size_t i = 0; one && i < COUNT_OF(fields); i++)
		if (fields[i].text[0] &&
		    json_object_set_new(one, fields[i].name, json_string(fields[i].text))) {
			json_decref(one);
			return NULL;
		}
	return one;
}

void policy_tlsrpt_write_failure(struct policy_tlsrpt_writer *w,
                                 const struct policy_tlsrpt_fault *fault)
{
	static const char key[] = "failure-details";
	if (!w->last)
		return;
	if (!json_object_get(w->last, key) && json_object_set_new(w->last, key, json_array()))
		w->has_failed = true;
	if (json_array_append_new(json_object_get(w->last, key), policy_tlsrpt_fault_json(fault)))
		w->has_failed = true;
}

/* Somebody wrote it into a file: what is no UTF-8 is shown as "?". */
static json_t *name_json(const char *name)
{
	char plain[256];
	json_t *json = json_string(name);
	if (json)
		return json;
	slice_to_text(slice_str(name), plain, sizeof(plain));
	return json_string(plain);
}

size_t policy_tlsrpt_policies(const struct policy_tlsrpt_writer *w)
{
	return json_array_size(w->policies);
}

static int append(const char *text, size_t len, void *to)
{
	return buf_add(to, slice_of(text, len)) ? -1 : 0;
}

int policy_tlsrpt_finish(struct policy_tlsrpt_writer *w, struct buf *to,
                         const struct policy_tlsrpt_head *head)
{
	char id[POLICY_TLSRPT_ID_CAP], begin[24], end[24];
	int64_t begin_s = head->day * POLICY_TLSRPT_DAY_S;
	policy_tlsrpt_id(head, id);
	policy_tlsrpt_time(begin_s, begin);
	policy_tlsrpt_time(begin_s + POLICY_TLSRPT_DAY_S - 1, end);
	json_t *whole = json_pack("{s:o, s:{s:s, s:s}, s:s, s:s, s:O}", "organization-name",
	                          name_json(head->organization), "date-range", "start-datetime",
	                          begin, "end-datetime", end, "contact-info", head->contact,
	                          "report-id", id, "policies", w->policies);
	int r = !whole || w->has_failed
	                ? -1
	                : json_dump_callback(whole, append, to, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(whole);
	return r ? err_raise(-ENOMEM) : 0;
}
