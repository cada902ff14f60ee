/* What the parts of the plan have in common: inside of up/ alone. */
#ifndef UP_PLAN_INSIDE_H
#define UP_PLAN_INSIDE_H

#include "up/plan.h"

struct up_planning {
	struct up_plan *plan;
	const struct up_facts *facts;
};

/* One more of the plan's refusals, or notes. 0 or -ENOMEM. */
[[nodiscard]] int up_refuse(struct up_planning *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
[[nodiscard]] int up_note(struct up_planning *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A port of loopback that nobody listens on, near base + port, and that no plan of ours has taken;
 * 0: there is none. */
uint16_t up_port_choose(const struct up_planning *p, unsigned base, uint16_t port);

/* A new edge; NULL: there is no room. */
struct up_edge *up_edge_add(struct up_planning *p, const char *name, const char *protocol,
                            const struct servers_server *server);

/* Another listener of the same port and declaration. */
void up_door_listen(struct up_door *door, const struct servers_listener *listener);

/* A file that changes by these blocks. 0 or -ENOMEM. */
[[nodiscard]] int up_file_change(struct up_planning *p, const char *path,
                                 const struct up_block *blocks, size_t count);

/* Its address is none that mailseal could listen on: the name of a host. */
bool up_has_name_for_address(const struct servers_listener *listener);

/* It listens where others than this host get to it. */
bool up_is_public(const struct servers_listener *listener);

enum { UP_BACKEND_BASE = 10000, UP_DIRECT_BASE = 20000 };

/* What each server has to change. 0 or -ENOMEM. */
[[nodiscard]] int up_plan_postfix(struct up_planning *p, const struct servers_server *server);
[[nodiscard]] int up_plan_dovecot(struct up_planning *p, const struct servers_server *server);

/* The certificates of all edges, and mailseal.conf. 0 or -ENOMEM. */
[[nodiscard]] int up_plan_certificates(struct up_planning *p);
[[nodiscard]] int up_plan_conf(struct up_planning *p);

#endif
