#include "parent/keys.h"
#include "parent/catalog.h"
#include "parent/challenges.h"
#include "parent/children.h"
#include "parent/guard.h"
#include "parent/parent.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

static bool is_rsa_signed(const struct parent_plan *plan)
{
	for (size_t i = 0; i < plan->certificate_count; i++)
		if (plan->certificates[i].is_rsa)
			return true;
	return false;
}

static unsigned wanted(const struct parent_plan *plan)
{
	unsigned workers = parent_workers_wanted(plan->settings);
	unsigned each = is_rsa_signed(plan) ? 1 : PARENT_KEYS_WORKERS;
	unsigned count = plan->settings->keys_processes;
	if (!count)
		count = (workers + each - 1) / each;
	if (count > workers) /* the others would have nobody to sign for */
		count = workers;
	return count > PARENT_KEYS_MAX ? PARENT_KEYS_MAX : count;
}

static struct parent_child *keys_for(struct parent *p, const struct parent_child *worker)
{
	return &p->keys[worker->slot % p->keys_count];
}

void parent_keys_introduce(struct parent *p, struct parent_child *worker)
{
	parent_introduce(keys_for(p, worker), worker);
}

/* Inherited workers have the keys of their own time, and its numbers. */
static void introduce(struct parent *p, const struct parent_child *only)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && (!only || keys_for(p, p->workers[i]) == only))
			parent_keys_introduce(p, p->workers[i]);
	for (struct parent_child *c = p->leaving; c; c = c->next)
		if (c->role == PROC_ROLE_WORKER && !c->is_inherited &&
		    (!only || keys_for(p, c) == only))
			parent_keys_introduce(p, c);
}

bool parent_keys_load_one(struct parent_child *keys, uint32_t key_id, const char *path)
{
	uint8_t payload[4];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	int fd = file_open_read(path);
	if (fd < 0) {
		errno = -fd;
		return false;
	}
	proc_pack_u32(&packer, key_id);
	parent_send(keys, PROC_MSG_KEY, proc_packed(&packer), fd);
	return true;
}

unsigned parent_keys_load(struct parent *p, uint32_t key_id, const char *path)
{
	unsigned sent = 0;
	while (sent < p->keys_count && parent_keys_load_one(&p->keys[sent], key_id, path))
		sent++;
	return sent;
}

/* A successor gets all that the one before it had. */
static void all_send(struct parent_child *keys, struct parent_plan *plan)
{
	char path[512];
	for (size_t i = 0; plan && i < plan->certificate_count; i++) {
		if (!buf_len(&plan->certificates[i].chain))
			continue;
		parent_plan_key_path(plan->settings, i, path, sizeof(path));
		if (!parent_keys_load_one(keys, plan->certificates[i].key_id, path))
			parent_plan_key_bad(keys->parent, plan->certificates[i].key_id,
			                    strerror(errno));
	}
}

static int keys_launch(struct parent *p, unsigned slot)
{
	struct parent_child *keys = &p->keys[slot];
	const struct conf_settings *s = p->plan ? p->plan->settings : p->next->settings;
	keys->role = PROC_ROLE_KEYS;
	keys->parent = p;
	keys->slot = slot;
	int r = parent_child_start(keys, s->keys_user);
	if (r)
		return err_up(r);
	all_send(keys, p->retired);
	all_send(keys, p->plan);
	all_send(keys, p->next);
	parent_challenges_keys_send(keys);
	parent_catalog_keys_lost(p, slot);
	return 0;
}

int parent_keys_start(struct parent_child *keys)
{
	struct parent *p = keys->parent;
	if (keys->slot >= p->keys_count)
		return 0;
	int r = keys_launch(p, keys->slot);
	if (r)
		return err_up(r);
	if (keys->slot == 0) {
		parent_plan_keys_again(p);
		parent_challenges_maker_lost(p);
	}
	introduce(p, keys);
	parent_guard_keys_lost(p);
	return 0;
}

int parent_keys_begin(struct parent *p)
{
	if (p->keys_count)
		return 0;
	p->keys_count = 1;
	int r = keys_launch(p, 0);
	if (r)
		p->keys_count = 0;
	return err_up(r);
}

static void keys_leave(struct parent_child *keys)
{
	io_deadline_disarm(&keys->restart);
	if (keys->pid)
		kill(keys->pid, SIGTERM);
	parent_child_detach(keys);
	keys->pid = 0; /* whoever reaps it knows it no more */
}

void parent_keys_adjust(struct parent *p)
{
	unsigned had = p->keys_count;
	unsigned want = wanted(p->plan);
	while (p->keys_count < want) {
		if (keys_launch(p, p->keys_count)) {
			log_error(NULL, "process cannot be started", kv_str("name", "keys"),
			          kv_str("where", err_origin()));
			break;
		}
		p->keys_count++;
	}
	if (want < had)
		p->keys_count = want;
	if (p->keys_count == had)
		return;
	introduce(p, NULL); /* also from those that go, which are asked nothing more */
	for (unsigned slot = p->keys_count; slot < had; slot++)
		keys_leave(&p->keys[slot]);
}

void parent_keys_refuse(struct parent_child *keys, uint32_t key_id)
{
	uint8_t payload[4];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&packer, key_id);
	parent_send(keys, PROC_MSG_KEY_FORGET, proc_packed(&packer), -1);
}

void parent_keys_forget(struct parent *p, uint32_t key_id)
{
	for (unsigned i = 0; i < p->keys_count; i++)
		parent_keys_refuse(&p->keys[i], key_id);
}

void parent_keys_make(struct parent *p, enum proc_msg_type type, struct slice payload, int fd)
{
	parent_send(&p->keys[0], type, payload, fd);
}

void parent_keys_send_made(struct parent_child *keys, uint32_t key_id, int fd)
{
	char path[64];
	/* Opened anew: each reads from the beginning. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!parent_keys_load_one(keys, key_id, path))
		log_error(NULL, "key not handed on", kv_int("key", key_id),
		          kv_str("error", strerror(errno)));
}

void parent_keys_share(struct parent *p, uint32_t key_id, int fd)
{
	for (unsigned i = 1; i < p->keys_count; i++)
		parent_keys_send_made(&p->keys[i], key_id, fd);
}

int parent_keys_slot(const struct parent *p, pid_t pid)
{
	for (unsigned i = 0; i < p->keys_count; i++)
		if (p->keys[i].pid && p->keys[i].pid == pid)
			return (int)i;
	return -1;
}

bool parent_keys_are_quiet(const struct parent *p)
{
	for (unsigned i = 0; i < p->keys_count; i++)
		if (!parent_child_is_quiet(&p->keys[i]))
			return false;
	return p->keys_count;
}

void parent_keys_end(struct parent *p)
{
	for (unsigned i = 0; i < p->keys_count; i++)
		if (p->keys[i].pid)
			kill(p->keys[i].pid, SIGTERM);
}
