/* What check.c, which sees all settings, and its parts (check_*.c, one for each group of settings)
 * share. */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/reader.h"

#include <stdio.h>

struct conf_path {
	char text[CONF_PATH_MAX];
};

/* "backend.mta" and "tls.mode". */
static inline struct conf_path conf_path_of(const char *group, const char *item,
                                            const char *setting)
{
	struct conf_path p;
	snprintf(p.text, sizeof(p.text), "%s.%s.%s", group, item, setting);
	return p;
}

/* It is no group at all, which was said already. */
static inline bool conf_item_is_bad(const struct conf_reader *r, const char *group,
                                    const char *item)
{
	char path[CONF_PATH_MAX];
	snprintf(path, sizeof(path), "%s.%s", group, item);
	return conf_is_bad(r, path);
}

static inline bool conf_edge_speaks_smtp(const struct conf_edge *e)
{
	return e->protocol == CONF_SMTP || e->protocol == CONF_SUBMISSION ||
	       e->protocol == CONF_LMTP;
}

/* path: of the timeout. */
void conf_check_idle(struct conf_reader *r, const struct conf_limits *l, const char *path);
/* A backend, with all that follows. */
void conf_check_backend(struct conf_reader *r, const struct conf_backend *b);
/* How it proves itself, where there is TLS of ours. */
void conf_check_backend_tls(struct conf_reader *r, const struct conf_backend *b);
/* How a backend is reached by a tunnel, if it is. */
void conf_check_tunnel(struct conf_reader *r, const struct conf_backend *b);
/* An edge, with the two that follow; after the backends. */
void conf_check_edge(struct conf_reader *r, struct conf_edge *e);
/* An edge whose bytes are not looked at, or that is taken for one. */
void conf_check_spliced(struct conf_reader *r, const struct conf_edge *e);
/* Which of its backends a session of the edge goes to; fills in a default. Before the other checks
 * of the edge. */
void conf_check_choice(struct conf_reader *r, struct conf_edge *e);
void conf_check_lookup(struct conf_reader *r, const struct conf_lookup *l);
/* Is this backend sent nothing but the TLS of clients, as they said it? */
bool conf_check_is_passed_to(const struct conf_settings *s, const struct conf_backend *b);
/* Listeners of edges: two at one address, or where a backend is. */
void conf_check_listeners(struct conf_reader *r);
/* Takes out those that are over. */
void conf_check_exceptions(struct conf_reader *r);
/* Limits that undo each other, of the file and of its edges. */
void conf_check_limits(struct conf_reader *r);
/* Relays, routes, the resolver, the services of MTAs. */
void conf_check_relay(struct conf_reader *r);
/* Links; after the edges. */
void conf_check_link(struct conf_reader *r);
/* A certificate: brought, or ordered; after the edges. */
void conf_check_certificate(struct conf_reader *r, const struct conf_certificate *c);
/* The store that nodes share. */
void conf_check_cluster(struct conf_reader *r);

/* What is watched, and mirrors; after the edges. */
void conf_check_watch(struct conf_reader *r);

/* Names of our own in HTTPS; after the edges. */
void conf_check_site(struct conf_reader *r);
/* The schedule of own domains. */
void conf_check_check(struct conf_reader *r);
/* The dashboard; after the edges. */
void conf_check_dashboard(struct conf_reader *r);

#endif
