/* What the parent has to do with the ledger: its numbers for the status, its part at the end. */
#ifndef PARENT_LEDGER_H
#define PARENT_LEDGER_H

#include "base/buf.h"

#include <stdbool.h>

struct conf_settings;
struct json_t;
struct parent;
struct parent_child;

void parent_ledger_status_came(struct parent *p, struct slice payload);
void parent_cluster_status_came(struct parent *p, struct slice payload);
/* Of a node that is not alone. */
struct json_t *parent_cluster_json(const struct parent *p);
void parent_ledger_ask(struct parent *p); /* how much it has; parent_ctl_status_came() follows */
struct json_t *parent_ledger_json(const struct parent *p);
/* A worker's channel to it broke. */
void parent_ledger_wanted(struct parent_child *worker);
/* What runner may run. False: there is no memory. */
bool parent_hooks_pack(const struct conf_settings *settings, struct buf *ret_payload);
/* All workers are gone: it ends, then the daemon. */
void parent_ledger_end(struct parent *p);

#endif
