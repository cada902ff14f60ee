/* Capabilities of servers as struct conv_caps keeps them, looked at without their protocol. Pure.
 */
#ifndef EDGE_CAPS_H
#define EDGE_CAPS_H

#include "conv/conv.h"

/*
 * Leaves of *caps what others offers too. Lines are a word and its values: of these the common
 * ones stay (of SIZE the smaller), and a line without any goes.
 *
 * are_words: conv_ops.caps_are_words
 */
void edge_caps_meet(struct conv_caps *caps, const struct conv_caps *others, bool are_words);

/* Of mechanisms those stay that an edge can take itself (sasl/credential.h); LOGIN where PLAIN is,
 * for it goes on as that. */
void edge_caps_keep_replayable(struct conv_caps *caps, bool are_words);

/* A SASL mechanism is among them that binds to the TLS channel (RFC 5802 6). */
bool edge_caps_has_plus(const struct conv_caps *caps);

#endif
