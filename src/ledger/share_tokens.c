/*
 * What CAs may ask any node for: one hash, a field for each node that orders; a value is the time
 * until which it holds and, behind a space, what the node said (acme/tokens.h). Nothing is
 * believed here: the parent reads what others said as a stranger's.
 */
#include "acme/tokens.h"
#include "base/clean.h"
#include "base/err.h"
#include "ledger/share_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	LOOK_MS = 1000, /* a CA asks soon after it was told that it may */
	KEEP_S = 900,   /* longer than any order: of a node that died in the middle */
};

struct share_tokens {
	struct share *share;
	struct io_deadline look;
	bool is_asked, was_heard;
	struct buf told; /* to the parent */
};

static void field_drop(struct share *s, struct slice field)
{
	struct share_key key = share_key_of(s, "tokens");
	const struct slice words[] = { slice_str("HDEL"), slice_str(key.text), field };
	(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

static int value_take(struct share *s, struct slice field, struct slice value, struct buf *out)
{
	char digits[24];
	size_t space = slice_find(value, ' ');
	struct slice text = slice_skip(value, space + 1);
	slice_to_text(slice_head(value, space), digits, sizeof(digits));
	if (strtoll(digits, NULL, 10) < time(NULL)) {
		field_drop(s, field);
		return 0;
	}
	if (buf_len(out) + text.len + 1 > ACME_TOKENS_MAX)
		return 0;
	int r = buf_add(out, text);
	return r ? err_up(r) : err_up(buf_add_str(out, "\n")); /* its last line may have no end */
}

static int all_take(struct share *s, const struct cluster_value *list, struct buf *out)
{
	char own[SHARE_NODE_LEN + 1];
	int r = 0;
	share_hex_print(s->run, own);
	for (size_t i = 0; i + 1 < list->count && !r; i += 2)
		if (!slice_equal(list->items[i]->text, slice_str(own)))
			r = value_take(s, list->items[i]->text, list->items[i + 1]->text, out);
	return err_up(r);
}

static void on_tokens(void *owner, const struct cluster_value *answer)
{
	struct share *s = owner;
	struct share_tokens *t = s->tokens;
	CLEAN(buf_deinit) struct buf text = {};
	t->is_asked = false;
	if (!answer)
		return;
	if (answer->kind != CLUSTER_LIST) {
		struct share_key key = share_key_of(s, "tokens");
		share_mend(s, answer, key.text);
		return;
	}
	int r = all_take(s, answer, &text);
	if (r)
		share_complain(s, "what CAs may ask other nodes for cannot be heard", r);
	if (r || (t->was_heard && slice_equal(buf_slice(&text), buf_slice(&t->told))))
		return;
	t->was_heard = true;
	buf_deinit(&t->told);
	t->told = text;
	text = (struct buf){};
	s->set.on_tokens(s->set.owner, buf_slice(&t->told));
}

static void on_look(struct io_deadline *d)
{
	struct share_tokens *t =
		(struct share_tokens *)((char *)d - offsetof(struct share_tokens, look));
	struct share_key key = share_key_of(t->share, "tokens");
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	io_deadline_arm(t->share->set.loop, d, LOOK_MS);
	if (!t->is_asked && cluster_client_is_reached(t->share->client))
		t->is_asked = share_ask(t->share, words, COUNT_OF(words), on_tokens, t->share);
}

void share_tokens_tell(struct share *s, struct slice text)
{
	CLEAN(buf_deinit) struct buf value = {};
	char own[SHARE_NODE_LEN + 1];
	if (!s)
		return;
	share_hex_print(s->run, own);
	if (!text.len) {
		field_drop(s, slice_str(own));
		return;
	}
	struct share_key key = share_key_of(s, "tokens");
	int r = buf_printf(&value, "%" PRId64 " ", (int64_t)time(NULL) + KEEP_S);
	if (!r)
		r = buf_add(&value, text);
	const struct slice words[] = { slice_str("HSET"), slice_str(key.text), slice_str(own),
		                       buf_slice(&value) };
	if (r)
		share_complain(s, "other nodes cannot be told what a CA may ask for", r);
	else
		(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

int share_tokens_new(struct share *s)
{
	struct share_tokens *t = calloc(1, sizeof(*t));
	if (!t)
		return err_raise(-ENOMEM);
	t->share = s;
	t->look.fn = on_look;
	s->tokens = t;
	if (s->set.answers_tokens)
		io_deadline_arm(s->set.loop, &t->look, LOOK_MS);
	return 0;
}

void share_tokens_free(struct share_tokens *t)
{
	if (!t)
		return;
	io_deadline_disarm(&t->look);
	buf_deinit(&t->told);
	free(t);
}
