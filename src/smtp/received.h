/*
 * The Received field that an edge and the relay add: without it a backend's mail says "plain" for
 * ever.
 */
#ifndef SMTP_RECEIVED_H
#define SMTP_RECEIVED_H

#include "conv/conv.h"

struct smtp_received {
	enum conv_received setting;
	const char *hostname; /* ours */
	const char *session_id;
	int64_t now_s;
	struct slice helo; /* the argument; whatever a client wrote */
	bool is_ehlo;
	bool is_lmtp; /* and then is_ehlo says nothing */
	bool is_utf8; /* MAIL had SMTPUTF8 */
	bool is_logged_in;
	const char *client_addr; /* "": it has none, a unix socket */
	bool client_is_v6;
	bool is_tls;
	const char *tls_version, *tls_cipher, *tls_group; /* "" if not known */
};

/*
 * Appends the field (RFC 5321 4.4; keyword: RFC 3848, RFC 6531 4.3; tls clause: RFC 8314 4.3),
 * or nothing if the setting says so. 0 or -ENOMEM.
 */
[[nodiscard]] int smtp_received_write(struct buf *out, const struct smtp_received *how);

#endif
