#include "base/clean.h"
#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum records { NONE, GOOD, UNUSABLE };
enum { DANE = 1, PKIX = 2, TESTS = 4, PROVEN = 8 };

/*
 * dns: one letter each for the MX records, the addresses, the first alias, and TLSA: secure,
 * insecure, bogus, failed, "-" not asked; a "0" at the end: no address.
 * sts: mode, NULL for no policy; a "-" behind it: it names another host; "waived" is enforce with
 *      TLS-Required: No.
 * why: how it begins.
 */
static const struct decide_case {
	const char *name;
	const char *dns;
	enum records records;
	const char *sts;
	enum policy_level level;
	unsigned needs;
	enum policy_report report;
	const char *why;
} cases[] = {
	{ "nothing at all", "iii-", NONE, NULL, POLICY_OPPORTUNISTIC, 0, POLICY_REPORT_NONE,
	  "no DANE" },
	{ "signed, no TLSA", "ssss", NONE, NULL, POLICY_OPPORTUNISTIC, 0, POLICY_REPORT_NONE,
	  "no DANE" },
	{ "DANE", "ssss", GOOD, NULL, POLICY_VERIFY, DANE | PROVEN, POLICY_REPORT_NONE, "DANE: " },
	{ "DANE behind an insecure MX", "isss", GOOD, NULL, POLICY_VERIFY, DANE, POLICY_REPORT_NONE,
	  "DANE for" },
	{ "all unusable", "ssss", UNUSABLE, NULL, POLICY_ENCRYPT, 0, POLICY_REPORT_TLSA_INVALID,
	  "it has TLSA" },
	{ "TLSA in an insecure zone", "sssi", GOOD, NULL, POLICY_OPPORTUNISTIC, 0,
	  POLICY_REPORT_NONE, "no DANE" },
	{ "TLSA bogus", "sssb", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_DNSSEC_INVALID,
	  "the signatures of its TLSA" },
	{ "TLSA SERVFAIL", "sssf", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_TLSA_INVALID,
	  "its TLSA" },
	{ "and MTA-STS does not save it", "sssf", NONE, "enforce", POLICY_SKIP, 0,
	  POLICY_REPORT_TLSA_INVALID, "its TLSA" },
	{ "MX bogus", "bss-", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_DNSSEC_INVALID,
	  "the MX records' s" },
	{ "MX SERVFAIL", "fss-", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_NONE,
	  "the MX records could" },
	{ "address bogus", "sbb-0", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_DNSSEC_INVALID,
	  "the signatures of its addr" },
	{ "address SERVFAIL", "sff-0", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_NONE,
	  "its addresses" },
	{ "no address", "sss-0", NONE, NULL, POLICY_SKIP, 0, POLICY_REPORT_NONE,
	  "it has no address" },
	{ "STS enforce", "iii-", NONE, "enforce", POLICY_VERIFY, PKIX | PROVEN, POLICY_REPORT_NONE,
	  "MTA-STS in mode enf" },
	{ "STS enforce, other host", "iii-", NONE, "enforce-", POLICY_SKIP, 0,
	  POLICY_REPORT_VALIDATION_FAILURE, "the domain's" },
	{ "STS testing", "iii-", NONE, "testing", POLICY_OPPORTUNISTIC, TESTS, POLICY_REPORT_NONE,
	  "MTA-STS in mode testing" },
	{ "STS testing, other host", "iii-", NONE, "testing-", POLICY_OPPORTUNISTIC, TESTS,
	  POLICY_REPORT_VALIDATION_FAILURE, "MTA-STS in" },
	{ "STS none", "iii-", NONE, "none", POLICY_OPPORTUNISTIC, 0, POLICY_REPORT_NONE,
	  "no DANE" },
	{ "both", "ssss", GOOD, "enforce", POLICY_VERIFY, DANE | PKIX | PROVEN, POLICY_REPORT_NONE,
	  "DANE and MTA-STS" },
	{ "DANE, STS names another", "ssss", GOOD, "enforce-", POLICY_SKIP, 0,
	  POLICY_REPORT_VALIDATION_FAILURE, "the domain's" },
	{ "all unusable, STS enforce", "ssss", UNUSABLE, "enforce", POLICY_VERIFY, PKIX | PROVEN,
	  POLICY_REPORT_TLSA_INVALID, "MTA-STS in" },
	{ "STS lost", "iii-", NONE, "lost", POLICY_SKIP, 0, POLICY_REPORT_NONE, "whether" },
	{ "all unusable, STS lost", "ssss", UNUSABLE, "lost", POLICY_SKIP, 0, POLICY_REPORT_NONE,
	  "whether" },
	{ "DANE, STS lost", "ssss", GOOD, "lost", POLICY_VERIFY, DANE | PROVEN, POLICY_REPORT_NONE,
	  "DANE: " },
	{ "DANE behind an insecure MX, STS lost", "isss", GOOD, "lost", POLICY_SKIP, 0,
	  POLICY_REPORT_NONE, "whether" },
	{ "DANE, STS enforce, waived", "ssss", GOOD, "waived-", POLICY_OPPORTUNISTIC, 0,
	  POLICY_REPORT_NONE, "the sender says" },
	{ "TLSA SERVFAIL, waived", "sssf", NONE, "waived", POLICY_OPPORTUNISTIC, 0,
	  POLICY_REPORT_NONE, "the sender says" },
	{ "MX bogus, waived", "bss-", NONE, "waived", POLICY_SKIP, 0, POLICY_REPORT_DNSSEC_INVALID,
	  "the MX records' s" },
	{ "DANE, STS testing", "ssss", GOOD, "testing", POLICY_VERIFY, DANE | TESTS | PROVEN,
	  POLICY_REPORT_NONE, "DANE: " },
};

static enum policy_dns dns_of(char letter)
{
	switch (letter) {
	case 's':
		return POLICY_DNS_SECURE;
	case 'i':
	case '-':
		return POLICY_DNS_INSECURE;
	case 'b':
		return POLICY_DNS_BOGUS;
	default:
		return POLICY_DNS_FAILED;
	}
}

static enum policy_sts_mode mode_of(const char *text)
{
	enum policy_sts_mode mode = POLICY_STS_NONE;
	while (strncmp(text, policy_sts_mode_name(mode), strlen(policy_sts_mode_name(mode))) != 0)
		mode++;
	return mode;
}

static void decide_check(const struct decide_case *c, const struct policy_decision *d)
{
	unsigned needs = (d->needs_dane ? DANE : 0) | (d->needs_pkix ? PKIX : 0) |
	                 (d->tests_pkix ? TESTS : 0) | (d->is_authenticated ? PROVEN : 0);
	if (d->level != c->level || needs != c->needs || d->report != c->report ||
	    d->used_count != (c->needs & DANE ? 1 : 0) ||
	    strncmp(d->why, c->why, strlen(c->why)) != 0)
		fail_msg("%s: %s, needs %u, used %zu, report %d, why: %s", c->name,
		         policy_level_name(d->level), needs, d->used_count, d->report, d->why);
}

static void test_decide(void **state)
{
	(void)state;
	static struct policy_sts sts = { .mx_count = 1 };
	static const struct policy_tlsa records[] = {
		[NONE] = { .usage = 9 },
		[GOOD] = { .usage = 3, .selector = 1, .matching = 1, .len = 32 },
		[UNUSABLE] = { .usage = 1, .selector = 1, .matching = 1, .len = 32 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct decide_case *c = &cases[i];
		struct policy_decision d;
		struct policy_domain domain = { .name = "example.org", .mx = dns_of(c->dns[0]) };
		struct policy_host host = { .name = "mx.example.org",
			                    .address = dns_of(c->dns[1]),
			                    .has_address = c->dns[4] != '0',
			                    .alias = dns_of(c->dns[2]),
			                    .was_asked = c->dns[3] != '-',
			                    .tlsa = dns_of(c->dns[3]),
			                    .records = &records[c->records],
			                    .count = c->records != NONE };
		domain.sts_is_lost = c->sts && !strcmp(c->sts, "lost");
		domain.is_waived = c->sts && slice_starts_nocase(slice_str(c->sts), "waived");
		if (c->sts && !domain.sts_is_lost) {
			bool is_other = strchr(c->sts, '-');
			strcpy(sts.mx[0], is_other ? "other.example.org" : "*.example.org");
			sts.mode = domain.is_waived ? POLICY_STS_ENFORCE : mode_of(c->sts);
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
		const char *dns; /* address and alias, as above */
		bool wants;
	} asks[] = {
		{ "ss", true },   { "ii", false },
		{ "is", true }, /* a secure CNAME to an insecure zone */
		{ "ss0", false }, { "bs", false },
		{ "ff0", false },
	};
	for (size_t i = 0; i < COUNT_OF(asks); i++) {
		struct policy_host host = { .address = dns_of(asks[i].dns[0]),
			                    .has_address = !asks[i].dns[2],
			                    .alias = dns_of(asks[i].dns[1]) };
		if (policy_wants_tlsa(&host) != asks[i].wants)
			fail_msg("%s", asks[i].dns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_decide_wants_tlsa),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
