#include "base/clean.h"
#include "relay/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OURS "mail.example.net"

/*
 * A host: letters of how it is found. d DANE, p no TLSA, u unusable TLSA, l lost TLSA, a lost
 * address, b bogus address, n no address, m ourselves. Behind it its preference, one digit.
 * mx: s, i, b, f as the status of the MX records; n: no domain, 0: null MX; implicit: I.
 * sts: e enforce for all below example.org, x enforce for another host, t testing, l lost.
 */
struct world {
	struct policy_way way;
	struct policy_sts_facts sts;
	struct policy_way_host hosts[POLICY_WAY_HOSTS_MAX];
};

static struct world world;
static struct policy_tlsa records[POLICY_WAY_HOSTS_MAX][POLICY_TLSA_MAX];

static enum policy_dns dns_of(char c)
{
	return c == 's'   ? POLICY_DNS_SECURE
	       : c == 'b' ? POLICY_DNS_BOGUS
	       : c == 'f' ? POLICY_DNS_FAILED
	                  : POLICY_DNS_INSECURE;
}

static enum policy_way_end end_of(char c)
{
	return c == 'n'                        ? POLICY_WAY_NO_DOMAIN
	       : c == '0'                      ? POLICY_WAY_NULL_MX
	       : policy_dns_is_lost(dns_of(c)) ? POLICY_WAY_LOST
	                                       : POLICY_WAY_HOSTS;
}

static void host_add(char kind, char preference)
{
	size_t number = world.way.host_count++;
	struct policy_way_host *h = &world.hosts[number];
	*h = (struct policy_way_host){ .preference = (uint16_t)(preference - '0') };
	snprintf(h->name, sizeof(h->name), "mx%zu.example.org", number + 1);
	if (kind == 'm')
		snprintf(h->name, sizeof(h->name), "%s", OURS);
	snprintf(h->base, sizeof(h->base), "base%zu.example.org", number + 1);
	if (!strchr("anb", kind)) {
		h->address_count = 1;
		snprintf(h->addresses[0], sizeof(h->addresses[0]), "192.0.2.%zu", number + 1);
	}
	if (strchr("du", kind)) {
		h->tlsa = records[number];
		h->tlsa_count = 1;
		h->tlsa[0] = (struct policy_tlsa){
			.usage = kind == 'd' ? 3 : 1, .selector = 1, .matching = 1, .len = 32
		};
	}
	h->facts = (struct policy_host){
		.name = h->name,
		.address = kind == 'a'   ? POLICY_DNS_FAILED
		           : kind == 'b' ? POLICY_DNS_BOGUS
		                         : POLICY_DNS_SECURE,
		.has_address = h->address_count > 0,
		.was_asked = true,
		.tlsa = kind == 'l' ? POLICY_DNS_FAILED : POLICY_DNS_SECURE,
		.records = h->tlsa,
		.count = h->tlsa_count,
	};
}

static void sts_set(char kind)
{
	struct policy_sts_facts *sts = &world.sts;
	*sts = (struct policy_sts_facts){};
	if (kind == 'l')
		sts->state = POLICY_STS_LOST;
	if (!strchr("ext", kind))
		return;
	sts->state = POLICY_STS_IN_FORCE;
	sts->policy.mode = kind == 't' ? POLICY_STS_TESTING : POLICY_STS_ENFORCE;
	sts->policy.mx_count = 1;
	strcpy(sts->policy.mx[0], kind == 'x' ? "other.example.com" : "*.example.org");
}

/* hosts: "d1 p2": best first, as the resolver has them. */
static void world_set(char mx, const char *hosts, char sts)
{
	world = (struct world){ .way = { .domain = "example.org", .hosts = world.hosts } };
	world.way.is_implicit = mx == 'I';
	world.way.mx = dns_of(mx);
	world.way.end = end_of(mx);
	for (const char *at = hosts; at[0] && at[1]; at += at[2] ? 3 : 2)
		host_add(at[0], at[1]);
	sts_set(sts ? sts : '-');
}

static struct relay_plan make(bool requires_tls, uint64_t chance)
{
	struct relay_plan plan = {};
	assert_int_equal(
		relay_plan_make(&plan, &world.way, &world.sts,
	                        &(struct relay_plan_settings){ .hostname = OURS,
	                                                       .requires_tls = requires_tls,
	                                                       .chance = chance }),
		0);
	/* Where to go, or why not; never both, never neither. */
	assert_true((plan.target_count > 0) != (buf_len(&plan.refusal) > 0));
	return plan;
}

/* "1 3": the hosts of its targets, by number in the way. */
static void hosts_write(const struct relay_plan *plan, char *text, size_t cap)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < plan->target_count; i++) {
		size_t number = 0;
		while (strcmp(world.hosts[number].name, plan->targets[i].host->name) != 0)
			number++;
		len += (size_t)snprintf(text + len, cap - len, "%s%zu", i ? " " : "", number + 1);
	}
}

static const struct {
	const char *name;
	char mx;
	const char *hosts;
	char sts;
	bool requires_tls;
	const char *tried;
} orders[] = {
	{ "one", 'i', "p1", 0, false, "1" },
	{ "by preference", 'i', "p1 p2 p3", 0, false, "1 2 3" },
	{ "with DANE and without", 'i', "d1 p2", 0, false, "1 2" },
	{ "its own host", 'I', "p0", 0, false, "1" },
	{ "TLSA that cannot be used", 's', "u1", 0, false, "1" },
	{ "TLSA lost: the next", 's', "l1 d2", 0, false, "2" },
	{ "address lost: the next", 's', "a1 p2", 0, false, "2" },
	{ "address bogus: the next", 's', "b1 p2", 0, false, "2" },
	{ "no address: the next", 'i', "n1 p2", 0, false, "2" },
	{ "better than us", 'i', "p1 p2 m3 p4", 0, false, "1 2" },
	{ "none behind us, nor beside", 'i', "p1 m2 p2 p3", 0, false, "1" },
	{ "we stand there twice", 'i', "p1 m2 p3 m4", 0, false, "1" },
	{ "named by the policy", 'i', "p1 p2", 'e', false, "1 2" },
	{ "testing leaves nobody out", 'i', "p1 p2", 't', false, "1 2" },
	{ "policy lost, but DANE", 's', "d1 p2", 'l', false, "1" },
	{ "REQUIRETLS: DANE", 's', "p1 d2 u3 d4", 0, true, "2 4" },
	{ "REQUIRETLS: an enforced policy", 'i', "p1 p2", 'e', true, "1 2" },
};

static void test_plan_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		char tried[200];
		world_set(orders[i].mx, orders[i].hosts, orders[i].sts);
		struct relay_plan plan = make(orders[i].requires_tls, 0);
		hosts_write(&plan, tried, sizeof(tried));
		if (strcmp(tried, orders[i].tried) != 0 || plan.port || plan.is_implicit ||
		    plan.mx_is_secure != (orders[i].mx == 's') ||
		    strcmp(plan.domain, "example.org") != 0)
			fail_msg("%s: %s", orders[i].name, tried);
		relay_plan_deinit(&plan);
	}
}

static const struct {
	const char *name;
	char mx;
	const char *hosts;
	char sts;
	bool requires_tls;
	const char *refusal; /* how it begins */
	enum policy_report report;
} refusals[] = {
	{ "no domain", 'n', "", 0, false, "550 5.1.2 example.org: there is no such", 0 },
	{ "null MX", '0', "", 0, false, "556 5.1.10 example.org: the domain takes no mail", 0 },
	{ "MX lost", 'f', "", 0, false, "451 4.4.3 example.org: its MX", 0 },
	{ "MX bogus", 'b', "", 0, false, "451 4.4.3 example.org: its MX",
	  POLICY_REPORT_DNSSEC_INVALID },
	{ "MX without hosts", 'i', "", 0, false, "451 4.4.4 example.org: its MX records name no",
	  0 },
	{ "we are its best host", 'i', "m1 p2", 0, false, "554 5.4.6 example.org: mail for it", 0 },
	{ "we are its only host", 'i', "m1", 0, false, "554 5.4.6 example.org: mail for it", 0 },
	{ "we are among the best", 'i', "p1 m1", 0, false, "554 5.4.6 example.org: mail for it",
	  0 },
	{ "we, without an MX record", 'I', "m0", 0, false, "554 5.4.6 example.org: mail for it",
	  0 },
	{ "those before us are lost", 'i', "l1 m2", 0, false, "451 4.7.5 mx1.example.org: its TLSA",
	  POLICY_REPORT_TLSA_INVALID },
	{ "neither MX nor address", 'I', "n0", 0, false, "550 5.4.4 example.org: it has neither",
	  0 },
	{ "no MX, address lost", 'I', "a0", 0, false,
	  "451 4.4.3 mx1.example.org: its addresses could", 0 },
	{ "no MX, address bogus", 'I', "b0", 0, false,
	  "451 4.4.3 mx1.example.org: the signatures of its", POLICY_REPORT_DNSSEC_INVALID },
	{ "MX host without address", 'i', "n1", 0, false,
	  "451 4.4.4 mx1.example.org: it has no address", 0 },
	{ "address lost", 'i', "a1", 0, false, "451 4.4.3 mx1.example.org: its addresses could",
	  0 },
	{ "TLSA lost", 's', "l1", 0, false, "451 4.7.5 mx1.example.org: its TLSA",
	  POLICY_REPORT_TLSA_INVALID },
	{ "the first of several", 's', "l1 a2 n3", 0, false, "451 4.7.5 mx1.example.org: its TLSA",
	  POLICY_REPORT_TLSA_INVALID },
	{ "not in the policy", 'i', "p1 p2", 'x', false,
	  "451 4.7.5 mx1.example.org: the domain's MTA-STS", POLICY_REPORT_VALIDATION_FAILURE },
	{ "DANE, but not in the policy", 's', "d1", 'x', false,
	  "451 4.7.5 mx1.example.org: the domain's MTA-STS", POLICY_REPORT_VALIDATION_FAILURE },
	{ "policy lost", 'i', "p1", 'l', false, "451 4.7.5 mx1.example.org: whether", 0 },
	{ "REQUIRETLS of nobody", 'i', "p1", 0, true, "550 5.7.30 example.org: REQUIRETLS", 0 },
	{ "REQUIRETLS, a test", 'i', "p1", 't', true, "550 5.7.30 example.org: REQUIRETLS", 0 },
	{ "REQUIRETLS, unusable TLSA", 's', "u1", 0, true, "550 5.7.30 example.org: REQUIRETLS",
	  0 },
	{ "REQUIRETLS, the MX records insecure", 'i', "d1", 0, true,
	  "550 5.7.30 example.org: REQUIRETLS", 0 },
	{ "REQUIRETLS, and one is lost: later", 's', "p1 l2", 0, true,
	  "451 4.7.5 mx2.example.org: its TLSA", POLICY_REPORT_TLSA_INVALID },
	{ "REQUIRETLS to us", 'i', "m1", 0, true, "554 5.4.6 example.org: mail for it", 0 },
};

static void test_plan_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		world_set(refusals[i].mx, refusals[i].hosts, refusals[i].sts);
		struct relay_plan plan = make(refusals[i].requires_tls, 0);
		struct slice refusal = buf_slice(&plan.refusal);
		size_t len = strlen(refusals[i].refusal);
		bool is_line = refusal.len > 2 && refusal.data[refusal.len - 2] == '\r' &&
		               slice_find(refusal, '\n') == refusal.len - 1;
		if (!is_line || plan.report != refusals[i].report ||
		    !slice_equal(slice_head(refusal, len), slice_str(refusals[i].refusal)))
			fail_msg("%s: %d, %.*s", refusals[i].name, (int)plan.report,
			         (int)refusal.len, (const char *)refusal.data);
		relay_plan_deinit(&plan);
	}
}

/* A name has no case (RFC 4343), ours neither. */
static void test_plan_own_name_in_capitals(void **state)
{
	struct relay_plan plan = {};
	(void)state;
	world_set('i', "m1 p2", 0);
	assert_int_equal(
		relay_plan_make(&plan, &world.way, &world.sts,
	                        &(struct relay_plan_settings){ .hostname = "Mail.Example.NET" }),
		0);
	assert_true(buf_len(&plan.refusal) && !plan.target_count);
	assert_memory_equal(buf_slice(&plan.refusal).data, "554 5.4.6 ", 10);
	relay_plan_deinit(&plan);
}

/* Bit i: host i + 1 was seen. Fails where one is missing or comes twice. */
static void all_check(const struct relay_plan *plan, size_t count)
{
	unsigned seen = 0;
	assert_int_equal(plan->target_count, count);
	for (size_t i = 0; i < count; i++)
		for (size_t number = 0; number < count; number++)
			if (plan->targets[i].host->name[2] == (char)('1' + number))
				seen |= 1u << number;
	assert_int_equal(seen, (1u << count) - 1);
}

static void test_plan_every_order_of_equals(void **state)
{
	enum { COUNT = 4, ORDERS = 24, ROUNDS = 50 };
	char orders_seen[ORDERS][32];
	unsigned times[ORDERS] = {};
	size_t count = 0;
	(void)state;
	for (uint64_t chance = 0; chance < (uint64_t)ORDERS * ROUNDS; chance++) {
		char tried[32];
		size_t at = 0;
		world_set('i', "p5 p5 p5 p5", 0);
		struct relay_plan plan = make(false, chance);
		all_check(&plan, COUNT);
		hosts_write(&plan, tried, sizeof(tried));
		while (at < count && strcmp(orders_seen[at], tried) != 0)
			at++;
		assert_true(at < ORDERS);
		if (at == count)
			strcpy(orders_seen[count++], tried);
		times[at]++;
		relay_plan_deinit(&plan);
	}
	assert_int_equal(count, ORDERS);
	for (size_t i = 0; i < ORDERS; i++)
		assert_int_equal(times[i], ROUNDS);
}

/* Equals change places, others never do. */
static void test_plan_shuffles_within_a_preference(void **state)
{
	unsigned seen = 0;
	(void)state;
	for (uint64_t chance = 0; chance < 1000; chance++) {
		char tried[32];
		world_set('i', "p1 p2 p2 p3 p3 p4", 0);
		struct relay_plan plan = make(false, chance * 0x9e3779b97f4a7c15u);
		all_check(&plan, 6);
		hosts_write(&plan, tried, sizeof(tried));
		assert_true(tried[0] == '1' && tried[10] == '6');
		assert_true(strchr("23", tried[2]) && strchr("23", tried[4]));
		seen |= 1u << ((tried[2] == '2') + 2 * (tried[6] == '4'));
		relay_plan_deinit(&plan);
	}
	assert_int_equal(seen, 15);
}

/* The most hosts there can be, all equal: any may be the first. */
static void test_plan_any_of_the_most_hosts_is_first(void **state)
{
	unsigned first = 0;
	(void)state;
	for (uint64_t chance = 1; chance < 1000; chance++) {
		world_set('i', "p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1 p1", 0);
		assert_int_equal(world.way.host_count, POLICY_WAY_HOSTS_MAX);
		struct relay_plan plan = make(false, chance * 0x9e3779b97f4a7c15u);
		assert_int_equal(plan.host_count, POLICY_WAY_HOSTS_MAX);
		assert_int_equal(plan.target_count, RELAY_TARGETS_MAX);
		first |= 1u << (atoi(plan.targets[0].host->name + 2) - 1);
		relay_plan_deinit(&plan);
	}
	assert_int_equal(first, (1u << POLICY_WAY_HOSTS_MAX) - 1);
}

static const struct {
	const char *name;
	const char *addresses; /* of one host */
	const char *tried;
} families[] = {
	{ "one", "192.0.2.1", "192.0.2.1" },
	{ "IPv6 first", "192.0.2.1 2001:db8::1", "2001:db8::1 192.0.2.1" },
	{ "in turns", "192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2",
	  "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2" },
	{ "more of one", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1",
	  "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3" },
	{ "more of the other", "2001:db8::1 2001:db8::2 192.0.2.1 2001:db8::3",
	  "2001:db8::1 192.0.2.1 2001:db8::2 2001:db8::3" },
	{ "no more than the most",
	  "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 ::a ::b ::c ::d 10.0.0.1 10.0.0.2 10.0.0.3",
	  "::1 10.0.0.1 ::2 10.0.0.2 ::3 10.0.0.3 ::4 ::5 ::6 ::7 ::8 ::9" },
};

static void addresses_set(struct policy_way_host *h, const char *text)
{
	h->address_count = 0;
	while (*text) {
		size_t len = strcspn(text, " ");
		snprintf(h->addresses[h->address_count++], DNS_ADDRESS_CAP, "%.*s", (int)len, text);
		text += len + (text[len] == ' ');
	}
}

static void test_plan_families_take_turns(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		char tried[400] = "";
		size_t len = 0;
		world_set('i', "p1", 0);
		addresses_set(&world.hosts[0], families[i].addresses);
		struct relay_plan plan = make(false, 0);
		for (size_t n = 0; n < plan.target_count; n++)
			len += (size_t)snprintf(tried + len, sizeof(tried) - len, "%s%s",
			                        n ? " " : "", plan.targets[n].address);
		if (strcmp(tried, families[i].tried) != 0)
			fail_msg("%s: %s", families[i].name, tried);
		relay_plan_deinit(&plan);
	}
}

/* Hosts that found no place among the targets are made well all the same. */
static void test_plan_targets_of_several_hosts(void **state)
{
	(void)state;
	world_set('s', "d1 d2 d3", 0);
	for (size_t i = 0; i < 2; i++)
		addresses_set(&world.hosts[i], "10.0.0.1 10.0.0.2 10.0.0.3 ::1 ::2 ::3 ::4");
	struct relay_plan plan = make(false, 0);
	assert_int_equal(plan.target_count, RELAY_TARGETS_MAX);
	assert_int_equal(plan.host_count, 3);
	for (size_t i = 0; i < RELAY_TARGETS_MAX; i++)
		assert_ptr_equal(plan.targets[i].host, &plan.hosts[i >= 7]);
	relay_plan_deinit(&plan);
}

/* u: usage, s: selector, m: matching; what counts is "usage selector matching" of each. */
static const struct {
	const char *name;
	struct {
		uint8_t usage, selector, matching;
		uint16_t len;
	} records[5];
	size_t count;
	const char *counted;
} tlsa[] = {
	{ "one", { { 3, 1, 1, 32 } }, 1, "311" },
	{ "the stronger digest alone", { { 3, 1, 1, 32 }, { 3, 1, 2, 64 } }, 2, "312" },
	{ "of each usage and selector",
	  { { 2, 0, 1, 32 }, { 3, 1, 1, 32 }, { 3, 0, 2, 64 } },
	  3,
	  "201 311 302" },
	{ "not those of the web", { { 0, 0, 1, 32 }, { 1, 1, 1, 32 }, { 3, 1, 1, 32 } }, 3, "311" },
	{ "not a digest of a wrong length", { { 3, 1, 1, 31 }, { 3, 1, 1, 32 } }, 2, "311" },
	{ "two keys", { { 3, 1, 1, 32 }, { 3, 1, 1, 32 }, { 9, 9, 9, 9 } }, 3, "311 311" },
};

static void test_plan_records_that_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tlsa); i++) {
		char counted[80] = "";
		size_t len = 0;
		world_set('s', "d1", 0);
		for (size_t n = 0; n < tlsa[i].count; n++)
			world.hosts[0].tlsa[n] = (struct policy_tlsa){
				.usage = tlsa[i].records[n].usage,
				.selector = tlsa[i].records[n].selector,
				.matching = tlsa[i].records[n].matching,
				.len = tlsa[i].records[n].len,
				.data = { (uint8_t)n },
			};
		world.hosts[0].tlsa_count = world.hosts[0].facts.count = tlsa[i].count;
		struct relay_plan plan = make(false, 0);
		const struct relay_host *h = &plan.hosts[0];
		for (size_t n = 0; n < h->record_count; n++)
			len += (size_t)snprintf(counted + len, sizeof(counted) - len, "%s%d%d%d",
			                        n ? " " : "", h->records[n].usage,
			                        h->records[n].selector, h->records[n].matching);
		if (strcmp(counted, tlsa[i].counted) != 0)
			fail_msg("%s: %s", tlsa[i].name, counted);
		assert_string_equal(h->base, "base1.example.org");
		assert_string_equal(h->pkix_name, "mx1.example.org");
		relay_plan_deinit(&plan);
	}
}

/* The most records that there can be, the last of them alone different. */
static void test_plan_most_records(void **state)
{
	(void)state;
	world_set('s', "d1", 0);
	struct policy_way_host *h = &world.hosts[0];
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++) {
		h->tlsa[i] = (struct policy_tlsa){
			.usage = 3, .selector = 1, .matching = 1, .len = 32, .data = { (uint8_t)i }
		};
	}
	h->tlsa_count = h->facts.count = POLICY_TLSA_MAX;
	struct relay_plan plan = make(false, 0);
	assert_int_equal(plan.hosts[0].record_count, POLICY_TLSA_MAX);
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++)
		assert_int_equal(plan.hosts[0].records[i].data[0], i);
	relay_plan_deinit(&plan);
}

/* MX records that the resolver left out change nothing for those that are there. */
static void test_plan_left_out(void **state)
{
	(void)state;
	world_set('i', "p1", 0);
	world.way.left_out = 3;
	struct relay_plan plan = make(false, 0);
	assert_int_equal(plan.target_count, 1);
	relay_plan_deinit(&plan);
	world_set('i', "", 0);
	world.way.left_out = 3;
	plan = make(false, 0);
	assert_memory_equal(buf_slice(&plan.refusal).data, "451 4.4.4 example.org", 21);
	relay_plan_deinit(&plan);
}

/* host: as in world_set(), of the route's own host; "": nothing was found of it; NULL: an address.
 */
static const struct {
	const char *name;
	const char *host;
	struct policy_rule rule;
	bool requires_tls;
	const char *told; /* the address that is tried, or the refusal's beginning */
	enum policy_level level;
} routes[] = {
	{ "to an address",
	  NULL,
	  { .proof = POLICY_PROOF_PKIX },
	  false,
	  "192.0.2.9",
	  POLICY_VERIFY },
	{ "to a name", "p0", { .proof = POLICY_PROOF_PKIX }, false, "192.0.2.1", POLICY_VERIFY },
	{ "in clear", "p0", { .is_plain = true }, false, "192.0.2.1", POLICY_PLAIN },
	{ "to anybody", "p0", { .proof = POLICY_PROOF_NONE }, false, "192.0.2.1", POLICY_ENCRYPT },
	{ "DNS is not asked for policy",
	  "l0",
	  { .proof = POLICY_PROOF_PKIX },
	  false,
	  "192.0.2.1",
	  POLICY_VERIFY },
	{ "no address", "n0", {}, false, "451 4.4.4 host.example.org: ", 0 },
	{ "address lost", "a0", {}, false, "451 4.4.3 host.example.org: ", 0 },
	{ "nothing found", "", {}, false, "451 4.4.3 host.example.org: ", 0 },
	{ "REQUIRETLS", "p0", { .proof = POLICY_PROOF_PKIX }, true, "192.0.2.1", POLICY_VERIFY },
	{ "REQUIRETLS, in clear",
	  "p0",
	  { .is_plain = true },
	  true,
	  "550 5.7.30 example.org: ",
	  POLICY_PLAIN },
	{ "REQUIRETLS, to anybody",
	  NULL,
	  { .proof = POLICY_PROOF_NONE },
	  true,
	  "550 5.7.30 example.org: ",
	  POLICY_ENCRYPT },
};

static void test_plan_route(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		struct relay_plan plan = {};
		struct relay_route route = { .domain = "example.org",
			                     .host = "host.example.org",
			                     .name = "name.example.org",
			                     .port = 2525,
			                     .is_implicit = true,
			                     .is_address = !routes[i].host,
			                     .rule = routes[i].rule };
		if (route.is_address)
			strcpy(route.host, "192.0.2.9");
		world_set('i', routes[i].host ? routes[i].host : "", 0);
		assert_int_equal(relay_plan_route(&plan, "example.org", &route,
		                                  route.is_address ? NULL : &world.way,
		                                  &(struct relay_plan_settings){
							  .hostname = OURS,
							  .requires_tls = routes[i].requires_tls }),
		                 0);
		bool has_refusal = buf_len(&plan.refusal) > 0;
		assert_true(has_refusal == !plan.target_count);
		struct slice told =
			has_refusal ? buf_slice(&plan.refusal) : slice_str(plan.targets[0].address);
		if (!slice_equal(slice_head(told, strlen(routes[i].told)),
		                 slice_str(routes[i].told)))
			fail_msg("%s: %.*s", routes[i].name, (int)told.len,
			         (const char *)told.data);
		if (!has_refusal) {
			assert_int_equal(plan.hosts[0].decision.level, routes[i].level);
			assert_string_equal(plan.hosts[0].pkix_name, "name.example.org");
			assert_true(plan.port == 2525 && plan.is_implicit);
		}
		relay_plan_deinit(&plan);
	}
}

static void test_plan_pins_of_a_route(void **state)
{
	static const uint8_t pins[2][32] = { { 1 }, { 2 } };
	struct relay_plan plan = {};
	const struct relay_route route = {
		.domain = "example.org",
		.host = "192.0.2.9",
		.is_address = true,
		.rule = { .proof = POLICY_PROOF_PIN, .pins = pins, .pin_count = 2 },
	};
	(void)state;
	assert_int_equal(relay_plan_route(&plan, "example.org", &route, NULL,
	                                  &(struct relay_plan_settings){ .hostname = OURS,
	                                                                 .requires_tls = true }),
	                 0);
	assert_int_equal(plan.target_count, 1);
	assert_true(plan.hosts[0].decision.needs_dane);
	assert_int_equal(plan.hosts[0].record_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct policy_tlsa *t = &plan.hosts[0].records[i];
		assert_true(t->usage == 3 && t->selector == 1 && t->matching == 1 && t->len == 32);
		assert_memory_equal(t->data, pins[i], 32);
	}
	relay_plan_deinit(&plan);
}

static void test_plan_deinit_of_nothing_and_twice(void **state)
{
	struct relay_plan plan = {};
	(void)state;
	relay_plan_deinit(&plan);
	relay_plan_deinit(&plan);
	world_set('s', "d1", 0);
	plan = make(false, 0);
	relay_plan_deinit(&plan);
	relay_plan_deinit(&plan);
	assert_int_equal(plan.target_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_order),
		cmocka_unit_test(test_plan_refusals),
		cmocka_unit_test(test_plan_own_name_in_capitals),
		cmocka_unit_test(test_plan_every_order_of_equals),
		cmocka_unit_test(test_plan_shuffles_within_a_preference),
		cmocka_unit_test(test_plan_any_of_the_most_hosts_is_first),
		cmocka_unit_test(test_plan_families_take_turns),
		cmocka_unit_test(test_plan_targets_of_several_hosts),
		cmocka_unit_test(test_plan_records_that_count),
		cmocka_unit_test(test_plan_most_records),
		cmocka_unit_test(test_plan_left_out),
		cmocka_unit_test(test_plan_route),
		cmocka_unit_test(test_plan_pins_of_a_route),
		cmocka_unit_test(test_plan_deinit_of_nothing_and_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
