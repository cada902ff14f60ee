#include "proc/config.h"

#include "base/clean.h"
#include "conf/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WELL                                                                                       \
	"hostname = \"mx.example.org\"; backend = { b = { address = [\"127.0.0.1:8080\"]; }; }; "  \
	"edge = { x = { protocol = \"http\"; listen = [\"*:80\"]; backend = \"b\"; }; };"

struct pair {
	struct proc_chan *parent, *site;
	int fds[2];
};

static void pair_init(struct pair *p)
{
	assert_int_equal(proc_chan_pair(p->fds), 0);
	assert_int_equal(proc_chan_new(&p->parent, p->fds[0], PROC_ROLE_PARENT, PROC_ROLE_SITE), 0);
	assert_int_equal(proc_chan_new(&p->site, p->fds[1], PROC_ROLE_SITE, PROC_ROLE_PARENT), 0);
}

static void pair_deinit(struct pair *p)
{
	proc_chan_free(p->parent);
	proc_chan_free(p->site);
}

static void test_config_is_waited_for(void **state)
{
	(void)state;
	struct pair p;
	struct conf_settings *settings = NULL;
	pair_init(&p);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_CONFIG, slice_str(WELL), -1), 0);
	assert_int_equal(proc_config_wait(p.site, &settings), 0);
	assert_string_equal(settings->hostname, "mx.example.org");
	conf_settings_free(settings);
	pair_deinit(&p);
}

/* It ended before it said anything, or in the middle. */
static void test_config_of_a_parent_that_ended(void **state)
{
	(void)state;
	static const uint8_t half[] = { 9, 0, 0 };
	for (size_t len = 0; len <= sizeof(half); len += sizeof(half)) {
		struct pair p;
		struct conf_settings *settings = NULL;
		pair_init(&p);
		assert_int_equal(send(p.fds[0], half, len, 0), len);
		proc_chan_free(TAKE(p.parent));
		assert_int_equal(proc_config_wait(p.site, &settings), PROC_CLOSED);
		assert_null(settings);
		pair_deinit(&p);
	}
}

static void test_config_that_is_none(void **state)
{
	(void)state;
	static const uint8_t noise[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct pair p;
	struct conf_settings *settings = NULL;
	pair_init(&p);
	assert_int_equal(send(p.fds[0], noise, sizeof(noise), 0), sizeof(noise));
	assert_int_equal(proc_config_wait(p.site, &settings), -EPROTO);
	pair_deinit(&p);
	pair_init(&p);
	assert_int_equal(proc_chan_send(p.parent, PROC_MSG_CONFIG, slice_str("edge"), -1), 0);
	assert_int_equal(proc_config_wait(p.site, &settings), -EINVAL);
	pair_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_is_waited_for),
		cmocka_unit_test(test_config_of_a_parent_that_ended),
		cmocka_unit_test(test_config_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
