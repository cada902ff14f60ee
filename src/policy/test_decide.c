#include "base/clean.h"
#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECURE POLICY_DNS_SECURE
#define INSECURE POLICY_DNS_INSECURE
#define BOGUS POLICY_DNS_BOGUS
#define FAILED POLICY_DNS_FAILED

enum records { NONE, GOOD, UNUSABLE };

static const struct decide_case {
	const char *name;
	enum policy_dns mx, address, alias;
	bool has_address, was_asked;
	enum policy_dns tlsa;
	enum records records;
	const char *sts; /* mode, NULL: no policy; a "-" behind it: it names another host */
	struct policy_decision want; /* why: its first word or words */
} cases[] = {
	{ "nothing at all",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_OPPORTUNISTIC, .why = "no DANE" } },
	{ "signed, no TLSA",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  NONE,
	  NULL,
	  { .level = POLICY_OPPORTUNISTIC, .why = "no DANE" } },
	{ "DANE",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  GOOD,
	  NULL,
	  { .level = POLICY_VERIFY,
	    .needs_dane = true,
	    .is_authenticated = true,
	    .used_count = 1,
	    .why = "DANE: " } },
	{ "DANE behind an insecure MX",
	  INSECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  GOOD,
	  NULL,
	  { .level = POLICY_VERIFY, .needs_dane = true, .used_count = 1, .why = "DANE for" } },
	{ "all unusable",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  UNUSABLE,
	  NULL,
	  { .level = POLICY_ENCRYPT, .report = "tlsa-invalid", .why = "it has TLSA" } },
	{ "TLSA in an insecure zone",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  INSECURE,
	  GOOD,
	  NULL,
	  { .level = POLICY_OPPORTUNISTIC, .why = "no DANE" } },
	{ "TLSA bogus",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  BOGUS,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP,
	    .report = "dnssec-invalid",
	    .why = "the signatures of its TLSA" } },
	{ "TLSA SERVFAIL",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  FAILED,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP, .report = "tlsa-invalid", .why = "its TLSA" } },
	{ "TLSA SERVFAIL is not saved by MTA-STS",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  FAILED,
	  NONE,
	  "enforce",
	  { .level = POLICY_SKIP, .report = "tlsa-invalid", .why = "its TLSA" } },
	{ "MX bogus",
	  BOGUS,
	  SECURE,
	  SECURE,
	  true,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP, .report = "dnssec-invalid", .why = "the MX records' s" } },
	{ "MX SERVFAIL",
	  FAILED,
	  SECURE,
	  SECURE,
	  true,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP, .why = "the MX records could" } },
	{ "address bogus",
	  SECURE,
	  BOGUS,
	  BOGUS,
	  false,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP,
	    .report = "dnssec-invalid",
	    .why = "the signatures of its addr" } },
	{ "address SERVFAIL",
	  SECURE,
	  FAILED,
	  FAILED,
	  false,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP, .why = "its addresses" } },
	{ "no address",
	  SECURE,
	  SECURE,
	  SECURE,
	  false,
	  false,
	  0,
	  NONE,
	  NULL,
	  { .level = POLICY_SKIP, .why = "it has no address" } },
	{ "STS enforce",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  "enforce",
	  { .level = POLICY_VERIFY,
	    .needs_pkix = true,
	    .is_authenticated = true,
	    .why = "MTA-STS in mode enforce" } },
	{ "STS enforce, another host",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  "enforce-",
	  { .level = POLICY_SKIP, .report = "validation-failure", .why = "the domain's" } },
	{ "STS testing",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  "testing",
	  { .level = POLICY_OPPORTUNISTIC, .tests_pkix = true, .why = "MTA-STS in mode testing" } },
	{ "STS testing, another host",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  "testing-",
	  { .level = POLICY_OPPORTUNISTIC,
	    .tests_pkix = true,
	    .report = "validation-failure",
	    .why = "MTA-STS in mode testing" } },
	{ "STS none",
	  INSECURE,
	  INSECURE,
	  INSECURE,
	  true,
	  false,
	  0,
	  NONE,
	  "none",
	  { .level = POLICY_OPPORTUNISTIC, .why = "no DANE" } },
	{ "both",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  GOOD,
	  "enforce",
	  { .level = POLICY_VERIFY,
	    .needs_dane = true,
	    .needs_pkix = true,
	    .is_authenticated = true,
	    .used_count = 1,
	    .why = "DANE and MTA-STS" } },
	{ "DANE, STS names another host",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  GOOD,
	  "enforce-",
	  { .level = POLICY_SKIP, .report = "validation-failure", .why = "the domain's" } },
	{ "all unusable, STS enforce",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  UNUSABLE,
	  "enforce",
	  { .level = POLICY_VERIFY,
	    .needs_pkix = true,
	    .is_authenticated = true,
	    .report = "tlsa-invalid",
	    .why = "MTA-STS in mode enforce" } },
	{ "DANE, STS testing",
	  SECURE,
	  SECURE,
	  SECURE,
	  true,
	  true,
	  SECURE,
	  GOOD,
	  "testing",
	  { .level = POLICY_VERIFY,
	    .needs_dane = true,
	    .tests_pkix = true,
	    .is_authenticated = true,
	    .used_count = 1,
	    .why = "DANE: " } },
};

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void decide_check(const struct decide_case *c, const struct policy_decision *d)
{
	const struct policy_decision *w = &c->want;
	if (d->level != w->level || d->needs_dane != w->needs_dane ||
	    d->needs_pkix != w->needs_pkix || d->tests_pkix != w->tests_pkix ||
	    d->is_authenticated != w->is_authenticated || d->used_count != w->used_count ||
	    !is_same_text(d->report, w->report))
		fail_msg("%s: %s, dane %d, pkix %d, tests %d, authenticated %d, used %zu, %s",
		         c->name, policy_level_name(d->level), d->needs_dane, d->needs_pkix,
		         d->tests_pkix, d->is_authenticated, d->used_count,
		         d->report ? d->report : "-");
	if (strncmp(d->why, w->why, strlen(w->why)) != 0)
		fail_msg("%s: why: %s", c->name, d->why);
}

static void test_decide(void **state)
{
	(void)state;
	static struct policy_sts sts;
	static const struct policy_tlsa records[] = {
		[NONE] = { .usage = 9 },
		[GOOD] = { .usage = 3, .selector = 1, .matching = 1, .len = 32 },
		[UNUSABLE] = { .usage = 1, .selector = 1, .matching = 1, .len = 32 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct decide_case *c = &cases[i];
		struct policy_decision d;
		struct policy_domain domain = { .name = "example.org", .mx = c->mx };
		struct policy_host host = { .name = "mx.example.org",
			                    .address = c->address,
			                    .has_address = c->has_address,
			                    .alias = c->alias,
			                    .was_asked = c->was_asked,
			                    .tlsa = c->tlsa,
			                    .records = &records[c->records],
			                    .count = c->records != NONE };
		if (c->sts) {
			bool is_other = strchr(c->sts, '-');
			sts.mx_count = 1;
			strcpy(sts.mx[0], is_other ? "other.example.org" : "*.example.org");
			sts.mode = !strncmp(c->sts, "enforce", 7)   ? POLICY_STS_ENFORCE
			           : !strncmp(c->sts, "testing", 7) ? POLICY_STS_TESTING
			                                            : POLICY_STS_NONE;
			domain.sts = &sts;
		}
		policy_decide(&domain, &host, &d);
		decide_check(c, &d);
	}
}

static void test_decide_wants_tlsa(void **state)
{
	(void)state;
	static const struct {
		enum policy_dns address, alias;
		bool has_address, wants;
	} asks[] = {
		{ SECURE, SECURE, true, true },   { INSECURE, INSECURE, true, false },
		{ INSECURE, SECURE, true, true }, /* a secure CNAME into an insecure zone */
		{ SECURE, SECURE, false, false }, { BOGUS, SECURE, true, false },
		{ FAILED, SECURE, false, false },
	};
	for (size_t i = 0; i < COUNT_OF(asks); i++) {
		struct policy_host host = { .address = asks[i].address,
			                    .alias = asks[i].alias,
			                    .has_address = asks[i].has_address };
		if (policy_wants_tlsa(&host) != asks[i].wants)
			fail_msg("case %zu", i);
	}
}

static void test_tlsa_choose(void **state)
{
	(void)state;
	static const struct policy_tlsa records[] = {
		{ .usage = 3, .selector = 1, .matching = 1, .len = 32 }, /* outdone by the next */
		{ .usage = 3, .selector = 1, .matching = 2, .len = 64 },
		{ .usage = 3, .selector = 0, .matching = 1, .len = 32 }, /* of another selector */
		{ .usage = 2, .selector = 1, .matching = 1, .len = 32 }, /* of another usage */
		{ .usage = 2,
		  .selector = 1,
		  .matching = 2,
		  .len = 63 }, /* no digest: outdoes none */
		{ .usage = 3, .selector = 1, .matching = 0, .len = 90 }, /* a key is no digest */
		{ .usage = 0, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 1, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 4, .selector = 1, .matching = 1, .len = 32 },
		{ .usage = 3, .selector = 2, .matching = 1, .len = 32 },
		{ .usage = 3, .selector = 1, .matching = 3, .len = 32 },
		{ .usage = 3, .selector = 1, .matching = 0, .len = 0 },
		{ .usage = 3, .selector = 1, .matching = 1, .len = 31 },
	};
	static const bool want[] = { false, true, true, true, false, true };
	bool is_used[COUNT_OF(records)];
	assert_int_equal(policy_tlsa_choose(records, COUNT_OF(records), is_used), 4);
	for (size_t i = 0; i < COUNT_OF(records); i++) {
		if (is_used[i] != (i < COUNT_OF(want) && want[i]))
			fail_msg("record %zu", i);
		assert_true(!is_used[i] || !policy_tlsa_fault(&records[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_decide_wants_tlsa),
		cmocka_unit_test(test_tlsa_choose),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
