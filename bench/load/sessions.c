#include "common/clock.h"
#include "load/loop.h"
#include "load/modes.h"
#include "load/report.h"

#include <stdio.h>

#define HANGS_NS 10000000000u
#define SWEEP_NS 200000000u
#define POLL_NS 50000000u
#define SESSION_LIMIT_NS 3000000000u

static enum progress go_on(struct connection *c)
{
	struct load *l = c->load;
	if (l->stage == LOAD_MEASURING) {
		histogram_add(&l->times, clock_ns() - c->opened_ns);
		l->counts.done++;
	}
	return PROGRESS_DONE;
}

static void closed(struct connection *c)
{
	(void)connection_open(c);
}

static const struct loop_work work = { go_on, closed };

/* Ends what hangs; opens it again, and what could not be opened. */
static void sweep(struct load *l)
{
	uint64_t at = clock_ns();
	for (int i = 0; i < l->options->concurrency; i++) {
		struct connection *c = &l->connections[i];
		if (c->fd >= 0 && at - c->opened_ns <= HANGS_NS)
			continue;
		if (c->fd >= 0) {
			l->counts.timeouts++;
			load_fail(l, c->is_sealed ? "timeout after the handshake" : "timeout");
			connection_close(c, CONNECTION_SILENT);
		}
		(void)connection_open(c);
	}
}

static void measure(struct load *l, struct proc_usage *ret_before)
{
	uint64_t at = clock_ns(), swept = at;
	load_warm(l);
	while ((at = clock_ns()) < l->end_ns) {
		if (l->stage == LOAD_WARMING && at >= l->begun_ns) {
			l->counts = (struct load_counts){};
			load_measure(l, ret_before);
		}
		if (at - swept > SWEEP_NS) {
			sweep(l);
			swept = at;
		}
		loop_poll(l, POLL_NS);
	}
}

/* The one that all others resume. */
static int session_take(struct load *l)
{
	if (loop_talk_once(l, 1, SESSION_LIMIT_NS))
		return -1;
	if (!l->tls.session)
		fprintf(stderr, "loadgen: %s gave no session to resume\n", l->options->label);
	l->counts = (struct load_counts){};
	return 0;
}

static void report(const struct report *r)
{
	const struct load *l = r->load;
	const struct options *o = l->options;
	const struct load_counts *counts = &l->counts;
	double resumed = 100 * report_ratio((double)counts->resumed, (double)counts->handshakes);
	double p50 = histogram_percentile_us(&l->times, .5);
	double p99 = histogram_percentile_us(&l->times, .99);
	printf("%-10s %-14s tls%d%s%s%s %9.0f/s  %8.0f per proxy cpu-s  p50 %.0f us p99 %.0f us  "
	       "resumed %.0f%%  ",
	       mode_name(o->mode), o->label, o->tls_version, o->is_resuming ? " resume" : "",
	       o->protocol ? " " : "", protocol_name(o->protocol), report_rate(r),
	       report_per_cpu_s(r), p50, p99, resumed);
	report_print_cores(r);
	report_print_head(r);
	printf(",\"sessions\":%llu,\"rate\":%.1f,\"per_cpu_s\":%.1f,\"us_cpu\":%.2f",
	       (unsigned long long)counts->done, report_rate(r), report_per_cpu_s(r),
	       report_cpu_us(r));
	printf(",\"resumed_pct\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n", resumed,
	       p50, p99, histogram_percentile_us(&l->times, .999));
}

int sessions_run(struct load *l)
{
	struct proc_usage before = {};
	l->work = &work;
	if (l->options->is_resuming && session_take(l))
		return 1;
	l->connections = connections_new(l, l->options->concurrency);
	for (int i = 0; i < l->options->concurrency; i++)
		(void)connection_open(&l->connections[i]);
	measure(l, &before);
	struct report r = report_make(l, &before);
	report(&r);
	return l->counts.done ? 0 : 1;
}
