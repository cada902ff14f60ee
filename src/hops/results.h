/* What an Authentication-Results field (RFC 8601; ARC's, RFC 8617) says of TLS. Pure. */
#ifndef HOPS_RESULTS_H
#define HOPS_RESULTS_H

#include "hops/notation.h"

/* "tls=pass smtp.version=TLSv1.3 smtp.cipher=NAME"; "x-tls" too, as milters call it. False: it
 * says nothing, or no pass. */
bool hops_results_read(struct hops_tls *ret_tls, struct slice value);

#endif
