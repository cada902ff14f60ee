#include "base/clean.h"
#include "proc/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static uint8_t room[4 * PROC_RECORD_ENTRY_MAX];

static const struct store_record everything = {
	.ended_s = 1800000000,
	.leg = STORE_LEG_OUTBOUND,
	.seal = STORE_SEAL_AUTHENTICATED,
	.protocol = "smtp",
	.edge = "out",
	.address = "2001:db8::1",
	.domain = "example.org",
	.mx = "mx.example.org",
	.user = "alice",
	.is_logged_in = true,
	.software = "Thunderbird \"1\"\n",
	.tls_version = "TLSv1.3",
	.cipher = "TLS_AES_128_GCM_SHA256",
	.group = "X25519",
	.is_resumed = true,
	.has_forward_secrecy = true,
	.hello = UINT64_MAX - 1,
	.hello_max = 0x0304,
	.sni = STORE_SNI_OTHER,
	.policy = "verify",
	.result = "validation-failure",
	.outcome = "ok",
	.error = "certificate has expired",
	.bytes_in = UINT64_MAX,
	.bytes_out = 1,
	.duration_ms = UINT32_MAX,
	.messages = 7,
	.login_failures = 3,
	.sealed_before = 9,
	.was_trusted = true,
	.is_trusted = true,
	.backend_seal = STORE_SEAL_LOCAL,
	.backend = "mta",
};

static struct store_record with_texts(const char *text)
{
	return (struct store_record){ .protocol = text,
		                      .edge = text,
		                      .address = text,
		                      .domain = text,
		                      .mx = text,
		                      .user = text,
		                      .software = text,
		                      .tls_version = text,
		                      .cipher = text,
		                      .group = text,
		                      .policy = text,
		                      .result = text,
		                      .outcome = text,
		                      .error = text,
		                      .backend = text };
}

static const struct store_exposure exposure = {
	.at_s = 1800000000,
	.protocol = "imap",
	.edge = "imap",
	.address = "192.0.2.1",
	.user = "alice",
	.mechanism = "LOGIN",
	.password_sent = true,
	.is_excepted = true,
};

/* The only entry of what was packed. */
static struct slice entry_of(const struct proc_packer *p, uint8_t kind)
{
	struct proc_unpacker u = proc_unpacker_over(proc_packed(p));
	struct slice entry;
	uint8_t got;
	assert_false(p->has_failed);
	assert_true(proc_record_entry_next(&u, &got, &entry));
	assert_int_equal(got, kind);
	assert_true(proc_unpack_ends(&u));
	return entry;
}

static void test_record_session_comes_as_it_went(void **state)
{
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct store_record r;
	(void)state;
	proc_record_session_pack(&p, &everything);
	assert_true(proc_record_session_unpack(entry_of(&p, PROC_RECORD_SESSION), &r));
	assert_int_equal(r.ended_s, everything.ended_s);
	assert_int_equal(r.leg, everything.leg);
	assert_int_equal(r.seal, everything.seal);
	assert_int_equal(r.backend_seal, everything.backend_seal);
	assert_int_equal(r.sni, everything.sni);
	assert_true(r.is_logged_in && r.is_resumed && r.has_forward_secrecy);
	assert_true(r.was_trusted && r.is_trusted);
	assert_true(r.hello == everything.hello && r.hello_max == everything.hello_max);
	assert_true(r.bytes_in == everything.bytes_in && r.bytes_out == everything.bytes_out);
	assert_true(r.duration_ms == everything.duration_ms && r.messages == everything.messages);
	assert_true(r.login_failures == everything.login_failures);
	assert_true(r.sealed_before == everything.sealed_before);
	assert_string_equal(r.protocol, everything.protocol);
	assert_string_equal(r.edge, everything.edge);
	assert_string_equal(r.address, everything.address);
	assert_string_equal(r.domain, everything.domain);
	assert_string_equal(r.mx, everything.mx);
	assert_string_equal(r.user, everything.user);
	assert_string_equal(r.software, everything.software);
	assert_string_equal(r.tls_version, everything.tls_version);
	assert_string_equal(r.cipher, everything.cipher);
	assert_string_equal(r.group, everything.group);
	assert_string_equal(r.policy, everything.policy);
	assert_string_equal(r.result, everything.result);
	assert_string_equal(r.outcome, everything.outcome);
	assert_string_equal(r.error, everything.error);
	assert_string_equal(r.backend, everything.backend);
}

static void test_record_exposure_comes_as_it_went(void **state)
{
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct store_exposure e;
	(void)state;
	proc_record_exposure_pack(&p, &exposure);
	assert_true(proc_record_exposure_unpack(entry_of(&p, PROC_RECORD_EXPOSURE), &e));
	assert_int_equal(e.at_s, exposure.at_s);
	assert_true(e.password_sent && e.is_excepted);
	assert_string_equal(e.protocol, exposure.protocol);
	assert_string_equal(e.edge, exposure.edge);
	assert_string_equal(e.address, exposure.address);
	assert_string_equal(e.user, exposure.user);
	assert_string_equal(e.mechanism, exposure.mechanism);
}

static void test_record_hello_comes_as_it_went(void **state)
{
	static const uint16_t versions[] = { 0x0304, 0x0303 }, suites[] = { 0x1301 };
	static struct proc_record_hello got;
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	const struct store_hello hello = { .hash = 1ULL << 63,
		                           .legacy_version = 0x0303,
		                           .max_version = 0x0304,
		                           .versions = versions,
		                           .suites = suites,
		                           .version_count = 2,
		                           .suite_count = 1 };
	(void)state;
	proc_record_hello_pack(&p, &hello);
	assert_true(proc_record_hello_unpack(entry_of(&p, PROC_RECORD_HELLO), &got));
	assert_true(got.hello.hash == hello.hash);
	assert_int_equal(got.hello.legacy_version, 0x0303);
	assert_int_equal(got.hello.max_version, 0x0304);
	assert_int_equal(got.hello.version_count, 2);
	assert_memory_equal(got.hello.versions, versions, sizeof(versions));
	assert_int_equal(got.hello.suite_count, 1);
	assert_memory_equal(got.hello.suites, suites, sizeof(suites));
	assert_int_equal(got.hello.group_count + got.hello.sigalg_count, 0);
}

/* Whatever a stranger made of them, an entry has room. */
static void test_record_largest_is_cut_and_fits(void **state)
{
	static char text[STORE_TEXT_MAX + 100];
	static uint16_t numbers[UINT8_MAX];
	static struct proc_record_hello got;
	struct store_record r;
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	struct proc_packer p = proc_packer_over(room, PROC_RECORD_ENTRY_MAX);
	r = with_texts(text);
	proc_record_session_pack(&p, &r);
	assert_true(proc_record_session_unpack(entry_of(&p, PROC_RECORD_SESSION), &r));
	assert_int_equal(strlen(r.protocol), STORE_TEXT_MAX);
	assert_int_equal(strlen(r.error), STORE_TEXT_MAX);

	p = proc_packer_over(room, PROC_RECORD_ENTRY_MAX);
	proc_record_hello_pack(&p, &(struct store_hello){ .versions = numbers,
	                                                  .suites = numbers,
	                                                  .groups = numbers,
	                                                  .sigalgs = numbers,
	                                                  .version_count = UINT8_MAX,
	                                                  .suite_count = UINT8_MAX,
	                                                  .group_count = UINT8_MAX,
	                                                  .sigalg_count = UINT8_MAX });
	assert_true(proc_record_hello_unpack(entry_of(&p, PROC_RECORD_HELLO), &got));
	assert_int_equal(got.hello.sigalg_count, STORE_HELLO_LIST_MAX);
}

/* Cut anywhere, or with something behind it. */
static void test_record_cut(void **state)
{
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct store_record r;
	(void)state;
	proc_record_session_pack(&p, &everything);
	struct slice entry = entry_of(&p, PROC_RECORD_SESSION);
	for (size_t len = 0; len < entry.len; len++)
		assert_false(proc_record_session_unpack(slice_head(entry, len), &r));
	room[p.len] = 'x';
	assert_false(proc_record_session_unpack(slice_of(entry.data, entry.len + 1), &r));
}

/* Numbers of enums that there are not, and a time before 1970. */
static void test_record_that_is_none(void **state)
{
	enum { TIME_AT = 0, LEG_AT = 8, TRUSTED_AT = 16 };
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "time", TIME_AT, 0x80 },
		{ "leg", LEG_AT, STORE_LEG_COUNT },
		{ "seal", LEG_AT + 1, STORE_SEAL_COUNT },
		{ "backend seal", LEG_AT + 2, STORE_SEAL_COUNT },
		{ "sni", LEG_AT + 3, STORE_SNI_COUNT },
		{ "trusted", TRUSTED_AT, 2 },
	};
	struct store_record r;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct proc_packer p = proc_packer_over(room, sizeof(room));
		proc_record_session_pack(&p, &everything);
		struct slice entry = entry_of(&p, PROC_RECORD_SESSION);
		((uint8_t *)entry.data)[cases[i].at] = cases[i].value;
		if (proc_record_session_unpack(entry, &r))
			fail_msg("%s", cases[i].name);
	}
}

/* Of a batch those that are known are found behind one that is not. */
static void test_record_unknown_kind_is_left_out(void **state)
{
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	struct proc_record_head head, got;
	struct store_exposure e;
	struct slice entry;
	uint8_t kind;
	(void)state;
	head = (struct proc_record_head){ .worker = UINT64_MAX, .number = 2, .lost = 3 };
	proc_record_head_pack(&p, &head);
	proc_pack_u8(&p, 200);
	proc_pack_bytes(&p, slice_str("of a later build"));
	proc_record_exposure_pack(&p, &exposure);
	struct proc_unpacker u = proc_unpacker_over(proc_packed(&p));
	assert_true(proc_record_head_unpack(&u, &got));
	assert_true(got.worker == head.worker && got.number == 2 && got.lost == 3);
	assert_true(proc_record_entry_next(&u, &kind, &entry));
	assert_int_equal(kind, 200);
	assert_true(proc_record_entry_next(&u, &kind, &entry));
	assert_true(proc_record_exposure_unpack(entry, &e));
	assert_false(proc_record_entry_next(&u, &kind, &entry));
	assert_false(u.has_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_session_comes_as_it_went),
		cmocka_unit_test(test_record_exposure_comes_as_it_went),
		cmocka_unit_test(test_record_hello_comes_as_it_went),
		cmocka_unit_test(test_record_largest_is_cut_and_fits),
		cmocka_unit_test(test_record_cut),
		cmocka_unit_test(test_record_that_is_none),
		cmocka_unit_test(test_record_unknown_kind_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
