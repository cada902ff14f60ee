/*
 * What the other nodes of a cluster counted, as this one last heard it, in a file beside the
 * ledger's: so any node answers for all, also while their store is away. And which parts of its
 * own it told them. All of it can be heard, and told, again.
 */
#ifndef STORE_OTHERS_H
#define STORE_OTHERS_H

#include "store/part.h"

#include <stddef.h>

struct sqlite3;
struct store_opened;
struct store_others;

#define STORE_OTHERS_FILE "others.db" /* its name, in the folder of the ledger's */

enum { STORE_OTHERS_NODES_MAX = 64 };

struct store_others_settings {
	const char *path;
	int64_t max_bytes;   /* of the file; above, nothing is taken */
	int64_t retention_s; /* of exposures; sums stay as long as the ledger's */
};

/* 0 or a negative: see store_open(). */
[[nodiscard]] int store_others_open(struct store_others **ret_o,
                                    const struct store_others_settings *set,
                                    struct store_opened *ret_opened);
/* NULL is fine. */
void store_others_close(struct store_others *o);

/* Of a part of a node (or of this one: what it told) the version that is known. 0,
 * STORE_OTHERS_NONE or a negative. */
enum { STORE_OTHERS_NONE = 1 };
[[nodiscard]] int store_others_version(struct store_others *o, uint64_t node,
                                       const struct store_part *part, uint64_t *ret_version);
/* Of this node: told. 0 or a negative. */
[[nodiscard]] int store_others_told(struct store_others *o, uint64_t self,
                                    const struct store_part *part, uint64_t version);
/* It was not, after all. 0 or a negative. */
[[nodiscard]] int store_others_untold(struct store_others *o, uint64_t self,
                                      const struct store_part *part);
/* What this node told. */
struct store_others_told {
	struct store_part part;
	uint64_t version;
};
/* The one behind after (NULL: the first), in the order of kind and hour. 0, STORE_OTHERS_NONE or a
 * negative. */
[[nodiscard]] int store_others_told_next(struct store_others *o, uint64_t self,
                                         const struct store_part *after,
                                         struct store_others_told *ret_told);

/*
 * A part of another node, in place of what was known of it.
 *
 * Returns 0; STORE_OTHERS_BAD: it is none, or not all of it; what could not be read is left out,
 * and it is not asked for again until it changes; STORE_OTHERS_FULL: too many nodes, or too many
 * bytes; or a negative.
 */
enum { STORE_OTHERS_BAD = 2, STORE_OTHERS_FULL };
[[nodiscard]] int store_others_take(struct store_others *o, uint64_t node,
                                    const struct store_part *part, struct slice text);

/* What is too old goes. 0 or a negative. */
[[nodiscard]] int store_others_prune(struct store_others *o, int64_t now_s);
/* Rows that name this user, of all nodes. 0 or a negative. */
[[nodiscard]] int store_others_forget(struct store_others *o, const char *user, size_t *ret_rows);

/*
 * For who reads the ledger by db: from now on the tables sum and exposure have the rows of all
 * nodes (exposures of the same user, edge and address in one). path: of the file; where it is not
 * there, or not made yet, nothing changes. 0 or a negative.
 */
[[nodiscard]] int store_others_join(struct sqlite3 *db, const char *path);

#endif
