/*
 * What ClientHellos offered, for the log: each kind once in a worker ("client hello", by its hash),
 * and in the record of every session the hash alone. So the record tells what a change of versions
 * or suites would cost, and a session keeps eight bytes.
 */
#ifndef EDGE_HELLO_H
#define EDGE_HELLO_H

#include "tls/hello.h"

enum {
	EDGE_HELLO_SLOTS = 4096, /* kinds remembered; one that was pushed out is told again */
	EDGE_HELLO_LIST_MAX = TLS_HELLO_SUITES_MAX * 5 + 1,
	EDGE_HELLO_NAME_CAP = 17,
};

struct edge_hellos {
	uint64_t slots[EDGE_HELLO_SLOTS];
};

/* True: this kind was not seen of late. */
[[nodiscard]] bool edge_hello_is_new(struct edge_hellos *seen, uint64_t hash);

/* As logs have it; "" for 0. Returns ret_text. */
const char *edge_hello_name(uint64_t hash, char ret_text[EDGE_HELLO_NAME_CAP]);

/* "1301,c02b": numbers of IANA's registries, as they came. ret_text has EDGE_HELLO_LIST_MAX bytes;
 * count is at most TLS_HELLO_SUITES_MAX. */
void edge_hello_list(const uint16_t *numbers, size_t count, char *ret_text);

#endif
