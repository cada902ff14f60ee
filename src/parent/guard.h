/*
 * The guard of published keys: a certificate that TLSA records exist for, and do not cover, is not
 * put into service (RFC 7671 8); the one in force stays, and an alarm says so. Witness asks DNS.
 *
 * At the start nothing is in force that could stay: what there is is served.
 */
#ifndef PARENT_GUARD_H
#define PARENT_GUARD_H

#include "proc/guard.h"

#include <stdbool.h>

struct parent;
struct parent_plan;
struct places;

/*
 * Of p->next, whose chains and keys fit. True: DNS is asked (first), and parent_plan_decide_soon()
 * follows; false: all is known, parent_guard_apply() may be called.
 */
bool parent_guard_waits(struct parent *p);
/* Where a certificate of a plan is shown. False: no memory. */
bool parent_guard_places(const struct parent_plan *plan, size_t number, struct places *ret_places);
/* Certificates that are kept out are replaced by those in force. What cannot be is in plan.error.
 */
void parent_guard_apply(struct parent *p);
/* A plan came into force: alarms are raised and cleared. */
void parent_guard_in_force(struct parent *p);
void parent_guard_said(struct parent *p, struct slice payload);
/* Witness looked at a port that shows a certificate of this file. */
void parent_guard_saw(struct parent *p, const char *chain_path, enum proc_witness_tlsa tlsa);
/* keys died, and with it the keys of what stayed in force: the files are what there is. */
void parent_guard_keys_lost(struct parent *p);
void parent_guard_end(struct parent *p);

#endif
