#include "load/report.h"

#include "common/clock.h"

#include <stdio.h>

struct report report_make(const struct load *l, const struct proc_usage *before)
{
	struct proc_usage after;
	double seconds = (double)(clock_ns() - l->begun_ns) / 1e9;
	proc_usage_read(&after, l->options);
	return (struct report){ .load = l,
		                .used = proc_usage_between(before, &after),
		                .seconds = seconds };
}

double report_ratio(double numerator, double denominator)
{
	return denominator > 0 ? numerator / denominator : 0;
}

double report_rate(const struct report *r)
{
	return report_ratio((double)r->load->counts.done, r->seconds);
}

double report_per_cpu_s(const struct report *r)
{
	return report_ratio((double)r->load->counts.done, proc_usage_cpu_s(&r->used));
}

double report_cpu_us(const struct report *r)
{
	return report_ratio(1e6 * proc_usage_cpu_s(&r->used), (double)r->load->counts.done);
}

void report_print_cores(const struct report *r)
{
	printf("proxy %.2f core, generator %.2f (its core %.2f)  errors %llu %s\n",
	       report_ratio(proc_usage_cpu_s(&r->used), r->seconds),
	       report_ratio(r->used.own_s, r->seconds),
	       report_ratio(r->used.generator_cpu_busy_s, r->seconds),
	       (unsigned long long)r->load->counts.errors, r->load->first_error);
}

static void print_asked(const struct options *o)
{
	printf("JSON {\"mode\":\"%s\",\"target\":\"%s\",\"proto\":\"%s\",\"tls\":%d,\"resume\":%d,"
	       "\"plain\":%d,\"login\":%d,\"conc\":%d",
	       mode_name(o->mode), o->label, protocol_name(o->protocol), o->tls_version,
	       o->is_resuming, o->is_plain, o->has_login, o->concurrency);
}

void report_print_head(const struct report *r)
{
	const struct load *l = r->load;
	const struct proc_usage *used = &r->used;
	print_asked(l->options);
	printf(",\"secs\":%.3f,\"errors\":%llu,\"timeouts\":%llu,\"first_error\":\"%s\"",
	       used->at_s, (unsigned long long)l->counts.errors,
	       (unsigned long long)l->counts.timeouts, l->first_error);
	printf(",\"proxy_cpu_s\":%.3f,\"proxy_user_s\":%.3f,\"proxy_sys_s\":%.3f",
	       proc_usage_cpu_s(used), used->user_s, used->system_s);
	printf(",\"proxy_core_busy\":%.3f,\"gen_cpu\":%.3f,\"gen_core_busy\":%.3f",
	       report_ratio(used->proxy_cpu_busy_s, used->at_s),
	       report_ratio(used->own_s, used->at_s),
	       report_ratio(used->generator_cpu_busy_s, used->at_s));
	printf(",\"proxy_procs\":%d,\"proxy_threads\":%d", used->processes, used->threads);
}
