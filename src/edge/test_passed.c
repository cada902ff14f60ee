#include "edge/passed.h"

#include "base/clean.h"
#include "tls/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct edge_passed *passed(void)
{
	struct tls_hello hello = { .sni = "mail.example.org" };
	struct edge_passed *p = edge_passed_new(&hello);
	assert_non_null(p);
	assert_string_equal(p->facts.version, "");
	assert_string_equal(p->facts.sni, "mail.example.org");
	return p;
}

/* A ServerHello: version, suite, and the extensions as they go on the wire. */
static size_t hello_write(uint8_t *out, uint16_t suite, struct slice extensions)
{
	size_t body = 2 + 32 + 1 + 2 + 1 + 2 + extensions.len;
	uint8_t head[] = { 22, 3, 3, 0, (uint8_t)(body + 4), 2, 0, 0, (uint8_t)body, 3, 3 };
	uint8_t *at = out;
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	memset(at, 7, 32); /* random */
	at += 32;
	*at++ = 0; /* session id */
	*at++ = (uint8_t)(suite >> 8);
	*at++ = (uint8_t)suite;
	*at++ = 0; /* compression */
	*at++ = 0;
	*at++ = (uint8_t)extensions.len;
	memcpy(at, extensions.data, extensions.len);
	return (size_t)(at - out) + extensions.len;
}

static const uint8_t extensions_13[] = { 0, 43, 0, 2, 3, 4 };

static void test_tls13(void **state)
{
	uint8_t bytes[256];
	size_t len = hello_write(bytes, 0x1301, slice_of(extensions_13, sizeof(extensions_13)));
	struct edge_passed *p = passed();
	(void)state;
	for (size_t i = 0; i < len; i++) {
		assert_false(p->is_answered);
		edge_passed_feed(p, slice_of(bytes + i, 1));
	}
	assert_true(p->is_answered && p->is_over);
	assert_string_equal(p->facts.version, "TLSv1.3");
	assert_string_equal(p->facts.cipher, "TLS_AES_128_GCM_SHA256");
	assert_true(p->facts.has_forward_secrecy);
	assert_false(p->facts.is_legacy);
	edge_passed_free(p);
}

static void test_tls12(void **state)
{
	static const struct {
		uint16_t suite;
		bool is_legacy;
	} suites[] = {
		{ 0xc02f, false }, /* ECDHE, GCM */
		{ 0xc013, true },  /* ECDHE, CBC */
		{ 0x009e, true },  /* DHE, GCM */
		{ 0x009c, true },  /* RSA, GCM */
	};
	uint8_t bytes[256];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(suites); i++) {
		size_t len = hello_write(bytes, suites[i].suite, slice_str(""));
		struct edge_passed *p = passed();
		edge_passed_feed(p, slice_of(bytes, len));
		assert_true(p->is_answered);
		assert_string_equal(p->facts.version, "TLSv1.2");
		assert_int_equal(p->facts.is_legacy, suites[i].is_legacy);
		edge_passed_free(p);
	}
}

static void test_no_answer(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };
	(void)state;
	struct edge_passed *p = passed();
	edge_passed_feed(p, slice_of(alert, sizeof(alert)));
	assert_true(p->is_over && !p->is_answered);
	edge_passed_free(p);
	p = passed();
	edge_passed_feed(p, slice_str("HTTP/1.1 400 Bad Request\r\n\r\n"));
	assert_true(p->is_over && !p->is_answered);
	assert_string_equal(p->facts.version, "");
	edge_passed_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
