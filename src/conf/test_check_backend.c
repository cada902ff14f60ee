/* How sessions are spread over a backend's addresses, and from where they come. */
#include "base/clean.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define FILE_OF(backend)                                                                           \
	"hostname = \"mx.example.org\"; backend = { b = { accept = [\"plain\"]; " backend          \
	" }; }; edge = { x = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"b\"; }; };"
#define TWO "address = [\"10.0.0.5:25\", \"10.0.0.6:25\"]; "
#define BOTH "address = [\"10.0.0.5:25\", \"[fd00::5]:25\"]; "

static void test_what_is_not_written(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(FILE_OF(TWO));
	const struct conf_backend *b = &s->backends[0];
	assert_int_equal(b->balance, CONF_BALANCE_ORDER);
	assert_int_equal(b->source_count, 0);
	assert_int_equal(b->health_interval_ms, 10000);
	assert_int_equal(b->health_timeout_ms, 10000);
}

static void test_what_is_written(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		FILE_OF(BOTH "balance = \"least\"; source = [\"10.0.0.1\", \"fd00::1\", "
	                     "\"10.0.0.2\"]; health_interval = 0; health_timeout = \"3s\";"));
	const struct conf_backend *b = &s->backends[0];
	assert_int_equal(b->balance, CONF_BALANCE_LEAST);
	assert_int_equal(b->source_count, 3);
	assert_true(b->sources[1].is_v6);
	assert_int_equal(b->health_interval_ms, 0);
	assert_int_equal(b->health_timeout_ms, 3000);
}

static void test_refused(void **state)
{
	static const struct refusal cases[] = {
		{ FILE_OF(TWO "balance = \"random\";"), "backend.b.balance", "least" },
		{ FILE_OF(TWO "source = [\"10.0.0.0/24\"];"), "backend.b.source", "is a network" },
		{ FILE_OF(TWO "source = [\"10.0.0.1\", \"10.0.0.1\"];"), "backend.b.source",
		  "twice" },
		{ FILE_OF(BOTH "source = [\"10.0.0.1\"];"), "backend.b.source",
		  "\"[fd00::5]:25\" cannot be reached" },
		{ FILE_OF("address = [\"unix:/run/x\"]; source = [\"10.0.0.1\"];"),
		  "backend.b.source", "take \"source\" out" },
		{ FILE_OF(TWO "health_timeout = \"1s\";"), "backend.b.health_timeout", "2s" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		read_badly(&cases[i]);
}

static void test_too_many_addresses(void **state)
{
	char list[2000] = "", text[3000];
	(void)state;
	for (int i = 0; i <= CONF_BACKEND_ADDRESSES_MAX; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"10.0.1.%d:25\"",
		         i ? ", " : "", i);
	snprintf(text, sizeof(text), FILE_OF("address = [%s];"), list);
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(conf_read_text(&s, text, 0, &errors), CONF_BAD);
	assert_string_equal(errors.items[0].message, "65 addresses are too many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_written),
		cmocka_unit_test(test_what_is_written),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
