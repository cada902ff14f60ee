/*
 * The conversation of an http edge. In TLS there is none: bytes go both ways unlooked at, as at a
 * tcp edge. In clear (port 80) one request is read and answered: a redirect to https, the answer
 * to an ACME challenge (RFC 8555 8.3) from its own backend, or an error; then the connection ends.
 */
#ifndef HTTP_EDGE_H
#define HTTP_EDGE_H

#include "conv/conv.h"

extern const struct conv_ops http_edge_ops;

#endif
