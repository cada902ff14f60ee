/* Telling a backend who the client is, by Postfix's XCLIENT command. */
#ifndef SMTP_XCLIENT_H
#define SMTP_XCLIENT_H

#include "conv/conv.h"

enum { SMTP_XCLIENT_BLIND = 1 };

struct smtp_xclient {
	const struct conv_facts *facts;
	struct slice helo; /* the argument of EHLO or HELO */
	bool is_ehlo;
	struct slice offered; /* attribute names the server listed, spaces between */
};

/*
 * The command line, without CRLF, of attributes that the server listed: one it does not know would
 * be refused with the rest (501). Returns 0, SMTP_XCLIENT_BLIND (it takes no address), or -ENOMEM.
 */
[[nodiscard]] int smtp_xclient_write(struct buf *out, const struct smtp_xclient *x);

#endif
