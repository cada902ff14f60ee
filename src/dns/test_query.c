#include "base/clean.h"
#include "dns/query.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}
#define QUESTION "\4_25x\7example\0\0\64\0\1"
#define LABEL_63 "123456789012345678901234567890123456789012345678901234567890123"

static void test_query_written(void **state)
{
	(void)state;
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	struct slice want = TEXT("\1\2\1\x20\0\1\0\0\0\0\0\1" QUESTION "\0\0\51\4\xd0\0\0\0\0\0\0");
	assert_int_equal(dns_query_write(query, &len, 0x0102, "_25x.example", DNS_TLSA), 0);
	assert_true(slice_equal(slice_of(query, len), want));
}

static void test_query_to_a_server_of_the_zone(void **state)
{
	(void)state;
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	struct slice want = TEXT("\1\2\0\0\0\1\0\0\0\0\0\1" QUESTION "\0\0\51\4\xd0\0\0\0\0\0\0");
	assert_int_equal(dns_query_write(query, &len, 0x0102, "_25x.example", DNS_TLSA), 0);
	dns_query_undirect(query);
	assert_true(slice_equal(slice_of(query, len), want));
}

static const struct {
	const char *name;
	int result;
} names[] = {
	{ "a", 0 },
	{ "", 0 },
	{ LABEL_63 "." LABEL_63 "." LABEL_63 ".1234567890123456789012345678901234567890123456789012"
	           "345678901",
	  0 },
	{ LABEL_63 "." LABEL_63 "." LABEL_63 ".1234567890123456789012345678901234567890123456789012"
	           "3456789012",
	  DNS_BAD },
	{ LABEL_63 "4.example", DNS_BAD },
	{ "a..example", DNS_BAD },
	{ ".example", DNS_BAD },
};

static void test_query_names(void **state)
{
	(void)state;
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (dns_query_write(query, &len, 0, names[i].name, DNS_A) != names[i].result)
			fail_msg("%s", names[i].name);
}

static const struct {
	const char *name;
	struct slice packet;
	int result;
} packets[] = {
	{ "answer", TEXT("\1\2\x81\xa0\0\1\0\0\0\0\0\0" QUESTION), 0 },
	{ "in other letters", TEXT("\1\2\x81\xa0\0\1\0\0\0\0\0\0\4_25X\7EXAMPLE\0\0\64\0\1"), 0 },
	{ "truncated", TEXT("\1\2\x83\xa0\0\1\0\0\0\0\0\0" QUESTION), DNS_TRUNCATED },
	{ "empty", { NULL, 0 }, DNS_BAD },
	{ "of another number", TEXT("\1\3\x81\xa0\0\1\0\0\0\0\0\0" QUESTION), DNS_BAD },
	{ "a question", TEXT("\1\2\1\xa0\0\1\0\0\0\0\0\0" QUESTION), DNS_BAD },
	{ "of another name", TEXT("\1\2\x81\xa0\0\1\0\0\0\0\0\0\4_25y\7example\0\0\64\0\1"),
	  DNS_BAD },
	{ "of another type", TEXT("\1\2\x81\xa0\0\1\0\0\0\0\0\0\4_25x\7example\0\0\1\0\1"),
	  DNS_BAD },
	{ "without question", TEXT("\1\2\x81\xa0\0\0\0\0\0\0\0\0" QUESTION), DNS_BAD },
	{ "cut", TEXT("\1\2\x81\xa0\0\1\0\0\0\0\0\0\4_25x\7exam"), DNS_BAD },
};

static void test_query_match(void **state)
{
	(void)state;
	uint8_t query[DNS_QUERY_MAX];
	size_t len;
	assert_int_equal(dns_query_write(query, &len, 0x0102, "_25x.example", DNS_TLSA), 0);
	for (size_t i = 0; i < COUNT_OF(packets); i++)
		if (dns_query_match(slice_of(query, len), packets[i].packet) != packets[i].result)
			fail_msg("%s", packets[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query_written),
		cmocka_unit_test(test_query_to_a_server_of_the_zone),
		cmocka_unit_test(test_query_names),
		cmocka_unit_test(test_query_match),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
