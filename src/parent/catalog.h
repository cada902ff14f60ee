/*
 * The certificates of certificate_dir. A plan has its own catalog; pairs whose files are as they
 * were go over from the one in force with all that is known of them. A pair serves at once where
 * none was before; the next one of a pair that serves has to be found whole first. Keys are loaded,
 * and compared with their chains, behind the start (feed), or when a signature needs one.
 */
#ifndef PARENT_CATALOG_H
#define PARENT_CATALOG_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parent;
struct parent_catalog;
struct parent_child;
struct parent_plan;

/* Fills plan->catalog, where the settings have a tree. 0, CONF_BAD (plan->error), or a negative. */
[[nodiscard]] int parent_catalog_prepare(struct parent *p, struct parent_plan *plan);
void parent_catalog_free(struct parent_catalog *catalog);

/* The plan is in force: its keys are loaded, one after the other. */
void parent_catalog_in_force(struct parent *p);
/* Keys of this plan that no other has. */
void parent_catalog_forget(struct parent *p, const struct parent_plan *plan);
void parent_catalog_send(struct parent *p, struct parent_child *worker);
/* A keys process without any key: it is fed anew. */
void parent_catalog_keys_lost(struct parent *p, unsigned slot);

/* Is the tree another than the one in force was made of? */
bool parent_catalog_has_changed(const struct parent *p);

/* What keys says; false: that key is none of ours. why: NULL, it is loaded. */
bool parent_catalog_key_said(struct parent_child *keys, uint32_t key_id, struct slice digest,
                             const char *why);
void parent_catalog_key_wanted(struct parent_child *keys, uint32_t key_id);

/* For the status: how many there are, how many were found whole, how many are left out. */
struct parent_catalog_counts {
	size_t pairs, checked, bad;
};
struct parent_catalog_counts parent_catalog_counts(const struct parent *p);

#endif
