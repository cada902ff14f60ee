/*
 * A domain as people and programs write it, as DNS has it: U-labels become A-labels (IDNA2008, by
 * libidn2), letters lower case, a final dot goes.
 */
#ifndef DNS_IDN_H
#define DNS_IDN_H

#include "base/slice.h"

enum { DNS_IDN_CAP = 256 };

/* False: no name of a host (dns_name_is_host()). ret_name: DNS_IDN_CAP bytes. */
bool dns_idn_take(struct slice text, char *ret_name);

#endif
