#include "policy/datagram.h"

#include "base/clean.h"
#include "base/err.h"

#include <jansson.h>

enum { RECORD_MAX = 4096, STRINGS_MAX = 128 };

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return POLICY_DATAGRAM_BAD;
}

static struct slice text_of(const json_t *text)
{
	return slice_of(json_string_value(text), json_string_length(text));
}

/* False: it is there and no string. Not there: empty. */
static bool text_take(const json_t *object, const char *key, struct slice *ret_text)
{
	const json_t *text = json_object_get(object, key);
	*ret_text = (struct slice){};
	if (!text)
		return true;
	if (!json_is_string(text))
		return false;
	*ret_text = text_of(text);
	return true;
}

/* In lower case, as domains are counted. */
static bool name_take(struct slice text, char *ret_name)
{
	if (text.len >= POLICY_WAY_NAME_CAP)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		ret_name[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	ret_name[text.len] = '\0';
	return true;
}

/* Postfix sends the whole reply to EHLO: who it is stands first. */
static struct slice helo_of(struct slice reply)
{
	struct slice line = slice_head(reply, slice_find(reply, '\n'));
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	bool has_code = line.len > 4 && line.data[0] == '2' && strchr(" -", line.data[3]);
	if (has_code)
		line = slice_skip(line, 4);
	return slice_head(line, slice_find(line, ' '));
}

static int failure_take(struct policy_part *part, const json_t *json, const char **ret_why)
{
	struct policy_failure f = {};
	const struct {
		const char *key;
		struct slice *text;
	} texts[] = {
		{ "s", &f.sender },   { "n", &f.mx },   { "h", &f.helo },
		{ "r", &f.receiver }, { "a", &f.more }, { "f", &f.reason },
	};
	const json_t *code = json_object_get(json, "c");
	if (!json_is_integer(code) || json_integer_value(code) < 0 ||
	    json_integer_value(code) > UINT16_MAX)
		return bad(ret_why, "a failure without its code");
	f.report = (enum policy_report)json_integer_value(code);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!text_take(json, texts[i].key, texts[i].text))
			return bad(ret_why, "a failure with something else than texts");
	f.helo = helo_of(f.helo);
	policy_part_fail(part, &f);
	return 0;
}

static int failures_take(struct policy_part *part, const json_t *json, const char **ret_why)
{
	const json_t *list = json_object_get(json, "failure-details");
	const json_t *total = json_object_get(json, "t"), *final = json_object_get(json, "f");
	size_t count = json_array_size(list);
	if ((list && !json_is_array(list)) || count > POLICY_OUTCOME_FAILURES_MAX)
		return bad(ret_why, "failure-details is no list of a few");
	if (!json_is_integer(total) || json_integer_value(total) != (json_int_t)count)
		return bad(ret_why, "t is not the number of failures");
	for (size_t i = 0; i < count; i++) {
		int r = failure_take(part, json_array_get(list, i), ret_why);
		if (r)
			return r;
	}
	if (!json_is_integer(final) || json_integer_value(final) < 0 ||
	    json_integer_value(final) > 1)
		return bad(ret_why, "f is neither 0 nor 1");
	part->has_failed = json_integer_value(final);
	return 0;
}

static int lines_take(struct buf *lines, const json_t *json, const char *key, const char **ret_why)
{
	const json_t *list = json_object_get(json, key);
	if ((list && !json_is_array(list)) || json_array_size(list) > STRINGS_MAX)
		return bad(ret_why, "policy-string or mx-host is no list of a few");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *text = json_array_get(list, i);
		if (!json_is_string(text) ||
		    slice_find(text_of(text), '\n') != json_string_length(text))
			return bad(ret_why, "policy-string or mx-host has no line of text");
		int r = buf_add(lines, text_of(text));
		if (!r)
			r = buf_add_str(lines, "\n");
		if (r)
			return err_up(r);
	}
	return 0;
}

static int part_take(struct policy_datagram *d, const json_t *json, const char **ret_why)
{
	struct buf *lines = &d->lines[2 * d->outcome.part_count];
	const json_t *kind = json_object_get(json, "policy-type");
	struct slice domain;
	if (!json_is_integer(kind) || json_integer_value(kind) < 0 ||
	    json_integer_value(kind) > UINT8_MAX)
		return bad(ret_why, "policy-type is no number");
	struct policy_part *part = policy_outcome_add(
		&d->outcome, (enum policy_kind)json_integer_value(kind), d->outcome.domain);
	if (!text_take(json, "policy-domain", &domain) ||
	    (domain.data && !name_take(domain, part->domain)))
		return bad(ret_why, "policy-domain is no name");
	int r = lines_take(&lines[0], json, "policy-string", ret_why);
	if (!r)
		r = lines_take(&lines[1], json, "mx-host", ret_why);
	if (!r)
		r = failures_take(part, json, ret_why);
	part->strings = buf_slice(&lines[0]);
	part->mx = buf_slice(&lines[1]);
	return r;
}

static int object_take(struct policy_datagram *d, const char **ret_why)
{
	struct slice domain, record, version;
	const json_t *parts = json_object_get(d->json, "policies");
	size_t count = json_array_size(parts);
	if (!json_is_object(d->json))
		return bad(ret_why, "it is no JSON object");
	if (!text_take(d->json, "dpv", &version) ||
	    (version.data && !slice_equal(version, slice_str("1"))))
		return bad(ret_why, "it is of another version");
	if (!text_take(d->json, "d", &domain) || !name_take(domain, d->outcome.domain))
		return bad(ret_why, "d is no name");
	if (!text_take(d->json, "pr", &record) || record.len > RECORD_MAX)
		return bad(ret_why, "pr is no record");
	if (!json_is_array(parts) || !count || count > POLICY_OUTCOME_PARTS_MAX)
		return bad(ret_why, "policies is no list of a few");
	for (size_t i = 0; i < count; i++) {
		int r = part_take(d, json_array_get(parts, i), ret_why);
		if (r)
			return r;
	}
	return policy_outcome_is_fine(&d->outcome) ? 0 : bad(ret_why, "a text no report may have");
}

int policy_datagram_parse(struct policy_datagram *ret_d, struct slice bytes, const char **ret_why)
{
	*ret_d = (struct policy_datagram){};
	*ret_why = NULL;
	if (!bytes.len || bytes.len > POLICY_DATAGRAM_MAX)
		return bad(ret_why, "it is empty or too long");
	ret_d->json = json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
	return object_take(ret_d, ret_why);
}

void policy_datagram_deinit(struct policy_datagram *d)
{
	for (size_t i = 0; i < COUNT_OF(d->lines); i++)
		buf_deinit(&d->lines[i]);
	json_decref(d->json);
	*d = (struct policy_datagram){};
}
