/* D1 to D7: cipher suites, and what they exchange keys with. */
#include "check/judge_rules.h"
#include "check/suite_set.h"

/* --- D1, D2: what there is --- */

static bool is_any(const struct tls_iana_suite *suite)
{
	return suite->number != 0;
}

static bool d1(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP * 2];
	check_suite_set_init(&set, at->endpoint);
	if (!set.is_whole || !set.count)
		return false;
	size_t count = check_suite_set_list(&set, is_any, list, sizeof(list));
	return check_judge_say(r, CHECK_INFO, "%zu below TLSv1.3: %s", count, list);
}

static enum advice_grade grade_13(const struct check_judge_at *at, uint16_t number)
{
	struct tls_iana_suite suite;
	if (!tls_iana_suite(number, &suite))
		return ADVICE_AGEING;
	if (suite.encryption == TLS_ENCRYPTION_NULL)
		return ADVICE_BAD;
	if (suite.mode == TLS_MODE_CCM_8)
		return at->profile->short_tags;
	if (suite.encryption == TLS_ENCRYPTION_AES || suite.encryption == TLS_ENCRYPTION_CHACHA20)
		return ADVICE_GOOD;
	return at->profile->other_ciphers;
}

static bool d2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_suites *suites = &at->endpoint->versions[CHECK_TLS13];
	enum advice_grade grade = ADVICE_GOOD;
	char list[CHECK_TEXT_CAP] = "", text[16];
	for (unsigned i = 0; i < suites->count && i < CHECK_SUITES_MAX; i++) {
		enum advice_grade one = grade_13(at, suites->accepted[i]);
		const char *name = tls_iana_suite_name(suites->accepted[i], text, sizeof(text));
		grade = check_judge_worse(grade, one);
		if (one != ADVICE_GOOD)
			check_judge_list_add(list, sizeof(list), "%s", name);
	}
	if (list[0])
		return check_judge_say_grade(r, grade, list);
	if (!suites->is_whole)
		return false;
	return check_judge_say(r, CHECK_PASS, "those of TLSv1.3 are all good");
}

/* --- D3: what nobody should take --- */

static bool is_broken(const struct tls_iana_suite *suite)
{
	return check_suite_is_weak(suite) && !check_suite_is_anonymous_alone(suite);
}

static bool d3(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP * 2];
	check_suite_set_init(&set, at->endpoint);
	if (check_suite_set_list(&set, is_broken, list, sizeof(list)))
		return check_judge_say(r, CHECK_FAIL, "%s", list);
	if (check_suite_set_list(&set, check_suite_is_anonymous_alone, list, sizeof(list)))
		return check_judge_say(r, check_judge_verdict(at->scale->anonymous),
		                       "without a certificate: %s", list);
	if (at->endpoint->takes_bad_suites == CHECK_YES)
		return check_judge_say(r, CHECK_FAIL,
		                       "a hello with nothing but weak suites is answered");
	if (set.is_whole || at->endpoint->takes_bad_suites == CHECK_NO)
		return check_judge_say(r, CHECK_PASS,
		                       "none of NULL, anonymous, export, RC4, DES, 3DES");
	return check_judge_say_unseen(at, r);
}

/* --- D4: forward secrecy --- */

/* What a client gets that offers everything, in its order or the server's. */
static const char *static_pick(const struct check_endpoint *e, const struct check_suite_set *set)
{
	struct tls_iana_suite suite;
	uint16_t chosen = e->versions[CHECK_TLS12].chosen;
	if (chosen && tls_iana_suite(chosen, &suite) && check_suite_is_static(&suite))
		return "; it is what a client gets that offers everything";
	if (set->has_order == CHECK_NO)
		return "; a client that names it first gets it";
	return "";
}

static bool d4(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP];
	check_suite_set_init(&set, at->endpoint);
	if (check_suite_set_list(&set, check_suite_is_static, list, sizeof(list)))
		return check_judge_say(r, check_judge_verdict(at->scale->static_kex), "%s%s", list,
		                       static_pick(at->endpoint, &set));
	if (set.is_whole)
		return check_judge_say(r, CHECK_PASS, "all have forward secrecy");
	return false;
}

/* --- D5: modes --- */

static enum advice_grade grade_cbc(const struct check_judge_at *at,
                                   const struct tls_iana_suite *suite)
{
	bool is_sha2 = suite->mac == TLS_MAC_SHA256 || suite->mac == TLS_MAC_SHA384;
	return is_sha2 ? at->scale->cbc_sha2 : at->scale->cbc_sha1;
}

/* Of a suite that D3 has nothing to say against. */
static enum advice_grade grade_mode(const struct check_judge_at *at,
                                    const struct tls_iana_suite *suite)
{
	bool is_usual = suite->encryption == TLS_ENCRYPTION_AES ||
	                suite->encryption == TLS_ENCRYPTION_CHACHA20;
	enum advice_grade cipher = is_usual ? ADVICE_GOOD : at->profile->other_ciphers;
	switch (suite->mode) {
	case TLS_MODE_AEAD:
		return cipher;
	case TLS_MODE_CCM_8:
		return check_judge_worse(cipher, at->profile->short_tags);
	case TLS_MODE_CBC:
		return check_judge_worse(cipher, grade_cbc(at, suite));
	case TLS_MODE_NONE:
	case TLS_MODE_STREAM:
	case TLS_MODE_CTR:
	case TLS_MODE_COUNT:
		break;
	}
	return check_judge_worse(cipher, ADVICE_AGEING);
}

static bool d5(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	enum advice_grade grade = ADVICE_GOOD;
	char list[CHECK_TEXT_CAP * 2] = "";
	check_suite_set_init(&set, at->endpoint);
	for (size_t i = 0; i < set.count; i++) {
		struct tls_iana_suite suite;
		if (!tls_iana_suite(set.numbers[i], &suite) || check_suite_is_weak(&suite))
			continue;
		enum advice_grade one = grade_mode(at, &suite);
		if (one != ADVICE_GOOD)
			check_judge_list_add(list, CHECK_TEXT_CAP + 128, "%s", suite.name);
		grade = check_judge_worse(grade, one);
	}
	if (grade != ADVICE_GOOD)
		return check_judge_say_grade(r, grade, list);
	if (set.is_whole)
		return check_judge_say(r, CHECK_PASS, "none that the profile has anything against");
	return false;
}

/* --- D6: whose order --- */

/* What a client should not get while there is better. */
static bool is_phased_out(const struct tls_iana_suite *suite)
{
	return check_suite_is_weak(suite) || check_suite_is_static(suite) ||
	       check_suite_is_cbc(suite) || check_suite_is_dhe(suite);
}

static bool d6(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP];
	check_suite_set_init(&set, at->endpoint);
	if (!check_suite_set_list(&set, is_phased_out, list, sizeof(list)))
		return set.is_whole && check_judge_say(r, CHECK_NOT_APPLICABLE,
		                                       "all suites are good, in whatever order");
	switch (set.has_order) {
	case CHECK_UNKNOWN:
		return check_judge_say_unseen(at, r);
	case CHECK_NO:
		return check_judge_say(r, CHECK_WARN, "the client chooses, and may choose %s",
		                       list);
	case CHECK_YES:
		return check_judge_say(r, CHECK_PASS, "the server chooses");
	}
	return false;
}

/* --- D7: finite fields --- */

static enum advice_grade grade_dh(const struct check_judge_at *at, const struct check_dh *dh)
{
	const struct advice_profile *profile = at->profile;
	if (dh->bits < profile->dh_bits_least || dh->is_common)
		return ADVICE_BAD;
	enum advice_grade bits = dh->bits < profile->dh_bits ? ADVICE_AGEING : profile->dhe;
	if (!strncmp(dh->name, "ffdhe", 5))
		return bits;
	/* Nobody else has looked at a prime of its own. */
	enum advice_grade prime = dh->name[0] ? ADVICE_GOOD : ADVICE_AGEING;
	return check_judge_worse(bits, check_judge_worse(prime, profile->other_primes));
}

static bool d7(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP];
	if (e->dh.bits)
		return check_judge_say(r, check_judge_verdict(grade_dh(at, &e->dh)), "%u bits, %s",
		                       e->dh.bits,
		                       e->dh.name[0] ? e->dh.name : "a prime of its own");
	check_suite_set_init(&set, e);
	if (!check_suite_set_list(&set, check_suite_is_dhe, list, sizeof(list)))
		return set.is_whole && check_judge_say(r, CHECK_PASS, "no finite fields");
	return check_judge_say_unseen(at, r);
}

const struct check_judge_rule check_judge_suite_rules[] = {
	{ "D1", FOR_ALL, true, d1 }, { "D2", FOR_ALL, true, d2 },
	{ "D3", FOR_ALL, true, d3 }, { "D4", FOR_ALL, true, d4 },
	{ "D5", FOR_ALL, true, d5 }, { "D6", FOR_ALL, true, d6 },
	{ "D7", FOR_ALL, true, d7 }, {},
};
