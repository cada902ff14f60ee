/* The date of a Received field (RFC 5322 3.3, with the old zones of 4.3). Pure. */
#ifndef HOPS_DATE_H
#define HOPS_DATE_H

#include "base/slice.h"

/* Unix time. False: it is none. Comments, a day of the week and what follows are passed over. */
bool hops_date_parse(struct slice text, int64_t *ret_at_s);

#endif
