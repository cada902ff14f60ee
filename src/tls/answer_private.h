/* Between answer.c (records), answer_message.c (handshake messages) and answer_ssl2.c. */
#ifndef TLS_ANSWER_PRIVATE_H
#define TLS_ANSWER_PRIVATE_H

#include "tls/answer.h"

/* Reads numbers and vectors; what is not there is 0 or empty, and is_bad sticks. */
struct reader {
	struct slice rest;
	bool is_bad;
};

static inline struct slice read_bytes(struct reader *r, size_t len)
{
	if (len > r->rest.len) {
		r->is_bad = true;
		len = 0;
	}
	struct slice bytes = slice_head(r->rest, len);
	r->rest = slice_skip(r->rest, len);
	return bytes;
}

/* width: bytes, at most 3 */
static inline unsigned read_number(struct reader *r, size_t width)
{
	struct slice bytes = read_bytes(r, width);
	unsigned value = 0;
	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.data[i];
	return value;
}

static inline struct slice read_vector(struct reader *r, size_t width)
{
	return read_bytes(r, read_number(r, width));
}

/* Says what is wrong; returns TLS_ANSWER_BAD. */
int tls_answer_fail(struct tls_answer *a, const char *problem);

/* One whole handshake message. 0 (a->is_done: the last one), TLS_ANSWER_BAD or -ENOMEM. */
int tls_answer_message(struct tls_answer *a, unsigned type, struct slice body);

/* What was not said in TLS records. 0 (done), TLS_ANSWER_MORE, TLS_ANSWER_BAD or -ENOMEM. */
int tls_answer_ssl2(struct tls_answer *a, struct slice wire);

/* Appends a certificate; more than there is room for are left out. 0 or -ENOMEM. */
int tls_answer_add_certificate(struct tls_answer *a, struct slice der);

/* Whether bytes that begin so may be SSL 2. */
bool tls_answer_looks_ssl2(struct slice wire);

#endif
