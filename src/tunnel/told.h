/*
 * Ways that may be used, as who looked tells those who connect. By what was written and not by its
 * place in the settings: sessions of settings from before a reload go by it as well. Pure.
 */
#ifndef TUNNEL_TOLD_H
#define TUNNEL_TOLD_H

#include "tunnel/tunnel.h"

#include <stddef.h>

struct tunnel_told {
	char interface[IF_NAMESIZE]; /* "": any, by an IPsec policy */
	char address[128];           /* as it is in the settings */
	bool accepts_unproven;
	enum tunnel_state state; /* never GONE: those are not in a list */
};

/* Of the one in the list that is written as wanted is; GONE where there is none. */
enum tunnel_state tunnel_told_state(const struct tunnel_told *list, size_t count,
                                    const struct tunnel_told *wanted);

#endif
