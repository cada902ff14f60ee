#include "base/clean.h"
#include "check/places.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>

static struct check_domain domain;
static struct check_addresses addresses[CHECK_NAMES_MAX];
static struct check_places places;

static unsigned host_add(const char *name, enum check_origin origin, enum check_seen is_provider,
                         unsigned address_count)
{
	unsigned at = domain.host_count++;
	struct check_host *h = &domain.hosts[at];
	*h = (struct check_host){ .origin = origin,
		                  .is_mx = origin == CHECK_FROM_MX,
		                  .is_provider = is_provider };
	snprintf(h->name, sizeof(h->name), "%s", name);
	addresses[at].count = address_count;
	for (unsigned i = 0; i < address_count; i++)
		snprintf(addresses[at].list[i], DNS_ADDRESS_CAP, "192.0.2.%u", 10 * at + i);
	return at;
}

static void begin(void)
{
	domain.host_count = 0;
	snprintf(domain.name, sizeof(domain.name), "example.org");
}

/* Ports of a host, " " between, in their order. */
static const char *ports_of(const char *host)
{
	static char text[512];
	text[0] = '\0';
	for (unsigned i = 0; i < places.count; i++)
		if (!strcmp(places.list[i].host, host))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u",
			         text[0] ? " " : "", places.list[i].port);
	return text;
}

static void test_places_own(void **state)
{
	(void)state;
	begin();
	host_add("mx1.example.org", CHECK_FROM_MX, CHECK_NO, 1);
	host_add("mx2.example.org", CHECK_FROM_MX, CHECK_NO, 2);
	unsigned imap = host_add("imap.example.org", CHECK_FROM_SRV, CHECK_NO, 1);
	host_add("example.org", CHECK_FROM_HABIT, CHECK_NO, 1);
	host_add("webmail.example.org", CHECK_FROM_HABIT, CHECK_NO, 1);
	host_add("pop.example.org", CHECK_FROM_HABIT, CHECK_NO, 0);
	const struct check_named named[] = { { imap, 993, CHECK_IMAPS },
		                             { imap, 7993, CHECK_IMAPS } };
	check_places_find(&places, &domain, addresses, named, 2);
	for (unsigned i = 0; i < 3; i++)
		assert_true(places.list[i].port == 25 && places.list[i].service == CHECK_SMTP);
	assert_string_equal(ports_of("mx1.example.org"), "25 587 465 143 993 110 995 4190");
	assert_string_equal(ports_of("mx2.example.org"),
	                    "25 25 587 587 465 465 143 143 993 993 110 110 995 995 4190 4190");
	assert_string_equal(ports_of("imap.example.org"), "993 7993 143 4190");
	assert_string_equal(ports_of("example.org"), "443");
	assert_string_equal(ports_of("webmail.example.org"), "443");
	assert_string_equal(ports_of("pop.example.org"), "");
	assert_int_equal(places.left_out, 0);
}

/* One server under several names: those that are named, the first of the others, and the web under
 * each. */
static void test_places_one_server(void **state)
{
	(void)state;
	begin();
	host_add("mx.example.org", CHECK_FROM_MX, CHECK_NO, 1);
	unsigned imap = host_add("imap.example.org", CHECK_FROM_SRV, CHECK_NO, 1);
	host_add("mail.example.org", CHECK_FROM_HABIT, CHECK_NO, 1);
	host_add("pop.example.org", CHECK_FROM_HABIT, CHECK_NO, 1);
	host_add("webmail.example.org", CHECK_FROM_HABIT, CHECK_NO, 1);
	for (unsigned i = 0; i < 5; i++)
		snprintf(addresses[i].list[0], DNS_ADDRESS_CAP, "192.0.2.1");
	const struct check_named named[] = { { imap, 993, CHECK_IMAPS } };
	check_places_find(&places, &domain, addresses, named, 1);
	assert_string_equal(ports_of("mx.example.org"), "25");
	assert_string_equal(ports_of("imap.example.org"), "993 143 4190");
	assert_string_equal(ports_of("mail.example.org"), "587 465 110 995 443");
	assert_string_equal(ports_of("pop.example.org"), "");
	assert_string_equal(ports_of("webmail.example.org"), "443");
}

/* Of others' hosts port 25 where they are MX, what is named, and the web under names of ours. */
static void test_places_provider(void **state)
{
	(void)state;
	begin();
	host_add("mx.provider.example", CHECK_FROM_MX, CHECK_YES, 1);
	unsigned imap = host_add("imap.provider.example", CHECK_FROM_SRV, CHECK_YES, 1);
	host_add("mail.example.org", CHECK_FROM_HABIT, CHECK_YES, 1);
	host_add("imap.example.org", CHECK_FROM_HABIT, CHECK_YES, 1);
	const struct check_named named[] = { { imap, 993, CHECK_IMAPS },
		                             { imap, 22, CHECK_IMAPS },
		                             { imap, 143, CHECK_IMAPS },
		                             { imap, 2525, CHECK_SUBMISSION } };
	check_places_find(&places, &domain, addresses, named, 4);
	assert_string_equal(ports_of("mx.provider.example"), "25");
	assert_string_equal(ports_of("imap.provider.example"), "993 2525");
	assert_string_equal(ports_of("mail.example.org"), "443");
	assert_string_equal(ports_of("imap.example.org"), "");
}

static void test_places_bounded(void **state)
{
	(void)state;
	char name[64];
	begin();
	for (unsigned i = 0; i < POLICY_WAY_HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "mx%u.example.org", i);
		host_add(name, CHECK_FROM_MX, CHECK_NO, POLICY_WAY_ADDRESSES_MAX);
	}
	check_places_find(&places, &domain, addresses, NULL, 0);
	assert_int_equal(places.count, CHECK_ENDPOINTS_MAX);
	for (unsigned i = 0; i < places.count; i++)
		assert_int_equal(places.list[i].service, CHECK_SMTP);
	assert_int_equal(places.left_out, 7 * POLICY_WAY_HOSTS_MAX * POLICY_WAY_ADDRESSES_MAX);
}

static void test_port_is_usual(void **state)
{
	(void)state;
	assert_true(check_port_is_usual(CHECK_IMAPS, 993));
	assert_true(check_port_is_usual(CHECK_SUBMISSION, 2525));
	assert_false(check_port_is_usual(CHECK_IMAPS, 143));
	assert_false(check_port_is_usual(CHECK_IMAPS, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_own),      cmocka_unit_test(test_places_one_server),
		cmocka_unit_test(test_places_provider), cmocka_unit_test(test_places_bounded),
		cmocka_unit_test(test_port_is_usual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
