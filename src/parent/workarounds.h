/* What far ends need to be spoken to, as resolver says it. */
#ifndef PARENT_WORKAROUNDS_H
#define PARENT_WORKAROUNDS_H

#include "base/slice.h"

struct json_t;
struct parent;

void parent_workarounds_came(struct parent *p, struct slice list);
struct json_t *parent_workarounds_json(const struct parent *p);

#endif
