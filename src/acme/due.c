#include "acme/due.h"

#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum {
	MINUTE_S = 60,
	HOUR_S = 60 * MINUTE_S,
	DAY_S = 24 * HOUR_S,
	JITTER_PARTS = 30, /* of a life, one */
	TEXT_MAX = 1024,
};

int64_t acme_due_renewal(const struct acme_life *life, uint32_t seed)
{
	if (!life->not_after_s)
		return 0;
	int64_t lasts_s = life->not_after_s - life->not_before_s;
	if (lasts_s <= 0)
		return 0;
	int64_t jitter_s = (int64_t)seed % (lasts_s / JITTER_PARTS + 1);
	return life->not_before_s + lasts_s - lasts_s / 3 + jitter_s;
}

static int64_t patience_s(uint32_t failures)
{
	static const int64_t first[] = { 0, 10, 5 * MINUTE_S, 15 * MINUTE_S };
	if (failures < COUNT_OF(first))
		return first[failures];
	unsigned doublings = failures - COUNT_OF(first);
	return doublings < 5 ? (int64_t)HOUR_S << doublings : DAY_S;
}

int64_t acme_due_next(const struct acme_record *record, const struct acme_life *life, uint32_t seed)
{
	int64_t due_s = acme_due_renewal(life, seed);
	bool was_cut_off = record->began_s && !record->ended_s;
	int64_t last_s = was_cut_off ? record->began_s : record->ended_s;
	int64_t wait_s = patience_s(record->failures + was_cut_off);
	if (was_cut_off && wait_s < MINUTE_S) /* the CA has counted it, and may be at it still */
		wait_s = MINUTE_S;
	return wait_s && last_s + wait_s > due_s ? last_s + wait_s : due_s;
}

/* FNV-1a: to spread, not to hide. */
static uint32_t hash_add(uint32_t hash, const char *text)
{
	for (const char *p = text; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619U;
	return (hash ^ 0xff) * 16777619U;
}

uint32_t acme_due_seed(const char *name, const char *node)
{
	return hash_add(hash_add(2166136261U, name), node);
}

void acme_record_end(struct acme_record *record, int64_t now_s, struct slice why)
{
	record->ended_s = now_s;
	record->why[0] = '\0';
	if (!why.len) {
		record->failures = 0;
		return;
	}
	record->failures++;
	slice_to_text(why, record->why, sizeof(record->why));
}

int acme_record_write(struct buf *ret_text, const struct acme_record *record)
{
	return err_up(buf_printf(ret_text, "%lld %lld %u %s\n", (long long)record->began_s,
	                         (long long)record->ended_s, (unsigned)record->failures,
	                         record->why));
}

void acme_record_read(struct acme_record *ret_record, struct slice text)
{
	char line[TEXT_MAX];
	struct slice first;
	long long began_s, ended_s;
	unsigned failures;
	int at = 0;
	*ret_record = (struct acme_record){};
	if (!slice_line_next(&text, &first))
		return;
	slice_to_text(first, line, sizeof(line));
	if (sscanf(line, "%lld %lld %u%n", &began_s, &ended_s, &failures, &at) != 3 ||
	    began_s < 0 || ended_s < 0 || line[at] != ' ')
		return;
	*ret_record = (struct acme_record){ .began_s = began_s, .ended_s = ended_s };
	acme_record_end(ret_record, ended_s, slice_str(line + at + 1));
	ret_record->failures = failures;
}
