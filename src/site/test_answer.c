/* Requests at names of our own, those of strangers included. */
#include "base/clean.h"
#include "conf/conf.h"
#include "site/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char config[] =
	"hostname = \"mail.example.org\"; certificate = { a = { chain = \"/a\"; key = \"/a\"; }; };"
	"backend = { b = { address = [\"127.0.0.1:81\"]; }; };"
	"edge = { w = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"b\"; }; };"
	"autoconfig = ( { domain = \"example.org\"; } );";
static const char history[] = "mailseal-served 1\n"
			      "a.example.org enforce 604800 0 0 here mx.example.org=0\n"
			      "b.example.org none 0 0 0 here -\nend\n";

#define FILE_PATH "/.well-known/mta-sts.txt"

static void test_one_file_and_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *method, *host, *target, *body;
		unsigned status;
	} cases[] = {
		{ "GET", "mta-sts.a.example.org", FILE_PATH, "", 200 },
		{ "HEAD", "MTA-STS.A.example.org.:443", FILE_PATH, "", 200 },
		{ "POST", "mta-sts.a.example.org", FILE_PATH, "", 405 },
		{ "GET", "mta-sts.a.example.org", "/", "", 404 },
		{ "GET", "mta-sts.a.example.org", FILE_PATH "?x", "", 404 },
		{ "GET", "mta-sts.a.example.org", "/.well-known/%6dta-sts.txt", "", 404 },
		{ "GET", "mta-sts.a.example.org", "/.well-known/../.well-known/mta-sts.txt", "",
		  404 },
		{ "GET", "mta-sts.b.example.org", FILE_PATH, "", 503 },
		{ "GET", "mta-sts.c.example.org", FILE_PATH, "", 404 },
		{ "GET", "a.example.org", FILE_PATH, "", 421 },
		{ "GET", "autoconfig.example.org", FILE_PATH, "", 404 },
		{ "GET", NULL, FILE_PATH, "", 400 },
		{ "GET", "", FILE_PATH, "", 400 },
		{ "GET", "mta-sts.a b", FILE_PATH, "", 400 },
		{ "GET", "autoconfig.example.org", "/mail/config-v1.1.xml", "", 200 },
		{ "GET", "autoconfig.example.org", "/mail/config-v1.1.xml?emailaddress=a%40b", "",
		  200 },
		{ "GET", "autoconfig.example.org", "/.well-known/autoconfig/mail/config-v1.1.xml",
		  "", 200 },
		{ "GET", "autoconfig.example.net", "/mail/config-v1.1.xml", "", 404 },
		{ "POST", "autoconfig.example.org", "/mail/config-v1.1.xml", "", 405 },
		{ "POST", "autodiscover.example.org", "/Autodiscover/Autodiscover.xml",
		  "<EMailAddress>a@example.org</EMailAddress>", 200 },
		{ "POST", "autodiscover.example.org", "/autodiscover/autodiscover.xml", "<", 400 },
		{ "GET", "autodiscover.example.org", "/autodiscover/autodiscover.xml", "", 405 },
	};
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(publish_history_deinit) struct publish_history h = {};
	struct conf_errors errors = {};
	assert_int_equal(conf_read_text(&s, config, 0, &errors), 0);
	assert_int_equal(publish_history_read(&h, slice_str(history)), 0);
	const struct site_answers answers = { .settings = s, .history = &h };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct web_reply reply = {};
		const struct web_request request = { .method = cases[i].method,
			                             .host = cases[i].host,
			                             .target = cases[i].target,
			                             .body = slice_str(cases[i].body) };
		site_answer(&answers, &request, &reply);
		if (reply.status != cases[i].status)
			print_message("case %zu\n", i);
		assert_int_equal(reply.status, cases[i].status);
		assert_string_equal(reply.location, "");
		buf_deinit(&reply.body);
	}
	conf_errors_deinit(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_one_file_and_nothing_else) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
