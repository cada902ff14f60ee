/* Findings: their order, places and commands, and what strangers write into them. */
#include "advice/profile.h"
#include "base/clean.h"
#include "check/judge.h"
#include "check/test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct check_report judge(const struct facts *f)
{
	struct check_report report;
	assert_int_equal(check_judge(&f->domain, advice_profile_find("m3aawg"), &report), 0);
	return report;
}

static const struct check_finding *find(const struct check_report *report, const char *id,
                                        const char *place)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].criterion->id, id) &&
		    !strcmp(report->findings[i].place, place))
			return &report->findings[i];
	return NULL;
}

static void test_judge_worst_first(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	f->endpoints[FACTS_MX2].versions[CHECK_TLS10].is_there = CHECK_YES;
	f->endpoints[FACTS_MX].proof.dane = TLS_PROOF_NOT_TRUSTED;
	f->endpoints[FACTS_IMAP].clear.login_disabled = false;
	struct check_report report = judge(f);
	assert_string_equal(report.findings[0].criterion->id, "F2");
	assert_string_equal(report.findings[1].criterion->id, "G4");
	for (size_t i = 1; i < report.count; i++) {
		const struct check_finding *a = &report.findings[i - 1], *b = &report.findings[i];
		assert_true(a->verdict >= b->verdict);
		if (a->verdict == b->verdict)
			assert_true(strcmp(a->place, b->place) <= 0);
	}
	assert_int_equal(report.totals[CHECK_CRITICAL], 1);
	check_report_deinit(&report);
	free(f);
}

/* Twice the same facts are twice the same findings, and none stands twice. */
static void test_judge_findings_are_unique_and_stable(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	struct check_report a = judge(f), b = judge(f);
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		const struct check_finding *one = &a.findings[i];
		assert_string_equal(one->place, b.findings[i].place);
		assert_ptr_equal(one->criterion, b.findings[i].criterion);
		assert_ptr_equal(find(&a, one->criterion->id, one->place), one);
	}
	check_report_deinit(&a);
	check_report_deinit(&b);
	free(f);
}

static void test_judge_places_and_commands(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	struct check_endpoint *v6 = &f->endpoints[FACTS_IMAPS];
	strcpy(v6->host, "2001:db8::993");
	strcpy(v6->address, "2001:db8::993");
	struct check_report report = judge(f);
	const struct check_finding *c2 = find(&report, "C2", "mx.example.org:25/smtp [192.0.2.25]");
	assert_non_null(c2);
	assert_string_equal(c2->retest, "mailseal check --host mx.example.org:25/smtp --only C2");
	assert_string_equal(c2->software, "Postfix");
	assert_ptr_equal(c2->endpoint, &f->endpoints[FACTS_MX]);
	c2 = find(&report, "C2", "[2001:db8::993]:993/imaps");
	assert_non_null(c2);
	assert_string_equal(c2->retest,
	                    "mailseal check --host [2001:db8::993]:993/imaps --only C2");
	const struct check_finding *f5 = find(&report, "F5", "example.org");
	assert_non_null(f5);
	assert_null(f5->endpoint);
	assert_string_equal(f5->retest, "mailseal check example.org --only F5");
	check_report_deinit(&report);
	f->domain.is_mine = true;
	assert_int_equal(check_judge(&f->domain, advice_profile_find("bsi2026"), &report), 0);
	f5 = find(&report, "F5", "example.org");
	assert_string_equal(f5->retest,
	                    "mailseal check example.org --only F5 --mine --profile bsi2026");
	check_report_deinit(&report);
	free(f);
}

/* A name that is as long as names may be does not cut off what tells places apart. */
static void test_judge_long_names_keep_their_port(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	struct check_endpoint *e = &f->endpoints[FACTS_IMAPS];
	memset(e->host, 'a', sizeof(e->host) - 1);
	struct check_report report = judge(f);
	for (size_t i = 0; i < report.count; i++)
		if (report.findings[i].endpoint == e)
			assert_non_null(
				strstr(report.findings[i].place, ":993/imaps [192.0.2.27]"));
	check_report_deinit(&report);
	free(f);
}

/* Both are said: what opportunistic TLS makes of it, and what the strict make of it. */
static void test_judge_old_version_on_25_says_both_verdicts(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	f->endpoints[FACTS_MX].versions[CHECK_TLS10].is_there = CHECK_YES;
	struct check_report report = judge(f);
	const struct check_finding *c2 = find(&report, "C2", "mx.example.org:25/smtp [192.0.2.25]");
	assert_non_null(strstr(c2->evidence, "Opportunistic (RFC 7435): warn"));
	assert_non_null(strstr(c2->evidence, "Strict (RFC 8996): fail"));
	assert_non_null(strstr(c2->evidence, "mailseal report impact"));
	check_report_deinit(&report);
	free(f);
}

/* What Debian's Postfix does: the client's order, and RSA_AES128_SHA if that is first. */
static void test_judge_client_order_with_static_rsa_is_said(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	struct check_suites *suites = &f->endpoints[FACTS_MX].versions[CHECK_TLS12];
	suites->accepted[suites->count++] = 0x002f;
	suites->has_order = CHECK_NO;
	struct check_report report = judge(f);
	const struct check_finding *d4 = find(&report, "D4", "mx.example.org:25/smtp [192.0.2.25]");
	assert_non_null(strstr(d4->evidence, "TLS_RSA_WITH_AES_128_CBC_SHA"));
	assert_non_null(strstr(d4->evidence, "a client that names it first gets it"));
	check_report_deinit(&report);
	free(f);
}

/* Whoever does not answer, or turns us away, has no findings about TLS. */
static void test_judge_unreached_is_never_no_tls(void **state)
{
	static const enum check_reach reaches[] = { CHECK_NOT_ASKED, CHECK_CLOSED, CHECK_SILENT,
		                                    CHECK_RATE, CHECK_FOREIGN };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reaches); i++) {
		struct facts *f = facts_new();
		struct check_endpoint *e = &f->endpoints[FACTS_MX2];
		e->reach = reaches[i];
		e->clear = (struct check_talk){};
		e->has_tls = CHECK_UNKNOWN;
		strcpy(e->why, "421 too many connections");
		struct check_report report = judge(f);
		for (size_t n = 0; n < report.count; n++) {
			const struct check_finding *found = &report.findings[n];
			if (found->endpoint != e)
				continue;
			assert_string_equal(found->criterion->id, "B4");
			assert_int_equal(found->verdict, CHECK_NOT_TESTED);
		}
		assert_int_equal(report.totals[CHECK_FAIL], 0);
		check_report_deinit(&report);
		free(f);
	}
}

/* --host: nothing is said that needs DNS. */
static void test_judge_endpoint_alone(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	f->domain = (struct check_domain){ .at_s = FACTS_NOW,
		                           .endpoints = { &f->endpoints[FACTS_WEB] },
		                           .endpoint_count = 1 };
	struct check_report report = judge(f);
	assert_true(report.count > 20);
	for (size_t i = 0; i < report.count; i++)
		assert_ptr_equal(report.findings[i].endpoint, &f->endpoints[FACTS_WEB]);
	assert_non_null(find(&report, "H1", "webmail.example.org:443/https [192.0.2.80]"));
	check_report_deinit(&report);
	free(f);
}

static void test_judge_null_mx_has_no_mail_findings(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	f->domain.way.end = POLICY_WAY_NULL_MX;
	f->domain.way.host_count = 0;
	f->domain.host_count = 0;
	f->domain.endpoint_count = 0;
	struct check_report report = judge(f);
	for (size_t i = 0; i < report.count; i++)
		assert_true(strchr("BF", report.findings[i].criterion->id[0]) == NULL);
	assert_int_equal(find(&report, "A1", "example.org")->verdict, CHECK_NOT_APPLICABLE);
	assert_string_equal(report.letters[CHECK_BETWEEN].letter, "-");
	check_report_deinit(&report);
	free(f);
}

static void test_judge_no_facts_at_all(void **state)
{
	(void)state;
	struct facts *f = facts_new();
	f->domain = (struct check_domain){ .name = "example.org", .why = "no resolver answers" };
	struct check_report report = judge(f);
	assert_int_equal(find(&report, "A1", "example.org")->verdict, CHECK_NOT_TESTED);
	assert_string_equal(report.overall.letter, "-");
	check_report_deinit(&report);
	free(f);
}

/* --- hostile text --- */

static void hostile_fill(char *text, size_t cap)
{
	static const char evil[] = "\x1b[2J\r\n$(reboot)`id`\"'<script>\x7f\xc2\x9b%s%n;";
	for (size_t i = 0; i + 1 < cap; i++)
		text[i] = evil[i % (sizeof(evil) - 1)];
	text[cap - 1] = '\0';
}

#define EVIL(field) hostile_fill(field, sizeof(field))

static void endpoint_poison(struct check_endpoint *e)
{
	static char names[1024];
	EVIL(names);
	EVIL(e->why);
	EVIL(e->greeting);
	EVIL(e->software);
	EVIL(e->clear.caps);
	EVIL(e->clear.auth);
	EVIL(e->sealed.auth);
	EVIL(e->starttls_answer);
	EVIL(e->plain_mail_answer);
	EVIL(e->handshake.why);
	EVIL(e->chain.issuer);
	EVIL(e->chain.subject);
	EVIL(e->chain.pkix_why);
	EVIL(e->chain.key);
	EVIL(e->chain.signatures[0]);
	EVIL(e->web.server);
	EVIL(e->web.clear_answer);
	e->web.login_in_clear = CHECK_YES;
	EVIL(e->dh.name);
	EVIL(e->host);
	e->chain.names = names;
	e->chain.has_name = CHECK_NO;
	e->chain.pkix = TLS_PROOF_NOT_TRUSTED;
	e->chain.signature_is_weak[0] = true;
	e->dh.bits = 512;
	e->plain_mail = CHECK_NO;
}

static void domain_poison(struct check_domain *d)
{
	EVIL(d->sts.why);
	EVIL(d->sts_record.text);
	EVIL(d->tlsrpt_record.text);
	EVIL(d->tlsrpt_why);
	EVIL(d->hosts[0].caa.text);
	EVIL(d->hosts[0].tlsa_why);
	EVIL(d->autoconfig[0].url);
	EVIL(d->autoconfig[0].clear);
	EVIL(d->srv[0].target);
	EVIL(d->way.hosts[0].name);
	EVIL(d->way.hosts[0].why);
	d->hosts[0].tlsa_probe = POLICY_DNS_BOGUS;
	d->way.hosts[0].facts.has_address = false;
	d->autoconfig[0].names_clear = true;
	d->sts.state = POLICY_STS_BROKEN;
}

static void text_is_tame(const char *text)
{
	for (; *text; text++)
		assert_true(*text >= ' ' && *text <= '~');
}

static void test_judge_hostile_texts_are_tamed(void **state)
{
	(void)state;
	for (enum check_reach reach = CHECK_OPEN; reach < CHECK_REACH_COUNT; reach++) {
		struct facts *f = facts_new();
		for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++) {
			endpoint_poison(&f->endpoints[i]);
			f->endpoints[i].reach = reach;
		}
		domain_poison(&f->domain);
		struct check_report report = judge(f);
		assert_true(report.count > 10);
		for (size_t i = 0; i < report.count; i++) {
			text_is_tame(report.findings[i].place);
			text_is_tame(report.findings[i].evidence);
			text_is_tame(report.findings[i].software);
			/* Nothing of a stranger's gets into a command. */
			assert_null(strpbrk(report.findings[i].retest, "$`\"'<>;()%"));
		}
		check_report_deinit(&report);
		free(f);
	}
}

/* --- facts that nobody thought of --- */

static unsigned pick(unsigned *seed, unsigned count)
{
	return (unsigned)rand_r(seed) % count;
}

static void seen_fill(unsigned *seed, enum check_seen *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fields[i] = (enum check_seen)pick(seed, 3);
}

static void suites_fill(unsigned *seed, struct check_suites *suites)
{
	suites->is_there = (enum check_seen)pick(seed, 3);
	suites->has_order = (enum check_seen)pick(seed, 3);
	suites->is_whole = pick(seed, 2);
	suites->count = pick(seed, CHECK_SUITES_MAX + 1);
	for (unsigned i = 0; i < suites->count; i++)
		suites->accepted[i] =
			(uint16_t)(pick(seed, 2) ? pick(seed, 0xff) : 0xc000 + pick(seed, 0x100));
	suites->chosen = (uint16_t)pick(seed, 0x10000);
}

static void certificate_fill(unsigned *seed, struct check_certificate *c)
{
	c->pkix = (enum tls_proof_result)pick(seed, TLS_PROOF_RESULT_COUNT);
	c->has_name = (enum check_seen)pick(seed, 3);
	c->is_revoked = (enum check_seen)pick(seed, 3);
	c->key_bits = pick(seed, 10000);
	c->key_is_rsa = pick(seed, 2);
	c->sent_count = pick(seed, 100);
	c->not_before_s = (int64_t)pick(seed, 1U << 31) * pick(seed, 1000);
	c->not_after_s = (int64_t)pick(seed, 1U << 31) * pick(seed, 1000);
}

static void endpoint_scramble(unsigned *seed, struct check_endpoint *e)
{
	enum check_seen *const seen[] = {
		&e->has_tls,        &e->injection,         &e->plain_mail,
		&e->tolerates,      &e->takes_bad_suites,  &e->has_pq,
		&e->takes_sha1,     &e->has_ems,           &e->renegotiates,
		&e->compresses,     &e->has_early_data,    &e->has_tickets,
		&e->alpn_is_strict, &e->works_without_sni, &e->other_chain_matches_dane,
	};
	for (size_t i = 0; i < COUNT_OF(seen); i++)
		seen_fill(seed, seen[i], 1);
	for (enum check_version v = CHECK_SSL2; v < CHECK_VERSION_COUNT; v++)
		suites_fill(seed, &e->versions[v]);
	e->reach = pick(seed, 4) ? CHECK_OPEN : (enum check_reach)pick(seed, CHECK_REACH_COUNT);
	e->service = (enum check_service)pick(seed, CHECK_SERVICE_COUNT);
	e->probes_lost = pick(seed, 2);
	e->steps_lost = e->probes_lost ? UINT64_MAX : 0;
	e->bad_suite = (uint16_t)pick(seed, 0x10000);
	e->pq_group = (uint16_t)pick(seed, 0x10000);
	e->group_count = pick(seed, CHECK_GROUPS_MAX + 1);
	for (unsigned i = 0; i < e->group_count; i++)
		e->groups[i] = (uint16_t)pick(seed, 300);
	e->dh.bits = pick(seed, 8193);
	certificate_fill(seed, &e->chain);
	certificate_fill(seed, &e->other_chain);
	memset(e->chain.spki, (int)pick(seed, 3), sizeof(e->chain.spki));
}

static void test_judge_any_facts(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct facts *f = facts_new();
		struct check_report report;
		unsigned seed = round;
		for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++)
			endpoint_scramble(&seed, &f->endpoints[i]);
		const struct advice_profile *profile =
			&advice_profiles[round % advice_profile_count];
		assert_int_equal(check_judge(&f->domain, profile, &report), 0);
		for (size_t i = 0; i < report.count; i++) {
			assert_true(report.findings[i].verdict < CHECK_VERDICT_COUNT);
			assert_true(report.findings[i].evidence[0]);
			text_is_tame(report.findings[i].evidence);
		}
		assert_true(report.overall.letter[0]);
		check_report_deinit(&report);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_worst_first),
		cmocka_unit_test(test_judge_findings_are_unique_and_stable),
		cmocka_unit_test(test_judge_places_and_commands),
		cmocka_unit_test(test_judge_long_names_keep_their_port),
		cmocka_unit_test(test_judge_old_version_on_25_says_both_verdicts),
		cmocka_unit_test(test_judge_client_order_with_static_rsa_is_said),
		cmocka_unit_test(test_judge_unreached_is_never_no_tls),
		cmocka_unit_test(test_judge_endpoint_alone),
		cmocka_unit_test(test_judge_null_mx_has_no_mail_findings),
		cmocka_unit_test(test_judge_no_facts_at_all),
		cmocka_unit_test(test_judge_hostile_texts_are_tamed),
		cmocka_unit_test(test_judge_any_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
