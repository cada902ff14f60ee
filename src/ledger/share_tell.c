/* What this node counted goes to the store, part by part: first the part, then, where that is
 * there, its version into the index that the others read. */
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "ledger/share_inside.h"

#include <errno.h>
#include <stdio.h>

/* A part on its way. */
struct telling {
	struct share *share;
	struct store_part part;
	uint64_t version;
	bool is_free;
	bool has_changed; /* meanwhile */
};

struct share_tell {
	struct telling tellings[SHARE_AT_ONCE];
	size_t under_way;
	bool is_checking;
	struct buf text;
};

static void mark(struct share *s, const struct store_part *part)
{
	struct store_ledger *store = s->set.store(s->set.owner);
	int r = store ? store_ledger_part_mark(store, part) : 0;
	if (r) /* else its file is opened anew, and all is looked at */
		share_complain(s, "what the ledger has cannot be shared", r);
}

static void telling_end(struct telling *t, bool is_well)
{
	struct share *s = t->share;
	if (!is_well || t->has_changed)
		mark(s, &t->part);
	t->is_free = true;
	s->tell->under_way--;
	if (is_well)
		share_tell_go(s);
	share_told(s);
}

static void on_indexed(void *owner, const struct cluster_value *answer)
{
	struct telling *t = owner;
	struct share *s = t->share;
	struct share_key index = share_node_key(s, s->node, "index");
	bool is_well = answer && answer->kind == CLUSTER_NUMBER;
	share_mend(s, answer, index.text);
	int r = is_well ? store_others_told(s->others, s->node, &t->part, t->version) : 0;
	if (r)
		share_complain(s, "it cannot be noted what was shared", r);
	telling_end(t, is_well && !r);
}

/* The index lives as long as its last part. */
static bool index_ask(struct telling *t)
{
	struct share *s = t->share;
	char name[STORE_PART_NAME_CAP], version[SHARE_NODE_LEN + 1], keep[16];
	struct share_key index = share_node_key(s, s->node, "index");
	store_part_name(&t->part, name);
	share_hex_print(t->version, version);
	snprintf(keep, sizeof(keep), "%d", SHARE_KEEP_S);
	const struct slice set[] = { slice_str("HSET"), slice_str(index.text), slice_str(name),
		                     slice_str(version) };
	const struct slice expire[] = { slice_str("EXPIRE"), slice_str(index.text),
		                        slice_str(keep) };
	if (!share_ask(s, set, COUNT_OF(set), on_indexed, t))
		return false;
	(void)share_ask(s, expire, COUNT_OF(expire), NULL, NULL);
	return true;
}

static void on_stored(void *owner, const struct cluster_value *answer)
{
	struct telling *t = owner;
	if (!answer || answer->kind != CLUSTER_STATUS || !index_ask(t))
		telling_end(t, false);
}

static bool part_ask(struct telling *t, struct slice text)
{
	struct share *s = t->share;
	char name[STORE_PART_NAME_CAP], keep[16];
	store_part_name(&t->part, name);
	snprintf(keep, sizeof(keep), "%d", SHARE_KEEP_S);
	struct share_key key = share_node_key(s, s->node, name);
	const struct slice words[] = { slice_str("SET"), slice_str(key.text), text, slice_str("EX"),
		                       slice_str(keep) };
	return share_ask(s, words, COUNT_OF(words), on_stored, t);
}

static struct telling *telling_of(struct share_tell *tell, const struct store_part *part)
{
	for (size_t i = 0; i < SHARE_AT_ONCE; i++) {
		struct telling *t = &tell->tellings[i];
		if (!t->is_free && t->part.kind == part->kind && t->part.hour == part->hour)
			return t;
	}
	return NULL;
}

static struct telling *free_find(struct share_tell *tell)
{
	for (size_t i = 0; i < SHARE_AT_ONCE; i++)
		if (tell->tellings[i].is_free)
			return &tell->tellings[i];
	return NULL;
}

/* 0; SHARE_STOP: no more now; or a negative. */
enum { SHARE_STOP = 1 };

/* One that is there already as it is needs no telling. */
static int part_tell(struct share *s, struct store_ledger *store, const struct store_part *part)
{
	struct share_tell *tell = s->tell;
	uint64_t known, version;
	if (part->hour < share_oldest_hour())
		return 0;
	int r = store_ledger_part_read(store, part, &tell->text);
	if (r)
		return err_up(r);
	version = store_part_version(buf_slice(&tell->text));
	r = store_others_version(s->others, s->node, part, &known);
	if (r < 0)
		return err_up(r);
	if (!r && known == version)
		return 0;
	struct telling *t = free_find(tell);
	*t = (struct telling){ .share = s, .part = *part, .version = version };
	tell->under_way++;
	if (part_ask(t, buf_slice(&tell->text)))
		return 0;
	t->is_free = true;
	tell->under_way--;
	mark(s, part);
	return SHARE_STOP;
}

static int next_tell(struct share *s, struct store_ledger *store)
{
	struct store_part part;
	int r = store_ledger_part_take(store, &part);
	if (r)
		return r < 0 ? err_up(r) : SHARE_STOP;
	struct telling *t = telling_of(s->tell, &part);
	if (t) {
		t->has_changed = true;
		return 0;
	}
	r = part_tell(s, store, &part);
	if (r < 0)
		mark(s, &part);
	return r < 0 ? err_up(r) : r;
}

void share_tell_go(struct share *s)
{
	struct store_ledger *store = s->set.store(s->set.owner);
	int r = 0;
	while (!r && store && s->tell->under_way < SHARE_AT_ONCE)
		r = next_tell(s, store);
	if (r < 0)
		share_complain(s, "what the ledger has cannot be shared", r);
	if (!s->tell->under_way)
		buf_deinit(&s->tell->text);
}

size_t share_tell_waiting(struct share *s)
{
	struct store_ledger *store = s->set.store(s->set.owner);
	size_t count = 0;
	if (store && s->node && store_ledger_parts_count(store, &count))
		log_debug(NULL, "what is to be shared cannot be counted");
	return count + s->tell->under_way;
}

/* --- is it there still? --- */

static const struct cluster_value *version_find(const struct cluster_value *list,
                                                const struct store_part *part)
{
	char name[STORE_PART_NAME_CAP];
	store_part_name(part, name);
	for (size_t i = 0; i + 1 < list->count; i += 2)
		if (slice_equal(list->items[i]->text, slice_str(name)))
			return list->items[i + 1];
	return NULL;
}

/* What the store lost with a server that had not handed it on. */
static void missing_mark(struct share *s, const struct cluster_value *list)
{
	struct store_others_told told, next;
	int r = store_others_told_next(s->others, s->node, NULL, &told);
	for (; !r; told = next) {
		const struct cluster_value *v = version_find(list, &told.part);
		uint64_t version;
		bool is_there = v && share_hex_read(v->text, &version) && version == told.version;
		r = store_others_told_next(s->others, s->node, &told.part, &next);
		if (is_there || told.part.hour < share_oldest_hour() ||
		    telling_of(s->tell, &told.part))
			continue;
		if (store_others_untold(s->others, s->node, &told.part) < 0)
			r = err_raise(-EIO);
		mark(s, &told.part);
	}
	if (r < 0)
		share_complain(s, "what the ledger has cannot be shared", r);
}

/* Names that are none, or too old; a few at a time. */
static void old_drop(struct share *s, const struct cluster_value *list)
{
	struct share_key index = share_node_key(s, s->node, "index");
	struct slice words[CLUSTER_WORDS_MAX] = { slice_str("HDEL"), slice_str(index.text) };
	size_t count = 2;
	struct store_part part;
	for (size_t i = 0; i + 1 < list->count && count < CLUSTER_WORDS_MAX; i += 2)
		if (!store_part_by_name(list->items[i]->text, &part) ||
		    part.hour < share_oldest_hour())
			words[count++] = list->items[i]->text;
	if (count > 2)
		(void)share_ask(s, words, count, NULL, NULL);
}

static void on_index(void *owner, const struct cluster_value *answer)
{
	struct share *s = owner;
	struct share_key index = share_node_key(s, s->node, "index");
	s->tell->is_checking = false;
	share_mend(s, answer, index.text);
	if (!answer || answer->kind != CLUSTER_LIST)
		return;
	if (answer->count > SHARE_INDEX_MAX) { /* not of our making: all is told anew */
		const struct slice words[] = { slice_str("DEL"), slice_str(index.text) };
		(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
		return;
	}
	missing_mark(s, answer);
	old_drop(s, answer);
	share_tell_go(s);
}

void share_tell_check(struct share *s)
{
	struct share_key index = share_node_key(s, s->node, "index");
	const struct slice words[] = { slice_str("HGETALL"), slice_str(index.text) };
	if (!s->tell->is_checking)
		s->tell->is_checking = share_ask(s, words, COUNT_OF(words), on_index, s);
}

int share_tell_new(struct share *s)
{
	s->tell = calloc(1, sizeof(*s->tell));
	if (!s->tell)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < SHARE_AT_ONCE; i++)
		s->tell->tellings[i].is_free = true;
	return 0;
}

void share_tell_free(struct share_tell *t)
{
	if (!t)
		return;
	buf_deinit(&t->text);
	free(t);
}
