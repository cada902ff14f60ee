/* B: what is said on port 25; what of it is asked of users' ports too. */
#include "check/judge_rules.h"

static bool b1(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (!clear->was_heard)
		return check_judge_say(r, CHECK_NOT_TESTED, "its answer to EHLO was not heard");
	if (clear->offers_starttls)
		return check_judge_say(r, CHECK_PASS, "STARTTLS is offered");
	return check_judge_say(r, CHECK_FAIL, "STARTTLS is not offered: %s", clear->caps);
}

/* TLS 1.0 and 1.1 sign with SHA-1 and MD5, which the libraries of today do not take by default. */
static bool is_old_version(const char *name)
{
	return check_version_find(name) < CHECK_TLS12;
}

static bool b2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	const char *answer = e->starttls_answer[0] ? e->starttls_answer : e->handshake.why;
	if (check_service_has_starttls(e->service) && !e->clear.offers_starttls)
		return false;
	switch (e->handshake.is_done) {
	case CHECK_UNKNOWN:
		return check_judge_say_unseen(at, r);
	case CHECK_NO:
		return check_judge_say(r, CHECK_FAIL, "the handshake does not end well: %s",
		                       answer);
	case CHECK_YES:
		if (is_old_version(e->handshake.version))
			return check_judge_say(
				r, CHECK_WARN,
				"no better than %s, which the TLS libraries of today "
				"refuse by default",
				e->handshake.version);
		return check_judge_say(r, CHECK_PASS, "%s %s%s%s", e->handshake.version,
		                       e->handshake.suite, e->handshake.group[0] ? " " : "",
		                       e->handshake.group);
	}
	return false;
}

static bool b5(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (!clear->was_heard)
		return check_judge_say_unseen(at, r);
	if (!clear->auth[0])
		return check_judge_say(r, CHECK_PASS, "no login is offered before TLS");
	const char *mechanism = check_judge_clear_mechanism(clear->auth);
	if (mechanism)
		return check_judge_say(r, CHECK_FAIL, "before TLS: AUTH %s", clear->auth);
	return check_judge_say(r, CHECK_WARN,
	                       "before TLS, though no password crosses as it is: AUTH %s",
	                       clear->auth);
}

static bool b6(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *sealed = &at->endpoint->sealed;
	if (!sealed->was_heard)
		return check_judge_say_unseen(at, r);
	if (!sealed->auth[0])
		return check_judge_say(r, CHECK_PASS, "no login is offered");
	return check_judge_say(r, CHECK_WARN, "inside TLS: AUTH %s; users belong on 465 and 587",
	                       sealed->auth);
}

static bool b7(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = {
		.yes = CHECK_FAIL,
		.no = CHECK_PASS,
		.yes_words = "a command sent in clear behind STARTTLS was answered inside TLS",
		.no_words = "what is sent in clear behind STARTTLS is not answered inside TLS",
	};
	return check_judge_say_seen(at, r, at->endpoint->injection, &two);
}

static bool b8(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *sealed = &at->endpoint->sealed;
	if (!sealed->was_heard)
		return check_judge_say_unseen(at, r);
	if (sealed->offers_starttls)
		return check_judge_say(r, CHECK_WARN, "STARTTLS is offered again inside TLS");
	return check_judge_say(r, CHECK_PASS, "STARTTLS is gone inside TLS");
}

static bool b9(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *sealed = &at->endpoint->sealed;
	if (!sealed->was_heard)
		return check_judge_say_unseen(at, r);
	return check_judge_say(r, CHECK_INFO, "REQUIRETLS is %soffered",
	                       sealed->offers_requiretls ? "" : "not ");
}

static bool b10(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	switch (e->plain_mail) {
	case CHECK_UNKNOWN:
		return check_judge_say_unseen(at, r);
	case CHECK_YES:
		return check_judge_say(r, CHECK_INFO,
		                       "mail is taken without TLS, as RFC 3207 4 wants of "
		                       "public servers");
	case CHECK_NO:
		return check_judge_say(
			r, CHECK_INFO,
			"mail without TLS is refused, which RFC 3207 4 forbids public "
			"servers; senders without TLS cannot write here: %s",
			e->plain_mail_answer);
	}
	return false;
}

const struct check_judge_rule check_judge_smtp_rules[] = {
	{ "B1", FOR_SMTP, false, b1 },
	{ "B2", FOR_ALL, false, b2 },
	{ "B5", FOR_SMTP, false, b5 },
	{ "B6", FOR_SMTP, true, b6 },
	{ "B7", FOR_STARTTLS, true, b7 },
	{ "B8", FOR_STARTTLS, true, b8 },
	{ "B9", FOR_SMTP, true, b9 },
	{ "B10", FOR_SMTP, false, b10 },
	{},
};
