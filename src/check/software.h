/* Which software a server is, by words that it says of itself. A guess: anybody may say anything.
 */
#ifndef CHECK_SOFTWARE_H
#define CHECK_SOFTWARE_H

#include "base/slice.h"

/*
 * Looks for known words in a greeting, a reply to EHLO, capabilities. ret_software: "Postfix",
 * "Exim 4.96"; left as it is where nothing is known, or where what it says already is as good.
 */
void check_software_guess(struct slice words, char *ret_software, size_t cap);

#endif
