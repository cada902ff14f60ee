/*
 * The listening sockets. One per worker and address, so that the kernel spreads connections and
 * a worker's crash loses nobody: what waits in its queue is accepted by its successor.
 */
#include "parent/listen_list.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 4096 };

static int option_on(int fd, int level, int option)
{
	int one = 1;
	return setsockopt(fd, level, option, &one, sizeof(one)) ? err_raise(-errno) : 0;
}

/* The folder that it stands in, too, but no more than one. */
static void folder_make(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash && slash > folder) {
		*slash = '\0';
		(void)!mkdir(folder, 0755); /* what is wrong with it, bind() says */
	}
}

/* Nobody gets in before it is whose it shall be: see service_own(). */
static int unix_bind(int fd, const struct parent_listener *l)
{
	folder_make(((const struct sockaddr_un *)&l->sa)->sun_path);
	mode_t old = umask(0177);
	int failed = bind(fd, (const struct sockaddr *)&l->sa, l->sa_len) ? -errno : 0;
	umask(old);
	return failed ? err_raise(failed) : 0;
}

/* Also of a socket that stays: its group or mode may be another now. */
static int service_own(const struct parent_listener *l)
{
	const char *path = ((const struct sockaddr_un *)&l->sa)->sun_path;
	const struct group *group = l->group ? getgrnam(l->group) : NULL;
	if (l->group && !group) {
		log_error(NULL, "no such group", kv_str("group", l->group),
		          kv_str("address", l->text));
		return err_raise(-ENOENT);
	}
	const struct passwd *owner = l->owner && !geteuid() ? getpwnam(l->owner) : NULL;
	uid_t uid = owner ? owner->pw_uid : (uid_t)-1;
	gid_t gid = group ? group->gr_gid : (gid_t)-1;
	if (((owner || group) && chown(path, uid, gid)) || chmod(path, l->mode))
		return err_raise(-errno);
	return 0;
}

static int type_of(const struct parent_listener *l)
{
	bool is_datagram = l->service == PROC_SERVICE_TLSRPT || l->service == PROC_SERVICE_SYSLOG;
	return l->is_service && is_datagram ? SOCK_DGRAM : SOCK_STREAM;
}

/* What it accepts has the option, too, and no session has to set it. */
static int prompt_set(int fd, const struct parent_listener *l)
{
	if (l->sa.ss_family == AF_UNIX || type_of(l) != SOCK_STREAM)
		return 0;
	return err_up(option_on(fd, IPPROTO_TCP, TCP_NODELAY));
}

/* One socket, bound and listening. Group: with SO_REUSEPORT, one of several. */
static int socket_open(int *ret_fd, const struct parent_listener *l, bool in_group)
{
	int family = l->sa.ss_family;
	int type = type_of(l);
	CLEAN(closep) int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_raise(-errno);
	if (family != AF_UNIX) {
		int r = option_on(fd, SOL_SOCKET, SO_REUSEADDR);
		if (!r && in_group)
			r = option_on(fd, SOL_SOCKET, SO_REUSEPORT);
		/* VRRP: an address that is not here yet may be bound. */
		if (!r)
			r = option_on(fd, SOL_IP, IP_FREEBIND);
		/* Nothing of another device gets there (DECISIONS 9). */
		if (!r && l->is_wide &&
		    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")))
			r = err_raise(-errno);
		if (!r && family == AF_INET6)
			r = option_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		if (!r)
			r = prompt_set(fd, l);
		if (r)
			return err_up(r);
	}
	if (l->is_service && family == AF_UNIX) {
		int r = unix_bind(fd, l);
		if (r)
			return err_up(r);
	} else if (bind(fd, (const struct sockaddr *)&l->sa, l->sa_len)) {
		return err_raise(-errno);
	}
	if (type == SOCK_STREAM && listen(fd, BACKLOG))
		return err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static void listener_close(struct parent_listener *l)
{
	for (size_t i = 0; i < PARENT_WORKERS_MAX; i++) {
		if (l->fds[i] >= 0)
			close(l->fds[i]);
		l->fds[i] = -1;
	}
}

/* A socket of ours for this address, or -1. */
static int any_of(const struct parent_listener *l)
{
	for (size_t i = 0; i < PARENT_WORKERS_MAX; i++)
		if (l->fds[i] >= 0)
			return l->fds[i];
	return -1;
}

/*
 * Binds once without SO_REUSEPORT first: somebody else who listens there is an error, where the
 * group would take half of his clients silently (DECISIONS 22).
 */
static int listener_open(struct parent_listener *l, unsigned workers)
{
	int alone = -1, ours = any_of(l);
	if (type_of(l) == SOCK_DGRAM || (l->is_service && (l->service == PROC_SERVICE_DASHBOARD ||
	                                                   l->service == PROC_SERVICE_SITE)))
		workers = 1; /* who reads them */
	if (ours < 0 && l->sa.ss_family == AF_UNIX) {
		unlink(((struct sockaddr_un *)&l->sa)->sun_path);
	} else if (ours < 0) {
		int r = socket_open(&alone, l, false);
		if (r)
			return r;
		close(alone);
	}
	for (unsigned i = 0; i < workers; i++) {
		if (l->fds[i] >= 0) {
			int r = prompt_set(l->fds[i], l); /* of an older version, maybe */
			if (r)
				return err_up(r);
			continue;
		}
		ours = any_of(l);
		if (l->sa.ss_family == AF_UNIX && ours >= 0) { /* no groups there: all share one */
			l->fds[i] = fcntl(ours, F_DUPFD_CLOEXEC, 3);
			continue;
		}
		int r = socket_open(&l->fds[i], l, true);
		if (r)
			return r;
	}
	return 0;
}

static int type_of_socket(int fd)
{
	int type = -1;
	socklen_t len = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ? -1 : type;
}

/* Of one address and of one kind: a path may have gone from a stream to datagrams. */
static bool is_same(const struct parent_listener *old, const struct parent_listener *now)
{
	return old->sa_len == now->sa_len && !memcmp(&old->sa, &now->sa, now->sa_len) &&
	       type_of_socket(any_of(old)) == type_of(now);
}

/* Sockets that stay are taken over from the old list: nobody who waits in them is refused. */
static void list_take_over(struct parent_listen_list *list, struct parent *p)
{
	for (size_t i = 0; i < list->count; i++) {
		struct parent_listener *now = &list->items[i];
		for (size_t n = 0; n < p->listener_count; n++) {
			struct parent_listener *old = &p->listeners[n];
			if (!is_same(old, now))
				continue;
			memcpy(now->fds, old->fds, sizeof(now->fds));
			for (size_t f = 0; f < PARENT_WORKERS_MAX; f++)
				old->fds[f] = -1;
		}
	}
}

/* IPv6 may be switched off on this machine: then "*" means IPv4 alone. */
static bool may_be_missing(const struct parent_listener *l, int r)
{
	return l->sa.ss_family == AF_INET6 && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) &&
	       l->text[0] == '*';
}

/* Whose it is, for the log. */
static const char *owner_name(const struct parent_listener *l, const struct conf_settings *settings)
{
	if (!l->is_service)
		return settings->edges[l->edge].name;
	return l->service == PROC_SERVICE_POLICY      ? "policy_service"
	       : l->service == PROC_SERVICE_TLSRPT    ? "tlsrpt"
	       : l->service == PROC_SERVICE_DASHBOARD ? "dashboard"
	       : l->service == PROC_SERVICE_SITE      ? "site"
	       : l->service == PROC_SERVICE_LINK || l->service == PROC_SERVICE_SYSLOG
	               ? settings->links[l->edge].name
	               : settings->relays[l->edge].name;
}

int parent_listen(struct parent *p, const struct conf_settings *settings, unsigned workers)
{
	struct parent_listen_list list = {};
	int r = parent_listen_list_make(&list, settings);
	if (r) {
		free(list.items);
		return err_up(r);
	}
	list_take_over(&list, p);
	for (size_t i = 0; i < list.count; i++) {
		struct parent_listener *l = &list.items[i];
		int bound = listener_open(l, workers);
		if (!bound && l->is_service && l->sa.ss_family == AF_UNIX)
			bound = service_own(l);
		if (!bound || may_be_missing(l, bound))
			continue;
		log_error(NULL, "cannot listen", kv_str("edge", owner_name(l, settings)),
		          kv_str("address", l->text), kv_str("error", strerror(-bound)),
		          kv_str("mend", bound == -EADDRINUSE
		                                 ? "see with ss -ltnp who is there, and move it"
		                                 : "write another address or port"));
		r = PARENT_LISTEN_BUSY;
	}
	/* What is not in the new list any more is closed; on failure the new ones are. */
	struct parent_listen_list gone = { .items = p->listeners, .count = p->listener_count };
	for (size_t i = 0; i < gone.count; i++)
		listener_close(&gone.items[i]);
	free(gone.items);
	p->listeners = list.items;
	p->listener_count = list.count;
	return r;
}

static int address_of(struct parent_listener *l, int fd)
{
	struct sockaddr_storage sa = {};
	socklen_t len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len))
		return err_raise(-errno);
	return parent_listener_place(l, &sa) ? 0 : err_raise(-EAFNOSUPPORT);
}

int parent_listen_adopt(struct parent *p, unsigned slot, int socket)
{
	CLEAN(closep) int fd = socket;
	struct parent_listener now = {};
	struct parent_listen_list list = { .items = p->listeners, .count = p->listener_count };
	struct parent_listener *l = NULL;
	for (size_t i = 0; i < PARENT_WORKERS_MAX; i++)
		now.fds[i] = -1;
	int r = address_of(&now, fd);
	if (r)
		return err_up(r);
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].sa_len == now.sa_len &&
		    !memcmp(&list.items[i].sa, &now.sa, now.sa_len) &&
		    type_of_socket(any_of(&list.items[i])) == type_of_socket(fd))
			l = &list.items[i];
	if (!l) {
		r = parent_listen_list_add(&list, &now);
		if (r)
			return err_up(r);
		p->listeners = list.items;
		p->listener_count = list.count;
		l = &list.items[list.count - 1];
	}
	if (slot >= PARENT_WORKERS_MAX || l->fds[slot] >= 0)
		return err_raise(-EPROTO);
	l->fds[slot] = TAKE_FD(fd);
	return 0;
}

void parent_listen_drop(struct parent *p, unsigned slot)
{
	for (size_t i = 0; i < p->listener_count; i++) {
		struct parent_listener *l = &p->listeners[i];
		if (l->fds[slot] >= 0)
			close(l->fds[slot]);
		l->fds[slot] = -1;
	}
}

void parent_listen_close(struct parent *p)
{
	for (size_t i = 0; i < p->listener_count; i++)
		listener_close(&p->listeners[i]);
	free(p->listeners);
	p->listeners = NULL;
	p->listener_count = 0;
}
