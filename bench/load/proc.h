/*
 * What /proc tells of the proxy (the processes that were named, and all that stem from them), of
 * two CPUs and of the machine. Also what this process used itself. What cannot be read counts as 0.
 */
#ifndef LOAD_PROC_H
#define LOAD_PROC_H

#include "load/options.h"

/* Seconds since each began; of a difference, seconds between. */
struct proc_usage {
	double at_s;
	double user_s, system_s; /* of the proxy, with its children that ended */
	double proxy_cpu_busy_s, generator_cpu_busy_s;
	double own_s;
	int processes, threads; /* of the proxy, at the time */
};

struct proc_memory {
	double pss_kib, uss_kib; /* of the proxy */
	int threads;
	double slab_kib, stacks_kib, page_tables_kib, percpu_kib, sockets_kib,
		available_kib; /* of all */
	bool has_group;        /* KMEM names a file */
	double group_kib;      /* and this is what it has */
};

void proc_usage_read(struct proc_usage *ret_usage, const struct options *o);

/* From before to after; processes and threads are those after. */
struct proc_usage proc_usage_between(const struct proc_usage *before,
                                     const struct proc_usage *after);

/* Both kinds. */
double proc_usage_cpu_s(const struct proc_usage *u);

void proc_memory_read(struct proc_memory *ret_memory, const struct options *o);

#endif
