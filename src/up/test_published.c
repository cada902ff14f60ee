/* What a domain has published against what mailseal is to show. */
#include "base/clean.h"
#include "tls/chain.h"
#include "tls/shown.h"
#include "up/published.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls/test_support.h"

static const char host[] = "mx.example.org";

struct scene {
	struct test_pair ca, leaf, other;
	struct buf chains[2];
	struct servers servers;
	struct up_plan plan;
	struct policy_way way;
	struct policy_sts_facts sts;
	struct policy_way_host hosts[2];
	struct policy_tlsa records[2];
	struct servers_server server;
	struct up_published with;
};

static void records_are(struct scene *s, const struct test_pair *first,
                        const struct test_pair *second)
{
	const struct test_pair *pairs[] = { first, second };
	s->hosts[0].tlsa_count = 0;
	for (size_t i = 0; i < 2 && pairs[i]; i++) {
		struct policy_tlsa *t = &s->records[s->hosts[0].tlsa_count++];
		*t = (struct policy_tlsa){ .usage = 3, .selector = 1, .matching = 1, .len = 32 };
		assert_true(tls_chain_spki_digest(pairs[i]->certificate, t->data));
	}
	s->hosts[0].tlsa = s->records;
	s->hosts[0].facts.was_asked = true;
	s->hosts[0].facts.tlsa = POLICY_DNS_SECURE;
	strcpy(s->hosts[0].base, host);
}

/* One edge on 25 with two certificates: of another name, the default, and of the host's. */
static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	test_pair_make(&s->ca, &(struct test_pair_settings){
				       .type = TEST_EC, .names = "ca", .days = 10, .is_ca = true });
	test_pair_make(&s->leaf,
	               &(struct test_pair_settings){
			       .type = TEST_EC, .names = host, .days = 10, .issuer = &s->ca });
	test_pair_make(&s->other, &(struct test_pair_settings){
					  .type = TEST_EC, .names = "mx.example.net", .days = 10 });
	assert_int_equal(buf_add(&s->chains[0], buf_slice(&s->other.chain_pem)), 0);
	assert_int_equal(buf_add(&s->chains[1], buf_slice(&s->leaf.chain_pem)), 0);
	s->plan.hostname = host;
	s->plan.certificate_count = 2;
	s->plan.certificates[0] =
		(struct up_certificate){ .chain = "/etc/ssl/other.pem", .key = "/k" };
	s->plan.certificates[1] =
		(struct up_certificate){ .chain = "/etc/ssl/mx.pem", .key = "/k" };
	s->plan.edge_count = 1;
	s->plan.edges[0] = (struct up_edge){ .name = "smtp",
		                             .protocol = "smtp",
		                             .server = &s->server,
		                             .doors = { { .port = 25 } },
		                             .door_count = 1,
		                             .certificates = { 0, 1 },
		                             .certificate_count = 2 };
	strcpy(s->way.domain, "example.org");
	strcpy(s->hosts[0].name, host);
	strcpy(s->hosts[1].name, "backup.example.net");
	s->way.hosts = s->hosts;
	s->way.host_count = 2;
	s->with = (struct up_published){ .texts = &s->servers,
		                         .chains = s->chains,
		                         .ca_pem = buf_slice(&s->ca.chain_pem),
		                         .now = time(NULL) };
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	up_plan_deinit(&s->plan);
	servers_deinit(&s->servers);
	test_pair_deinit(&s->ca);
	test_pair_deinit(&s->leaf);
	test_pair_deinit(&s->other);
	buf_deinit(&s->chains[0]);
	buf_deinit(&s->chains[1]);
	free(s);
	return 0;
}

static void check(struct scene *s)
{
	assert_int_equal(up_published_check(&s->plan, &s->with, &s->way, &s->sts), 0);
}

static void expect(const struct up_texts *texts, const char *part)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strstr(texts->items[i], part))
			return;
	fail_msg("not said: %s", part);
}

static void test_nothing_published(void **state)
{
	struct scene *s = *state;
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
}

static void test_record_of_the_certificate_with_the_name(void **state)
{
	struct scene *s = *state;
	records_are(s, &s->leaf, NULL);
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
}

static void test_one_of_two_records_is_enough(void **state)
{
	struct scene *s = *state;
	records_are(s, &s->ca, &s->leaf);
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
}

static void test_record_of_another_key(void **state)
{
	struct scene *s = *state;
	char wanted[TLS_SHOWN_TLSA_CAP];
	records_are(s, &s->other, NULL);
	check(s);
	assert_int_equal(s->plan.refusals.count, 1);
	expect(&s->plan.refusals, "_25._tcp.mx.example.org matches /etc/ssl/mx.pem");
	assert_int_equal(tls_shown_tlsa(buf_slice(&s->chains[1]), wanted), 0);
	expect(&s->plan.refusals, wanted);
}

static void test_without_the_name_the_default_is_shown(void **state)
{
	struct scene *s = *state;
	s->plan.edges[0].certificate_count = 1;
	records_are(s, &s->leaf, NULL);
	check(s);
	expect(&s->plan.refusals, "matches /etc/ssl/other.pem");
}

static void test_no_certificate_at_all(void **state)
{
	struct scene *s = *state;
	s->plan.edges[0].certificate_count = 0;
	records_are(s, &s->leaf, NULL);
	check(s);
	expect(&s->plan.refusals, "Postfix has no certificate for port 25");
}

static void test_records_that_nobody_signed_do_not_count(void **state)
{
	struct scene *s = *state;
	records_are(s, &s->other, NULL);
	s->hosts[0].facts.tlsa = POLICY_DNS_INSECURE;
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
}

static void test_lookups_that_failed(void **state)
{
	struct scene *s = *state;
	records_are(s, &s->leaf, NULL);
	s->hosts[0].facts.tlsa = POLICY_DNS_BOGUS;
	check(s);
	expect(&s->plan.refusals, "could not be looked up");
	s->sts.state = POLICY_STS_LOST;
	check(s);
	expect(&s->plan.refusals, "MTA-STS policy could not be looked up");
	s->way.end = POLICY_WAY_LOST;
	check(s);
	expect(&s->plan.refusals, "what example.org has published");
	assert_int_equal(s->plan.refusals.count, 4);
}

static void test_hosts_of_others_are_theirs(void **state)
{
	struct scene *s = *state;
	static const char *const own = "192.0.2.1";
	records_are(s, &s->leaf, NULL);
	s->plan.hostname = "elsewhere.example.org";
	s->plan.edges[0].certificate_count = 1;
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
	strcpy(s->hosts[0].addresses[s->hosts[0].address_count++], own);
	s->with.addresses = &own;
	s->with.address_count = 1;
	check(s);
	assert_int_equal(s->plan.refusals.count, 1);
}

static void policy_is(struct scene *s, enum policy_sts_mode mode, const char *mx)
{
	s->sts.state = POLICY_STS_IN_FORCE;
	s->sts.policy = (struct policy_sts){ .mode = mode, .mx_count = 1 };
	strcpy(s->sts.policy.mx[0], mx);
}

static void test_policy_that_is_met(void **state)
{
	struct scene *s = *state;
	policy_is(s, POLICY_STS_ENFORCE, "*.example.org");
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
	assert_int_equal(s->plan.notes.count, 0);
}

static void test_policy_that_is_not_met(void **state)
{
	struct scene *s = *state;
	policy_is(s, POLICY_STS_ENFORCE, "mail.example.org");
	check(s);
	expect(&s->plan.refusals, "none of its mx patterns is for it");
	s->with.ca_pem = (struct slice){};
	policy_is(s, POLICY_STS_ENFORCE, host);
	check(s);
	expect(&s->plan.refusals, "/etc/ssl/mx.pem would not meet it: no public CA vouches for it");
	s->with.ca_pem = buf_slice(&s->ca.chain_pem);
	s->with.now += 20 * 86400;
	check(s);
	expect(&s->plan.refusals, "it has expired");
	s->with.now -= 20 * 86400;
	s->plan.edges[0].certificate_count = 1;
	check(s);
	expect(&s->plan.refusals, "/etc/ssl/other.pem would not meet it");
}

static void test_policy_that_is_tested_is_noted(void **state)
{
	struct scene *s = *state;
	policy_is(s, POLICY_STS_TESTING, "mail.example.org");
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
	expect(&s->plan.notes, "(testing) is not met by mx.example.org");
}

static void test_without_port_25_nothing_is_asked(void **state)
{
	struct scene *s = *state;
	s->plan.edges[0].doors[0].port = 993;
	s->way.end = POLICY_WAY_LOST;
	check(s);
	assert_int_equal(s->plan.refusals.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_published),
		TEST(test_record_of_the_certificate_with_the_name),
		TEST(test_one_of_two_records_is_enough),
		TEST(test_record_of_another_key),
		TEST(test_without_the_name_the_default_is_shown),
		TEST(test_no_certificate_at_all),
		TEST(test_records_that_nobody_signed_do_not_count),
		TEST(test_lookups_that_failed),
		TEST(test_hosts_of_others_are_theirs),
		TEST(test_policy_that_is_met),
		TEST(test_policy_that_is_not_met),
		TEST(test_policy_that_is_tested_is_noted),
		TEST(test_without_port_25_nothing_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
