/* One line of an IMAP server before login (RFC 9051 7), without CRLF. Pure. */
#ifndef IMAP_REPLY_H
#define IMAP_REPLY_H

#include "base/buf.h"
#include "base/slice.h"

enum { IMAP_REPLY_RUBBISH = 1 };

enum imap_reply_kind {
	IMAP_REPLY_CONTINUE, /* + text */
	IMAP_REPLY_UNTAGGED,
	IMAP_REPLY_TAGGED,
};

enum imap_reply_word {
	IMAP_REPLY_OK,
	IMAP_REPLY_NO,
	IMAP_REPLY_BAD,
	IMAP_REPLY_BYE,
	IMAP_REPLY_PREAUTH,
	IMAP_REPLY_CAPABILITY,
	IMAP_REPLY_ID,
	IMAP_REPLY_OTHER,
};

struct imap_reply {
	enum imap_reply_kind kind;
	enum imap_reply_word word;
	struct slice line;      /* the whole */
	struct slice tag;       /* "*" or "+" too */
	struct slice word_text; /* as it came */
	struct slice code;      /* the first word in [...]; empty: none */
	struct slice code_args; /* what follows in it */
	struct slice text;      /* behind word and code */
};

/* Returns 0 or IMAP_REPLY_RUBBISH. */
[[nodiscard]] int imap_reply_parse(struct slice line, struct imap_reply *ret_reply);

/*
 * The line as a client may see it before login, with CRLF: capabilities rewritten (caps.h), no
 * REFERRAL (RFC 2221: it would lead the client away from the edge). 0 or -ENOMEM.
 */
[[nodiscard]] int imap_reply_print(const struct imap_reply *reply, bool keeps_plus,
                                   struct buf *out);

#endif
