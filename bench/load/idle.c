#include "load/fleet.h"
#include "load/loop.h"
#include "load/modes.h"
#include "load/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_LIMIT_NS 5000000000u
#define SETTLE_US 1500000

/* A few connections go first, so that what the proxy sets up once is there before. */
enum { FIRST = 32, AT_REST_S = 2 };

struct found {
	uint64_t up, still;
	struct proc_memory before, after;
	struct proc_usage at_rest;
};

/* So that the kernel's caches are in neither figure. */
static void settle(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, "2", 1);
		close(fd);
	}
	usleep(SETTLE_US);
}

static struct proc_usage at_rest(const struct options *o)
{
	struct proc_usage before, after;
	proc_usage_read(&before, o);
	sleep(AT_REST_S);
	proc_usage_read(&after, o);
	return proc_usage_between(&before, &after);
}

static int measure(struct load *l, struct found *ret_found, struct report *ret_report)
{
	struct fleet fleet;
	struct found found = {};
	struct proc_usage before;
	proc_memory_read(&found.before, l->options);
	load_measure(l, &before);
	if (fleet_start(&fleet, l))
		return -1;
	found.up = fleet_hear(&fleet, l);
	struct report r = report_make(l, &before);
	settle();
	proc_memory_read(&found.after, l->options);
	found.at_rest = at_rest(l->options);
	uint64_t errors = l->counts.errors;
	fleet_stop(&fleet);
	found.still = fleet_hear(&fleet, l);
	l->counts.errors = errors;
	while (wait(NULL) > 0)
		;
	*ret_found = found;
	*ret_report = r;
	return 0;
}

/* --- the report --- */

/* Bytes of one connection. */
struct cost {
	double pss, uss, kernel, slab, stacks, page_tables, sockets, available;
};

static struct cost cost_of(const struct found *f)
{
	const struct proc_memory *a = &f->before, *b = &f->after;
	double each = 1024 / (f->up ? (double)f->up : 1);
	struct cost c = { .pss = (b->pss_kib - a->pss_kib) * each,
		          .uss = (b->uss_kib - a->uss_kib) * each,
		          .slab = (b->slab_kib - a->slab_kib) * each,
		          .stacks = (b->stacks_kib - a->stacks_kib) * each,
		          .page_tables = (b->page_tables_kib - a->page_tables_kib) * each,
		          .sockets = (b->sockets_kib - a->sockets_kib) * each,
		          .available = (a->available_kib - b->available_kib) * each };
	/* of a control group, if all is in one: what others on the machine do is not in it */
	if (b->has_group)
		c.kernel = (b->group_kib - a->group_kib) * each;
	else
		c.kernel = c.slab + c.stacks + c.page_tables + c.sockets +
		           (b->percpu_kib - a->percpu_kib) * each;
	return c;
}

static void print_text(const struct report *r, const struct found *f, const struct cost *c)
{
	printf("%-10s %-14s %llu up (%llu still, %.0f/s opened)  user PSS %.0f B each (at rest "
	       "%.1f MiB, now %.1f MiB)  ",
	       "idle", r->load->options->label, (unsigned long long)f->up,
	       (unsigned long long)f->still, (double)f->up / r->seconds, c->pss,
	       f->before.pss_kib / 1024, f->after.pss_kib / 1024);
	printf("kernel %.0f B each, whole path (slab %.0f stack %.0f pagetables %.0f sock %.0f)  "
	       "MemAvailable %.0f B each  ",
	       c->kernel, c->slab, c->stacks, c->page_tables, c->sockets, c->available);
	printf("threads %d  idle cpu %.3f  errors %llu %s\n", f->after.threads,
	       report_ratio(proc_usage_cpu_s(&f->at_rest), f->at_rest.at_s),
	       (unsigned long long)r->load->counts.errors, r->load->first_error);
}

static void print_json(const struct report *r, const struct found *f, const struct cost *c)
{
	report_print_head(r);
	printf(",\"conns\":%llu,\"still\":%llu,\"open_rate\":%.0f,\"pss_conn\":%.0f,\"uss_conn\":%."
	       "0f",
	       (unsigned long long)f->up, (unsigned long long)f->still, (double)f->up / r->seconds,
	       c->pss, c->uss);
	printf(",\"pss0_kib\":%.0f,\"pss1_kib\":%.0f,\"kernel_conn\":%.0f,\"slab_conn\":%.0f",
	       f->before.pss_kib, f->after.pss_kib, c->kernel, c->slab);
	printf(",\"stack_conn\":%.0f,\"pagetables_conn\":%.0f,\"sock_conn\":%.0f,\"avail_conn\":%."
	       "0f",
	       c->stacks, c->page_tables, c->sockets, c->available);
	printf(",\"idle_cpu\":%.4f}\n",
	       report_ratio(proc_usage_cpu_s(&f->at_rest), f->at_rest.at_s));
}

int idle_run(struct load *l)
{
	struct found found;
	struct report r;
	(void)loop_talk_once(l, FIRST, FIRST_LIMIT_NS);
	l->counts = (struct load_counts){};
	settle();
	if (measure(l, &found, &r))
		return 1;
	struct cost cost = cost_of(&found);
	print_text(&r, &found, &cost);
	print_json(&r, &found, &cost);
	return found.up == (uint64_t)l->options->hold_count && found.still == found.up ? 0 : 1;
}
