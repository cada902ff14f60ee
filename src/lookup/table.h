/*
 * Users and their backends as a text file has them: lines of a user and a backend, white space
 * between; "#" begins a comment. "@example.org" is all others of a domain, "*" all others. Domains
 * are compared without case, what stands before the "@" with it. Two lines for
 * one user make the table bad. Pure.
 *
 * The parent reads the text and makes an index of it; text and index are one block of bytes that
 * workers share.
 */
#ifndef LOOKUP_TABLE_H
#define LOOKUP_TABLE_H

#include "base/buf.h"

enum { LOOKUP_TABLE_BAD = 1 };
enum { LOOKUP_TABLE_TEXT_MAX = 256 * 1024 * 1024 };

struct lookup_table_facts {
	size_t users;
	size_t bad_line; /* of the first line that is none, or says again what one before it said */
	bool is_again;
};

/* The block. 0, LOOKUP_TABLE_BAD (ret_facts has the line), or -ENOMEM. */
[[nodiscard]] int lookup_table_build(struct slice text, struct buf *ret_block,
                                     struct lookup_table_facts *ret_facts);

/*
 * user: as sasl_name_decode() gives it
 * ret_backend: points into the block
 *
 * False: nobody said where he is.
 */
bool lookup_table_find(struct slice block, struct slice user, struct slice *ret_backend);

/*
 * Calls fn for each user's line of a text that makes a block, until it says false.
 *
 * number: of the line, from 1
 *
 * False: fn said so.
 */
bool lookup_table_each(struct slice text,
                       bool (*fn)(void *owner, size_t number, struct slice backend), void *owner);

#endif
