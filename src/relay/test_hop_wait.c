/* How long a far end has, by where its conversation stands. */
#include "base/clean.h"
#include "relay/hop_wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* After those it needs. */
#include <cmocka.h>

static void test_hop_wait_by_state(void **state)
{
	static const struct {
		enum smtp_hop_state state;
		uint32_t ms; /* 0: nothing is awaited */
	} cases[] = {
		{ SMTP_HOP_GREETING, 60000 },
		{ SMTP_HOP_IN_EHLO, 60000 },
		{ SMTP_HOP_IN_HELO, 60000 },
		{ SMTP_HOP_CLEAR, 0 },
		{ SMTP_HOP_IN_STARTTLS, 60000 },
		{ SMTP_HOP_IN_TLS, 30000 },
		{ SMTP_HOP_IDLE, 0 },
		{ SMTP_HOP_BUSY, 0 }, /* it waits for the MTA */
		{ SMTP_HOP_IN_TEXT, 150000 },
		{ SMTP_HOP_QUITTING, 5000 },
		{ SMTP_HOP_OVER, 0 },
	};
	(void)state;
	_Static_assert(COUNT_OF(cases) == SMTP_HOP_STATE_COUNT, "every state");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct smtp_hop smtp = { .state = cases[i].state };
		assert_int_equal(relay_hop_wait_ms(&smtp, 0), cases[i].ms);
	}
}

/* The oldest command that was not answered counts, wherever it is in the ring. */
static void test_hop_wait_by_command(void **state)
{
	static const struct {
		enum smtp_hop_command command;
		uint32_t waited_ms, ms;
	} cases[] = {
		{ SMTP_HOP_MAIL, 0, 300000 },      { SMTP_HOP_RCPT, 0, 300000 },
		{ SMTP_HOP_DATA, 0, 100000 },      { SMTP_HOP_RSET, 0, 300000 },
		{ SMTP_HOP_END, 0, 570000 },       { SMTP_HOP_END, 569999, 1 },
		{ SMTP_HOP_END, 570000, 1 },       /* never 0, which would be for ever */
		{ SMTP_HOP_MAIL, 100000, 300000 }, /* what the MTA waited is of the final dot */
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct smtp_hop smtp = { .state = SMTP_HOP_BUSY, .first = 3, .count = 2 };
		smtp.pending[3].command = (uint8_t)cases[i].command;
		smtp.pending[4].command = SMTP_HOP_RSET;
		assert_int_equal(relay_hop_wait_ms(&smtp, cases[i].waited_ms), cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hop_wait_by_state),
		cmocka_unit_test(test_hop_wait_by_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
