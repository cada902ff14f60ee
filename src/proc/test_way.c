#include "base/clean.h"
#include "proc/way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void host_fill(struct policy_way_host *h, unsigned number)
{
	static struct policy_tlsa records[POLICY_TLSA_MAX]; /* all hosts have the same */
	*h = (struct policy_way_host){
		.tlsa = records,
		.facts = { .address = POLICY_DNS_SECURE,
		           .alias = POLICY_DNS_INSECURE,
		           .was_asked = true,
		           .tlsa = POLICY_DNS_BOGUS },
		.preference = (uint16_t)(1000 + number),
		.address_count = POLICY_WAY_ADDRESSES_MAX,
		.is_alias = true,
		.memory = { 1800000000, 77, true, 1800000001, true, { 1800000002, 1800000003 } },
		.tlsa_count = POLICY_TLSA_MAX,
		.base = "base.example.net",
		.expanded = "expanded.example.net",
		.why = "why",
	};
	snprintf(h->name, sizeof(h->name), "mx%u.example.net", number);
	for (size_t i = 0; i < POLICY_WAY_ADDRESSES_MAX; i++)
		snprintf(h->addresses[i], DNS_ADDRESS_CAP, "2001:db8::%zx", i);
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++) {
		h->tlsa[i] = (struct policy_tlsa){ .usage = 3, .selector = 1, .matching = 1 };
		h->tlsa[i].len = POLICY_TLSA_DATA_MAX;
		memset(h->tlsa[i].data, (int)i, POLICY_TLSA_DATA_MAX);
	}
}

/* The largest there can be. */
static struct policy_way *way_full(void)
{
	static struct policy_way_host hosts[POLICY_WAY_HOSTS_MAX];
	static struct policy_way way = { .domain = "example.org",
		                         .expanded = "example.net",
		                         .mx = POLICY_DNS_SECURE,
		                         .is_implicit = true,
		                         .why = "its why",
		                         .hosts = hosts,
		                         .host_count = POLICY_WAY_HOSTS_MAX,
		                         .left_out = 70000 };
	for (unsigned i = 0; i < POLICY_WAY_HOSTS_MAX; i++)
		host_fill(&hosts[i], i);
	return &way;
}

static struct policy_sts_facts *sts_full(void)
{
	static struct policy_sts_facts sts = {
		.state = POLICY_STS_IN_FORCE,
		.id = "20261124",
		.why = "w",
		.report = POLICY_REPORT_STS_WEBPKI_INVALID,
		.policy = { .mode = POLICY_STS_ENFORCE,
		            .max_age_s = 86400,
		            .mx_count = POLICY_STS_MX_MAX },
	};
	for (unsigned i = 0; i < POLICY_STS_MX_MAX; i++)
		snprintf(sts.policy.mx[i], POLICY_STS_PATTERN_CAP, "*.mx%u.example.net", i);
	return &sts;
}

static void host_check(const struct policy_way_host *got, const struct policy_way_host *want)
{
	assert_string_equal(got->name, want->name);
	assert_string_equal(got->facts.name, want->name);
	assert_string_equal(got->base, want->base);
	assert_string_equal(got->expanded, want->expanded);
	assert_string_equal(got->why, want->why);
	assert_int_equal(got->preference, want->preference);
	assert_int_equal(got->facts.address, want->facts.address);
	assert_int_equal(got->facts.alias, want->facts.alias);
	assert_int_equal(got->facts.tlsa, want->facts.tlsa);
	assert_true(got->facts.was_asked && got->is_alias && got->facts.has_address);
	assert_int_equal(got->address_count, want->address_count);
	assert_memory_equal(got->addresses, want->addresses, sizeof(want->addresses));
	assert_int_equal(got->facts.count, POLICY_TLSA_MAX);
	assert_ptr_equal(got->facts.records, got->tlsa);
	assert_memory_equal(got->tlsa, want->tlsa, POLICY_TLSA_MAX * sizeof(*want->tlsa));
	assert_int_equal(got->memory.sealed_since_s, want->memory.sealed_since_s);
	assert_int_equal(got->memory.lost_since_s, want->memory.lost_since_s);
	assert_int_equal(got->memory.sessions, want->memory.sessions);
	assert_true(got->memory.was_trusted && got->memory.may_hold);
	assert_memory_equal(&got->memory.fault, &want->memory.fault, sizeof(want->memory.fault));
}

static void test_way_round_trip(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	CLEAN(proc_way_freep) struct proc_way *got = NULL;
	const struct policy_way *way = way_full();
	const struct policy_sts_facts *sts = sts_full();
	struct proc_packer p = proc_packer_onto(&b);
	proc_way_pack(&p, way, sts, NULL);
	assert_false(p.has_failed);
	struct proc_unpacker u = proc_unpacker_over(proc_packed(&p));
	assert_int_equal(proc_way_unpack(&u, &got), 0);
	assert_string_equal(got->way.domain, "example.org");
	assert_string_equal(got->way.expanded, "example.net");
	assert_string_equal(got->way.why, "its why");
	assert_int_equal(got->way.left_out, 70000);
	assert_true(got->way.is_implicit);
	assert_int_equal(got->way.host_count, POLICY_WAY_HOSTS_MAX);
	for (size_t i = 0; i < got->way.host_count; i++)
		host_check(&got->way.hosts[i], &way->hosts[i]);
	assert_int_equal(got->sts.state, POLICY_STS_IN_FORCE);
	assert_int_equal(got->sts.report, POLICY_REPORT_STS_WEBPKI_INVALID);
	assert_string_equal(got->sts.id, sts->id);
	assert_memory_equal(&got->sts.policy, &sts->policy, sizeof(sts->policy));
}

/* The table of messages must let the largest through. */
static void test_way_fits_its_message(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	struct proc_packer p = proc_packer_onto(&b);
	proc_pack_u32(&p, 1);
	for (unsigned i = 0; i < POLICY_WAY_HOSTS_MAX; i++) {
		struct policy_way_host *h = &way_full()->hosts[i];
		memset(h->why, 'w', sizeof(h->why) - 1);
	}
	proc_way_pack(&p, way_full(), sts_full(), NULL);
	assert_true(proc_msg_allowed(PROC_ROLE_RESOLVER, PROC_ROLE_WORKER, PROC_MSG_RESOLVED,
	                             proc_packed(&p).len + 64 * 1024, false));
}

static void test_way_cut_or_wrong(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf b = {};
	struct proc_way *got = NULL;
	struct policy_way_host host = {};
	struct policy_way way = { .domain = "a.example", .hosts = &host, .host_count = 1 };
	host_fill(&host, 1);
	host.tlsa_count = 1;
	host.tlsa[0].len = 2;
	host.address_count = 1;
	struct proc_packer p = proc_packer_onto(&b);
	proc_way_pack(&p, &way, sts_full(), NULL);
	struct slice whole = proc_packed(&p);
	for (size_t len = 0; len < whole.len; len++) {
		struct proc_unpacker u = proc_unpacker_over(slice_head(whole, len));
		assert_int_equal(proc_way_unpack(&u, &got), PROC_WAY_BAD);
	}
	/* Every byte made 255: counts, lengths and statuses that cannot be. */
	for (size_t at = 0; at < whole.len; at++) {
		uint8_t was = b.data[b.start + at];
		b.data[b.start + at] = UINT8_MAX;
		struct proc_unpacker u = proc_unpacker_over(whole);
		int r = proc_way_unpack(&u, &got);
		assert_true(r == 0 || r == PROC_WAY_BAD);
		if (!r)
			proc_way_free(TAKE(got));
		b.data[b.start + at] = was;
	}
	/* More behind it. */
	assert_int_equal(buf_add_str(&b, "x"), 0);
	struct proc_unpacker u = proc_unpacker_over(buf_slice(&b));
	assert_int_equal(proc_way_unpack(&u, &got), PROC_WAY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way_round_trip),
		cmocka_unit_test(test_way_fits_its_message),
		cmocka_unit_test(test_way_cut_or_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
