/*
 * Capabilities of a ManageSieve server (RFC 5804 1.7), as struct conv_caps keeps them: a line each,
 * a name, and where it has a value a space and that.
 */
#ifndef SIEVE_CAPS_H
#define SIEVE_CAPS_H

#include "sieve/unit.h"

/* Adds what a line of the server says, if it prints and still fits. */
void sieve_caps_keep(const struct sieve_words *words, char *caps, size_t cap);

bool sieve_caps_has(const char *caps, const char *name);

struct sieve_caps_view {
	bool offers_starttls;
	bool offers_sasl; /* else the list of mechanisms is empty: there is no login yet */
	bool keeps_plus;  /* -PLUS mechanisms too */
};

/*
 * Appends what a client behind the edge may see of them, CRLF behind each. What every server has to
 * say is there, whatever caps has; what the edge does itself, or does not (STARTTLS, XCLIENT,
 * UNAUTHENTICATE), is not taken from it. 0 or -ENOMEM.
 */
[[nodiscard]] int sieve_caps_print(const char *caps, const struct sieve_caps_view *view,
                                   struct buf *out);

#endif
