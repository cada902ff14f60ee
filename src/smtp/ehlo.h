/*
 * What the backend's EHLO offers, and what the edge makes of it: only extensions it knows, and
 * nothing that would let a client name itself or bind to a TLS channel that ends here.
 */
#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H

#include "conv/conv.h"
#include "smtp/reply.h"

/* The lines behind the first of a reply to EHLO; lines that do not fit are left out. */
void smtp_ehlo_learn(const struct smtp_reply *reply, struct conv_caps *ret_caps);

/* A line of that keyword; ret_params is what follows it. caps may be NULL. */
bool smtp_ehlo_find(const struct conv_caps *caps, const char *keyword, struct slice *ret_params);

struct smtp_ehlo_view {
	const char *hostname;
	bool offers_starttls;
	bool offers_auth;       /* AUTH, if the backend has it */
	bool offers_requiretls; /* the same of REQUIRETLS */
	bool plus_is_bound;     /* -PLUS mechanisms stay */
};

/* The edge's reply to EHLO. caps: of the backend, may be NULL or empty. 0 or -ENOMEM. */
[[nodiscard]] int smtp_ehlo_write(struct buf *out, const struct conv_caps *caps,
                                  const struct smtp_ehlo_view *view);

#endif
