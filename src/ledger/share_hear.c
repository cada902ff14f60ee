/*
 * What the other nodes counted: who there is, one after the other; of each the index; and what is
 * new in it. What they say of themselves is text of strangers (store/part.h).
 */
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "ledger/share_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
	LATELY_S = 60,
	NODES_MAX = STORE_OTHERS_NODES_MAX,
	STRANGERS_MAX = 3, /* turns in a row, for an upgrade has two of us for a moment */
	FORGOTTEN_S = SHARE_KEEP_S,
};

/* A part on its way. */
struct hearing {
	struct share *share;
	uint64_t node;
	struct store_part part;
	bool is_free;
};

struct share_hear {
	bool is_at_it;
	uint64_t nodes[NODES_MAX];
	size_t node_count, node_next;
	uint64_t node; /* whose index was read */
	struct store_part *wanted;
	size_t wanted_count, wanted_next;
	struct hearing hearings[SHARE_AT_ONCE];
	size_t under_way;
	bool is_full; /* said once */
};

static void go_on(struct share *s);

static void wanted_forget(struct share_hear *h)
{
	free(TAKE(h->wanted));
	h->wanted_count = h->wanted_next = 0;
}

/* Until the next turn. */
static void stop(struct share *s)
{
	struct share_hear *h = s->hear;
	wanted_forget(h);
	h->node_next = h->node_count;
	h->is_at_it = h->under_way;
}

/* --- a part --- */

static void full_tell(struct share *s)
{
	if (s->hear->is_full)
		return;
	s->hear->is_full = true;
	log_error(NULL, "what other nodes tell is too much, and not all of it is kept",
	          kv_int("nodes", NODES_MAX), kv_int("bytes", (int64_t)s->set.max_bytes),
	          kv_str("mend", "raise ledger.max_size, or look who writes into the store"));
}

static void part_take(struct hearing *h, struct slice text)
{
	struct share *s = h->share;
	char node[SHARE_NODE_LEN + 1], name[STORE_PART_NAME_CAP];
	uint64_t unsaid;
	share_hex_print(h->node, node);
	store_part_name(&h->part, name);
	int r = store_others_take(s->others, h->node, &h->part, text);
	if (r == STORE_OTHERS_FULL)
		full_tell(s);
	else if (r < 0)
		share_complain(s, "what another node told cannot be kept", r);
	else if (r && log_calm(&s->complaints, io_loop_now_ms(s->set.loop), &unsaid))
		log_warn(NULL, "what another node told is not understood", kv_str("node", node),
		         kv_str("part", name), kv_int("unsaid", (int64_t)unsaid));
}

static void on_part(void *owner, const struct cluster_value *answer)
{
	struct hearing *h = owner;
	struct share *s = h->share;
	h->is_free = true;
	s->hear->under_way--;
	if (answer && answer->kind == CLUSTER_TEXT)
		part_take(h, answer->text);
	if (answer)
		go_on(s);
	else
		stop(s);
}

static bool part_ask(struct share *s, const struct store_part *part)
{
	struct share_hear *hear = s->hear;
	char name[STORE_PART_NAME_CAP];
	size_t free = 0;
	while (!hear->hearings[free].is_free)
		free++;
	struct hearing *h = &hear->hearings[free];
	*h = (struct hearing){ .share = s, .node = hear->node, .part = *part };
	store_part_name(part, name);
	struct share_key key = share_node_key(s, hear->node, name);
	const struct slice words[] = { slice_str("GET"), slice_str(key.text) };
	h->is_free = !share_ask(s, words, COUNT_OF(words), on_part, h);
	hear->under_way += !h->is_free;
	return !h->is_free;
}

/* --- an index --- */

/* Not what is known already. */
static bool is_wanted(struct share *s, struct slice name, struct slice version,
                      struct store_part *ret_part)
{
	uint64_t known, there;
	int64_t now_hour = time(NULL) / 3600;
	if (!store_part_by_name(name, ret_part) || !share_hex_read(version, &there) ||
	    ret_part->hour < share_oldest_hour() || ret_part->hour > now_hour + 24)
		return false;
	int r = store_others_version(s->others, s->hear->node, ret_part, &known);
	return r == STORE_OTHERS_NONE || (!r && known != there);
}

static int index_take(struct share *s, const struct cluster_value *list)
{
	struct share_hear *h = s->hear;
	size_t count = list->count < SHARE_INDEX_MAX ? list->count : SHARE_INDEX_MAX;
	wanted_forget(h);
	h->wanted = calloc(count / 2 + 1, sizeof(*h->wanted));
	if (!h->wanted)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i + 1 < count; i += 2)
		if (is_wanted(s, list->items[i]->text, list->items[i + 1]->text,
		              &h->wanted[h->wanted_count]))
			h->wanted_count++;
	return 0;
}

static void on_index(void *owner, const struct cluster_value *answer)
{
	struct share *s = owner;
	s->hear->under_way--;
	int r = answer && answer->kind == CLUSTER_LIST ? index_take(s, answer) : 0;
	if (r)
		share_complain(s, "what other nodes tell cannot be heard", r);
	if (answer && !r)
		go_on(s);
	else
		stop(s);
}

static bool index_ask(struct share *s, uint64_t node)
{
	struct share_key key = share_node_key(s, node, "index");
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	s->hear->node = node;
	if (!share_ask(s, words, COUNT_OF(words), on_index, s))
		return false;
	s->hear->under_way++;
	return true;
}

/* The next thing: parts of this node, then, when all of them came, the next node. */
static void go_on(struct share *s)
{
	struct share_hear *h = s->hear;
	bool is_well = true;
	while (is_well && h->wanted_next < h->wanted_count && h->under_way < SHARE_AT_ONCE)
		is_well = part_ask(s, &h->wanted[h->wanted_next++]);
	if (is_well && !h->under_way && h->node_next < h->node_count)
		is_well = index_ask(s, h->nodes[h->node_next++]);
	if (!is_well || !h->under_way)
		stop(s);
}

/* --- who there is --- */

/* "TIME RUN HOST"; 0: it says no time. */
static int64_t time_of(struct slice text)
{
	int64_t time_s = 0;
	for (size_t i = 0; i < text.len && i < 12 && text.data[i] >= '0' && text.data[i] <= '9';
	     i++)
		time_s = time_s * 10 + (text.data[i] - '0');
	return time_s;
}

static void self_check(struct share *s, struct slice text)
{
	struct slice rest = slice_skip(text, slice_find(text, ' ') + 1);
	uint64_t run;
	bool is_other = share_hex_read(slice_head(rest, SHARE_NODE_LEN), &run) && run != s->run;
	s->strangers = is_other ? s->strangers + 1 : 0;
	if (s->strangers == STRANGERS_MAX)
		log_error(NULL, "two nodes have the same ledger, and count as one",
		          kv_slice("other", slice_skip(rest, SHARE_NODE_LEN + 1)),
		          kv_str("mend", "one is a copy: stop it and remove its state_dir/ledger"));
}

static void node_drop(struct share *s, struct slice name)
{
	struct share_key key = share_key_of(s, "nodes");
	const struct slice words[] = { slice_str("HDEL"), slice_str(key.text), name };
	(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

static void node_take(struct share *s, struct slice name, struct slice what)
{
	struct share_hear *h = s->hear;
	int64_t now_s = time(NULL), seen_s = time_of(what);
	uint64_t node;
	if (!share_hex_read(name, &node) || seen_s < now_s - FORGOTTEN_S) {
		node_drop(s, name);
		return;
	}
	if (node == s->node) {
		self_check(s, what);
		return;
	}
	if (h->node_count == NODES_MAX)
		return;
	s->nodes += seen_s >= now_s - LATELY_S;
	h->nodes[h->node_count++] = node;
}

static void on_nodes(void *owner, const struct cluster_value *answer)
{
	enum { VALUES_MAX = 4 * NODES_MAX };
	struct share *s = owner;
	struct share_key key = share_key_of(s, "nodes");
	struct share_hear *h = s->hear;
	h->under_way--;
	h->node_count = h->node_next = 0;
	share_mend(s, answer, key.text);
	s->nodes = 1;
	if (answer && answer->kind == CLUSTER_LIST)
		for (size_t i = 0; i + 1 < answer->count && i < VALUES_MAX; i += 2)
			node_take(s, answer->items[i]->text, answer->items[i + 1]->text);
	go_on(s);
}

void share_hear_go(struct share *s)
{
	struct share_hear *h = s->hear;
	struct share_key key = share_key_of(s, "nodes");
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	if (h->is_at_it)
		return;
	h->is_at_it = share_ask(s, words, COUNT_OF(words), on_nodes, s);
	h->under_way += h->is_at_it;
}

int share_hear_new(struct share *s)
{
	s->hear = calloc(1, sizeof(*s->hear));
	if (!s->hear)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < SHARE_AT_ONCE; i++)
		s->hear->hearings[i].is_free = true;
	return 0;
}

void share_hear_free(struct share_hear *h)
{
	if (!h)
		return;
	wanted_forget(h);
	free(h);
}
