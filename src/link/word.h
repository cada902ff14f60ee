/*
 * What a far end says before the stream, once it knows whether it reached its service, to a near
 * end that will hear it (tls/word.h). Nothing of the stream was passed on before.
 *
 *	01                it is reached; what follows is the service's
 *	02 LENGTH TEXT    it is not, and why; then close_notify
 */
#ifndef LINK_WORD_H
#define LINK_WORD_H

#include "base/buf.h"

enum { LINK_WORD_WHY_CAP = 100 };

struct link_word {
	bool is_reached;
	char why[LINK_WORD_WHY_CAP]; /* printable; "": it is reached */
};

enum link_word_result {
	LINK_WORD_MORE = 1, /* it is not whole yet */
	LINK_WORD_BAD,      /* it is none */
};

/* 0 (*ret_used bytes are its), or enum link_word_result. */
[[nodiscard]] int link_word_read(struct slice input, struct link_word *ret_word, size_t *ret_used);

/* A why that is too long is cut. 0 or -ENOMEM. */
[[nodiscard]] int link_word_write(struct buf *out, const struct link_word *word);

#endif
