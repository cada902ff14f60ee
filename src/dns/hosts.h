/*
 * The hosts file (hosts(5)): "ADDRESS NAME [ALIAS...]", "#" begins a comment. Pure.
 */
#ifndef DNS_HOSTS_H
#define DNS_HOSTS_H

#include "base/slice.h"
#include "dns/message.h"

/* The addresses of a name, in the order of the file, each once; letter case does not count. What
 * is no such line is passed over. Returns how many there are, cap at most. */
size_t dns_hosts_find(struct slice file, const char *name, char (*ret_addresses)[DNS_ADDRESS_CAP],
                      size_t cap);

#endif
