#include "common/clock.h"
#include "load/loop.h"
#include "load/messages.h"
#include "load/modes.h"
#include "load/report.h"

#include <stdio.h>
#include <unistd.h>

#define STALLED_NS 10000000000u
#define POLL_NS 100000000u
#define QUIET_US 200000 /* before: what opening them left to do */
#define TAIL_US 20000   /* after: what the proxy does when they close */

enum { RECORD = 16384 };
enum phase { PHASE_ASK, PHASE_MOVE, PHASE_ANSWER };

static enum progress ask(struct connection *c)
{
	char line[64];
	if (c->load->stage != LOAD_MEASURING)
		return PROGRESS_WAIT;
	snprintf(line, sizeof(line), "%s %llu\n", c->load->options->is_up ? "PUT" : "GET",
	         (unsigned long long)c->left);
	return connection_say(c, line);
}

static int piece_put(struct connection *c)
{
	uint64_t most = c->load->options->is_plain ? LOAD_BUFFER : RECORD;
	return connection_put(c, c->load->buffer, c->left < most ? c->left : most);
}

static enum progress move(struct connection *c)
{
	struct load *l = c->load;
	while (c->left) {
		int n = l->options->is_up ? piece_put(c)
		                          : connection_get(c, l->buffer, LOAD_BUFFER);
		if (n == CONNECTION_BLOCKED)
			return PROGRESS_WAIT;
		if (n <= 0)
			return connection_failed(c, "bulk");
		c->left -= (uint64_t)n;
		l->counts.bytes += (uint64_t)n;
	}
	return PROGRESS_DONE;
}

static enum progress answer(struct connection *c)
{
	char bytes[64];
	int n = connection_get(c, bytes, sizeof(bytes));
	if (n == CONNECTION_BLOCKED)
		return PROGRESS_WAIT;
	return n > 0 && bytes[0] == 'O' ? PROGRESS_DONE : connection_failed(c, "no OK");
}

static enum progress stream_go_on(struct connection *c)
{
	enum progress p = PROGRESS_DONE;
	if (c->phase == PHASE_ASK && (p = ask(c)) == PROGRESS_DONE)
		c->phase = PHASE_MOVE;
	if (c->phase == PHASE_MOVE && (p = move(c)) == PROGRESS_DONE)
		c->phase = PHASE_ANSWER;
	if (c->phase == PHASE_ANSWER)
		p = c->load->options->is_up ? answer(c) : PROGRESS_DONE;
	return p;
}

static const struct loop_work stream = { stream_go_on, NULL }, messages = { messages_go_on, NULL };

/* Until all are through, or nothing moves any more. */
static void move_all(struct load *l)
{
	uint64_t moved_ns = clock_ns(), seen = 0;
	loop_drive_all(l);
	while (l->open_count) {
		loop_poll(l, POLL_NS);
		if (l->counts.bytes != seen) {
			seen = l->counts.bytes;
			moved_ns = clock_ns();
		} else if (clock_ns() - moved_ns > STALLED_NS) {
			load_fail(l, "stalled");
			return;
		}
	}
}

static void report(const struct report *r)
{
	const struct options *o = r->load->options;
	const char *way = o->is_up ? "up" : "down";
	uint64_t bytes = r->load->counts.bytes;
	double mb = (double)bytes / 1e6, gib = (double)bytes / 1073741824.0;
	double cpu = proc_usage_cpu_s(&r->used);
	printf("%-10s %-14s %s x%d %8.0f MB/s  %.3f proxy cpu-s/GiB (user %.3f sys %.3f)  %8.0f MB "
	       "per proxy cpu-s  ",
	       "bulk", o->label, way, o->concurrency, mb / r->seconds, report_ratio(cpu, gib),
	       report_ratio(r->used.user_s, gib), report_ratio(r->used.system_s, gib),
	       report_ratio(mb, cpu));
	report_print_cores(r);
	report_print_head(r);
	printf(",\"dir\":\"%s\",\"bytes\":%llu,\"mb_s\":%.1f,\"cpu_s_gib\":%.4f,"
	       "\"mb_per_cpu_s\":%.1f}\n",
	       way, (unsigned long long)bytes, mb / r->seconds, report_ratio(cpu, gib),
	       report_ratio(mb, cpu));
}

int bulk_run(struct load *l)
{
	struct proc_usage before;
	const struct options *o = l->options;
	l->work = o->protocol ? &messages : &stream;
	messages_init(l);
	int r = loop_open_all(l);
	for (int i = 0; i < o->concurrency; i++)
		l->connections[i].left = o->bytes / (uint64_t)o->concurrency;
	usleep(QUIET_US);
	load_measure(l, &before);
	if (!r)
		move_all(l);
	double seconds = (double)(clock_ns() - l->begun_ns) / 1e9;
	usleep(TAIL_US);
	struct report told = report_make(l, &before);
	told.seconds = seconds;
	report(&told);
	return l->counts.errors != 0;
}
