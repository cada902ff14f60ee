/* How long a far end has for what is awaited of it. Pure. */
#ifndef RELAY_HOP_WAIT_H
#define RELAY_HOP_WAIT_H

#include "smtp/hop.h"

enum {
	RELAY_HOP_CONNECT_MS = 30 * 1000,
	/* RFC 5321 4.5.3.2 has 5 minutes: RCPT must be answered in 4. */
	RELAY_HOP_GREETING_MS = 60 * 1000,
	RELAY_HOP_TEXT_MS = 150 * 1000,
	RELAY_HOP_END_MS = 570 * 1000, /* less than the MTA waits */
};

/*
 * waited_ms: for how long the MTA awaits the answer to the final dot already
 *
 * 0: nothing is awaited of the far end.
 */
uint32_t relay_hop_wait_ms(const struct smtp_hop *smtp, uint32_t waited_ms);

#endif
