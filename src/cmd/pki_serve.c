/* The CA's desk as a process: sockets first, then the box. */
#include "base/clean.h"
#include "base/log.h"
#include "cmd/pki_inside.h"
#include "io/address.h"
#include "pki/serve.h"
#include "pki/talk.h"
#include "proc/box.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

enum { BACKLOG = 128 };
_Static_assert((int)PKI_LISTEN_MAX <= (int)PKI_SERVE_LISTENERS_MAX);

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "mailseal pki: %s: %s\n", what, why);
	return PKI_UNKNOWN;
}

/* -1: go on; else the exit status. */
static int listen_at(const char *text, int *ret_fd)
{
	struct sockaddr_storage sa;
	char host[256];
	uint16_t port;
	int on = 1;
	socklen_t len = pki_server_read(text, host, &port) ? io_address_take(host, port, &sa) : 0;
	if (!len)
		return complain(text,
		                "write ADDRESS:PORT or [ADDRESS]:PORT (0.0.0.0 or [::] for all)");
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*ret_fd = fd;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (sa.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, (struct sockaddr *)&sa, len) || listen(fd, BACKLOG))
		return complain(text, strerror(errno));
	return -1;
}

static int stop_make(int *ret_fd)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*ret_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return *ret_fd < 0 ? complain("signals", strerror(errno)) : -1;
}

static int box(const char *dir)
{
	struct proc_box_report report;
	const struct proc_identity identity = { .is_secret = true };
	int r = proc_drop(&identity);
	/* As the ledger's: it accepts, and has one directory. */
	if (!r)
		r = proc_box(PROC_ROLE_LEDGER, dir, &report);
	if (r)
		return complain("sandbox", strerror(r < 0 ? -r : EPERM));
	if (!report.landlock_abi)
		log_warn(NULL, "this kernel has no Landlock: seccomp alone keeps files off");
	return -1;
}

static int serve(struct pki_run *run, const int *fds, int stop_fd)
{
	const struct pki_serve_settings set = { .dir = run->o->dir,
		                                .listeners = fds,
		                                .listener_count = run->o->listen_count,
		                                .grace_s = run->o->grace_s,
		                                .stop_fd = stop_fd };
	log_setup("pki", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR);
	int status = box(run->o->dir);
	if (status >= 0)
		return status;
	return pki_run_ended(run, pki_serve(&set, run->pki.error, sizeof(run->pki.error)));
}

int pki_serve_run(struct pki_run *run)
{
	int fds[PKI_LISTEN_MAX];
	CLEAN(closep) int stop_fd = -1;
	size_t count = 0;
	int status = -1;
	if (!run->o->listen_count)
		return complain("serve", "it needs --listen ADDRESS:PORT");
	/* Said before there is a box, and closed again: each visit opens it anew. */
	int r = pki_open(&run->pki, run->o->dir, PKI_READ);
	if (r)
		return pki_run_ended(run, r);
	for (; status < 0 && count < run->o->listen_count; count++)
		status = listen_at(run->o->listen[count], &fds[count]);
	if (status < 0)
		status = stop_make(&stop_fd);
	if (status < 0)
		status = serve(run, fds, stop_fd);
	while (count)
		closep(&fds[--count]);
	return status;
}
