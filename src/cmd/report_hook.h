/* `mailseal report exposures --hook`: a program for each of them, one after the other. */
#ifndef CMD_REPORT_HOOK_H
#define CMD_REPORT_HOOK_H

#include <stddef.h>

struct report_asking;

/*
 * Runs argv (ended by NULL) for each exposure of the question, with its facts on stdin
 * (proc/hook.h). What failed is said on stderr, and counted. 0 or a negative.
 */
[[nodiscard]] int report_hook_exposures(const struct report_asking *asking, char *const *argv,
                                        size_t *ret_failed);

#endif
