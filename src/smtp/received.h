/* The Received field an edge adds: without it a backend's mail says "plain" for ever. */
#ifndef SMTP_RECEIVED_H
#define SMTP_RECEIVED_H

#include "conv/conv.h"

struct smtp_received {
	struct slice helo; /* the argument; whatever a client wrote */
	bool is_ehlo;
	bool is_utf8; /* MAIL had SMTPUTF8 */
};

/*
 * Appends the field (RFC 5321 4.4; keyword: RFC 3848, RFC 6531 4.3; tls clause: RFC 8314 4.3),
 * or nothing if the settings say so. Reads facts, settings and login of c. 0 or -ENOMEM.
 */
[[nodiscard]] int smtp_received_write(struct buf *out, const struct conv *c,
                                      const struct smtp_received *how);

#endif
