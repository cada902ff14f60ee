#include "common/clock.h"
#include "load/loop.h"
#include "load/modes.h"
#include "load/report.h"

#include <stdio.h>
#include <string.h>

#define POLL_NS 50000000u

enum phase { PHASE_FREE, PHASE_UNDER_WAY };

/* Open loop: lines leave at fixed times, from one connection after the other. */
struct latency {
	uint64_t interval_ns; /* 0: closed loop, each leaves when the one before it is back */
	uint64_t begun_ns, tick;
};

/* It counts from when it was due, be it sent later. */
static enum progress line_send(struct connection *c, uint64_t due_ns)
{
	int len = c->load->options->line_len;
	c->due_ns = due_ns;
	c->moved = 0;
	if (connection_put(c, c->load->buffer, (size_t)len) != len)
		return connection_failed(c, "send");
	c->phase = PHASE_UNDER_WAY;
	return PROGRESS_WAIT;
}

/* Done: the whole line came back. */
static enum progress line_receive(struct connection *c)
{
	char bytes[LINE_MAX_LEN];
	while (c->moved < (size_t)c->load->options->line_len) {
		int n = connection_get(c, bytes, sizeof(bytes));
		if (n == CONNECTION_BLOCKED)
			return PROGRESS_WAIT;
		if (n <= 0)
			return connection_failed(c, "echo");
		c->moved += (size_t)n;
	}
	return PROGRESS_DONE;
}

static void line_count(struct connection *c, uint64_t at_ns)
{
	struct load *l = c->load;
	c->phase = PHASE_FREE;
	if (l->stage != LOAD_MEASURING)
		return;
	histogram_add(&l->times, at_ns - c->due_ns);
	l->counts.done++;
}

/* When the next line of a free connection was due; 0: none is. */
static uint64_t due_take(struct connection *c, uint64_t at_ns)
{
	const struct latency *own = c->load->own;
	uint64_t due = own->interval_ns ? c->next_due_ns : at_ns;
	c->next_due_ns = 0;
	return due;
}

static enum progress go_on(struct connection *c)
{
	enum progress p = PROGRESS_WAIT;
	const struct latency *own = c->load->own;
	if (c->phase == PHASE_FREE)
		return c->load->stage == LOAD_OPENING || own->interval_ns
		               ? PROGRESS_WAIT
		               : line_send(c, clock_ns());
	while (c->phase == PHASE_UNDER_WAY && (p = line_receive(c)) == PROGRESS_DONE) {
		uint64_t at = clock_ns();
		line_count(c, at);
		uint64_t due = due_take(c, at);
		p = due ? line_send(c, due) : PROGRESS_WAIT;
	}
	return p;
}

static const struct loop_work work = { go_on, NULL };

/* What is due now; returns when the next one is. A busy connection sends it later. */
static uint64_t due_send(struct load *l, struct latency *own)
{
	for (;;) {
		uint64_t due = own->begun_ns + own->tick * own->interval_ns, at = clock_ns();
		if (due > at)
			return due - at;
		struct connection *c =
			&l->connections[own->tick++ % (uint64_t)l->options->concurrency];
		if (c->fd < 0)
			continue;
		if (c->phase == PHASE_FREE) {
			if (line_send(c, due) == PROGRESS_FAILED)
				connection_close(c, CONNECTION_SILENT);
		} else if (!c->next_due_ns) {
			c->next_due_ns = due;
		}
	}
}

static void measure(struct load *l, struct latency *own, struct proc_usage *ret_before)
{
	uint64_t at = 0;
	load_warm(l);
	own->begun_ns = clock_ns();
	if (!own->interval_ns)
		loop_drive_all(l);
	while ((at = clock_ns()) < l->end_ns) {
		if (l->stage == LOAD_WARMING && at >= l->begun_ns)
			load_measure(l, ret_before);
		loop_poll(l, own->interval_ns ? due_send(l, own) : POLL_NS);
	}
}

static void report(const struct report *r)
{
	const struct load *l = r->load;
	double p50 = histogram_percentile_us(&l->times, .5);
	double p99 = histogram_percentile_us(&l->times, .99);
	double p999 = histogram_percentile_us(&l->times, .999);
	printf("%-10s %-14s x%d %s%9.0f/s  p50 %.1f us  p99 %.1f us  p99.9 %.1f us  %8.0f per "
	       "proxy cpu-s  ",
	       "latency", l->options->label, l->options->concurrency,
	       l->options->rate > 0 ? "open " : "", report_rate(r), p50, p99, p999,
	       report_per_cpu_s(r));
	report_print_cores(r);
	report_print_head(r);
	printf(",\"offered\":%.0f,\"rate\":%.1f,\"per_cpu_s\":%.1f,\"us_cpu\":%.3f",
	       l->options->rate, report_rate(r), report_per_cpu_s(r), report_cpu_us(r));
	printf(",\"p50_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f}\n", p50, p99, p999);
}

int latency_run(struct load *l)
{
	const struct options *o = l->options;
	struct latency own = { .interval_ns = o->rate > 0 ? (uint64_t)(1e9 / o->rate) : 0 };
	struct proc_usage before = {};
	l->work = &work;
	l->own = &own;
	memset(l->buffer, 'x', (size_t)o->line_len);
	l->buffer[o->line_len - 1] = '\n';
	if (loop_open_all(l))
		load_measure(l, &before);
	else
		measure(l, &own, &before);
	struct report r = report_make(l, &before);
	report(&r);
	return l->counts.errors || !l->counts.done;
}
