/* The keys of TLS tickets that all workers have: ours, or those of the cluster. */
#ifndef PARENT_TICKETS_H
#define PARENT_TICKETS_H

#include "base/slice.h"

struct estate;
struct parent;

void parent_tickets_rotate(struct parent *p);
void parent_tickets_adopt(struct parent *p, const struct estate *e);
/* Those of the cluster. While its store is away ours go on, and are rotated an hour late: they may
 * come yet. */
void parent_tickets_came(struct parent *p, struct slice keys);

#endif
