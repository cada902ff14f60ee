/*
 * E: certificates. On port 25 a sender that follows neither DANE nor MTA-STS asks nobody's word,
 * so what is wrong with a certificate weighs as much as the policy that needs it.
 */
#include "check/judge_rules.h"

#include <stdio.h>
#include <time.h>

enum { DAY_S = 24 * 3600, LEFT_DAYS_LEAST = 14, LEFT_PERCENT = 30 };

static void date_write(int64_t at_s, char *ret_text, size_t cap)
{
	time_t at = (time_t)at_s;
	struct tm tm = {};
	gmtime_r(&at, &tm);
	if (!strftime(ret_text, cap, "%Y-%m-%d", &tm))
		ret_text[0] = '\0';
}

static bool is_dane_ee(const struct check_judge_at *at)
{
	const struct check_endpoint *e = at->endpoint;
	return e->has_proof && e->proof.dane == TLS_PROOF_HOLDS && e->proof.dane_usage == 3;
}

/* Of a fault of trust or name. DANE vouches for the certificate instead of the CAs, and a policy of
 * MTA-STS needs them all the same (RFC 8461 2). */
static enum check_verdict fault_of(const struct check_judge_at *at)
{
	if (at->side == ADVICE_USERS || check_judge_enforces_sts(at->domain))
		return CHECK_FAIL;
	const struct check_endpoint *e = at->endpoint;
	bool has_dane = e->has_proof && e->proof.dane == TLS_PROOF_HOLDS;
	return has_dane ? CHECK_INFO : CHECK_WARN;
}

static const char *fault_words(const struct check_judge_at *at)
{
	if (at->side == ADVICE_USERS)
		return "";
	if (check_judge_enforces_sts(at->domain))
		return "; the MTA-STS policy demands better";
	return fault_of(at) == CHECK_INFO ? "; its TLSA record vouches for it"
	                                  : "; no sender asks without DANE or MTA-STS";
}

/* --- one function a criterion, for either chain --- */

typedef bool chain_fn(const struct check_judge_at *at, const struct check_certificate *c,
                      struct ruling *r);

static bool trust(const struct check_judge_at *at, const struct check_certificate *c,
                  struct ruling *r)
{
	switch (c->pkix) {
	case TLS_PROOF_NOT_ASKED:
		return check_judge_say_unseen(at, r);
	case TLS_PROOF_HOLDS:
	case TLS_PROOF_WRONG_NAME: /* E2 */
	case TLS_PROOF_EXPIRED:    /* E3 */
		return check_judge_say(r, CHECK_PASS,
		                       "the chain leads to a CA that is trusted: %s%s", c->issuer,
		                       c->is_in_order ? "" : "; it is not sent in order");
	case TLS_PROOF_NOT_TRUSTED:
	case TLS_PROOF_INVALID:
	case TLS_PROOF_RESULT_COUNT:
		break;
	}
	return check_judge_say(r, fault_of(at), "%s (%u sent, from %s)%s",
	                       c->is_self_signed ? "self-signed" : c->pkix_why, c->sent_count,
	                       c->issuer, fault_words(at));
}

static bool name(const struct check_judge_at *at, const struct check_certificate *c,
                 struct ruling *r)
{
	const char *host = at->endpoint->host;
	if (c->has_name == CHECK_UNKNOWN)
		return check_judge_say_unseen(at, r);
	if (c->has_name == CHECK_YES && c->name_is_by_wildcard)
		return check_judge_say(r, CHECK_WARN, "%s is there by a wildcard alone", host);
	if (c->has_name == CHECK_YES)
		return check_judge_say(r, CHECK_PASS, "%s is in it", host);
	if (c->name_is_by_cn)
		return check_judge_say(r, fault_of(at),
		                       "%s is in its subject alone, where nobody looks%s", host,
		                       fault_words(at));
	bool has_names = c->names && c->names[0];
	return check_judge_say(r, fault_of(at), "%s is not in it, but %s%s", host,
	                       has_names ? c->names : "no name at all", fault_words(at));
}

static bool lives_long(const struct check_judge_at *at, const struct check_certificate *c)
{
	int64_t days = (c->not_after_s - c->not_before_s) / DAY_S;
	return at->profile->certificate_days && days > at->profile->certificate_days;
}

static bool validity(const struct check_judge_at *at, const struct check_certificate *c,
                     struct ruling *r)
{
	int64_t now = at->domain->at_s, left = c->not_after_s - now;
	int64_t life = c->not_after_s - c->not_before_s;
	char from[16], until[16];
	date_write(c->not_before_s, from, sizeof(from));
	date_write(c->not_after_s, until, sizeof(until));
	enum check_verdict over = is_dane_ee(at) ? CHECK_INFO : CHECK_FAIL;
	const char *words = is_dane_ee(at) ? "; its TLSA record vouches for it" : "";
	if (left < 0)
		return check_judge_say(r, over, "expired on %s%s", until, words);
	if (now < c->not_before_s)
		return check_judge_say(r, over, "not valid before %s%s", from, words);
	if (left < (int64_t)LEFT_DAYS_LEAST * DAY_S && left * 100 < life * LEFT_PERCENT)
		return check_judge_say(r, CHECK_WARN, "ends on %s, in less than two weeks", until);
	if (lives_long(at, c))
		return check_judge_say(r, CHECK_WARN, "valid from %s until %s: over %u days", from,
		                       until, at->profile->certificate_days);
	return check_judge_say(r, CHECK_PASS, "valid until %s", until);
}

static enum advice_grade grade_key(const struct check_judge_at *at,
                                   const struct check_certificate *c)
{
	const struct advice_profile *profile = at->profile;
	if (c->key_is_rsa && c->key_bits < profile->rsa_bits)
		return c->key_bits < profile->rsa_bits_least ? ADVICE_BAD : ADVICE_AGEING;
	if (c->key_is_rsa || c->key_is_nist_or_edwards)
		return ADVICE_GOOD;
	if (c->key_bits < 224)
		return ADVICE_BAD;
	return strstr(c->key, "brainpool") ? ADVICE_GOOD : profile->other_curves;
}

static bool key(const struct check_judge_at *at, const struct check_certificate *c,
                struct ruling *r)
{
	return check_judge_say_grade(r, grade_key(at, c), c->key);
}

static bool signatures(const struct check_judge_at *at, const struct check_certificate *c,
                       struct ruling *r)
{
	unsigned count = c->sent_count < CHECK_CHAIN_MAX ? c->sent_count : CHECK_CHAIN_MAX;
	char list[CHECK_TEXT_CAP] = "";
	for (unsigned i = 0; i < count; i++)
		if (c->signature_is_weak[i])
			check_judge_list_add(list, sizeof(list), "%s of certificate %u",
			                     c->signatures[i], i + 1);
	if (list[0])
		return check_judge_say_grade(r, at->scale->old_signatures, list);
	return check_judge_say(r, CHECK_PASS, "%s", c->signatures[0]);
}

static const struct {
	const char *words;
	chain_fn *fn;
} of_chain[] = {
	{ "trust", trust },          { "name", name }, { "validity", validity }, { "key", key },
	{ "signature", signatures },
};

/* --- the chain that everybody gets --- */

static bool e1(const struct check_judge_at *at, struct ruling *r)
{
	return at->endpoint->has_chain && trust(at, &at->endpoint->chain, r);
}

static bool e2(const struct check_judge_at *at, struct ruling *r)
{
	return at->endpoint->has_chain && name(at, &at->endpoint->chain, r);
}

static bool e3(const struct check_judge_at *at, struct ruling *r)
{
	return at->endpoint->has_chain && validity(at, &at->endpoint->chain, r);
}

static bool e4(const struct check_judge_at *at, struct ruling *r)
{
	return at->endpoint->has_chain && key(at, &at->endpoint->chain, r);
}

static bool e5(const struct check_judge_at *at, struct ruling *r)
{
	return at->endpoint->has_chain && signatures(at, &at->endpoint->chain, r);
}

/* --- the other chain --- */

static bool e6(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	struct ruling worst = {};
	if (!e->has_other_chain)
		return false;
	if (e->other_chain_matches_dane == CHECK_NO)
		return check_judge_say(
			r, CHECK_FAIL,
			"no TLSA record matches the other certificate (%s): senders that "
			"get it do not deliver",
			e->other_chain.key);
	for (size_t i = 0; i < sizeof(of_chain) / sizeof(of_chain[0]); i++) {
		struct ruling one = {};
		if (!of_chain[i].fn(at, &e->other_chain, &one) || one.verdict <= worst.verdict)
			continue;
		check_judge_say(&worst, one.verdict, "the other certificate (%s): %s: %.300s",
		                e->other_chain.key, of_chain[i].words, one.evidence);
	}
	if (worst.verdict == CHECK_PASS)
		return check_judge_say(r, CHECK_PASS, "%s, and %s, as good", e->chain.key,
		                       e->other_chain.key);
	*r = worst;
	return true;
}

/* --- E7, E8 --- */

static bool e7(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_certificate *c = &at->endpoint->chain;
	if (!at->endpoint->has_chain)
		return false;
	if (c->is_revoked == CHECK_YES)
		return check_judge_say(r, CHECK_FAIL, "revoked by its CA");
	if (c->must_staple && c->is_stapled == CHECK_NO)
		return check_judge_say(r, CHECK_FAIL,
		                       "it demands a stapled answer of its CA, and none is "
		                       "sent");
	if (!c->has_ocsp)
		return check_judge_say(r, CHECK_PASS, "it names no OCSP server");
	if (c->is_revoked == CHECK_NO || c->is_stapled == CHECK_YES)
		return check_judge_say(r, CHECK_PASS, "not revoked");
	return check_judge_say(r, CHECK_INFO, "it names an OCSP server, which was not asked");
}

static bool e8(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	const struct two two = {
		.yes = e->no_sni_is_same ? CHECK_PASS : CHECK_INFO,
		.no = at->side == ADVICE_PROVIDERS ? CHECK_WARN : CHECK_INFO,
		.yes_words = e->no_sni_is_same ? "clients without SNI get the same certificate"
		                               : "clients without SNI get another certificate",
		.no_words = "a client that names no host (SNI) is refused",
	};
	return check_judge_say_seen(at, r, e->works_without_sni, &two);
}

const struct check_judge_rule check_judge_certificate_rules[] = {
	{ "E1", FOR_ALL, true, e1 }, { "E2", FOR_ALL, true, e2 }, { "E3", FOR_ALL, true, e3 },
	{ "E4", FOR_ALL, true, e4 }, { "E5", FOR_ALL, true, e5 }, { "E6", FOR_ALL, true, e6 },
	{ "E7", FOR_ALL, true, e7 }, { "E8", FOR_ALL, true, e8 }, {},
};
