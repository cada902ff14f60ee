/* What a catalog is made of: inside of parent/catalog*.c alone. */
#ifndef PARENT_CATALOG_INSIDE_H
#define PARENT_CATALOG_INSIDE_H

#include "parent/catalog.h"
#include "parent/catalog_tree.h"
#include "parent/keys.h"

/* A chain and its key, of files as they once were. Shared by all plans that found them so. */
struct parent_pair {
	unsigned references;
	struct parent_pair_place place; /* owned */
	struct tls_chain chain;
	uint32_t key_id;
	uint16_t sent_to, loaded_by; /* keys processes, a bit each */
	bool is_bad;                 /* left out, which was said */
	struct parent_pair *before;  /* that serves until this one is checked; or NULL */
};

struct parent_catalog {
	struct parent_pair **pairs; /* by chain */
	struct parent_pair **by_id; /* the same, and those before them */
	size_t count, id_count;
	size_t fed[PARENT_KEYS_MAX];       /* of by_id, to each keys process */
	unsigned waiting[PARENT_KEYS_MAX]; /* for answers of each */
	int fd;                            /* of tls_catalog_write(), as workers have it */
	bool is_stale;                     /* which is not what it should be by now */
};

/* The pair is not shown any more; the log has why, and what serves in its place. */
void parent_pair_leave_out(struct parent_pair *pair, const char *why);

/* By the number of its key, among those before them too. NULL: it is of no such plan. */
struct parent_pair *parent_catalog_pair(const struct parent_plan *plan, uint32_t key_id);

/* Anew, of the pairs that serve by now: what workers are told next. 0 or a negative. */
[[nodiscard]] int parent_catalog_write(struct parent_catalog *catalog);

#endif
