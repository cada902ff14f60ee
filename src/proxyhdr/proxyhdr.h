/*
 * The PROXY protocol (HAProxy's proxy-protocol.txt): version 2 is written towards backends,
 * versions 1 and 2 are read from balancers named in proxy_from. Pure.
 */
#ifndef PROXYHDR_PROXYHDR_H
#define PROXYHDR_PROXYHDR_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PROXYHDR_V1_MAX = 107,        /* CRLF included */
	PROXYHDR_V2_MAX = 16 + 4096,  /* more is no header of a mail session */
	PROXYHDR_UNIQUE_ID_MAX = 128, /* bytes */
	PROXYHDR_ADDR_MAX = 46,       /* an address as text, NUL included */
};

/* What a backend is told about a connection. All borrowed. */
struct proxyhdr_facts {
	bool is_local;           /* our own connection (a health check): nothing below is said */
	const char *client_addr; /* numeric; IPv4 and IPv6 may be mixed (then IPv4 goes mapped) */
	const char *local_addr;
	uint16_t client_port;
	uint16_t local_port;
	bool has_tls; /* false: neither an SSL nor an ALPN TLV, whatever the texts below say */
	const char *tls_version; /* "TLSv1.3"; NULL or "": not said */
	const char *tls_cipher;
	const char *client_cn; /* of a client certificate that was verified; NULL: none was */
	const char *unique_id; /* the session's id; NULL or "": not said */
	const char *alpn;      /* what is spoken, as agreed on by ALPN; NULL or "": not said */
};

/*
 * Appends a version 2 header. Returns 0 or a negative: -EINVAL for an address that is not
 * numeric or an unique id that is too long (the facts are ours, a peer cannot cause it).
 * Version, cipher, name and ALPN are cut at 255 bytes.
 */
[[nodiscard]] int proxyhdr_build(struct buf *out, const struct proxyhdr_facts *facts);

enum proxyhdr_outcome {
	PROXYHDR_MORE = 1, /* so far it is a header; not all of it came */
	PROXYHDR_BAD,      /* not a header, or one that lies or is too long: close */
};

struct proxyhdr_result {
	bool is_local; /* LOCAL: the balancer's own connection */
	/* false for LOCAL, v1 UNKNOWN, v2 UNSPEC and unix sockets: the socket's addresses count */
	bool has_addresses;
	char client_addr[PROXYHDR_ADDR_MAX]; /* canonical text; IPv4-mapped IPv6 as IPv4 */
	char local_addr[PROXYHDR_ADDR_MAX];
	uint16_t client_port;
	uint16_t local_port;
};

/*
 * Reads one header from the front of input; TLVs are checked and skipped.
 *
 * ret_used: its bytes; what follows is the client's
 *
 * Returns 0, PROXYHDR_MORE or PROXYHDR_BAD. BAD comes as soon as it is certain, so MORE is never
 * said for more than PROXYHDR_V2_MAX bytes.
 */
[[nodiscard]] int proxyhdr_parse(struct slice input, struct proxyhdr_result *ret, size_t *ret_used);

#endif
