/*
 * Clients of an edge that have to show a certificate of the internal CA. Inside edge/ alone.
 */
#ifndef EDGE_KNOWN_H
#define EDGE_KNOWN_H

#include "tls/server.h"

struct edge;
struct edge_session;

/* Of the internal CA: whom we believe, and who we are. */
struct edge_trust {
	struct slice ca_pem;
	struct tls_inside *inside; /* NULL: nothing goes by it */
	struct tls_certificate_spec node;
	bool has_node;
	bool is_compact; /* TLS towards backends (tls/session.h) */
	struct tls_signer *signer;
};

/* What an edge demands of its clients, if it does. ret_names: edge_known_free(). 0,
 * EDGE_WORLD_BAD or -ENOMEM. */
[[nodiscard]] int edge_known_demand(struct tls_server_settings *set, const struct edge *e,
                                    const struct edge_trust *trust, char ***ret_names,
                                    char *ret_error, size_t cap);
void edge_known_free(char **names, const struct edge *e);

/* For the log: who came in, and who did not. Nothing where nothing is demanded. */
void edge_known_passed(struct edge_session *s);
void edge_known_refused(struct edge_session *s);

#endif
