#include "store/part.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_LEN_MAX = STORE_TEXT_MAX, DIGITS_MAX = 15 };

#define NUMBER_MAX (((int64_t)1 << 48) - 1) /* of what is counted: sums of them stay numbers */
#define TIME_MAX (((int64_t)1 << 40) - 1)
#define HOUR_MAX (TIME_MAX / 3600)

/* max 0: a text. */
static const int64_t sum_fields[] = {
	STORE_LEG_COUNT - 1, 0,          0,          STORE_SEAL_COUNT - 1, 0,         0, 0, 1, 1,
	NUMBER_MAX,          NUMBER_MAX, NUMBER_MAX, NUMBER_MAX,           NUMBER_MAX
};
static const int64_t exposure_fields[] = { 0, 0, 0, 0, 1, 0, 1, TIME_MAX, TIME_MAX, NUMBER_MAX };

static const struct kind {
	const char *name;
	const int64_t *fields; /* the largest number of each */
	size_t count;
} kinds[] = {
	[STORE_PART_SUMS] = { "sums", sum_fields, COUNT_OF(sum_fields) },
	[STORE_PART_EXPOSURES] = { "exposures", exposure_fields, COUNT_OF(exposure_fields) },
};
_Static_assert(COUNT_OF(kinds) == STORE_PART_KIND_COUNT, "a kind without its fields");
_Static_assert(COUNT_OF(sum_fields) <= STORE_PART_FIELDS_MAX, "room for all fields");

size_t store_part_field_count(enum store_part_kind kind)
{
	return kinds[kind].count;
}

bool store_part_field_is_number(enum store_part_kind kind, size_t field)
{
	return kinds[kind].fields[field];
}

void store_part_name(const struct store_part *part, char ret_name[STORE_PART_NAME_CAP])
{
	snprintf(ret_name, STORE_PART_NAME_CAP, "%s:%" PRId64, kinds[part->kind].name, part->hour);
}

static bool number_read(struct slice text, int64_t max, int64_t *ret_number)
{
	int64_t number = 0;
	if (!text.len || text.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*ret_number = number;
	return number <= max;
}

bool store_part_by_name(struct slice name, struct store_part *ret_part)
{
	size_t colon = slice_find(name, ':');
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (!slice_equal(slice_head(name, colon), slice_str(kinds[i].name)))
			continue;
		ret_part->kind = (enum store_part_kind)i;
		return number_read(slice_skip(name, colon + 1), HOUR_MAX, &ret_part->hour);
	}
	return false;
}

/* --- writing --- */

static int head_print(const struct store_part *part, char text[48])
{
	return snprintf(text, 48, "mailseal 1 %s %" PRId64 "\n", kinds[part->kind].name,
	                part->hour);
}

int store_part_begin(struct buf *b, const struct store_part *part)
{
	char head[48];
	head_print(part, head);
	buf_clear(b);
	return err_up(buf_add_str(b, head));
}

static int field_add(struct buf *b, const struct store_part_field *field, int64_t max)
{
	if (!max)
		return err_up(buf_add(b, field->text));
	int64_t number = field->number < 0 ? 0 : field->number > max ? max : field->number;
	return err_up(buf_printf(b, "%" PRId64, number));
}

int store_part_add(struct buf *b, const struct store_part *part,
                   const struct store_part_field *fields)
{
	const struct kind *kind = &kinds[part->kind];
	int r = 0;
	if (buf_len(b) + kind->count * (TEXT_LEN_MAX + 1) > STORE_PART_LEN_MAX)
		return STORE_PART_FULL;
	for (size_t i = 0; i < kind->count && !r; i++) {
		r = field_add(b, &fields[i], kind->fields[i]);
		if (!r)
			r = buf_add_str(b, i + 1 < kind->count ? "\t" : "\n");
	}
	return err_up(r);
}

uint64_t store_part_version(struct slice text)
{
	return hash_bytes(HASH_START, text.data, text.len);
}

/* --- reading --- */

bool store_part_open(const struct store_part *part, struct slice text, struct slice *ret_rest)
{
	char head[48];
	size_t len = (size_t)head_print(part, head);
	if (text.len > STORE_PART_LEN_MAX || text.len < len || memcmp(text.data, head, len) != 0)
		return false;
	*ret_rest = slice_skip(text, len);
	return true;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] > '~')
			return false;
	return text.len <= TEXT_LEN_MAX;
}

int store_part_next(const struct store_part *part, struct slice *rest,
                    struct store_part_field *ret_fields)
{
	const struct kind *kind = &kinds[part->kind];
	if (!rest->len)
		return STORE_PART_END;
	for (size_t i = 0; i < kind->count; i++) {
		size_t len = slice_find(*rest, i + 1 < kind->count ? '\t' : '\n');
		struct slice text = slice_head(*rest, len);
		if (len == rest->len) /* nothing ends it */
			return STORE_PART_BAD;
		*rest = slice_skip(*rest, len + 1);
		ret_fields[i] = (struct store_part_field){ .text = text };
		if (kind->fields[i] ? !number_read(text, kind->fields[i], &ret_fields[i].number)
		                    : !is_printable(text))
			return STORE_PART_BAD;
	}
	return 0;
}
