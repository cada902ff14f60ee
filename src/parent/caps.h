/* What backends offer: one worker asked, the others are told, status warns. */
#ifndef PARENT_CAPS_H
#define PARENT_CAPS_H

#include "base/slice.h"

struct json_t;
struct parent;
struct parent_child;
struct parent_plan;

void parent_caps_came(struct parent_child *from, struct slice payload);
void parent_caps_send(struct parent *p, struct parent_child *worker);
void parent_caps_free(struct parent_plan *plan);
struct json_t *parent_caps_warnings(const struct parent *p);

#endif
