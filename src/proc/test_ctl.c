#include "proc/ctl.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Each word is found by its name, which its form begins with, and by nothing else. */
static void test_ctl_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROC_CTL_COUNT; i++) {
		const struct proc_ctl_command *c = proc_ctl_command((enum proc_ctl)i);
		struct slice name = slice_str(c->name), form = slice_str(c->form);
		assert_int_equal(proc_ctl_find(name), i);
		char other[32];
		snprintf(other, sizeof(other), "%sx", c->name);
		assert_int_equal(proc_ctl_find(slice_str(other)), PROC_CTL_COUNT);
		assert_true(slice_equal(slice_head(form, name.len), name));
		assert_int_equal(form.len > name.len, c->most);
		assert_true(c->least <= c->most && c->most <= 1);
	}
	assert_int_equal(proc_ctl_find((struct slice){}), PROC_CTL_COUNT);
}

static void test_ctl_list(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf text = {};
	assert_int_equal(proc_ctl_list(&text), 0);
	assert_true(slice_equal(buf_slice(&text),
	                        slice_str("status, reload, drain, release, forget, tlsrpt-send, "
	                                  "ban, unban, bans, acme-renew, upgrade")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ctl_words),
		cmocka_unit_test(test_ctl_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
