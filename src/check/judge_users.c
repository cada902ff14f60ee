/* G: what users reach, and whether a password can cross in clear on the way. */
#include "check/judge_rules.h"

#include <stdio.h>

/* --- of an endpoint --- */

/* Before TLS: a mechanism whose secret crosses as it is, or another, or none. */
static bool clear_auth_say(const char *auth, const char *what, struct ruling *r)
{
	if (check_judge_clear_mechanism(auth))
		return check_judge_say(r, CHECK_FAIL, "%s before TLS: %s", what, auth);
	if (auth[0])
		return check_judge_say(r, CHECK_WARN,
		                       "%s before TLS, though no password crosses as it is: %s",
		                       what, auth);
	return false;
}

static bool g2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (!clear->was_heard)
		return check_judge_say(r, CHECK_NOT_TESTED, "its answer to EHLO was not heard");
	if (clear_auth_say(clear->auth, "logins are offered", r))
		return true;
	if (!clear->offers_starttls)
		return check_judge_say(r, CHECK_FAIL, "STARTTLS is not offered");
	return check_judge_say(r, CHECK_PASS, "no login before TLS");
}

static bool g4(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (clear->is_preauth)
		return check_judge_say(r, CHECK_FAIL,
		                       "it greets with PREAUTH: clients cannot start TLS any more");
	if (!clear->was_heard)
		return check_judge_say(r, CHECK_NOT_TESTED, "its capabilities were not heard");
	if (clear_auth_say(clear->auth, "logins are offered", r) && r->verdict == CHECK_FAIL)
		return true;
	if (!clear->login_disabled)
		return check_judge_say(r, CHECK_FAIL, "LOGIN is not disabled before TLS");
	return r->evidence[0] || check_judge_say(r, CHECK_PASS, "LOGINDISABLED until TLS is there");
}

static bool g5(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (!clear->was_heard)
		return check_judge_say(r, CHECK_NOT_TESTED, "its capabilities were not heard");
	if (clear->offers_user)
		return check_judge_say(r, CHECK_FAIL, "USER is taken before TLS");
	if (clear_auth_say(clear->auth, "logins are offered", r))
		return true;
	return check_judge_say(r, CHECK_PASS, "no login before TLS");
}

static bool g6(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_talk *clear = &at->endpoint->clear;
	if (!clear->was_heard)
		return check_judge_say(r, CHECK_NOT_TESTED, "its capabilities were not heard");
	if (clear_auth_say(clear->auth, "logins are offered", r))
		return true;
	return check_judge_say(r, CHECK_PASS, "no mechanism before TLS");
}

/* The timestamp of a POP3 greeting offers APOP (RFC 1939 7). */
static bool has_apop(const struct check_endpoint *e)
{
	bool is_pop3 = e->service == CHECK_POP3 || e->service == CHECK_POP3S;
	const char *at = is_pop3 ? strchr(e->greeting, '<') : NULL;
	return at && strchr(at, '@') && strchr(at, '>');
}

static bool g7(const struct check_judge_at *at, struct ruling *r)
{
	static const char *const old[] = { "NTLM", "CRAM-MD5", "DIGEST-MD5" };
	static const char *const good[] = { "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "OAUTHBEARER" };
	const struct check_talk *sealed = &at->endpoint->sealed;
	char list[CHECK_TEXT_CAP] = "";
	if (!sealed->was_heard)
		return check_judge_say_unseen(at, r);
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (check_judge_words_have(sealed->auth, old[i]))
			check_judge_list_add(list, sizeof(list), "%s", old[i]);
	if (has_apop(at->endpoint))
		check_judge_list_add(list, sizeof(list), "APOP");
	if (list[0])
		return check_judge_say(
			r, CHECK_WARN,
			"%s: the server has to keep passwords that can be read or are weakly "
			"hashed",
			list);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (check_judge_words_have(sealed->auth, good[i]))
			check_judge_list_add(list, sizeof(list), "%s", good[i]);
	if (list[0])
		return check_judge_say(r, CHECK_INFO, "%s", list);
	return check_judge_say(r, CHECK_PASS, "%s",
	                       sealed->auth[0] ? sealed->auth : "LOGIN or USER");
}

const struct check_judge_rule check_judge_user_rules[] = {
	{ "G2", 1 << CHECK_SUBMISSION, false, g2 },
	{ "G4", 1 << CHECK_IMAP, false, g4 },
	{ "G5", 1 << CHECK_POP3, false, g5 },
	{ "G6", 1 << CHECK_MANAGESIEVE, false, g6 },
	{ "G7", FOR_USERS, true, g7 },
	{},
};

/* --- of the whole: G1, G3 --- */

struct access {
	enum check_service implicit, starttls;
	const char *what;
};

/* Open, and not known to have no TLS that works. */
static bool has_open(const struct check_domain *d, enum check_service service)
{
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->service == service && check_judge_is_open(e) && e->has_tls != CHECK_NO)
			return true;
	}
	return false;
}

/* Turned away, or not asked: it may well be there. */
static bool may_be_open(const struct check_domain *d, enum check_service service)
{
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->service == service &&
		    (e->reach == CHECK_RATE || e->reach == CHECK_NOT_ASKED))
			return true;
	}
	return false;
}

static bool has_users(const struct check_domain *d)
{
	for (unsigned i = 0; i < d->endpoint_count; i++)
		if (check_judge_is_user_port(d->endpoints[i]->service) &&
		    check_judge_is_open(d->endpoints[i]))
			return true;
	return false;
}

static void access_judge(struct check_judge *j, const char *id, const struct access *a)
{
	const struct check_domain *d = j->domain;
	unsigned port = check_service_port(a->implicit);
	struct ruling r = {};
	if (has_open(d, a->implicit))
		check_judge_say(&r, CHECK_PASS, "port %u is open", port);
	else if (may_be_open(d, a->implicit))
		check_judge_say(&r, CHECK_NOT_TESTED, "port %u could not be looked at", port);
	else if (has_open(d, a->starttls))
		check_judge_say(&r, CHECK_WARN, "port %u alone, where TLS is asked for by STARTTLS",
		                check_service_port(a->starttls));
	else if (!has_users(d))
		check_judge_say(&r, CHECK_NOT_APPLICABLE, "no port of users was found");
	else
		check_judge_say(&r, CHECK_FAIL, "no place for %s was found with TLS", a->what);
	check_judge_add(j, id, d->name, &r);
}

/* Who offers POP3 and no IMAP offers a way to read mail. */
static bool reads_by_pop3(const struct check_domain *d)
{
	bool has_pop3 = has_open(d, CHECK_POP3) || has_open(d, CHECK_POP3S);
	return has_pop3 && !has_open(d, CHECK_IMAP) && !has_open(d, CHECK_IMAPS);
}

/* --- G9: names that SRV records send to --- */

static const struct check_endpoint *srv_endpoint(const struct check_domain *d,
                                                 const struct check_srv *srv)
{
	for (unsigned i = 0; i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->port == srv->port && !strcmp(e->host, srv->target))
			return e;
	}
	return NULL;
}

static void g9(struct check_judge *j, const struct check_srv *srv)
{
	const struct check_endpoint *e = srv_endpoint(j->domain, srv);
	char place[CHECK_TEXT_CAP];
	struct ruling r = {};
	if (!srv->is_there || !srv->target[0])
		return;
	if (srv->status == POLICY_DNS_SECURE)
		check_judge_say(&r, CHECK_PASS, "%s:%u, by a signed record", srv->target,
		                srv->port);
	else if (!e || !check_judge_is_open(e) || !e->has_chain ||
	         e->chain.has_name == CHECK_UNKNOWN)
		check_judge_say(&r, CHECK_NOT_TESTED, "%s:%u could not be looked at", srv->target,
		                srv->port);
	else if (e->chain.has_name == CHECK_YES)
		check_judge_say(&r, CHECK_PASS, "%s:%u has a certificate for its name", srv->target,
		                srv->port);
	else
		check_judge_say(
			&r, CHECK_WARN,
			"the record is not signed, and %s:%u has no certificate for its name",
			srv->target, srv->port);
	snprintf(place, sizeof(place), "%s._tcp.%.200s", srv->label, j->domain->name);
	check_judge_add(j, "G9", place, &r);
}

void check_judge_users(struct check_judge *j)
{
	static const struct access sends = { CHECK_SUBMISSIONS, CHECK_SUBMISSION, "sending mail" };
	static const struct access reads = { CHECK_IMAPS, CHECK_IMAP, "reading mail" };
	static const struct access pops = { CHECK_POP3S, CHECK_POP3, "reading mail" };
	const struct check_domain *d = j->domain;
	if (d->endpoint_count) {
		access_judge(j, "G1", &sends);
		access_judge(j, "G3", reads_by_pop3(d) ? &pops : &reads);
	}
	for (unsigned i = 0; i < d->srv_count; i++)
		g9(j, &d->srv[i]);
}
