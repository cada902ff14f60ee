/*
 * What the certificates of a server say, whatever is wrong with them, and whether given CAs vouch
 * for them. Strangers write certificates: all text here is printable and has an end, everything
 * else a maximum.
 */
#ifndef TLS_INSPECT_H
#define TLS_INSPECT_H

#include "tls/proof.h"

enum {
	TLS_INSPECT_CERTIFICATES_MAX = 16, /* more are not looked at */
	TLS_INSPECT_LEN_MAX = 128 * 1024,
};

struct tls_inspected {
	char subject[256], issuer[256]; /* RFC 4514, cut, printable */
	char cn[128];                   /* the last common name; "": none */
	char key[40];                   /* "RSA 2048", "EC P-256", "ED25519 256" */
	char curve[32];                 /* "P-256"; "": no curve */
	unsigned key_bits;
	char signature[48]; /* "sha256WithRSAEncryption"; "RSASSA-PSS sha256" */
	bool is_sha1_signed, is_md5_signed;
	int64_t not_before_s, not_after_s; /* Unix time; 0: it does not say */
	bool is_self_signed;
	bool is_ca;             /* CA:TRUE */
	bool is_issued_by_next; /* the one behind it signed it; of the last one false */
	bool has_ocsp_url;
	uint8_t spki[32];   /* SHA-256 of its public key */
	uint8_t sha256[32]; /* of the whole */
};

struct tls_inspection {
	struct tls_inspected certificates[TLS_INSPECT_CERTIFICATES_MAX];
	size_t count;
	size_t sent_count; /* with those that were not looked at */
	char *names; /* SAN of the leaf: DNS, lower case, sorted, unique, "," between; owned */
	size_t name_count;
	bool has_wildcard;    /* among names */
	bool has_must_staple; /* RFC 7633, of the leaf */
	size_t sct_count;     /* in the leaf, RFC 6962 */
	bool is_in_order;     /* each was issued by the next */
	bool has_root;        /* a self-signed one behind the leaf */
	bool has_duplicate;
};

enum tls_inspect_result {
	TLS_INSPECT_EMPTY = 1,
	TLS_INSPECT_BAD, /* the leaf does not parse; later ones that do not are not counted */
};

/*
 * chain: DER, one certificate behind the other, leaf first; or PEM
 *
 * Returns 0, enum tls_inspect_result, or -ENOMEM.
 */
[[nodiscard]] int tls_inspect(struct tls_inspection *ret_inspection, struct slice chain);
void tls_inspection_deinit(struct tls_inspection *inspection);

/* Is the name in the leaf as an own name or by a wildcard (RFC 9525)? In the common name only? */
enum tls_inspect_name {
	TLS_INSPECT_NAME_MATCHES,
	TLS_INSPECT_NAME_WILDCARD,
	TLS_INSPECT_NAME_CN_ONLY, /* no longer counts (RFC 9525 2) */
	TLS_INSPECT_NAME_MISSING,
	TLS_INSPECT_NAME_COUNT
};
enum tls_inspect_name tls_inspect_name(const struct tls_inspection *inspection, const char *name);

/* CAs that are trusted; costly to make, shared by all. */
struct tls_roots;

/* 0, enum tls_chain_result (tls/chain.h), or -ENOMEM. */
[[nodiscard]] int tls_roots_new(struct tls_roots **ret_roots, struct slice ca_pem);
void tls_roots_free(struct tls_roots *roots);

struct tls_trust {
	enum tls_proof_result result; /* of the first thing that is wrong: trust, dates, name */
	const char *why;              /* words of the library; static */
	bool has_name;                /* whoever vouches for it; of an address too */
};

struct tls_trust_question {
	struct slice chain; /* as for tls_inspect() */
	const char *name;   /* which the server should have; NULL: not asked */
	int64_t now_s;
};
/* 0, enum tls_inspect_result, or -ENOMEM. */
[[nodiscard]] int tls_inspect_trust(struct tls_trust *ret_trust, struct tls_roots *roots,
                                    const struct tls_trust_question *question);

#endif
