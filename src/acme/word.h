/*
 * What the ACME client tells by its hook (uacme(1), -h): five words, of which a CA wrote the last
 * ones. Pure.
 */
#ifndef ACME_WORD_H
#define ACME_WORD_H

#include "acme/challenges.h"

enum acme_method { ACME_BEGIN, ACME_DONE, ACME_FAILED, ACME_METHOD_COUNT };

enum {
	ACME_WORD_WORDS = 5,
	ACME_WORD_MAX = 1024, /* all of them, each with its NUL */
	ACME_DIGEST_LEN = 32,
};

struct acme_word {
	enum acme_method method;
	enum acme_type type;
	char name[ACME_NAME_CAP]; /* lower case */
	char token[ACME_TOKEN_CAP];
	char authorization[ACME_AUTHORIZATION_CAP]; /* http-01: TOKEN.THUMBPRINT */
	uint8_t digest[ACME_DIGEST_LEN];            /* tls-alpn-01 */
};

enum acme_word_result {
	ACME_WORD_BAD = 1, /* not five words, or one that cannot be what it should */
	ACME_WORD_OTHER,   /* a challenge that our doors do not answer (dns-01, ...) */
};

/* 0 or enum acme_word_result. input: METHOD TYPE NAME TOKEN AUTHORIZATION, a NUL behind each. */
[[nodiscard]] int acme_word_read(struct acme_word *ret_word, struct slice input);
/* The same from the arguments of a hook. False: they do not fit. */
bool acme_word_write(struct buf *ret_text, char *const words[ACME_WORD_WORDS]);

/* Could a CA ask for that token, and is that the answer (RFC 8555 8.1, 8.3)? */
bool acme_token_is_answered(struct slice token, struct slice authorization);

/* Is this how the client calls a hook? argv without the program's name. */
bool acme_word_is_call(int argc, char *const *argv);

#endif
