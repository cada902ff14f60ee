/* Name servers, as they are written in the configuration file. Pure. */
#ifndef CONF_SERVER_H
#define CONF_SERVER_H

#include "conf/settings.h"

/* "ADDRESS" or "ADDRESS@PORT"; has_zone: "ZONE=" before it. 0 or CONF_VALUE_BAD. ret_why: what is
 * wrong then, in words. */
[[nodiscard]] int conf_server_parse(const char *text, bool has_zone, struct conf_server *ret_server,
                                    const char **ret_why);
/* On this host for certain. */
bool conf_server_is_local(const struct conf_server *server);

#endif
