#include "audit/cipher.h"

#include "base/clean.h"
#include "tls/cipherlist.h"

static unsigned classes_of(unsigned suites)
{
	return (suites & ADVICE_SUITES_AEAD ? TLS_CIPHERS_AEAD : 0u) |
	       (suites & ADVICE_SUITES_CBC_SHA2 ? TLS_CIPHERS_CBC_SHA2 : 0u) |
	       (suites & ADVICE_SUITES_CBC_SHA1 ? TLS_CIPHERS_CBC_SHA1 : 0u) |
	       (suites & ADVICE_SUITES_DHE ? TLS_CIPHERS_DHE : 0u);
}

unsigned audit_ciphers_beyond(const struct advice_profile *profile, enum advice_side side,
                              unsigned classes)
{
	return classes & ~classes_of(profile->suites[side]);
}

enum advice_verdict audit_ciphers_verdict(enum advice_side side, unsigned beyond)
{
	const unsigned broken = TLS_CIPHERS_OPEN | TLS_CIPHERS_STATIC | TLS_CIPHERS_WEAK;
	if (!beyond)
		return ADVICE_WELL;
	return side == ADVICE_USERS && beyond & broken ? ADVICE_FAIL : ADVICE_WARN;
}

#define BROKEN "aNULL, eNULL, kRSA, PSK, SRP, DSS, 3DES, RC4, MD5, CAMELLIA, ARIA, SEED"
#define GOOD "ECDHE+AESGCM:ECDHE+CHACHA20"

/* Every profile has one of these sets for each side; what comes first has all that is needed. */
static const struct {
	unsigned suites;
	const char *exclude, *list;
} sets[] = {
	{ ADVICE_SUITES_AEAD, BROKEN ", kDHE, SHA1, SHA256, SHA384", GOOD },
	{ ADVICE_SUITES_AEAD | ADVICE_SUITES_CBC_SHA2, BROKEN ", kDHE, SHA1",
	  GOOD ":ECDHE+AES+SHA384:ECDHE+AES+SHA256" },
	{ ADVICE_SUITES_ALL, BROKEN, GOOD ":ECDHE+AES:DHE+AES:!aNULL:!ARIA:!CAMELLIA" },
};

static size_t set_of(const struct advice_profile *profile, enum advice_side side)
{
	size_t best = 0;
	for (size_t i = 0; i < COUNT_OF(sets); i++)
		if ((sets[i].suites & ~profile->suites[side]) == 0)
			best = i;
	return best;
}

const char *audit_ciphers_exclude(const struct advice_profile *profile, enum advice_side side)
{
	return sets[set_of(profile, side)].exclude;
}

const char *audit_ciphers_list(const struct advice_profile *profile, enum advice_side side)
{
	return sets[set_of(profile, side)].list;
}
