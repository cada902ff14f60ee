/* Other protocols at a mail port: ALPACA, Opossum, a balancer that is not in proxy_from. */
#ifndef CONV_FOREIGN_H
#define CONV_FOREIGN_H

#include "base/slice.h"

/* An HTTP request or a PROXY header where a mail command should be. */
bool conv_line_is_foreign(struct slice line);

#endif
