/*
 * Hands one message over to the MTA on this host, by SMTP without TLS: nothing leaves the host.
 * From then on it is the MTA's to sign and to deliver.
 */
#ifndef RESOLVER_SUBMIT_H
#define RESOLVER_SUBMIT_H

#include "base/slice.h"
#include "conf/settings.h"

struct io_loop;
struct submit;

struct submit_settings {
	struct io_loop *loop;
	const struct conf_address *place; /* of this host, or a unix socket */
	const char *hostname;             /* borrowed as long as the submit */
	const char *from, *to;            /* mailboxes */
	struct slice text;                /* lines with CRLF, none with a dot first; copied */
};
struct submit_result {
	const char *why; /* NULL: the MTA took it */
	bool is_final;   /* it said 5yz */
};
/* The submit may be freed from inside. */
typedef void submit_fn(void *owner, const struct submit_result *result);

/* fn is called once, in a later turn, unless it is freed before. 0 or a negative: it could not
 * even begin. */
[[nodiscard]] int submit_new(struct submit **ret_s, const struct submit_settings *set,
                             submit_fn *fn, void *owner);
void submit_free(struct submit *s);

#endif
