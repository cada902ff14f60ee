#include "load/histogram.h"

enum { STEP_BITS = 6 };
_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS);

/* Below 64 ns a step is one of them; above, an octave begins with a step whose highest bit is its.
 */
void histogram_add(struct histogram *h, uint64_t ns)
{
	uint64_t i = ns;
	if (ns >= HISTOGRAM_STEPS) {
		unsigned bit = 63 - (unsigned)__builtin_clzll(ns);
		i = (bit - STEP_BITS + 1) * HISTOGRAM_STEPS +
		    ((ns >> (bit - STEP_BITS)) & (HISTOGRAM_STEPS - 1));
	}
	h->counts[i]++;
	h->total++;
}

/* The middle of a step. */
static double step_us(int i)
{
	if (i < HISTOGRAM_STEPS)
		return i / 1e3;
	int octave = i / HISTOGRAM_STEPS - 1;
	return (HISTOGRAM_STEPS + i % HISTOGRAM_STEPS + 0.5) * (double)(1ull << octave) / 1e3;
}

double histogram_percentile_us(const struct histogram *h, double share)
{
	uint64_t below = (uint64_t)(share * (double)h->total), seen = 0;
	for (int i = 0; i < HISTOGRAM_OCTAVES * HISTOGRAM_STEPS; i++) {
		seen += h->counts[i];
		if (h->counts[i] && seen > below)
			return step_us(i);
	}
	return 0;
}
