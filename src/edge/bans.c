#include "edge/bans.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/network.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What may stand in a line of ours, and look like nothing else on a terminal. */
static bool is_a_user(const char *text)
{
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return *text && *text != '-' && !strchr(text, '/');
}

int edge_ban_of(struct edge_ban *ret_ban, struct slice target, int64_t until_s)
{
	struct edge_ban ban = { .until_s = until_s };
	const char *why;
	if (target.len >= sizeof(ban.target) || slice_find(target, '\0') < target.len)
		return EDGE_BANS_BAD;
	memcpy(ban.target, target.data, target.len);
	if (conf_network_parse(ban.target, &ban.network, &why)) {
		ban.network = (struct conf_network){};
		ban.is_user = true;
		if (!is_a_user(ban.target))
			return EDGE_BANS_BAD;
	}
	*ret_ban = ban;
	return 0;
}

static bool is_same(const struct edge_ban *a, const struct edge_ban *b)
{
	if (a->is_user || b->is_user)
		return a->is_user && b->is_user && !strcasecmp(a->target, b->target);
	return a->network.is_v6 == b->network.is_v6 && a->network.prefix == b->network.prefix &&
	       !memcmp(a->network.addr, b->network.addr, sizeof(a->network.addr));
}

/* bans->count: there is none. */
static size_t find(const struct edge_bans *bans, const struct edge_ban *ban)
{
	size_t i = 0;
	while (i < bans->count && !is_same(&bans->rows[i], ban))
		i++;
	return i;
}

/* The last that another node made. bans->count: there is none. */
static size_t others_find(const struct edge_bans *bans)
{
	for (size_t i = bans->count; i; i--)
		if (bans->rows[i - 1].is_of_others)
			return i - 1;
	return bans->count;
}

int edge_bans_put(struct edge_bans *bans, const struct edge_ban *ban)
{
	size_t at = find(bans, ban);
	if (at == EDGE_BANS_MAX && !ban->is_of_others)
		at = others_find(bans);
	if (at == EDGE_BANS_MAX)
		return EDGE_BANS_FULL;
	bool is_new = at == bans->count;
	bool is_ours = !is_new && !bans->rows[at].is_of_others;
	bans->rows[at] = *ban;
	bans->rows[at].is_of_others = ban->is_of_others && !is_ours;
	bans->count += is_new;
	return 0;
}

bool edge_bans_lift(struct edge_bans *bans, const struct edge_ban *ban)
{
	size_t at = find(bans, ban);
	if (at == bans->count)
		return false;
	bans->rows[at] = bans->rows[--bans->count];
	return true;
}

bool edge_bans_prune(struct edge_bans *bans, int64_t now_s)
{
	size_t kept = 0, before = bans->count;
	for (size_t i = 0; i < bans->count; i++)
		if (bans->rows[i].until_s > now_s)
			bans->rows[kept++] = bans->rows[i];
	bans->count = kept;
	return kept < before;
}

bool edge_bans_has_address(const struct edge_bans *bans, const uint8_t *addr, bool is_v6,
                           int64_t now_s)
{
	for (size_t i = 0; i < bans->count; i++) {
		const struct edge_ban *b = &bans->rows[i];
		if (!b->is_user && b->until_s > now_s &&
		    conf_network_contains(&b->network, addr, is_v6))
			return true;
	}
	return false;
}

bool edge_bans_has_user(const struct edge_bans *bans, const char *user, int64_t now_s)
{
	for (size_t i = 0; i < bans->count; i++) {
		const struct edge_ban *b = &bans->rows[i];
		if (b->is_user && b->until_s > now_s && !strcasecmp(b->target, user))
			return true;
	}
	return false;
}

int edge_bans_write(struct buf *out, const struct edge_bans *bans)
{
	int r = 0;
	for (size_t i = 0; i < bans->count && !r; i++)
		r = buf_printf(out, "%s %" PRId64 "\n", bans->rows[i].target,
		               bans->rows[i].until_s);
	return err_up(r);
}

/* False: no number, or one that no time is. */
static bool time_read(struct slice text, int64_t *ret_s)
{
	int64_t s = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || i == 12)
			return false;
		s = s * 10 + (text.data[i] - '0');
	}
	*ret_s = s;
	return text.len;
}

bool edge_ban_next(struct edge_ban *ret_ban, struct slice *text)
{
	struct slice line;
	while (slice_line_next(text, &line)) {
		size_t space = slice_find(line, ' ');
		int64_t until_s;
		if (space < line.len && time_read(slice_skip(line, space + 1), &until_s) &&
		    !edge_ban_of(ret_ban, slice_head(line, space), until_s))
			return true;
	}
	return false;
}

void edge_bans_read(struct edge_bans *ret_bans, struct slice text)
{
	struct edge_ban ban;
	ret_bans->count = 0;
	while (edge_ban_next(&ban, &text))
		if (edge_bans_put(ret_bans, &ban))
			return;
}
