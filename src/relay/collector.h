/*
 * The collector of TLS reports: MTAs that deliver themselves tell it, in datagrams of libtlsrpt,
 * how their sessions ended (policy/datagram.h). They count beside those of the relay's own hops.
 */
#ifndef RELAY_COLLECTOR_H
#define RELAY_COLLECTOR_H

#include <stdint.h>

struct policy_asker;

/* All zero but asker is the start. */
struct relay_collector {
	struct policy_asker *asker;
	uint64_t datagrams;
	uint64_t refused; /* of them: no datagram of libtlsrpt, or too many in a second */
	int64_t second_s; /* the one that counts now */
	unsigned in_second;
	int64_t told_s; /* of the last that was said to be refused */
};

/* fd: a socket that has something to read; it stays the caller's. */
void relay_collector_read(struct relay_collector *c, int fd);

#endif
