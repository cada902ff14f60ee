/* F: what keeps somebody on the way from taking TLS away. DANE, MTA-STS, TLS reports. */
#include "check/judge_rules.h"

#include <stdio.h>

enum { DAY_S = 24 * 3600, WEEK_S = 7 * DAY_S };

/* --- DANE --- */

static void f1(struct check_judge *j)
{
	const struct policy_way *way = &j->domain->way;
	char without[CHECK_TEXT_CAP] = "";
	size_t with = 0;
	struct ruling r = {};
	for (size_t i = 0; i < way->host_count; i++)
		if (check_judge_has_tlsa(&way->hosts[i]))
			with++;
		else
			check_judge_list_add(without, sizeof(without), "%s", way->hosts[i].name);
	if (!way->host_count)
		return;
	if (!with)
		check_judge_say(&r, j->profile->wants_dane ? CHECK_WARN : CHECK_INFO,
		                "no MX host has TLSA records");
	else if (with < way->host_count)
		check_judge_say(&r, CHECK_WARN, "not all MX hosts have TLSA records: %s", without);
	else if (way->mx != POLICY_DNS_SECURE)
		check_judge_say(
			&r, CHECK_WARN,
			"all MX hosts have TLSA records, but the MX records are not signed");
	else
		check_judge_say(&r, CHECK_PASS, "all MX hosts have TLSA records");
	check_judge_add(j, "F1", j->domain->name, &r);
}

static bool f2(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	if (!at->mx || !check_judge_has_tlsa(at->mx))
		return false;
	if (e->clear.was_heard && !e->clear.offers_starttls)
		return check_judge_say(
			r, CHECK_CRITICAL,
			"it has TLSA records and no STARTTLS: senders with DANE do not "
			"deliver");
	if (!check_judge_usable_tlsa(at->mx))
		return check_judge_say(
			r, CHECK_WARN,
			"no TLSA record is of use: TLS is demanded, but nobody is vouched "
			"for (RFC 7672 2.2)");
	if (e->handshake.is_done == CHECK_NO)
		return check_judge_say(
			r, CHECK_CRITICAL,
			"it has TLSA records and the handshake fails: senders with DANE do "
			"not deliver: %s",
			e->handshake.why);
	if (!e->has_proof || e->proof.dane == TLS_PROOF_NOT_ASKED)
		return check_judge_say_unseen(at, r);
	if (e->proof.dane == TLS_PROOF_HOLDS)
		return check_judge_say(r, CHECK_PASS, "a TLSA record of usage %d matches",
		                       e->proof.dane_usage);
	return check_judge_say(r, CHECK_CRITICAL,
	                       "no TLSA record matches: senders with DANE do not deliver: %s",
	                       e->proof.dane_why ? e->proof.dane_why : "");
}

const struct check_judge_rule check_judge_dane_rules[] = { { "F2", FOR_SMTP, false, f2 }, {} };

/* A certificate that usage 2 vouches for has to have the name (RFC 7672 3.2.2). */
static bool has_wrong_name(const struct check_judge *j, const char *host)
{
	for (unsigned i = 0; i < j->domain->endpoint_count; i++) {
		const struct check_endpoint *e = j->domain->endpoints[i];
		if (e->service == CHECK_SMTP && e->has_proof &&
		    e->proof.dane == TLS_PROOF_WRONG_NAME && !strcmp(e->host, host))
			return true;
	}
	return false;
}

/* The CA that usage 2 names has to be in the chain, its root too (RFC 7672 3.1.2). */
static bool lacks_root(const struct check_judge *j, const struct policy_way_host *mx)
{
	bool has_ta = false;
	for (size_t i = 0; i < mx->facts.count; i++)
		has_ta |= mx->facts.records[i].usage == 2;
	for (unsigned i = 0; has_ta && i < j->domain->endpoint_count; i++) {
		const struct check_endpoint *e = j->domain->endpoints[i];
		if (e->service == CHECK_SMTP && e->has_proof && e->has_chain &&
		    e->proof.dane == TLS_PROOF_NOT_TRUSTED && !e->chain.root_is_sent &&
		    !strcmp(e->host, mx->name))
			return true;
	}
	return false;
}

/* RFC 7671, RFC 7672 3.1: what of a record breaks sooner or later. NULL: nothing. */
static const char *record_fault(const struct policy_tlsa *t)
{
	if (t->usage < 2)
		return "usages 0 and 1 do not count for mail";
	const char *why = policy_tlsa_fault(t);
	if (why)
		return why;
	if (t->usage == 3 && t->selector == 0)
		return "the whole certificate (selector 0) breaks with every renewal";
	return t->matching == 0 ? "the data as they are (matching 0) are too long for DNS" : NULL;
}

static void f3(struct check_judge *j, const struct policy_way_host *mx)
{
	struct ruling r = {};
	char list[CHECK_TEXT_CAP] = "";
	if (!check_judge_has_tlsa(mx))
		return;
	for (size_t i = 0; i < mx->facts.count; i++) {
		const struct policy_tlsa *t = &mx->facts.records[i];
		const char *why = record_fault(t);
		if (why)
			check_judge_list_add(list, sizeof(list), "%u %u %u: %s", t->usage,
			                     t->selector, t->matching, why);
	}
	if (has_wrong_name(j, mx->name))
		check_judge_say(&r, CHECK_FAIL, "usage 2 and the certificate has not the name %s",
		                mx->name);
	else if (lacks_root(j, mx))
		check_judge_say(&r, CHECK_FAIL, "usage 2, and the root it may name is not sent");
	else if (list[0])
		check_judge_say(&r, CHECK_WARN, "%s", list);
	else
		check_judge_say(&r, CHECK_PASS, "every record counts and lasts");
	check_judge_add(j, "F3", mx->name, &r);
}

static void f4(struct check_judge *j, const struct policy_way_host *mx)
{
	const struct check_host *host = check_judge_host_of(j->domain, mx->name);
	uint32_t ttl_s = host ? host->tlsa_ttl_s : 0;
	struct ruling r = {};
	if (!check_judge_has_tlsa(mx))
		return;
	if (ttl_s > DAY_S)
		check_judge_say(&r, CHECK_WARN,
		                "TTL %u s: a changed key is believed only after that time", ttl_s);
	else if (check_judge_usable_tlsa(mx) > 1)
		check_judge_say(&r, CHECK_PASS, "there is a second record, for the next key");
	else
		check_judge_say(&r, CHECK_INFO, "there is no record for the next key yet");
	check_judge_add(j, "F4", mx->name, &r);
}

/* --- MTA-STS --- */

static bool has_sts_record(const struct check_domain *d)
{
	return d->sts_record.count > 0;
}

static bool record_is_good(const struct check_txt *txt)
{
	return txt->count == 1 && !txt->bad;
}

static void f5(struct check_judge *j)
{
	const struct check_txt *txt = &j->domain->sts_record;
	struct ruling r = {};
	if (!txt->count && policy_dns_is_lost(txt->status))
		check_judge_say(&r, CHECK_NOT_TESTED, "_mta-sts.%s could not be looked up",
		                j->domain->name);
	else if (!txt->count)
		return;
	else if (txt->count > 1)
		check_judge_say(&r, CHECK_FAIL, "%u records, so none counts", txt->count);
	else if (txt->bad)
		check_judge_say(&r, CHECK_FAIL, "the record cannot be read: %s", txt->text);
	else
		check_judge_say(&r, CHECK_PASS, "%s", txt->text);
	check_judge_add(j, "F5", j->domain->name, &r);
}

static void f6(struct check_judge *j)
{
	const struct policy_sts_facts *sts = &j->domain->sts;
	struct ruling r = {};
	if (!record_is_good(&j->domain->sts_record))
		return;
	switch (sts->state) {
	case POLICY_STS_UNUSED:
		return;
	case POLICY_STS_LOST:
		check_judge_say(&r, CHECK_NOT_TESTED, "the policy could not be had: %s", sts->why);
		break;
	case POLICY_STS_BROKEN:
		check_judge_say(&r, CHECK_FAIL, "no policy: %s", sts->why);
		break;
	case POLICY_STS_IN_FORCE:
		check_judge_say(&r, CHECK_PASS, "the policy is there: mode %s",
		                policy_sts_mode_name(sts->policy.mode));
		break;
	}
	check_judge_add(j, "F6", j->domain->name, &r);
}

/* What the endpoint lacks for the policy (RFC 8461 4). NULL: nothing; "": not known. */
static const char *sts_fault(const struct check_endpoint *e)
{
	if (!check_judge_is_open(e) || !e->clear.was_heard)
		return "";
	if (!e->clear.offers_starttls)
		return "no STARTTLS";
	if (e->handshake.is_done == CHECK_NO)
		return "the handshake fails";
	if (!e->has_chain || e->chain.pkix == TLS_PROOF_NOT_ASKED)
		return "";
	if (e->chain.has_name == CHECK_NO)
		return "its name is not in the certificate";
	if (e->chain.pkix != TLS_PROOF_HOLDS)
		return e->chain.pkix == TLS_PROOF_EXPIRED ? "its certificate has expired"
		                                          : "its certificate is not trusted";
	bool has_none = e->versions[CHECK_TLS12].is_there == CHECK_NO &&
	                e->versions[CHECK_TLS13].is_there == CHECK_NO;
	return has_none ? "neither TLSv1.2 nor TLSv1.3" : NULL;
}

struct coverage {
	char misses[CHECK_TEXT_CAP];
	char unknown[CHECK_TEXT_CAP];
};

static void endpoints_cover(const struct check_judge *j, const char *host, struct coverage *c)
{
	bool has_any = false;
	for (unsigned i = 0; i < j->domain->endpoint_count; i++) {
		const struct check_endpoint *e = j->domain->endpoints[i];
		if (e->service != CHECK_SMTP || strcmp(e->host, host) != 0)
			continue;
		const char *fault = sts_fault(e);
		has_any = true;
		if (fault && fault[0])
			check_judge_list_add(c->misses, sizeof(c->misses), "%s [%s]: %s", host,
			                     e->address, fault);
		else if (fault)
			check_judge_list_add(c->unknown, sizeof(c->unknown), "%s [%s]", host,
			                     e->address);
	}
	if (!has_any)
		check_judge_list_add(c->unknown, sizeof(c->unknown), "%s", host);
}

static void f7(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	const struct policy_sts *policy = &d->sts.policy;
	bool enforces = check_judge_enforces_sts(d);
	struct coverage c = {};
	struct ruling r = {};
	if (d->sts.state != POLICY_STS_IN_FORCE || policy->mode == POLICY_STS_NONE ||
	    !d->way.host_count)
		return;
	for (size_t i = 0; i < d->way.host_count; i++) {
		const char *host = d->way.hosts[i].name;
		if (!policy_sts_has_mx(policy, host))
			check_judge_list_add(c.misses, sizeof(c.misses), "%s is not in the policy",
			                     host);
		else
			endpoints_cover(j, host, &c);
	}
	if (c.misses[0] && enforces)
		check_judge_say(&r, CHECK_CRITICAL, "senders with MTA-STS do not deliver: %s",
		                c.misses);
	else if (c.misses[0])
		check_judge_say(&r, CHECK_WARN, "mode enforce would stop mail: %s", c.misses);
	else if (c.unknown[0])
		check_judge_say(&r, CHECK_NOT_TESTED, "not looked at: %s", c.unknown);
	else
		check_judge_say(&r, CHECK_PASS, "every MX host is in the policy and keeps it");
	check_judge_add(j, "F7", d->name, &r);
}

static void mode_say(const struct policy_sts *policy, struct ruling *r)
{
	const char *mode = policy_sts_mode_name(policy->mode);
	if (policy->mode == POLICY_STS_NONE)
		check_judge_say(r, CHECK_WARN, "mode none: the policy demands nothing");
	else if (policy->max_age_s < DAY_S || policy->max_age_s > POLICY_STS_MAX_AGE_S)
		check_judge_say(r, CHECK_FAIL, "max_age %u s: a day at least, %u s at most",
		                policy->max_age_s, (unsigned)POLICY_STS_MAX_AGE_S);
	else if (policy->mode == POLICY_STS_TESTING)
		check_judge_say(r, CHECK_WARN,
		                "mode testing: senders report and deliver all the same");
	else if (policy->max_age_s < WEEK_S)
		check_judge_say(r, CHECK_WARN,
		                "max_age %u s: senders that write once a week forget it",
		                policy->max_age_s);
	else
		check_judge_say(r, CHECK_PASS, "mode %s, max_age %u s", mode, policy->max_age_s);
}

static void f8(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	struct ruling r = {};
	if (d->sts.state == POLICY_STS_IN_FORCE)
		mode_say(&d->sts.policy, &r);
	else if (has_sts_record(d) || d->sts.state == POLICY_STS_LOST)
		return; /* F5, F6 */
	else if (check_judge_has_dane(d))
		check_judge_say(&r, CHECK_INFO, "no MTA-STS; DANE protects senders that know it");
	else
		check_judge_say(&r, CHECK_WARN,
		                "neither MTA-STS nor DANE: who sits on the way can take TLS away");
	check_judge_add(j, "F8", d->name, &r);
}

/* --- reports --- */

static bool has_any_tlsa(const struct check_domain *d)
{
	for (size_t i = 0; i < d->way.host_count; i++)
		if (check_judge_has_tlsa(&d->way.hosts[i]))
			return true;
	return false;
}

static void f9(struct check_judge *j)
{
	const struct check_domain *d = j->domain;
	const struct check_txt *txt = &d->tlsrpt_record;
	bool is_needed = has_sts_record(d) || has_any_tlsa(d);
	struct ruling r = {};
	if (!txt->count && policy_dns_is_lost(txt->status))
		check_judge_say(&r, CHECK_NOT_TESTED, "_smtp._tls.%s could not be looked up",
		                d->name);
	else if (!txt->count)
		check_judge_say(&r, is_needed ? CHECK_FAIL : CHECK_WARN,
		                "no record: nobody tells you when %s",
		                is_needed ? "your policy stops mail" : "TLS to you fails");
	else if (txt->count > 1)
		check_judge_say(&r, CHECK_FAIL, "%u records, so none counts", txt->count);
	else if (txt->bad)
		check_judge_say(&r, CHECK_FAIL, "the record cannot be read: %s", txt->text);
	else if (d->tlsrpt_https_answers == CHECK_NO)
		check_judge_say(&r, CHECK_WARN, "its https place does not answer: %s",
		                d->tlsrpt_why);
	else
		check_judge_say(&r, CHECK_PASS, "%s", txt->text);
	check_judge_add(j, "F9", d->name, &r);
}

void check_judge_downgrade(struct check_judge *j)
{
	if (j->domain->way.end == POLICY_WAY_NULL_MX)
		return;
	f1(j);
	for (size_t i = 0; i < j->domain->way.host_count; i++) {
		f3(j, &j->domain->way.hosts[i]);
		f4(j, &j->domain->way.hosts[i]);
	}
	f5(j);
	f6(j);
	f7(j);
	f8(j);
	f9(j);
}
