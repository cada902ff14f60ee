#include "parent/estate.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "mailseal-state 1\nversion 0.1.0\nlock 4\nctl 5\n"

static void test_estate_is_read_as_it_was_written(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf text = {};
	struct estate was = {
		.version = "0.1.0",
		.began_s = 12345678901,
		.lock_fd = 4,
		.ctl_fd = 5,
		.drain_timeout_ms = 30000,
		.tickets_left_ms = 43200000,
		.askers = { 6, 7 },
		.asker_count = 2,
	};
	struct estate is;
	for (size_t i = 0; i < sizeof(was.ticket_keys); i++)
		was.ticket_keys[i] = (uint8_t)(i * 3);
	assert_int_equal(estate_add_listener(&was, (struct estate_listener){ 63, 8 }), 0);
	struct estate_child worker = { PROC_ROLE_WORKER, 1, 4242, 9, 2, true };
	struct estate_child keys = { PROC_ROLE_KEYS, 0, 4241, 10, 1, false };
	assert_int_equal(estate_add_child(&was, worker), 0);
	assert_int_equal(estate_add_child(&was, keys), 0);
	assert_int_equal(estate_write(&was, &text), 0);
	assert_int_equal(estate_read(&is, buf_slice(&text)), 0);
	assert_string_equal(is.version, was.version);
	assert_true(is.began_s == was.began_s);
	assert_int_equal(is.lock_fd, 4);
	assert_int_equal(is.ctl_fd, 5);
	assert_int_equal(is.drain_timeout_ms, 30000);
	assert_int_equal(is.tickets_left_ms, 43200000);
	assert_memory_equal(is.ticket_keys, was.ticket_keys, sizeof(is.ticket_keys));
	assert_int_equal(is.listener_count, 1);
	assert_int_equal(is.listeners[0].slot, 63);
	assert_int_equal(is.listeners[0].fd, 8);
	assert_int_equal(is.child_count, 2);
	assert_int_equal(is.children[0].role, PROC_ROLE_WORKER);
	assert_int_equal(is.children[0].pid, 4242);
	assert_int_equal(is.children[0].messages_version, 2);
	assert_true(is.children[0].is_drained);
	assert_int_equal(is.children[1].role, PROC_ROLE_KEYS);
	assert_int_equal(is.children[1].fd, 10);
	assert_false(is.children[1].is_drained);
	assert_int_equal(is.asker_count, 2);
	assert_int_equal(is.askers[1], 7);
	estate_deinit(&was);
	estate_deinit(&is);
}

static void test_estate_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *text;
		int expected;
	} cases[] = {
		{ "least", HEAD "end\n", 0 },
		{ "a word of a newer build", HEAD "weather fine 1 2\nend\n", 0 },
		{ "empty", "", ESTATE_BAD },
		{ "another format", "mailseal-state 2\nversion 1\nlock 4\nctl 5\nend\n",
		  ESTATE_BAD },
		{ "no head", "version 1\nlock 4\nctl 5\nend\n", ESTATE_BAD },
		{ "cut", HEAD, ESTATE_BAD },
		{ "cut in a line", HEAD "end", ESTATE_BAD },
		{ "more behind the end", HEAD "end\nlock 4\n", ESTATE_BAD },
		{ "no lock", "mailseal-state 1\nversion 1\nctl 5\nend\n", ESTATE_BAD },
		{ "no version", "mailseal-state 1\nlock 4\nctl 5\nend\n", ESTATE_BAD },
		{ "empty line", HEAD "\nend\n", ESTATE_BAD },
		{ "stdin", HEAD "asker 0\nend\n", ESTATE_BAD },
		{ "negative", HEAD "asker -1\nend\n", ESTATE_BAD },
		{ "too large", HEAD "asker 2147483648\nend\n", ESTATE_BAD },
		{ "no number", HEAD "listener 0 x\nend\n", ESTATE_BAD },
		{ "a word too many", HEAD "listener 0 8 9\nend\n", ESTATE_BAD },
		{ "a word too few", HEAD "listener 0\nend\n", ESTATE_BAD },
		{ "slot", HEAD "listener 64 8\nend\n", ESTATE_BAD },
		{ "role", HEAD "child parent 0 99 8 1 0\nend\n", ESTATE_BAD },
		{ "flag", HEAD "child worker 0 99 8 1 9\nend\n", ESTATE_BAD },
		{ "pid of init", HEAD "child worker 0 1 8 1 0\nend\n", ESTATE_BAD },
		{ "pid of all", HEAD "child worker 0 0 8 1 0\nend\n", ESTATE_BAD },
		{ "ticket keys too short", HEAD "tickets 0 00ff\nend\n", ESTATE_BAD },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct estate e;
		int r = estate_read(&e, slice_str(cases[i].text));
		if (r != cases[i].expected)
			fail_msg("%s: %d", cases[i].name, r);
		estate_deinit(&e);
	}
}

static void test_estate_lists_have_an_end(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf text = {};
	struct estate e;
	assert_int_equal(buf_add_str(&text, HEAD), 0);
	for (int i = 0; i <= ESTATE_ASKERS_MAX; i++)
		assert_int_equal(buf_printf(&text, "asker %d\n", 10 + i), 0);
	assert_int_equal(buf_add_str(&text, "end\n"), 0);
	assert_int_equal(estate_read(&e, buf_slice(&text)), ESTATE_BAD);
	buf_clear(&text);
	assert_int_equal(buf_add_str(&text, HEAD), 0);
	for (int i = 0; i <= ESTATE_CHILDREN_MAX; i++)
		assert_int_equal(buf_add_str(&text, "child worker 0 99 8 1 0\n"), 0);
	assert_int_equal(buf_add_str(&text, "end\n"), 0);
	assert_true(estate_read(&e, buf_slice(&text)) < 0);
	assert_null(e.children);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_estate_is_read_as_it_was_written),
		cmocka_unit_test(test_estate_refusals),
		cmocka_unit_test(test_estate_lists_have_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
