/*
 * What authorities recommend for TLS: named profiles, one row each. For `report impact` (who would
 * break), and for `check`, which judges servers by them.
 */
#ifndef ADVICE_PROFILE_H
#define ADVICE_PROFILE_H

#include "tls/server.h"
#include "tls/suite.h"

/* Who is at the other end: a provider, on port 25, or a user or a host of our own. */
enum advice_side { ADVICE_PROVIDERS, ADVICE_USERS, ADVICE_SIDE_COUNT };

enum advice_suites {
	ADVICE_SUITES_AEAD = 1 << 0,      /* ECDHE; those of TLS 1.3 are in every profile */
	ADVICE_SUITES_CBC_SHA2 = 1 << 1,  /* ECDHE */
	ADVICE_SUITES_CBC_SHA1 = 1 << 2,  /* ECDHE */
	ADVICE_SUITES_DHE = 1 << 3,       /* finite fields, 2048 bits */
	ADVICE_SUITES_ALL = (1 << 4) - 1, /* forward secrecy, whatever else */
};

/* What it is worth that a server takes something. */
enum advice_grade {
	ADVICE_GOOD,
	ADVICE_AGEING, /* a warning: tolerated for now, or not among what is recommended */
	ADVICE_BAD,    /* insufficient */
};

/* How a server is judged, by who connects to it (check/judge.h). */
struct advice_scale {
	enum advice_grade old_versions;   /* TLS 1.0 and 1.1 */
	enum advice_grade anonymous;      /* suites without a certificate */
	enum advice_grade static_kex;     /* RSA, and fixed Diffie-Hellman */
	enum advice_grade cbc_sha2;       /* with forward secrecy */
	enum advice_grade cbc_sha1;       /* with forward secrecy */
	enum advice_grade old_signatures; /* MD5 and SHA-1 in the certificates */
};

struct advice_profile {
	const char *name;   /* "ncsc2025" */
	const char *source; /* the document */
	enum tls_version min_version;
	unsigned suites[ADVICE_SIDE_COUNT]; /* enum advice_suites */
	const char *groups;                 /* ":" between, the best first */

	struct advice_scale scales[ADVICE_SIDE_COUNT];
	enum advice_grade other_ciphers; /* AEAD that is neither AES nor ChaCha20 */
	enum advice_grade short_tags;    /* CCM_8 */
	enum advice_grade dhe;           /* finite fields of dh_bits and more */
	unsigned dh_bits;                /* fewer are AGEING, */
	unsigned dh_bits_least;          /* fewer than these BAD */
	enum advice_grade other_primes;  /* that are not of RFC 7919 */
	unsigned rsa_bits;               /* of certificates, as above */
	unsigned rsa_bits_least;
	enum advice_grade other_curves; /* of 224 bits and more that are not in groups */
	enum advice_grade no_ems;       /* extended master secret is missing (RFC 7627) */
	bool wants_dane;                /* DNSSEC and TLSA records are part of it */
	unsigned certificate_days;      /* longest life of a certificate; 0: it does not say */
};

extern const struct advice_profile advice_profiles[];
extern const size_t advice_profile_count;

/* NULL: there is none of that name. */
const struct advice_profile *advice_profile_find(const char *name);

/* Its list of groups has this one, by IANA's number. */
bool advice_profile_has_group(const struct advice_profile *profile, uint16_t number);

/* The profile has this suite. */
bool advice_profile_takes(const struct advice_profile *profile, enum advice_side side,
                          const struct tls_suite *suite);

#endif
