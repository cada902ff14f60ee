#include "link/ways.h"

#include "base/err.h"
#include "io/address.h"
#include "link/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool link_ways_are_pending(const struct link_end *end)
{
	for (size_t i = 0; i < end->target_count; i++)
		if (end->targets[i].name && !end->targets[i].name->is_answered)
			return true;
	return false;
}

static bool is_same(const struct sockaddr_storage *a, socklen_t a_len, const struct link_way *way)
{
	return a_len == way->len && !memcmp(a, &way->sa, way->len);
}

static uint64_t down_until_ms(const struct link_downs *downs, const struct link_way *way)
{
	for (size_t i = 0; way->len && i < LINK_DOWNS_MAX; i++)
		if (is_same(&downs->list[i].sa, downs->list[i].len, way))
			return downs->list[i].until_ms;
	return 0;
}

/* In the place of the same one, else of what was the first to be well again. */
void link_down_note(struct link_downs *downs, const struct link_way *way, uint64_t until_ms)
{
	size_t place = 0;
	if (!way->len)
		return;
	for (size_t i = 0; i < LINK_DOWNS_MAX; i++) {
		if (is_same(&downs->list[i].sa, downs->list[i].len, way)) {
			downs->list[i].until_ms = until_ms;
			return;
		}
		if (downs->list[i].until_ms < downs->list[place].until_ms)
			place = i;
	}
	if (!until_ms)
		return;
	downs->list[place].sa = way->sa;
	downs->list[place].len = way->len;
	downs->list[place].until_ms = until_ms;
}

/* A name without an address is a way that fails at once, so that the log says so. */
static void name_take(struct link_way *way, const struct link_end *end, struct link_target *t,
                      size_t number)
{
	const struct link_name *name = t->name;
	way->target = t;
	if (number >= name->host.count) {
		snprintf(way->text, sizeof(way->text), "%s", t->text);
		way->fault = name->is_answered ? name->error : "no answer of the resolver in time";
		return;
	}
	const char *address = name->host.addresses[number];
	snprintf(way->text, sizeof(way->text), "%s (%s)", t->text, address);
	way->len = io_address_take(address, t->port, &way->sa);
	if (!end->is_transparent || !link_is_destination(end, &way->sa))
		return;
	way->len = 0;
	way->fault = "it is a destination of this link, which would catch itself";
}

static void target_take(struct link_way *way, struct link_target *t)
{
	*way = (struct link_way){ .target = t, .sa = t->sa, .len = t->len };
	snprintf(way->text, sizeof(way->text), "%s", t->text);
}

static size_t count_of(const struct link_target *t)
{
	return t->name && t->name->host.count ? t->name->host.count : 1;
}

/* Those that are down go behind the others, each in its order. */
static void sort(struct link_ways *ways, const struct link_downs *downs, uint64_t now_ms)
{
	for (size_t i = 0, left = ways->count; left; left--) {
		struct link_way way = ways->list[i];
		if (down_until_ms(downs, &way) <= now_ms) {
			i++;
			continue;
		}
		memmove(&ways->list[i], &ways->list[i + 1],
		        (ways->count - i - 1) * sizeof(ways->list[0]));
		ways->list[ways->count - 1] = way;
	}
}

int link_ways_init(struct link_ways *ret_ways, struct link_end *end, uint64_t now_ms)
{
	struct link_ways ways = {};
	size_t count = 0;
	for (size_t i = 0; i < end->target_count; i++)
		count += count_of(&end->targets[i]);
	ways.list = calloc(count + 1, sizeof(*ways.list));
	if (!ways.list)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < end->target_count; i++) {
		struct link_target *t = &end->targets[i];
		for (size_t n = 0; n < count_of(t); n++, ways.count++) {
			if (t->name)
				name_take(&ways.list[ways.count], end, t, n);
			else
				target_take(&ways.list[ways.count], t);
		}
	}
	sort(&ways, &end->downs, now_ms);
	*ret_ways = ways;
	return 0;
}

void link_ways_deinit(struct link_ways *ways)
{
	free(ways->list);
	*ways = (struct link_ways){};
}
