#define _GNU_SOURCE
#include "load/proc.h"

#include "common/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROCESSES_MAX = 32768, TEXT_MAX = 65536, PATH_MAX_LEN = 300 };

struct text {
	char bytes[TEXT_MAX];
};

/* Empty if it cannot be read. */
static bool text_read(struct text *t, const char *path)
{
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (ssize_t n = 1; fd >= 0 && n > 0 && len + 1 < sizeof(t->bytes);) {
		n = read(fd, t->bytes + len, sizeof(t->bytes) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	t->bytes[len] = 0;
	if (fd >= 0)
		close(fd);
	return len > 0;
}

static bool text_read_of(struct text *t, int pid, const char *file)
{
	char path[PATH_MAX_LEN];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return text_read(t, path);
}

static double number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at ? (double)atol(at + strlen(key)) : 0;
}

/* What follows the name of a process in its stat: that may have blanks and brackets. */
static const char *behind_name(const struct text *stat)
{
	const char *end = strrchr(stat->bytes, ')');
	return end && end[1] ? end + 2 : "";
}

/* --- the processes --- */

struct tree {
	int pids[PROCESSES_MAX], count;
};

struct family {
	int pids[PROCESSES_MAX], parents[PROCESSES_MAX], count;
};

static void family_read(struct family *f)
{
	struct text stat;
	DIR *dir = opendir("/proc");
	f->count = 0;
	for (struct dirent *e; dir && (e = readdir(dir)) && f->count < PROCESSES_MAX;) {
		int pid = atoi(e->d_name);
		if (pid <= 0 || !text_read_of(&stat, pid, "stat"))
			continue;
		f->pids[f->count] = pid;
		f->parents[f->count++] =
			atoi(behind_name(&stat) + strcspn(behind_name(&stat), " "));
	}
	if (dir)
		closedir(dir);
}

/* Static, as it is too large for a stack; valid until the next call. */
static const struct tree *tree_read(const char *roots)
{
	static struct family all;
	static struct tree tree;
	family_read(&all);
	tree.count = 0;
	for (const char *at = roots; at && *at && tree.count < PROCESSES_MAX;) {
		tree.pids[tree.count++] = atoi(at);
		at += strcspn(at, ",");
		at += *at == ',';
	}
	for (int k = 0; k < tree.count; k++)
		for (int i = 0; i < all.count && tree.count < PROCESSES_MAX; i++)
			if (all.parents[i] == tree.pids[k])
				tree.pids[tree.count++] = all.pids[i];
	return &tree;
}

/* --- time --- */

static double tick_s(void)
{
	return 1.0 / (double)sysconf(_SC_CLK_TCK);
}

/* user, nice, system, idle, waiting for disks, interrupts, soft interrupts, stolen: what was
 * worked. */
static double cpu_busy_s(const struct text *stat, int cpu)
{
	double v[8];
	char key[16];
	snprintf(key, sizeof(key), "cpu%d ", cpu);
	const char *line = cpu < 0 ? NULL : strstr(stat->bytes, key);
	if (!line || sscanf(line + strlen(key), "%lf %lf %lf %lf %lf %lf %lf %lf", v, v + 1, v + 2,
	                    v + 3, v + 4, v + 5, v + 6, v + 7) != 8)
		return 0;
	return (v[0] + v[1] + v[2] + v[5] + v[6]) * tick_s();
}

/* What children that ended had used is with their parent. */
static void usage_add(struct proc_usage *u, const struct text *stat)
{
	unsigned long user = 0, system = 0;
	long children_user = 0, children_system = 0, threads = 0;
	if (sscanf(behind_name(stat),
	           "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %ld", &user,
	           &system, &children_user, &children_system, &threads) != 5)
		return;
	u->user_s += (double)((long)user + children_user) * tick_s();
	u->system_s += (double)((long)system + children_system) * tick_s();
	u->threads += (int)threads;
	u->processes++;
}

static double own_s(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

void proc_usage_read(struct proc_usage *ret_usage, const struct options *o)
{
	struct text stat;
	struct proc_usage u = {};
	const struct tree *tree = tree_read(o->roots);
	for (int i = 0; i < tree->count; i++)
		if (text_read_of(&stat, tree->pids[i], "stat"))
			usage_add(&u, &stat);
	(void)text_read(&stat, "/proc/stat");
	u.proxy_cpu_busy_s = cpu_busy_s(&stat, o->proxy_cpu);
	u.generator_cpu_busy_s = cpu_busy_s(&stat, o->generator_cpu);
	u.own_s = own_s();
	u.at_s = (double)clock_ns() / 1e9;
	*ret_usage = u;
}

struct proc_usage proc_usage_between(const struct proc_usage *before,
                                     const struct proc_usage *after)
{
	return (struct proc_usage){
		.at_s = after->at_s - before->at_s,
		.user_s = after->user_s - before->user_s,
		.system_s = after->system_s - before->system_s,
		.proxy_cpu_busy_s = after->proxy_cpu_busy_s - before->proxy_cpu_busy_s,
		.generator_cpu_busy_s = after->generator_cpu_busy_s - before->generator_cpu_busy_s,
		.own_s = after->own_s - before->own_s,
		.processes = after->processes,
		.threads = after->threads,
	};
}

double proc_usage_cpu_s(const struct proc_usage *u)
{
	return u->user_s + u->system_s;
}

/* --- memory --- */

static void memory_add(struct proc_memory *m, int pid)
{
	struct text t;
	if (text_read_of(&t, pid, "smaps_rollup")) {
		m->pss_kib += number_after(t.bytes, "\nPss:");
		m->uss_kib += number_after(t.bytes, "Private_Clean:");
		m->uss_kib += number_after(t.bytes, "Private_Dirty:");
	}
	if (text_read_of(&t, pid, "status"))
		m->threads += (int)number_after(t.bytes, "Threads:");
}

static void machine_read(struct proc_memory *m)
{
	struct text t;
	(void)text_read(&t, "/proc/meminfo");
	m->slab_kib = number_after(t.bytes, "\nSlab:");
	m->stacks_kib = number_after(t.bytes, "KernelStack:");
	m->page_tables_kib = number_after(t.bytes, "PageTables:");
	m->percpu_kib = number_after(t.bytes, "Percpu:");
	m->available_kib = number_after(t.bytes, "MemAvailable:");
	(void)text_read(&t, "/proc/net/sockstat");
	const char *tcp = strstr(t.bytes, "TCP:");
	double pages = tcp ? number_after(tcp, "mem ") : 0;
	m->sockets_kib = pages * (double)(sysconf(_SC_PAGESIZE) / 1024);
}

void proc_memory_read(struct proc_memory *ret_memory, const struct options *o)
{
	struct text t;
	struct proc_memory m = {};
	const char *group = getenv("KMEM");
	const struct tree *tree = tree_read(o->roots);
	for (int i = 0; i < tree->count; i++)
		memory_add(&m, tree->pids[i]);
	machine_read(&m);
	m.has_group = group;
	if (group && text_read(&t, group))
		m.group_kib = atof(t.bytes) / 1024;
	*ret_memory = m;
}
