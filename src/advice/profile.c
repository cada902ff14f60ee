#include "advice/profile.h"

#include "base/clean.h"

/* Every curve of 224 bits and more that is in use. */
#define CURVES "X25519:X448:P-256:P-384:P-521"
#define BRAINPOOL                                                                                  \
	"brainpoolP256r1tls13:brainpoolP384r1tls13:brainpoolP512r1tls13:brainpoolP256r1:"          \
	"brainpoolP384r1:brainpoolP512r1"
#define HYBRIDS "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024"

/* Between providers RFC 7435 holds: TLS that is weaker is better than none. Two of the sources
 * make no such exception. */
const struct advice_profile advice_profiles[] = {
	{ "m3aawg",
	  "M3AAWG TLS for Mail",
	  TLS_1_2,
	  { ADVICE_SUITES_ALL, ADVICE_SUITES_AEAD },
	  HYBRIDS ":" CURVES ":" BRAINPOOL },
	{ "ncsc2025",
	  "NCSC-NL IT Security Guidelines for TLS 2025-05, good and sufficient",
	  TLS_1_2,
	  { ADVICE_SUITES_AEAD, ADVICE_SUITES_AEAD },
	  HYBRIDS ":" CURVES ":" BRAINPOOL },
	{ "bsi2026",
	  "BSI TR-02102-2 2026-01",
	  TLS_1_2,
	  { ADVICE_SUITES_AEAD | ADVICE_SUITES_CBC_SHA2,
	    ADVICE_SUITES_AEAD | ADVICE_SUITES_CBC_SHA2 },
	  HYBRIDS ":P-256:P-384:P-521:" BRAINPOOL },
	{ "mozilla6",
	  "Mozilla Server Side TLS 6.0, intermediate",
	  TLS_1_2,
	  { ADVICE_SUITES_AEAD, ADVICE_SUITES_AEAD },
	  "X25519MLKEM768:X25519:P-256:P-384" },
	{ "rfc9325",
	  "RFC 9325, RFC 8996, RFC 9155",
	  TLS_1_2,
	  { ADVICE_SUITES_ALL, ADVICE_SUITES_AEAD },
	  HYBRIDS ":" CURVES ":" BRAINPOOL },
};
const size_t advice_profile_count = COUNT_OF(advice_profiles);

const struct advice_profile *advice_profile_find(const char *name)
{
	for (size_t i = 0; i < advice_profile_count; i++)
		if (!strcmp(advice_profiles[i].name, name))
			return &advice_profiles[i];
	return NULL;
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
