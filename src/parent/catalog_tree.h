/* Pairs of chain and key in a tree of files: for parent/catalog.c, and `mailseal config check`. */
#ifndef PARENT_CATALOG_TREE_H
#define PARENT_CATALOG_TREE_H

#include "tls/chain.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* By which a file is known to be as it was. */
struct pair_stamp {
	ino_t inode;
	off_t size;
	struct timespec time;
};

/* Where the pairs of a tree are; sorted by chain. */
struct pair_place {
	char *chain, *key;
	struct pair_stamp chain_stamp, key_stamp;
};

struct pair_places {
	struct pair_place *list;
	size_t count, cap;
};

enum { PAIRS_MAX = 100000 };

/* 0, or a negative errno: what of the directory itself failed (not logged). */
[[nodiscard]] int pair_places_find(struct pair_places *ret_places, const char *directory);
void pair_places_deinit(struct pair_places *places);

bool pair_place_is_same(const struct pair_place *a, const struct pair_place *b);

#endif
