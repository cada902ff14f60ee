/* What a setting has to log in with: nobody's business outside of its file. Pure. */
#ifndef SERVERS_SECRET_H
#define SERVERS_SECRET_H

#include "base/slice.h"

/*
 * Takes passwords out of a value or a line, in place: behind "password=", "passwd=", "pass=",
 * "secret=" and "bind_pw=" (in quotes up to the second, else up to a blank, or "&" of a URL),
 * between
 * ":" and "@" of a URL, and all between the braces behind "auth" (OpenSMTPD).
 */
void servers_secrets_mask(char *text);

/* The line of a configuration may hold a secret: it is not shown where it need not be. */
bool servers_secret_is_in(struct slice line);

#endif
