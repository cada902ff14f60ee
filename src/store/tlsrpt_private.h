/* What store/tlsrpt.c and store/tlsrpt_sent.c share. */
#ifndef STORE_TLSRPT_PRIVATE_H
#define STORE_TLSRPT_PRIVATE_H

#include "store/tlsrpt.h"

struct sqlite3;
struct sqlite3_stmt;

enum { STORE_TLSRPT_QUERIES = 15, STORE_TLSRPT_SENT_QUERIES = 16 };

struct store_tlsrpt {
	struct sqlite3 *db;
	struct sqlite3_stmt *statements[STORE_TLSRPT_QUERIES];
	struct sqlite3_stmt *sent[STORE_TLSRPT_SENT_QUERIES];
	int64_t rows;
};

/* Prepares sent: in a file that an older build made, and that is only read, its tables are not
 * there, and nothing is known of what was sent. */
[[nodiscard]] int store_tlsrpt_sent_prepare(struct store_tlsrpt *t);
/* Some of those before that day. 0 or a negative. */
[[nodiscard]] int store_tlsrpt_sent_prune(struct store_tlsrpt *t, int64_t before, int count_max,
                                          bool *ret_is_more);

#endif
