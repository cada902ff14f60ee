/* What a ClientHello offered (RFC 8446 4.1.2), kept for the record also when it is refused. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "base/slice.h"

enum {
	TLS_HELLO_SUITES_MAX = 160,
	TLS_HELLO_GROUPS_MAX = 48,
	TLS_HELLO_SIGALGS_MAX = 64,
	TLS_HELLO_VERSIONS_MAX = 16,
	TLS_HELLO_EXTENSIONS_MAX = 64,
	TLS_HELLO_LEN_MAX = 16384,   /* a longer one is BAD for us; OpenSSL may still take it */
	TLS_HELLO_INPUT_MAX = 20480, /* records and headers of the longest one, cut a little */
};

struct tls_hello {
	uint16_t legacy_version;
	uint16_t max_version; /* highest offered, GREASE left out */
	uint16_t versions[TLS_HELLO_VERSIONS_MAX];
	uint16_t suites[TLS_HELLO_SUITES_MAX];
	uint16_t groups[TLS_HELLO_GROUPS_MAX];
	uint16_t sigalgs[TLS_HELLO_SIGALGS_MAX];
	uint16_t extensions[TLS_HELLO_EXTENSIONS_MAX]; /* their types, as they came */
	uint8_t version_count, suite_count, group_count, sigalg_count, extension_count;
	char sni[256]; /* "" also if what was sent is no host name */
	char alpn[64]; /* first protocol offered */
	uint64_t hash; /* over versions, suites, groups, sigalgs: the same stack gives the same */
};

enum tls_hello_result {
	TLS_HELLO_MORE = 1, /* not whole yet */
	TLS_HELLO_BAD,      /* no ClientHello (or SSL 2) */
};

/* From the record layer on: input starts at the first byte the client sent in this handshake. */
[[nodiscard]] int tls_hello_parse(struct slice input, struct tls_hello *ret_hello);

/* One word for logs: "TLSv1.3", "SSLv3", "0x0305" (this kind only until the next call). */
const char *tls_hello_version_name(uint16_t version);

#endif
