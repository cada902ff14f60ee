/*
 * The process that looks at what our ports serve, as anybody sees it, and at those of other servers
 * that the settings name: it connects, makes a handshake, and tells the parent which certificate it
 * was shown and what DNS (TLSA) says of it. It decides nothing and has no files but its copy of the
 * root's keys, no key and no client; what strangers send is read here, and not in the parent.
 *
 * looker.h has what is looked at and when, look.h one look, tlsa.h the records of a port.
 */
#ifndef WITNESS_WITNESS_H
#define WITNESS_WITNESS_H

/* chan_fd: to the parent. Returns the exit status. */
int witness_main(int chan_fd);

#endif
