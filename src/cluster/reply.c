#include "cluster/reply.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <hiredis/hiredis.h>

/* What the number of a list's items is to the reader: before 1.0 of hiredis, and since. */
#if HIREDIS_MAJOR < 1
typedef int item_count;
#else
typedef size_t item_count;
#endif

struct cluster_reader {
	redisReader *redis;
	size_t items; /* in lists of the answer that is being read, those to come too */
	bool is_bad;
};

/* --- values, as hiredis' reader wants them made; NULL: too much, and it gives up --- */

static struct cluster_value *value_new(enum cluster_kind kind)
{
	struct cluster_value *v = calloc(1, sizeof(*v));
	if (v)
		v->kind = kind;
	return v;
}

/* In its place in the list that it is of. */
static void *value_put(const redisReadTask *task, struct cluster_value *v)
{
	struct cluster_value *list = v && task->parent ? task->parent->obj : NULL;
	if (list)
		list->items[task->idx] = v;
	return v;
}

static enum cluster_kind text_kind(int type)
{
	if (type == REDIS_REPLY_ERROR)
		return CLUSTER_ERROR;
	return type == REDIS_REPLY_STATUS ? CLUSTER_STATUS : CLUSTER_TEXT;
}

static void *on_text(const redisReadTask *task, char *text, size_t len)
{
	struct cluster_value *v = value_new(text_kind(task->type));
	uint8_t *copy = v ? malloc(len + 1) : NULL;
	if (!copy) {
		free(v);
		return NULL;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	v->text = slice_of(copy, len);
	return value_put(task, v);
}

static size_t depth_of(const redisReadTask *task)
{
	size_t depth = 1;
	for (; task->parent; task = task->parent)
		depth++;
	return depth;
}

static void *on_list(const redisReadTask *task, item_count count)
{
	struct cluster_reader *r = task->privdata;
	if ((size_t)count > CLUSTER_REPLY_ITEMS_MAX - r->items) /* or negative */
		return NULL;
	if (depth_of(task) > CLUSTER_REPLY_DEPTH_MAX)
		return NULL;
	struct cluster_value *v = value_new(CLUSTER_LIST);
	if (!v)
		return NULL;
	v->items = calloc((size_t)count + 1, sizeof(struct cluster_value *));
	if (!v->items) {
		free(v);
		return NULL;
	}
	v->count = (size_t)count;
	r->items += (size_t)count;
	return value_put(task, v);
}

static void *on_number(const redisReadTask *task, long long number)
{
	struct cluster_value *v = value_new(CLUSTER_NUMBER);
	if (v)
		v->number = number;
	return value_put(task, v);
}

static void *on_nil(const redisReadTask *task)
{
	return value_put(task, value_new(CLUSTER_NIL));
}

static void on_free(void *v)
{
	cluster_value_free(v);
}

/* Those of RESP 3, which nobody asked for, are no values to us. */
#if HIREDIS_MAJOR >= 1
static void *on_double(const redisReadTask *task, double number, char *text, size_t len)
{
	return on_text(task, text, len);
}

static void *on_bool(const redisReadTask *task, int is_so)
{
	return on_number(task, is_so);
}
#endif

static redisReplyObjectFunctions functions = {
	.createString = on_text,
	.createArray = on_list,
	.createInteger = on_number,
	.createNil = on_nil,
	.freeObject = on_free,
#if HIREDIS_MAJOR >= 1
	.createDouble = on_double,
	.createBool = on_bool,
#endif
};

/* --- the reader --- */

int cluster_reader_new(struct cluster_reader **ret_reader)
{
	struct cluster_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	r->redis = redisReaderCreateWithFunctions(&functions);
	if (!r->redis) {
		free(r);
		return err_raise(-ENOMEM);
	}
	r->redis->privdata = r;
	*ret_reader = r;
	return 0;
}

void cluster_reader_free(struct cluster_reader *r)
{
	if (!r)
		return;
	redisReaderFree(r->redis);
	free(r);
}

int cluster_reader_feed(struct cluster_reader *r, struct slice bytes)
{
	if (r->is_bad)
		return CLUSTER_REPLY_BAD;
	if (!bytes.len)
		return 0;
	if (redisReaderFeed(r->redis, (const char *)bytes.data, bytes.len) != REDIS_OK) {
		r->is_bad = true;
		return err_raise(-ENOMEM);
	}
	return 0;
}

int cluster_reader_next(struct cluster_reader *r, struct cluster_value **ret_value)
{
	void *reply = NULL;
	if (r->is_bad || redisReaderGetReply(r->redis, &reply) != REDIS_OK) {
		r->is_bad = true;
		return CLUSTER_REPLY_BAD;
	}
	if (!reply) {
		r->is_bad = r->redis->len - r->redis->pos > CLUSTER_REPLY_LEN_MAX;
		return r->is_bad ? CLUSTER_REPLY_BAD : CLUSTER_REPLY_MORE;
	}
	r->items = 0;
	*ret_value = reply;
	return 0;
}

void cluster_value_free(struct cluster_value *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++)
		cluster_value_free(v->items[i]); /* as deep as the reader goes: 9 */
	free(v->items);
	free((void *)v->text.data);
	free(v);
}

void cluster_value_freep(struct cluster_value **v)
{
	cluster_value_free(*v);
}

bool cluster_value_is_error(const struct cluster_value *v, const char *word)
{
	size_t len = strlen(word);
	return v->kind == CLUSTER_ERROR && v->text.len >= len && !memcmp(v->text.data, word, len) &&
	       (v->text.len == len || v->text.data[len] == ' ');
}
