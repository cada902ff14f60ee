/* The store of a cluster, as the processes that share something reach it by the settings. */
#ifndef PROC_SHARE_H
#define PROC_SHARE_H

#include "base/buf.h"
#include "cluster/client.h"

struct conf_cluster;

/* Outside the box. Where it cannot be read that is logged, and goes on without. */
void proc_share_password_read(struct buf *ret_password, const struct conf_cluster *conf);

/* set: its places are taken from conf, which lives as long as the client. 0 or -ENOMEM. */
[[nodiscard]] int proc_share_client_new(struct cluster_client **ret_c,
                                        const struct conf_cluster *conf,
                                        const struct cluster_client_settings *set);

#endif
