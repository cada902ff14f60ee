/*
 * The conversation of a tcp edge: none. TLS from the first byte, then bytes both ways unlooked at,
 * for any protocol that is no edge of its own (LDAP, NNTP). No ALPN id is known, so a client that
 * offers one is refused.
 */
#ifndef CONV_TCP_H
#define CONV_TCP_H

#include "conv/conv.h"

extern const struct conv_ops conv_tcp_ops;

#endif
