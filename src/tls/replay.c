#include "tls/replay.h"

#include "base/clean.h"
#include "tls/hello.h"
#include "tls/policy.h"
#include "tls/signer.h"

enum {
	SSL_3_0 = 0x0300,
	SCSV_FALLBACK = 0x5600, /* RFC 7507 */
	ECDSA_SHA1 = 0x0203,
	RSA_SHA1 = 0x0201,
};

/* Of tls_policy_sigalgs(), in its order. curve: what TLS 1.3 binds it to (RFC 8446 4.2.3). */
static const struct scheme {
	uint16_t number;
	bool is_rsa, is_in_13, is_sha1;
	uint16_t curve;
} schemes[] = {
	{ 0x0403, false, true, false, TLS_GROUP_P256 },
	{ 0x0503, false, true, false, TLS_GROUP_P384 },
	{ 0x0603, false, true, false, TLS_GROUP_P521 },
	{ 0x0804, true, true, false, 0 },
	{ 0x0805, true, true, false, 0 },
	{ 0x0806, true, true, false, 0 },
	{ 0x0401, true, false, false, 0 },
	{ 0x0501, true, false, false, 0 },
	{ 0x0601, true, false, false, 0 },
	{ ECDSA_SHA1, false, false, true, 0 },
	{ RSA_SHA1, true, false, true, 0 },
};

static const char *const result_words[] = {
	[0] = "well",
	[TLS_REPLAY_NO_VERSION] = "no shared TLS version",
	[TLS_REPLAY_FALLBACK] = "inappropriate fallback",
	[TLS_REPLAY_NO_SUITE] = "no shared cipher",
	[TLS_REPLAY_NO_GROUP] = "no shared group",
	[TLS_REPLAY_NO_SIGNATURE] = "no shared signature algorithm",
};
_Static_assert(COUNT_OF(result_words) == TLS_REPLAY_RESULT_END);

const char *tls_replay_result_words(int result)
{
	return result_words[result];
}

struct tls_replay_offer tls_replay_offer_of(const struct tls_hello *hello)
{
	return (struct tls_replay_offer){
		.legacy_version = hello->legacy_version,
		.versions = hello->versions,
		.suites = hello->suites,
		.groups = hello->groups,
		.sigalgs = hello->sigalgs,
		.version_count = hello->version_count,
		.suite_count = hello->suite_count,
		.group_count = hello->group_count,
		.sigalg_count = hello->sigalg_count,
	};
}

/* --- what the server offers --- */

static bool has_suites(const struct tls_replay_server *s, bool of_13)
{
	for (size_t i = 0; i < s->suite_count; i++)
		if ((s->suites[i]->tier == TLS_SUITE_13) == of_13)
			return true;
	return false;
}

static void suites_fill(struct tls_replay_server *s, const struct tls_replay_plan *plan)
{
	for (size_t i = 0; plan->suites && i < plan->suite_count; i++)
		if (s->suite_count < TLS_SUITE_COUNT)
			s->suites[s->suite_count++] = plan->suites[i];
	for (size_t i = 0; !plan->suites && i < TLS_SUITE_COUNT; i++)
		if (tls_policy_has_tier(plan->policy, tls_suites[i].tier))
			s->suites[s->suite_count++] = &tls_suites[i];
}

static void groups_fill(struct tls_replay_server *s, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, ":");
		const struct tls_group *group = tls_group_find(slice_of(names, len));
		if (group && group->number != TLS_GROUP_FFDHE2048 &&
		    s->group_count < TLS_REPLAY_GROUPS_MAX)
			s->groups[s->group_count++] = group->number;
		names += len + (names[len] != '\0');
	}
}

void tls_replay_server_init(struct tls_replay_server *ret_server,
                            const struct tls_replay_plan *plan)
{
	struct tls_replay_server s = {
		.min_version = plan->policy->min_version,
		.max_version = TLS_1_3,
		.has_sha1 = plan->policy->min_version < TLS_1_2,
		.has_rsa = plan->has_rsa,
		.curve = plan->curve,
		.picks_best_share = plan->picks_best_share,
	};
	suites_fill(&s, plan);
	groups_fill(&s, plan->policy->groups);
	if (!has_suites(&s, true))
		s.max_version = TLS_1_2;
	if (!has_suites(&s, false) && s.min_version < TLS_1_3)
		s.min_version = TLS_1_3;
	*ret_server = s;
}

/* --- version --- */

static bool has(const uint16_t *list, size_t count, uint16_t value)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == value)
			return true;
	return false;
}

static bool offers_version(const struct tls_replay_server *s, uint16_t version)
{
	return version >= s->min_version && version <= s->max_version;
}

/* RFC 8446 4.2.1: with the extension it alone counts; without it there is no TLS 1.3. 0: none. */
static uint16_t version_choose(const struct tls_replay_server *s,
                               const struct tls_replay_offer *offer)
{
	uint16_t best = 0;
	if (!offer->version_count) {
		best = offer->legacy_version < TLS_1_2 ? offer->legacy_version : TLS_1_2;
		return offers_version(s, best) ? best : 0;
	}
	if (offer->legacy_version <= SSL_3_0)
		return 0;
	for (size_t i = 0; i < offer->version_count; i++)
		if (offer->versions[i] > best && offers_version(s, offer->versions[i]))
			best = offer->versions[i];
	return best;
}

/* --- group --- */

static bool group_is_of(uint16_t number, uint16_t version)
{
	const struct tls_group *group = tls_group_of(number);
	return group && version >= group->min_version && version <= group->max_version;
}

/* The server's first that is in the list, in that version; 0: none. */
static uint16_t group_best(const struct tls_replay_server *s, const uint16_t *list, size_t count,
                           uint16_t version)
{
	for (size_t i = 0; i < s->group_count; i++)
		if (group_is_of(s->groups[i], version) && has(list, count, s->groups[i]))
			return s->groups[i];
	return 0;
}

static uint16_t group_first(const struct tls_replay_server *s, const uint16_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (group_is_of(list[i], TLS_1_3) && has(s->groups, s->group_count, list[i]))
			return list[i];
	return 0;
}

static size_t groups_shared(const struct tls_replay_server *s, const struct tls_replay_offer *offer)
{
	size_t count = 0;
	for (size_t i = 0; i < s->group_count; i++)
		count += group_is_of(s->groups[i], TLS_1_3) &&
		         has(offer->groups, offer->group_count, s->groups[i]);
	return count;
}

/*
 * A group with a key share, though it be a worse one, comes before a round trip more for the best.
 * Where the shares are not known: clients send one for their first group.
 */
static int group13_choose(const struct tls_replay_server *s, const struct tls_replay_offer *offer,
                          struct tls_replay *replay)
{
	const uint16_t *shares = offer->shares ? offer->shares : offer->groups;
	size_t count = offer->shares ? offer->share_count : offer->group_count > 0;
	replay->group = s->picks_best_share ? group_best(s, shares, count, TLS_1_3)
	                                    : group_first(s, shares, count);
	replay->is_retried = !replay->group;
	if (replay->is_retried)
		replay->group = group_best(s, offer->groups, offer->group_count, TLS_1_3);
	replay->is_group_certain = offer->shares || groups_shared(s, offer) == 1;
	return replay->group ? 0 : TLS_REPLAY_NO_GROUP;
}

/* --- signature --- */

static bool is_signed_by(const struct tls_replay_server *s, const struct scheme *scheme)
{
	return scheme->is_rsa ? s->has_rsa : s->curve != 0;
}

/* The server's first that both have, of a kind of key. 0: none. */
static uint16_t scheme12_find(const struct tls_replay_server *s,
                              const struct tls_replay_offer *offer, bool of_rsa)
{
	if (!offer->sigalg_count) /* RFC 5246 7.4.1.4.1: SHA-1 then */
		return !s->has_sha1 ? 0 : of_rsa ? RSA_SHA1 : ECDSA_SHA1;
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (schemes[i].is_rsa == of_rsa && (!schemes[i].is_sha1 || s->has_sha1) &&
		    has(offer->sigalgs, offer->sigalg_count, schemes[i].number))
			return schemes[i].number;
	return 0;
}

/* Whatever the keys: this much has to be in common if the client says anything of it. */
static bool shares_scheme(const struct tls_replay_server *s, const struct tls_replay_offer *offer)
{
	return !offer->sigalg_count || scheme12_find(s, offer, true) ||
	       scheme12_find(s, offer, false);
}

static uint16_t scheme_old_find(const struct tls_replay_server *s,
                                const struct tls_replay_offer *offer, uint16_t version, bool of_rsa)
{
	if (version >= TLS_1_2)
		return scheme12_find(s, offer, of_rsa);
	return of_rsa ? TLS_SCHEME_RSA_MD5_SHA1 : ECDSA_SHA1;
}

static uint16_t scheme13_find(const struct tls_replay_server *s,
                              const struct tls_replay_offer *offer)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		const struct scheme *scheme = &schemes[i];
		bool fits_curve = scheme->is_rsa || scheme->curve == s->curve;
		if (scheme->is_in_13 && is_signed_by(s, scheme) && fits_curve &&
		    has(offer->sigalgs, offer->sigalg_count, scheme->number))
			return scheme->number;
	}
	return 0;
}

/* --- suite --- */

/* RFC 7905: a client that puts ChaCha20 first has no AES in hardware. */
static bool likes_chacha(const struct tls_replay_offer *offer)
{
	for (size_t i = 0; i < offer->suite_count; i++) {
		if (!tls_suite_is_known(offer->suites[i]))
			continue;
		for (size_t n = 0; n < TLS_SUITE_COUNT; n++)
			if (tls_suites[n].number == offer->suites[i])
				return tls_suites[n].is_chacha;
		return false;
	}
	return false;
}

/* What of a suite before TLS 1.3 is looked at. */
struct old_needs {
	uint16_t version;
	uint16_t group; /* of ECDHE; 0: none */
	bool has_rsa, has_ec;
};

static bool is_suitable(const struct tls_suite *suite, const struct old_needs *needs)
{
	bool has_group = suite->tier == TLS_SUITE_DHE || needs->group;
	bool has_key = suite->auth == TLS_AUTH_RSA ? needs->has_rsa : needs->has_ec;
	return suite->tier != TLS_SUITE_13 && suite->min_version <= needs->version && has_group &&
	       has_key;
}

/* needs: NULL for TLS 1.3. */
static const struct tls_suite *suite_choose(const struct tls_replay_server *s,
                                            const struct tls_replay_offer *offer,
                                            const struct old_needs *needs)
{
	const struct tls_suite *best = NULL;
	bool is_chacha_first = likes_chacha(offer);
	for (size_t i = 0; i < s->suite_count; i++) {
		const struct tls_suite *suite = s->suites[i];
		bool fits = needs ? is_suitable(suite, needs) : suite->tier == TLS_SUITE_13;
		if (!fits || !has(offer->suites, offer->suite_count, suite->number))
			continue;
		if (!is_chacha_first || suite->is_chacha)
			return suite;
		if (!best)
			best = suite;
	}
	return best;
}

/* Why there is no suite: what would have to be there besides, for one. */
static int old_reason(const struct tls_replay_server *s, const struct tls_replay_offer *offer,
                      struct old_needs needs)
{
	bool has_rsa = needs.has_rsa, has_ec = needs.has_ec;
	needs.has_rsa = s->has_rsa;
	needs.has_ec = s->curve != 0;
	if (suite_choose(s, offer, &needs))
		return has_rsa != needs.has_rsa || has_ec != needs.has_ec ? TLS_REPLAY_NO_SIGNATURE
		                                                          : TLS_REPLAY_NO_SUITE;
	needs.group = TLS_GROUP_P256;
	return suite_choose(s, offer, &needs) ? TLS_REPLAY_NO_GROUP : TLS_REPLAY_NO_SUITE;
}

static int old_choose(const struct tls_replay_server *s, const struct tls_replay_offer *offer,
                      struct tls_replay *replay)
{
	uint16_t version = replay->version;
	if (version == TLS_1_2 && !shares_scheme(s, offer))
		return TLS_REPLAY_NO_SIGNATURE;
	struct old_needs needs = {
		.version = version,
		.group = group_best(s, offer->groups, offer->group_count, version),
		.has_rsa = s->has_rsa,
		/* RFC 8422 5.1: its curve too is to be one that the client has. */
		.has_ec = s->curve && scheme_old_find(s, offer, version, false) &&
		          (!offer->group_count || has(offer->groups, offer->group_count, s->curve)),
	};
	replay->suite = suite_choose(s, offer, &needs);
	if (!replay->suite)
		return old_reason(s, offer, needs);
	replay->scheme = scheme_old_find(s, offer, version, replay->suite->auth == TLS_AUTH_RSA);
	if (!replay->scheme)
		return TLS_REPLAY_NO_SIGNATURE;
	replay->group = replay->suite->tier == TLS_SUITE_DHE ? TLS_GROUP_FFDHE2048 : needs.group;
	replay->is_group_certain = true;
	return 0;
}

static int new_choose(const struct tls_replay_server *s, const struct tls_replay_offer *offer,
                      struct tls_replay *replay)
{
	replay->suite = suite_choose(s, offer, NULL);
	if (!replay->suite)
		return TLS_REPLAY_NO_SUITE;
	int r = group13_choose(s, offer, replay);
	if (r)
		return r;
	replay->scheme = scheme13_find(s, offer);
	return replay->scheme ? 0 : TLS_REPLAY_NO_SIGNATURE;
}

int tls_replay(const struct tls_replay_server *server, const struct tls_replay_offer *offer,
               struct tls_replay *ret_replay)
{
	struct tls_replay replay = { .version = version_choose(server, offer) };
	if (!replay.version)
		return TLS_REPLAY_NO_VERSION;
	if (replay.version < server->max_version &&
	    has(offer->suites, offer->suite_count, SCSV_FALLBACK))
		return TLS_REPLAY_FALLBACK;
	int r = replay.version == TLS_1_3 ? new_choose(server, offer, &replay)
	                                  : old_choose(server, offer, &replay);
	if (r)
		return r;
	*ret_replay = replay;
	return 0;
}
