#include "ask/test_zone.h"
#include "ask/way.h"
#include "base/clean.h"
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TLSA_RECORD ZONE_DATA("\3\1\1\1\2\3\4")
#define ADDRESS ZONE_DATA("\300\0\2\1")
#define ADDRESS_V6 ZONE_DATA("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1")

static const struct zone_record zone[] = {
	{ "two.example", DNS_MX, ZONE_DATA("\0\24\1b\7example\0") },
	{ "two.example", DNS_MX, ZONE_DATA("\0\12\1a\7example\0") },
	{ "a.example", DNS_A, ADDRESS },
	{ "a.example", DNS_AAAA, ADDRESS_V6 },
	{ "b.example", DNS_A, ADDRESS },
	{ "implicit.example", DNS_A, ADDRESS },
	{ "null.example", DNS_MX, ZONE_DATA("\0\0\0") },
	{ "nearly.example", DNS_MX, ZONE_DATA("\0\0\0") },
	{ "nearly.example", DNS_MX, ZONE_DATA("\0\12\1a\7example\0") },
	{ "alias.example", DNS_MX, ZONE_DATA("\0\12\2cn\7example\0") },
	{ "cn.example", DNS_CNAME, ZONE_DATA("\1b\7example\0") },
	{ "half.example", DNS_MX, ZONE_DATA("\0\12\5shost\7example\0") },
	{ "half.example", DNS_MX, ZONE_DATA("\0\24\1a\7example\0") },
	{ "nowhere.example", DNS_MX, ZONE_DATA("\0\12\4none\7example\0") },
	{ "address.example", DNS_MX, ZONE_DATA("\0\12\1*\0") },
	{ "a-no6.example", DNS_A, ADDRESS },
	{ "a-no4.example", DNS_AAAA, ADDRESS_V6 },
	{ "none-no6.example", DNS_AAAA, ADDRESS_V6 },
	{ "renamed.example", DNS_CNAME, ZONE_DATA("\3two\7example\0") },
	{ "cn-no6.example", DNS_CNAME, ZONE_DATA("\1b\7example\0") },
	{ "va-no6.example", DNS_A, ADDRESS },
	{ "_25._tcp.va-no6.example", DNS_TLSA, TLSA_RECORD },
	{ "bad.example", DNS_MX, ZONE_DATA("\0\12") },
	{ "bad.example", DNS_A, ADDRESS },
	{ "partly.example", DNS_MX, ZONE_DATA("\0\12") },
	{ "partly.example", DNS_MX, ZONE_DATA("\0\24\1b\7example\0") },
	{ "badnull.example", DNS_MX, ZONE_DATA("\0\0\0") },
	{ "badnull.example", DNS_MX, ZONE_DATA("\0\12") },
	{ "late.example", DNS_MX, ZONE_DATA("\0\12\1a\7example\0") },
	{ "late.example", DNS_MX, ZONE_DATA("\0\24\5mhost\7example\0") },
	{ "late.example", DNS_MX, ZONE_DATA("\0\36\1b\7example\0") },
};

struct seen {
	struct io_loop *loop;
	struct way *way;
	enum policy_way_end end;
	enum policy_dns mx;
	bool is_implicit;
	size_t host_count, left_out;
	char expanded[POLICY_WAY_NAME_CAP]; /* the domain */
	struct policy_way_host hosts[2];
};

static void on_way(void *owner, const struct policy_way *f)
{
	struct seen *s = owner;
	s->end = f->end;
	s->mx = f->mx;
	s->is_implicit = f->is_implicit;
	s->host_count = f->host_count;
	s->left_out = f->left_out;
	memcpy(s->expanded, f->expanded, sizeof(s->expanded));
	for (size_t i = 0; i < f->host_count && i < COUNT_OF(s->hosts); i++)
		s->hosts[i] = f->hosts[i];
	way_free(TAKE(s->way));
	io_loop_stop(s->loop);
}

static const struct way_case {
	const char *domain;
	enum policy_way_end end;
	enum policy_dns mx;
	bool is_implicit;
	size_t host_count, left_out;
	const char *first, *expanded;
	enum policy_dns address;
	size_t address_count;
} cases[] = {
	{ "two.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 2, 0, "a.example",
	  "a.example", POLICY_DNS_INSECURE, 2 },
	{ "implicit.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, true, 1, 0, "implicit.example",
	  "implicit.example", POLICY_DNS_INSECURE, 1 },
	{ "null.example", POLICY_WAY_NULL_MX, POLICY_DNS_INSECURE, false, 0, 0, NULL, NULL, 0, 0 },
	{ "nearly.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 1, 0, "a.example",
	  "a.example", POLICY_DNS_INSECURE, 2 },
	{ "gone.example", POLICY_WAY_NO_DOMAIN, POLICY_DNS_INSECURE, false, 0, 0, NULL, NULL, 0,
	  0 },
	{ "servfail.example", POLICY_WAY_LOST, POLICY_DNS_FAILED, false, 0, 0, NULL, NULL, 0, 0 },
	{ "alias.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 1, 0, "cn.example",
	  "b.example", POLICY_DNS_INSECURE, 1 },
	{ "renamed.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 2, 0, "a.example",
	  "a.example", POLICY_DNS_INSECURE, 2 },
	{ "half.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 2, 0, "shost.example",
	  "shost.example", POLICY_DNS_FAILED, 0 },
	{ "nowhere.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 1, 0, "none.example",
	  "none.example", POLICY_DNS_INSECURE, 0 },
	{ "address.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 0, 1, NULL, NULL, 0, 0 },
	{ "a-no6.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, true, 1, 0, "a-no6.example",
	  "a-no6.example", POLICY_DNS_INSECURE, 1 },
	{ "a-no4.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, true, 1, 0, "a-no4.example",
	  "a-no4.example", POLICY_DNS_INSECURE, 1 },
	{ "none-no6.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, true, 1, 0, "none-no6.example",
	  "none-no6.example", POLICY_DNS_FAILED, 0 },
	{ "cn-no6.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, true, 1, 0, "cn-no6.example",
	  "b.example", POLICY_DNS_INSECURE, 1 },
};

/* What libunbound does not let through, and a resolver that is trusted may. */
static const struct way_case passed_on[] = {
	{ "two.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 2, 0, "a.example",
	  "a.example", POLICY_DNS_INSECURE, 2 },
	/* What vouches for the one counts for the other: its TLSA records are asked for. */
	{ "va-no6.example", POLICY_WAY_HOSTS, POLICY_DNS_SECURE, true, 1, 0, "va-no6.example",
	  "va-no6.example", POLICY_DNS_SECURE, 1 },
	{ "bad.example", POLICY_WAY_LOST, POLICY_DNS_FAILED, false, 0, 1, NULL, NULL, 0, 0 },
	{ "partly.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 1, 1, "b.example",
	  "b.example", POLICY_DNS_INSECURE, 1 },
	{ "badnull.example", POLICY_WAY_HOSTS, POLICY_DNS_INSECURE, false, 0, 1, NULL, NULL, 0, 0 },
};

static void way_check(const struct way_case *c, const struct seen *s)
{
	const struct policy_way_host *h = &s->hosts[0];
	bool is_secure = c->address == POLICY_DNS_SECURE; /* then it has a TLSA record */
	if (s->end != c->end || s->mx != c->mx || s->is_implicit != c->is_implicit ||
	    s->host_count != c->host_count || s->left_out != c->left_out)
		fail_msg("%s: end %d, mx %s, implicit %d, %zu hosts, %zu left out", c->domain,
		         s->end, policy_dns_name(s->mx), s->is_implicit, s->host_count,
		         s->left_out);
	/* RFC 7672 3.2.2: it may stand in a certificate in place of the domain. */
	assert_string_equal(s->expanded, strcmp(c->domain, "renamed.example") ? "" : "two.example");
	if (!c->first)
		return;
	if (strcmp(h->name, c->first) != 0 || strcmp(h->expanded, c->expanded) != 0 ||
	    h->facts.address != c->address || h->address_count != c->address_count ||
	    h->facts.has_address != (c->address_count > 0) || h->facts.was_asked != is_secure ||
	    h->tlsa_count != is_secure)
		fail_msg("%s: %s, expanded %s, %s, %zu addresses, asked %d, %zu TLSA", c->domain,
		         h->name, h->expanded, policy_dns_name(h->facts.address), h->address_count,
		         h->facts.was_asked, h->tlsa_count);
}

/* Asks for each; at the end one is left in the middle: nobody is told. */
static void ways_check(const struct way_case *list, size_t count, bool trusts_ad)
{
	struct zone_server server;
	struct lookup *lookup = NULL;
	static struct seen seen;
	char error[128];
	zone_start(&server, zone, COUNT_OF(zone));
	const char *forward = server.address;
	const struct lookup_settings settings = { .forwards = &forward,
		                                  .forward_count = 1,
		                                  .trusts_ad = trusts_ad,
		                                  .trust_anchor = "/dev/null" };
	assert_int_equal(io_loop_new(&seen.loop), 0);
	assert_int_equal(lookup_new(&lookup, seen.loop, &settings, error, sizeof(error)), 0);
	for (size_t i = 0; i < count; i++) {
		struct io_loop *loop = seen.loop;
		seen = (struct seen){ .loop = loop };
		assert_int_equal(way_new(&seen.way, lookup, list[i].domain, false, on_way, &seen),
		                 0);
		assert_int_equal(io_loop_run(loop), 0);
		way_check(&list[i], &seen);
	}
	struct way *left = NULL;
	assert_int_equal(way_new(&left, lookup, "two.example", false, on_way, NULL), 0);
	way_free(left);
	lookup_free(lookup);
	io_loop_free(seen.loop);
	zone_stop(&server);
}

static void test_way(void **state)
{
	(void)state;
	ways_check(cases, COUNT_OF(cases), false);
}

static void test_way_passed_on(void **state)
{
	(void)state;
	ways_check(passed_on, COUNT_OF(passed_on), true);
}

struct hurried {
	struct way *way;
	struct policy_way facts;
	struct io_deadline late;
	struct io_loop *loop;
	unsigned ends;
};

static void on_hurried(void *owner, const struct policy_way *facts)
{
	struct hurried *h = owner;
	(void)facts;
	h->ends++;
	way_take(h->way, &h->facts);
	way_free(TAKE(h->way));
	io_loop_stop(h->loop);
}

static void on_late(struct io_deadline *d)
{
	way_hurry(((struct hurried *)((char *)d - offsetof(struct hurried, late)))->way);
}

static void hurry(struct hurried *h, struct lookup *lookup, const char *domain)
{
	h->late.fn = on_late;
	io_deadline_arm(h->loop, &h->late, 1500);
	assert_int_equal(way_new(&h->way, lookup, domain, false, on_hurried, h), 0);
	assert_int_equal(io_loop_run(h->loop), 0);
	assert_int_equal(h->ends, 1);
	io_deadline_disarm(&h->late);
}

/* One host's zone stalls, or the domain's own: the others are known all the same. */
static void test_way_hurry(void **state)
{
	struct zone_server server;
	struct lookup *lookup = NULL;
	struct hurried h = {}, lost = {};
	char error[128];
	(void)state;
	zone_start(&server, zone, COUNT_OF(zone));
	const char *forward = server.address;
	const struct lookup_settings settings = { .forwards = &forward,
		                                  .forward_count = 1,
		                                  .trusts_ad = true };
	assert_int_equal(io_loop_new(&h.loop), 0);
	lost.loop = h.loop;
	assert_int_equal(lookup_new(&lookup, h.loop, &settings, error, sizeof(error)), 0);
	hurry(&h, lookup, "late.example");
	assert_int_equal(h.facts.end, POLICY_WAY_HOSTS);
	assert_int_equal(h.facts.host_count, 3);
	const struct policy_way_host *hosts = h.facts.hosts;
	assert_true(hosts[0].address_count == 2 && !hosts[0].why[0]);
	assert_string_equal(hosts[1].name, "mhost.example");
	assert_int_equal(hosts[1].facts.address, POLICY_DNS_FAILED);
	assert_string_equal(hosts[1].why, "no answer in time");
	assert_string_equal(hosts[1].facts.name, "mhost.example");
	assert_true(hosts[2].address_count == 1 && !hosts[2].why[0]);
	policy_way_deinit(&h.facts);
	hurry(&lost, lookup, "mute.example");
	assert_int_equal(lost.facts.end, POLICY_WAY_LOST);
	assert_int_equal(lost.facts.mx, POLICY_DNS_FAILED);
	policy_way_deinit(&lost.facts);
	lookup_free(lookup);
	io_loop_free(h.loop);
	zone_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way),
		cmocka_unit_test(test_way_passed_on),
		cmocka_unit_test(test_way_hurry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
