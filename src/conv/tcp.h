/*
 * The conversation of a tcp edge: none. TLS from the first byte, then bytes both ways unlooked at,
 * for any protocol that is no edge of its own (LDAP, NNTP). A client that offers ALPN ids is
 * refused, unless the edge's `alpn` names one of them.
 */
#ifndef CONV_TCP_H
#define CONV_TCP_H

#include "conv/conv.h"

extern const struct conv_ops conv_tcp_ops;

#endif
