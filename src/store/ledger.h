/*
 * The ledger's file: state_dir/ledger/ledger.db (SQLite, WAL). One process writes it (ledger/);
 * `mailseal report` and web/ read it (store/ledger_read.h). The schema is in ledger_schema.c.
 *
 * What comes is first summed up in memory, so that a busy second costs a row and not a thousand,
 * and written by store_ledger_commit() in one transaction with the numbers of the batches it came
 * in: a batch is counted once, however often it is handed over.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/record.h"

#include <stddef.h>

struct store_ledger;
struct store_opened;

enum store_keep {
	STORE_KEEP_NOTABLE, /* plain, legacy, refused, failed, first seen: rows; the rest: sums */
	STORE_KEEP_ALL,
};

/* How much of a client's address is kept. */
enum store_address { STORE_ADDRESS_FULL, STORE_ADDRESS_TRUNCATED, STORE_ADDRESS_NONE };

struct store_ledger_settings {
	const char *path;
	enum store_keep keep;
	enum store_address client_address; /* TRUNCATED: IPv4 to /24, IPv6 to /48 */
	int64_t retention_s;               /* of rows; sums stay for years */
	int64_t max_bytes;                 /* of the file; the oldest rows go first. 0: no limit */
};

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_ledger_open(struct store_ledger **ret_l,
                                    const struct store_ledger_settings *set,
                                    struct store_opened *ret_opened);
/* What was not committed is lost. NULL is fine. */
void store_ledger_close(struct store_ledger *l);

/* STORE_LEDGER_KNOWN: this batch of this worker was counted already, leave out what is in it. */
enum { STORE_LEDGER_KNOWN = 1 };
[[nodiscard]] int store_ledger_batch(struct store_ledger *l, uint64_t worker, uint64_t number,
                                     int64_t now_s);

/* 0 or a negative. */
[[nodiscard]] int store_ledger_session(struct store_ledger *l, const struct store_record *record);
[[nodiscard]] int store_ledger_hello(struct store_ledger *l, const struct store_hello *hello,
                                     int64_t now_s);
/* ret_is_new: no such exposure (user, protocol, edge, address, sent or tried) was known. */
[[nodiscard]] int store_ledger_exposure(struct store_ledger *l,
                                        const struct store_exposure *exposure, bool *ret_is_new);

/* Sessions of which a worker kept nothing but their number, for want of room. */
[[nodiscard]] int store_ledger_lost(struct store_ledger *l, uint64_t count, int64_t now_s);

/* Writes what came since the last one. 0 or a negative; then it is tried again with the next. */
[[nodiscard]] int store_ledger_commit(struct store_ledger *l);

/* A few rows that are due to go; ret_more: there are more. Short: call it again and again. */
[[nodiscard]] int store_ledger_prune(struct store_ledger *l, int64_t now_s, bool *ret_more);

/* All that names this user. ret_rows: how many were deleted. Commits. */
[[nodiscard]] int store_ledger_forget(struct store_ledger *l, const char *user, size_t *ret_rows);

struct store_schema;
extern const struct store_schema store_ledger_schema;

#endif
