/* One process of the daemon as the parent has it: its start, its channel. */
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/box.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void parent_child_name(const struct parent_child *c, char ret_name[PARENT_CHILD_NAME_CAP])
{
	if (c->role == PROC_ROLE_WATCH)
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "watch-%s", c->interface);
	else if (c->role == PROC_ROLE_WORKER || (c->role == PROC_ROLE_KEYS && c->slot))
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "%s-%u", proc_role_name(c->role),
		         c->slot);
	else
		snprintf(ret_name, PARENT_CHILD_NAME_CAP, "%s", proc_role_name(c->role));
}

void parent_child_detach(struct parent_child *c)
{
	io_watch_free(c->watch);
	c->watch = NULL;
	proc_chan_free(c->chan);
	c->chan = NULL;
	buf_deinit(&c->loads);
	c->is_ready = false;
}

bool parent_child_is_quiet(const struct parent_child *c)
{
	return c->chan && proc_chan_is_between_messages(c->chan) && !c->is_asked;
}

static void watch_update(struct parent_child *c)
{
	if (c->watch)
		io_watch_set(c->watch, IO_READ | (proc_chan_wants_write(c->chan) ? IO_WRITE : 0));
}

void parent_send(struct parent_child *c, enum proc_msg_type type, struct slice payload, int fd)
{
	int r = c->chan ? proc_chan_send(c->chan, type, payload, fd) : 0;
	if (r && r != PROC_CLOSED) /* of one that died SIGCHLD tells */
		log_error(NULL, "message not sent", kv_str("message", proc_msg_name(type)),
		          kv_int("pid", c->pid));
	if (fd >= 0)
		close(fd);
	watch_update(c);
}

static void on_child_ready(void *owner, int events)
{
	struct parent_child *c = owner;
	struct proc_msg msg;
	int r = 0, ended = events & IO_WRITE ? proc_chan_flush(c->chan) : 0;
	if (!ended)
		ended = proc_chan_read(c->chan);
	while (c->chan && (r = proc_chan_next(c->chan, &msg)) == 0)
		parent_child_heard(c, &msg);
	if (c->chan && !ended && r == PROC_MORE)
		watch_update(c);
	else if (c->chan)
		parent_child_detach(c); /* SIGCHLD tells the rest */
}

int parent_child_start(struct parent_child *c, const char *user)
{
	char name[PARENT_CHILD_NAME_CAP];
	int pair[2];
	parent_child_name(c, name);
	int r = proc_chan_pair(pair);
	if (r)
		return err_up(r);
	const struct conf_settings *s =
		c->parent->plan ? c->parent->plan->settings : c->parent->next->settings;
	const char *args[] = {
		name,
		user,
		s->log_format == CONF_LOG_JSON ? "json" : "logfmt",
		s->log_target == CONF_LOG_SYSLOG ? "syslog" : "stderr",
		c->role == PROC_ROLE_WATCH ? c->interface : NULL,
		NULL,
	};
	r = proc_exec_role(proc_role_name(c->role), args, pair[1], &c->pid);
	close(pair[1]);
	if (r)
		close(pair[0]);
	else
		r = proc_chan_new(&c->chan, pair[0], PROC_ROLE_PARENT, c->role);
	if (!r)
		r = io_watch_new(&c->watch, c->parent->loop, pair[0], on_child_ready, c);
	if (r)
		return err_up(r);
	c->started_ms = io_loop_now_ms(c->parent->loop);
	watch_update(c);
	return 0;
}

int parent_child_adopt(struct parent *p, const struct estate_child *from)
{
	CLEAN(closep) int fd = from->fd;
	struct parent_child *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	*c = (struct parent_child){
		.next = p->leaving,
		.parent = p,
		.role = from->role,
		.slot = from->slot,
		.pid = from->pid,
		.started_ms = io_loop_now_ms(p->loop),
		.is_leaving = true,
		.is_inherited = true,
		.is_drained = from->is_drained,
	};
	p->leaving = c;
	int r = proc_chan_new(&c->chan, TAKE_FD(fd), PROC_ROLE_PARENT, c->role);
	if (r)
		return err_up(r);
	proc_chan_set_version(c->chan, from->messages_version);
	r = io_watch_new(&c->watch, p->loop, proc_chan_fd(c->chan), on_child_ready, c);
	if (r)
		return err_up(r);
	watch_update(c);
	return 0;
}
