#include "policy/outcome.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>

static const struct {
	enum policy_kind kind;
	const char *name;
} kinds[] = {
	{ POLICY_KIND_TLSA, "tlsa" },
	{ POLICY_KIND_STS, "sts" },
	{ POLICY_KIND_NONE, "no-policy-found" },
};

const char *policy_kind_name(enum policy_kind kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return NULL;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	return true;
}

static bool is_text(struct slice text)
{
	return text.len <= POLICY_OUTCOME_TEXT_MAX && is_printable(text);
}

static bool is_address(struct slice text)
{
	char address[DNS_ADDRESS_CAP];
	if (!text.len)
		return true;
	if (text.len >= sizeof(address))
		return false;
	memcpy(address, text.data, text.len);
	address[text.len] = '\0';
	return address_is_literal(address);
}

/* Lower case alone, so that a domain is counted once. */
static bool is_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			return false;
	return dns_name_is_host(name);
}

static bool is_lines(struct slice text)
{
	if (text.len > POLICY_OUTCOME_LINES_MAX)
		return false;
	while (text.len) {
		size_t len = slice_find(text, '\n');
		if (!len || len == text.len || !is_printable(slice_head(text, len)))
			return false;
		text = slice_skip(text, len + 1);
	}
	return true;
}

static bool is_failure(const struct policy_failure *f)
{
	return policy_report_name(f->report) && is_address(f->sender) && is_text(f->mx) &&
	       is_text(f->helo) && is_address(f->receiver) && is_text(f->reason) &&
	       is_text(f->more);
}

static bool is_part(const struct policy_part *p)
{
	if (!policy_kind_name(p->kind) || !is_name(p->domain) || !is_lines(p->strings) ||
	    !is_lines(p->mx) || p->failure_count > POLICY_OUTCOME_FAILURES_MAX)
		return false;
	for (size_t i = 0; i < p->failure_count; i++)
		if (!is_failure(&p->failures[i]))
			return false;
	return true;
}

bool policy_outcome_is_fine(const struct policy_outcome *outcome)
{
	if (!is_name(outcome->domain) || !outcome->part_count ||
	    outcome->part_count > POLICY_OUTCOME_PARTS_MAX)
		return false;
	for (size_t i = 0; i < outcome->part_count; i++)
		if (!is_part(&outcome->parts[i]))
			return false;
	return true;
}

struct policy_part *policy_outcome_add(struct policy_outcome *outcome, enum policy_kind kind,
                                       const char *domain)
{
	if (outcome->part_count == POLICY_OUTCOME_PARTS_MAX)
		return NULL;
	struct policy_part *part = &outcome->parts[outcome->part_count++];
	*part = (struct policy_part){ .kind = kind };
	snprintf(part->domain, sizeof(part->domain), "%s", domain);
	return part;
}

void policy_part_fail(struct policy_part *part, const struct policy_failure *failure)
{
	part->has_failed = true;
	if (part->failure_count < POLICY_OUTCOME_FAILURES_MAX)
		part->failures[part->failure_count++] = *failure;
}

/* Whole lines alone. */
static int line_end(struct buf *lines, size_t was)
{
	int r = buf_add_str(lines, "\n");
	if (!r && buf_len(lines) > POLICY_OUTCOME_LINES_MAX)
		lines->end = lines->start + was;
	return err_up(r);
}

static int line_add(struct buf *lines, const char *name, const char *value)
{
	size_t was = buf_len(lines);
	int r = buf_printf(lines, "%s%s", name, value);
	return r ? err_up(r) : err_up(line_end(lines, was));
}

int policy_sts_lines(struct buf *lines, const struct policy_sts *sts)
{
	char max_age[16];
	snprintf(max_age, sizeof(max_age), "%u", sts->max_age_s);
	int r = line_add(lines, "version: ", "STSv1");
	if (!r)
		r = line_add(lines, "mode: ", policy_sts_mode_name(sts->mode));
	for (size_t i = 0; i < sts->mx_count && !r; i++)
		r = line_add(lines, "mx: ", sts->mx[i]);
	return r ? err_up(r) : err_up(line_add(lines, "max_age: ", max_age));
}

int policy_sts_patterns(struct buf *lines, const struct policy_sts *sts)
{
	int r = 0;
	for (size_t i = 0; i < sts->mx_count && !r; i++)
		r = line_add(lines, "", sts->mx[i]);
	return err_up(r);
}

static int tlsa_line(struct buf *lines, const struct policy_tlsa *t)
{
	size_t was = buf_len(lines);
	int r = buf_printf(lines, "%u %u %u ", t->usage, t->selector, t->matching);
	for (size_t i = 0; i < t->len && !r; i++)
		r = buf_printf(lines, "%02x", t->data[i]);
	return r ? err_up(r) : err_up(line_end(lines, was));
}

static int tlsa_compare(const void *a, const void *b)
{
	const struct policy_tlsa *one = *(const struct policy_tlsa *const *)a;
	const struct policy_tlsa *other = *(const struct policy_tlsa *const *)b;
	const int orders[] = { one->usage - other->usage, one->selector - other->selector,
		               one->matching - other->matching, one->len - other->len };
	for (size_t i = 0; i < COUNT_OF(orders); i++)
		if (orders[i])
			return orders[i];
	return memcmp(one->data, other->data, one->len);
}

int policy_tlsa_lines(struct buf *lines, const struct policy_tlsa *records, size_t count)
{
	const struct policy_tlsa *sorted[POLICY_TLSA_MAX];
	int r = 0;
	count = count < POLICY_TLSA_MAX ? count : POLICY_TLSA_MAX;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &records[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), tlsa_compare);
	for (size_t i = 0; i < count && !r; i++)
		r = tlsa_line(lines, sorted[i]);
	return err_up(r);
}
