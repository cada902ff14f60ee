#include "edge/health.h"

enum { SOON_MS = 1000 };

void edge_health_note(struct edge_health *h, bool is_well)
{
	h->failures = is_well ? 0 : h->failures + 1;
	if (is_well)
		h->state = EDGE_HEALTH_UP;
	else if (h->failures >= EDGE_HEALTH_FAILURES)
		h->state = EDGE_HEALTH_DOWN;
}

uint32_t edge_health_wait_ms(const struct edge_health *h, uint32_t interval_ms)
{
	if (!h->failures)
		return interval_ms;
	uint64_t wait_ms = SOON_MS;
	for (unsigned i = 1; i < h->failures && wait_ms < interval_ms; i++)
		wait_ms *= 2;
	return wait_ms < interval_ms ? (uint32_t)wait_ms : interval_ms;
}
