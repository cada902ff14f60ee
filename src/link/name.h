/*
 * Hosts that links go to by name: their addresses, kept fresh for as long as a link goes there, by
 * asking resolver again when what it said has become old. What could not be looked up keeps the
 * addresses that it had. Nobody waits but who came before the first answer. Inside link/ alone.
 */
#ifndef LINK_NAME_H
#define LINK_NAME_H

#include "io/loop.h"
#include "policy/ask.h"

#include <sys/socket.h>

struct link_name {
	struct link_name *next, **at;
	struct link_pool *pool;
	unsigned refs;
	struct policy_host_question question; /* its name is the host's */
	struct io_deadline due;               /* to be asked again */
	struct policy_host_answer host;       /* the last that was known */
	bool is_answered;                     /* once at least, well or not */
	char error[POLICY_WAY_WHY_CAP];       /* of the last answer; "": it was well */
};

/* The one of this host, in any link; link_name_unref(). 0 or -ENOMEM. */
[[nodiscard]] int link_name_get(struct link_name **ret_name, struct link_pool *pool,
                                const char *host);
void link_name_unref(struct link_name *name);

#endif
