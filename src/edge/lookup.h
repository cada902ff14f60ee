/* Where users are at home (open = "auth"), as one configuration has it: inside of edge/ alone. */
#ifndef EDGE_LOOKUP_H
#define EDGE_LOOKUP_H

#include "edge/edge.h"

struct edge_directory;
struct edge_session;

struct edge_lookup {
	const struct conf_lookup *conf;
	struct slice table;               /* lookup/table.h; mapped, its own */
	struct edge_directory *directory; /* NULL: it is a table */
	struct edge_address at;           /* of the directory's service */
};

/* All of the settings, by their order. Takes the tables out of m. 0, EDGE_WORLD_BAD or -ENOMEM. */
[[nodiscard]] int edge_lookups_new(struct edge_lookup **ret_lookups,
                                   const struct conf_settings *settings,
                                   const struct conf_materials *m, char *ret_error, size_t cap);
void edge_lookups_free(struct edge_lookup *lookups, size_t count);

/* The backend of this session depends on its user. */
bool edge_lookup_decides(const struct edge_session *s);
/* The conversation wants a backend for conv.mailbox: it is found and opened, or conv_failed(). */
void edge_lookup_begin(struct edge_session *s);
void edge_lookup_late(struct edge_session *s); /* the deadline of EDGE_STATE_LOOKUP passed */
void edge_lookup_cancel(struct edge_session *s);
/*
 * The login failed. How long its answer waits, so that all of this edge are as late, those of users
 * without a backend too; 0: not at all.
 */
uint32_t edge_lookup_refusal_waits_ms(struct edge_session *s);
/* CONV_TODO_LEAVE: what waits is sent, nothing more is heard of the backend. */
void edge_lookup_leave(struct edge_session *s);

#endif
