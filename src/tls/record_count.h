/*
 * How many records went by in one direction under the keys in force: read off their headers, for
 * OpenSSL does not tell. A ChangeCipherSpec begins again (TLS 1.2); of TLS 1.3 OpenSSL says when
 * new keys came, and the caller begins again.
 */
#ifndef TLS_RECORD_COUNT_H
#define TLS_RECORD_COUNT_H

#include "base/slice.h"

struct tls_record_count {
	uint64_t records;
	uint64_t explicit_nonce; /* the first 8 bytes of the last record's body */
	uint32_t left;           /* bytes of the record's body that are still to come */
	uint8_t header[5 + 8];   /* and what the body begins with */
	uint8_t header_len;
};

void tls_record_count_feed(struct tls_record_count *c, struct slice bytes);

/* New keys are in force for what follows. */
static inline void tls_record_count_restart(struct tls_record_count *c)
{
	c->records = 0;
}

/* False: a record went by in part. */
static inline bool tls_record_count_is_whole(const struct tls_record_count *c)
{
	return !c->left && !c->header_len;
}

#endif
