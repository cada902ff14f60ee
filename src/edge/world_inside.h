/*
 * What the files that make a world share. world.c: the whole, and its life. world_backend.c: its
 * backends. world_tls.c: TLS of its edges. world_settings.c: what their conversations have to know.
 */
#ifndef EDGE_WORLD_INSIDE_H
#define EDGE_WORLD_INSIDE_H

#include "edge/edge.h"
#include "edge/known.h"

/* What a world is made of. */
struct edge_making {
	const struct conf_settings *settings;
	const struct conf_materials *materials;
	struct edge_trust trust;
	char *ret_error;
	size_t error_cap;
};

/* Says so in ret_error. EDGE_WORLD_BAD. */
int edge_making_fails(const struct edge_making *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The number-th. 0, EDGE_WORLD_BAD or a negative. */
[[nodiscard]] int edge_backend_make(struct edge_backend *b, const struct edge_making *m,
                                    size_t number);
/* Half-made is fine. */
void edge_backend_deinit(struct edge_backend *b);

/* Servers for TLS of an edge that has its world and its conf. 0, EDGE_WORLD_BAD or a negative. */
[[nodiscard]] int edge_tls_make(struct edge *e, const struct edge_making *m);
void edge_tls_deinit(struct edge *e);
void edge_tls_set_ticket_keys(struct edge *e, const uint8_t *current, const uint8_t *previous);

/* For an edge whose backend and TLS are there. */
void edge_settings_fill(struct edge *e, const struct edge_making *m);

#endif
