/*
 * The system calls of a boxed process. What is not in the table fails with EPERM: OpenSSL and
 * glibc try files lazily (a time zone, a configuration) and do without.
 */
#include "proc/box_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KEYS = 1 << PROC_ROLE_KEYS,
	WORKER = 1 << PROC_ROLE_WORKER,
	BOTH = KEYS | WORKER,
};

static const struct {
	int call;
	int roles;
} plain_calls[] = {
	/* bytes */
	{ SCMP_SYS(read), BOTH },
	{ SCMP_SYS(write), BOTH },
	{ SCMP_SYS(readv), BOTH },
	{ SCMP_SYS(writev), BOTH },
	{ SCMP_SYS(recvmsg), BOTH },
	{ SCMP_SYS(sendmsg), BOTH },
	{ SCMP_SYS(recvfrom), BOTH },
	{ SCMP_SYS(sendto), BOTH }, /* the log, to syslog's socket that is open already */
	{ SCMP_SYS(splice), WORKER },
	{ SCMP_SYS(close), BOTH },
	{ SCMP_SYS(shutdown), BOTH },
	/* files that the parent opened: key files to read, a self-made key to write */
	{ SCMP_SYS(lseek), KEYS },
	{ SCMP_SYS(pread64), KEYS },
	{ SCMP_SYS(fsync), KEYS },
	{ SCMP_SYS(fdatasync), KEYS },
	{ SCMP_SYS(ftruncate), KEYS },
	{ SCMP_SYS(fstat), BOTH },
	/* connections */
	{ SCMP_SYS(accept4), WORKER },
	{ SCMP_SYS(connect), WORKER },
	{ SCMP_SYS(bind), WORKER }, /* a source address */
	{ SCMP_SYS(getsockopt), WORKER },
	{ SCMP_SYS(setsockopt), WORKER },
	{ SCMP_SYS(getsockname), WORKER },
	{ SCMP_SYS(getpeername), WORKER },
	/* libuv's loop */
	{ SCMP_SYS(epoll_create1), BOTH },
	{ SCMP_SYS(epoll_ctl), BOTH },
	{ SCMP_SYS(epoll_wait), BOTH },
	{ SCMP_SYS(epoll_pwait), BOTH },
	{ SCMP_SYS(epoll_pwait2), BOTH },
	{ SCMP_SYS(eventfd2), BOTH },
	{ SCMP_SYS(pipe2), BOTH },
	{ SCMP_SYS(poll), BOTH },
	{ SCMP_SYS(ppoll), BOTH },
	{ SCMP_SYS(timerfd_create), BOTH },
	{ SCMP_SYS(timerfd_settime), BOTH },
	{ SCMP_SYS(uname), BOTH },
	{ SCMP_SYS(sysinfo), BOTH },
	{ SCMP_SYS(getrusage), BOTH },
	/* memory; mmap and mprotect are below */
	{ SCMP_SYS(munmap), BOTH },
	{ SCMP_SYS(mremap), BOTH },
	{ SCMP_SYS(madvise), BOTH },
	{ SCMP_SYS(mlock), KEYS },
	{ SCMP_SYS(munlock), KEYS },
	{ SCMP_SYS(brk), BOTH },
	/* time and chance */
	{ SCMP_SYS(clock_gettime), BOTH },
	{ SCMP_SYS(clock_getres), BOTH },
	{ SCMP_SYS(clock_nanosleep), BOTH },
	{ SCMP_SYS(nanosleep), BOTH },
	{ SCMP_SYS(gettimeofday), BOTH },
	{ SCMP_SYS(time), BOTH },
	{ SCMP_SYS(getrandom), BOTH },
	/* locks, signals, the end */
	{ SCMP_SYS(futex), BOTH },
	{ SCMP_SYS(sched_yield), BOTH },
	{ SCMP_SYS(membarrier), BOTH },
	{ SCMP_SYS(rseq), BOTH },
	{ SCMP_SYS(set_robust_list), BOTH },
	{ SCMP_SYS(rt_sigaction), BOTH },
	{ SCMP_SYS(rt_sigprocmask), BOTH },
	{ SCMP_SYS(rt_sigreturn), BOTH },
	{ SCMP_SYS(sigaltstack), BOTH },
	{ SCMP_SYS(restart_syscall), BOTH },
	{ SCMP_SYS(exit), BOTH },
	{ SCMP_SYS(exit_group), BOTH },
	/* who am I */
	{ SCMP_SYS(getpid), BOTH },
	{ SCMP_SYS(gettid), BOTH },
	{ SCMP_SYS(getuid), BOTH },
	{ SCMP_SYS(geteuid), BOTH },
	{ SCMP_SYS(getgid), BOTH },
	{ SCMP_SYS(getegid), BOTH },
};

#define IS(number, value)                                                                          \
	{                                                                                          \
		(number), SCMP_CMP_EQ, (scmp_datum_t)(value), 0                                    \
	}
#define HAS(number, bit)                                                                           \
	{                                                                                          \
		(number), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(bit), (scmp_datum_t)(bit)             \
	}
#define HAS_NOT(number, bit)                                                                       \
	{                                                                                          \
		(number), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(bit), 0                               \
	}

/* Allowed only with this argument; rows of one call add up. */
static const struct {
	int call;
	int roles;
	struct scmp_arg_cmp when;
} bound_calls[] = {
	{ SCMP_SYS(socket), WORKER, IS(0, AF_INET) },
	{ SCMP_SYS(socket), WORKER, IS(0, AF_INET6) },
	{ SCMP_SYS(socket), WORKER, IS(0, AF_UNIX) },
	/* Code is what was there at the start. */
	{ SCMP_SYS(mmap), BOTH, HAS_NOT(2, PROT_EXEC) },
	{ SCMP_SYS(mprotect), BOTH, HAS_NOT(2, PROT_EXEC) },
	/* glibc's fstat() */
	{ SCMP_SYS(newfstatat), BOTH, HAS(3, AT_EMPTY_PATH) },
	{ SCMP_SYS(fcntl), BOTH, IS(1, F_GETFD) },
	{ SCMP_SYS(fcntl), BOTH, IS(1, F_SETFD) },
	{ SCMP_SYS(fcntl), BOTH, IS(1, F_GETFL) },
	{ SCMP_SYS(fcntl), BOTH, IS(1, F_SETFL) },
	{ SCMP_SYS(fcntl), BOTH, IS(1, F_DUPFD_CLOEXEC) },
	{ SCMP_SYS(ioctl), BOTH, IS(1, FIONREAD) },
	{ SCMP_SYS(ioctl), BOTH, IS(1, FIONBIO) },
	/* To read a limit, not to set one. */
	{ SCMP_SYS(prlimit64), BOTH, IS(2, 0) },
};

static int rules_add(scmp_filter_ctx ctx, int role)
{
	for (size_t i = 0; i < COUNT_OF(plain_calls); i++) {
		if (!(plain_calls[i].roles & role))
			continue;
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain_calls[i].call, 0);
		if (r)
			return err_raise(r);
	}
	for (size_t i = 0; i < COUNT_OF(bound_calls); i++) {
		if (!(bound_calls[i].roles & role))
			continue;
		int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, bound_calls[i].call, 1,
		                               &bound_calls[i].when);
		if (r)
			return err_raise(r);
	}
	/* abort() and no one else's end */
	struct scmp_arg_cmp self = IS(0, getpid());
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
	return r ? err_raise(r) : 0;
}

static void ctx_freep(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

int box_seccomp(enum proc_role role, bool *ret_has)
{
	CLEAN(ctx_freep) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return err_raise(-ENOMEM);
	/* Binary search: a flat list costs every call of a busy worker some hundred steps. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	int r = rules_add(ctx, 1 << role);
	if (r)
		return err_up(r);
	r = seccomp_load(ctx);              /* sets no_new_privs as well */
	if (r == -EINVAL || r == -ENOSYS) { /* CONFIG_SECCOMP_FILTER is not there */
		*ret_has = false;
		return 0;
	}
	if (r)
		return err_raise(r);
	*ret_has = true;
	return 0;
}
