/* A part as another node may have written it: what is read is written and read again, the same. */
#include "store/part.h"

#include "base/clean.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void row_again(const struct store_part *part, const struct store_part_field *fields)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct store_part_field again[STORE_PART_FIELDS_MAX];
	struct slice rest;
	if (store_part_begin(&text, part) || store_part_add(&text, part, fields) ||
	    !store_part_open(part, buf_slice(&text), &rest) || store_part_next(part, &rest, again))
		abort();
	for (size_t i = 0; i < store_part_field_count(part->kind); i++)
		if (store_part_field_is_number(part->kind, i)
		            ? fields[i].number != again[i].number
		            : !slice_equal(fields[i].text, again[i].text))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store_part_field fields[STORE_PART_FIELDS_MAX];
	struct store_part named;
	struct slice text = slice_of(data, size);
	char name[STORE_PART_NAME_CAP];
	for (int kind = 0; kind < STORE_PART_KIND_COUNT; kind++) {
		struct store_part part = { (enum store_part_kind)kind, 480000 };
		struct slice rest;
		if (!store_part_open(&part, text, &rest))
			rest = text; /* the rows alone */
		while (!store_part_next(&part, &rest, fields))
			row_again(&part, fields);
	}
	if (store_part_by_name(text, &named))
		store_part_name(&named, name);
	return 0;
}
