/*
 * Bans of all nodes: one hash, a field a target. A value is the time until which it holds, or "L"
 * and the time when somebody lifted it, which the node that made it has to hear of. Whoever meets
 * one that is over takes it away.
 */
#include "base/clean.h"
#include "base/err.h"
#include "edge/bans.h"
#include "ledger/share_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	BANS_MAX = 4000,
	TEXT_MAX = 200 * 1024,       /* for one message */
	LIFTED_KEEP_S = 400 * 86400, /* no ban lasts longer */
};

struct share_bans {
	bool is_asked;
	bool was_heard;
	struct buf told;
};

static void drop(struct share *s, struct slice target)
{
	struct share_key key = share_key_of(s, "bans");
	const struct slice words[] = { slice_str("HDEL"), slice_str(key.text), target };
	(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

static int64_t number_of(struct slice text)
{
	char digits[24];
	slice_to_text(text, digits, sizeof(digits));
	return strtoll(digits, NULL, 10);
}

static bool is_lifted(struct slice value)
{
	return value.len && value.data[0] == 'L';
}

static int ban_take(struct share *s, struct buf *out, struct slice target, struct slice value)
{
	int64_t now_s = time(NULL);
	bool was_lifted = is_lifted(value);
	int64_t at_s = number_of(slice_skip(value, was_lifted));
	if (was_lifted ? at_s + LIFTED_KEEP_S < now_s : at_s < now_s) {
		drop(s, target);
		return 0;
	}
	int r = buf_add(out, target);
	return r ? err_up(r) : err_up(buf_printf(out, " %" PRId64 "\n", was_lifted ? 0 : at_s));
}

/* Those that were lifted, or those that were not. */
static int bans_take(struct share *s, const struct cluster_value *list, bool wants_lifted,
                     struct buf *out)
{
	int r = 0, taken = 0;
	for (size_t i = 0; i + 1 < list->count && !r && buf_len(out) < TEXT_MAX; i += 2) {
		struct slice target = list->items[i]->text, value = list->items[i + 1]->text;
		/* A line of ours has no other lines in it. */
		if (is_lifted(value) == wants_lifted && target.len &&
		    target.len < EDGE_BAN_TARGET_CAP && slice_find(target, '\n') == target.len &&
		    taken++ < BANS_MAX)
			r = ban_take(s, out, target, value);
	}
	return err_up(r);
}

static void on_bans(void *owner, const struct cluster_value *answer)
{
	struct share *s = owner;
	struct share_bans *b = s->bans;
	CLEAN(buf_deinit) struct buf text = {};
	b->is_asked = false;
	if (!answer)
		return;
	if (answer->kind != CLUSTER_LIST) {
		struct share_key key = share_key_of(s, "bans");
		share_mend(s, answer, key.text);
		return;
	}
	/* The lifted last: a year of them must not leave those that hold without room. */
	int r = bans_take(s, answer, false, &text);
	if (!r)
		r = bans_take(s, answer, true, &text);
	if (r) {
		share_complain(s, "bans of other nodes cannot be heard", r);
		return;
	}
	if (b->was_heard && slice_equal(buf_slice(&text), buf_slice(&b->told)))
		return;
	b->was_heard = true;
	buf_deinit(&b->told);
	b->told = text;
	text = (struct buf){};
	s->set.on_bans(s->set.owner, buf_slice(&b->told));
}

void share_bans_go(struct share *s)
{
	struct share_key key = share_key_of(s, "bans");
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	if (!s->bans->is_asked)
		s->bans->is_asked = share_ask(s, words, COUNT_OF(words), on_bans, s);
}

void share_ban(struct share *s, struct slice ban)
{
	if (!s)
		return;
	struct share_key key = share_key_of(s, "bans");
	size_t space = slice_find(ban, ' ');
	int64_t until_s = number_of(slice_skip(ban, space + 1));
	char value[32];
	snprintf(value, sizeof(value), "%s%" PRId64, until_s ? "" : "L",
	         until_s ? until_s : (int64_t)time(NULL));
	const struct slice words[] = { slice_str("HSET"), slice_str(key.text),
		                       slice_head(ban, space), slice_str(value) };
	if (share_ask(s, words, COUNT_OF(words), NULL, NULL))
		share_bans_go(s);
}

int share_bans_new(struct share *s)
{
	s->bans = calloc(1, sizeof(*s->bans));
	return s->bans ? 0 : err_raise(-ENOMEM);
}

void share_bans_free(struct share_bans *b)
{
	if (b)
		buf_deinit(&b->told);
	free(b);
}
