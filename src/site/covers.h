/* Whether senders that go by a policy can reach a host: what our port 25 shows, and whether the
 * public CAs vouch for it (RFC 8461 4.1). */
#ifndef SITE_COVERS_H
#define SITE_COVERS_H

#include "conf/settings.h"
#include "publish/policy.h"

struct site_covers;

/* ca_pem: copied. 0 or a negative. */
[[nodiscard]] int site_covers_new(struct site_covers **ret_covers, struct slice ca_pem);
void site_covers_free(struct site_covers *c);

/* No certificate is known any more; then those that are added. Borrows settings until the next. */
void site_covers_clear(struct site_covers *c, const struct conf_settings *settings);
[[nodiscard]] int site_covers_add(struct site_covers *c, struct slice chain_pem);

/* As struct publish_hosts wants it; owner is the covers. */
enum publish_cover site_covers_host(void *owner, const char *host, char *ret_why);

#endif
