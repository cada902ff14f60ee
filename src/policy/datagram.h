/*
 * A datagram of libtlsrpt, which Postfix 3.10 and others tell a collector by how a session ended:
 * one JSON object. Strict and bounded: what is not as it should be is none.
 */
#ifndef POLICY_DATAGRAM_H
#define POLICY_DATAGRAM_H

#include "policy/outcome.h"

struct json_t;

enum { POLICY_DATAGRAM_BAD = 1 };
enum { POLICY_DATAGRAM_MAX = 64 * 1024 };

struct policy_datagram {
	struct policy_outcome outcome; /* borrows from the rest */
	struct json_t *json;
	struct buf lines[2 * POLICY_OUTCOME_PARTS_MAX];
};

/*
 * ret_d: policy_datagram_deinit() in any case
 *
 * Returns 0, -ENOMEM, or POLICY_DATAGRAM_BAD: no JSON, another version, a key that is missing or
 * of the wrong kind, too many or too long, a text that no report may have. *ret_why says what.
 */
[[nodiscard]] int policy_datagram_parse(struct policy_datagram *ret_d, struct slice bytes,
                                        const char **ret_why);
void policy_datagram_deinit(struct policy_datagram *d);

#endif
