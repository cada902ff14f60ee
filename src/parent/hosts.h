/* The hosts file for resolver, and what it made of the names in our settings. */
#ifndef PARENT_HOSTS_H
#define PARENT_HOSTS_H

#include "base/slice.h"

struct json_t;
struct parent;

void parent_hosts_send(struct parent *p);  /* to a resolver that begins */
void parent_hosts_watch(struct parent *p); /* again, when it has changed */
void parent_hosts_came(struct parent *p, struct slice list);
struct json_t *parent_hosts_json(const struct parent *p);

#endif
