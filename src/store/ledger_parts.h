/*
 * The parts of the ledger that other nodes read (store/part.h): which of them changed since they
 * were last taken, and what is in them. Between commits alone.
 */
#ifndef STORE_LEDGER_PARTS_H
#define STORE_LEDGER_PARTS_H

#include "store/part.h"

#include <stddef.h>

struct store_ledger;

/* Who this ledger is among others: a random number that lives as long as its file, so that nobody
 * is taken for a node that counted something else. 0 or a negative. */
[[nodiscard]] int store_ledger_node(struct store_ledger *l, uint64_t *ret_node);

/* From now on changes are noted. The first time all parts since this hour have changed. 0 or a
 * negative. */
[[nodiscard]] int store_ledger_parts_watch(struct store_ledger *l, int64_t since_hour);
/* One that changed, the latest first; it has not any more. 0, STORE_LEDGER_NO_PART or a negative.
 */
enum { STORE_LEDGER_NO_PART = 1 };
[[nodiscard]] int store_ledger_part_take(struct store_ledger *l, struct store_part *ret_part);
/* It has changed, for what was taken did not arrive. 0 or a negative. */
[[nodiscard]] int store_ledger_part_mark(struct store_ledger *l, const struct store_part *part);
/* How many have. 0 or a negative. */
[[nodiscard]] int store_ledger_parts_count(struct store_ledger *l, size_t *ret_count);
/* What is in one; ret_text is cleared. What is too much is left out, the rows of few sessions (of
 * exposures: the older ones) first. 0 or a negative. */
[[nodiscard]] int store_ledger_part_read(struct store_ledger *l, const struct store_part *part,
                                         struct buf *ret_text);

#endif
