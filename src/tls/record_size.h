/*
 * How large a session's records are. A peer can read a record when all of it came: what begins a
 * stream goes in records of about one segment, so that the first bytes wait for no others; what
 * goes on goes in the largest there are, which cost the least a byte. Pure.
 */
#ifndef TLS_RECORD_SIZE_H
#define TLS_RECORD_SIZE_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* Of plaintext. With what any suite adds it fits in a segment of IPv6 over Ethernet. */
	TLS_RECORD_SIZE_SMALL = 1350,
	/* What goes in small ones: about what TCP sends in its first three round trips. */
	TLS_RECORD_SIZE_BEGINNING = 48 * TLS_RECORD_SIZE_SMALL,
};

/*
 * How much of len bytes is to be sealed next: one small record, or, behind the beginning, all of
 * it in records as large as they may be.
 *
 * begun: bytes that went so far, 0 at first and after a silence; counts up to the beginning
 */
static inline size_t tls_record_size_next(uint32_t *begun, size_t len)
{
	if (*begun >= TLS_RECORD_SIZE_BEGINNING)
		return len;
	if (len > TLS_RECORD_SIZE_SMALL)
		len = TLS_RECORD_SIZE_SMALL;
	*begun += (uint32_t)len;
	return len;
}

#endif
