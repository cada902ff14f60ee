/*
 * Hands a TLS report to a web server (RFC 8460 5.4). Strangers name these servers: none is talked
 * to at an address of loopback, of a private network or the like, but those that are allowed.
 */
#ifndef RESOLVER_POST_H
#define RESOLVER_POST_H

#include "base/slice.h"
#include "conf/settings.h"

struct fetch;
struct lookup;
struct post;

struct post_settings {
	struct lookup *lookup;
	struct fetch *fetch;
	const char *url;
	const char *type;
	struct slice body;                  /* copied */
	const struct conf_network *allowed; /* borrowed as long as the post */
	size_t allowed_count;
};
/* why: NULL if it was taken. The post may be freed from inside. */
typedef void post_fn(void *owner, const char *why);

/* fn is called once, in a later turn, unless it is freed before. 0, POST_BAD (no URL to post to)
 * or a negative. */
enum { POST_BAD = 1 };
[[nodiscard]] int post_new(struct post **ret_p, const struct post_settings *set, post_fn *fn,
                           void *owner);
void post_free(struct post *p);

/* An address that no stranger may send us to. text: an address. */
bool post_is_private(const char *text);

#endif
