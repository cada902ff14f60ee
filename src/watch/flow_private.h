/* What flow.c and flow_opening.c have of each other. */
#ifndef WATCH_FLOW_PRIVATE_H
#define WATCH_FLOW_PRIVATE_H

#include "watch/flow.h"
#include "watch/proto.h"

/* What there is of a side. */
struct slice watch_flow_ready(const struct watch_flow *f, enum watch_side side);
/* A whole line of text is passed over. False: there is none. */
bool watch_flow_line_skip(struct watch_flow *f, enum watch_side side);

/* Judged by what was found; or it is nobody's protocol. What it holds is freed. */
void watch_flow_done(struct watch_flow *f);
void watch_flow_give_up(struct watch_flow *f);
/* TLS follows. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_handshake(struct watch_flow *f);

/* Looks for the protocol: the phase changes when it is known. 0 or -ENOMEM. */
[[nodiscard]] int watch_flow_opening(struct watch_flow *f);
/* No more will come: what may be enough has to be. Is it known now? */
bool watch_flow_opening_last(struct watch_flow *f);
/* It was not: the verdict of that. */
void watch_flow_opening_end(struct watch_flow *f);

#endif
