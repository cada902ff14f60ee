/* Who is not let in (edge/bans.h): what an operator said here, kept in state_dir, and what the
 * other nodes of a cluster said. Workers have all of it. */
#include "parent/bans.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/replace.h"
#include "edge/bans.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FILE_MAX = 256 * 1024,
	SECONDS_MAX = 366 * 86400,
};

static void path_make(const char *state_dir, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/bans", state_dir);
}

/* --- for workers and for the next start --- */

void parent_bans_send(struct parent *p, struct parent_child *worker)
{
	CLEAN(buf_deinit) struct buf text = {};
	if (edge_bans_write(&text, p->bans))
		log_error(NULL, "no memory for a message");
	else
		parent_send(worker, PROC_MSG_BANS, buf_slice(&text), -1);
}

/* Those of other nodes come back by themselves. */
static int own_write(const struct parent *p, struct buf *out)
{
	CLEAN(freep) struct edge_bans *own = calloc(1, sizeof(*own));
	if (!own)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < p->bans->count; i++)
		if (!p->bans->rows[i].is_of_others)
			own->rows[own->count++] = p->bans->rows[i];
	return err_up(edge_bans_write(out, own));
}

static void keep(const struct parent *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PATH_MAX];
	path_make(p->plan->settings->state_dir, path);
	int r = own_write(p, &text);
	if (!r)
		r = file_replace(path, 0600, buf_slice(&text));
	if (r)
		log_error(NULL, "bans cannot be kept over a restart", kv_str("path", path),
		          kv_str("reason", strerror(-r)));
}

static void changed(struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan)
			parent_bans_send(p, p->workers[i]);
	keep(p);
}

int parent_bans_begin(struct parent *p, const char *state_dir)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PATH_MAX];
	p->bans = calloc(1, sizeof(*p->bans));
	if (!p->bans)
		return err_raise(-ENOMEM);
	if (!state_dir)
		return 0;
	path_make(state_dir, path);
	int r = file_read(&text, path, FILE_MAX, NULL);
	if (!r)
		edge_bans_read(p->bans, buf_slice(&text));
	else if (r != -ENOENT)
		log_error(NULL, "bans that were kept cannot be read", kv_str("path", path),
		          kv_str("reason", file_error(r)));
	return 0;
}

void parent_bans_tick(struct parent *p)
{
	if (p->plan && edge_bans_prune(p->bans, time(NULL)))
		changed(p);
}

/* --- what an operator says --- */

static void cluster_tell(struct parent *p, const struct edge_ban *ban)
{
	char text[EDGE_BAN_TARGET_CAP + 24];
	if (!p->ledger.chan || !p->plan->settings->cluster.is_set)
		return;
	snprintf(text, sizeof(text), "%s %" PRId64, ban->target, ban->until_s);
	parent_send(&p->ledger, PROC_MSG_BAN, slice_str(text), -1);
}

const char *parent_bans_put(struct parent *p, const char *text, bool *ret_is_user)
{
	struct edge_ban ban;
	char *end;
	long long seconds = strtoll(text, &end, 10);
	if (end == text || *end != ' ' || seconds <= 0 || seconds > SECONDS_MAX)
		return "a ban lasts a second at least and a year at most";
	if (edge_ban_of(&ban, slice_str(end + 1), time(NULL) + seconds))
		return "that is no address, no network and no user";
	if (!p->plan)
		return "the daemon is not ready yet";
	if (edge_bans_put(p->bans, &ban))
		return "there is no room for more bans; `mailseal ctl bans` shows those there are";
	*ret_is_user = ban.is_user;
	log_notice(NULL, "banned", kv_str("target", ban.target), kv_int("seconds", seconds));
	changed(p);
	cluster_tell(p, &ban);
	return NULL;
}

const char *parent_bans_lift(struct parent *p, const char *target)
{
	struct edge_ban ban;
	if (!p->plan || edge_ban_of(&ban, slice_str(target), 0) || !edge_bans_lift(p->bans, &ban))
		return "there is no such ban; `mailseal ctl bans` shows all";
	log_notice(NULL, "ban lifted", kv_str("target", target));
	changed(p);
	cluster_tell(p, &ban);
	return NULL;
}

/* --- what other nodes say --- */

void parent_bans_came(struct parent *p, struct slice text)
{
	struct edge_ban ban;
	size_t kept = 0;
	if (!p->plan)
		return;
	for (size_t i = 0; i < p->bans->count; i++)
		if (!p->bans->rows[i].is_of_others)
			p->bans->rows[kept++] = p->bans->rows[i];
	p->bans->count = kept;
	while (edge_ban_next(&ban, &text)) {
		ban.is_of_others = true;
		if (!ban.until_s)
			(void)edge_bans_lift(p->bans, &ban); /* another node lifted it */
		else if (edge_bans_put(p->bans, &ban))
			log_debug(NULL, "no room for a ban of another node");
	}
	(void)edge_bans_prune(p->bans, time(NULL));
	changed(p);
}

/* --- for the status --- */

json_t *parent_bans_json(const struct parent *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->bans->count; i++) {
		const struct edge_ban *b = &p->bans->rows[i];
		char until[32] = "";
		time_t at = (time_t)b->until_s;
		struct tm tm;
		if (gmtime_r(&at, &tm))
			strftime(until, sizeof(until), "%Y-%m-%d %H:%M:%S UTC", &tm);
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s, s:b}", "target", b->target, "kind",
		                                b->is_user ? "user" : "address", "until", until,
		                                "of_cluster", b->is_of_others));
	}
	return list;
}

size_t parent_bans_count(const struct parent *p)
{
	return p->bans->count;
}
