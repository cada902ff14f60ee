#include "resolver/memory.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_lasting.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "store/faults.h"
#include "store/memory.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
	WEEK_S = 7 * DAY_S,
	UNUSED_S = 400 * DAY_S,
	TICK_MS = 60 * 1000,
	WORKAROUNDS_SHOWN = 100,
};

struct resolver_memory {
	struct resolver_memory_settings set;
	struct store_memory *store; /* NULL, either: it cannot be kept */
	struct store_faults *faults;
	struct io_deadline tick;
	bool is_suspended; /* nothing is held */
	struct log_lasting complaints;
};

/* r: of the store. False: it failed, on a full disk at each connection. */
static bool is_well(struct resolver_memory *m, const char *what, int r)
{
	uint64_t unsaid;
	if (r && log_lasting(&m->complaints, io_loop_now_ms(m->set.loop), &unsaid))
		log_warn(NULL, "TLS of far ends is not remembered", kv_str("doing", what),
		         kv_str("error", strerror(-r)), kv_str("where", err_origin()),
		         kv_int("unsaid", (int64_t)unsaid));
	return !r;
}

/* Something was written. */
static void is_kept(struct resolver_memory *m)
{
	if (log_lasting_over(&m->complaints, io_loop_now_ms(m->set.loop)))
		log_notice(NULL, "TLS of far ends is remembered again");
}

/* Is it us? */
static void suspicion_update(struct resolver_memory *m)
{
	size_t sealed, lost, ignored;
	time_t now_s = time(NULL);
	int r = store_memory_count(m->store, now_s - WEEK_S, &sealed, &ignored);
	if (!r)
		r = store_memory_count(m->store, now_s - HOUR_S, &ignored, &lost);
	if (!is_well(m, "count", r))
		return;
	bool was_suspended = m->is_suspended;
	m->is_suspended = policy_memory_is_our_fault(lost, sealed);
	if (m->is_suspended && !was_suspended)
		log_error(NULL, "many far ends lost TLS at once: the fault is presumed here",
		          kv_int("lost", (int64_t)lost), kv_int("known", (int64_t)sealed),
		          kv_str("mend", "look at the firewall and the network between; no mail is "
		                         "held meanwhile"));
}

static void on_tick(struct io_deadline *d)
{
	struct resolver_memory *m =
		(struct resolver_memory *)((char *)d - offsetof(struct resolver_memory, tick));
	time_t now_s = time(NULL);
	io_deadline_arm(m->set.loop, d, TICK_MS);
	if (m->store)
		suspicion_update(m);
	int r = m->store ? store_memory_prune(m->store, now_s - UNUSED_S) : 0;
	if (!r && m->faults)
		r = store_faults_prune(m->faults, now_s);
	(void)is_well(m, "prune", r);
	resolver_memory_tell(m);
}

void resolver_memory_tell(struct resolver_memory *m)
{
	CLEAN(buf_deinit) struct buf list = {};
	if (!m->faults)
		return;
	int r = store_faults_list(m->faults, time(NULL), WORKAROUNDS_SHOWN, &list);
	if (is_well(m, "list", r))
		m->set.on_workarounds(m->set.owner, buf_slice(&list));
}

/* r: of opening it. */
static void opened_tell(const char *path, int r, const struct store_opened *how)
{
	if (how->was_bad)
		log_error(NULL, "what far ends had was lost", kv_str("file", path),
		          kv_str("error", how->why));
	if (r)
		log_error(NULL, "TLS of far ends is not remembered", kv_str("file", path),
		          kv_str("error", how->why));
}

int resolver_memory_new(struct resolver_memory **ret_m, const struct resolver_memory_settings *set)
{
	char path[PATH_MAX + 16];
	struct store_opened how;
	struct resolver_memory *m = calloc(1, sizeof(*m));
	if (!m)
		return err_raise(-ENOMEM);
	m->set = *set;
	m->tick.fn = on_tick;
	snprintf(path, sizeof(path), "%s/" CONF_MEMORY_FILE, set->folder);
	opened_tell(path, store_memory_open(&m->store, path, &how), &how);
	snprintf(path, sizeof(path), "%s/faults.db", set->folder);
	opened_tell(path, store_faults_open(&m->faults, path, &how), &how);
	io_deadline_arm(set->loop, &m->tick, TICK_MS);
	*ret_m = m;
	return 0;
}

void resolver_memory_free(struct resolver_memory *m)
{
	if (!m)
		return;
	io_deadline_disarm(&m->tick);
	store_memory_close(m->store);
	store_faults_close(m->faults);
	free(m);
}

void resolver_memory_get(struct resolver_memory *m, const char *domain, const char *mx,
                         struct policy_memory *ret_memory)
{
	*ret_memory = (struct policy_memory){};
	if (m->store)
		(void)is_well(m, "look", store_memory_get(m->store, domain, mx, ret_memory));
	if (m->faults)
		(void)is_well(m, "look",
		              store_faults_get(m->faults, mx, time(NULL), &ret_memory->fault));
	ret_memory->may_hold = !m->is_suspended;
}

struct policy_shared_memory resolver_memory_own(struct resolver_memory *m, const char *domain,
                                                const char *mx)
{
	struct policy_shared_memory own = {};
	if (m->store)
		(void)is_well(m, "look", store_memory_tell(m->store, domain, mx, &own));
	return own;
}

void resolver_memory_seed(struct resolver_memory *m, const char *domain, const char *mx,
                          int64_t since_s)
{
	if (m->store)
		(void)is_well(m, "keep",
		              store_memory_seed(m->store, domain, mx, since_s, time(NULL)));
}

void resolver_memory_tell_again(struct resolver_memory *m, int64_t since_s)
{
	enum { HOSTS_MAX = 1000 };
	if (m->store)
		(void)is_well(m, "look",
		              store_memory_read_used(m->store, since_s, HOSTS_MAX, m->set.on_memory,
		                                     m->set.owner));
}

static void memory_tell(struct resolver_memory *m, const char *domain, const char *mx)
{
	const struct policy_shared_memory own = resolver_memory_own(m, domain, mx);
	m->set.on_memory(m->set.owner, domain, mx, &own);
}

static void fault_tell(struct resolver_memory *m, const char *mx)
{
	struct policy_shared_fault own = {};
	(void)is_well(m, "look", store_faults_tell(m->faults, mx, &own));
	m->set.on_fault(m->set.owner, mx, &own);
}

void resolver_memory_note(struct resolver_memory *m, const char *domain, const char *mx,
                          enum policy_seen seen)
{
	bool is_new = false;
	if (!m->store)
		return;
	int r = store_memory_note(m->store, domain, mx, seen, time(NULL), &is_new);
	if (!is_well(m, "keep", r))
		return;
	is_kept(m);
	memory_tell(m, domain, mx);
	if (!is_new)
		return;
	if (seen != POLICY_SEEN_LOST) {
		log_notice(NULL, "TLS is back", kv_str("domain", domain), kv_str("mx", mx));
		return;
	}
	log_warn(NULL, "downgrade", kv_str("domain", domain), kv_str("mx", mx),
	         kv_str("lost", "starttls"));
	suspicion_update(m);
}

void resolver_memory_fault(struct resolver_memory *m, const char *mx, enum policy_fault_seen seen)
{
	bool is_new = false;
	if (!m->faults)
		return;
	if (!is_well(m, "keep", store_faults_note(m->faults, mx, seen, time(NULL), &is_new)))
		return;
	fault_tell(m, mx);
	if (!is_new)
		return;
	log_notice(NULL, "workaround", kv_str("mx", mx), kv_str("with", "smaller ClientHello"),
	           kv_int("days", POLICY_FAULT_SMALL_S / DAY_S));
	resolver_memory_tell(m);
}

void resolver_memory_release(struct resolver_memory *m, const char *domain)
{
	size_t count = 0;
	if (m->store)
		(void)is_well(m, "release", store_memory_release(m->store, domain, &count));
	log_notice(NULL, "released", kv_str("domain", domain), kv_int("hosts", (int64_t)count));
}
