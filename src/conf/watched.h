/* Ports that are watched, as they are written in the configuration file. Pure. */
#ifndef CONF_WATCHED_H
#define CONF_WATCHED_H

#include "conf/settings.h"

/* "HOST:PORT/PROTOCOL", with "=/FILE" behind it or not. 0 or CONF_VALUE_BAD. ret_why: what is
 * wrong then, in words. */
[[nodiscard]] int conf_watched_parse(const char *text, struct conf_watched *ret_watched,
                                     const char **ret_why);
/* Not a name that has to be looked up. */
bool conf_watched_is_address(const struct conf_watched *watched);

#endif
