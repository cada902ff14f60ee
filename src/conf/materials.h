/*
 * The bytes of the files that a configuration names: the parent read them, workers make TLS of
 * them. Chains come in the order of the certificates, then the self-made one, then that of this
 * node from the internal CA; an empty one is not there. CA certificates (PEM) come by who is to
 * prove himself with them, empty where nobody is.
 */
#ifndef CONF_MATERIALS_H
#define CONF_MATERIALS_H

#include "base/buf.h"
#include "conf/settings.h"

/* A table of users and their backends, mapped (lookup/table.h). */
struct conf_table {
	void *data;
	size_t len;
};
void conf_table_unmap(struct conf_table *table);

struct conf_materials {
	struct buf *chains;
	uint32_t *key_ids;  /* of each chain, as keys knows it */
	size_t chain_count; /* conf_chain_count() */
	struct buf *cas;    /* conf_ca_...() */
	size_t ca_count;
	struct conf_table *tables; /* by the lookups of the settings; empty: it has none */
	size_t table_count;
	struct tls_catalog *catalog; /* of certificate_dir, or NULL */
	uint8_t ticket_keys[2][TLS_TICKET_KEY_LEN];
	char visitor[TLS_VISITOR_CAP];            /* tls/server.h; "": nobody looks */
	const struct acme_challenges *challenges; /* that CAs may ask for; outlives what is made */
};

static inline size_t conf_ca_of_backend(const struct conf_settings *s, size_t number)
{
	return number;
}

/* The far ends of a relay. */
static inline size_t conf_ca_of_relay(const struct conf_settings *s, size_t number)
{
	return s->backend_count + number;
}

/* The MTAs of other hosts that hand over to a relay. */
static inline size_t conf_ca_of_clients(const struct conf_settings *s, size_t number)
{
	return s->backend_count + s->relay_count + number;
}

/* The host of a route. */
static inline size_t conf_ca_of_route(const struct conf_settings *s, size_t number)
{
	return s->backend_count + 2 * s->relay_count + number;
}

/* The roots of the internal CA, and its denial list (identity/denied.h). */
static inline size_t conf_ca_of_internal(const struct conf_settings *s)
{
	return s->backend_count + 2 * s->relay_count + s->route_count;
}

static inline size_t conf_ca_denied(const struct conf_settings *s)
{
	return conf_ca_of_internal(s) + 1;
}

static inline size_t conf_ca_count(const struct conf_settings *s)
{
	return conf_ca_denied(s) + 1;
}

static inline size_t conf_chain_self_made(const struct conf_settings *s)
{
	return s->certificate_count;
}

static inline size_t conf_chain_of_node(const struct conf_settings *s)
{
	return s->certificate_count + 1;
}

static inline size_t conf_chain_count(const struct conf_settings *s)
{
	return s->certificate_count + 2;
}

/*
 * A file of a certificate: what the operator wrote, or, of one that is ordered, in a folder of
 * state_dir. Of an ordered one that was never issued the chain is the stand-in, self-made for the
 * same key.
 */
void conf_certificate_chain_path(const struct conf_settings *s, const struct conf_certificate *c,
                                 char *ret_path, size_t cap);
void conf_certificate_key_path(const struct conf_settings *s, const struct conf_certificate *c,
                               char *ret_path, size_t cap);
/* A file in its folder: "chain.pem", "next.pem". Of one that is not ordered: of its next key alone.
 */
void conf_certificate_file_path(const struct conf_settings *s, const struct conf_certificate *c,
                                const char *file, char *ret_path, size_t cap);
#define CONF_CHAIN_FILE "chain.pem"
#define CONF_STAND_IN_FILE "stand-in.pem"
#define CONF_KEY_FILE "key.pem"
#define CONF_NEXT_KEY_FILE "next.pem"
#define CONF_NEXT_CHAIN_FILE "next-chain.pem"
#define CONF_NEXT_REQUEST_FILE "next.csr"
#define CONF_PREVIOUS_KEY_FILE "previous.pem"
#define CONF_ROLLOVER_FILE "rollover"

/* What it is called in the log. */
const char *conf_chain_name(const struct conf_settings *s, size_t number);

/*
 * The certificates of these names, the default first; none: all that there are. The self-made one
 * is not among them. Borrows from both.
 *
 * ret_specs: room for all certificates of the settings
 */
size_t conf_certificate_specs(const struct conf_settings *s, const struct conf_materials *m,
                              char *const *names, size_t count,
                              struct tls_certificate_spec *ret_specs);

/* That of this node. False: there is none. */
bool conf_node_spec(const struct conf_settings *s, const struct conf_materials *m,
                    struct tls_certificate_spec *ret_spec);

#endif
