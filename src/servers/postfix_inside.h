/* Between the files of Postfix' reader. */
#ifndef SERVERS_POSTFIX_INSIDE_H
#define SERVERS_POSTFIX_INSIDE_H

#include "servers/postfix_cf.h"
#include "servers/servers.h"

/* Far more than anybody writes: a tree of somebody else's cannot keep us busy. */
enum {
	SERVERS_POSTFIX_SETTINGS_MAX = 5000,
	SERVERS_POSTFIX_SERVICES_MAX = 1000,
	SERVERS_POSTFIX_LOOKS_MAX = 100 * 1000
};

struct servers_postfix_reading {
	struct servers *s;
	struct servers_server *server;
	struct servers_scope *defaults;
	const char *folder; /* "/etc/postfix" */
};

/* Fills the scope from text that is written as main.cf is. path NULL: they are defaults. 0 or a
 * negative. */
[[nodiscard]] int servers_postfix_settings_read(struct servers_postfix_reading *r,
                                                struct servers_scope *scope, struct slice text,
                                                const char *path);
/* All values of the scope from what is written; names mean what they do in from. */
[[nodiscard]] int servers_postfix_expand(struct servers_postfix_reading *r,
                                         struct servers_scope *scope, struct servers_scope *from);
/* A map's password: nobody's business here. */
bool servers_postfix_is_secret(struct slice name);

[[nodiscard]] int servers_postfix_master_read(struct servers_postfix_reading *r);
[[nodiscard]] int servers_postfix_listeners_add(struct servers_postfix_reading *r);
[[nodiscard]] int servers_postfix_certificates_add(struct servers_postfix_reading *r);
[[nodiscard]] int servers_postfix_maps_add(struct servers_postfix_reading *r);

#endif
