#include "tls/catalog.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
/* After those it needs. */
#include <cmocka.h>

static const struct tls_catalog_entry entries[] = {
	{ "a.example.org,mail.example.org", { (const uint8_t *)"first", 5 }, TLS_KEY_EC, 7 },
	{ "*.example.org", { (const uint8_t *)"wild", 4 }, TLS_KEY_EC, 8 },
	{ "mail.example.org", { (const uint8_t *)"rsa", 3 }, TLS_KEY_RSA, 9 },
	{ "mail.example.org", { (const uint8_t *)"late", 4 }, TLS_KEY_RSA, 10 },
	{ "", { (const uint8_t *)"nameless", 8 }, TLS_KEY_RSA, 11 },
};

static void *mapped(const struct buf *bytes)
{
	void *at = mmap(NULL, buf_len(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	memcpy(at, buf_slice(bytes).data, buf_len(bytes));
	return at;
}

static struct tls_catalog *made(const struct buf *bytes)
{
	struct tls_catalog *c = NULL;
	assert_int_equal(tls_catalog_new(&c, mapped(bytes), buf_len(bytes)), 0);
	return c;
}

static const struct {
	const char *sni, *ec, *rsa; /* NULL: none of that kind */
	uint32_t rsa_id;
} rows[] = {
	{ "a.example.org", "first", NULL, 0 },
	{ "MAIL.Example.org.", "first", "rsa", 9 }, /* the first of each kind */
	{ "other.example.org", "wild", NULL, 0 },
	{ "two.deep.example.org", NULL, NULL, 0 },
	{ "example.org", NULL, NULL, 0 },
	{ ".example.org", NULL, NULL, 0 },
	{ "", NULL, NULL, 0 },
	{ "zzz", NULL, NULL, 0 },
};

static void expect(struct slice is, const char *text)
{
	assert_int_equal(is.len, text ? strlen(text) : 0);
	if (text)
		assert_memory_equal(is.data, text, is.len);
}

static void test_find(void **state)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	(void)state;
	assert_int_equal(tls_catalog_write(&bytes, entries, COUNT_OF(entries)), 0);
	struct tls_catalog *c = made(&bytes);
	assert_int_equal(tls_catalog_count(c), COUNT_OF(entries));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tls_catalog_found found = {};
		print_message("%s\n", rows[i].sni);
		assert_int_equal(tls_catalog_find(c, rows[i].sni, &found),
		                 rows[i].ec || rows[i].rsa);
		if (!rows[i].ec && !rows[i].rsa)
			continue;
		expect(found.der[TLS_KEY_EC], rows[i].ec);
		expect(found.der[TLS_KEY_RSA], rows[i].rsa);
		assert_int_equal(found.key_ids[TLS_KEY_RSA], rows[i].rsa_id);
	}
	tls_catalog_unref(c);
}

static void test_none(void **state)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	struct tls_catalog_found found;
	(void)state;
	assert_int_equal(tls_catalog_write(&bytes, NULL, 0), 0);
	struct tls_catalog *c = made(&bytes);
	assert_false(tls_catalog_find(c, "a.example.org", &found));
	assert_ptr_equal(tls_catalog_ref(c), c);
	tls_catalog_unref(c);
	tls_catalog_unref(c);
	tls_catalog_unref(NULL);
}

/* Cut anywhere, and with any byte of its tables another one. */
static void test_not_whole(void **state)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	(void)state;
	assert_int_equal(tls_catalog_write(&bytes, entries, COUNT_OF(entries)), 0);
	for (size_t len = 1; len < buf_len(&bytes); len++) {
		struct tls_catalog *c = NULL;
		assert_int_equal(tls_catalog_new(&c, mapped(&bytes), len), TLS_CATALOG_BAD);
		assert_null(c);
	}
	for (size_t i = 0; i < buf_len(&bytes); i++) {
		struct tls_catalog *c = NULL;
		struct tls_catalog_found found;
		uint8_t *other = mapped(&bytes);
		other[i] ^= 0xff;
		if (tls_catalog_new(&c, other, buf_len(&bytes)))
			continue;
		(void)tls_catalog_find(c, "mail.example.org", &found); /* within bounds */
		tls_catalog_unref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_not_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
