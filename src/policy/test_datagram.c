#include "base/clean.h"
#include "policy/datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* As Postfix 3.10.13 of Debian 13 sent them. */
static const char sent_success[] =
	"{\"d\": \"ok.example\",\"pr\": \"v=TLSRPTv1; rua=mailto:a@x.example\",\"policies\":"
	"[{\"policy-type\":9,\"policy-domain\": \"ok.example\",\"t\":0,\"f\":0}]}";
static const char sent_failure[] =
	"{\"d\": \"sec.example\",\"pr\": \"v=TLSRPTv1; rua=mailto:a@x.example\",\"policies\":"
	"[{\"policy-type\":2,\"policy-domain\": \"sec.example\",\"policy-string\":"
	"[\"version: STSv1\",\"mode: enforce\"],\"mx-host\":[\"mx.sec.example\"],"
	"\"failure-details\":[{\"c\":205,\"s\": \"10.9.9.1\",\"n\": \"mx.sec.example\","
	"\"h\": \"250-far.example\\r\\n250 STARTTLS\",\"r\": \"10.9.9.9\","
	"\"f\": \"self-signed_certificate\"}],\"t\":1,\"f\":1}]}";

static int parse(struct policy_datagram *d, const char *text)
{
	const char *why = NULL;
	int r = policy_datagram_parse(d, slice_str(text), &why);
	assert_int_equal(!r, !why);
	return r;
}

static void assert_text(struct slice text, const char *expected)
{
	if (!slice_equal(text, slice_str(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, (const char *)text.data,
		         expected);
}

static void test_datagram_of_a_success(void **state)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d;
	(void)state;
	assert_int_equal(parse(&d, sent_success), 0);
	assert_string_equal(d.outcome.domain, "ok.example");
	assert_int_equal(d.outcome.part_count, 1);
	const struct policy_part *p = &d.outcome.parts[0];
	assert_int_equal(p->kind, POLICY_KIND_NONE);
	assert_string_equal(p->domain, "ok.example");
	assert_true(!p->has_failed && !p->failure_count && !p->strings.len && !p->mx.len);
}

static void test_datagram_of_a_failure(void **state)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d;
	(void)state;
	assert_int_equal(parse(&d, sent_failure), 0);
	const struct policy_part *p = &d.outcome.parts[0];
	assert_int_equal(p->kind, POLICY_KIND_STS);
	assert_text(p->strings, "version: STSv1\nmode: enforce\n");
	assert_text(p->mx, "mx.sec.example\n");
	assert_true(p->has_failed);
	assert_int_equal(p->failure_count, 1);
	const struct policy_failure *f = &p->failures[0];
	assert_int_equal(f->report, POLICY_REPORT_VALIDATION_FAILURE);
	assert_text(f->sender, "10.9.9.1");
	assert_text(f->mx, "mx.sec.example");
	assert_text(f->helo, "far.example");
	assert_text(f->receiver, "10.9.9.9");
	assert_text(f->reason, "self-signed_certificate");
	assert_text(f->more, "");
}

/* Two policies; names in any case; what is not there; a version; keys of a later one. */
static void test_datagram_of_all_sorts(void **state)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d;
	(void)state;
	assert_int_equal(
		parse(&d, "{\"dpv\":\"1\",\"d\":\"Example.ORG\",\"pr\":\"\",\"later\":[1],"
	                  "\"policies\":[{\"policy-type\":1,\"policy-domain\":\"MX.example.org\","
	                  "\"policy-string\":[\"3 1 1 ab\"],\"t\":0,\"f\":0},"
	                  "{\"policy-type\":2,\"t\":1,\"f\":0,\"failure-details\":"
	                  "[{\"c\":301,\"s\":\"2001:db8::1\",\"h\":\"mx hi\",\"a\":\"b\"}]}]}"),
		0);
	assert_string_equal(d.outcome.domain, "example.org");
	assert_int_equal(d.outcome.part_count, 2);
	assert_string_equal(d.outcome.parts[0].domain, "mx.example.org");
	const struct policy_part *p = &d.outcome.parts[1];
	assert_string_equal(p->domain, "example.org");
	assert_true(!p->has_failed && p->failure_count == 1);
	assert_text(p->failures[0].helo, "mx");
	assert_text(p->failures[0].more, "b");
}

/* Each breaks one rule. */
static const struct {
	const char *name, *text;
} broken[] = {
	{ "nothing", "" },
	{ "no JSON", "{" },
	{ "two objects", "{} {}" },
	{ "no object", "[]" },
	{ "another version", "{\"dpv\":\"2\",\"d\":\"a.b\",\"policies\":[P]}" },
	{ "a version that is a number", "{\"dpv\":1,\"d\":\"a.b\",\"policies\":[P]}" },
	{ "no d", "{\"policies\":[P]}" },
	{ "d is no text", "{\"d\":1,\"policies\":[P]}" },
	{ "d is no name", "{\"d\":\"a b\",\"policies\":[P]}" },
	{ "d is empty", "{\"d\":\"\",\"policies\":[P]}" },
	{ "d twice", "{\"d\":\"a.b\",\"d\":\"a.b\",\"policies\":[P]}" },
	{ "d with a NUL", "{\"d\":\"a.b\\u0000\",\"policies\":[P]}" },
	{ "pr is no text", "{\"d\":\"a.b\",\"pr\":1,\"policies\":[P]}" },
	{ "no policies", "{\"d\":\"a.b\"}" },
	{ "policies is no list", "{\"d\":\"a.b\",\"policies\":P}" },
	{ "policies is empty", "{\"d\":\"a.b\",\"policies\":[]}" },
	{ "nine policies", "{\"d\":\"a.b\",\"policies\":[P,P,P,P,P,P,P,P,P]}" },
	{ "a policy is no object", "{\"d\":\"a.b\",\"policies\":[1]}" },
	{ "no policy-type", "{\"d\":\"a.b\",\"policies\":[{\"t\":0,\"f\":0}]}" },
	{ "policy-type is a text", "{\"d\":\"a.b\",\"policies\":[{\"policy-type\":\"2\",T}]}" },
	{ "unknown policy-type", "{\"d\":\"a.b\",\"policies\":[{\"policy-type\":3,T}]}" },
	{ "policy-type of 257", "{\"d\":\"a.b\",\"policies\":[{\"policy-type\":257,T}]}" },
	{ "policy-domain is no name",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-domain\":\"a b\",T}]}" },
	{ "policy-domain is no text", "{\"d\":\"a.b\",\"policies\":[{K,\"policy-domain\":1,T}]}" },
	{ "policy-string is no list",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-string\":\"a\",T}]}" },
	{ "policy-string of a number",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-string\":[1],T}]}" },
	{ "policy-string is empty",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-string\":[\"\"],T}]}" },
	{ "policy-string of two lines",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-string\":[\"a\\nb\"],T}]}" },
	{ "policy-string with a control byte",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"policy-string\":[\"a\\tb\"],T}]}" },
	{ "mx-host is no list", "{\"d\":\"a.b\",\"policies\":[{K,\"mx-host\":{},T}]}" },
	{ "no t", "{\"d\":\"a.b\",\"policies\":[{K,\"f\":0}]}" },
	{ "t without failures", "{\"d\":\"a.b\",\"policies\":[{K,\"t\":1,\"f\":1}]}" },
	{ "t less than failures",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"failure-details\":[{\"c\":205}],T}]}" },
	{ "no f", "{\"d\":\"a.b\",\"policies\":[{K,\"t\":0}]}" },
	{ "f of 2", "{\"d\":\"a.b\",\"policies\":[{K,\"t\":0,\"f\":2}]}" },
	{ "f is a truth", "{\"d\":\"a.b\",\"policies\":[{K,\"t\":0,\"f\":true}]}" },
	{ "failure-details is no list",
	  "{\"d\":\"a.b\",\"policies\":[{K,\"failure-details\":{},T}]}" },
	{ "nine failures", "{\"d\":\"a.b\",\"policies\":[{K,\"failure-details\":"
	                   "[F,F,F,F,F,F,F,F,F],\"t\":9,\"f\":1}]}" },
	{ "a failure is no object", "{\"d\":\"a.b\",\"policies\":[{K,D[1],\"t\":1,\"f\":1}]}" },
	{ "a failure without code", "{\"d\":\"a.b\",\"policies\":[{K,D[{}],\"t\":1,\"f\":1}]}" },
	{ "an unknown code", "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":200}],\"t\":1,\"f\":1}]}" },
	{ "a code that wraps",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":65741}],\"t\":1,\"f\":1}]}" },
	{ "s is no address",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":205,\"s\":\"mx\"}],\"t\":1,\"f\":1}]}" },
	{ "r is no address",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":205,\"r\":\"1.2.3\"}],\"t\":1,\"f\":1}]}" },
	{ "n is a number",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":205,\"n\":1}],\"t\":1,\"f\":1}]}" },
	{ "a control byte in f",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":205,\"f\":\"a\\nb\"}],\"t\":1,\"f\":1}]}" },
	{ "no ASCII in f",
	  "{\"d\":\"a.b\",\"policies\":[{K,D[{\"c\":205,\"f\":\"\\u00fc\"}],\"t\":1,\"f\":1}]}" },
};

/* Capitals above stand for what is well. */
static void expand(struct buf *text, const char *from)
{
	static const char *const words[] = {
		['P'] = "{\"policy-type\":9,\"t\":0,\"f\":0}",
		['K'] = "\"policy-type\":2",
		['T'] = "\"t\":0,\"f\":0",
		['D'] = "\"failure-details\":",
		['F'] = "{\"c\":205}",
	};
	for (; *from; from++) {
		char one[2] = { *from, '\0' };
		bool is_word = (unsigned char)*from < COUNT_OF(words) && words[(int)*from];
		assert_int_equal(buf_add_str(text, is_word ? words[(int)*from] : one), 0);
	}
}

static int parse_expanded(const char *from)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d = {};
	CLEAN(buf_deinit) struct buf text = {};
	const char *why = NULL;
	expand(&text, from);
	int r = policy_datagram_parse(&d, buf_slice(&text), &why);
	assert_int_equal(!r, !why);
	return r;
}

static void test_datagram_broken(void **state)
{
	(void)state;
	/* What the capitals stand for is taken. */
	assert_int_equal(parse_expanded("{\"d\":\"a.b\",\"policies\":[P,{K,T},{K,D[F],\"t\":1,"
	                                "\"f\":1}]}"),
	                 0);
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		if (parse_expanded(broken[i].text) != POLICY_DATAGRAM_BAD)
			fail_msg("%s was taken", broken[i].name);
}

/* count times a text of len bytes, as a list of strings. */
static int parse_lines(const char *key, size_t count, size_t len)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d = {};
	CLEAN(buf_deinit) struct buf text = {};
	const char *why = NULL;
	int r = buf_printf(&text,
	                   "{\"d\":\"a.b\",\"policies\":[{\"policy-type\":2,\"t\":0,"
	                   "\"f\":0,\"%s\":[",
	                   key);
	for (size_t i = 0; i < count && !r; i++)
		r = buf_printf(&text, "%s\"%0*d\"", i ? "," : "", (int)len, 0);
	if (!r)
		r = buf_add_str(&text, "]}]}");
	assert_int_equal(r, 0);
	return policy_datagram_parse(&d, buf_slice(&text), &why);
}

static void test_datagram_limits(void **state)
{
	static const char *const keys[] = { "policy-string", "mx-host" };
	const int lines_max = POLICY_OUTCOME_LINES_MAX / 64;
	CLEAN(buf_deinit) struct buf text = {};
	struct policy_datagram d;
	const char *why = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_int_equal(parse_lines(keys[i], 128, 127), 0);
		assert_int_equal(parse_lines(keys[i], 129, 1), POLICY_DATAGRAM_BAD);
		assert_int_equal(parse_lines(keys[i], 64, (size_t)lines_max - 1), 0);
		assert_int_equal(parse_lines(keys[i], 64, (size_t)lines_max), POLICY_DATAGRAM_BAD);
	}
	assert_int_equal(buf_printf(&text, "%s%*s", sent_success,
	                            (int)(POLICY_DATAGRAM_MAX - sizeof(sent_success) + 1), ""),
	                 0);
	assert_int_equal(policy_datagram_parse(&d, buf_slice(&text), &why), 0);
	policy_datagram_deinit(&d);
	assert_int_equal(buf_add_str(&text, " "), 0);
	assert_int_equal(policy_datagram_parse(&d, buf_slice(&text), &why), POLICY_DATAGRAM_BAD);
	policy_datagram_deinit(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagram_of_a_success),
		cmocka_unit_test(test_datagram_of_a_failure),
		cmocka_unit_test(test_datagram_of_all_sorts),
		cmocka_unit_test(test_datagram_broken),
		cmocka_unit_test(test_datagram_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
