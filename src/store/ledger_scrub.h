/* Bytes of what was deleted that SQLite left in its file. */
#ifndef STORE_LEDGER_SCRUB_H
#define STORE_LEDGER_SCRUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_ledger;

/*
 * Reads all of the file; about a second for each GiB or two of it. The WAL has to be empty.
 *
 * Returns 0, LEDGER_SCRUB_NOT (it is not, or this is no file that we know how to scrub) or a
 * negative.
 */
enum { LEDGER_SCRUB_NOT = 1 };
[[nodiscard]] int ledger_scrub(struct store_ledger *l);

/*
 * What is not zero between the cell pointers of a page and its cells. False: nothing, or this is
 * no page with cells. Pure.
 *
 * size: of the page; header: where its header begins, 0, or 100 in the first page
 */
bool ledger_scrub_gap(const uint8_t *page, size_t size, size_t header, size_t *ret_from,
                      size_t *ret_to);

#endif
