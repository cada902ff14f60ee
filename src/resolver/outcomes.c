#include "resolver/outcomes.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_lasting.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "store/store.h"
#include "store/tlsrpt.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	PRUNE_MS = 60 * 1000,
	PRUNE_MORE_MS = 100,
	SAY_MS = LOG_LASTING_MS, /* at most so often */
	SAY_FIRST_MS = 1000,
};

struct outcomes {
	struct io_loop *loop;
	struct store_tlsrpt *store; /* NULL: it cannot be kept */
	struct io_deadline prune, say;
	bool is_saying; /* say is armed */
	uint64_t lost;
	const char *why; /* of the last that were lost */
	struct log_lasting unpruned;
};

static void on_say(struct io_deadline *d)
{
	struct outcomes *o = (struct outcomes *)((char *)d - offsetof(struct outcomes, say));
	o->is_saying = o->lost > 0;
	if (!o->lost)
		return;
	log_warn(NULL, "sessions were not counted for TLS reports",
	         kv_int("lost", (int64_t)o->lost), kv_str("reason", o->why));
	o->lost = 0;
	io_deadline_arm(o->loop, d, SAY_MS);
}

static void lose(struct outcomes *o, uint64_t count, const char *why)
{
	if (!count)
		return;
	o->lost += count;
	o->why = why;
	if (!o->is_saying)
		io_deadline_arm(o->loop, &o->say, SAY_FIRST_MS);
	o->is_saying = true;
}

static void on_prune(struct io_deadline *d)
{
	struct outcomes *o = (struct outcomes *)((char *)d - offsetof(struct outcomes, prune));
	bool is_more = false;
	uint64_t now_ms = io_loop_now_ms(o->loop), unsaid;
	int r = store_tlsrpt_prune(o->store, time(NULL), &is_more);
	if (r && log_lasting(&o->unpruned, now_ms, &unsaid))
		log_warn(NULL, "old counts for TLS reports are not deleted",
		         kv_str("error", strerror(-r)), kv_str("where", err_origin()),
		         kv_int("unsaid", (int64_t)unsaid));
	if (!r && log_lasting_over(&o->unpruned, now_ms))
		log_notice(NULL, "old counts for TLS reports are deleted again");
	io_deadline_arm(o->loop, d, is_more ? PRUNE_MORE_MS : PRUNE_MS);
}

int outcomes_new(struct outcomes **ret_o, struct io_loop *loop, const char *folder)
{
	char path[PATH_MAX + 16];
	struct store_opened how;
	struct outcomes *o = calloc(1, sizeof(*o));
	if (!o)
		return err_raise(-ENOMEM);
	o->loop = loop;
	o->prune.fn = on_prune;
	o->say.fn = on_say;
	snprintf(path, sizeof(path), "%s/" CONF_TLSRPT_FILE, folder);
	int r = store_tlsrpt_open(&o->store, path, &how);
	if (how.was_bad)
		log_error(NULL, "counts for TLS reports were lost", kv_str("file", path),
		          kv_str("error", how.why));
	if (r)
		log_error(NULL, "sessions are not counted for TLS reports", kv_str("file", path),
		          kv_str("error", how.why));
	else
		io_deadline_arm(loop, &o->prune, PRUNE_MORE_MS);
	*ret_o = o;
	return 0;
}

struct store_tlsrpt *outcomes_store(const struct outcomes *o)
{
	return o->store;
}

void outcomes_free(struct outcomes *o)
{
	if (!o)
		return;
	io_deadline_disarm(&o->prune);
	io_deadline_disarm(&o->say);
	store_tlsrpt_close(o->store);
	free(o);
}

void outcomes_count(struct outcomes *o, const struct policy_outcome *outcome, uint32_t lost)
{
	lose(o, lost, "a worker could not tell them");
	int r = o->store ? store_tlsrpt_count(o->store, outcome, time(NULL), STORE_TLSRPT_ROWS) : 0;
	if (r == STORE_TLSRPT_FULL)
		lose(o, 1, "there are as many as are kept");
	else if (r)
		lose(o, 1, "they could not be written");
}
