#include "tls/policy.h"

#include <assert.h>

const char tls_policy_suites13[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
				   "TLS_CHACHA20_POLY1305_SHA256";

#define SIGALGS_SHA2                                                                               \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"     \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"

static bool is_old(const struct tls_policy *policy)
{
	return policy->min_version < TLS_1_2;
}

/*
 * Three tiers, best first. CBC is there for port 25, where a refused handshake becomes plaintext,
 * and for what speaks nothing newer than TLS 1.1. DHE has forward secrecy but is old, slow and
 * counted legacy: it is last, with ffdhe2048 only, and goes with require_forward_secrecy, because
 * an operator who writes that wants the modern exchange and nothing behind it. RSA key exchange
 * is not there at all: keys does not decrypt.
 */
bool tls_policy_has_tier(const struct tls_policy *policy, enum tls_suite_tier tier)
{
	bool is_wide = policy->profile == TLS_PROFILE_OPPORTUNISTIC || is_old(policy);
	switch (tier) {
	case TLS_SUITE_13:
	case TLS_SUITE_AEAD:
		return true;
	case TLS_SUITE_CBC:
		return is_wide;
	case TLS_SUITE_DHE:
		return is_wide && !policy->require_forward_secrecy;
	}
	return false;
}

/* Level 2: 112 bits of security. TLS 1.0 and 1.1 sign with SHA-1 and so need level 0. */
void tls_policy_suites(const struct tls_policy *policy, char ret_suites[TLS_POLICY_SUITES_CAP])
{
	const char *level = is_old(policy) ? "@SECLEVEL=0" : "@SECLEVEL=2";
	size_t len = 0;
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++) {
		const struct tls_suite *suite = &tls_suites[i];
		if (suite->tier == TLS_SUITE_13 || !tls_policy_has_tier(policy, suite->tier))
			continue;
		size_t name_len = strlen(suite->openssl);
		assert(len + name_len + 1 + strlen(level) < TLS_POLICY_SUITES_CAP);
		memcpy(ret_suites + len, suite->openssl, name_len);
		len += name_len;
		ret_suites[len++] = ':';
	}
	memcpy(ret_suites + len, level, strlen(level) + 1);
}

const char *tls_policy_sigalgs(const struct tls_policy *policy)
{
	return is_old(policy) ? SIGALGS_SHA2 ":ECDSA+SHA1:RSA+SHA1" : SIGALGS_SHA2;
}
