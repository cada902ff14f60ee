#include "parent/catalog_tree.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* certbot, acme.sh, lego and others: the chain, and what its key is called beside it. */
static const struct {
	const char *chain; /* "*": any name */
	const char *key;
} forms[] = {
	{ "fullchain.pem", "privkey.pem" },
	{ "*.crt", "*.key" },
};

static struct parent_pair_stamp stamp_of(const struct stat *st)
{
	return (struct parent_pair_stamp){ st->st_ino, st->st_size, st->st_mtim };
}

static bool stamp_is_same(const struct parent_pair_stamp *a, const struct parent_pair_stamp *b)
{
	return a->inode == b->inode && a->size == b->size && file_time_is_same(a->time, b->time);
}

bool parent_pair_place_is_same(const struct parent_pair_place *a, const struct parent_pair_place *b)
{
	return strcmp(a->chain, b->chain) == 0 && stamp_is_same(&a->chain_stamp, &b->chain_stamp) &&
	       stamp_is_same(&a->key_stamp, &b->key_stamp);
}

/* The key's path for a chain of that path. NULL: it is no chain, or there is no memory. */
static char *key_of(const char *path, const char *name)
{
	char *key = NULL;
	int folder = (int)(name - path);
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		bool is_any = forms[i].chain[0] == '*';
		size_t len = strlen(name), end = strlen(forms[i].chain) - is_any;
		if (len < end || (!is_any && len != end) ||
		    strcmp(name + len - end, forms[i].chain + is_any) != 0)
			continue;
		int stem = is_any ? (int)(len - end) : 0;
		return asprintf(&key, "%.*s%.*s%s", folder, path, stem, name,
		                forms[i].key + is_any) < 0
		               ? NULL
		               : key;
	}
	return NULL;
}

static int place_add(struct parent_pair_places *places, const struct parent_pair_place *place)
{
	if (places->count == PARENT_PAIRS_MAX)
		return err_raise(-EFBIG);
	if (places->count == places->cap) {
		size_t cap = places->cap ? places->cap * 2 : 256;
		struct parent_pair_place *list = reallocarray(places->list, cap, sizeof(*list));
		if (!list)
			return err_raise(-ENOMEM);
		places->list = list;
		places->cap = cap;
	}
	places->list[places->count++] = *place;
	return 0;
}

/* A chain without a key beside it is no pair: a CA's, say. */
static int entry_take(struct parent_pair_places *places, const FTSENT *entry)
{
	struct stat st;
	CLEAN(freep) char *key = NULL;
	if (entry->fts_info != FTS_F || entry->fts_pathlen < entry->fts_namelen)
		return 0;
	key = key_of(entry->fts_path, entry->fts_path + entry->fts_pathlen - entry->fts_namelen);
	if (!key || stat(key, &st))
		return 0;
	CLEAN(freep) char *chain = strdup(entry->fts_path);
	if (!chain)
		return err_raise(-ENOMEM);
	const struct parent_pair_place place = { chain, key, stamp_of(entry->fts_statp),
		                                 stamp_of(&st) };
	int r = place_add(places, &place);
	if (r)
		return err_up(r);
	(void)TAKE(chain);
	(void)TAKE(key);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct parent_pair_place *x = a, *y = b;
	return strcmp(x->chain, y->chain);
}

int parent_pair_places_find(struct parent_pair_places *ret_places, const char *directory)
{
	CLEAN(parent_pair_places_deinit) struct parent_pair_places places = {};
	char *roots[] = { (char *)(uintptr_t)directory, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	int r = tree ? 0 : err_raise(-errno);
	FTSENT *entry;
	unsigned seen = 0;
	while (!r && (entry = fts_read(tree))) {
		if (++seen > PARENT_ENTRIES_MAX)
			r = err_raise(-EFBIG);
		else if (entry->fts_level == FTS_ROOTLEVEL && entry->fts_info != FTS_D &&
		         entry->fts_info != FTS_DP)
			r = -(entry->fts_errno ?: ENOTDIR);
		else
			r = entry_take(&places, entry);
	}
	if (tree)
		fts_close(tree);
	if (r)
		return r;
	if (places.count)
		qsort(places.list, places.count, sizeof(*places.list), compare);
	*ret_places = places;
	places = (struct parent_pair_places){};
	return 0;
}

void parent_pair_places_deinit(struct parent_pair_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->list[i].chain);
		free(places->list[i].key);
	}
	free(places->list);
	*places = (struct parent_pair_places){};
}
