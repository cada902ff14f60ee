#include "report/received.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "report/mime.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

struct report_received {
	json_t *root;
	const json_t *policies;
	struct report_received_head head;
};

/* --- values --- */

static void text_take(const json_t *object, const char *key, char *ret_text, size_t cap)
{
	const json_t *value = json_object_get(object, key);
	slice_to_text(slice_of(json_string_value(value), json_string_length(value)), ret_text, cap);
}

/* A number, also as a text; what is none, or below 0, is 0. */
static uint64_t count_take(const json_t *object, const char *key)
{
	static const int64_t most = INT64_C(1) << 50;
	const json_t *value = json_object_get(object, key);
	int64_t count = json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
	                                      : json_integer_value(value);
	return (uint64_t)(count < 0 ? 0 : count > most ? most : count);
}

/* RFC 3339, in UTC or not, also a date alone. */
static bool time_take(const json_t *object, const char *key, int64_t *ret_s)
{
	char text[48];
	struct tm tm = {};
	text_take(object, key, text, sizeof(text));
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	if (!rest)
		return false;
	if (*rest == 'T' || *rest == ' ' || *rest == 't')
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (!rest)
		return false;
	*ret_s = timegm(&tm);
	rest += strspn(rest, ".0123456789");
	if (*rest == '+' || *rest == '-') {
		struct tm zone = {};
		const char *end = strptime(rest + 1, "%H:%M", &zone);
		int64_t offset_s = zone.tm_hour * 3600 + zone.tm_min * 60;
		*ret_s -= end ? (*rest == '-' ? -offset_s : offset_s) : 0;
	}
	return *ret_s > 0;
}

/* --- the report --- */

static bool has_too_many_tokens(struct slice json)
{
	size_t count = 0;
	for (size_t i = 0; i < json.len; i++) {
		uint8_t c = json.data[i];
		count += c == ',' || c == ':' || c == '{' || c == '[';
	}
	return count > REPORT_RECEIVED_TOKENS_MAX;
}

/* NULL, or why it is none. */
static const char *head_take(struct report_received *r, struct slice json)
{
	struct report_received_head *h = &r->head;
	const json_t *range = json_object_get(r->root, "date-range");
	r->policies = json_object_get(r->root, "policies");
	if (!json_is_object(r->root) || !json_is_array(r->policies))
		return "it is JSON, but no TLS report: \"policies\" is missing";
	if (!time_take(range, "start-datetime", &h->begin_s) ||
	    !time_take(range, "end-datetime", &h->end_s))
		return "its \"date-range\" is missing or no time";
	text_take(r->root, "organization-name", h->organization, sizeof(h->organization));
	text_take(r->root, "contact-info", h->contact, sizeof(h->contact));
	text_take(r->root, "report-id", h->id, sizeof(h->id));
	if (!h->organization[0])
		snprintf(h->organization, sizeof(h->organization), "%s",
		         h->contact[0] ? h->contact : "unknown");
	if (!h->id[0]) /* what comes again is known all the same */
		snprintf(h->id, sizeof(h->id), "hash-%016" PRIx64,
		         hash_bytes(HASH_START, json.data, json.len));
	return NULL;
}

int report_received_read(struct report_received **ret_r, struct slice json, const char **ret_why)
{
	*ret_why = "it has more parts than any report";
	if (has_too_many_tokens(json))
		return REPORT_RECEIVED_BAD;
	CLEAN(report_received_freep) struct report_received *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	json_error_t error;
	r->root = json_loadb((const char *)json.data, json.len, 0, &error);
	if (!r->root && json_error_code(&error) == json_error_out_of_memory)
		return err_raise(-ENOMEM);
	*ret_why = r->root ? head_take(r, json) : "it is no JSON";
	if (*ret_why)
		return REPORT_RECEIVED_BAD;
	*ret_r = TAKE(r);
	return 0;
}

void report_received_free(struct report_received *r)
{
	if (!r)
		return;
	json_decref(r->root);
	free(r);
}

void report_received_freep(struct report_received **r)
{
	report_received_free(*r);
}

const struct report_received_head *report_received_head(const struct report_received *r)
{
	return &r->head;
}

bool report_received_policy(const struct report_received *r, size_t number,
                            struct report_received_policy *ret_policy)
{
	const json_t *one = json_array_get(r->policies, number);
	const json_t *policy = json_object_get(one, "policy");
	const json_t *summary = json_object_get(one, "summary");
	if (!one || number >= REPORT_RECEIVED_POLICIES_MAX)
		return false;
	text_take(policy, "policy-type", ret_policy->kind, sizeof(ret_policy->kind));
	text_take(policy, "policy-domain", ret_policy->domain, sizeof(ret_policy->domain));
	ret_policy->succeeded = count_take(summary, "total-successful-session-count");
	ret_policy->failed = count_take(summary, "total-failure-session-count");
	return true;
}

bool report_received_failure(const struct report_received *r, size_t policy, size_t number,
                             struct report_received_failure *f)
{
	const json_t *list =
		json_object_get(json_array_get(r->policies, policy), "failure-details");
	const json_t *one = json_array_get(list, number);
	if (!one || number >= REPORT_RECEIVED_FAILURES_MAX)
		return false;
	text_take(one, "result-type", f->result, sizeof(f->result));
	if (!f->result[0])
		snprintf(f->result, sizeof(f->result), "unknown");
	text_take(one, "sending-mta-ip", f->sender, sizeof(f->sender));
	text_take(one, "receiving-mx-hostname", f->mx, sizeof(f->mx));
	text_take(one, "receiving-mx-helo", f->helo, sizeof(f->helo));
	text_take(one, "receiving-ip", f->receiver, sizeof(f->receiver));
	text_take(one, "failure-reason-code", f->reason, sizeof(f->reason));
	text_take(one, "additional-information", f->more, sizeof(f->more));
	f->sessions = count_take(one, "failed-session-count");
	return true;
}

/* --- what it came in --- */

static bool is_json(struct slice input)
{
	size_t at = 0;
	while (at < input.len && input.data[at] && strchr(" \t\r\n", input.data[at]))
		at++;
	return at < input.len && input.data[at] == '{';
}

bool report_received_is_message(struct slice input)
{
	return !gzip_is(input) && !is_json(input);
}

static int unzip(struct slice bytes, struct buf *to, const char **ret_why)
{
	static const struct gzip_limits limits = { .len = REPORT_RECEIVED_JSON_MAX,
		                                   .ratio = REPORT_RECEIVED_RATIO_MAX };
	if (!gzip_is(bytes))
		return err_up(buf_add(to, bytes));
	int r = gzip_unpack(to, bytes, &limits);
	*ret_why = r == GZIP_BAD ? "its gzip is broken" : "it grows too much when it is unzipped";
	return r < 0 ? err_up(r) : r ? REPORT_RECEIVED_BAD : 0;
}

int report_received_open(struct slice input, struct buf *ret_json, const char **ret_why)
{
	CLEAN(buf_deinit) struct buf body = {};
	if (!report_received_is_message(input))
		return unzip(input, ret_json, ret_why);
	int r = report_mime_find(input, &body);
	*ret_why = "it is neither a report nor a message with one";
	if (r)
		return r < 0 ? err_up(r) : REPORT_RECEIVED_BAD;
	return unzip(buf_slice(&body), ret_json, ret_why);
}
