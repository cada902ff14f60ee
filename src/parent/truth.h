/*
 * What witness looks at, and what becomes of what it saw: each edge of ours by each name of its
 * certificates, and "watch_certificates". What is wrong at two looks in a row is an alarm, what is
 * well at one is none any more.
 */
#ifndef PARENT_TRUTH_H
#define PARENT_TRUTH_H

#include "proc/witness.h"

struct parent;
struct buf;
struct json_t;

enum { TRUTH_NAMES_MAX = 16 }; /* of one certificate */

/*
 * For the plan in force: packs the list. With more than PROC_WITNESS_TARGETS_MAX each list has
 * others, in turn: call it again each time.
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int parent_truth_list(struct parent *p, struct buf *ret_payload);
/* They do not fit one list. */
bool parent_truth_takes_turns(const struct parent *p);
/* Alarms of what is not looked at any more are over. */
void parent_truth_forget(struct parent *p);
/* False: it should be looked at again, soon. */
bool parent_truth_saw(struct parent *p, const struct proc_witness_sight *sight);
/* How many ports and names are looked at, and how many there are. NULL: none. */
struct json_t *parent_truth_json(const struct parent *p);
void parent_truth_free(struct parent *p);

#endif
