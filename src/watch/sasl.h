/* A SASL exchange in clear (RFC 4422), whatever protocol carries it: whose, and what of a password.
 */
#ifndef WATCH_SASL_H
#define WATCH_SASL_H

#include "watch/talk.h"

/* The client chose a mechanism; its responses follow. */
void watch_sasl_begin(struct watch_talk *t, struct slice mechanism);

static inline bool watch_sasl_is_open(const struct watch_talk *t)
{
	return t->step;
}

/* The next one, in base64; "*" ends the exchange, "=" is the empty one. */
void watch_sasl_response(struct watch_talk *t, struct slice base64);

/* The server has answered with success or failure. */
void watch_sasl_end(struct watch_talk *t);

#endif
