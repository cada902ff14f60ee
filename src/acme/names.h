/* Names of a certificate against those that it is ordered for. Pure. */
#ifndef ACME_NAMES_H
#define ACME_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Is each of names, whatever its case, one of has ("," between)? Wildcards as they are written. */
bool acme_names_are_in(const char *has, char *const *names, size_t count);

/* A folder's name for a CA: its directory without the scheme, other bytes than letters, digits, "."
 * and "-" become "_". */
void acme_names_folder(const char *directory, char *ret_folder, size_t cap);

#endif
