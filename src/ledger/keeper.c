#include "ledger/keeper.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "base/log_lasting.h"
#include "io/loop.h"
#include "proc/record.h"
#include "store/ledger_numbers.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PRUNE_MS = 10 * 1000,
	PRUNE_ON_MS = IO_WHEEL_TICK_MS, /* there is more, */
	PRUNE_TURN_MS = 20,             /* and so long at a time */
	RETRY_MS = 1000,
};

struct keeper {
	struct keeper_settings set;
	struct store_ledger *store;          /* NULL: it cannot be opened */
	struct store_ledger_numbers *counts; /* NULL as well */
	struct io_deadline reopen, commit, prune;
	struct io_later commit_now, give_up;
	uint64_t committed_ms, failing_since_ms;
	int64_t committed_s;
	bool has_news;
	struct log_calm complaints;
	struct log_lasting unopened, unwritten, unpruned;
	struct proc_record_hello hello; /* that is unpacked */
};

#define KEEPER_OF(node, member) ((struct keeper *)((char *)(node)-offsetof(struct keeper, member)))

/* --- the file --- */

static void file_close(struct keeper *k)
{
	store_ledger_numbers_close(TAKE(k->counts));
	store_ledger_close(TAKE(k->store));
	io_deadline_disarm(&k->commit);
	io_deadline_disarm(&k->prune);
	io_later_remove(k->set.loop, &k->commit_now);
	k->has_news = false;
	k->failing_since_ms = 0;
}

static void open_failed(struct keeper *k, const char *why)
{
	uint64_t unsaid;
	if (log_lasting(&k->unopened, io_loop_now_ms(k->set.loop), &unsaid))
		log_error(NULL, "sessions are not recorded", kv_str("file", k->set.store.path),
		          kv_str("error", why), kv_int("unsaid", (int64_t)unsaid),
		          kv_str("mend", "correct it; it is tried again every minute"));
	file_close(k);
	io_deadline_arm(k->set.loop, &k->reopen, KEEPER_REOPEN_MS);
}

static void file_open(struct keeper *k)
{
	struct store_opened how = {};
	const char *path = k->set.store.path;
	int r = store_ledger_open(&k->store, &k->set.store, &how);
	if (how.was_bad)
		log_error(NULL, "the record of sessions was lost and begins anew",
		          kv_str("file", path), kv_str("error", how.why));
	if (!r)
		r = store_ledger_numbers_open(&k->counts, path);
	if (r) {
		open_failed(k, how.why[0] ? how.why : strerror(-r));
		return;
	}
	if (log_lasting_over(&k->unopened, io_loop_now_ms(k->set.loop)))
		log_notice(NULL, "sessions are recorded again", kv_str("file", path));
	io_deadline_arm(k->set.loop, &k->prune, PRUNE_MS);
	k->set.on_open(k->set.owner);
}

static void on_reopen(struct io_deadline *d)
{
	file_open(KEEPER_OF(d, reopen));
}

/* From a later turn: who called is not to find it gone. */
static void on_give_up(struct io_later *later)
{
	struct keeper *k = KEEPER_OF(later, give_up);
	file_close(k);
	io_deadline_arm(k->set.loop, &k->reopen, KEEPER_REOPEN_MS);
	k->set.on_failed(k->set.owner);
}

/* What a worker told may be anything. */
static void complain(struct keeper *k, const char *what, int r)
{
	uint64_t unsaid;
	if (log_calm(&k->complaints, io_loop_now_ms(k->set.loop), &unsaid))
		log_error(NULL, what, kv_str("file", k->set.store.path), kv_int("errno", -r),
		          kv_str("where", err_origin()), kv_int("unsaid", (int64_t)unsaid));
}

/* --- writing --- */

static void write_failed(struct keeper *k, struct log_lasting *since, const char *what, int r)
{
	uint64_t unsaid;
	if (log_lasting(since, io_loop_now_ms(k->set.loop), &unsaid))
		log_error(NULL, what, kv_str("file", k->set.store.path),
		          kv_str("error", strerror(-r)), kv_str("where", err_origin()),
		          kv_int("unsaid", (int64_t)unsaid),
		          kv_str("mend", "correct it; it is tried again and again"));
}

static void write_is_well(struct keeper *k, struct log_lasting *since, const char *what)
{
	if (log_lasting_over(since, io_loop_now_ms(k->set.loop)))
		log_notice(NULL, what, kv_str("file", k->set.store.path));
}

static void commit_failed(struct keeper *k, int r)
{
	uint64_t now_ms = io_loop_now_ms(k->set.loop);
	write_failed(k, &k->unwritten, "sessions cannot be written", r);
	if (!k->failing_since_ms)
		k->failing_since_ms = now_ms;
	if (now_ms - k->failing_since_ms >= KEEPER_REOPEN_MS)
		io_later_add(k->set.loop, &k->give_up);
	else
		io_deadline_arm(k->set.loop, &k->commit, RETRY_MS);
}

void keeper_flush(struct keeper *k)
{
	io_deadline_disarm(&k->commit);
	io_later_remove(k->set.loop, &k->commit_now);
	if (!k->store || !k->has_news)
		return;
	int r = store_ledger_commit(k->store);
	if (r) {
		commit_failed(k, r);
		return;
	}
	k->has_news = false;
	k->failing_since_ms = 0;
	k->committed_ms = io_loop_now_ms(k->set.loop);
	k->committed_s = time(NULL);
	k->set.on_kept(k->set.owner);
}

static void on_commit(struct io_deadline *d)
{
	keeper_flush(KEEPER_OF(d, commit));
}

static void on_commit_now(struct io_later *later)
{
	keeper_flush(KEEPER_OF(later, commit_now));
}

/* The first of a quiet time goes with what came in the same turn, others wait for company. */
static void commit_soon(struct keeper *k)
{
	uint64_t since_ms = io_loop_now_ms(k->set.loop) - k->committed_ms;
	k->has_news = true;
	if (io_deadline_is_armed(&k->commit))
		return;
	if (since_ms >= KEEPER_COMMIT_MS)
		io_turn_add(k->set.loop, &k->commit_now);
	else
		io_deadline_arm(k->set.loop, &k->commit, KEEPER_COMMIT_MS - since_ms);
}

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_prune(struct io_deadline *d)
{
	struct keeper *k = KEEPER_OF(d, prune);
	uint64_t until_ms = clock_ms() + PRUNE_TURN_MS;
	if (k->committed_ms > k->unwritten.failed_ms)
		write_is_well(k, &k->unwritten, "sessions are written again");
	bool is_more;
	int r;
	do {
		is_more = false;
		r = store_ledger_prune(k->store, time(NULL), &is_more);
	} while (!r && is_more && clock_ms() < until_ms);
	if (r)
		write_failed(k, &k->unpruned, "old sessions cannot be removed", r);
	else
		write_is_well(k, &k->unpruned, "old sessions are removed again");
	io_deadline_arm(k->set.loop, d, !r && is_more ? PRUNE_ON_MS : PRUNE_MS);
}

/* --- taking --- */

static int session_take(struct keeper *k, struct slice entry)
{
	struct store_record record;
	if (!proc_record_session_unpack(entry, &record))
		return KEEPER_BAD;
	return err_up(store_ledger_session(k->store, &record));
}

static int hello_take(struct keeper *k, struct slice entry)
{
	if (!proc_record_hello_unpack(entry, &k->hello))
		return KEEPER_BAD;
	return err_up(store_ledger_hello(k->store, &k->hello.hello, time(NULL)));
}

static int exposure_take(struct keeper *k, struct slice entry)
{
	struct store_exposure exposure;
	bool is_new;
	if (!proc_record_exposure_unpack(entry, &exposure))
		return KEEPER_BAD;
	return err_up(store_ledger_exposure(k->store, &exposure, &is_new));
}

static const struct {
	uint8_t kind;
	int (*take)(struct keeper *k, struct slice entry);
} takers[] = {
	{ PROC_RECORD_SESSION, session_take },
	{ PROC_RECORD_HELLO, hello_take },
	{ PROC_RECORD_EXPOSURE, exposure_take },
};

/* One that is not known is of a newer worker, and left out. */
static int entry_take(struct keeper *k, uint8_t kind, struct slice entry)
{
	for (size_t i = 0; i < COUNT_OF(takers); i++)
		if (takers[i].kind == kind)
			return takers[i].take(k, entry);
	return 0;
}

static void entries_take(struct keeper *k, struct proc_unpacker *u)
{
	struct slice entry;
	uint8_t kind;
	while (proc_record_entry_next(u, &kind, &entry)) {
		int r = entry_take(k, kind, entry);
		if (r == KEEPER_BAD) /* the others still count */
			complain(k, "what a worker tells is not understood", -EPROTO);
		else if (r)
			complain(k, "the record of a session is not whole", r);
	}
	if (u->has_failed)
		complain(k, "what a worker tells is not understood", -EPROTO);
}

int keeper_take(struct keeper *k, struct slice batch, uint64_t *ret_number)
{
	struct proc_unpacker u = proc_unpacker_over(batch);
	struct proc_record_head head;
	if (!proc_record_head_unpack(&u, &head))
		return KEEPER_BAD;
	if (!k->store)
		return KEEPER_FAILED;
	int r = store_ledger_batch(k->store, head.worker, head.number, time(NULL));
	if (!r && head.lost)
		r = store_ledger_lost(k->store, head.lost, time(NULL));
	if (!r)
		entries_take(k, &u);
	if (r && r != STORE_LEDGER_KNOWN) {
		complain(k, "sessions cannot be counted", r);
		io_later_add(k->set.loop, &k->give_up);
		return KEEPER_FAILED;
	}
	*ret_number = head.number;
	commit_soon(k);
	return 0;
}

int keeper_forget(struct keeper *k, const char *user, size_t *ret_rows)
{
	if (!k->store)
		return err_raise(-EIO);
	return err_up(store_ledger_forget(k->store, user, ret_rows));
}

/* --- life --- */

struct slice keeper_numbers(struct keeper *k, uint8_t *ret_bytes)
{
	struct proc_packer p = proc_packer_over(ret_bytes, 8 * (size_t)PROC_LEDGER_NUMBER_COUNT);
	struct store_ledger_counts counts = {};
	uint64_t hooks = 0;
	if (k->counts && store_ledger_numbers_get(k->counts, &counts))
		log_debug(NULL, "rows cannot be counted");
	if (k->store && store_ledger_hooks_waiting(k->store, &hooks))
		log_debug(NULL, "hooks cannot be counted");
	const uint64_t numbers[] = {
		[PROC_LEDGER_ROWS] = counts.rows,
		[PROC_LEDGER_BYTES] = counts.bytes,
		[PROC_LEDGER_COMMITTED_S] = (uint64_t)k->committed_s,
		[PROC_LEDGER_LOST] = counts.lost,
		[PROC_LEDGER_IS_OPEN] = k->store != NULL,
		[PROC_LEDGER_HOOKS] = hooks,
	};
	_Static_assert(COUNT_OF(numbers) == PROC_LEDGER_NUMBER_COUNT, "every number");
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		proc_pack_u64(&p, numbers[i]);
	return proc_packed(&p);
}

bool keeper_is_open(const struct keeper *k)
{
	return k->store;
}

struct store_ledger *keeper_store(struct keeper *k)
{
	return k->store;
}

int keeper_new(struct keeper **ret_k, const struct keeper_settings *set)
{
	struct keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return err_raise(-ENOMEM);
	k->set = *set;
	k->reopen.fn = on_reopen;
	k->commit.fn = on_commit;
	k->prune.fn = on_prune;
	k->commit_now.fn = on_commit_now;
	k->give_up.fn = on_give_up;
	*ret_k = k;
	file_open(k);
	return 0;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	file_close(k);
	io_deadline_disarm(&k->reopen);
	io_later_remove(k->set.loop, &k->give_up);
	free(k);
}
