/* Inside pki/ only. */
#ifndef PKI_INSIDE_H
#define PKI_INSIDE_H

#include "pki/pki.h"
#include "pki/talk.h"

#include <sys/types.h>

/* Notes the first thing that went wrong; PKI_FAILED. */
int pki_fails(struct pki *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* DIR/name; cut if it does not fit (then there is no such file). */
void pki_path(const struct pki *p, const char *name, char ret_path[PKI_PATH_CAP]);
/* DIR/root-N/name. */
void pki_root_path(const struct pki *p, unsigned number, const char *name,
                   char ret_path[PKI_PATH_CAP]);

/* These return 0, PKI_FAILED with its words, or -ENOMEM. */
[[nodiscard]] int pki_file_read(struct pki *p, const char *path, struct buf *ret_bytes);
[[nodiscard]] int pki_file_write(struct pki *p, const char *path, mode_t mode, struct slice bytes);

/* There it is, ours, and nobody else can write into it; made if it is not there. */
[[nodiscard]] int pki_directory_ensure(struct pki *p, const char *path);
[[nodiscard]] int pki_directory_check(struct pki *p, const char *path);

[[nodiscard]] int pki_order_check(struct pki *p, const struct pki_order *order);

/* On disk before it returns. */
[[nodiscard]] int pki_journal_append(struct pki *p, struct slice lines);

/* root-1 and so on, read anew. */
[[nodiscard]] int pki_roots_read(struct pki *p);

/* Names a CA: "mailseal WHAT 4f0c11aa", another one each time. 0 or a negative. */
[[nodiscard]] int pki_ca_name(char *ret_name, size_t cap, const char *what);

/* All of a root-N; what is empty is not there. */
struct pki_root_files {
	struct slice root, issuing, cross, root_key, issuing_key;
};
[[nodiscard]] int pki_root_put(struct pki *p, const struct pki_root_files *files, unsigned number,
                               int64_t now_s);

/* SHA-256 in hex. 0 or -ENOMEM. */
[[nodiscard]] int pki_digest_write(struct slice text, char ret_hex[PKI_DIGEST_LEN + 1]);

/* A private key of a root-N, "root.key" or "issuing.key". */
[[nodiscard]] int pki_key_read(struct pki *p, unsigned number, const char *name,
                               struct slice passphrase, struct tls_ca_key **ret_key);

#endif
