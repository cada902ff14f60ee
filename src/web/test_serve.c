#include "base/clean.h"
#include "check/grade.h"
#include "check/judge.h"
#include "web/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	const char *text, *domain; /* NULL: none */
} domains[] = {
	{ "example.org", "example.org" },
	{ "  Example.ORG. ", "example.org" },
	{ "anna@example.org", "example.org" },
	{ "\"a@b\"@example.org", "example.org" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "xn--bcher-kva.example" },
	{ "", NULL },
	{ "@", NULL },
	{ "localhost", NULL },
	{ "printer.local", NULL },
	{ "x.internal", NULL },
	{ "1.0.0.127.in-addr.arpa", NULL },
	{ "127.0.0.1", NULL },
	{ "2130706433", NULL },
	{ "0x7f.1", NULL },
	{ "127.1", NULL },
	{ "[::1]", NULL },
	{ "::1", NULL },
	{ "example.org:25", NULL },
	{ "http://example.org/", NULL },
	{ "example..org", NULL },
	{ "exa mple.org", NULL },
	{ "<script>.example.org", NULL },
	{ "example.org/../../etc/passwd", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	  NULL },
	{ "\xff\xfe.example", NULL },
};

static void test_serve_domains(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(domains); i++) {
		char name[DNS_IDN_CAP];
		bool is_one = web_serve_domain_take(domains[i].text, name);
		if (is_one != !!domains[i].domain)
			fail_msg("\"%s\" -> %s", domains[i].text, is_one ? name : "none");
		if (is_one)
			assert_string_equal(name, domains[i].domain);
	}
}

/* What the owner was asked for. */
struct asked {
	struct web_serve *serve;
	unsigned begun;
	char last[DNS_IDN_CAP], visitor[WEB_VISITOR_CAP];
	bool refuses;
	struct check_run_progress progress;
};

static int on_begin(void *owner, const char *domain, const char *visitor)
{
	struct asked *a = owner;
	if (a->refuses)
		return -1;
	a->begun++;
	snprintf(a->last, sizeof(a->last), "%s", domain);
	snprintf(a->visitor, sizeof(a->visitor), "%s", visitor);
	return 0;
}

static bool on_progress(void *owner, const char *domain, struct check_run_progress *ret_progress)
{
	const struct asked *a = owner;
	(void)domain;
	*ret_progress = a->progress;
	return true;
}

static void asked_begin(struct asked *a, unsigned an_hour)
{
	*a = (struct asked){};
	assert_int_equal(
		web_serve_new(&a->serve, &(struct web_serve_settings){ .an_hour = an_hour,
	                                                               .profile = "m3aawg",
	                                                               .owner = a,
	                                                               .begin = on_begin,
	                                                               .progress = on_progress }),
		0);
}

struct got {
	unsigned status;
	enum web_content content;
	char location[WEB_LOCATION_CAP];
	char text[65536];
};

static const struct got *ask(struct asked *a, struct web_request request)
{
	static struct got got;
	struct web_reply reply = {};
	web_serve_answer(a->serve, &request, &reply);
	struct slice body = buf_slice(reply.kept ? &reply.kept->body : &reply.body);
	got.status = reply.status;
	got.content = reply.content;
	memcpy(got.location, reply.location, sizeof(got.location));
	snprintf(got.text, sizeof(got.text), "%.*s", (int)body.len, (const char *)body.data);
	web_kept_unref(reply.kept);
	buf_deinit(&reply.body);
	return &got;
}

static const struct got *get(struct asked *a, const char *target, uint64_t now_ms)
{
	return ask(a, (struct web_request){ .method = "GET", .target = target, .now_ms = now_ms });
}

static const struct got *look(struct asked *a, const char *body, const char *peer, uint64_t now_ms)
{
	return ask(a, (struct web_request){ .method = "POST",
	                                    .target = "/look",
	                                    .peer = peer,
	                                    .body = slice_str(body),
	                                    .now_ms = now_ms });
}

static void done(struct asked *a, const char *name, const char *evidence, uint64_t now_ms)
{
	static struct check_domain domain;
	struct check_report report = { .domain = &domain,
		                       .profile = advice_profile_find("m3aawg") };
	struct check_finding finding = { .criterion = advice_criterion_find("B1"),
		                         .verdict = CHECK_FAIL };
	assert_non_null(finding.criterion);
	snprintf(domain.name, sizeof(domain.name), "%s", name);
	snprintf(domain.why, sizeof(domain.why), "%s", evidence);
	snprintf(finding.place, sizeof(finding.place), "%s", evidence);
	snprintf(finding.evidence, sizeof(finding.evidence), "%s", evidence);
	report.findings = &finding;
	report.count = 1;
	check_grade(&report);
	web_serve_done(a->serve, name, &report, now_ms);
}

static void test_serve_life(void **state)
{
	(void)state;
	struct asked a;
	asked_begin(&a, 10);
	assert_non_null(strstr(get(&a, "/", 0)->text, "<form method=\"post\" action=\"/look\">"));
	assert_int_equal(get(&a, "/example.org", 0)->status, 404);
	const struct got *got = look(&a, "domain=Anna%40Example.org", "192.0.2.1", 1000);
	assert_int_equal(got->status, 303);
	assert_string_equal(got->location, "/example.org");
	assert_string_equal(a.last, "example.org");
	assert_string_equal(a.visitor, "192.0.2.1");
	a.progress = (struct check_run_progress){ .is_waiting = true, .before = 3 };
	got = get(&a, "/example.org", 1000);
	assert_int_equal(got->status, 202);
	assert_non_null(strstr(got->text, "3 domains come first"));
	assert_non_null(strstr(got->text, "http-equiv=\"refresh\""));
	a.progress = (struct check_run_progress){ .endpoint_count = 9, .done = 4 };
	assert_non_null(strstr(get(&a, "/example.org", 1000)->text, "4 of 9 endpoints"));
	got = get(&a, "/example.org.json", 1000);
	assert_int_equal(got->status, 202);
	assert_int_equal(got->content, WEB_CONTENT_JSON);
	assert_non_null(strstr(got->text, "\"state\":\"running\""));
	done(&a, "example.org", "seen", 2000);
	got = get(&a, "/example.org", 3000);
	assert_int_equal(got->status, 200);
	assert_non_null(strstr(got->text, "<h1>example.org</h1>"));
	assert_null(strstr(got->text, "http-equiv"));
	got = get(&a, "/example.org.json", 3000);
	assert_int_equal(got->status, 200);
	assert_non_null(strstr(got->text, "\"domain\":\"example.org\""));
	/* Other spellings lead to the one address. */
	assert_string_equal(get(&a, "/EXAMPLE.org", 3000)->location, "/example.org");
	assert_int_equal(get(&a, "/example.org", 2000 + WEB_SERVE_KEPT_MS)->status, 404);
	web_serve_free(a.serve);
}

/* A thousand who want one domain: one run. */
static void test_serve_one_run(void **state)
{
	(void)state;
	char peer[32];
	struct asked a;
	asked_begin(&a, 10);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(peer, sizeof(peer), "192.0.%u.%u", i / 250, i % 250);
		assert_int_equal(look(&a, "domain=example.org", peer, i)->status, 303);
	}
	assert_int_equal(a.begun, 1);
	done(&a, "example.org", "seen", 1000);
	assert_int_equal(look(&a, "domain=example.org", "192.0.2.1", 1001)->status, 303);
	look(&a, "domain=example.org", "192.0.2.1", 999 + WEB_SERVE_FRESH_MS);
	assert_int_equal(a.begun, 1);
	look(&a, "domain=example.org", "192.0.2.1", 1000 + WEB_SERVE_FRESH_MS);
	assert_int_equal(a.begun, 2);
	/* While it is looked at anew, the page shows that. */
	assert_int_equal(get(&a, "/example.org", 1000 + WEB_SERVE_FRESH_MS)->status, 202);
	web_serve_free(a.serve);
}

/* One who wants a thousand domains gets what is his; many who do fill the queue and no more. */
static void test_serve_many_domains(void **state)
{
	(void)state;
	char body[64], peer[32];
	struct asked a;
	asked_begin(&a, 10);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(body, sizeof(body), "domain=d%u.example", i);
		assert_int_equal(look(&a, body, "2001:db8::1", 0)->status, i < 10 ? 303 : 429);
	}
	assert_int_equal(look(&a, "domain=e.example", "2001:db8::2", 0)->status, 429);
	assert_int_equal(a.begun, 10);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(body, sizeof(body), "domain=e%u.example", i);
		snprintf(peer, sizeof(peer), "2001:db8:%x::1", i + 1);
		assert_int_equal(look(&a, body, peer, 0)->status,
		                 i < WEB_SERVE_RUNS_MAX - 10 ? 303 : 503);
	}
	assert_int_equal(a.begun, WEB_SERVE_RUNS_MAX);
	done(&a, "d0.example", "seen", 0);
	assert_int_equal(look(&a, "domain=f.example", "192.0.2.1", 0)->status, 303);
	web_serve_free(a.serve);
}

static void test_serve_refused(void **state)
{
	(void)state;
	struct asked a;
	asked_begin(&a, 10);
	static const char *const bad[] = { "",
		                           "domain=",
		                           "domain=127.0.0.1",
		                           "domain=%",
		                           "domain=localhost",
		                           "other=example.org",
		                           "domain=%3Cscript%3Ealert(1)%3C/script%3E" };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const struct got *got = look(&a, bad[i], "192.0.2.1", 0);
		assert_int_equal(got->status, 400);
		assert_null(strstr(got->text, "<script"));
	}
	struct web_request foreign = { .method = "POST",
		                       .target = "/look",
		                       .fetch_site = "cross-site",
		                       .body = slice_str("domain=example.org") };
	assert_int_equal(ask(&a, foreign)->status, 403);
	assert_int_equal(a.begun, 0);
	foreign.fetch_site = "same-origin";
	a.refuses = true;
	assert_int_equal(ask(&a, foreign)->status, 503);
	a.refuses = false;
	assert_int_equal(ask(&a, foreign)->status, 303);
	assert_int_equal(ask(&a, (struct web_request){ .method = "PUT", .target = "/" })->status,
	                 405);
	assert_int_equal(ask(&a, (struct web_request){ .method = "POST", .target = "/" })->status,
	                 405);
	assert_int_equal(get(&a, "/%00", 0)->status, 400);
	assert_int_equal(get(&a, "/127.0.0.1", 0)->status, 404);
	web_serve_free(a.serve);
}

/* What a server or a certificate says is text on the page. */
static void test_serve_hostile(void **state)
{
	(void)state;
	struct asked a;
	asked_begin(&a, 10);
	look(&a, "domain=evil.example", "192.0.2.1", 0);
	done(&a, "evil.example", "<script>alert(1)</script>\"><img src=x>\x1b[2J\xe2\x80\xae", 0);
	const struct got *got = get(&a, "/evil.example", 0);
	assert_int_equal(got->status, 200);
	assert_non_null(strstr(got->text, "&lt;script&gt;"));
	assert_null(strstr(got->text, "<script"));
	assert_null(strstr(got->text, "<img"));
	assert_null(strchr(got->text, 0x1b));
	assert_null(strstr(got->text, "\xe2\x80\xae"));
	got = get(&a, "/evil.example.json", 0);
	assert_null(strchr(got->text, 0x1b));
	web_serve_free(a.serve);
}

static void test_serve_failed(void **state)
{
	(void)state;
	struct asked a;
	asked_begin(&a, 10);
	look(&a, "domain=example.org", "192.0.2.1", 0);
	web_serve_done(a.serve, "example.org", NULL, 5);
	const struct got *got = get(&a, "/example.org", 6);
	assert_int_equal(got->status, 200);
	assert_non_null(strstr(got->text, "could not be looked at"));
	assert_non_null(strstr(get(&a, "/example.org.json", 6)->text, "\"error\""));
	web_serve_free(a.serve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serve_domains), cmocka_unit_test(test_serve_life),
		cmocka_unit_test(test_serve_one_run), cmocka_unit_test(test_serve_many_domains),
		cmocka_unit_test(test_serve_refused), cmocka_unit_test(test_serve_hostile),
		cmocka_unit_test(test_serve_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
