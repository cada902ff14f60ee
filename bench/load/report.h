/*
 * What all modes tell of a run: the end of the line for people, and the beginning of that for
 * programs.
 */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "load/load.h"

/* What the run used, and how often it did its thing. */
struct report {
	const struct load *load;
	struct proc_usage used;
	double seconds; /* of the measuring */
};

/* From the beginning of the measuring to now. */
struct report report_make(const struct load *l, const struct proc_usage *before);

/* Of what was done: a second, a second of the proxy's CPU, and that CPU in microseconds each; 0
 * without. */
double report_rate(const struct report *r);
double report_per_cpu_s(const struct report *r);
double report_cpu_us(const struct report *r);

/* numerator / denominator, or 0. */
double report_ratio(double numerator, double denominator);

/* Cores of proxy and generator, errors, end of line. */
void report_print_cores(const struct report *r);

/* "JSON {" and the fields of all modes; the mode goes on with a comma, and ends it. */
void report_print_head(const struct report *r);

#endif
