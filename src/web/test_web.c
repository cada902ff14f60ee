/* Requests and their answers, without a socket. */
#include "base/clean.h"
#include "conf/settings.h"
#include "web/password.h"
#include "web/reply.h"
#include "web/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char state[] =
	"{\"state\": \"running\", \"uptime_s\": 7300, \"workers\": [{\"slot\": 0, \"pid\": 12,"
	" \"ready\": true, \"open\": 5, \"numbers\": {\"plain\": 3}}], \"workers_leaving\": 1, "
	"\"deaths\": {\"worker\": 2},"
	" \"sums\": {\"open\": 5, \"plain\": 3}, \"warnings\": [{\"backend\": \"<mta>\","
	" \"address\": \"127.0.0.1:25\", \"warning\": \"it offers -PLUS\", \"mend\": \"a & b\"}],"
	" \"workarounds\": [{\"mx\": \"<script>\", \"with\": \"without tickets\","
	" \"until\": \"2027-01-01\"}], \"tunnels\": [{\"backend\": \"imap\","
	" \"address\": \"10.9.0.2:143\", \"state\": \"sealed\"}, {\"backend\": \"imap\","
	" \"address\": \"10.9.0.3:143\", \"state\": \"gone\"}]}";

static const char in_force[] =
	"{\"edges\": [{\"name\": \"mx\", \"certificates\": [\"a\"]}, {\"name\": \"imap\","
	" \"certificates\": [\"a\", \"b\"]}], \"certificates\": [{\"name\": \"a\","
	" \"names\": \"mx.example.org\", \"not_after\": 1800000000, \"key\": \"EC P-256\","
	" \"issuer\": \"\\\"><script>alert(1)</script>\", \"chain\": \"/c\"}, {\"name\": \"b\","
	" \"not_after\": 1900000000, \"has_changed\": true}]}";

enum { NOW = 1799900000 };

struct answer {
	unsigned status;
	bool asks_password, may_wait;
	char *text;
};

static struct conf_settings settings;

static struct answer ask(struct web *web, const struct web_request *request)
{
	struct web_reply reply = {};
	struct web_request full = *request;
	full.method = full.method ? full.method : "GET";
	full.now_s = NOW;
	web_answer(web, &full, &reply);
	struct answer a = { reply.status, reply.asks_password, reply.may_wait, NULL };
	a.text = strndup((const char *)buf_slice(&reply.body).data, buf_len(&reply.body));
	buf_deinit(&reply.body);
	assert_non_null(a.text);
	return a;
}

static unsigned status_of(struct web *web, const struct web_request *request)
{
	struct answer a = ask(web, request);
	free(a.text);
	return a.status;
}

static void has(struct web *web, const char *target, const char *part, bool is_there)
{
	struct answer a = ask(web, &(struct web_request){ .target = target, .host = "localhost" });
	assert_int_equal(a.status, 200);
	if (!strstr(a.text, part) == is_there)
		fail_msg("%s: %s\n%s", target, part, a.text);
	free(a.text);
}

static struct web *web_made(bool is_told)
{
	struct web *web = NULL;
	assert_int_equal(web_new(&web, &(struct web_settings){ .settings = &settings,
	                                                       .ledger_path = "/nonexistent" }),
	                 0);
	if (is_told) {
		web_set_state(web, slice_str(state));
		web_set_in_force(web, slice_str(in_force));
	}
	return web;
}

static void test_web_who_is_answered(void **state_)
{
	(void)state_;
	static const struct {
		struct web_request request;
		unsigned status;
	} cases[] = {
		{ { .target = "/live", .host = "localhost" }, 200 },
		{ { .target = "/live?x=1", .host = "127.0.0.1:8025" }, 200 },
		{ { .target = "/live", .host = "localhost", .method = "HEAD" }, 200 },
		{ { .target = "/live", .host = "localhost", .method = "POST" }, 405 },
		{ { .target = "/live", .host = "localhost", .method = "DELETE" }, 405 },
		{ { .target = "/live", .host = "rebind.example" }, 421 },
		{ { .target = "/metrics", .host = "rebind.example" }, 421 },
		{ { .target = "/style.css", .host = "rebind.example" }, 421 },
		{ { .target = "/live" }, 421 },
		{ { .target = "/live/", .host = "localhost" }, 404 },
		{ { .target = "/../etc/passwd", .host = "localhost" }, 404 },
		{ { .target = "/%00", .host = "localhost" }, 400 },
		{ { .target = "*", .host = "localhost" }, 400 },
		{ { .target = "/healthz" }, 200 },
		{ { .target = "/healthz", .host = "10.0.0.1" }, 200 },
		{ { .target = "/healthz/mx" }, 200 },
		{ { .target = "/healthz/pop" }, 404 },
		{ { .target = "/healthzz", .host = "localhost" }, 404 },
		{ { .target = "/metrics", .host = "localhost" }, 200 },
	};
	struct web *web = web_made(true);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		unsigned status = status_of(web, &cases[i].request);
		if (status != cases[i].status)
			fail_msg("%s: %u", cases[i].request.target, status);
	}
	web_free(web);
}

static void test_web_passwords(void **state_)
{
	(void)state_;
	/* "x" */
	static const char file[] =
		"anna:$y$j75$abcdefgh$wPWF6ZngZZxi0TBX8BqPcYXMIarFww.baLy6hMEGMb9";
	static const struct web_request right = { .target = "/live",
		                                  .host = "localhost",
		                                  .authorization = "Basic YW5uYTp4" };
	struct web_request wrong = right, none = right, metrics = none;
	wrong.authorization = "Basic YW5uYTp5";
	none.authorization = metrics.authorization = NULL;
	metrics.target = "/metrics";
	struct web *web = web_made(true);
	settings.dashboard.password_file = "/f";
	assert_int_equal(status_of(web, &right), 503);
	assert_int_equal(web_set_passwords(web, slice_str(file)), 0);
	assert_int_equal(status_of(web, &right), 200);
	struct answer a = ask(web, &wrong);
	assert_int_equal(a.status, 401);
	assert_true(a.asks_password);
	free(a.text);
	assert_int_equal(status_of(web, &none), 401);
	assert_int_equal(status_of(web, &metrics), 401);
	assert_int_equal(status_of(web, &(struct web_request){ .target = "/healthz" }), 200);
	for (size_t i = 0; i < 20; i++)
		free(ask(web, &wrong).text);
	a = ask(web, &wrong);
	assert_int_equal(a.status, 429);
	assert_true(a.may_wait);
	free(a.text);
	settings.dashboard.metrics_are_open = true;
	assert_int_equal(status_of(web, &metrics), 200);
	settings.dashboard.metrics_are_open = false;
	assert_int_equal(web_set_passwords(web, slice_str("no hash")), WEB_PASSWORDS_BAD);
	assert_int_equal(status_of(web, &right), 200);
	settings.dashboard.password_file = NULL;
	web_free(web);
}

static void test_web_health(void **state_)
{
	(void)state_;
	static const struct web_request health = { .target = "/healthz/mx" };
	struct web *web = web_made(false);
	assert_int_equal(status_of(web, &(struct web_request){ .target = "/healthz" }), 503);
	web_set_in_force(web, slice_str(in_force));
	assert_int_equal(status_of(web, &health), 503);
	web_set_state(web, slice_str("{\"state\": \"running\"}"));
	assert_int_equal(status_of(web, &health), 200);
	web_set_state(web, slice_str("{\"state\": \"draining\"}"));
	assert_int_equal(status_of(web, &health), 503);
	web_free(web);
}

static void test_web_pages(void **state_)
{
	(void)state_;
	struct web *web = web_made(true);
	has(web, "/live", "<th scope=\"row\">worker-0</th>", true);
	has(web, "/live", "&lt;script&gt;", true);
	has(web, "/live", "<script", false);
	has(web, "/certificates", "<script", false);
	has(web, "/certificates", "mx, imap", true);
	has(web, "/certificates", "a: it expires soon", true);
	has(web, "/certificates", "b: the file on disk was renewed", true);
	has(web, "/metrics", "mailseal_process_deaths_total{process=\"worker\"} 2\n", true);
	has(web, "/metrics",
	    "mailseal_certificate_expiry_timestamp_seconds{certificate=\"a\"} 1800000000\n", true);
	has(web, "/metrics", "mailseal_certificate_stale{certificate=\"b\"} 1\n", true);
	has(web, "/metrics",
	    "mailseal_backend_tunnel{backend=\"imap\",address=\"10.9.0.2:143\"} 1\n", true);
	has(web, "/metrics",
	    "mailseal_backend_tunnel{backend=\"imap\",address=\"10.9.0.3:143\"} 0\n", true);
	has(web, "/metrics", "mailseal_client_sessions_plain_total{worker=\"0\"} 3\n", true);
	web_free(web);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_web_who_is_answered),
		cmocka_unit_test(test_web_passwords),
		cmocka_unit_test(test_web_health),
		cmocka_unit_test(test_web_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
