/*
 * Looks at a web host as a browser would first: port 80, then https:/// and what that leads to on
 * the same host (H1, H2). Bounded GETs by ask/fetch.h; no redirect off the host is followed,
 * nothing is ever sent but these questions.
 */
#ifndef CHECK_WEB_H
#define CHECK_WEB_H

#include "ask/fetch.h"
#include "check/endpoint.h"

struct check_web_look;

struct check_web_settings {
	struct fetch *fetch;
	const char *host;        /* dns_name_is_host() */
	const char *address;     /* one of its addresses */
	unsigned timeout_ms;     /* of each GET; 0: 8 s. Six GETs at most */
	struct check_web *facts; /* zeroed, to be filled in; the caller's as long as it lasts */
};

/* The facts are there; it may be freed from inside. */
typedef void check_web_fn(void *owner);

/* fn is called once, in a later turn, unless it is freed before. */
[[nodiscard]] int check_web_new(struct check_web_look **ret_look,
                                const struct check_web_settings *set, check_web_fn *fn,
                                void *owner);
void check_web_free(struct check_web_look *w);

#endif
