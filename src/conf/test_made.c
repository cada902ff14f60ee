#include "conf/made.h"

#include "base/clean.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "conf/test_read.h"

#define TEXT(tls)                                                                                  \
	"hostname = \"a.example\"; run_dir = \"/run/m\";\n"                                        \
	"link = { sql = { listen = \"127.0.0.1:1\"; to = \"10.0.0.9:1\"; peer = \"x\"; }; };\n"    \
	"cluster = { servers = [" tls "\n"

#define WITH_TLS                                                                                   \
	TEXT("\"10.0.0.5:6380\", \"r.example.org:6380\"]; tls = { peer = [\"r1\", \"r2\"]; }; };")
#define WITHOUT TEXT("\"127.0.0.1:6379\"]; };")

static void test_made_a_link_to_each_server(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(WITH_TLS);
	assert_int_equal(s->link_count, 3);
	assert_false(s->links[0].is_made);
	for (size_t i = 0; i < 2; i++) {
		const struct conf_link *link = &s->links[1 + i];
		assert_true(link->is_made && !conf_link_is_far(link));
		assert_int_equal(link->mode, 0600);
		assert_string_equal(link->to[0].text, s->cluster.servers[i].text);
		assert_string_equal(link->listen[0].host,
		                    i ? "/run/m/cluster-2.sock" : "/run/m/cluster-1.sock");
		assert_int_equal(link->peer_count, 2);
		assert_string_equal(link->peers[1], "r2");
		assert_string_equal(conf_cluster_way(&s->cluster, i)->host, link->listen[0].host);
	}
	assert_true(conf_has_host_names(s) && conf_needs_resolver(s) && conf_needs_identity(s));
}

static void test_made_none_where_there_is_no_tls(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(WITHOUT);
	assert_int_equal(s->link_count, 1);
	assert_string_equal(conf_cluster_way(&s->cluster, 0)->text, "127.0.0.1:6379");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_a_link_to_each_server),
		cmocka_unit_test(test_made_none_where_there_is_no_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
