/*
 * The process that answers at names of our own in HTTPS: policies of MTA-STS at mta-sts.DOMAIN, and
 * where mail programs find their servers. An http edge ends TLS and hands over here, by a socket in
 * run_dir. It has no network: what DNS has it asks resolver, what certificates there are the parent
 * says.
 */
#ifndef SITE_SITE_H
#define SITE_SITE_H

/* Takes the channel to the parent. Returns the process's exit status. */
int site_main(int chan_fd);

#endif
