/*
 * Tells the ledger process what sessions were. Entries are gathered into batches, and each batch is
 * kept here until the ledger says that it is in the file: one that died is told again what it had
 * not kept, by the number of the batch, so nothing is lost and nothing counts twice. What is
 * gathered is bounded; above that sessions, and credentials in clear that found no room either, are
 * only counted, and the next batch says how many.
 */
#ifndef WORKER_LEDGER_H
#define WORKER_LEDGER_H

#include "base/slice.h"
#include "proc/msg.h"
#include "store/record.h"

#include <stddef.h>

struct io_loop;
struct worker_ledger;

enum {
	WORKER_LEDGER_BATCH_LEN = 64 * 1024, /* handed over when so much is gathered, */
	WORKER_LEDGER_BATCH_MS = 250,        /* or so long after its first entry */
	WORKER_LEDGER_BYTES_MAX = 8 * 1024 * 1024,
	WORKER_LEDGER_UNDER_WAY_MAX = 16, /* batches handed over and not kept yet */
};

/* on_broken: its channel broke, and another is wanted. */
[[nodiscard]] int worker_ledger_new(struct worker_ledger **ret_l, struct io_loop *loop,
                                    void (*on_broken)(void *owner), void *owner);
/* What is gathered goes to the channel, if it takes it at once. NULL is fine. */
void worker_ledger_free(struct worker_ledger *l);
/* Of the worker's life. Off until worker_ledger_switch(): what it is told then is forgotten. */
struct store_recorder *worker_ledger_recorder(struct worker_ledger *l);
void worker_ledger_switch(struct worker_ledger *l, bool is_on);
/* Takes fd: the channel to ledger, in place of the one before. */
[[nodiscard]] int worker_ledger_attach(struct worker_ledger *l, int fd);
/* on_kept: once, when all is in the file, or after at_most_ms; perhaps at once. */
void worker_ledger_finish(struct worker_ledger *l, uint32_t at_most_ms,
                          void (*on_kept)(void *owner), void *owner);

/* What is no record, and may be lost. */
void worker_ledger_say(struct worker_ledger *l, enum proc_msg_type type, struct slice payload);
/* PROC_MSG_GUESSED. on_guessed: 0, or a negative: it is no such message. */
void worker_ledger_hear(struct worker_ledger *l,
                        int (*on_guessed)(void *owner, struct slice payload), void *owner);

struct worker_ledger_counters {
	uint64_t waiting; /* sessions that are not in the file yet */
	uint64_t lost;    /* sessions that will never be, and the ledger does not know yet */
};
struct worker_ledger_counters worker_ledger_counters(const struct worker_ledger *l);

#endif
