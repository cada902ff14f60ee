/*
 * Where mail programs find the servers of a domain: what Thunderbird and others fetch
 * (config-v1.1.xml) and what Outlook asks for (POX autodiscover). Implicit TLS comes first (RFC
 * 8314 3); only ports that edges have are named, and none without TLS. Pure.
 */
#ifndef PUBLISH_CLIENTS_H
#define PUBLISH_CLIENTS_H

#include "base/buf.h"
#include "conf/settings.h"

enum { PUBLISH_ADDRESS_CAP = 321 }; /* RFC 5321 4.5.3.1: 64, "@", 255 */

/* 0 or -ENOMEM. */
[[nodiscard]] int publish_autoconfig_write(struct buf *xml, const struct conf_settings *settings,
                                           const struct conf_autoconfig *conf);

enum { PUBLISH_AUTODISCOVER_BAD = 1 };
/* The EMailAddress of a request, which a stranger wrote: no entity but those of XML itself is
 * known. 0 or BAD. */
[[nodiscard]] int publish_autodiscover_read(struct slice request,
                                            char ret_address[PUBLISH_ADDRESS_CAP]);
[[nodiscard]] int publish_autodiscover_write(struct buf *xml, const struct conf_settings *settings,
                                             const struct conf_autoconfig *conf,
                                             const char *address);

#endif
