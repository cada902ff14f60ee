/*
 * Where a certificate is shown: at which hosts and ports TLSA records have to cover it. Pure.
 *
 * A host is a name of a certificate, or that of the edge (which MX records have); the certificate
 * of an edge that has the name is shown there, else the edge's first, as SNI chooses.
 */
#ifndef PARENT_PLACES_H
#define PARENT_PLACES_H

#include "conf/settings.h"
#include "proc/guard.h"

struct places {
	struct proc_guard_place list[PROC_GUARD_PLACES_MAX]; /* port 25 first */
	size_t count;
	bool is_cut; /* there would be more */
};

/* names: of each certificate of the settings, as tls_chain_names() gives them, by index. */
void places_find(struct places *ret_places, const struct conf_settings *settings,
                 const char *const *names, size_t certificate);

#endif
