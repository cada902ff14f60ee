/*
 * The servers that have the zone of a name, by address: its NS records, found from the name
 * upwards, and theirs; or those that a stub says. For who has to ask each of them (ask/upstream.h).
 */
#ifndef ASK_ZONE_H
#define ASK_ZONE_H

#include "ask/lookup.h"

#include <stdbool.h>

enum {
	ZONE_SERVERS_MAX = 13,
	ZONE_SERVER_ADDRESSES_MAX = 4,
	ZONE_ADDRESSES_MAX = ZONE_SERVERS_MAX * ZONE_SERVER_ADDRESSES_MAX,
	ZONE_ADDRESS_CAP = 64,
	ZONE_WHY_CAP = 160,
};

struct zone_question;

struct zone_settings {
	struct io_loop *loop;
	struct lookup *lookup;
	const struct lookup_stub *stubs; /* borrowed, as long as the question is there */
	size_t stub_count;
};

/* addresses: "ADDRESS" or "ADDRESS@PORT", not none, borrowed. why: NULL, or why none is known, or
 * not all: addresses are then worth nothing. */
typedef void zone_fn(void *owner, const char (*addresses)[ZONE_ADDRESS_CAP], size_t count,
                     const char *why);
/*
 * fn is called once, in a later turn, unless the question is freed before; it may be freed inside.
 * name: text without final dot. 0 or a negative.
 */
[[nodiscard]] int zone_ask(struct zone_question **ret_q, const struct zone_settings *settings,
                           const char *name, zone_fn *fn, void *owner);
void zone_question_free(struct zone_question *q);

#endif
