/*
 * The control socket: one line in (ctl_commands.c), JSON out, closed. Only who may write to it
 * (mode 0600 in run_dir) is heard, and no process of ours: where all run as one user, a worker must
 * not reach out of its box by it.
 */
#include "parent/ctl.h"
#include "parent/ctl_inside.h"
#include "parent/status.h"
#include "parent/watch.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
	LINE_WAIT_MS = 2000,
	ASKERS_MAX = ESTATE_ASKERS_MAX,
};

static void on_end(struct io_later *later)
{
	struct asker *a = (struct asker *)((char *)later - offsetof(struct asker, end));
	struct asker **at = &a->ctl->askers;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->ctl->count--;
	io_deadline_disarm(&a->late);
	io_watch_free(a->watch);
	close(a->fd);
	free(a);
}

/* An answer is far smaller than a socket's buffer. */
void parent_ctl_answer(struct asker *a, json_t *what)
{
	char *text = what ? json_dumps(what, JSON_INDENT(2)) : NULL;
	json_decref(what);
	if (text) {
		(void)!send(a->fd, text, strlen(text), MSG_NOSIGNAL);
		(void)!send(a->fd, "\n", 1, MSG_NOSIGNAL);
	}
	free(text);
	a->wants_status = a->wants_upgrade = false;
	a->wants_forgot = a->wants_planned = 0;
	io_later_add(a->ctl->parent->loop, &a->end);
}

static void on_late(struct io_deadline *d)
{
	parent_ctl_late((struct asker *)((char *)d - offsetof(struct asker, late)));
}

static void on_asker_ready(void *owner, int events)
{
	struct asker *a = owner;
	(void)events;
	ssize_t n = recv(a->fd, a->line + a->len, sizeof(a->line) - 1 - a->len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		io_later_add(a->ctl->parent->loop, &a->end);
		return;
	}
	a->len += (size_t)n;
	a->line[a->len] = '\0';
	char *end = strchr(a->line, '\n');
	if (!end && a->len < sizeof(a->line) - 1)
		return;
	if (end)
		*end = '\0';
	io_watch_set(a->watch, 0);
	parent_ctl_command(a);
}

static bool is_of_ours(const struct parent *p, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return true;
	if (!peer.pid) /* of another pid namespace */
		return false;
	if (parent_keys_slot(p, peer.pid) >= 0 || peer.pid == p->resolver.pid ||
	    peer.pid == p->ledger.pid || peer.pid == p->runner.pid || peer.pid == p->site.pid ||
	    peer.pid == p->witness.pid || parent_watches_have(p, peer.pid))
		return true;
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (c->pid == peer.pid)
			return true;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->pid == peer.pid)
			return true;
	return false;
}

/* Takes asking: somebody who connected. */
static void asker_add(struct parent_ctl *ctl, int asking)
{
	CLEAN(closep) int fd = asking;
	if (ctl->count == ASKERS_MAX || is_of_ours(ctl->parent, fd))
		return;
	struct asker *a = calloc(1, sizeof(*a));
	if (!a)
		return;
	a->ctl = ctl;
	a->end.fn = on_end;
	a->late.fn = on_late;
	if (io_watch_new(&a->watch, ctl->parent->loop, fd, on_asker_ready, a)) {
		free(a);
		return;
	}
	a->fd = TAKE_FD(fd);
	a->next = ctl->askers;
	ctl->askers = a;
	ctl->count++;
	io_watch_set(a->watch, IO_READ);
	io_deadline_arm(ctl->parent->loop, &a->late, LINE_WAIT_MS);
}

static void on_ctl_ready(void *owner, int events)
{
	struct parent_ctl *ctl = owner;
	(void)events;
	int fd = accept4(ctl->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		asker_add(ctl, fd);
}

/* Takes socket, which listens, and ctl if all is well. */
static int ctl_start(struct parent *p, struct parent_ctl *ctl, int socket)
{
	ctl->parent = p;
	ctl->fd = socket;
	int r = io_watch_new(&ctl->watch, p->loop, ctl->fd, on_ctl_ready, ctl);
	if (r) {
		close(ctl->fd);
		return err_up(r);
	}
	io_watch_set(ctl->watch, IO_READ);
	p->ctl = ctl;
	return 0;
}

int parent_ctl_adopt(struct parent *p, const struct estate *e)
{
	struct sockaddr_un sa = {};
	socklen_t len = sizeof(sa);
	CLEAN(freep) struct parent_ctl *ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return err_raise(-ENOMEM);
	if (getsockname(e->ctl_fd, (struct sockaddr *)&sa, &len) || sa.sun_family != AF_UNIX)
		return err_raise(-EPROTO);
	snprintf(ctl->path, sizeof(ctl->path), "%s", sa.sun_path);
	int r = ctl_start(p, ctl, e->ctl_fd);
	if (r)
		return err_up(r);
	ctl = NULL;
	for (size_t i = 0; i < e->asker_count; i++)
		asker_add(p->ctl, e->askers[i]);
	return 0;
}

int parent_ctl_open(struct parent *p, const char *run_dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	CLEAN(freep)
	struct parent_ctl *ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return err_raise(-ENOMEM);
	snprintf(ctl->path, sizeof(ctl->path), "%s/ctl.sock", run_dir);
	memcpy(sa.sun_path, ctl->path, sizeof(sa.sun_path));
	CLEAN(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_raise(-errno);
	unlink(ctl->path);
	mode_t old = umask(0177);
	int failed = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 16);
	int error = errno;
	umask(old);
	if (failed) {
		log_error(NULL, "no control socket", kv_str("file", ctl->path),
		          kv_str("error", strerror(error)));
		return err_raise(-error);
	}
	int r = ctl_start(p, ctl, TAKE_FD(fd));
	if (r)
		return err_up(r);
	ctl = NULL;
	return 0;
}

void parent_ctl_hand_over(struct parent *p, struct estate *e)
{
	e->ctl_fd = p->ctl->fd;
	for (struct asker *a = p->ctl->askers; a; a = a->next) {
		if (a->wants_status)
			parent_ctl_answer(a, parent_status_json(p, false));
		else if (!a->wants_upgrade && !a->wants_forgot && !a->wants_planned && !a->len)
			e->askers[e->asker_count++] = a->fd;
	}
}

void parent_ctl_close(struct parent *p)
{
	struct parent_ctl *ctl = TAKE(p->ctl);
	if (!ctl)
		return;
	while (ctl->askers) {
		io_later_remove(p->loop, &ctl->askers->end);
		on_end(&ctl->askers->end);
	}
	io_watch_free(ctl->watch);
	close(ctl->fd);
	unlink(ctl->path);
	free(ctl);
}
