/* What is in files that a configuration names: would the daemon begin with it? */
#ifndef CMD_CONFIG_FILES_H
#define CMD_CONFIG_FILES_H

#include "conf/settings.h"

struct config_fault {
	const char *setting; /* of a pair, which of them it is: "chain" or "key" */
	char message[600];
	const char *mend;
	bool is_warning; /* it begins, and something will not work */
};

/* Chain and key of a certificate that is not ordered, which this user can read. False: a fault. */
bool config_pair_is_well(const struct conf_certificate *certificate,
                         struct config_fault *ret_fault);

/* A program that the daemon is to run as its user. */
bool config_hook_is_well(const struct conf_settings *settings, const char *file,
                         struct config_fault *ret_fault);

/* The table of a lookup, and that each edge that asks it has the backends it names. */
bool config_table_is_well(const struct conf_settings *settings, const struct conf_lookup *lookup,
                          struct config_fault *ret_fault);

/*
 * The tree of certificate_dir. Its pairs are counted, no more: there may be thousands, and the
 * daemon says which are bad.
 */
bool config_tree_is_well(const char *directory, size_t *ret_pairs, struct config_fault *ret_fault);

#endif
