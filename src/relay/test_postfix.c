#include "base/clean.h"
#include "relay/postfix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/*
 * mx: s, i, b, f as the status of the MX records; n: no domain, 0: null MX.
 * hosts: one letter each: d DANE, p no TLSA, u unusable, l lost TLSA, a lost address.
 * sts: mode, "lost", or NULL; the policy names mx1 alone, or all with a "*" behind it.
 */
static const struct {
	const char *name;
	char mx;
	const char *hosts;
	const char *sts;
	bool tlsrpt;
	enum socketmap_result result;
	const char *text; /* how it begins */
} cases[] = {
	{ "nothing", 'i', "p", NULL, false, SOCKETMAP_NOTFOUND, "" },
	{ "all DANE", 's', "dd", NULL, false, SOCKETMAP_OK, "dane-only" },
	{ "some DANE", 's', "dp", NULL, false, SOCKETMAP_OK, "dane" },
	{ "DANE behind insecure MX", 'i', "d", NULL, false, SOCKETMAP_OK, "dane" },
	{ "all unusable", 's', "u", NULL, false, SOCKETMAP_OK, "dane" },
	{ "TLSA lost", 's', "l", NULL, false, SOCKETMAP_TEMP, "its TLSA" },
	{ "TLSA lost of one", 's', "dl", NULL, false, SOCKETMAP_TEMP, "its TLSA" },
	{ "address lost", 's', "pa", NULL, false, SOCKETMAP_TEMP, "its addresses" },
	{ "MX lost", 'f', "", NULL, false, SOCKETMAP_TEMP, "the MX" },
	{ "MX bogus", 'b', "", NULL, false, SOCKETMAP_TEMP, "the MX" },
	{ "no domain", 'n', "", NULL, false, SOCKETMAP_NOTFOUND, "" },
	{ "null MX", '0', "", NULL, false, SOCKETMAP_NOTFOUND, "" },
	{ "enforce", 'i', "p", "enforce", false, SOCKETMAP_OK,
	  "secure match=mx1.example.org servername=hostname" },
	{ "enforce, a pattern", 'i', "pp", "enforce*", false, SOCKETMAP_OK,
	  "secure match=.example.org servername=hostname" },
	{ "enforce, DANE for all", 's', "d", "enforce", false, SOCKETMAP_OK, "dane-only" },
	{ "enforce, DANE for some", 's', "dp", "enforce*", false, SOCKETMAP_OK, "dane-only" },
	{ "enforce, DANE for the last", 's', "pd", "enforce*", false, SOCKETMAP_OK, "dane-only" },
	{ "enforce, DANE for some, for reports", 's', "dp", "enforce*", true, SOCKETMAP_OK,
	  "dane-only" },
	{ "enforce, DANE and unusable", 's', "du", "enforce*", false, SOCKETMAP_OK, "dane-only" },
	{ "enforce, DANE for one it does not name", 's', "pd", "enforce", false, SOCKETMAP_OK,
	  "secure " },
	{ "enforce, DANE for some, insecure MX", 'i', "dp", "enforce*", false, SOCKETMAP_OK,
	  "secure " },
	{ "enforce, unusable", 's', "u", "enforce", false, SOCKETMAP_OK, "secure " },
	{ "enforce, DANE and insecure MX", 'i', "d", "enforce", false, SOCKETMAP_OK, "secure " },
	{ "enforce, TLSA lost", 's', "l", "enforce", false, SOCKETMAP_TEMP, "its TLSA" },
	{ "enforce names none of them", 'i', "-", "enforce", false, SOCKETMAP_TEMP,
	  "the domain's" },
	{ "enforce names none of them, for reports", 'i', "--", "enforce", true, SOCKETMAP_OK,
	  "secure match=mx1.example.org servername=hostname policy_type=sts "
	  "policy_domain=example.org { policy_string = version: STSv1 } { policy_string = mode: "
	  "enforce } { policy_string = max_age: 86400 } { policy_string = mx: mx1.example.org } "
	  "policy_failure=validation-failure" },
	{ "enforce names one of them, for reports", 'i', "p-", "enforce", true, SOCKETMAP_OK,
	  "secure match=mx1.example.org servername=hostname policy_type=sts "
	  "policy_domain=example.org { policy_string = version: STSv1 } { policy_string = mode: "
	  "enforce } { policy_string = max_age: 86400 } { policy_string = mx: mx1.example.org } "
	  "mx_host_pattern=mx1.example.org" },
	{ "enforce names none of them, one lost", 'i', "-a", "enforce", true, SOCKETMAP_TEMP, "" },
	{ "testing", 'i', "p", "testing", false, SOCKETMAP_NOTFOUND, "" },
	{ "testing, for reports", 'i', "p", "testing", true, SOCKETMAP_NOTFOUND, "" },
	{ "none", 'i', "p", "none", false, SOCKETMAP_NOTFOUND, "" },
	{ "STS lost", 'i', "p", "lost", false, SOCKETMAP_TEMP, "whether" },
	{ "STS lost, but DANE", 's', "d", "lost", false, SOCKETMAP_TEMP, "an answer" },
	{ "enforce, for reports", 'i', "p", "enforce", true, SOCKETMAP_OK,
	  "secure match=mx1.example.org servername=hostname policy_type=sts "
	  "policy_domain=example.org { policy_string = version: STSv1 } { policy_string = mode: "
	  "enforce } { policy_string = max_age: 86400 } { policy_string = mx: mx1.example.org } "
	  "mx_host_pattern=mx1.example.org" },
	{ "DANE, for reports", 's', "d", NULL, true, SOCKETMAP_OK, "dane-only" },
};

static enum policy_dns dns_of(char c)
{
	return c == 's'   ? POLICY_DNS_SECURE
	       : c == 'b' ? POLICY_DNS_BOGUS
	       : c == 'f' ? POLICY_DNS_FAILED
	                  : POLICY_DNS_INSECURE;
}

static void host_set(struct policy_way_host *h, size_t number, char kind)
{
	static const struct policy_tlsa good = {
		.usage = 3, .selector = 1, .matching = 1, .len = 32
	};
	static const struct policy_tlsa bad = {
		.usage = 1, .selector = 1, .matching = 1, .len = 32
	};
	*h = (struct policy_way_host){};
	snprintf(h->name, sizeof(h->name),
	         kind == '-' ? "other%zu.example.net" : "mx%zu.example.org", number + 1);
	h->facts = (struct policy_host){
		.name = h->name,
		.address = kind == 'a' ? POLICY_DNS_FAILED : POLICY_DNS_SECURE,
		.has_address = kind != 'a',
		.was_asked = true,
		.tlsa = kind == 'l' ? POLICY_DNS_FAILED : POLICY_DNS_SECURE,
		.records = kind == 'u' ? &bad : &good,
		.count = kind == 'd' || kind == 'u',
	};
}

static void sts_set(struct policy_sts_facts *sts, const char *text)
{
	static const char *const modes[] = { "none", "testing", "enforce" };
	*sts = (struct policy_sts_facts){};
	if (text && !strcmp(text, "lost"))
		sts->state = POLICY_STS_LOST;
	for (size_t i = 0; text && i < COUNT_OF(modes); i++) {
		if (strncmp(text, modes[i], strlen(modes[i])) != 0)
			continue;
		sts->state = POLICY_STS_IN_FORCE;
		sts->policy = (struct policy_sts){ .mode = (enum policy_sts_mode)i,
			                           .max_age_s = 86400,
			                           .mx_count = 1 };
		strcpy(sts->policy.mx[0], strchr(text, '*') ? "*.example.org" : "mx1.example.org");
	}
}

static void test_postfix_policy(void **state)
{
	static struct policy_way_host hosts[POLICY_WAY_HOSTS_MAX];
	static struct policy_sts_facts sts;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf text = {};
		enum socketmap_result result;
		struct policy_way way = { .domain = "example.org", .hosts = hosts };
		way.mx = dns_of(cases[i].mx);
		way.end = cases[i].mx == 'n'           ? POLICY_WAY_NO_DOMAIN
		          : cases[i].mx == '0'         ? POLICY_WAY_NULL_MX
		          : policy_dns_is_lost(way.mx) ? POLICY_WAY_LOST
		                                       : POLICY_WAY_HOSTS;
		for (; cases[i].hosts[way.host_count]; way.host_count++)
			host_set(&hosts[way.host_count], way.host_count,
			         cases[i].hosts[way.host_count]);
		sts_set(&sts, cases[i].sts);
		assert_int_equal(postfix_policy_write(&text, &result, &way, &sts, cases[i].tlsrpt),
		                 0);
		size_t len = strlen(cases[i].text);
		bool is_whole = result == SOCKETMAP_TEMP || cases[i].text[len ? len - 1 : 0] == ' ';
		if (result != cases[i].result || buf_len(&text) < len ||
		    (!is_whole && buf_len(&text) != len) ||
		    memcmp(cases[i].text, len ? buf_slice(&text).data : (const void *)"", len) != 0)
			fail_msg("%s: %d, %.*s", cases[i].name, (int)result, (int)buf_len(&text),
			         (const char *)buf_slice(&text).data);
	}
}

static void test_postfix_key(void **state)
{
	static const struct {
		const char *key;
		const char *domain; /* NULL: not one */
	} keys[] = {
		{ "example.org", "example.org" },
		{ "EXAMPLE.Org", "example.org" },
		{ "example.org.", "example.org" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ ".example.org", NULL },
		{ "[mx.example.org]", NULL },
		{ "[192.0.2.1]:25", NULL },
		{ "example.org:587", NULL },
		{ "", NULL },
		{ "ex ample.org", NULL },
		{ "a..b", NULL },
	};
	char domain[POLICY_WAY_NAME_CAP];
	char longest[400];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		bool is_domain = postfix_key_domain(slice_str(keys[i].key), domain);
		if (is_domain != (keys[i].domain != NULL) ||
		    (is_domain && strcmp(domain, keys[i].domain) != 0))
			fail_msg("%s", keys[i].key);
	}
	memset(longest, 'a', sizeof(longest));
	assert_false(postfix_key_domain(slice_of(longest, sizeof(longest)), domain));
}

static void test_postfix_recipient(void **state)
{
	static const struct {
		const char *key;
		const char *domain; /* NULL: none */
	} keys[] = {
		{ "a@Example.org", "example.org" },
		{ "a+b@example.org", "example.org" },
		{ "\"a@b\"@c.example", "c.example" },
		{ "example.org", "example.org" },
		{ "a@[192.0.2.1]", NULL },
		{ "a@", NULL },
		{ "@", NULL },
		{ "*", NULL },
		{ "a@.example.org", NULL },
		{ "", NULL },
	};
	char domain[POLICY_WAY_NAME_CAP];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		bool is_domain = postfix_key_recipient(slice_str(keys[i].key), domain);
		if (is_domain != (keys[i].domain != NULL) ||
		    (is_domain && strcmp(domain, keys[i].domain) != 0))
			fail_msg("%s", keys[i].key);
	}
}

/* The same domain the same address, others others; all of them within 127.64.0.0/10. */
static void test_postfix_transport(void **state)
{
	CLEAN(buf_deinit) struct buf first = {}, again = {};
	char domain[32];
	unsigned a, b, c, same = 0;
	(void)state;
	assert_int_equal(postfix_transport_write(&first, "example.org", true, 10026), 0);
	assert_int_equal(postfix_transport_write(&again, "EXAMPLE.org", true, 10026), 0);
	assert_true(slice_equal(buf_slice(&first), buf_slice(&again)));
	for (int i = 0; i < 1000; i++) {
		CLEAN(buf_deinit) struct buf text = {};
		snprintf(domain, sizeof(domain), "d%d.example", i);
		assert_int_equal(postfix_transport_write(&text, domain, false, 25), 0);
		assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
		assert_int_equal(sscanf((const char *)buf_slice(&text).data,
		                        "smtp:[127.%u.%u.%u]:25", &a, &b, &c),
		                 3);
		assert_true(a >= 64 && a < 128 && b < 256 && c > 0 && c < 255);
		same += slice_equal(slice_skip(buf_slice(&first), 5),
		                    slice_skip(buf_slice(&text), 5));
	}
	assert_int_equal(same, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix_policy),
		cmocka_unit_test(test_postfix_key),
		cmocka_unit_test(test_postfix_recipient),
		cmocka_unit_test(test_postfix_transport),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
