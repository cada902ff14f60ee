/*
 * Landlock with a rule set that has no rules, or one for a directory: nothing else of what it
 * handles may be done. The numbers
 * are the kernel's interface (linux/landlock.h); headers of Debian 12 know the first half only.
 */
#include "proc/box_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum {
	ASK_ABI = 1,      /* LANDLOCK_CREATE_RULESET_VERSION */
	PATH_BENEATH = 1, /* LANDLOCK_RULE_PATH_BENEATH */
	NET_PORT = 2,     /* LANDLOCK_RULE_NET_PORT */
	CONNECT_TCP = 1 << 1,
	/* write, read, list, remove and make files; truncate */
	FILES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8 | 1 << 14,
	READ = 1 << 2 | 1 << 3,
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port {
	uint64_t allowed;
	uint64_t port;
};

struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

/* What each ABI brought, in bits of the three sets. */
static const struct {
	int abi;
	struct ruleset bits;
} steps[] = {
	{ 1, { .handled_fs = 0x1fff } },  /* execute, read, write, make, remove */
	{ 2, { .handled_fs = 1 << 13 } }, /* refer */
	{ 3, { .handled_fs = 1 << 14 } }, /* truncate */
	{ 4, { .handled_net = 3 } },      /* TCP: bind, connect */
	{ 5, { .handled_fs = 1 << 15 } }, /* ioctl of devices */
	{ 6, { .scoped = 3 } },           /* abstract unix sockets and signals outside */
};

static struct ruleset rules_for(enum proc_role role, int abi)
{
	struct ruleset all = {};
	for (size_t i = 0; i < COUNT_OF(steps) && steps[i].abi <= abi; i++) {
		all.handled_fs |= steps[i].bits.handled_fs;
		all.handled_net |= steps[i].bits.handled_net;
		all.scoped |= steps[i].bits.scoped;
	}
	if (role == PROC_ROLE_WORKER || role == PROC_ROLE_RESOLVER ||
	    role == PROC_ROLE_WITNESS) /* they connect, and bind their
	                                                                source addresses */
		all.handled_net = 0;
	return all;
}

static int directory_allow(int ruleset, uint64_t allowed, const char *directory)
{
	CLEAN(closep) int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_raise(-errno);
	const struct beneath rule = { .allowed = allowed, .fd = fd };
	return syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &rule, 0) ? err_raise(-errno)
	                                                                       : 0;
}

static int readable_allow(int ruleset, const char *const *directories)
{
	for (; *directories; directories++) {
		if (access(*directories, F_OK))
			continue;
		int r = directory_allow(ruleset, READ, *directories);
		if (r)
			return err_up(r);
	}
	return 0;
}

/* handled: 0 where the kernel does not know of ports. */
static int ports_allow(int ruleset, uint64_t handled, const struct proc_box_ports *ports)
{
	for (size_t i = 0; i < ports->count && handled; i++) {
		const struct port rule = { .allowed = CONNECT_TCP & handled,
			                   .port = ports->ports[i] };
		if (syscall(SYS_landlock_add_rule, ruleset, NET_PORT, &rule, 0))
			return err_raise(-errno);
	}
	return 0;
}

int box_landlock(const struct box_wish *wish, int *ret_abi)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_ABI);
	if (abi < 0) { /* not built in, or not switched on */
		*ret_abi = 0;
		return 0;
	}
	struct ruleset rules = rules_for(wish->role, (int)abi);
	CLEAN(closep)
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return err_raise(-errno);
	int r = wish->directory ? directory_allow(fd, FILES & rules.handled_fs, wish->directory)
	                        : 0;
	if (!r && wish->readable)
		r = readable_allow(fd, wish->readable);
	if (!r && wish->ports)
		r = ports_allow(fd, rules.handled_net, wish->ports);
	if (r)
		return err_up(r);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_raise(-errno);
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		return err_raise(-errno);
	*ret_abi = (int)abi;
	return 0;
}
