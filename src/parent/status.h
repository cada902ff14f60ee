/* What the daemon says of itself. */
#ifndef PARENT_STATUS_H
#define PARENT_STATUS_H

#include <stdbool.h>

struct json_t;
struct parent;

/* is_long: with all numbers of each worker. */
struct json_t *parent_status_json(const struct parent *p, bool is_long);

#endif
