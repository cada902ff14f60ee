/* C: versions of TLS. */
#include "check/judge_rules.h"

/* "SSLv3, TLSv1.0": those from first to last that are there. */
static void versions_list(const struct check_endpoint *e, enum check_version first,
                          enum check_version last, char *ret_text)
{
	ret_text[0] = '\0';
	for (enum check_version v = first; v <= last; v++)
		if (check_judge_has_version(e, v))
			check_judge_list_add(ret_text, CHECK_TEXT_CAP, "%s", check_version_name(v));
}

static bool is_off(const struct check_endpoint *e, enum check_version version)
{
	return e->versions[version].is_there == CHECK_NO;
}

static bool c1(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	char list[CHECK_TEXT_CAP];
	versions_list(e, CHECK_SSL2, CHECK_SSL3, list);
	if (list[0])
		return check_judge_say(r, CHECK_FAIL, "%s accepted", list);
	if (is_off(e, CHECK_SSL2) && is_off(e, CHECK_SSL3))
		return check_judge_say(r, CHECK_PASS, "SSLv2 and SSLv3 are off");
	return check_judge_say_unseen(at, r);
}

static bool c2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	char list[CHECK_TEXT_CAP];
	versions_list(e, CHECK_TLS10, CHECK_TLS11, list);
	if (!list[0] && is_off(e, CHECK_TLS10) && is_off(e, CHECK_TLS11))
		return check_judge_say(r, CHECK_PASS, "TLSv1 and TLSv1.1 are off");
	if (!list[0])
		return check_judge_say_unseen(at, r);
	if (at->side != ADVICE_PROVIDERS)
		return check_judge_say(r, check_judge_verdict(at->scale->old_versions),
		                       "%s accepted", list);
	return check_judge_say(
		r, check_judge_verdict(at->scale->old_versions),
		"%s accepted. Opportunistic (RFC 7435): warn, for some senders would fall "
		"back to plaintext; `mailseal report impact --min-version 1.2` names them. "
		"Strict (RFC 8996): fail",
		list);
}

static bool c3(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	if (check_judge_has_version(e, CHECK_TLS12))
		return check_judge_say(r, CHECK_PASS, "TLSv1.2 is there");
	if (!is_off(e, CHECK_TLS12))
		return check_judge_say_unseen(at, r);
	if (!check_judge_has_version(e, CHECK_TLS13))
		return check_judge_say(r, CHECK_FAIL, "neither TLSv1.2 nor TLSv1.3");
	if (at->side == ADVICE_USERS)
		return check_judge_say(r, CHECK_PASS, "TLSv1.3 alone");
	return check_judge_say(r, CHECK_WARN,
	                       "TLSv1.3 alone: senders without it fall back to plaintext");
}

static bool c4(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = {
		.yes = CHECK_PASS,
		.no = CHECK_WARN,
		.yes_words = "TLSv1.3 is there",
		.no_words = "TLSv1.3 is missing",
	};
	return check_judge_say_seen(at, r, at->endpoint->versions[CHECK_TLS13].is_there, &two);
}

static bool c5(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	static const struct two two = {
		.yes = CHECK_PASS,
		.no = CHECK_FAIL,
		.yes_words = "versions, extensions and groups it does not know are passed over",
		.no_words =
			"a hello with versions, extensions or groups it does not know breaks it",
	};
	bool has_older = check_judge_has_version(e, CHECK_TLS10) ||
	                 check_judge_has_version(e, CHECK_TLS11) ||
	                 check_judge_has_version(e, CHECK_SSL3);
	if (e->tolerates == CHECK_YES && has_older && e->honours_fallback_scsv == CHECK_NO)
		return check_judge_say(r, CHECK_WARN,
		                       "older versions are on and the signal against "
		                       "falling back to them is ignored (RFC 7507)");
	return check_judge_say_seen(at, r, e->tolerates, &two);
}

const struct check_judge_rule check_judge_version_rules[] = {
	{ "C1", FOR_ALL, true, c1 }, { "C2", FOR_ALL, true, c2 }, { "C3", FOR_ALL, true, c3 },
	{ "C4", FOR_ALL, true, c4 }, { "C5", FOR_ALL, true, c5 }, {},
};
