/*
 * How long things took: a log-linear histogram of nanoseconds, 64 steps an octave, each under 1.6 %
 * wide.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_OCTAVES = 64 };

struct histogram {
	uint32_t counts[HISTOGRAM_OCTAVES * HISTOGRAM_STEPS];
	uint64_t total;
};

void histogram_add(struct histogram *h, uint64_t ns);

/* Microseconds; share is 0.5 for the median. 0 of an empty one. */
double histogram_percentile_us(const struct histogram *h, double share);

#endif
