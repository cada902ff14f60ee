#include "base/clean.h"
#include "identity/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *peer, *name; /* NULL: refused */
} peers[] = {
	{ "db1", "db1.mailseal.internal" },
	{ "a", "a.mailseal.internal" },
	{ "db1.int.example.org", "db1.int.example.org" },
	{ "db1.mailseal.internal", "db1.mailseal.internal" },
	{ "", NULL },
	{ "DB1", "db1.mailseal.internal" },
	{ "-db", NULL },
	{ "db-", NULL },
	{ "*", NULL },
	{ "*.example.org", NULL },
	{ "db1.", NULL },
	{ ".db1", NULL },
	{ "a..b", NULL },
	{ "db 1", NULL },
	{ "a123456789b123456789c123456789d123456789e123456789f123456789g123", "" },
	{ "a123456789b123456789c123456789d123456789e123456789f123456789g1234", NULL },
};

static void test_name_peer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		char name[IDENTITY_PEER_CAP];
		bool is_good = identity_peer_write(peers[i].peer, name);
		if (peers[i].name && peers[i].name[0]) {
			assert_true(is_good);
			assert_string_equal(name, peers[i].name);
		}
	}
	char name[IDENTITY_PEER_CAP];
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		if (!peers[i].name)
			assert_false(identity_peer_write(peers[i].peer, name));
}

static const struct {
	const char *names, *name; /* NULL: none */
} certificates[] = {
	{ "db1.mailseal.internal", "db1" },
	{ "db1.example.org,db1.mailseal.internal,x.example.org", "db1" },
	{ "", NULL },
	{ "db1.example.org", NULL },
	{ "mailseal.internal", NULL },
	{ "*.mailseal.internal", NULL },
	{ "a.b.mailseal.internal", NULL },
	{ "a.mailseal.internal,b.mailseal.internal", NULL },
	{ "a.mailseal.internal.example.org", NULL },
};

static void test_name_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(certificates); i++) {
		char name[IDENTITY_NAME_CAP];
		bool is_found = identity_name_find(certificates[i].names, name);
		assert_int_equal(is_found, certificates[i].name != NULL);
		if (is_found)
			assert_string_equal(name, certificates[i].name);
	}
}

static void test_name_dns(void **state)
{
	(void)state;
	assert_true(identity_dns_is_valid("db1.int.example.org"));
	assert_true(identity_dns_is_valid("localhost"));
	assert_false(identity_dns_is_valid("other.mailseal.internal"));
	assert_false(identity_dns_is_valid("mailseal.internal"));
	assert_false(identity_dns_is_valid("*.example.org"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_peer),
		cmocka_unit_test(test_name_find),
		cmocka_unit_test(test_name_dns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
