#include "resolver/shared.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "conf/settings.h"
#include "dns/message.h"
#include "policy/way.h"
#include "proc/share.h"
#include "store/sts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum {
	NODE_LEN = 16, /* hexadecimal digits */
	ROWS_MAX = 64, /* hosts of a domain */
	FAULTS_MS = 60 * 1000,
	KEY_CAP = 64 + 8 + POLICY_WAY_NAME_CAP,
	FIELD_CAP = NODE_LEN + 2 + POLICY_WAY_NAME_CAP,
};

struct row {
	char mx[POLICY_WAY_NAME_CAP];
	struct policy_shared_memory memory;
};

struct heard_fault {
	char mx[POLICY_WAY_NAME_CAP];
	struct policy_shared_fault fault;
};

struct resolver_heard {
	struct resolver_heard *next; /* of those that are asked */
	struct resolver_shared *shared;
	char domain[POLICY_WAY_NAME_CAP];
	void (*fn)(void *owner); /* NULL: was called */
	void *owner;
	struct io_deadline late;
	bool is_asked;   /* the store answers yet */
	bool is_dropped; /* nobody wants it any more */
	struct row *rows;
	size_t row_count;
};

struct resolver_shared {
	struct resolver_shared_settings set;
	struct cluster_client *client;
	char node[NODE_LEN + 1];
	struct io_deadline faults_tick;
	struct heard_fault *faults; /* by their hosts */
	size_t fault_count;
	struct resolver_heard *asked;
	int64_t away_since_s;
	struct log_calm complaints;
};

/* --- the store --- */

struct key {
	char text[KEY_CAP];
};

static struct key key_of(const struct resolver_shared *s, const char *kind, const char *domain)
{
	struct key key;
	snprintf(key.text, sizeof(key.text), "%s:%s%s%s", s->set.conf->prefix, kind,
	         domain ? ":" : "", domain ? domain : "");
	return key;
}

static bool ask(struct resolver_shared *s, const struct slice *words, size_t count,
                cluster_answer_fn *fn, void *owner)
{
	uint64_t unsaid;
	int r = cluster_ask(s->client, words, count, fn, owner);
	if (r < 0 && log_calm(&s->complaints, io_loop_now_ms(s->set.loop), &unsaid))
		log_error(NULL, "the cluster's store cannot be asked",
		          kv_str("where", err_origin()), kv_int("unsaid", (int64_t)unsaid));
	return !r;
}

static void field_set(struct resolver_shared *s, const char *key, const char *field,
                      struct slice value)
{
	const struct slice words[] = { slice_str("HSET"), slice_str(key), slice_str(field), value };
	(void)ask(s, words, COUNT_OF(words), NULL, NULL);
}

static void expire_set(struct resolver_shared *s, const char *key)
{
	char keep[16];
	snprintf(keep, sizeof(keep), "%d", RESOLVER_SHARED_KEEP_S);
	const struct slice words[] = { slice_str("EXPIRE"), slice_str(key), slice_str(keep) };
	(void)ask(s, words, COUNT_OF(words), NULL, NULL);
}

/* Somebody put something else there: it goes. */
static void mend(struct resolver_shared *s, const struct cluster_value *answer, const char *key)
{
	const struct slice words[] = { slice_str("DEL"), slice_str(key) };
	if (answer && cluster_value_is_error(answer, "WRONGTYPE"))
		(void)ask(s, words, COUNT_OF(words), NULL, NULL);
}

/* "NODE MX": of another node, and a host. */
static bool field_read(const struct resolver_shared *s, struct slice field,
                       char ret_mx[POLICY_WAY_NAME_CAP])
{
	struct slice mx = slice_skip(field, NODE_LEN + 1);
	if (field.len <= NODE_LEN + 1 || field.data[NODE_LEN] != ' ' ||
	    mx.len >= POLICY_WAY_NAME_CAP || !memcmp(field.data, s->node, NODE_LEN))
		return false;
	memcpy(ret_mx, mx.data, mx.len);
	ret_mx[mx.len] = '\0';
	return strlen(ret_mx) == mx.len && dns_name_is_host(ret_mx);
}

/* --- telling --- */

void resolver_shared_memory(struct resolver_shared *s, const char *domain, const char *mx,
                            const struct policy_shared_memory *memory)
{
	char field[FIELD_CAP], text[POLICY_SHARED_CAP];
	if (!s || !memory->sessions)
		return;
	struct key key = key_of(s, "far", domain);
	snprintf(field, sizeof(field), "%s %s", s->node, mx);
	policy_shared_memory_print(memory, text);
	field_set(s, key.text, field, slice_str(text));
	expire_set(s, key.text);
}

void resolver_shared_fault(struct resolver_shared *s, const char *mx,
                           const struct policy_shared_fault *fault)
{
	char field[FIELD_CAP], text[POLICY_SHARED_CAP];
	if (!s || !fault->failed_last_s)
		return;
	struct key key = key_of(s, "faults", NULL);
	snprintf(field, sizeof(field), "%s %s", s->node, mx);
	policy_shared_fault_print(fault, text);
	field_set(s, key.text, field, slice_str(text));
}

void resolver_shared_policy(struct resolver_shared *s, const struct store_sts_row *row)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct policy_shared_sts p = { .fetched_s = row->fetched_s,
		                       .expires_s = row->expires_s,
		                       .text = buf_slice(&row->text) };
	if (!s)
		return;
	struct key key = key_of(s, "far", row->domain);
	snprintf(p.id, sizeof(p.id), "%s", row->id);
	if (policy_shared_sts_print(&p, &text))
		return;
	field_set(s, key.text, "sts", buf_slice(&text));
	expire_set(s, key.text);
}

void resolver_shared_release(struct resolver_shared *s, const char *domain)
{
	if (!s)
		return;
	struct key key = key_of(s, "far", domain);
	const struct slice words[] = { slice_str("DEL"), slice_str(key.text) };
	(void)ask(s, words, COUNT_OF(words), NULL, NULL);
}

/* --- hearing of a domain --- */

static void row_add(struct resolver_heard *h, const char *mx,
                    const struct policy_shared_memory *memory)
{
	size_t i = 0;
	while (i < h->row_count && strcmp(h->rows[i].mx, mx) != 0)
		i++;
	if (i == ROWS_MAX)
		return;
	if (i == h->row_count) {
		h->rows[i] = (struct row){};
		snprintf(h->rows[i].mx, sizeof(h->rows[i].mx), "%s", mx);
		h->row_count++;
	}
	policy_shared_memory_add(&h->rows[i].memory, memory);
}

/* One that is in force here is fetched anew here, when it is time. */
static void policy_take(struct resolver_heard *h, struct slice text)
{
	struct store_sts *store = h->shared->set.sts;
	struct store_sts_row known = {}, row = {};
	struct policy_shared_sts p;
	time_t now_s = time(NULL);
	if (!store || !policy_shared_sts_parse(text, now_s, &p))
		return;
	int r = store_sts_get(store, h->domain, now_s, &known);
	store_sts_row_deinit(&known);
	if (r != STORE_STS_NONE)
		return;
	row.fetched_s = p.fetched_s;
	row.expires_s = p.expires_s;
	snprintf(row.domain, sizeof(row.domain), "%s", h->domain);
	snprintf(row.id, sizeof(row.id), "%s", p.id);
	if (buf_add(&row.text, p.text) || store_sts_put(store, &row, now_s))
		log_warn(NULL, "MTA-STS policies are not remembered", kv_str("doing", "hear"),
		         kv_str("where", err_origin()));
	store_sts_row_deinit(&row);
}

static void list_take(struct resolver_heard *h, const struct cluster_value *list)
{
	struct policy_shared_memory memory;
	char mx[POLICY_WAY_NAME_CAP];
	time_t now_s = time(NULL);
	h->rows = calloc(ROWS_MAX, sizeof(*h->rows));
	for (size_t i = 0; i + 1 < list->count && h->rows; i += 2) {
		struct slice field = list->items[i]->text, value = list->items[i + 1]->text;
		if (slice_equal(field, slice_str("sts")))
			policy_take(h, value);
		else if (field_read(h->shared, field, mx) &&
		         policy_shared_memory_parse(value, now_s, &memory))
			row_add(h, mx, &memory);
	}
}

static void finish(struct resolver_heard *h)
{
	void (*fn)(void *owner) = h->fn;
	io_deadline_disarm(&h->late);
	h->fn = NULL;
	if (fn)
		fn(h->owner); /* h may be dropped, and is freed when it is not asked */
}

static void on_late(struct io_deadline *d)
{
	finish((struct resolver_heard *)((char *)d - offsetof(struct resolver_heard, late)));
}

static void heard_delete(struct resolver_heard *h)
{
	io_deadline_disarm(&h->late);
	free(h->rows);
	free(h);
}

static void asked_remove(struct resolver_heard *h)
{
	struct resolver_heard **at = &h->shared->asked;
	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
}

static void on_domain(void *owner, const struct cluster_value *answer)
{
	struct resolver_heard *h = owner;
	asked_remove(h);
	struct key key = key_of(h->shared, "far", h->domain);
	h->is_asked = false;
	mend(h->shared, answer, key.text);
	if (h->is_dropped) {
		heard_delete(h);
		return;
	}
	if (h->fn && answer && answer->kind == CLUSTER_LIST)
		list_take(h, answer);
	finish(h);
}

int resolver_shared_ask(struct resolver_heard **ret_h, struct resolver_shared *s,
                        const char *domain, void (*fn)(void *owner), void *owner)
{
	*ret_h = NULL;
	if (!s || !cluster_client_is_reached(s->client))
		return RESOLVER_SHARED_ALONE;
	struct resolver_heard *h = calloc(1, sizeof(*h));
	if (!h)
		return err_raise(-ENOMEM);
	*h = (struct resolver_heard){ .shared = s, .fn = fn, .owner = owner, .late.fn = on_late };
	snprintf(h->domain, sizeof(h->domain), "%s", domain);
	struct key key = key_of(s, "far", domain);
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	h->is_asked = ask(s, words, COUNT_OF(words), on_domain, h);
	if (!h->is_asked) {
		free(h);
		return RESOLVER_SHARED_ALONE;
	}
	h->next = s->asked;
	s->asked = h;
	io_deadline_arm(s->set.loop, &h->late, RESOLVER_SHARED_WAIT_MS);
	*ret_h = h;
	return 0;
}

void resolver_heard_free(struct resolver_heard *h)
{
	if (!h)
		return;
	h->fn = NULL;
	h->is_dropped = true;
	io_deadline_disarm(&h->late);
	if (!h->is_asked)
		heard_delete(h);
}

/* --- faults, of all hosts --- */

static int by_host(const void *a, const void *b)
{
	return strcmp(((const struct heard_fault *)a)->mx, ((const struct heard_fault *)b)->mx);
}

static bool is_over(const struct policy_shared_fault *f, int64_t now_s)
{
	return f->failed_last_s <= now_s - POLICY_FAULT_FORGET_S && f->small_until_s <= now_s;
}

/* False: it is of no use any more, or never was. */
static bool fault_take(struct resolver_shared *s, struct slice field, struct slice value)
{
	struct heard_fault *f = &s->faults[s->fault_count];
	time_t now_s = time(NULL);
	if (!policy_shared_fault_parse(value, now_s, &f->fault) || is_over(&f->fault, now_s))
		return false;
	if (field_read(s, field, f->mx))
		s->fault_count++;
	return true;
}

static void faults_take(struct resolver_shared *s, const struct cluster_value *list)
{
	struct key key = key_of(s, "faults", NULL);
	struct slice words[CLUSTER_WORDS_MAX] = { slice_str("HDEL"), slice_str(key.text) };
	size_t count = 2;
	s->fault_count = 0;
	for (size_t i = 0; i + 1 < list->count && s->fault_count < RESOLVER_SHARED_FAULTS_MAX;
	     i += 2)
		if (!fault_take(s, list->items[i]->text, list->items[i + 1]->text) &&
		    count < CLUSTER_WORDS_MAX)
			words[count++] = list->items[i]->text;
	qsort(s->faults, s->fault_count, sizeof(*s->faults), by_host);
	if (count > 2)
		(void)ask(s, words, count, NULL, NULL);
}

static void on_faults(void *owner, const struct cluster_value *answer)
{
	struct resolver_shared *s = owner;
	struct key key = key_of(s, "faults", NULL);
	mend(s, answer, key.text);
	if (answer && answer->kind == CLUSTER_LIST)
		faults_take(s, answer);
}

static void faults_ask(struct resolver_shared *s)
{
	struct key key = key_of(s, "faults", NULL);
	const struct slice words[] = { slice_str("HGETALL"), slice_str(key.text) };
	(void)ask(s, words, COUNT_OF(words), on_faults, s);
}

static void on_faults_tick(struct io_deadline *d)
{
	struct resolver_shared *s =
		(struct resolver_shared *)((char *)d -
	                                   offsetof(struct resolver_shared, faults_tick));
	io_deadline_arm(s->set.loop, d, FAULTS_MS);
	faults_ask(s);
}

static void faults_add(const struct resolver_shared *s, const char *mx, struct policy_fault *fault)
{
	struct heard_fault key = {};
	snprintf(key.mx, sizeof(key.mx), "%s", mx);
	const struct heard_fault *at =
		s->fault_count ? bsearch(&key, s->faults, s->fault_count, sizeof(key), by_host)
			       : NULL;
	while (at && at > s->faults && !by_host(&key, at - 1))
		at--;
	for (; at && at < s->faults + s->fault_count && !by_host(&key, at); at++)
		policy_shared_fault_add(fault, &at->fault, time(NULL));
}

void resolver_shared_add(const struct resolver_shared *s, const struct resolver_heard *h,
                         const char *mx, const struct policy_shared_memory *own,
                         struct policy_memory *memory)
{
	struct policy_shared_memory sum = *own;
	if (!s)
		return;
	faults_add(s, mx, &memory->fault);
	for (size_t i = 0; h && h->rows && i < h->row_count; i++)
		if (!strcmp(h->rows[i].mx, mx))
			policy_shared_memory_add(&sum, &h->rows[i].memory);
	memory->sealed_since_s = sum.sealed_since_s;
	memory->sessions = sum.sessions;
	memory->was_trusted = sum.was_trusted;
	memory->lost_since_s = sum.lost_since_s;
}

/* --- life --- */

static void on_reached(void *owner, bool is_reached)
{
	struct resolver_shared *s = owner;
	if (!is_reached) {
		s->away_since_s = time(NULL);
		return;
	}
	faults_ask(s);
	s->set.on_reached(s->set.owner, s->away_since_s);
}

static bool node_is_valid(const struct buf *text)
{
	struct slice s = buf_slice(text);
	for (size_t i = 0; i < s.len; i++)
		if (!memchr("0123456789abcdef", s.data[i], 16))
			return false;
	return s.len == NODE_LEN;
}

static int node_write(struct resolver_shared *s, const char *path)
{
	uint64_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_raise(-EIO);
	snprintf(s->node, sizeof(s->node), "%016" PRIx64, number);
	CLEAN(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, s->node, NODE_LEN) != NODE_LEN)
		return err_raise(-errno);
	return 0;
}

/* Who we are among the others, over restarts. */
static int node_read(struct resolver_shared *s)
{
	char path[PATH_MAX];
	CLEAN(buf_deinit) struct buf text = {};
	snprintf(path, sizeof(path), "%s/node", s->set.folder);
	int r = file_read(&text, path, NODE_LEN, NULL);
	if (r || !node_is_valid(&text))
		return err_up(node_write(s, path));
	memcpy(s->node, buf_slice(&text).data, NODE_LEN);
	return 0;
}

int resolver_shared_new(struct resolver_shared **ret_s, const struct resolver_shared_settings *set)
{
	struct resolver_shared *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->set = *set;
	s->away_since_s = time(NULL);
	s->faults_tick.fn = on_faults_tick;
	s->faults = calloc(RESOLVER_SHARED_FAULTS_MAX, sizeof(*s->faults));
	int r = s->faults ? node_read(s) : err_raise(-ENOMEM);
	if (!r)
		r = proc_share_client_new(
			&s->client, set->conf,
			&(struct cluster_client_settings){ .loop = set->loop,
		                                           .password = set->password,
		                                           .owner = s,
		                                           .on_reached = on_reached });
	if (r) {
		resolver_shared_free(s);
		return err_up(r);
	}
	io_deadline_arm(set->loop, &s->faults_tick, FAULTS_MS);
	*ret_s = s;
	return 0;
}

void resolver_shared_free(struct resolver_shared *s)
{
	if (!s)
		return;
	io_deadline_disarm(&s->faults_tick);
	cluster_client_free(s->client);
	while (s->asked) { /* dropped, all of them */
		struct resolver_heard *h = s->asked;
		s->asked = h->next;
		heard_delete(h);
	}
	free(s->faults);
	free(s);
}
