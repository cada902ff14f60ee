/*
 * Keeps the file of the ledger: takes batches, writes what came a few times a second, removes what
 * is too old, a little at a time. A file that cannot be opened, or fails for a minute, is tried
 * again every minute; what was not written by then is told anew by the workers.
 */
#ifndef LEDGER_KEEPER_H
#define LEDGER_KEEPER_H

#include "base/slice.h"
#include "store/ledger.h"

struct io_loop;
struct keeper;

enum {
	KEEPER_COMMIT_MS = 250,       /* between two commits, where much comes */
	KEEPER_REOPEN_MS = 60 * 1000, /* and how long commits may fail */
};

struct keeper_settings {
	struct io_loop *loop;
	struct store_ledger_settings store; /* path: lives as long as the keeper */
	void *owner;
	void (*on_open)(void *owner);   /* from now on batches are taken */
	void (*on_kept)(void *owner);   /* all batches that were taken are in the file */
	void (*on_failed)(void *owner); /* those since the last on_kept were dropped */
};

/* on_open may come from inside. 0 or -ENOMEM. */
[[nodiscard]] int keeper_new(struct keeper **ret_k, const struct keeper_settings *set);
/* NULL is fine. What was not written is lost: keeper_flush(). */
void keeper_free(struct keeper *k);
bool keeper_is_open(const struct keeper *k);
/* NULL while there is no file; not to be kept. */
struct store_ledger *keeper_store(struct keeper *k);

/* A batch of a worker (proc/record.h). 0; KEEPER_BAD: it is none; KEEPER_FAILED: not now, and
 * on_failed follows. */
enum { KEEPER_BAD = 1, KEEPER_FAILED };
[[nodiscard]] int keeper_take(struct keeper *k, struct slice batch, uint64_t *ret_number);
/* Writes what came, now. on_kept comes from inside if that went well. */
void keeper_flush(struct keeper *k);
/* 0 or a negative. */
[[nodiscard]] int keeper_forget(struct keeper *k, const char *user, size_t *ret_rows);

/* Numbers of enum proc_ledger_number, packed. ret_bytes has 8 * PROC_LEDGER_NUMBER_COUNT. */
struct slice keeper_numbers(struct keeper *k, uint8_t *ret_bytes);

#endif
