/*
 * What one node of a cluster counted in one hour, as text that others read: absolute, and whole, so
 * that it may be told any number of times. A line for each row, fields with tabs between. Pure;
 * reading believes nothing.
 */
#ifndef STORE_PART_H
#define STORE_PART_H

#include "base/buf.h"

#include <stdint.h>

/* The numbers are kept on disk: only append. */
enum store_part_kind {
	STORE_PART_SUMS,      /* rows of the table sum of this hour */
	STORE_PART_EXPOSURES, /* rows of the table exposure that were last seen in it */
	STORE_PART_KIND_COUNT
};

struct store_part {
	enum store_part_kind kind;
	int64_t hour; /* Unix time / 3600 */
};

enum {
	STORE_PART_NAME_CAP = 24,
	STORE_PART_FIELDS_MAX = 14,
	STORE_PART_LEN_MAX = 4 * 1024 * 1024,
	STORE_PART_HOURS = 31 * 24, /* older ones are not shared */
};

/* "sums:493827" */
void store_part_name(const struct store_part *part, char ret_name[STORE_PART_NAME_CAP]);
bool store_part_by_name(struct slice name, struct store_part *ret_part);

/* The columns of its table that are in it, in order. */
#define STORE_PART_SUM_COLUMNS                                                                     \
	"leg, protocol, edge, seal, version, cipher, kex, resumed, forward_secrecy, sessions,"     \
	" messages, bytes_in, bytes_out, login_failures"
#define STORE_PART_EXPOSURE_COLUMNS                                                                \
	"user, protocol, edge, address, password_sent, mechanism, is_excepted, first, last, count"
size_t store_part_field_count(enum store_part_kind kind);
bool store_part_field_is_number(enum store_part_kind kind, size_t field);

/* A field is a text of 255 printable bytes at most, or a number that is not negative. */
struct store_part_field {
	struct slice text;
	int64_t number;
};

/* Clears b. 0 or -ENOMEM. */
[[nodiscard]] int store_part_begin(struct buf *b, const struct store_part *part);
/* STORE_PART_FULL: it is as long as it may be; the row is not in it. */
enum { STORE_PART_FULL = 1 };
[[nodiscard]] int store_part_add(struct buf *b, const struct store_part *part,
                                 const struct store_part_field *fields);

/* Equal where the text is. */
uint64_t store_part_version(struct slice text);

/* text: borrowed by rest. False: it is not of this part, or too long. */
bool store_part_open(const struct store_part *part, struct slice text, struct slice *ret_rest);
/* The next row; its texts borrow from rest. 0, STORE_PART_END, or STORE_PART_BAD. */
enum { STORE_PART_END = 1, STORE_PART_BAD };
[[nodiscard]] int store_part_next(const struct store_part *part, struct slice *rest,
                                  struct store_part_field *ret_fields);

#endif
