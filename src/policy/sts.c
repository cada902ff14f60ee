#include "policy/sts.h"

#include "base/clean.h"
#include "dns/message.h"

static const char *const mode_names[] = {
	[POLICY_STS_NONE] = "none",
	[POLICY_STS_TESTING] = "testing",
	[POLICY_STS_ENFORCE] = "enforce",
};

const char *policy_sts_mode_name(enum policy_sts_mode mode)
{
	return mode_names[mode];
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* sts-ext-name: a letter or digit, then up to 31 of those, "_", "-" and ".". */
static bool is_field_name(struct slice name)
{
	if (!name.len || name.len > 32 || !is_alnum(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_alnum(name.data[i]) && !strchr("_-.", name.data[i]))
			return false;
	return true;
}

/* sts-ext-value: printable, without "=", ";" and blanks. */
static bool is_record_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] > '~' || value.data[i] == '=')
			return false;
	return value.len > 0;
}

static bool is_id(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_alnum(value.data[i]))
			return false;
	return value.len > 0 && value.len <= POLICY_STS_ID_MAX;
}

int policy_sts_record_parse(struct slice text, char *ret_id)
{
	static const char version[] = "v=STSv1";
	struct slice first = slice_trim(slice_head(text, slice_find(text, ';')));
	struct slice id = {};
	if (!slice_equal(first, slice_str(version)) || text.data[0] != 'v' ||
	    slice_find(text, ';') == text.len)
		return POLICY_STS_ABSENT;
	struct slice rest = slice_skip(text, slice_find(text, ';') + 1);
	while (rest.len) {
		struct slice field = slice_trim(slice_head(rest, slice_find(rest, ';')));
		rest = slice_skip(rest, slice_find(rest, ';') + 1);
		if (!field.len && !slice_trim(rest).len)
			break; /* what stands behind the last ";" */
		struct slice name = slice_head(field, slice_find(field, '='));
		struct slice value = slice_skip(field, name.len + 1);
		if (!is_field_name(name) || !is_record_value(value))
			return POLICY_STS_BAD;
		if (slice_equal(name, slice_str("id")) && !id.data)
			id = value;
	}
	if (!is_id(id))
		return POLICY_STS_BAD;
	memcpy(ret_id, id.data, id.len);
	ret_id[id.len] = '\0';
	return 0;
}

static bool max_age_parse(struct slice value, uint32_t *ret_s)
{
	uint64_t s = 0;
	if (!value.len || value.len > 10)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
		s = s * 10 + (uint64_t)(value.data[i] - '0');
	}
	*ret_s = s > POLICY_STS_MAX_AGE_S ? POLICY_STS_MAX_AGE_S : (uint32_t)s;
	return true;
}

static bool pattern_parse(struct slice value, char *ret_pattern)
{
	if (value.len >= POLICY_STS_PATTERN_CAP || memchr(value.data, 0, value.len))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		ret_pattern[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	ret_pattern[value.len] = '\0';
	return dns_name_is_host(strncmp(ret_pattern, "*.", 2) ? ret_pattern : ret_pattern + 2);
}

struct reading {
	struct policy_sts *policy;
	bool has_version, has_mode, has_max_age;
	const char *why; /* the first fault */
};

static void on_version(struct reading *r, struct slice value)
{
	if (!r->has_version && !slice_equal(value, slice_str("STSv1")))
		r->why = "its version is not STSv1";
	r->has_version = true;
}

static void on_mode(struct reading *r, struct slice value)
{
	if (r->has_mode)
		return;
	r->has_mode = true;
	for (size_t i = 0; i < COUNT_OF(mode_names); i++)
		if (slice_equal(value, slice_str(mode_names[i]))) {
			r->policy->mode = (enum policy_sts_mode)i;
			return;
		}
	r->why = "its mode is none of enforce, testing and none";
}

static void on_max_age(struct reading *r, struct slice value)
{
	if (!r->has_max_age && !max_age_parse(value, &r->policy->max_age_s))
		r->why = "its max_age is no number of up to ten digits";
	r->has_max_age = true;
}

static void on_mx(struct reading *r, struct slice value)
{
	struct policy_sts *p = r->policy;
	if (p->mx_count == POLICY_STS_MX_MAX)
		r->why = "it has more than 64 mx lines";
	else if (!pattern_parse(value, p->mx[p->mx_count]))
		r->why = "one of its mx lines is no host name or *.host name";
	else
		p->mx_count++;
}

static void on_line(struct reading *r, struct slice line)
{
	static const struct {
		const char *name;
		void (*fn)(struct reading *r, struct slice value);
	} fields[] = { { "version", on_version },
		       { "mode", on_mode },
		       { "max_age", on_max_age },
		       { "mx", on_mx } };
	struct slice name = slice_head(line, slice_find(line, ':'));
	struct slice value = slice_trim(slice_skip(line, name.len + 1));
	name = slice_trim(name);
	if (!slice_trim(line).len || r->why)
		return;
	if (slice_find(line, ':') == line.len || !is_field_name(name)) {
		r->why = "a line is not \"name: value\"";
		return;
	}
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (slice_equal(name, slice_str(fields[i].name)))
			fields[i].fn(r, value);
}

int policy_sts_parse(struct slice text, struct policy_sts *ret_policy, const char **ret_why)
{
	struct reading r = { .policy = ret_policy };
	*ret_policy = (struct policy_sts){};
	if (text.len > POLICY_STS_FILE_MAX)
		r.why = "it is longer than 64 KiB";
	struct slice line;
	while (!r.why && slice_line_next(&text, &line)) {
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		on_line(&r, line);
	}
	if (!r.why && !r.has_version)
		r.why = "it has no version";
	if (!r.why && !r.has_mode)
		r.why = "it has no mode";
	if (!r.why && !r.has_max_age)
		r.why = "it has no max_age";
	if (!r.why && !ret_policy->mx_count && ret_policy->mode != POLICY_STS_NONE)
		r.why = "it has no mx";
	*ret_why = r.why;
	return r.why ? POLICY_STS_BAD : 0;
}

bool policy_sts_has_mx(const struct policy_sts *policy, const char *host)
{
	const char *parent = strchr(host, '.');
	for (size_t i = 0; i < policy->mx_count; i++) {
		const char *pattern = policy->mx[i];
		if (!strncmp(pattern, "*.", 2)
		            ? parent && parent != host &&
		                      slice_equal_nocase(slice_str(parent), slice_str(pattern + 1))
		            : slice_equal_nocase(slice_str(host), slice_str(pattern)))
			return true;
	}
	return false;
}
