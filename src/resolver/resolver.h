/*
 * The process that asks DNS, with DNSSEC, and fetches MTA-STS policies, for the workers. Their
 * channels come from the parent. It goes on while a worker needs it, also when its parent is gone
 * (another build took over).
 */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

/* chan_fd: to the parent. Returns the exit status. */
int resolver_main(int chan_fd);

#endif
