/* Links and a backend that nobody wrote, for they follow from other settings. */
#ifndef CONF_MADE_H
#define CONF_MADE_H

#include "conf/settings.h"

/*
 * Of settings that are well: where the store of the cluster is reached in TLS, a near end to each
 * of its servers, at a socket in run_dir that only our own user may use. So the processes that ask
 * it have no key, and what holds for links holds for it. 0 or -ENOMEM.
 */
[[nodiscard]] int conf_links_make(struct conf_settings *s);

/*
 * Of settings that are well, behind the other backends: the process that answers at names of our
 * own (conf/site.h), at a socket in run_dir. 0 or -ENOMEM.
 */
[[nodiscard]] int conf_backends_make(struct conf_settings *s);

/* Where a process of ours connects to for that server. */
const struct conf_address *conf_cluster_way(const struct conf_cluster *c, size_t number);

#endif
