/* A question or an answer of DNS (RFC 1035 4.1), by its form alone. */
#ifndef WATCH_DNS_H
#define WATCH_DNS_H

#include "base/slice.h"

bool watch_dns_is_query(struct slice message);
bool watch_dns_is_answer(struct slice message);

#endif
