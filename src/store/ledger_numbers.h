/* How much there is in the ledger's file, for the status: cheap whatever its size. */
#ifndef STORE_LEDGER_NUMBERS_H
#define STORE_LEDGER_NUMBERS_H

#include <stdint.h>

struct store_ledger_numbers;

struct store_ledger_counts {
	uint64_t rows;  /* of single sessions; those of users that were forgotten count till they
	                   would have gone anyway */
	uint64_t bytes; /* of the file and its WAL */
	uint64_t lost;  /* sessions that were not counted */
};

/* Of a file that is there; it may be written meanwhile. 0 or a negative. */
[[nodiscard]] int store_ledger_numbers_open(struct store_ledger_numbers **ret_n, const char *path);
void store_ledger_numbers_close(struct store_ledger_numbers *n);
[[nodiscard]] int store_ledger_numbers_get(struct store_ledger_numbers *n,
                                           struct store_ledger_counts *ret_counts);

#endif
