/* D8 to D18: groups and what else a handshake agrees on. */
#include "check/judge_rules.h"
#include "tls/iana.h"

enum { CURVE_BITS_LEAST = 224, WEEK_S = 7 * 24 * 3600, RENEGOTIATIONS_MAX = 10 };

/* --- D8, D9: groups --- */

static enum advice_grade grade_field(const struct check_judge_at *at,
                                     const struct tls_iana_group *group)
{
	if (group->bits < at->profile->dh_bits_least)
		return ADVICE_BAD;
	return group->bits < at->profile->dh_bits ? ADVICE_AGEING : at->profile->dhe;
}

static enum advice_grade grade_group(const struct check_judge_at *at, uint16_t number)
{
	const struct tls_iana_group *group = tls_iana_group(number);
	if (!group)
		return ADVICE_AGEING;
	switch (group->kind) {
	case TLS_GROUP_HYBRID:
	case TLS_GROUP_KEM:
		return ADVICE_GOOD; /* D9's */
	case TLS_GROUP_FINITE_FIELD:
		return grade_field(at, group);
	case TLS_GROUP_CURVE:
	case TLS_GROUP_KIND_COUNT:
		break;
	}
	if (advice_profile_has_group(at->profile, number))
		return ADVICE_GOOD;
	if (group->bits < CURVE_BITS_LEAST)
		return ADVICE_BAD;
	/* NCSC-NL phases P-224 out and has nothing to say for the others. */
	return group->bits == CURVE_BITS_LEAST ? ADVICE_AGEING : at->profile->other_curves;
}

static bool d8(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	enum advice_grade grade = ADVICE_GOOD;
	char list[CHECK_TEXT_CAP] = "", text[16];
	for (unsigned i = 0; i < e->group_count && i < CHECK_GROUPS_MAX; i++) {
		enum advice_grade one = grade_group(at, e->groups[i]);
		if (one != ADVICE_GOOD)
			check_judge_list_add(list, sizeof(list), "%s",
			                     tls_iana_group_name(e->groups[i], text, sizeof(text)));
		grade = check_judge_worse(grade, one);
	}
	if (grade != ADVICE_GOOD)
		return check_judge_say_grade(r, grade, list);
	if (e->groups_are_whole)
		return check_judge_say(r, CHECK_PASS, "all groups are among those of the profile");
	return check_judge_say_unseen(at, r);
}

static bool d9(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	char text[16];
	const char *name = tls_iana_group_name(e->pq_group, text, sizeof(text));
	switch (e->has_pq) {
	case CHECK_UNKNOWN:
		return check_judge_say_unseen(at, r);
	case CHECK_NO:
		if (e->pq_group)
			return check_judge_say(r, CHECK_WARN,
			                       "%s, a draft, and none of the standards", name);
		return check_judge_say(r, CHECK_WARN,
		                       "none: traffic recorded today can be read later");
	case CHECK_YES:
		return check_judge_say(r, CHECK_PASS, "%s", name);
	}
	return false;
}

/* --- D11 to D18 --- */

static bool d11(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = {
		.yes = CHECK_WARN,
		.no = CHECK_PASS,
		.yes_words = "the handshake is signed with SHA-1 for a client that asks for it",
		.no_words =
			"a client that knows SHA-1 alone is refused, or gets a better signature",
	};
	return check_judge_say_seen(at, r, at->endpoint->takes_sha1, &two);
}

static bool d12(const struct check_judge_at *at, struct ruling *r)
{
	const struct two two = {
		.yes = CHECK_PASS,
		.no = check_judge_verdict(at->profile->no_ems),
		.yes_words = "extended master secret is used",
		.no_words = "extended master secret is missing",
	};
	return check_judge_has_old_tls(at->endpoint) &&
	       check_judge_say_seen(at, r, at->endpoint->has_ems, &two);
}

static bool d13(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = { .yes = CHECK_FAIL,
		                        .no = CHECK_PASS,
		                        .yes_words = "TLS compression is on (CRIME)",
		                        .no_words = "TLS compression is off" };
	return check_judge_has_old_tls(at->endpoint) &&
	       check_judge_say_seen(at, r, at->endpoint->compresses, &two);
}

static bool d14(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = {
		.yes = CHECK_PASS,
		.no = CHECK_FAIL,
		.yes_words = "renegotiation is the secure one",
		.no_words =
			"secure renegotiation (RFC 5746) is missing: what a stranger sent first "
			"may be taken for the client's",
	};
	return check_judge_has_old_tls(at->endpoint) &&
	       check_judge_say_seen(at, r, at->endpoint->has_secure_renegotiation, &two);
}

static bool d15(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	if (!check_judge_has_old_tls(e) || e->renegotiates == CHECK_UNKNOWN)
		return check_judge_has_old_tls(e) && check_judge_say_unseen(at, r);
	if (e->renegotiates == CHECK_NO)
		return check_judge_say(r, CHECK_PASS,
		                       "renegotiation begun by the client is refused");
	if (e->renegotiations <= RENEGOTIATIONS_MAX)
		return check_judge_say(r, CHECK_INFO, "the client may renegotiate %u times",
		                       e->renegotiations);
	return check_judge_say(
		r, CHECK_WARN,
		"the client may renegotiate without end: work for the server at no cost");
}

static bool d16(const struct check_judge_at *at, struct ruling *r)
{
	bool is_web = at->endpoint->service == CHECK_HTTPS;
	const struct two two = {
		.yes = is_web ? CHECK_WARN : CHECK_FAIL,
		.no = CHECK_PASS,
		.yes_words = "early data (0-RTT) is taken: it can be sent again by whoever saw it",
		.no_words = "early data (0-RTT) is off",
	};
	return check_judge_has_version(at->endpoint, CHECK_TLS13) &&
	       check_judge_say_seen(at, r, at->endpoint->has_early_data, &two);
}

static bool d17(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	if (e->has_tickets == CHECK_UNKNOWN)
		return check_judge_say_unseen(at, r);
	if (e->has_tickets == CHECK_NO)
		return check_judge_say(r, CHECK_PASS, "no tickets");
	return check_judge_say(r, e->ticket_lifetime_s > WEEK_S ? CHECK_WARN : CHECK_PASS,
	                       "tickets live %u s", e->ticket_lifetime_s);
}

static bool d18(const struct check_judge_at *at, struct ruling *r)
{
	const struct two two = {
		.yes = CHECK_PASS,
		.no = at->side == ADVICE_USERS ? CHECK_WARN : CHECK_INFO,
		.yes_words = "a client that says http/1.1 is refused, or not heard",
		.no_words = "a client that says http/1.1 is welcome: a browser can be led here "
			    "(ALPACA)",
	};
	return check_judge_say_seen(at, r, at->endpoint->alpn_is_strict, &two);
}

const struct check_judge_rule check_judge_handshake_rules[] = {
	{ "D8", FOR_ALL, true, d8 },
	{ "D9", FOR_ALL, true, d9 },
	{ "D11", FOR_ALL, true, d11 },
	{ "D12", FOR_ALL, true, d12 },
	{ "D13", FOR_ALL, true, d13 },
	{ "D14", FOR_ALL, true, d14 },
	{ "D15", FOR_ALL, true, d15 },
	{ "D16", FOR_ALL, true, d16 },
	{ "D17", FOR_ALL, true, d17 },
	{ "D18", FOR_MAIL, true, d18 },
	{},
};
