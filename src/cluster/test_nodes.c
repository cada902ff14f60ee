#include "cluster/nodes.h"

#include "base/buf.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define A "07c37dfeb235213a872192d90877d0cd55635b91"
#define B "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1"
#define C "292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f"

static struct cluster_nodes nodes;

static void test_a_real_list(void **state)
{
	static const char text[] =
		A " 127.0.0.1:30004@31004,hostname4 slave " C " 0 1426238317239 4 connected\n" //
		B " 127.0.0.1:30002@31002 master - 0 1426238316232 2 connected 5461-10922 12\n" C
		  " :30001@31001 myself,master - 0 0 1 connected 0-5460 [93-<-" B "]\n";
	(void)state;
	assert_int_equal(cluster_nodes_parse(&nodes, slice_str(text)), 0);
	assert_int_equal(nodes.count, 3);
	assert_string_equal(nodes.nodes[0].endpoint, "127.0.0.1:30004");
	assert_int_equal(cluster_nodes_myself(&nodes), 2);
	assert_int_equal(nodes.slots[5461], 1);
	assert_int_equal(nodes.slots[5460], 2);
	assert_int_equal(nodes.slots[0], 2);
	assert_int_equal(nodes.slots[16383], CLUSTER_NONE);
	assert_int_equal(cluster_nodes_by_endpoint(&nodes, slice_str("127.0.0.1:30002")), 1);
	assert_int_equal(cluster_nodes_by_endpoint(&nodes, slice_str("10.0.0.1:30002")),
	                 CLUSTER_NONE);
}

static void test_no_lists(void **state)
{
	static const char *const cases[] = {
		"",
		"\n\n",
		"OK",
		"x 127.0.0.1:1@2 master - 0 0 1 connected 0-1",
		A " 127.0.0.1:1@2 master - 0 0 1 connected 0-16384",
		A " 127.0.0.1:1@2 master - 0 0 1 connected 16384",
		A " 127.0.0.1:1@2 master - 0 0 1 connected 1-x",
		A " 127.0.0.1:1@2 master - 0 0 1 connected -1",
		A " 127.0.0.1:1@2 master - 0",
		A " 127.0.0.1:1@2",
		"07C37DFEB235213A872192D90877D0CD55635B91 127.0.0.1:1@2 master - 0 0 1 connected 1",
		A " 0123456789012345678901234567890123456789012345678901234567890123456789"
		  "0123456789:1@2 master - 0 0 1 connected 1",
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(cluster_nodes_parse(&nodes, slice_str(cases[i])),
		                 CLUSTER_NODES_BAD);
}

static void test_too_many_nodes(void **state)
{
	CLEAN(buf_deinit) struct buf text = {};
	(void)state;
	for (size_t i = 0; i <= CLUSTER_NODES_MAX; i++)
		assert_int_equal(
			buf_printf(&text, A " 127.0.0.1:%zu@2 master - 0 0 1 connected\n", i), 0);
	assert_int_equal(cluster_nodes_parse(&nodes, buf_slice(&text)), CLUSTER_NODES_BAD);
	assert_true(nodes.count <= CLUSTER_NODES_MAX);
}

static void test_redirections(void **state)
{
	static const struct {
		const char *error;
		enum cluster_turn turn;
		unsigned slot;
		const char *endpoint;
	} cases[] = {
		{ "MOVED 3999 127.0.0.1:6381", CLUSTER_TURN_MOVED, 3999, "127.0.0.1:6381" },
		{ "ASK 16383 [::1]:6381", CLUSTER_TURN_ASK, 16383, "[::1]:6381" },
		{ "MOVED 3999 ", CLUSTER_TURN_MOVED, 3999, "" },
		{ "MOVED 16384 127.0.0.1:6381", CLUSTER_TURN_NONE, 0, NULL },
		{ "MOVED -1 127.0.0.1:6381", CLUSTER_TURN_NONE, 0, NULL },
		{ "MOVED", CLUSTER_TURN_NONE, 0, NULL },
		{ "ASKING 1 127.0.0.1:1", CLUSTER_TURN_NONE, 0, NULL },
		{ "TRYAGAIN Multiple keys", CLUSTER_TURN_LATER, 0, NULL },
		{ "CLUSTERDOWN The cluster is down", CLUSTER_TURN_LATER, 0, NULL },
		{ "LOADING Redis is loading", CLUSTER_TURN_LATER, 0, NULL },
		{ "READONLY You can't write", CLUSTER_TURN_LATER, 0, NULL },
		{ "ERR unknown command", CLUSTER_TURN_NONE, 0, NULL },
		{ "", CLUSTER_TURN_NONE, 0, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cluster_redirect r = cluster_redirect_parse(slice_str(cases[i].error));
		assert_int_equal(r.turn, cases[i].turn);
		if (!cases[i].endpoint)
			continue;
		assert_int_equal(r.slot, cases[i].slot);
		assert_true(slice_equal(r.endpoint, slice_str(cases[i].endpoint)));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_real_list),
		cmocka_unit_test(test_no_lists),
		cmocka_unit_test(test_too_many_nodes),
		cmocka_unit_test(test_redirections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
