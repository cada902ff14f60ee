/* The process that answers at names of our own (conf/site.h). */
#ifndef PARENT_SITE_H
#define PARENT_SITE_H

#include "base/slice.h"

struct conf_settings;
struct json_t;
struct parent;
struct parent_child;

[[nodiscard]] int parent_site_start(struct parent_child *c);
/* The plan in force, and the certificates that port 25 shows. */
void parent_site_configure(struct parent *p);
/* Nothing of mta_sts is left: says which policies senders may hold. */
void parent_site_held_warn(const struct conf_settings *settings);
void parent_site_trouble_came(struct parent *p, struct slice list);
void parent_site_mismatch_came(struct parent *p, struct slice list);
/* Alarms of domains that are not in the settings any more, or not looked at. */
void parent_site_forget(struct parent *p);
void parent_site_policies_came(struct parent *p, struct slice text);
/* {modes: {MODE: COUNT}, domains: [{domain, mode, id, since, why}]}. */
struct json_t *parent_site_json(const struct parent *p);

#endif
