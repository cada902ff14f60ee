/* Cipher lists of servers, held against a profile. */
#ifndef AUDIT_CIPHER_H
#define AUDIT_CIPHER_H

#include "audit/ruleset.h"

/* What of the classes (enum tls_cipher_class) the profile does not have for this side. */
unsigned audit_ciphers_beyond(const struct advice_profile *profile, enum advice_side side,
                              unsigned classes);

/* Towards users what has no forward secrecy or no proof fails; the rest, and all between
 * providers, where plain text would follow, is a warning. */
enum advice_verdict audit_ciphers_verdict(enum advice_side side, unsigned beyond);

/* What Postfix has to exclude, and a list for Dovecot, for what the profile has. Never NULL. */
const char *audit_ciphers_exclude(const struct advice_profile *profile, enum advice_side side);
const char *audit_ciphers_list(const struct advice_profile *profile, enum advice_side side);

#endif
