#include "parent/catalog.h"
#include "parent/catalog_tree.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "tls/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum {
	CHAIN_MAX = 256 * 1024,
	FEED_AT_ONCE = 8, /* keys that one process is given before it has answered */
};

/* A chain and its key, of files as they once were. Shared by all plans that found them so. */
struct pair {
	unsigned references;
	struct pair_place place; /* owned */
	struct tls_chain chain;
	uint32_t key_id;
	uint16_t sent_to, loaded_by; /* keys processes, a bit each */
	bool is_bad;                 /* left out, which was said */
	struct pair *before;         /* that serves until this one is checked; or NULL */
};

struct parent_catalog {
	struct pair **pairs; /* by chain */
	struct pair **by_id; /* the same, and those before them */
	size_t count, id_count;
	size_t fed[PARENT_KEYS_MAX];       /* of by_id, to each keys process */
	unsigned waiting[PARENT_KEYS_MAX]; /* for answers of each */
	int fd;                            /* of tls_catalog_write(), as workers have it */
	bool is_stale;                     /* which is not what it should be by now */
};

static void pair_unref(struct pair *pair)
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

/* --- what serves --- */

/* Of a pair and the one before it. NULL: neither. */
static struct pair *serving(struct pair *pair)
{
	if (!pair->is_bad && (pair->loaded_by || !pair->before))
		return pair;
	return pair->before && !pair->before->is_bad ? pair->before : NULL;
}

static int bytes_put(int *ret_fd, struct slice bytes)
{
	CLEAN(closep)
	int fd = memfd_create("mailseal-certificates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_raise(-errno);
	int r = file_write_fd(fd, bytes);
	if (r)
		return err_up(r);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int catalog_write(struct parent_catalog *c)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	CLEAN(freep)
	struct tls_catalog_entry *entries = calloc(c->count + 1, sizeof(*entries));
	size_t count = 0;
	int fd = -1;
	if (!entries)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < c->count; i++) {
		struct pair *pair = serving(c->pairs[i]);
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
		r = bytes_put(&fd, buf_slice(&bytes));
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

/* --- from files --- */

static void left_out(struct pair *pair, const char *why)
{
	pair->is_bad = true;
	log_error(NULL, "certificate left out", kv_str("chain", pair->place.chain),
	          kv_str("key", pair->place.key), kv_str("reason", why),
	          kv_str("serves", pair->before && !pair->before->is_bad ? "the one before it"
	                                                                 : "none for its names"));
}

static void chain_read(struct pair *pair)
{
	CLEAN(buf_deinit) struct buf pem = {};
	int r = file_read(&pem, pair->place.chain, CHAIN_MAX, NULL);
	if (r) {
		left_out(pair, file_error(r));
		return;
	}
	r = tls_chain_take(&pair->chain, buf_slice(&pem));
	if (r)
		left_out(pair, tls_chain_result_words(r));
}

/* Takes what place has. NULL: no memory. */
static struct pair *pair_new(struct parent *p, struct pair_place *place, struct pair *known)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	if (!pair)
		return NULL;
	pair->references = 1;
	pair->place = *place;
	*place = (struct pair_place){};
	pair->key_id = p->next_key_id++;
	pair->before = known ? serving(known) : NULL;
	if (pair->before)
		pair->before->references++;
	chain_read(pair);
	return pair;
}

static struct pair *old_find(const struct parent_catalog *old, const char *chain)
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
	const struct pair *x = *(struct pair *const *)a, *y = *(struct pair *const *)b;
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
		qsort(c->by_id, c->id_count, sizeof(struct pair *), compare_ids);
}

/* One that is checked needs the one before it no more. */
static void before_drop(struct pair *pair)
{
	if (pair->is_bad || !pair->loaded_by)
		return;
	pair_unref(pair->before);
	pair->before = NULL;
}

static int pairs_read(struct parent *p, struct parent_catalog *c, struct pair_places *places)
{
	const struct parent_catalog *old = p->plan ? p->plan->catalog : NULL;
	c->pairs = calloc(places->count + 1, sizeof(struct pair *));
	c->by_id = calloc(2 * places->count + 1, sizeof(struct pair *));
	if (!c->pairs || !c->by_id)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < places->count; i++) {
		struct pair *known = old_find(old, places->list[i].chain);
		bool is_same = known && pair_place_is_same(&known->place, &places->list[i]);
		struct pair *pair = is_same ? known : pair_new(p, &places->list[i], known);
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
	CLEAN(pair_places_deinit) struct pair_places places = {};
	const char *directory = plan->settings->certificate_dir;
	if (!directory)
		return 0;
	int r = pair_places_find(&places, directory);
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
		r = catalog_write(c);
	if (r)
		return err_up(r);
	plan->catalog = TAKE(c);
	return 0;
}

bool parent_catalog_has_changed(const struct parent *p)
{
	CLEAN(pair_places_deinit) struct pair_places places = {};
	const struct parent_catalog *c = p->plan->catalog;
	if (!c || pair_places_find(&places, p->plan->settings->certificate_dir))
		return false; /* one that is not there now may be mounted again */
	bool is_same = places.count == c->count;
	for (size_t i = 0; is_same && i < c->count; i++)
		is_same = pair_place_is_same(&places.list[i], &c->pairs[i]->place);
	return !is_same;
}

/* --- keys --- */

static bool key_is_wanted(const struct pair *pair, unsigned slot)
{
	return !pair->is_bad && !((pair->sent_to | pair->loaded_by) & 1u << slot);
}

static void key_give(struct parent *p, struct pair *pair, unsigned slot)
{
	if (parent_keys_load_one(&p->keys[slot], pair->key_id, pair->place.key))
		pair->sent_to |= (uint16_t)(1u << slot);
	else
		left_out(pair, strerror(errno));
}

/* True: this one has all that there are. */
static bool feed(struct parent *p, unsigned slot)
{
	struct parent_catalog *c = p->plan->catalog;
	while (c->waiting[slot] < FEED_AT_ONCE && c->fed[slot] < c->id_count) {
		struct pair *pair = c->by_id[c->fed[slot]++];
		if (!key_is_wanted(pair, slot))
			continue;
		key_give(p, pair, slot);
		if (pair->is_bad)
			c->is_stale = true;
		else
			c->waiting[slot]++;
	}
	return !c->waiting[slot];
}

/* What was found bad, or whole, is what workers have to know, once all is looked at. */
static void feed_all(struct parent *p)
{
	struct parent_catalog *c = p->plan->catalog;
	bool is_over = !p->is_draining;
	for (unsigned slot = 0; slot < p->keys_count; slot++)
		is_over &= feed(p, slot);
	if (!is_over || !c->is_stale)
		return;
	if (catalog_write(c))
		log_error(NULL, "certificates not handed on", kv_str("where", err_origin()));
	else
		parent_workers_configure(p);
}

void parent_catalog_in_force(struct parent *p)
{
	if (!p->plan->catalog)
		return;
	log_notice(NULL, "certificates of the tree in force",
	           kv_int("pairs", (int64_t)p->plan->catalog->count));
	feed_all(p);
}

void parent_catalog_keys_lost(struct parent *p, unsigned slot)
{
	struct parent_catalog *c = p->plan ? p->plan->catalog : NULL;
	for (size_t i = 0; c && i < c->id_count; i++) {
		c->by_id[i]->sent_to &= (uint16_t) ~(1u << slot);
		c->by_id[i]->loaded_by &= (uint16_t) ~(1u << slot);
	}
	if (!c)
		return;
	c->fed[slot] = c->waiting[slot] = 0;
	feed_all(p);
}

static struct pair *pair_of(const struct parent_plan *plan, uint32_t key_id)
{
	const struct parent_catalog *c = plan ? plan->catalog : NULL;
	struct pair key = { .key_id = key_id };
	struct pair *wanted = &key;
	struct pair **found = c && c->id_count ? bsearch(&wanted, c->by_id, c->id_count,
	                                                 sizeof(*found), compare_ids)
	                                       : NULL;
	return found ? *found : NULL;
}

bool parent_catalog_key_said(struct parent_child *keys, uint32_t key_id, struct slice digest,
                             const char *why)
{
	struct parent *p = keys->parent;
	uint16_t by = (uint16_t)(1u << keys->slot);
	struct parent_catalog *c = p->plan ? p->plan->catalog : NULL;
	struct pair *pair = pair_of(p->plan, key_id);
	if (!pair)
		return false;
	if (pair->sent_to & by && c->waiting[keys->slot])
		c->waiting[keys->slot]--;
	pair->sent_to &= (uint16_t)~by;
	if (!why && !pair->loaded_by && !tls_chain_is_well(buf_slice(&pair->chain.der)))
		why = "a certificate in it does not parse";
	if (!why && (digest.len != sizeof(pair->chain.key_sha256) ||
	             memcmp(digest.data, pair->chain.key_sha256, digest.len) != 0))
		why = "chain and key do not belong together";
	c->is_stale |= (why && !pair->is_bad) || (!why && !pair->loaded_by && pair->before);
	if (why && !pair->is_bad)
		left_out(pair, why);
	else if (!why)
		pair->loaded_by |= by;
	feed_all(p);
	return true;
}

void parent_catalog_key_wanted(struct parent_child *keys, uint32_t key_id)
{
	struct parent *p = keys->parent;
	const struct parent_plan *const plans[] = { p->plan, p->next, p->retired };
	struct pair *pair = NULL;
	for (size_t i = 0; !pair && i < COUNT_OF(plans); i++)
		pair = pair_of(plans[i], key_id);
	if (!pair || !parent_keys_load_one(keys, key_id, pair->place.key))
		parent_keys_refuse(keys, key_id);
}

void parent_catalog_forget(struct parent *p, const struct parent_plan *plan)
{
	const struct parent_catalog *c = plan->catalog;
	for (size_t i = 0; c && i < c->id_count; i++)
		if (!pair_of(p->plan, c->by_id[i]->key_id) &&
		    !pair_of(p->retired, c->by_id[i]->key_id))
			parent_keys_forget(p, c->by_id[i]->key_id);
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
