/*
 * Thousands of certificates, as one run of bytes that all workers have before them: names, sorted,
 * and for each certificate its chain in DER and the number by which keys knows its key. Nothing of
 * it is parsed before somebody asks for the name.
 */
#ifndef TLS_CATALOG_H
#define TLS_CATALOG_H

#include "base/buf.h"
#include "tls/chain.h"

struct tls_catalog;

struct tls_catalog_entry {
	const char *names; /* tls_chain.names */
	struct slice der;
	enum tls_key_kind kind;
	uint32_t key_id;
};

/* Of two with one name and kind the first is found. 0 or -ENOMEM (or above BUF_MAX). */
[[nodiscard]] int tls_catalog_write(struct buf *ret_bytes, const struct tls_catalog_entry *entries,
                                    size_t count);

enum { TLS_CATALOG_BAD = 1 }; /* not what tls_catalog_write() makes */

/*
 * Takes bytes, which were mapped (mmap) and are unmapped with the last reference; also when it
 * fails. 0, TLS_CATALOG_BAD or -ENOMEM.
 */
[[nodiscard]] int tls_catalog_new(struct tls_catalog **ret_catalog, void *bytes, size_t len);
struct tls_catalog *tls_catalog_ref(struct tls_catalog *catalog); /* NULL: NULL */
void tls_catalog_unref(struct tls_catalog *catalog);

size_t tls_catalog_count(const struct tls_catalog *catalog);

/* What is shown to who asks for a name: a chain of each kind that there is. */
struct tls_catalog_found {
	uint32_t number; /* of the name that was found: the same for the same */
	struct slice der[TLS_KEY_KIND_COUNT]; /* borrowed; empty: none of that kind */
	uint32_t key_ids[TLS_KEY_KIND_COUNT];
};

/* By exact name, then by wildcard in place of the left-most label. False: nobody has it. */
bool tls_catalog_find(const struct tls_catalog *catalog, const char *sni,
                      struct tls_catalog_found *ret_found);

#endif
