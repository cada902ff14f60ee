/* To which of the slots of a Redis Cluster a key belongs. Pure. */
#ifndef CLUSTER_SLOT_H
#define CLUSTER_SLOT_H

#include "base/slice.h"

enum { CLUSTER_SLOTS = 16384 };

/* What stands between the first '{' and the next '}' counts alone, if there is something. */
unsigned cluster_slot(struct slice key);

#endif
