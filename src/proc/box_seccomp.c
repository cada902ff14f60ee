/*
 * The system calls of a boxed process. What is not in the table fails with EPERM: OpenSSL and
 * glibc try files lazily (a time zone, a configuration) and do without.
 */
#include "proc/box.h"
#include "proc/box_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KEYS = 1 << PROC_ROLE_KEYS,
	WORKER = 1 << PROC_ROLE_WORKER,
	RESOLVER = 1 << PROC_ROLE_RESOLVER,
	LEDGER = 1 << PROC_ROLE_LEDGER,
	WATCH = 1 << PROC_ROLE_WATCH,
	WITNESS = 1 << PROC_ROLE_WITNESS,
	SITE = 1 << PROC_ROLE_SITE,
	SHARING = 1 << PROC_ROLE_COUNT, /* a ledger that connects to the cluster's store */
	NETWORK = WORKER | RESOLVER | WITNESS,
	SERVER = LEDGER | SITE,                     /* accepts where the parent listens */
	STORE = RESOLVER | LEDGER | WITNESS | SITE, /* of WITNESS its copy of the root's keys */
	FILES = KEYS | STORE,
	SENDING = KEYS | WORKER | RESOLVER | LEDGER | WITNESS |
	          SITE, /* a watch: all but its capture */
	ALL = SENDING | WATCH,
};

static const struct {
	int call;
	int roles;
} plain_calls[] = {
	/* bytes */
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(write), SENDING },
	{ SCMP_SYS(readv), ALL },
	{ SCMP_SYS(writev), SENDING },
	{ SCMP_SYS(recvmsg), ALL },
	{ SCMP_SYS(sendmsg), SENDING },
	{ SCMP_SYS(recvfrom), ALL },
	{ SCMP_SYS(sendto), SENDING }, /* the log, to syslog's socket that is open already */
	{ SCMP_SYS(splice), WORKER },
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(shutdown), ALL },
	/* files that the parent opened: key files to read, a self-made key to write;
	 * and those of resolver and ledger, which Landlock keeps in their directories */
	{ SCMP_SYS(lseek), FILES },
	{ SCMP_SYS(pread64), FILES },
	{ SCMP_SYS(fsync), FILES },
	{ SCMP_SYS(fdatasync), FILES },
	{ SCMP_SYS(ftruncate), FILES },
	{ SCMP_SYS(pwrite64), STORE },
	{ SCMP_SYS(open), STORE },
	{ SCMP_SYS(openat), STORE },
	{ SCMP_SYS(unlink), STORE },
	{ SCMP_SYS(unlinkat), STORE },
	{ SCMP_SYS(rename), STORE },
	{ SCMP_SYS(renameat), STORE },
	{ SCMP_SYS(renameat2), STORE },
	{ SCMP_SYS(access), STORE },
	{ SCMP_SYS(faccessat), STORE },
	{ SCMP_SYS(faccessat2), STORE },
	{ SCMP_SYS(stat), STORE },
	{ SCMP_SYS(lstat), STORE },
	{ SCMP_SYS(newfstatat), STORE },
	{ SCMP_SYS(statx), STORE },
	{ SCMP_SYS(statfs), RESOLVER | WITNESS }, /* is the disk full? */
	{ SCMP_SYS(readlink), STORE },
	{ SCMP_SYS(readlinkat), STORE },
	{ SCMP_SYS(getcwd), STORE },
	{ SCMP_SYS(getdents64), STORE },
	{ SCMP_SYS(fchmod), STORE },
	{ SCMP_SYS(flock), STORE },
	{ SCMP_SYS(fstat), ALL },
	/* connections */
	{ SCMP_SYS(accept4), WORKER | RESOLVER | SERVER }, /* the dashboard */
	{ SCMP_SYS(connect), NETWORK | SHARING },
	{ SCMP_SYS(bind), NETWORK },                        /* a source address */
	{ SCMP_SYS(getsockopt), NETWORK | SERVER | WATCH }, /* what a capture dropped */
	{ SCMP_SYS(setsockopt), NETWORK | SERVER },
	{ SCMP_SYS(getsockname), NETWORK | SERVER },
	{ SCMP_SYS(getpeername), NETWORK | SERVER },
	/* libuv's loop */
	{ SCMP_SYS(epoll_create1), ALL },
	{ SCMP_SYS(epoll_ctl), ALL },
	{ SCMP_SYS(epoll_wait), ALL },
	{ SCMP_SYS(epoll_pwait), ALL },
	{ SCMP_SYS(epoll_pwait2), ALL },
	{ SCMP_SYS(eventfd2), ALL },
	{ SCMP_SYS(pipe2), ALL },
	{ SCMP_SYS(poll), ALL },
	{ SCMP_SYS(ppoll), ALL },
	{ SCMP_SYS(timerfd_create), ALL },
	{ SCMP_SYS(timerfd_settime), ALL },
	{ SCMP_SYS(uname), ALL },
	{ SCMP_SYS(sysinfo), ALL },
	{ SCMP_SYS(getrusage), ALL },
	/* memory; mmap and mprotect are below */
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(mlock), KEYS },
	{ SCMP_SYS(munlock), KEYS },
	{ SCMP_SYS(brk), ALL },
	/* time and chance */
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(clock_getres), ALL },
	{ SCMP_SYS(clock_nanosleep), ALL },
	{ SCMP_SYS(nanosleep), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(time), ALL },
	{ SCMP_SYS(getrandom), ALL },
	/* locks, signals, the end */
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(sched_yield), ALL },
	{ SCMP_SYS(membarrier), ALL },
	{ SCMP_SYS(rseq), ALL },
	{ SCMP_SYS(set_robust_list), ALL },
	{ SCMP_SYS(rt_sigaction), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(sigaltstack), ALL },
	{ SCMP_SYS(restart_syscall), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	/* who am I */
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), ALL },
	{ SCMP_SYS(getuid), ALL },
	{ SCMP_SYS(geteuid), ALL },
	{ SCMP_SYS(getgid), ALL },
	{ SCMP_SYS(getegid), ALL },
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
	{ SCMP_SYS(socket), NETWORK | SHARING, IS(0, AF_INET) },
	{ SCMP_SYS(socket), NETWORK | SHARING, IS(0, AF_INET6) },
	{ SCMP_SYS(socket), NETWORK | SHARING,
	  IS(0, AF_UNIX) }, /* backends; the MTA for TLS reports */
	/* Code is what was there at the start. */
	{ SCMP_SYS(setsockopt), WATCH, IS(2, SO_ATTACH_FILTER) }, /* a capture ends */
	{ SCMP_SYS(mmap), ALL, HAS_NOT(2, PROT_EXEC) },
	{ SCMP_SYS(mprotect), ALL, HAS_NOT(2, PROT_EXEC) },
	/* glibc's fstat() */
	{ SCMP_SYS(newfstatat), KEYS | WORKER | WATCH, HAS(3, AT_EMPTY_PATH) },
	{ SCMP_SYS(fcntl), ALL, IS(1, F_GETFD) },
	{ SCMP_SYS(fcntl), ALL, IS(1, F_SETFD) },
	{ SCMP_SYS(fcntl), ALL, IS(1, F_GETFL) },
	{ SCMP_SYS(fcntl), ALL, IS(1, F_SETFL) },
	{ SCMP_SYS(fcntl), SENDING, IS(1, F_DUPFD_CLOEXEC) },
	/* SQLite's locks */
	{ SCMP_SYS(fcntl), STORE, IS(1, F_GETLK) },
	{ SCMP_SYS(fcntl), STORE, IS(1, F_SETLK) },
	{ SCMP_SYS(fcntl), STORE, IS(1, F_DUPFD) },
	{ SCMP_SYS(socketpair), RESOLVER | WITNESS, IS(0, AF_UNIX) }, /* libcurl wakes itself */
	{ SCMP_SYS(ioctl), ALL, IS(1, FIONREAD) },
	{ SCMP_SYS(ioctl), ALL, IS(1, FIONBIO) },
	{ SCMP_SYS(ioctl), WORKER, IS(1, SIOCOUTQ) }, /* io_stream_unreceived() */
	/* To read a limit, not to set one. */
	{ SCMP_SYS(prlimit64), ALL, IS(2, 0) },
};

/*
 * What can put frames on a network is for hearing alone, and has no second name. The kernel takes
 * the lower half of the argument for the number: "not this one" would let through the same number
 * with something in the upper half. So: a small number, of which one bit at least is another.
 */
static int sending_but_for(scmp_filter_ctx ctx, int call, int capture_fd)
{
	enum { FD_BITS = 10 };
	const scmp_datum_t high = ~(((scmp_datum_t)1 << FD_BITS) - 1);
	for (int i = 0; i < FD_BITS; i++) {
		const scmp_datum_t bit = (scmp_datum_t)1 << i;
		const struct scmp_arg_cmp other = { 0, SCMP_CMP_MASKED_EQ, high | bit,
			                            ~(scmp_datum_t)capture_fd & bit };
		int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &other);
		if (r)
			return err_raise(r);
	}
	return 0;
}

static int sending_add(scmp_filter_ctx ctx, int capture_fd)
{
	static const int calls[] = { SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(sendmsg),
		                     SCMP_SYS(sendto) };
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(calls); i++)
		r = capture_fd >= 0 ? sending_but_for(ctx, calls[i], capture_fd)
		                    : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return err_up(r);
}

static int rules_add(scmp_filter_ctx ctx, int roles)
{
	for (size_t i = 0; i < COUNT_OF(plain_calls); i++) {
		if (!(plain_calls[i].roles & roles))
			continue;
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain_calls[i].call, 0);
		if (r)
			return err_raise(r);
	}
	for (size_t i = 0; i < COUNT_OF(bound_calls); i++) {
		if (!(bound_calls[i].roles & roles))
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

int box_seccomp(const struct box_wish *wish, bool *ret_has)
{
	CLEAN(ctx_freep) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return err_raise(-ENOMEM);
	/* Binary search: a flat list costs every call of a busy worker some hundred steps. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	int r = rules_add(ctx, 1 << wish->role | (wish->ports ? SHARING : 0));
	if (!r && wish->role == PROC_ROLE_WATCH)
		r = sending_add(ctx, wish->capture_fd);
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

/* Where the kernel has no seccomp there will be no box that minds. */
int proc_box_foresee(void)
{
	CLEAN(ctx_freep) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return err_raise(-ENOMEM);
	int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0);
	if (r)
		return err_raise(r);
	(void)!seccomp_load(ctx);
	return 0;
}
