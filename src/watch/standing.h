/* Where a flow stands among the rows: in that of its verdict, which counts its bytes. Pure. */
#ifndef WATCH_STANDING_H
#define WATCH_STANDING_H

#include "watch/pairs.h"

/* Its verdict may be another one now. wire: over what it was seen; loopback addresses are LOCAL
 * anyway. */
void watch_standing_update(struct watch_rows *rows, struct watch_pair *pair, enum watch_wire wire);

/* A packet came; it needs no verdict. */
void watch_standing_count(struct watch_pair *pair, const struct watch_packet *packet, int64_t at_s);

#endif
