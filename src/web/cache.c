#include "web/cache.h"

#include <stdlib.h>
#include <string.h>

static void entry_clear(struct web_cache_entry *e)
{
	free(e->target);
	buf_deinit(&e->reply.body);
	*e = (struct web_cache_entry){};
}

void web_cache_deinit(struct web_cache *c)
{
	for (size_t i = 0; i < WEB_CACHE_ENTRIES; i++)
		entry_clear(&c->entries[i]);
}

static bool reply_copy(struct web_reply *to, const struct web_reply *from)
{
	struct buf body = {};
	if (buf_add(&body, buf_slice(&from->body))) {
		buf_deinit(&body);
		return false;
	}
	*to = *from;
	to->body = body;
	return true;
}

bool web_cache_find(const struct web_cache *c, const char *target, uint64_t now_ms,
                    struct web_reply *ret_reply)
{
	for (size_t i = 0; i < WEB_CACHE_ENTRIES; i++) {
		const struct web_cache_entry *e = &c->entries[i];
		if (e->target && e->until_ms > now_ms && !strcmp(e->target, target))
			return reply_copy(ret_reply, &e->reply);
	}
	return false;
}

bool web_cache_is_spent(struct web_cache *c, uint64_t now_ms)
{
	uint64_t paid = (now_ms - c->debt_at_ms) / WEB_CACHE_PART;
	if (paid) {
		c->debt_ms -= paid < c->debt_ms ? paid : c->debt_ms;
		c->debt_at_ms = now_ms;
	}
	return c->debt_ms > WEB_CACHE_BURST_MS;
}

/* That of the same target, or the one that ends first. */
static struct web_cache_entry *place_for(struct web_cache *c, const char *target)
{
	struct web_cache_entry *best = &c->entries[0];
	for (size_t i = 0; i < WEB_CACHE_ENTRIES; i++) {
		struct web_cache_entry *e = &c->entries[i];
		if (e->target && !strcmp(e->target, target))
			return e;
		if (e->until_ms < best->until_ms)
			best = e;
	}
	return best;
}

void web_cache_keep(struct web_cache *c, const char *target, const struct web_reply *reply,
                    uint64_t now_ms, uint64_t took_ms)
{
	uint64_t kept_ms = took_ms * WEB_CACHE_PART;
	c->debt_ms += took_ms;
	if (took_ms < WEB_CACHE_QUICK_MS)
		return;
	struct web_cache_entry *e = place_for(c, target);
	entry_clear(e);
	if (kept_ms > WEB_CACHE_KEPT_MAX_MS)
		kept_ms = WEB_CACHE_KEPT_MAX_MS;
	if (!reply_copy(&e->reply, reply))
		return;
	e->target = strdup(target);
	e->until_ms = now_ms + kept_ms;
	if (!e->target)
		entry_clear(e);
}
