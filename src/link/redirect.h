/* What makes nftables catch connections for transparent links. Pure: nobody is told to obey. */
#ifndef LINK_REDIRECT_H
#define LINK_REDIRECT_H

#include "conf/settings.h"

enum { LINK_REDIRECT_NONE = 1 }; /* no link is transparent */

/* A script for `nft -f`, which can be read again and again. 0, LINK_REDIRECT_NONE or -ENOMEM. */
[[nodiscard]] int link_redirect_write(struct buf *out, const struct conf_settings *s);

#endif
