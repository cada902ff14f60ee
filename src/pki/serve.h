/*
 * The CA's desk on the network: TLS 1.3, one request a connection. It reads and writes the CA's
 * directory and nothing else, so it can be boxed (proc/box.h) by who starts it.
 */
#ifndef PKI_SERVE_H
#define PKI_SERVE_H

#include "pki/pki.h"

struct pki_serve_settings {
	const char *dir;
	const int *listeners; /* non-blocking; stay the caller's */
	size_t listener_count;
	uint32_t grace_s; /* expired certificates so old may renew */
	int stop_fd;      /* readable: end */
};

enum { PKI_SERVE_LISTENERS_MAX = 8 };

/* Until stop_fd says so. 0, PKI_FAILED (ret_error), or a negative. */
[[nodiscard]] int pki_serve(const struct pki_serve_settings *set, char *ret_error,
                            size_t error_cap);

#endif
