/* A node's directory: its key, its certificate, whom it trusts (identity/files.h). */
#ifndef PKI_NODE_H
#define PKI_NODE_H

#include "pki/pki.h"
#include "pki/talk.h"

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

/* What a node has of its own, read. */
struct pki_node {
	struct buf key_pem, chain, ca, denied; /* key_pem: wiped */
	struct tls_ca_key *key;
	char name[IDENTITY_NAME_CAP];
	int64_t not_before_s, not_after_s;
};
void pki_node_deinit(struct pki_node *node);
[[nodiscard]] int pki_node_read(struct pki_node *ret_node, const char *dir, char *ret_error,
                                size_t error_cap);

/* Only the key, which pki_node_request() made. */
[[nodiscard]] int pki_node_key(struct pki_node *ret_node, const char *dir, char *ret_error,
                               size_t error_cap);

/*
 * Takes an answer of the CA: whose certificate is of another key is refused; who was denied stays
 * so. server: where it came from, kept beside those it names.
 */
[[nodiscard]] int pki_node_take(const char *dir, const struct pki_node *node,
                                const struct pki_answer *answer, const char *server,
                                char *ret_error, size_t error_cap);

/* What asks a desk for the list of those revoked, if it has another. 0 or -ENOMEM. */
[[nodiscard]] int pki_node_denied_request(const struct pki_node *node,
                                          struct pki_request *ret_request);

/* The list of those revoked, as a desk told it: what was denied before stays so. Writes nothing
 * where that changes nothing. */
[[nodiscard]] int pki_node_denied_take(const char *dir, const struct pki_node *node,
                                       const struct pki_answer *answer, bool *ret_is_new,
                                       char *ret_error, size_t error_cap);

#endif
