/*
 * Names of our own that an http edge hands to the process site, by what clients ask for (SNI):
 * mta-sts.DOMAIN (RFC 8461 3.2) and, where it is set, autoconfig.DOMAIN and autodiscover.DOMAIN.
 * The domain is not compared: one that was taken out of the settings is served a while longer, and
 * site knows which.
 */
#ifndef CONF_SITE_H
#define CONF_SITE_H

#include "conf/settings.h"

#define CONF_SITE_STS "mta-sts."
#define CONF_SITE_AUTOCONFIG "autoconfig."
#define CONF_SITE_AUTODISCOVER "autodiscover."

/* sni: as it came. A name that "by_sni" of an edge has is that one's, whatever this says. */
bool conf_site_has(const struct conf_settings *s, const char *sni);

/* Index of its backend (conf/made.h); (size_t)-1: there is none. */
size_t conf_site_backend(const struct conf_settings *s);

/* Of its socket. */
void conf_site_address(const char *run_dir, struct conf_address *ret_address);

/* An http edge with TLS of ours, where it is asked. NULL: there is none. */
const struct conf_edge *conf_site_edge(const struct conf_settings *s);

/* NULL: not written. Case counts not. */
const struct conf_mta_sts *conf_mta_sts_find(const struct conf_settings *s, const char *domain);
const struct conf_autoconfig *conf_autoconfig_find(const struct conf_settings *s,
                                                   const char *domain);

#endif
