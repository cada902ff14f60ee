/* What a conversation is told of its edge. */
#include "base/clean.h"
#include "conf/conf.h"
#include "edge/world_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define PROXY "client_info = \"proxy\"; "
#define CHECKED "tls = { mode = \"implicit\"; verify = \"system\"; name = \"mail.example.org\"; }; "
#define UNCHECKED "tls = { mode = \"implicit\"; verify = \"none\"; }; accept = [\"unverified\"]; "

/* The backend's settings; others: more backends; which: settings of the edge. */
#define FILE_OF(backend, others, which)                                                            \
	"hostname = \"mx.example.org\"; backend = { b = { " PROXY backend "}; " others             \
	"}; edge = { x = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"b\"; " which      \
	"}; };"

static struct conv_settings filled(const struct conf_settings *s)
{
	const struct conf_materials materials = {};
	const struct edge_making making = { .settings = s, .materials = &materials };
	struct edge_backend backend = { .conf = &s->backends[s->edges[0].backend] };
	struct edge edge = { .conf = &s->edges[0], .backend = &backend };
	edge_settings_fill(&edge, &making);
	return edge.set;
}

/* RFC 8689 4.2.1: REQUIRETLS is for who goes on in TLS with who proved himself, or stays here. */
static void test_world_settings_backend_is_safe(void **state)
{
	static const struct {
		const char *name, *text;
		bool is_safe;
	} cases[] = {
		{ "on this host",
		  FILE_OF("address = [\"127.0.0.1:26\", \"unix:/run/mta\"]; ", "", ""), true },
		{ "in clear",
		  FILE_OF("address = [\"10.0.0.5:25\"]; accept = [\"plain\"]; ", "", ""), false },
		{ "half of it in clear",
		  FILE_OF("address = [\"127.0.0.1:26\", \"10.0.0.5:25\"]; accept = [\"plain\"]; ",
		          "", ""),
		  false },
		{ "proved", FILE_OF("address = [\"10.0.0.5:465\"]; " CHECKED, "", ""), true },
		{ "not proved", FILE_OF("address = [\"10.0.0.5:465\"]; " UNCHECKED, "", ""),
		  false },
		{ "another edge's",
		  FILE_OF("address = [\"127.0.0.1:26\"]; ",
		          "c = { address = [\"10.0.0.5:25\"]; accept = [\"plain\"]; " PROXY "}; ",
		          ""),
		  true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = read_well(cases[i].text);
		print_message("%s\n", cases[i].name);
		assert_int_equal(filled(s).backend_is_safe, cases[i].is_safe);
	}
}

static void test_world_settings_without_tls(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		FILE_OF("address = [\"127.0.0.1:26\"]; ", "", "limits = { errors_max = 7; }; "));
	const struct conv_settings set = filled(s);
	assert_string_equal(set.hostname, "mx.example.org");
	assert_string_equal(set.edge_name, "x");
	assert_int_equal(set.errors_max, 7);
	assert_int_equal(set.client_info, CONV_INFO_PROXY);
	assert_false(set.is_submission);
	assert_false(set.is_lmtp);
	assert_false(set.offers_starttls);
	assert_false(set.backend_starttls);
	assert_false(set.has_challenge_backend);
	assert_int_equal(set.tls_port, 0);
	assert_null(set.is_our_host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_world_settings_backend_is_safe),
		cmocka_unit_test(test_world_settings_without_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
