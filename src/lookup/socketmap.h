/*
 * The socketmap protocol of Postfix and sendmail (socketmap_table(5)): a question is a netstring of
 * the map's name, a space and the key; an answer is a netstring of a word and its text. Pure.
 */
#ifndef LOOKUP_SOCKETMAP_H
#define LOOKUP_SOCKETMAP_H

#include "base/buf.h"

enum { SOCKETMAP_MORE = 1, SOCKETMAP_BROKEN };
enum { SOCKETMAP_QUESTION_MAX = 10000, SOCKETMAP_ANSWER_MAX = 100000 };

struct socketmap_question {
	struct slice name, key; /* borrowed from the input */
};

/*
 * One question from the front of input.
 *
 * ret_used: bytes taken; set for 0
 *
 * Returns 0, SOCKETMAP_MORE, or SOCKETMAP_BROKEN (no netstring, longer than
 * SOCKETMAP_QUESTION_MAX, no space in it).
 */
[[nodiscard]] int socketmap_take(struct slice input, struct socketmap_question *ret_question,
                                 size_t *ret_used);

enum socketmap_result {
	SOCKETMAP_OK,
	SOCKETMAP_NOTFOUND, /* without a text */
	SOCKETMAP_TEMP,     /* not now: the text says why */
	SOCKETMAP_TIMEOUT,
	SOCKETMAP_PERM,
	SOCKETMAP_RESULT_COUNT
};

/*
 * One answer from the front of input.
 *
 * ret_text: borrowed from it
 *
 * Returns 0, SOCKETMAP_MORE, or SOCKETMAP_BROKEN (no netstring, longer than SOCKETMAP_ANSWER_MAX,
 * none of the words).
 */
[[nodiscard]] int socketmap_answer_take(struct slice input, enum socketmap_result *ret_result,
                                        struct slice *ret_text, size_t *ret_used);

/* A question. 0 or -ENOMEM. name has no space, both together SOCKETMAP_QUESTION_MAX - 1 bytes at
 * most. */
[[nodiscard]] int socketmap_ask(struct buf *out, const char *name, struct slice key);

/* 0 or -ENOMEM. text: cut to SOCKETMAP_ANSWER_MAX. */
[[nodiscard]] int socketmap_write(struct buf *out, enum socketmap_result result, struct slice text);

#endif
