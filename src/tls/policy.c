#include "tls/policy.h"

#include "base/clean.h"

#include <assert.h>

/*
 * Three tiers, best first. CBC is there for port 25, where a refused handshake becomes plaintext,
 * and for what speaks nothing newer than TLS 1.1. DHE has forward secrecy but is old, slow and
 * counted legacy: it is last, with ffdhe2048 only, and goes with require_forward_secrecy, because
 * an operator who writes that wants the modern exchange and nothing behind it. RSA key exchange
 * is not there at all: keys does not decrypt.
 */
enum tier {
	TIER_AEAD,
	TIER_CBC,
	TIER_DHE,
};

static const struct suite {
	enum tier tier;
	const char *name; /* OpenSSL's */
} suites[] = {
	{ TIER_AEAD, "ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ TIER_AEAD, "ECDHE-RSA-AES128-GCM-SHA256" },
	{ TIER_AEAD, "ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ TIER_AEAD, "ECDHE-RSA-AES256-GCM-SHA384" },
	{ TIER_AEAD, "ECDHE-ECDSA-CHACHA20-POLY1305" },
	{ TIER_AEAD, "ECDHE-RSA-CHACHA20-POLY1305" },
	{ TIER_CBC, "ECDHE-ECDSA-AES128-SHA256" },
	{ TIER_CBC, "ECDHE-RSA-AES128-SHA256" },
	{ TIER_CBC, "ECDHE-ECDSA-AES256-SHA384" },
	{ TIER_CBC, "ECDHE-RSA-AES256-SHA384" },
	{ TIER_CBC, "ECDHE-ECDSA-AES128-SHA" },
	{ TIER_CBC, "ECDHE-RSA-AES128-SHA" },
	{ TIER_CBC, "ECDHE-ECDSA-AES256-SHA" },
	{ TIER_CBC, "ECDHE-RSA-AES256-SHA" },
	{ TIER_DHE, "DHE-RSA-AES128-GCM-SHA256" },
	{ TIER_DHE, "DHE-RSA-AES256-GCM-SHA384" },
	{ TIER_DHE, "DHE-RSA-CHACHA20-POLY1305" },
	{ TIER_DHE, "DHE-RSA-AES128-SHA256" },
	{ TIER_DHE, "DHE-RSA-AES256-SHA256" },
	{ TIER_DHE, "DHE-RSA-AES128-SHA" },
	{ TIER_DHE, "DHE-RSA-AES256-SHA" },
};

const char tls_policy_suites13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
				   "TLS_CHACHA20_POLY1305_SHA256";

#define SIGALGS_SHA2                                                                               \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"     \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"

static bool is_old(const struct tls_policy *policy)
{
	return policy->min_version < TLS_1_2;
}

static bool has_tier(const struct tls_policy *policy, enum tier tier)
{
	bool is_wide = policy->profile == TLS_PROFILE_OPPORTUNISTIC || is_old(policy);
	switch (tier) {
	case TIER_AEAD:
		return true;
	case TIER_CBC:
		return is_wide;
	case TIER_DHE:
		return is_wide && !policy->require_forward_secrecy;
	}
	return false;
}

/* Level 2: 112 bits of security. TLS 1.0 and 1.1 sign with SHA-1 and so need level 0. */
void tls_policy_suites(const struct tls_policy *policy, char ret_suites[TLS_POLICY_SUITES_CAP])
{
	const char *level = is_old(policy) ? "@SECLEVEL=0" : "@SECLEVEL=2";
	size_t len = 0;
	for (size_t i = 0; i < COUNT_OF(suites); i++) {
		if (!has_tier(policy, suites[i].tier))
			continue;
		size_t name_len = strlen(suites[i].name);
		assert(len + name_len + 1 + strlen(level) < TLS_POLICY_SUITES_CAP);
		memcpy(ret_suites + len, suites[i].name, name_len);
		len += name_len;
		ret_suites[len++] = ':';
	}
	memcpy(ret_suites + len, level, strlen(level) + 1);
}

const char *tls_policy_sigalgs(const struct tls_policy *policy)
{
	return is_old(policy) ? SIGALGS_SHA2 ":ECDSA+SHA1:RSA+SHA1" : SIGALGS_SHA2;
}
