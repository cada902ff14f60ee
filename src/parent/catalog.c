/* The pairs of certificate_dir as they were read, and which of them serve. */
#include "parent/catalog_inside.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sealed.h"
#include "tls/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHAIN_MAX = 256 * 1024 };

static void pair_unref(struct parent_pair *pair)
{
	if (!pair || --pair->references)
		return;
	free(pair->place.chain);
	free(pair->place.key);
	tls_chain_deinit(&pair->chain);
	pair_unref(pair->before);
	free(pair);
}

void parent_catalog_free(struct parent_catalog *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		pair_unref(c->pairs[i]);
	for (size_t i = 0; i < c->id_count; i++)
		pair_unref(c->by_id[i]);
	free(c->pairs);
	free(c->by_id);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void catalog_freep(struct parent_catalog **c)
{
	parent_catalog_free(*c);
}

/* Of a pair and the one before it. NULL: neither. */
static struct parent_pair *serving(struct parent_pair *pair)
{
	if (!pair->is_bad && (pair->loaded_by || !pair->before))
		return pair;
	return pair->before && !pair->before->is_bad ? pair->before : NULL;
}

int parent_catalog_write(struct parent_catalog *c)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	CLEAN(freep)
	struct tls_catalog_entry *entries = calloc(c->count + 1, sizeof(*entries));
	size_t count = 0;
	int fd = -1;
	if (!entries)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < c->count; i++) {
		struct parent_pair *pair = serving(c->pairs[i]);
		if (pair)
			entries[count++] = (struct tls_catalog_entry){
				.names = pair->chain.names,
				.der = buf_slice(&pair->chain.der),
				.kind = pair->chain.kind,
				.key_id = pair->key_id,
			};
	}
	int r = tls_catalog_write(&bytes, entries, count);
	if (!r)
		r = sealed_new(&fd, "mailseal-certificates", buf_slice(&bytes));
	if (r)
		return err_up(r);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = fd;
	c->is_stale = false;
	return 0;
}

void parent_catalog_send(struct parent *p, struct parent_child *worker)
{
	const struct parent_catalog *c = p->plan->catalog;
	int fd = c ? fcntl(c->fd, F_DUPFD_CLOEXEC, 3) : -1;
	if (fd >= 0)
		parent_send(worker, PROC_MSG_CATALOG, (struct slice){}, fd);
	else if (c)
		log_error(NULL, "certificates not handed on", kv_str("error", strerror(errno)));
}

void parent_pair_leave_out(struct parent_pair *pair, const char *why)
{
	pair->is_bad = true;
	log_error(NULL, "certificate left out", kv_str("chain", pair->place.chain),
	          kv_str("key", pair->place.key), kv_str("reason", why),
	          kv_str("serves", pair->before && !pair->before->is_bad ? "the one before it"
	                                                                 : "none for its names"));
}

static void chain_read(struct parent_pair *pair)
{
	CLEAN(buf_deinit) struct buf pem = {};
	int r = file_read(&pem, pair->place.chain, CHAIN_MAX, NULL);
	if (r) {
		parent_pair_leave_out(pair, file_error(r));
		return;
	}
	r = tls_chain_take(&pair->chain, buf_slice(&pem));
	if (r)
		parent_pair_leave_out(pair, tls_chain_result_words(r));
}

/* Takes what place has. NULL: no memory. */
static struct parent_pair *pair_new(struct parent *p, struct parent_pair_place *place,
                                    struct parent_pair *known)
{
	struct parent_pair *pair = calloc(1, sizeof(*pair));
	if (!pair)
		return NULL;
	pair->references = 1;
	pair->place = *place;
	*place = (struct parent_pair_place){};
	pair->key_id = p->next_key_id++;
	pair->before = known ? serving(known) : NULL;
	if (pair->before)
		pair->before->references++;
	chain_read(pair);
	return pair;
}

static struct parent_pair *old_find(const struct parent_catalog *old, const char *chain)
{
	size_t low = 0, high = old ? old->count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(old->pairs[middle]->place.chain, chain);
		if (!order)
			return old->pairs[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const struct parent_pair *x = *(struct parent_pair *const *)a,
				 *y = *(struct parent_pair *const *)b;
	return (x->key_id > y->key_id) - (x->key_id < y->key_id);
}

static void ids_sort(struct parent_catalog *c)
{
	for (size_t i = 0; i < c->count; i++) {
		c->by_id[c->id_count++] = c->pairs[i];
		if (c->pairs[i]->before)
			c->by_id[c->id_count++] = c->pairs[i]->before;
	}
	for (size_t i = 0; i < c->id_count; i++)
		c->by_id[i]->references++;
	if (c->id_count)
		qsort(c->by_id, c->id_count, sizeof(struct parent_pair *), compare_ids);
}

/* One that is checked needs the one before it no more. */
static void before_drop(struct parent_pair *pair)
{
	if (pair->is_bad || !pair->loaded_by)
		return;
	pair_unref(pair->before);
	pair->before = NULL;
}

static int pairs_read(struct parent *p, struct parent_catalog *c, struct parent_pair_places *places)
{
	const struct parent_catalog *old = p->plan ? p->plan->catalog : NULL;
	c->pairs = calloc(places->count + 1, sizeof(struct parent_pair *));
	c->by_id = calloc(2 * places->count + 1, sizeof(struct parent_pair *));
	if (!c->pairs || !c->by_id)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < places->count; i++) {
		struct parent_pair *known = old_find(old, places->list[i].chain);
		bool is_same = known && parent_pair_place_is_same(&known->place, &places->list[i]);
		struct parent_pair *pair = is_same ? known : pair_new(p, &places->list[i], known);
		if (!pair)
			return err_raise(-ENOMEM);
		if (is_same) {
			pair->references++;
			before_drop(pair);
		}
		c->pairs[c->count++] = pair;
	}
	ids_sort(c);
	return 0;
}

int parent_catalog_prepare(struct parent *p, struct parent_plan *plan)
{
	CLEAN(parent_pair_places_deinit) struct parent_pair_places places = {};
	const char *directory = plan->settings->certificate_dir;
	if (!directory)
		return 0;
	int r = parent_pair_places_find(&places, directory);
	if (r)
		return parent_plan_fails(plan, "certificate_dir: %s: %s", directory,
		                         r == -EFBIG ? "too many files or folders in it"
		                                     : strerror(-r));
	CLEAN(catalog_freep) struct parent_catalog *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	c->fd = -1;
	r = pairs_read(p, c, &places);
	if (!r)
		r = parent_catalog_write(c);
	if (r)
		return err_up(r);
	plan->catalog = TAKE(c);
	return 0;
}

bool parent_catalog_has_changed(const struct parent *p)
{
	CLEAN(parent_pair_places_deinit) struct parent_pair_places places = {};
	const struct parent_catalog *c = p->plan->catalog;
	if (!c || parent_pair_places_find(&places, p->plan->settings->certificate_dir))
		return false; /* one that is not there now may be mounted again */
	bool is_same = places.count == c->count;
	for (size_t i = 0; is_same && i < c->count; i++)
		is_same = parent_pair_place_is_same(&places.list[i], &c->pairs[i]->place);
	return !is_same;
}

struct parent_pair *parent_catalog_pair(const struct parent_plan *plan, uint32_t key_id)
{
	const struct parent_catalog *c = plan ? plan->catalog : NULL;
	struct parent_pair key = { .key_id = key_id };
	struct parent_pair *wanted = &key;
	struct parent_pair **found = c && c->id_count ? bsearch(&wanted, c->by_id, c->id_count,
	                                                        sizeof(*found), compare_ids)
	                                              : NULL;
	return found ? *found : NULL;
}

struct parent_catalog_counts parent_catalog_counts(const struct parent *p)
{
	struct parent_catalog_counts counts = {};
	const struct parent_catalog *c = p->plan ? p->plan->catalog : NULL;
	for (size_t i = 0; c && i < c->count; i++) {
		counts.pairs++;
		counts.checked += !c->pairs[i]->is_bad && c->pairs[i]->loaded_by;
		counts.bad += c->pairs[i]->is_bad;
	}
	return counts;
}
