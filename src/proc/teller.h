/*
 * Tells the ledger process what sessions were. Entries are gathered into batches, and each batch is
 * kept here until the ledger says that it is in the file: one that died is told again what it had
 * not kept, by the number of the batch, so nothing is lost and nothing counts twice. What is
 * gathered is bounded; above that sessions, and credentials in clear that found no room either, are
 * only counted, and the next batch says how many.
 */
#ifndef PROC_TELLER_H
#define PROC_TELLER_H

#include "base/slice.h"
#include "proc/msg.h"
#include "store/record.h"

#include <stddef.h>

struct io_loop;
struct proc_teller;

enum {
	PROC_TELLER_BATCH_LEN = 64 * 1024, /* handed over when so much is gathered, */
	PROC_TELLER_BATCH_MS = 250,        /* or so long after its first entry */
	PROC_TELLER_BYTES_MAX = 8 * 1024 * 1024,
	PROC_TELLER_UNDER_WAY_MAX = 16, /* batches handed over and not kept yet */
};

struct proc_teller_settings {
	struct io_loop *loop;
	enum proc_role self;
	void (*on_broken)(void *owner); /* its channel broke, and another is wanted */
	void *owner;
};
[[nodiscard]] int proc_teller_new(struct proc_teller **ret_l,
                                  const struct proc_teller_settings *settings);
/* What is gathered goes to the channel, if it takes it at once. NULL is fine. */
void proc_teller_free(struct proc_teller *l);
/* Of the teller's life. Off until proc_teller_switch(): what it is told then is forgotten. */
struct store_recorder *proc_teller_recorder(struct proc_teller *l);
void proc_teller_switch(struct proc_teller *l, bool is_on);
/* Takes fd: the channel to ledger, in place of the one before. */
[[nodiscard]] int proc_teller_attach(struct proc_teller *l, int fd);
/* on_kept: once, when all is in the file, or after at_most_ms; perhaps at once. */
void proc_teller_finish(struct proc_teller *l, uint32_t at_most_ms, void (*on_kept)(void *owner),
                        void *owner);

/* What is no record, and may be lost. */
void proc_teller_say(struct proc_teller *l, enum proc_msg_type type, struct slice payload);
/* PROC_MSG_GUESSED. on_guessed: 0, or a negative: it is no such message. */
void proc_teller_hear(struct proc_teller *l, int (*on_guessed)(void *owner, struct slice payload),
                      void *owner);

struct proc_teller_counters {
	uint64_t waiting; /* sessions that are not in the file yet */
	uint64_t lost;    /* sessions that will never be, and the ledger does not know yet */
};
struct proc_teller_counters proc_teller_counters(const struct proc_teller *l);

#endif
