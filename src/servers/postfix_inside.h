/* Between the files of Postfix' reader. */
#ifndef SERVERS_POSTFIX_INSIDE_H
#define SERVERS_POSTFIX_INSIDE_H

#include "servers/postfix_cf.h"
#include "servers/servers.h"

/* Far more than anybody writes: a tree of somebody else's cannot keep us busy. */
enum { POSTFIX_SETTINGS_MAX = 5000, POSTFIX_SERVICES_MAX = 1000, POSTFIX_LOOKS_MAX = 100 * 1000 };

struct postfix_reading {
	struct servers *s;
	struct servers_server *server;
	struct servers_scope *defaults;
	const char *folder; /* "/etc/postfix" */
};

/* Fills the scope from text that is written as main.cf is. path NULL: they are defaults. 0 or a
 * negative. */
[[nodiscard]] int postfix_settings_read(struct postfix_reading *r, struct servers_scope *scope,
                                        struct slice text, const char *path);
/* All values of the scope from what is written; names mean what they do in from. */
[[nodiscard]] int postfix_expand(struct postfix_reading *r, struct servers_scope *scope,
                                 struct servers_scope *from);
/* A map's password: nobody's business here. */
bool postfix_is_secret(struct slice name);

[[nodiscard]] int postfix_master_read(struct postfix_reading *r);
[[nodiscard]] int postfix_listeners_add(struct postfix_reading *r);
[[nodiscard]] int postfix_certificates_add(struct postfix_reading *r);
[[nodiscard]] int postfix_maps_add(struct postfix_reading *r);

#endif
