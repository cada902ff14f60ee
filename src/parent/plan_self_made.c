/* The certificate that port 25 shows where no other is configured: keys makes it once, it is kept.
 */
#include "parent/plan_inside.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Does any edge need the certificate that we make ourselves? */
static bool needs_self_made(const struct conf_settings *s)
{
	for (size_t i = 0; i < s->edge_count; i++)
		if (s->certificate_count == 0 &&
		    (s->edges[i].protocol == CONF_SMTP || s->edges[i].accepts_self_signed))
			return true;
	return false;
}

/* parent_plan_self_signed() goes on. */
static int self_made_order(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	char path[PARENT_PLAN_PATH_CAP];
	parent_plan_key_path(s, conf_chain_self_made(s), path, sizeof(path));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return parent_plan_fails(plan, "%s: %s", path, strerror(errno));
	if (!plan->self_made_is_ordered)
		plan->keys_pending++;
	plan->self_made_is_ordered = true;
	parent_keys_make(p, PROC_MSG_MAKE_SELF_SIGNED, slice_str(s->hostname), fd);
	return 0;
}

int parent_plan_self_made(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	size_t number = conf_chain_self_made(s);
	char chain[PARENT_PLAN_PATH_CAP], key[PARENT_PLAN_PATH_CAP];
	if (!needs_self_made(s))
		return 0;
	parent_plan_chain_path(s, number, chain, sizeof(chain));
	parent_plan_key_path(s, number, key, sizeof(key));
	plan->certificates[number].key_id = p->next_key_id++;
	if (file_time(chain).tv_sec == 0 || file_time(key).tv_sec == 0)
		return self_made_order(p, plan);
	return parent_plan_certificate_load(p, plan, number, chain, key);
}

void parent_plan_self_made_again(struct parent *p, struct parent_plan *plan)
{
	if (!plan->self_made_is_ordered || !self_made_order(p, plan))
		return;
	plan->self_made_is_ordered = false;
	plan->keys_pending--;
	parent_plan_decide_soon(p);
}

/* False: errno says why. */
static bool file_write(const char *path, struct slice bytes)
{
	CLEAN(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd >= 0 && !file_write_fd(fd, bytes);
}

/* It is kept, and its key loaded like any other. */
void parent_plan_self_signed(struct parent *p, struct slice chain)
{
	struct parent_plan *plan = p->next;
	char path[PARENT_PLAN_PATH_CAP], key[PARENT_PLAN_PATH_CAP];
	if (!plan)
		return;
	size_t number = conf_chain_self_made(plan->settings);
	parent_plan_chain_path(plan->settings, number, path, sizeof(path));
	parent_plan_key_path(plan->settings, number, key, sizeof(key));
	plan->self_made_is_ordered = false;
	plan->keys_pending--;
	if (!chain.len) {
		parent_plan_fails(plan, "%s cannot be written, keys has said why", key);
	} else if (!file_write(path, chain)) {
		parent_plan_fails(plan, "%s: %s", path, strerror(errno));
		unlink(path); /* half of it would be read at the next start */
	}
	if (!plan->error[0]) {
		log_notice(NULL, "made a self-signed certificate for port 25",
		           kv_str("file", path));
		parent_plan_self_made(p, plan);
	}
	if (!plan->keys_pending)
		parent_plan_decide_soon(p);
}
