/*
 * The keys process: holds the private keys and answers "sign this digest with this TLS scheme for
 * key N" (never a raw RSA operation). No files, no network: key files come as descriptors.
 */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

/* chan_fd: to the parent. Returns the exit status. */
int keys_main(int chan_fd);

#endif
