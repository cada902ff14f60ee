/*
 * The image that goes on after an upgrade. The old processes are its children as they were those
 * of the build before (the same pid). Old workers serve until the new ones are ready, then drain;
 * if the new ones never are, the old ones stay.
 */
#include "parent/heir.h"
#include "parent/ctl.h"
#include "parent/drain.h"
#include "parent/notify.h"
#include "parent/state.h"
#include "parent/tickets.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { READY_MAX_MS = 30000 };

static int estate_fetch(struct buf *ret_text, int fd)
{
	for (;;) {
		uint8_t *at;
		int r = buf_reserve(ret_text, 16384, &at);
		if (r)
			return err_up(r);
		ssize_t n = pread(fd, at, 16384, (off_t)buf_len(ret_text));
		if (n < 0)
			return err_raise(-errno);
		if (n == 0)
			return 0;
		buf_commit(ret_text, (size_t)n);
		if (buf_len(ret_text) > ESTATE_LEN_MAX)
			return err_raise(-EFBIG);
	}
}

static int close_on_exec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) ? err_raise(-errno) : 0;
}

static int descriptors_adopt(struct parent *p, const struct estate *e)
{
	int r = close_on_exec(e->lock_fd);
	if (r)
		return err_up(r);
	p->lock_fd = e->lock_fd;
	r = close_on_exec(e->ctl_fd);
	for (size_t i = 0; !r && i < e->asker_count; i++)
		r = close_on_exec(e->askers[i]);
	for (size_t i = 0; !r && i < e->listener_count; i++) {
		r = close_on_exec(e->listeners[i].fd);
		if (!r)
			r = parent_listen_adopt(p, e->listeners[i].slot, e->listeners[i].fd);
	}
	return err_up(r);
}

static int estate_adopt(struct parent *p, const struct estate *e)
{
	snprintf(p->old_version, sizeof(p->old_version), "%s", e->version);
	p->began.tv_sec = (time_t)e->began_s;
	p->old_drain_timeout_ms = e->drain_timeout_ms;
	parent_tickets_adopt(p, e);
	int r = descriptors_adopt(p, e);
	for (size_t i = 0; !r && i < e->child_count; i++)
		r = parent_child_adopt(p, &e->children[i]);
	/* Last: who asks is answered by a parent that knows its children. */
	if (!r)
		r = parent_ctl_adopt(p, e);
	return err_up(r);
}

static void on_heir_late(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, heir_late));
	if (!p->is_draining)
		parent_upgrade_failed(p, "the new workers are not ready in time");
}

int parent_inherit(struct parent *p, int inherited)
{
	CLEAN(closep) int fd = inherited;
	CLEAN(buf_deinit_secret) struct buf text = {};
	struct estate e;
	int r = estate_fetch(&text, fd);
	if (!r)
		r = estate_read(&e, buf_slice(&text));
	if (r) {
		log_error(NULL, "what the build before left cannot be read");
		return r == ESTATE_BAD ? err_raise(-EPROTO) : err_up(r);
	}
	r = estate_adopt(p, &e);
	log_notice(NULL, "taken over", kv_str("from", e.version), kv_str("to", MAILSEAL_VERSION),
	           kv_int("sockets", (int64_t)e.listener_count),
	           kv_int("processes", (int64_t)e.child_count));
	estate_deinit(&e);
	p->heir_late.fn = on_heir_late;
	io_deadline_arm(p->loop, &p->heir_late, READY_MAX_MS);
	return err_up(r);
}

static bool slot_is_served(const struct parent *p, unsigned slot)
{
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (c->slot == slot && parent_child_is_serving(c))
			return true;
	return false;
}

/*
 * Nobody will accept in the seats of old workers that died: the kernel is to give their clients to
 * the others. A socket that an old worker holds beside its own stays open in there.
 */
static void seats_drop(struct parent *p)
{
	for (unsigned slot = 0; slot < PARENT_WORKERS_MAX && !p->plan; slot++)
		if (!slot_is_served(p, slot))
			parent_listen_drop(p, slot);
}

static bool has_serving(const struct parent *p)
{
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (parent_child_is_serving(c))
			return true;
	return false;
}

bool parent_upgrade_failed(struct parent *p, const char *why)
{
	if (p->is_draining || !has_serving(p))
		return false;
	log_error(NULL, "upgrade failed, the old workers go on", kv_str("reason", why),
	          kv_str("from", p->old_version), kv_str("to", MAILSEAL_VERSION),
	          kv_str("mend", "correct it, then: mailseal ctl reload"));
	p->has_upgrade_failed = true;
	io_deadline_disarm(&p->heir_late);
	seats_drop(p);
	parent_notify("READY=1\nSTATUS=upgrade failed, the old workers go on");
	return true;
}

void parent_heir_lost(struct parent *p, const struct parent_child *c)
{
	bool has_others = false;
	for (const struct parent_child *other = p->leaving; other; other = other->next)
		has_others |= other->is_inherited;
	if (c->is_inherited && !has_others)
		log_notice(NULL, "the build before is gone", kv_str("version", p->old_version));
	if (!c->is_inherited || c->is_drained || p->is_draining || p->is_ready)
		return;
	if (p->has_upgrade_failed)
		seats_drop(p);
	log_error(NULL, "process of the build before died", kv_str("role", proc_role_name(c->role)),
	          kv_int("pid", c->pid));
	/* Without a plan there is nobody to come: the supervisor may begin anew. */
	if (p->has_upgrade_failed && !p->plan && !has_serving(p)) {
		log_error(NULL, "no worker is left");
		p->status = 1;
		io_loop_stop(p->loop);
	}
}
