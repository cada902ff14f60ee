#include "base/buf.h"
#include "base/clean.h"
#include "tls/hello.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MESSAGE_CAP = 4096 };

/* A ClientHello being written; lengths are filled in behind. */
struct message {
	uint8_t at[MESSAGE_CAP];
	size_t len;
};

static void put(struct message *m, const void *data, size_t len)
{
	assert_true(m->len + len <= sizeof(m->at));
	memcpy(m->at + m->len, data, len);
	m->len += len;
}

static void put_u8(struct message *m, unsigned value)
{
	put(m, &(uint8_t){ (uint8_t)value }, 1);
}

static void put_u16(struct message *m, unsigned value)
{
	put_u8(m, value >> 8);
	put_u8(m, value & 0xff);
}

static void put_list(struct message *m, unsigned extension, const uint16_t *values, size_t count,
                     size_t len_size)
{
	put_u16(m, extension);
	put_u16(m, (unsigned)(count * 2 + len_size));
	if (len_size == 2)
		put_u16(m, (unsigned)(count * 2));
	else
		put_u8(m, (unsigned)(count * 2));
	for (size_t i = 0; i < count; i++)
		put_u16(m, values[i]);
}

static void put_name(struct message *m, const char *sni)
{
	size_t len = strlen(sni);
	put_u16(m, 0);
	put_u16(m, (unsigned)len + 5);
	put_u16(m, (unsigned)len + 3);
	put_u8(m, 0);
	put_u16(m, (unsigned)len);
	put(m, sni, len);
}

static void put_alpn(struct message *m, const char *first, const char *second)
{
	size_t len = strlen(first) + strlen(second) + 2;
	put_u16(m, 16);
	put_u16(m, (unsigned)len + 2);
	put_u16(m, (unsigned)len);
	put_u8(m, (unsigned)strlen(first));
	put(m, first, strlen(first));
	put_u8(m, (unsigned)strlen(second));
	put(m, second, strlen(second));
}

/* Version, random, session id, suites, compression: up to the extensions' length. */
static void put_start(struct message *m, unsigned version)
{
	static const uint16_t suites[] = { 0x1a1a, 0x1301, 0xc02f, 0x00ff };
	uint8_t zeros[32] = {};
	put_u16(m, version);
	put(m, zeros, 32);
	put_u8(m, 32);
	put(m, zeros, 32);
	put_u16(m, sizeof(suites));
	for (size_t i = 0; i < COUNT_OF(suites); i++)
		put_u16(m, suites[i]);
	put_u8(m, 1);
	put_u8(m, 0);
}

static void message_full(struct message *ret_m, const char *sni)
{
	static const uint16_t versions[] = { 0x5a5a, 0x0304, 0x0303, 0x7f1c };
	static const uint16_t groups[] = { 0x2a2a, 0x11ec, 0x001d, 0x0017 };
	static const uint16_t sigalgs[] = { 0x0403, 0x0804 };
	struct message m = {};
	struct message e = {};
	put_start(&m, 0x0303);
	put_list(&e, 0xaaaa, NULL, 0, 2);
	put_name(&e, sni);
	put_list(&e, 10, groups, COUNT_OF(groups), 2);
	put_list(&e, 13, sigalgs, COUNT_OF(sigalgs), 2);
	put_alpn(&e, "\x1a\x1a", "imap");
	put_list(&e, 43, versions, COUNT_OF(versions), 1);
	put_u16(&m, (unsigned)e.len);
	put(&m, e.at, e.len);
	*ret_m = m;
}

/* With handshake header and in records of at most step bytes. */
static void wrap(const struct message *m, size_t step, struct message *ret_wire)
{
	struct message whole = {};
	struct message wire = {};
	put_u8(&whole, 1);
	put_u8(&whole, 0);
	put_u16(&whole, (unsigned)m->len);
	put(&whole, m->at, m->len);
	for (size_t at = 0; at < whole.len; at += step) {
		size_t len = whole.len - at < step ? whole.len - at : step;
		put_u8(&wire, 22);
		put_u16(&wire, 0x0301);
		put_u16(&wire, (unsigned)len);
		put(&wire, whole.at + at, len);
	}
	*ret_wire = wire;
}

static struct slice bytes_of(const struct message *m)
{
	return slice_of(m->at, m->len);
}

static void check_full(const struct tls_hello *h)
{
	assert_int_equal(h->legacy_version, 0x0303);
	assert_int_equal(h->max_version, 0x0304);
	assert_int_equal(h->version_count, 3);
	assert_int_equal(h->suite_count, 3);
	assert_int_equal(h->suites[0], 0x1301);
	assert_int_equal(h->group_count, 3);
	assert_int_equal(h->groups[0], 0x11ec);
	assert_int_equal(h->sigalg_count, 2);
	assert_int_equal(h->sigalgs[1], 0x0804);
	assert_string_equal(h->sni, "imap.example.org");
	assert_string_equal(h->alpn, "imap");
}

static void test_hello_whole_and_in_records(void **state)
{
	(void)state;
	static const size_t steps[] = { 4000, 100, 7, 3, 1 };
	struct message m, wire;
	message_full(&m, "imap.example.org");
	uint64_t hash = 0;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct tls_hello h;
		wrap(&m, steps[i], &wire);
		assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
		check_full(&h);
		assert_true(!hash || hash == h.hash);
		hash = h.hash;
	}
}

static void test_hello_byte_by_byte(void **state)
{
	(void)state;
	static const size_t steps[] = { 4000, 11 };
	struct message m, wire;
	struct tls_hello h;
	message_full(&m, "imap.example.org");
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		wrap(&m, steps[i], &wire);
		for (size_t len = 0; len < wire.len; len++) {
			/* A copy of that length: reading past it is seen by ASan. */
			CLEAN(freep) uint8_t *copy = malloc(len + 1);
			memcpy(copy, wire.at, len);
			copy = realloc(copy, len ? len : 1);
			assert_int_equal(tls_hello_parse(slice_of(copy, len), &h), TLS_HELLO_MORE);
		}
		assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
	}
}

static void test_hello_same_stack_same_hash(void **state)
{
	(void)state;
	struct message m, wire;
	struct tls_hello a, b;
	message_full(&m, "a.example.org");
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &a), 0);
	message_full(&m, "b.example.org");
	m.at[5] = 1;     /* random */
	m.at[69] = 0x3a; /* another GREASE in the place of the first */
	m.at[70] = 0x3a;
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &b), 0);
	assert_int_equal(b.suite_count, 3);
	assert_true(a.hash == b.hash);
	m.at[72] = 0x02; /* 0x1302 */
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &b), 0);
	assert_true(a.hash != b.hash);
}

/* Every length in the message, one up: some of them are lies that must be seen, none may crash. */
static void test_hello_lying_lengths(void **state)
{
	(void)state;
	struct message m, wire, lie;
	struct tls_hello h;
	message_full(&m, "imap.example.org");
	wrap(&m, 4000, &wire);
	static const size_t bad_at[] = {
		9 + 34,      /* session id */
		9 + 67,      /* suites, high byte */
		9 + 68,      /* suites: odd */
		9 + 67 + 10, /* compression */
		9 + 67 + 12, /* extensions, high byte */
	};
	for (size_t i = 0; i < COUNT_OF(bad_at); i++) {
		lie = wire;
		lie.at[bad_at[i]] = 0xff;
		if (tls_hello_parse(bytes_of(&lie), &h) != TLS_HELLO_BAD)
			fail_msg("length at %zu believed", bad_at[i]);
	}
	for (size_t i = 9; i < wire.len; i++)
		for (int value = 0; value < 256; value += 5) {
			lie = wire;
			lie.at[i] = (uint8_t)value;
			int r = tls_hello_parse(bytes_of(&lie), &h);
			assert_true(r == 0 || r == TLS_HELLO_BAD);
		}
}

static const struct bad_case {
	const char *name;
	uint8_t bytes[12];
	size_t len;
} bad[] = {
	{ "SSL 2", { 0x80, 0x2e, 1, 3, 1 }, 5 },
	{ "SSL 2, first byte", { 0x80 }, 1 },
	{ "SMTP", "EHLO", 4 },
	{ "alert", { 21, 3, 1, 0, 2, 1, 0 }, 7 },
	{ "record of a version that is no TLS", { 22, 2, 0 }, 3 },
	{ "empty record", { 22, 3, 1, 0, 0 }, 5 },
	{ "record over 16 KiB", { 22, 3, 1, 0x40, 1 }, 5 },
	{ "ServerHello", { 22, 3, 1, 0, 5, 2 }, 6 },
	{ "hello over 16 KiB", { 22, 3, 1, 0, 5, 1, 0, 0x40, 1 }, 9 },
	{ "hello of 16 MiB", { 22, 3, 1, 0, 5, 1, 0xff, 0xff, 0xff }, 9 },
	{ "alert in the middle", { 22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2, 1 }, 12 },
	{ "hello without a body", { 22, 3, 1, 0, 4, 1, 0, 0, 0 }, 9 },
};

static void test_hello_bad(void **state)
{
	(void)state;
	struct tls_hello h;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (tls_hello_parse(slice_of(bad[i].bytes, bad[i].len), &h) != TLS_HELLO_BAD)
			fail_msg("%s", bad[i].name);
}

static void test_hello_ssl3_without_extensions(void **state)
{
	(void)state;
	struct message m = {};
	struct message wire;
	struct tls_hello h;
	put_start(&m, 0x0300);
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
	assert_int_equal(h.max_version, 0x0300);
	assert_int_equal(h.version_count, 0);
	assert_string_equal(h.sni, "");
	assert_string_equal(tls_hello_version_name(h.max_version), "SSLv3");
	put_u8(&m, 0); /* half of a length */
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), TLS_HELLO_BAD);
}

static void test_hello_names(void **state)
{
	(void)state;
	static const char *const refused[] = {
		"with space", ".x", "a\nb", "a/b", "*.x", "\xe4.de"
	};
	char longest[256];
	struct message m, wire;
	struct tls_hello h;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		message_full(&m, refused[i]);
		wrap(&m, 4000, &wire);
		assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
		assert_string_equal(h.sni, "");
	}
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	message_full(&m, longest);
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
	assert_string_equal(h.sni, longest);
}

static void test_hello_long_lists_are_cut(void **state)
{
	(void)state;
	uint16_t values[400];
	struct message m = {};
	struct message e = {};
	struct message wire;
	struct tls_hello h;
	for (size_t i = 0; i < COUNT_OF(values); i++)
		values[i] = (uint16_t)(0x4000 + i);
	put_start(&m, 0x0303);
	put_list(&e, 10, values, COUNT_OF(values), 2);
	put_list(&e, 13, values, COUNT_OF(values), 2);
	put_list(&e, 43, values, 127, 1);
	put_u16(&m, (unsigned)e.len);
	put(&m, e.at, e.len);
	wrap(&m, 4000, &wire);
	assert_int_equal(tls_hello_parse(bytes_of(&wire), &h), 0);
	assert_int_equal(h.group_count, TLS_HELLO_GROUPS_MAX);
	assert_int_equal(h.sigalg_count, TLS_HELLO_SIGALGS_MAX);
	assert_int_equal(h.version_count, TLS_HELLO_VERSIONS_MAX);
	assert_int_equal(h.max_version, 0x0303);
}

static void test_hello_version_name(void **state)
{
	(void)state;
	assert_string_equal(tls_hello_version_name(0x0301), "TLSv1.0");
	assert_string_equal(tls_hello_version_name(0x0304), "TLSv1.3");
	assert_string_equal(tls_hello_version_name(0x0305), "0x0305");
	assert_string_equal(tls_hello_version_name(0x0002), "0x0002");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_whole_and_in_records),
		cmocka_unit_test(test_hello_byte_by_byte),
		cmocka_unit_test(test_hello_same_stack_same_hash),
		cmocka_unit_test(test_hello_lying_lengths),
		cmocka_unit_test(test_hello_bad),
		cmocka_unit_test(test_hello_ssl3_without_extensions),
		cmocka_unit_test(test_hello_names),
		cmocka_unit_test(test_hello_long_lists_are_cut),
		cmocka_unit_test(test_hello_version_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
