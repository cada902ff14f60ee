/* TLS reports, as resolver says how many there are; and one that an operator wants now. */
#ifndef PARENT_TLSRPT_H
#define PARENT_TLSRPT_H

#include "base/slice.h"

#include <stdint.h>

struct json_t;
struct parent;

/* TLS reports of the days that are kept. */
struct parent_tlsrpt {
	uint64_t waiting, sent, given_up;
};

void parent_tlsrpt_came(struct parent *p, struct slice payload);
struct json_t *parent_tlsrpt_json(const struct parent *p);
/* day: "" for yesterday. NULL, or why not. */
const char *parent_tlsrpt_send(struct parent *p, const char *day);

#endif
