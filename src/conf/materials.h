/*
 * The bytes of the files that a configuration names: the parent read them, workers make TLS of
 * them. Chains come in the order of the certificates, the self-made one last; an empty one is not
 * there. CA certificates (PEM) come by who is to prove himself with them, empty where nobody is.
 */
#ifndef CONF_MATERIALS_H
#define CONF_MATERIALS_H

#include "base/buf.h"
#include "conf/settings.h"

struct conf_materials {
	struct buf *chains;
	uint32_t *key_ids;  /* of each chain, as keys knows it */
	size_t chain_count; /* certificates of the settings + 1 */
	struct buf *cas;    /* conf_ca_...() */
	size_t ca_count;
	uint8_t ticket_keys[2][TLS_TICKET_KEY_LEN];
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

static inline size_t conf_ca_count(const struct conf_settings *s)
{
	return s->backend_count + 2 * s->relay_count + s->route_count;
}

/*
 * The certificates of these names, the default first; none: all that there are. The self-made one
 * is not among them. Borrows from both.
 *
 * ret_specs: room for all certificates of the settings
 */
size_t conf_certificate_specs(const struct conf_settings *s, const struct conf_materials *m,
                              char *const *names, size_t count,
                              struct tls_certificate_spec *ret_specs);

#endif
