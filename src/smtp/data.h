/*
 * The text of a message on its way to the backend: any bytes in, canonical CRLF lines out, stuffed
 * so that nothing but the client's CRLF.CRLF ends it (RFC 5321 2.3.8, 4.1.1.4, 4.5.2). A bare LF
 * becomes CRLF, a bare CR or a NUL a space; or they are refused.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include "base/buf.h"

enum { SMTP_DATA_END = 1 };

enum smtp_data_state {
	SMTP_DATA_AT_LINE, /* behind CRLF, or at the very start */
	SMTP_DATA_AT_DOT,  /* a dot behind CRLF is held back */
	SMTP_DATA_AT_DOT_CR,
	SMTP_DATA_AT_BARE, /* behind a bare LF: a dot here is text */
	SMTP_DATA_IN_LINE,
	SMTP_DATA_IN_CR, /* a CR is held back */
};

/* All zero is the start of a message. */
struct smtp_data {
	enum smtp_data_state state;
	bool rejects;     /* set by the owner: refuse, do not mend */
	bool is_muted;    /* nothing more is written; by the owner, or when is_rejected */
	bool is_rejected; /* had a bare CR or LF or a NUL, and rejects */
	unsigned bare;    /* how many of them */
};

/*
 * Content behind DATA. Writes to out, the final dot included (never when muted).
 *
 * Returns 0 (all of input is used), SMTP_DATA_END (the end came, *ret_used bytes are used), or
 * -ENOMEM.
 */
[[nodiscard]] int smtp_data_take(struct smtp_data *d, struct slice input, struct buf *out,
                                 size_t *ret_used);

/* Content of BDAT chunks (RFC 3030): counted by the caller, no dots. 0 or -ENOMEM. */
[[nodiscard]] int smtp_data_chunk_take(struct smtp_data *d, struct slice input, struct buf *out);

/* The last chunk is over: what was held back goes out. 0 or -ENOMEM. */
[[nodiscard]] int smtp_data_chunk_end(struct smtp_data *d, struct buf *out);

#endif
