/* Pairs of chain and key in a tree of files: for parent/catalog*.c, and `mailseal config check`. */
#ifndef PARENT_CATALOG_TREE_H
#define PARENT_CATALOG_TREE_H

#include "tls/chain.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* By which a file is known to be as it was. */
struct parent_pair_stamp {
	ino_t inode;
	off_t size;
	struct timespec time;
};

/* Where the pairs of a tree are; sorted by chain. */
struct parent_pair_place {
	char *chain, *key;
	struct parent_pair_stamp chain_stamp, key_stamp;
};

struct parent_pair_places {
	struct parent_pair_place *list;
	size_t count, cap;
};

/* Links may lead out of the tree, or make it a tree without end. */
enum { PARENT_PAIRS_MAX = 100000, PARENT_ENTRIES_MAX = 1000000 };

/* 0, or a negative errno: what of the directory itself failed (not logged); -EFBIG: there is more
 * in it than that. */
[[nodiscard]] int parent_pair_places_find(struct parent_pair_places *ret_places,
                                          const char *directory);
void parent_pair_places_deinit(struct parent_pair_places *places);

bool parent_pair_place_is_same(const struct parent_pair_place *a,
                               const struct parent_pair_place *b);

#endif
