#include "base/clean.h"
#include "pki/strangers.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct pki_stranger stranger(const char *text)
{
	struct sockaddr_storage sa = {};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&sa;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		sa.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
		sa.ss_family = AF_INET6;
	}
	return pki_stranger_of(&sa);
}

static void strangers_freep(struct pki_strangers **s)
{
	pki_strangers_free(*s);
}

static void test_strangers_at_a_time(void **state)
{
	(void)state;
	CLEAN(strangers_freep) struct pki_strangers *s = NULL;
	struct pki_stranger a = stranger("2001:db8::1"), same = stranger("2001:db8::ffff");
	struct pki_stranger b = stranger("192.0.2.1"), c = stranger("192.0.2.2");
	assert_int_equal(pki_strangers_new(&s, PKI_STRANGERS_EACH + 1), 0);
	for (int i = 0; i < PKI_STRANGERS_EACH; i++) {
		assert_true(pki_strangers_may(s, &a, 0));
		pki_strangers_enter(s, &a);
	}
	assert_false(pki_strangers_may(s, &same, 0)); /* one /64 is one */
	assert_true(pki_strangers_may(s, &b, 0));
	pki_strangers_enter(s, &b);
	assert_false(pki_strangers_may(s, &c, 0)); /* all places are taken */
	pki_strangers_leave(s, &same);
	assert_true(pki_strangers_may(s, &c, 0));
	assert_true(pki_strangers_may(s, &a, 0));
}

static void test_strangers_guess(void **state)
{
	(void)state;
	CLEAN(strangers_freep) struct pki_strangers *s = NULL;
	struct pki_stranger a = stranger("192.0.2.1"), b = stranger("192.0.2.2");
	assert_int_equal(pki_strangers_new(&s, 10), 0);
	for (int i = 0; i < PKI_STRANGERS_GUESSES; i++) {
		assert_true(pki_strangers_may(s, &a, 1000));
		pki_strangers_guessed(s, &a, 1000);
	}
	assert_false(pki_strangers_may(s, &a, 1000));
	assert_true(pki_strangers_may(s, &b, 1000));
	assert_false(pki_strangers_may(s, &a, 60999));
	assert_true(pki_strangers_may(s, &a, 61000));
	/* Whoever has many addresses only makes us forget guesses. */
	for (int i = 0; i < 2 * PKI_STRANGERS_KNOWN; i++) {
		struct pki_stranger other = { { 0, (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		pki_strangers_guessed(s, &other, 61000);
	}
	assert_true(pki_strangers_may(s, &a, 61000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_at_a_time),
		cmocka_unit_test(test_strangers_guess),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
