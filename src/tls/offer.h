/*
 * ClientHellos written by hand, SSL 2 to TLS 1.3: what a server makes of them shows what it takes,
 * whatever the local library still speaks. Pure: numbers in, bytes out, nothing is remembered. The
 * handshake is never finished, so a key share needs to be valid and nothing more.
 */
#ifndef TLS_OFFER_H
#define TLS_OFFER_H

#include "base/buf.h"

enum {
	TLS_OFFER_SUITES_MAX = 64, /* servers were seen that ignore what stands behind 128 */
	TLS_OFFER_GROUPS_MAX = 64,
	TLS_OFFER_SCHEMES_MAX = 40,
	TLS_OFFER_VERSIONS_MAX = 8,
	TLS_OFFER_SHARES_MAX = 4,
	TLS_OFFER_RANDOM_LEN = 32,
	TLS_OFFER_NAME_MAX = 255,  /* of SNI and of a protocol; a longer one is left out */
	TLS_OFFER_LEN_MAX = 16384, /* one record holds it all */
};

enum tls_offer_extension {
	TLS_OFFER_EMS = 1 << 0,                /* RFC 7627 */
	TLS_OFFER_RENEGOTIATION_INFO = 1 << 1, /* RFC 5746, empty */
	TLS_OFFER_TICKET = 1 << 2,             /* RFC 5077, empty */
	TLS_OFFER_HEARTBEAT = 1 << 3,          /* RFC 6520 */
	TLS_OFFER_STATUS_REQUEST = 1 << 4,     /* OCSP, RFC 6066 8 */
	TLS_OFFER_POINT_FORMATS = 1 << 5,      /* uncompressed, RFC 8422 5.1.2 */
	TLS_OFFER_ENCRYPT_THEN_MAC = 1 << 6,   /* RFC 7366 */
	TLS_OFFER_PSK_MODES = 1 << 7,          /* psk_dhe_ke, RFC 8446 4.2.9 */
	TLS_OFFER_KEY_SHARE = 1 << 8,          /* with shares[], also with none of them */
};

struct tls_offer {
	uint16_t record_version;
	uint16_t version; /* of the hello itself: TLS 1.3 has 0x0303 here */
	uint16_t versions[TLS_OFFER_VERSIONS_MAX]; /* supported_versions; none: not sent */
	size_t version_count;
	uint16_t suites[TLS_OFFER_SUITES_MAX];
	size_t suite_count;
	uint16_t groups[TLS_OFFER_GROUPS_MAX]; /* none: not sent */
	size_t group_count;
	uint16_t schemes[TLS_OFFER_SCHEMES_MAX]; /* signature_algorithms; none: not sent */
	size_t scheme_count;
	/*
	 * Groups with a key share, see tls_offer_has_share(). With TLS_OFFER_KEY_SHARE and none of
	 * them the server names its choice in a HelloRetryRequest (RFC 8446 4.2.8).
	 */
	uint16_t shares[TLS_OFFER_SHARES_MAX];
	size_t share_count;
	unsigned extensions;         /* enum tls_offer_extension */
	bool is_bare;                /* no extension at all, as hellos of SSL 3 are */
	bool has_deflate;            /* compression: DEFLATE before none */
	bool has_renegotiation_scsv; /* RFC 5746 3.3; beside suites[] */
	bool has_fallback_scsv;      /* RFC 7507; beside suites[] */
	bool has_grease;             /* RFC 8701: suite, extensions, group, version */
	bool has_session_id;         /* random; TLS 1.3 wants one for middleboxes (RFC 8446 D.4) */
	size_t padded_len;           /* RFC 7685: at least so long, at most 8192; 0: no padding */
	const char *sni;             /* borrowed until written; NULL: none */
	const char *alpn[4];
};

/* The hellos of the shallow look at an endpoint, one connection each. */
enum tls_offer_kind {
	TLS_OFFER_13,
	TLS_OFFER_12, /* the 64 suites most worth asking for */
	TLS_OFFER_11,
	TLS_OFFER_10,
	TLS_OFFER_SSL3,
	TLS_OFFER_WEAK, /* TLS 1.2 and below: NULL, anonymous, export, RC4, DES, 3DES only */
	TLS_OFFER_POST_QUANTUM, /* TLS 1.3, groups of ML-KEM only and no share, see offer_kinds.c */
	TLS_OFFER_SHA1,         /* TLS 1.2, signatures with SHA-1 only */
	TLS_OFFER_KIND_COUNT
};
/* sni: borrowed by the offer; NULL: none. */
void tls_offer_init(struct tls_offer *ret_offer, enum tls_offer_kind kind, const char *sni);
const char *tls_offer_kind_name(enum tls_offer_kind kind);

/*
 * Everything that such a version can ask for and no suite: for who fills suites himself.
 * version: 0x0300 to 0x0304
 */
void tls_offer_init_version(struct tls_offer *ret_offer, uint16_t version, const char *sni);

/* X25519, X448, P-256, P-384, P-521 and X25519MLKEM768. The share of any other is left out. */
bool tls_offer_has_share(uint16_t group);

/*
 * Appends the hello in its records.
 *
 * random: where all that is to look random comes from; the same gives the same bytes
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int tls_offer_write(const struct tls_offer *offer,
                                  const uint8_t random[TLS_OFFER_RANDOM_LEN], struct buf *out);

/* CLIENT-HELLO of SSL 2 with every cipher kind it has (tls/iana.h). 0 or -ENOMEM. */
[[nodiscard]] int tls_offer_write_ssl2(const uint8_t random[TLS_OFFER_RANDOM_LEN], struct buf *out);

#endif
