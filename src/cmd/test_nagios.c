#include "base/clean.h"
#include "cmd/nagios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

#define WORKERS "\"keys_pid\": 7, \"workers\": [{\"ready\": true}, {\"ready\": true}]"
#define UNTIL(days)                                                                                \
	"\"certificates\": {\"count\": 1, \"first\": \"mx\", \"first_not_after\": " days           \
	", \"stale\": 0}"

static const struct {
	const char *status;
	enum nagios_state state;
	const char *line; /* its beginning, up to the numbers */
} cases[] = {
	{ "{\"state\": \"running\", " WORKERS "}", NAGIOS_OK, "MAILSEAL OK - running | " },
	{ "{\"state\": \"running\", " WORKERS ", " UNTIL("1802592000") "}", NAGIOS_OK,
	  "MAILSEAL OK - running | " },
	{ "{\"state\": \"running\", " WORKERS ", " UNTIL("1801036800") "}", NAGIOS_WARNING,
	  "MAILSEAL WARNING - running, certificate mx expires in 12 days | " },
	{ "{\"state\": \"running\", " WORKERS ", " UNTIL("1800086400") "}", NAGIOS_CRITICAL,
	  "MAILSEAL CRITICAL - running, certificate mx expires in 1 days | " },
	{ "{\"state\": \"running\", " WORKERS ", " UNTIL("1700000000") "}", NAGIOS_CRITICAL,
	  "MAILSEAL CRITICAL - running, certificate mx has expired | " },
	{ "{\"state\": \"running\", " WORKERS ", \"certificates\": {\"stale\": 2}}", NAGIOS_WARNING,
	  "MAILSEAL WARNING - running, 2 renewed certificates are not served | " },
	{ "{\"state\": \"running\", \"keys_pid\": 7, \"workers\": [{\"ready\": true}, {}]}",
	  NAGIOS_WARNING, "MAILSEAL WARNING - running, 1 of 2 workers are ready | " },
	{ "{\"state\": \"running\", \"keys_pid\": 0, \"workers\": [{}]}", NAGIOS_CRITICAL,
	  "MAILSEAL CRITICAL - running, 0 of 1 workers are ready, "
	  "the process with the keys does not run | " },
	{ "{\"state\": \"running\", \"keys_pids\": [7, 0], " WORKERS "}", NAGIOS_WARNING,
	  "MAILSEAL WARNING - running, one of the processes with the keys does not run | " },
	{ "{\"state\": \"draining\", \"keys_pid\": 7, \"workers\": []}", NAGIOS_WARNING,
	  "MAILSEAL WARNING - draining | " },
	{ "{\"state\": \"upgrade failed\", " WORKERS "}", NAGIOS_CRITICAL,
	  "MAILSEAL CRITICAL - upgrade failed | " },
	{ "{\"state\": \"running\", " WORKERS ", \"warnings\": [{}], \"ledger_pid\": 9,"
	  " \"ledger\": {\"open\": false}}",
	  NAGIOS_WARNING,
	  "MAILSEAL WARNING - running, 1 backend has to be mended, the ledger has no file | " },
	{ "{\"state\": \"running\", " WORKERS
	  ", \"watch\": [{\"interface\": \"eth0\", \"watching\": true},"
	  " {\"interface\": \"eth1\", \"watching\": false}]}",
	  NAGIOS_WARNING, "MAILSEAL WARNING - running, eth1 is not watched | " },
	{ "{\"state\": \"running\", " WORKERS
	  ", \"acme\": [{\"certificate\": \"mx\", \"failures\": 0},"
	  " {\"certificate\": \"web\", \"failures\": 3}]}",
	  NAGIOS_WARNING,
	  "MAILSEAL WARNING - running, certificate web: 3 orders in a row failed | " },
	{ "{}", NAGIOS_UNKNOWN, "MAILSEAL UNKNOWN - " },
	{ "[]", NAGIOS_UNKNOWN, "MAILSEAL UNKNOWN - " },
};

static void test_nagios_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf_deinit) struct buf line = {};
		enum nagios_state found;
		json_t *status = json_loads(cases[i].status, 0, NULL);
		assert_non_null(status);
		assert_int_equal(nagios_judge(status, NOW, &found, &line), 0);
		json_decref(status);
		assert_int_equal(buf_add(&line, slice_of("", 1)), 0);
		const char *text = (const char *)buf_slice(&line).data;
		if (strncmp(text, cases[i].line, strlen(cases[i].line)) != 0)
			fail_msg("%s\n%s", cases[i].line, text);
		assert_int_equal(found, cases[i].state);
		/* One line. */
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

static void test_nagios_numbers(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf line = {};
	enum nagios_state found;
	json_t *status = json_loads(
		"{\"state\": \"running\", " WORKERS
		", " UNTIL("1802592000") ", \"sums\": {\"open\": 5, \"sessions\": 70, \"plain\": 3,"
					 " \"exposures\": 1, \"backend_failures\": 2}, \"ledger\":"
					 " {\"open\": true, \"waiting\": 4, \"lost\": 6}}",
		0, NULL);
	assert_non_null(status);
	assert_int_equal(nagios_judge(status, NOW, &found, &line), 0);
	json_decref(status);
	assert_int_equal(buf_add(&line, slice_of("", 1)), 0);
	assert_string_equal((const char *)buf_slice(&line).data,
	                    "MAILSEAL OK - running | sessions_open=5;;;0 sessions=70c plain=3c "
	                    "exposures=1c backend_failures=2c certificate_days=30;21:;7: "
	                    "ledger_waiting=4;;;0 ledger_lost=6c\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nagios_judge),
		cmocka_unit_test(test_nagios_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
