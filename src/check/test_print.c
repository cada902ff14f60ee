/* One report, written in every way; what strangers wrote in it is hostile. */
#include "base/clean.h"
#include "check/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static const char evil[] = "\033[31m<b>&\"\xff\n' ]]>";

static struct check_endpoint mx = {
	.host = "mx.example.org",
	.address = "192.0.2.1",
	.port = 25,
	.service = CHECK_SMTP,
	.reach = CHECK_OPEN,
	.has_tls = CHECK_YES,
	.connections = 8,
};
static struct check_endpoint away = {
	.host = "mx2.example.org",
	.address = "192.0.2.2",
	.port = 25,
	.service = CHECK_SMTP,
	.reach = CHECK_RATE,
	.why = "421 too many connections",
};
static struct check_domain domain;
static struct check_finding findings[4];
static struct check_report report;

static void finding_set(struct check_finding *f, const char *id, enum check_verdict verdict)
{
	*f = (struct check_finding){ .criterion = advice_criterion_find(id), .verdict = verdict };
	assert_non_null(f->criterion);
	strcpy(f->place, "mx.example.org:25/smtp [192.0.2.1]");
	strcpy(f->retest, "mailseal check --host mx.example.org:25/smtp");
	report.totals[verdict]++;
}

static int setup(void **state)
{
	report = (struct check_report){
		.domain = &domain,
		.profile = advice_profile_find("m3aawg"),
		.findings = findings,
		.count = COUNT_OF(findings),
		.letters = { [CHECK_BETWEEN] = { "F", false, "no TLSA record matches" },
		             [CHECK_INSIDE] = { "-", false, "not seen from outside" },
		             [CHECK_USERS] = { "A+", true, "" } },
		.overall = { "F", true, "no TLSA record matches" },
	};
	domain = (struct check_domain){ .name = "example.org", .at_s = 1764547200 };
	domain.endpoints[domain.endpoint_count++] = &mx;
	domain.endpoints[domain.endpoint_count++] = &away;
	strcpy(mx.greeting, evil);
	strcpy(mx.software, evil);
	mx.versions[CHECK_TLS13].is_there = CHECK_YES;
	mx.versions[CHECK_TLS13].accepted[0] = 0x1301;
	mx.versions[CHECK_TLS13].accepted[1] = 0xfafa;
	mx.versions[CHECK_TLS13].count = 2;
	finding_set(&findings[0], "F2", CHECK_CRITICAL);
	finding_set(&findings[1], "C2", CHECK_WARN);
	finding_set(&findings[2], "C2", CHECK_WARN);
	finding_set(&findings[3], "C4", CHECK_PASS);
	strcpy(findings[0].evidence, evil);
	strcpy(findings[2].place, "mx2.example.org:25/smtp [192.0.2.2]");
	return 0;
}

static char *text_of(struct buf *out)
{
	assert_int_equal(buf_add(out, slice_of("", 1)), 0);
	return (char *)out->data + out->start;
}

static void assert_calm(const char *text)
{
	for (; *text; text++)
		assert_true(*text == '\n' || (*text >= 0x20 && *text < 0x7f));
}

static void test_print_text(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(check_print_text(&out, &report, &(struct check_text_style){}), 0);
	const char *text = text_of(&out);
	assert_calm(text);
	assert_non_null(strstr(text, "overall F"));
	assert_non_null(strstr(text, "not all could be tested"));
	assert_non_null(strstr(text, "CRITICAL    F2"));
	/* The same at two places is said once. */
	const char *warning = strstr(text, "warn        C2");
	assert_non_null(warning);
	assert_null(strstr(warning + 1, "warn        C2"));
	assert_non_null(strstr(warning, "mx2.example.org:25"));
	/* Whose lines they are, where nobody knows what runs there. */
	assert_non_null(strstr(warning, "(others: mailseal check --explain C2):"));
	assert_null(strstr(text, "C4"));
	assert_non_null(strstr(text, "1 critical, 0 failed, 2 warned"));
}

static void test_print_text_all_in_colour(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	const struct check_text_style style = { .has_colour = true, .shows_all = true };
	assert_int_equal(check_print_text(&out, &report, &style), 0);
	const char *text = text_of(&out);
	assert_non_null(strstr(text, "\033[1;31mCRITICAL\033[0m"));
	/* Nothing to examine is nothing bad. */
	assert_null(strstr(text, "\033[1;31m-\033[0m"));
	assert_non_null(strstr(text, "C4"));
}

static void test_print_line_says_why_not(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	strcpy(domain.why, "its name servers do not answer\033[2J");
	assert_int_equal(check_print_line(&out, &report), 0);
	assert_string_equal(text_of(&out), "example.org: could not be looked at: its name servers "
	                                   "do not answer?[2J\n");
}

static void test_print_json(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(check_print_json(&out, &report, false), 0);
	json_t *o = json_loads(text_of(&out), 0, NULL);
	json_t *list = json_object_get(o, "findings");
	json_t *first = json_array_get(list, 0);
	json_t *endpoint = json_array_get(json_object_get(o, "endpoints"), 0);
	assert_int_equal(json_array_size(list), 4);
	assert_string_equal(json_string_value(json_object_get(first, "verdict")), "critical");
	assert_true(json_array_size(json_object_get(first, "mends")) > 0);
	json_t *suites = json_object_get(
		json_object_get(json_object_get(endpoint, "versions"), "TLSv1.3"), "suites");
	assert_string_equal(json_string_value(json_array_get(suites, 0)), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(o, "overall"), "letter")), "F");
	json_decref(o);
}

static void test_print_html_escapes(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(check_print_html_begin(&out, "t"), 0);
	assert_int_equal(check_print_html(&out, &report), 0);
	assert_int_equal(check_print_html_end(&out), 0);
	const char *text = text_of(&out);
	assert_null(strstr(text, "<b>"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "src="));
	assert_null(strstr(text, "href="));
	assert_non_null(strstr(text, "&lt;b&gt;"));
}

static void test_print_junit_counts(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert_int_equal(check_print_junit_begin(&out), 0);
	assert_int_equal(check_print_junit(&out, &report, CHECK_FAILS_ON_WARN), 0);
	assert_int_equal(check_print_junit(&out, &report, CHECK_FAILS_ON_FAIL), 0);
	assert_int_equal(check_print_junit_end(&out), 0);
	const char *text = text_of(&out);
	assert_calm(text);
	assert_non_null(strstr(text, "tests=\"4\" failures=\"3\""));
	assert_non_null(strstr(text, "tests=\"4\" failures=\"1\""));
	assert_null(strstr(text, "<b>"));
}

static void test_print_prometheus_families_stand_together(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	struct check_prometheus p = {};
	check_print_prometheus(&p, &report);
	check_print_prometheus(&p, &report);
	assert_int_equal(check_print_prometheus_end(&p, &out), 0);
	const char *text = text_of(&out);
	const char *type = strstr(text, "# TYPE mailseal_check_grade gauge");
	assert_non_null(type);
	assert_null(strstr(type + 1, "# TYPE mailseal_check_grade gauge"));
	assert_non_null(
		strstr(text, "mailseal_check_grade{domain=\"example.org\",about=\"overall\"} 0"));
	assert_non_null(
		strstr(text, "mailseal_check_grade{domain=\"example.org\",about=\"users\"} 6"));
	assert_null(strstr(text, "about=\"inside\""));
}

static void test_print_prometheus_of_nothing(void **state)
{
	CLEAN(buf_deinit) struct buf out = {};
	struct check_prometheus p = {};
	assert_int_equal(check_print_prometheus_end(&p, &out), 0);
	assert_int_equal(buf_len(&out), 0);
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* As on the terminal; its software's mend is open, so that it is printed. */
static void test_print_html_puts_together_what_is_alike(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	for (size_t i = 0; i < COUNT_OF(findings); i++) {
		finding_set(&findings[i], i < 3 ? "C2" : "C3", CHECK_WARN);
		snprintf(findings[i].place, sizeof(findings[i].place), "host%zu.example.org", i);
		strcpy(findings[i].software, i == 2 ? "Exim 4.96" : "Postfix");
	}
	assert_int_equal(check_print_html(&out, &report), 0);
	const char *text = text_of(&out);
	assert_int_equal(count_of(text, "<article"), 3);
	assert_int_equal(count_of(text, "<details open"), 3);
	for (size_t i = 0; i < COUNT_OF(findings); i++)
		assert_int_equal(count_of(text, findings[i].place), 1);
	const char *first = strstr(text, "<details open");
	assert_int_equal(strncmp(strstr(first, "<summary>"), "<summary>Postfix", 16), 0);
	assert_non_null(strstr(text, "<br>postfix reload")); /* lines stay lines */
}

/* Two of them in one run are two series, two suites. */
static void test_print_an_endpoint_alone_has_a_name(void **state)
{
	(void)state;
	CLEAN(buf_deinit) struct buf out = {};
	struct check_prometheus metrics = {};
	domain.name[0] = '\0';
	strcpy(domain.asked, "mx.example.org:25/smtp");
	check_print_prometheus(&metrics, &report);
	assert_int_equal(check_print_prometheus_end(&metrics, &out), 0);
	assert_int_equal(check_print_junit(&out, &report, CHECK_FAILS_ON_FAIL), 0);
	assert_int_equal(check_print_line(&out, &report), 0);
	assert_int_equal(buf_add(&out, (struct slice){ (const uint8_t *)"", 1 }), 0);
	const char *text = (const char *)buf_slice(&out).data;
	assert_non_null(strstr(text, "domain=\"mx.example.org:25/smtp\",about=\"overall\""));
	assert_non_null(strstr(text, "<testsuite name=\"mx.example.org:25/smtp\""));
	assert_non_null(strstr(text, "F   mx.example.org:25/smtp "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_print_text, setup),
		cmocka_unit_test_setup(test_print_text_all_in_colour, setup),
		cmocka_unit_test_setup(test_print_line_says_why_not, setup),
		cmocka_unit_test_setup(test_print_json, setup),
		cmocka_unit_test_setup(test_print_html_escapes, setup),
		cmocka_unit_test_setup(test_print_html_puts_together_what_is_alike, setup),
		cmocka_unit_test_setup(test_print_junit_counts, setup),
		cmocka_unit_test_setup(test_print_prometheus_families_stand_together, setup),
		cmocka_unit_test_setup(test_print_prometheus_of_nothing, setup),
		cmocka_unit_test_setup(test_print_an_endpoint_alone_has_a_name, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
