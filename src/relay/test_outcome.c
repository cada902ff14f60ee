#include "base/clean.h"
#include "relay/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What was told: "tlsa mx.example.org ok, sts example.org 202 205; ", one outcome each ";". */
static char told[1000];

static void tell(const char *text)
{
	strncat(told, text, sizeof(told) - strlen(told) - 1);
}

static void on_count(struct policy_asker *asker, const struct policy_outcome *o)
{
	char text[300];
	(void)asker;
	assert_true(policy_outcome_is_fine(o));
	assert_string_equal(o->domain, "example.org");
	for (size_t i = 0; i < o->part_count; i++) {
		const struct policy_part *p = &o->parts[i];
		assert_true(p->has_failed == (p->failure_count > 0));
		snprintf(text, sizeof(text), "%s%s %s%s", i ? ", " : "", policy_kind_name(p->kind),
		         p->domain, p->has_failed ? "" : " ok");
		tell(text);
		for (size_t n = 0; n < p->failure_count; n++) {
			snprintf(text, sizeof(text), " %d", (int)p->failures[n].report);
			tell(text);
		}
	}
	tell("; ");
}

static struct policy_asker asker = { .count = on_count };

/*
 * host: d DANE, u unusable TLSA, - none. sts: e enforce, t testing, x testing without this host,
 * b broken, - none. tls: whether the handshake succeeded; else report says what failed, or nothing.
 */
static const struct {
	const char *name;
	char host, sts;
	bool tls;
	enum policy_report report, dane, pkix;
	const char *told;
} hops[] = {
	{ "nothing is demanded", '-', '-', true, 0, 0, 0, "no-policy-found example.org ok; " },
	{ "no STARTTLS", '-', '-', false, 201, 0, 0, "no-policy-found example.org 201; " },
	{ "the handshake failed", '-', '-', false, 205, 0, 0, "no-policy-found example.org 205; " },
	{ "it did not come to TLS", '-', '-', false, 0, 0, 0, "" },
	{ "DANE", 'd', '-', true, 0, 0, 0, "tlsa base.example.org ok; " },
	{ "DANE fails", 'd', '-', true, 203, 203, 0, "tlsa base.example.org 203; " },
	{ "unusable TLSA", 'u', '-', true, 0, 0, 0, "tlsa base.example.org 304; " },
	{ "STS", '-', 'e', true, 0, 0, 0, "sts example.org ok; " },
	{ "STS fails", '-', 'e', true, 202, 0, 202, "sts example.org 202; " },
	{ "STS is tested", '-', 't', true, 204, 0, 204, "sts example.org 204; " },
	{ "STS is tested and names another", '-', 'x', true, 202, 0, 202, "sts example.org 205; " },
	{ "STS is broken", '-', 'b', true, 0, 0, 0, "sts example.org 302; " },
	{ "STS is broken, no STARTTLS", '-', 'b', false, 201, 0, 0, "sts example.org 302 201; " },
	{ "both", 'd', 'e', true, 0, 0, 0, "tlsa base.example.org ok, sts example.org ok; " },
	{ "both, STS fails", 'd', 'e', true, 203, 0, 203,
	  "tlsa base.example.org ok, sts example.org 203; " },
	{ "both, DANE fails", 'd', 'e', true, 203, 203, 0,
	  "tlsa base.example.org 203, sts example.org ok; " },
	{ "both, no STARTTLS", 'd', 'e', false, 201, 0, 0,
	  "tlsa base.example.org 201, sts example.org 201; " },
	{ "DANE, and STS is broken", 'd', 'b', true, 0, 0, 0,
	  "tlsa base.example.org ok, sts example.org 302; " },
	{ "unusable TLSA, STS holds", 'u', 'e', true, 0, 0, 0,
	  "tlsa base.example.org 304, sts example.org ok; " },
};

static void plan_set(struct relay_plan *plan, struct relay_host *host, char dane, char sts)
{
	*plan = (struct relay_plan){ .domain = "example.org", .quotes.is_reported = true };
	*host = (struct relay_host){ .name = "mx.example.org" };
	host->decision.needs_dane = dane == 'd';
	if (dane != '-')
		strcpy(host->tlsa_domain, "base.example.org");
	host->decision.needs_pkix = sts == 'e';
	host->decision.tests_pkix = strchr("tx", sts) != NULL;
	if (sts == 'x')
		host->decision.report = POLICY_REPORT_VALIDATION_FAILURE;
	plan->quotes.has_sts = sts != '-';
	if (sts == 'b')
		plan->quotes.report = POLICY_REPORT_STS_POLICY_INVALID;
}

static void test_outcome_of_hops(void **state)
{
	static const struct tls_facts tls;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hops); i++) {
		struct relay_plan plan;
		struct relay_host host;
		struct relay_hop_facts facts = { .address = "192.0.2.9",
			                         .helo = "mx",
			                         .tls = hops[i].tls ? &tls : NULL,
			                         .report = hops[i].report };
		plan_set(&plan, &host, hops[i].host, hops[i].sts);
		facts.verdict = (struct relay_verdict){
			.dane = hops[i].dane, .pkix = hops[i].pkix, .dane_why = "d", .pkix_why = "p"
		};
		told[0] = '\0';
		relay_outcome_hop(&asker, &(struct relay_ended){ .plan = &plan,
		                                                 .host = &host,
		                                                 .facts = &facts,
		                                                 .local = "192.0.2.1",
		                                                 .error = "it\r\nsaid \xff" });
		if (strcmp(told, hops[i].told) != 0)
			fail_msg("%s: \"%s\"", hops[i].name, told);
		/* Nobody is told of a route. */
		plan.quotes.is_reported = false;
		told[0] = '\0';
		relay_outcome_hop(&asker, &(struct relay_ended){ .plan = &plan,
		                                                 .host = &host,
		                                                 .facts = &facts,
		                                                 .local = "",
		                                                 .error = "" });
		assert_string_equal(told, "");
	}
}

/*
 * hosts, best first: d DANE, p no TLSA, b bogus TLSA, l lost TLSA, a lost address; behind it its
 * preference. sts: n enforce for mx1 alone, - none, l its record is bogus.
 */
static const struct {
	const char *name;
	char mx;
	const char *hosts;
	char sts;
	const char *told;
} ways[] = {
	{ "all may be tried", 's', "d1 p2", '-', "" },
	{ "bogus before", 's', "b1 d2", '-', "tlsa example.org 305; " },
	{ "bogus behind", 's', "d1 b2", '-', "" },
	{ "bogus and lost alone", 's', "b1 l2", '-',
	  "tlsa example.org 305; tlsa example.org 304; " },
	{ "no address says nothing of TLS", 's', "a1", '-', "" },
	{ "not named before", 'i', "p2 p1", 'n', "" },
	{ "not named alone", 'i', "a1 p2", 'n', "sts example.org 205; " },
	{ "bogus MX", 'b', "", '-', "tlsa example.org 305; " },
	{ "bogus MX and record", 'b', "", 'l', "tlsa example.org 305; " },
	{ "lost MX", 'f', "", '-', "" },
	{ "bogus record of MTA-STS", 'i', "p1", 'l', "sts example.org 305; " },
	{ "the same where DANE proves", 's', "d1", 'l', "" },
};

static struct policy_way_host hosts[POLICY_WAY_HOSTS_MAX];
static struct policy_tlsa records[POLICY_WAY_HOSTS_MAX];

static void host_add(struct policy_way *way, char kind, unsigned preference, unsigned number)
{
	struct policy_tlsa *record = &records[way->host_count];
	struct policy_way_host *h = &hosts[way->host_count++];
	*h = (struct policy_way_host){ .preference = (uint16_t)preference,
		                       .address_count = kind != 'a',
		                       .addresses = { "192.0.2.1" },
		                       .tlsa = record,
		                       .tlsa_count = kind == 'd',
		                       .base = "base.example.org" };
	snprintf(h->name, sizeof(h->name), "mx%u.example.org", number);
	h->tlsa[0] = (struct policy_tlsa){ .usage = 3, .selector = 1, .matching = 1, .len = 32 };
	h->facts = (struct policy_host){
		.name = h->name,
		.address = kind == 'a' ? POLICY_DNS_FAILED : POLICY_DNS_SECURE,
		.has_address = kind != 'a',
		.was_asked = true,
		.tlsa = kind == 'b'   ? POLICY_DNS_BOGUS
		        : kind == 'l' ? POLICY_DNS_FAILED
		                      : POLICY_DNS_SECURE,
		.records = h->tlsa,
		.count = h->tlsa_count,
	};
}

static void way_check(size_t i)
{
	struct policy_way way = { .domain = "example.org", .hosts = hosts };
	static struct policy_sts_facts sts;
	CLEAN(relay_plan_deinit) struct relay_plan plan = {};
	sts = (struct policy_sts_facts){};
	way.mx = ways[i].mx == 's'   ? POLICY_DNS_SECURE
	         : ways[i].mx == 'b' ? POLICY_DNS_BOGUS
	         : ways[i].mx == 'f' ? POLICY_DNS_FAILED
	                             : POLICY_DNS_INSECURE;
	way.end = policy_dns_is_lost(way.mx) ? POLICY_WAY_LOST : POLICY_WAY_HOSTS;
	for (const char *at = ways[i].hosts; at[0]; at += at[2] ? 3 : 2)
		host_add(&way, at[0], (unsigned)(at[1] - '0'), (unsigned)(at[1] - '0'));
	if (ways[i].sts == 'n') {
		sts = (struct policy_sts_facts){ .state = POLICY_STS_IN_FORCE };
		sts.policy.mode = POLICY_STS_ENFORCE;
		sts.policy.mx_count = 1;
		strcpy(sts.policy.mx[0], "mx1.example.org");
	} else if (ways[i].sts == 'l') {
		sts = (struct policy_sts_facts){ .state = POLICY_STS_LOST,
			                         .report = POLICY_REPORT_DNSSEC_INVALID,
			                         .why = "bogus" };
	}
	const struct relay_plan_settings set = { .hostname = "mail.example.net" };
	assert_int_equal(relay_plan_make(&plan, &way, &sts, &set), 0);
	told[0] = '\0';
	relay_outcome_way(&asker, &plan, &way, &sts);
	if (strcmp(told, ways[i].told) != 0)
		fail_msg("%s: \"%s\"", ways[i].name, told);
}

static void test_outcome_of_hosts_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		way_check(i);
}

/* What the plan keeps for reports. */
static void test_outcome_quotes(void **state)
{
	struct policy_way way = { .domain = "example.org",
		                  .hosts = hosts,
		                  .mx = POLICY_DNS_SECURE };
	static struct policy_sts_facts sts = { .state = POLICY_STS_IN_FORCE };
	CLEAN(relay_plan_deinit) struct relay_plan plan = {};
	const struct relay_plan_settings set = { .hostname = "mail.example.net" };
	(void)state;
	host_add(&way, 'd', 1, 1);
	sts.policy = (struct policy_sts){
		.mode = POLICY_STS_TESTING, .max_age_s = 5, .mx_count = 1, .mx = { "*.example.org" }
	};
	assert_int_equal(relay_plan_make(&plan, &way, &sts, &set), 0);
	assert_true(slice_equal(buf_slice(&plan.quotes.sts),
	                        slice_str("version: STSv1\nmode: testing\nmx: *.example.org\n"
	                                  "max_age: 5\n")));
	assert_true(slice_equal(buf_slice(&plan.quotes.sts_mx), slice_str("*.example.org\n")));
	assert_string_equal(plan.hosts[0].tlsa_domain, "base.example.org");
	assert_int_equal(buf_len(&plan.hosts[0].tlsa), strlen("3 1 1 ") + 64 + 1);
}

static void test_outcome_of_a_broken_policy(void **state)
{
	static struct policy_sts_facts sts = { .state = POLICY_STS_BROKEN,
		                               .report = POLICY_REPORT_STS_POLICY_FETCH_ERROR,
		                               .why = "it says \"\xc3\xbc\"" };
	(void)state;
	told[0] = '\0';
	relay_outcome_broken_sts(&asker, "example.org", &sts);
	assert_string_equal(told, "sts example.org 301; ");
	/* An older one is in force: nothing has failed. */
	told[0] = '\0';
	sts.state = POLICY_STS_IN_FORCE;
	relay_outcome_broken_sts(&asker, "example.org", &sts);
	sts = (struct policy_sts_facts){};
	relay_outcome_broken_sts(&asker, "example.org", &sts);
	assert_string_equal(told, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome_of_hops),
		cmocka_unit_test(test_outcome_of_hosts_left_out),
		cmocka_unit_test(test_outcome_quotes),
		cmocka_unit_test(test_outcome_of_a_broken_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
