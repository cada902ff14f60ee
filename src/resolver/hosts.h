/*
 * Addresses of hosts of our own that settings name: by the hosts file, which the parent read, else
 * by DNS. An answer is good as long as its records say; who asks for the same name meanwhile
 * shares it. What a name had before is kept to be shown, also while it cannot be looked up.
 */
#ifndef RESOLVER_HOSTS_H
#define RESOLVER_HOSTS_H

#include "base/buf.h"
#include "policy/host.h"

struct hosts;
struct hosts_wish;
struct io_loop;
struct lookup;

enum {
	HOSTS_TTL_MIN_S = 5, /* records that say less are asked again after so long */
	HOSTS_TTL_MAX_S = 3600,
	HOSTS_FILE_TTL_S = 5, /* of what the hosts file says, and of failures */
	HOSTS_NAMES_MAX = 1024,
};

struct hosts_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	void *owner;
	/* What the status shows: PROC_MSG_HOSTS, borrowed. */
	void (*on_list)(void *owner, struct slice list);
};
[[nodiscard]] int hosts_new(struct hosts **ret_hosts, const struct hosts_settings *set);
/* No wish may be left. NULL is fine. */
void hosts_free(struct hosts *h);

/* The hosts file is this from now on, and what was known is asked anew. 0 or -ENOMEM. */
[[nodiscard]] int hosts_file_set(struct hosts *h, struct slice text);

typedef void hosts_fn(void *owner, const struct policy_host_answer *host);
/* name: dns_name_is_host(). fn is called once, in a later turn, unless the wish is freed before,
 * and may free it. 0, HOSTS_BUSY or -ENOMEM. */
enum { HOSTS_BUSY = 1 };
[[nodiscard]] int hosts_wish(struct hosts_wish **ret_wish, struct hosts *h, const char *name,
                             hosts_fn *fn, void *owner);
void hosts_wish_free(struct hosts_wish *w);

#endif
