#include "base/clean.h"
#include "pki/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ISSUED(name, serial)                                                                       \
	"{\"time\":100,\"event\":\"issued\",\"name\":\"" name "\",\"serial\":\"" serial            \
	"\",\"not_after\":200,\"issuer\":\"0a\",\"dns\":[\"x.example.org\"],\"ip\":[]}\n"
#define REVOKED(serial) "{\"time\":150,\"event\":\"revoked\",\"serial\":\"" serial "\"}\n"

static void test_journal_reads(void **state)
{
	(void)state;
	CLEAN(pki_journal_deinit) struct pki_journal journal = {};
	unsigned line;
	assert_int_equal(pki_journal_read(&journal,
	                                  slice_str("{\"event\":\"root-new\"}\n" ISSUED("a", "01")
	                                                    ISSUED("a", "02") ISSUED("b", "03")
	                                                            REVOKED("02")),
	                                  &line),
	                 0);
	assert_int_equal(journal.count, 3);
	assert_string_equal(pki_journal_find(&journal, "a")->serial, "01");
	assert_string_equal(pki_journal_find(&journal, "b")->names.dns[0], "x.example.org");
	assert_null(pki_journal_find(&journal, "c"));
	assert_true(pki_certificate_is_good(&journal.list[0], 199));
	assert_false(pki_certificate_is_good(&journal.list[0], 200));
	assert_false(pki_certificate_is_good(&journal.list[1], 150));
}

/* A crash while a line was written: nothing hangs on it, for nothing was issued yet. */
static void test_journal_torn(void **state)
{
	(void)state;
	static const char text[] = ISSUED("a", "01") "{\"time\":100,\"ev";
	CLEAN(pki_journal_deinit) struct pki_journal journal = {};
	unsigned line;
	assert_int_equal(pki_journal_read(&journal, slice_str(text), &line), 0);
	assert_int_equal(journal.count, 1);
	assert_true(journal.is_torn);
}

static const char *const bad[] = {
	"x\n",
	"[]\n",
	"{}\n",
	REVOKED("09"),
	"{\"event\":\"issued\",\"event\":\"issued\"}\n",
	ISSUED("A", "04"),
	ISSUED("a.b", "04"),
	ISSUED("a", "4"),
	ISSUED("a", "../x"),
	"{\"time\":100,\"event\":\"issued\",\"name\":\"a\",\"serial\":\"04\",\"not_after\":\"200\","
	"\"issuer\":\"0a\",\"dns\":[],\"ip\":[]}\n",
	"{\"time\":100,\"event\":\"issued\",\"name\":\"a\",\"serial\":\"04\",\"not_after\":200,"
	"\"issuer\":\"0a\",\"dns\":[7],\"ip\":[]}\n",
};

static void test_journal_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEAN(pki_journal_deinit) struct pki_journal journal = {};
		char text[1024];
		unsigned line = 0;
		snprintf(text, sizeof(text), ISSUED("a", "01") "%s", bad[i]);
		assert_int_equal(pki_journal_read(&journal, slice_str(text), &line),
		                 PKI_JOURNAL_BAD);
		assert_int_equal(line, 2);
		assert_int_equal(journal.count, 0);
	}
}

static void test_journal_written_is_read(void **state)
{
	(void)state;
	CLEAN(pki_journal_deinit) struct pki_journal journal = {};
	CLEAN(buf_deinit) struct buf text = {};
	char *addresses[] = { "192.0.2.1" };
	struct pki_certificate c = { .name = "db1",
		                     .serial = "4f01",
		                     .issuer = "0a",
		                     .names = { .addresses = addresses, .address_count = 1 },
		                     .issued_s = 100,
		                     .not_after_s = 200,
		                     .revoked_s = 120 };
	unsigned line;
	assert_int_equal(pki_journal_write_root(&text, "root-new", "0a", 1), 0);
	assert_int_equal(pki_journal_write_issued(&text, &c, "renewed"), 0);
	assert_int_equal(pki_journal_write_revoked(&text, &c), 0);
	assert_int_equal(pki_journal_read(&journal, buf_slice(&text), &line), 0);
	assert_int_equal(journal.count, 1);
	assert_string_equal(journal.list[0].names.addresses[0], "192.0.2.1");
	assert_int_equal(journal.list[0].revoked_s, 120);
	assert_int_equal(journal.list[0].not_after_s, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_reads),
		cmocka_unit_test(test_journal_torn),
		cmocka_unit_test(test_journal_bad),
		cmocka_unit_test(test_journal_written_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
