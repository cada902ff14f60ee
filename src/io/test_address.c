#include "base/clean.h"
#include "io/address.h"

#include <netinet/in.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_address_take(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		socklen_t len;
		sa_family_t family;
	} cases[] = {
		{ "192.0.2.1", sizeof(struct sockaddr_in), AF_INET },
		{ "2001:db8::1", sizeof(struct sockaddr_in6), AF_INET6 },
		{ "192.0.2", 0, 0 },
		{ "mx.example", 0, 0 },
		{ "[2001:db8::1]", 0, 0 },
		{ "", 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sockaddr_storage a;
		socklen_t len = io_address_take(cases[i].text, 25, &a);
		if (len != cases[i].len || (len && a.ss_family != cases[i].family))
			fail_msg("%s", cases[i].text);
		if (!len)
			continue;
		/* The port stands at the same place in both. */
		assert_int_equal(((struct sockaddr_in *)&a)->sin_port, htons(25));
		char text[48];
		uint16_t port;
		io_address_text((struct sockaddr *)&a, text, sizeof(text), &port);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(port, 25);
	}
}

static void test_address_of_a_unix_socket(void **state)
{
	(void)state;
	const struct sockaddr_storage a = { .ss_family = AF_UNIX };
	char text[48] = "x";
	uint16_t port = 1;
	io_address_text((const struct sockaddr *)&a, text, sizeof(text), &port);
	assert_string_equal(text, "");
	assert_int_equal(port, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_take),
		cmocka_unit_test(test_address_of_a_unix_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
