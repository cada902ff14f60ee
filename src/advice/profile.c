#include "advice/profile.h"

#include "base/clean.h"

/* Every curve of 224 bits and more that is in use. */
#define CURVES "X25519:X448:P-256:P-384:P-521"
#define BRAINPOOL                                                                                  \
	"brainpoolP256r1tls13:brainpoolP384r1tls13:brainpoolP512r1tls13:brainpoolP256r1:"          \
	"brainpoolP384r1:brainpoolP512r1"
#define HYBRIDS "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024"

/* Whoever connects: old versions, static RSA and SHA-1 are out. */
#define STRICT(cbc_sha2_grade, cbc_sha1_grade)                                                     \
	{                                                                                          \
		.old_versions = ADVICE_BAD, .anonymous = ADVICE_BAD, .static_kex = ADVICE_BAD,     \
		.cbc_sha2 = ADVICE_##cbc_sha2_grade, .cbc_sha1 = ADVICE_##cbc_sha1_grade,          \
		.old_signatures = ADVICE_BAD                                                       \
	}
/* Between providers RFC 7435 holds: TLS that is weaker is better than none, which is what a sender
 * that finds nothing in common falls back to. Three of the sources make no such exception. */
#define OPPORTUNISTIC                                                                              \
	{                                                                                          \
		.old_versions = ADVICE_AGEING, .anonymous = ADVICE_AGEING,                         \
		.static_kex = ADVICE_AGEING, .cbc_sha2 = ADVICE_AGEING, .cbc_sha1 = ADVICE_AGEING, \
		.old_signatures = ADVICE_AGEING                                                    \
	}

const struct advice_profile advice_profiles[] = {
	{ .name = "m3aawg",
	  .source = "M3AAWG TLS for Mail",
	  .min_version = TLS_1_2,
	  .suites = { ADVICE_SUITES_ALL, ADVICE_SUITES_AEAD },
	  .groups = HYBRIDS ":" CURVES ":" BRAINPOOL,
	  .scales = { OPPORTUNISTIC, STRICT(AGEING, BAD) },
	  .short_tags = ADVICE_AGEING,
	  .dh_bits = 3072,
	  .dh_bits_least = 2048,
	  .rsa_bits = 2048,
	  .rsa_bits_least = 2048,
	  .other_curves = ADVICE_AGEING,
	  .no_ems = ADVICE_AGEING },
	{ .name = "ncsc2025",
	  .source = "NCSC-NL IT Security Guidelines for TLS 2025-05, good and sufficient",
	  .min_version = TLS_1_2,
	  .suites = { ADVICE_SUITES_AEAD, ADVICE_SUITES_AEAD },
	  .groups = HYBRIDS ":" CURVES ":" BRAINPOOL,
	  .scales = { STRICT(AGEING, BAD), STRICT(AGEING, BAD) },
	  .other_ciphers = ADVICE_AGEING,
	  .short_tags = ADVICE_BAD,
	  .dhe = ADVICE_AGEING,
	  .dh_bits = 3072,
	  .dh_bits_least = 3072,
	  .other_primes = ADVICE_BAD,
	  .rsa_bits = 3072,
	  .rsa_bits_least = 2048,
	  .other_curves = ADVICE_BAD,
	  .no_ems = ADVICE_BAD },
	{ .name = "bsi2026",
	  .source = "BSI TR-02102-2 2026-01, TR-03108",
	  .min_version = TLS_1_2,
	  .suites = { ADVICE_SUITES_AEAD | ADVICE_SUITES_CBC_SHA2,
	              ADVICE_SUITES_AEAD | ADVICE_SUITES_CBC_SHA2 },
	  .groups = HYBRIDS ":P-256:P-384:P-521:" BRAINPOOL,
	  .scales = { STRICT(GOOD, BAD), STRICT(GOOD, BAD) },
	  .other_ciphers = ADVICE_AGEING,
	  .short_tags = ADVICE_AGEING,
	  .dhe = ADVICE_AGEING,
	  .dh_bits = 3000,
	  .dh_bits_least = 3000,
	  .rsa_bits = 3000,
	  .rsa_bits_least = 3000,
	  .other_curves = ADVICE_AGEING,
	  .no_ems = ADVICE_BAD,
	  .wants_dane = true },
	{ .name = "mozilla6",
	  .source = "Mozilla Server Side TLS 6.0, intermediate",
	  .min_version = TLS_1_2,
	  .suites = { ADVICE_SUITES_AEAD, ADVICE_SUITES_AEAD },
	  .groups = "X25519MLKEM768:X25519:P-256:P-384",
	  .scales = { STRICT(AGEING, BAD), STRICT(AGEING, BAD) },
	  .other_ciphers = ADVICE_AGEING,
	  .short_tags = ADVICE_AGEING,
	  .dhe = ADVICE_AGEING,
	  .dh_bits = 2048,
	  .dh_bits_least = 2048,
	  .rsa_bits = 2048,
	  .rsa_bits_least = 2048,
	  .other_curves = ADVICE_AGEING,
	  .no_ems = ADVICE_AGEING,
	  .certificate_days = 366 },
	{ .name = "rfc9325",
	  .source = "RFC 9325, RFC 8996, RFC 9155",
	  .min_version = TLS_1_2,
	  .suites = { ADVICE_SUITES_ALL, ADVICE_SUITES_AEAD },
	  .groups = HYBRIDS ":" CURVES ":" BRAINPOOL,
	  .scales = { OPPORTUNISTIC, STRICT(AGEING, AGEING) },
	  .short_tags = ADVICE_AGEING,
	  .dh_bits = 2048,
	  .dh_bits_least = 2048,
	  .rsa_bits = 2048,
	  .rsa_bits_least = 2048,
	  .other_curves = ADVICE_AGEING,
	  .no_ems = ADVICE_BAD },
};
const size_t advice_profile_count = COUNT_OF(advice_profiles);

const struct advice_profile *advice_profile_find(const char *name)
{
	for (size_t i = 0; i < advice_profile_count; i++)
		if (!strcmp(advice_profiles[i].name, name))
			return &advice_profiles[i];
	return NULL;
}

bool advice_profile_has_group(const struct advice_profile *profile, uint16_t number)
{
	for (const char *at = profile->groups; *at;) {
		size_t len = strcspn(at, ":");
		const struct tls_group *group = tls_group_find(slice_of(at, len));
		if (group && group->number == number)
			return true;
		at += len + (at[len] != '\0');
	}
	return false;
}

static unsigned suites_of(const struct tls_suite *suite)
{
	switch (suite->tier) {
	case TLS_SUITE_13:
	case TLS_SUITE_AEAD:
		return ADVICE_SUITES_AEAD;
	case TLS_SUITE_CBC:
		/* Those with a hash of SHA-2 came with TLS 1.2. */
		return suite->min_version == TLS_1_2 ? ADVICE_SUITES_CBC_SHA2
		                                     : ADVICE_SUITES_CBC_SHA1;
	case TLS_SUITE_DHE:
		return ADVICE_SUITES_DHE;
	}
	return 0;
}

bool advice_profile_takes(const struct advice_profile *profile, enum advice_side side,
                          const struct tls_suite *suite)
{
	return (profile->suites[side] & suites_of(suite)) != 0;
}
