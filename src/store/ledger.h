/*
 * The ledger's file: state_dir/ledger/ledger.db (SQLite, WAL). One process writes it (ledger/);
 * `mailseal report` and web/ read it (store/ledger_read.h). The schema is in ledger_schema.c.
 *
 * What comes is first summed up in memory, so that a busy second costs a row and not a thousand,
 * and written by store_ledger_commit() in one transaction with the numbers of the batches it came
 * in: a batch is counted once, however often it is handed over.
 *
 * Strangers choose much of what is in it, so all has a bound: texts are cut to STORE_TEXT_MAX and
 * made printable, and of too many rows those that say least go first (STORE_LEDGER_... below).
 * While the disk is full what came waits in memory, bounded too: sums are kept longest, and a
 * session of which something had to be dropped is counted as lost.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/record.h"

#include <stddef.h>

struct store_ledger;
struct store_opened;

enum {
	STORE_LEDGER_NAMES_MAX = 5000000,
	STORE_LEDGER_FARS_MAX = 1000000,
	STORE_LEDGER_HELLOS_MAX = 100000,
	STORE_LEDGER_HELLOS_EACH = 64, /* of one at one edge; others are in the sums alone */
	STORE_LEDGER_EXPOSURES_MAX = 1000000,
	/* Of a day, of what a stranger makes with least; twice of that with what needs more, three
	 * times with our deliveries. The rest count as one of each kind. */
	STORE_LEDGER_EVENTS_MAX = 10000,
	STORE_LEDGER_EVENT_SESSIONS = 5, /* sealed ones, of who can lose something */
	STORE_LEDGER_SUMS_S = 5 * 365 * 86400,
};

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
	/* In use in the file, without its WAL; the oldest rows go first. 0: no limit. */
	int64_t max_bytes;
	bool has_hook; /* for new exposures: they are kept until store_ledger_hook_done() */
};

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_ledger_open(struct store_ledger **ret_l,
                                    const struct store_ledger_settings *set,
                                    struct store_opened *ret_opened);
/* What was not committed is lost. NULL is fine. */
void store_ledger_close(struct store_ledger *l);

/*
 * What follows came in this batch of this worker, whose batches come in order. It commits what came
 * before where that is much; if this fails, later ones try again.
 *
 * Returns 0, STORE_LEDGER_KNOWN (it was counted already, leave out what is in it) or a negative.
 */
enum { STORE_LEDGER_KNOWN = 1 };
[[nodiscard]] int store_ledger_batch(struct store_ledger *l, uint64_t worker, uint64_t number,
                                     int64_t now_s);

/* 0 or a negative: the file could not be read, and what was to be learnt from it is missing; the
 * session is counted all the same. */
[[nodiscard]] int store_ledger_session(struct store_ledger *l, const struct store_record *record);
[[nodiscard]] int store_ledger_hello(struct store_ledger *l, const struct store_hello *hello,
                                     int64_t now_s);
/* ret_is_new: no such exposure (user, protocol, edge, address, sent or tried) was known. */
[[nodiscard]] int store_ledger_exposure(struct store_ledger *l,
                                        const struct store_exposure *exposure, bool *ret_is_new);

/*
 * Hooks of exposures: a new one whose password was sent and that no exception allowed, or whose
 * exception is over, waits in the file from the next commit on. It is run at least once: who dies
 * before he has said how it ended leaves it to his successor.
 */
struct store_ledger_hook {
	struct store_exposure exposure; /* texts point into this struct; at_s: the first time */
	bool is_known;                  /* the user had logged in before */
	unsigned tries;                 /* that failed */
	char texts[5][STORE_TEXT_MAX + 1];
};
/* Those that are due, known users first, then the oldest; max of them at most. 0 or a negative. */
[[nodiscard]] int store_ledger_hooks_due(struct store_ledger *l, int64_t now_s, size_t max,
                                         struct store_ledger_hook *ret_hooks, size_t *ret_count);
/* Not again. Of one that was deleted meanwhile: nothing. 0 or a negative. */
[[nodiscard]] int store_ledger_hook_done(struct store_ledger *l,
                                         const struct store_ledger_hook *hook);
/* It failed once more: again from then on. 0 or a negative. */
[[nodiscard]] int store_ledger_hook_failed(struct store_ledger *l,
                                           const struct store_ledger_hook *hook, int64_t due_s);
bool store_ledger_hook_is_same(const struct store_ledger_hook *a,
                               const struct store_ledger_hook *b);
/* How many there are. 0 or a negative. */
[[nodiscard]] int store_ledger_hooks_waiting(struct store_ledger *l, uint64_t *ret_count);

/* Sessions of which a worker kept nothing but their number, for want of room. */
[[nodiscard]] int store_ledger_lost(struct store_ledger *l, uint64_t count, int64_t now_s);

/* Writes what came since the last one; not in the middle of a batch. 0 or a negative; then it is
 * tried again with the next. */
[[nodiscard]] int store_ledger_commit(struct store_ledger *l);

/* A few rows that are due to go; ret_more: there are more. Short: call it again and again. */
[[nodiscard]] int store_ledger_prune(struct store_ledger *l, int64_t now_s, bool *ret_more);

/*
 * All that names this user (as it was written; letter case counts): sessions, names, exposures.
 * ret_rows: how many were deleted. Commits, before and after.
 *
 * What was deleted is overwritten in the file, all of which is read for that (a second for each
 * GiB or two), and older states of its pages are emptied out of the WAL: before it returns, or,
 * where somebody reads meanwhile, with the first commit after that.
 */
[[nodiscard]] int store_ledger_forget(struct store_ledger *l, const char *user, size_t *ret_rows);

struct store_schema;
extern const struct store_schema store_ledger_schema;

/* What is wrong until somebody mends it. Texts are cut to STORE_TEXT_MAX bytes. */
struct store_alarm {
	const char *kind, *subject, *detail, *mend;
	int64_t since_s, seen_s;
	int64_t cleared_s; /* 0: it is so */
};
/* It is so, still so, or over. Into the file at once. 0 or a negative. */
[[nodiscard]] int store_ledger_alarm_put(struct store_ledger *l, const struct store_alarm *alarm);

#endif
