/* What `mailseal config check` says on standard output. */
#ifndef CMD_CONFIG_PRINT_H
#define CMD_CONFIG_PRINT_H

#include "conf/errors.h"
#include "conf/settings.h"

/*
 * How much a file without errors has, and what it takes.
 *
 * path: of the configuration
 * pairs: that were found in certificate_dir
 */
void config_print_well(const char *path, const struct conf_settings *s, size_t pairs);

/* All errors as a list. 0, -ENOMEM or -EIO. */
[[nodiscard]] int config_print_json(const struct conf_errors *errors);

#endif
