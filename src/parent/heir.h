/* The image that goes on after an upgrade. */
#ifndef PARENT_HEIR_H
#define PARENT_HEIR_H

#include <stdbool.h>

struct parent;
struct parent_child;

/* Takes fd: the estate. */
[[nodiscard]] int parent_inherit(struct parent *p, int fd);
/*
 * What should have taken over cannot. If old workers serve, they go on, and it says so and
 * returns true; else the caller ends the daemon.
 */
bool parent_upgrade_failed(struct parent *p, const char *why);
/* An old process ended. */
void parent_heir_lost(struct parent *p, const struct parent_child *c);

#endif
