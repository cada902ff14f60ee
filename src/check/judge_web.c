/* H: webmail. */
#include "check/judge_rules.h"

enum { HSTS_S = 365 * 24 * 3600 };

/* Hosts of mta-sts and autoconfig have https too, and no pages (H3). */
static bool is_webmail(const struct check_judge_at *at)
{
	return !at->domain->name[0] || !strcmp(at->domain->webmail, at->endpoint->host);
}

static bool h1(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_web *web = &at->endpoint->web;
	if (!is_webmail(at))
		return false;
	if (web->login_in_clear == CHECK_YES)
		return check_judge_say(r, CHECK_FAIL, "its login form is on http, or posts to it");
	if (!web->status)
		return check_judge_say_unseen(at, r);
	if (web->is_clear_open == CHECK_YES && web->redirects == CHECK_NO)
		return check_judge_say(r, CHECK_WARN,
		                       "port 80 does not lead to https of the same host: %s",
		                       web->clear_answer);
	if (web->hsts_s < 0)
		return check_judge_say(r, CHECK_WARN, "no Strict-Transport-Security header");
	if (web->hsts_s < HSTS_S)
		return check_judge_say(r, CHECK_WARN,
		                       "Strict-Transport-Security of %lld s, under a year",
		                       (long long)web->hsts_s);
	return check_judge_say(r, CHECK_PASS, "https alone, Strict-Transport-Security of %lld s",
	                       (long long)web->hsts_s);
}

static bool h2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_web *web = &at->endpoint->web;
	if (!is_webmail(at) || web->has_login != CHECK_YES)
		return false;
	if (web->login_in_clear == CHECK_YES)
		return check_judge_say(r, CHECK_FAIL, "the password is posted to http");
	if (web->cookie_is_safe == CHECK_NO)
		return check_judge_say(r, CHECK_WARN,
		                       "the session's cookie is not Secure and HttpOnly");
	if (web->login_in_clear == CHECK_UNKNOWN)
		return check_judge_say_unseen(at, r);
	return check_judge_say(
		r, CHECK_PASS, "the form posts to https%s",
		web->cookie_is_safe == CHECK_YES ? ", its cookie is Secure and HttpOnly" : "");
}

const struct check_judge_rule check_judge_web_rules[] = {
	{ "H1", 1 << CHECK_HTTPS, false, h1 },
	{ "H2", 1 << CHECK_HTTPS, false, h2 },
	{},
};
