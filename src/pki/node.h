/* A node's directory: its key, its certificate, whom it trusts (identity/files.h). */
#ifndef PKI_NODE_H
#define PKI_NODE_H

#include "pki/pki.h"

struct pki_node_files {
	struct slice key; /* empty: the one that is there stays */
	struct slice chain;
	struct slice ca;
	struct slice denied;
};

/*
 * Makes the directory if it is not there; refuses one that others can write into. What is trusted
 * is written first, the certificate last.
 *
 * error: as pki->error
 */
[[nodiscard]] int pki_node_write(const char *dir, const struct pki_node_files *files,
                                 char *ret_error, size_t error_cap);

/* A key that stays in this directory, and a request for its certificate. One that is there already
 * is kept. As above. */
[[nodiscard]] int pki_node_request(const char *dir, const char *name, struct buf *ret_pem,
                                   char *ret_error, size_t error_cap);

#endif
