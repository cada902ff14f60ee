#include "smtp/ehlo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct ehlo_case {
	const char *name;
	const char *reply; /* of the backend */
	struct smtp_ehlo_view view;
	const char *offered;
};

#define HOST .hostname = "mx.example"

static const struct ehlo_case cases[] = {
	{ "nothing", "250 be\r\n", { HOST }, "250 mx.example\r\n" },
	{ "STARTTLS alone",
	  "250 be\r\n",
	  { HOST, .offers_starttls = true },
	  "250-mx.example\r\n250 STARTTLS\r\n" },
	{ "what is known",
	  "250-be\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	  "250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-VRFY\r\n250-LIMITS RCPTMAX=5\r\n250 "
	  "chunking\r\n",
	  { HOST },
	  "250-mx.example\r\n250-PIPELINING\r\n250-SIZE "
	  "10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	  "250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-VRFY\r\n250-LIMITS RCPTMAX=5\r\n250 "
	  "chunking\r\n" },
	{ "what is not, and what is the edge's own",
	  "250-be\r\n250-X-NEW\r\n250-STARTTLS\r\n250-XCLIENT NAME ADDR\r\n250-XFORWARD NAME\r\n"
	  "250-ETRN\r\n250-BURL imap\r\n250-\r\n250 SIZE\r\n",
	  { HOST },
	  "250-mx.example\r\n250 SIZE\r\n" },
	{ "BINARYMIME needs CHUNKING",
	  "250-be\r\n250 BINARYMIME\r\n",
	  { HOST },
	  "250 mx.example\r\n" },
	{ "BINARYMIME with CHUNKING",
	  "250-be\r\n250-BINARYMIME\r\n250 CHUNKING\r\n",
	  { HOST },
	  "250-mx.example\r\n250-BINARYMIME\r\n250 CHUNKING\r\n" },
	{ "REQUIRETLS not here",
	  "250-be\r\n250-REQUIRETLS\r\n250 SIZE\r\n",
	  { HOST },
	  "250-mx.example\r\n250 SIZE\r\n" },
	{ "REQUIRETLS",
	  "250-be\r\n250 REQUIRETLS\r\n",
	  { HOST, .offers_requiretls = true },
	  "250-mx.example\r\n250 REQUIRETLS\r\n" },
	{ "REQUIRETLS of a backend without it",
	  "250 be\r\n",
	  { HOST, .offers_requiretls = true },
	  "250 mx.example\r\n" },
	{ "AUTH not now",
	  "250-be\r\n250-AUTH PLAIN\r\n250 AUTH=PLAIN\r\n",
	  { HOST },
	  "250 mx.example\r\n" },
	{ "AUTH",
	  "250-be\r\n250-AUTH PLAIN LOGIN\r\n250 AUTH=PLAIN LOGIN\r\n",
	  { HOST, .offers_auth = true },
	  "250-mx.example\r\n250-AUTH PLAIN LOGIN\r\n250 AUTH=PLAIN LOGIN\r\n" },
	{ "-PLUS goes",
	  "250-be\r\n250 AUTH SCRAM-SHA-1-PLUS PLAIN SCRAM-SHA-256-plus\r\n",
	  { HOST, .offers_auth = true },
	  "250-mx.example\r\n250 AUTH PLAIN\r\n" },
	{ "nothing but -PLUS",
	  "250-be\r\n250 AUTH SCRAM-SHA-1-PLUS\r\n",
	  { HOST, .offers_auth = true },
	  "250 mx.example\r\n" },
	{ "-PLUS stays",
	  "250-be\r\n250 AUTH SCRAM-SHA-1-PLUS\r\n",
	  { HOST, .offers_auth = true, .plus_is_bound = true },
	  "250-mx.example\r\n250 AUTH SCRAM-SHA-1-PLUS\r\n" },
	{ "AUTH of nothing",
	  "250-be\r\n250-AUTH\r\n250 AUTH \r\n",
	  { HOST, .offers_auth = true },
	  "250 mx.example\r\n" },
};

static void learn(const char *text, struct conv_caps *caps)
{
	struct smtp_reply reply = {};
	size_t used;
	assert_int_equal(smtp_reply_take(&reply, slice_str(text), &used), 0);
	smtp_ehlo_learn(&reply, caps);
	smtp_reply_deinit(&reply);
}

static void test_ehlo_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conv_caps caps;
		struct buf out = {};
		learn(cases[i].reply, &caps);
		/* Something may be there already. */
		assert_int_equal(buf_add_str(&out, "220 x\r\n"), 0);
		buf_consume(&out, 3);
		assert_int_equal(smtp_ehlo_write(&out, &caps, &cases[i].view), 0);
		buf_consume(&out, 4);
		struct slice got = buf_slice(&out);
		if (!slice_equal(got, slice_str(cases[i].offered)))
			fail_msg("%s: '%.*s'", cases[i].name, (int)got.len, got.data);
		buf_deinit(&out);
	}
}

static void test_ehlo_write_before_learnt(void **state)
{
	(void)state;
	struct buf out = {};
	const struct smtp_ehlo_view view = { HOST, .offers_auth = true };
	assert_int_equal(smtp_ehlo_write(&out, NULL, &view), 0);
	assert_true(slice_equal(buf_slice(&out), slice_str("250 mx.example\r\n")));
	buf_deinit(&out);
}

static void test_ehlo_find(void **state)
{
	(void)state;
	struct conv_caps caps;
	struct slice params;
	learn("250-be\r\n250-SIZE 10\r\n250-SIZEX\r\n250 XCLIENT NAME ADDR\r\n", &caps);
	assert_string_equal(caps.text, "SIZE 10\nSIZEX\nXCLIENT NAME ADDR");
	assert_true(smtp_ehlo_find(&caps, "xclient", &params));
	assert_true(slice_equal(params, slice_str("NAME ADDR")));
	assert_true(smtp_ehlo_find(&caps, "SIZE", &params));
	assert_true(slice_equal(params, slice_str("10")));
	assert_false(smtp_ehlo_find(&caps, "SIZ", &params));
	assert_false(smtp_ehlo_find(&caps, "BE", &params));
	assert_false(smtp_ehlo_find(NULL, "SIZE", &params));
}

/* Lines that do not fit are left out whole: half a line may mean something else. */
static void test_ehlo_learn_is_bounded(void **state)
{
	(void)state;
	struct conv_caps caps;
	struct smtp_reply reply = {};
	char line[1024];
	size_t used;
	memset(line, 'X', sizeof(line));
	memcpy(line, "250-", 4);
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(smtp_reply_take(&reply, slice_str(line), &used), SMTP_REPLY_MORE);
	assert_int_equal(smtp_reply_take(&reply, slice_str("250 SIZE\r\n"), &used), 0);
	smtp_ehlo_learn(&reply, &caps);
	assert_int_equal(strlen(caps.text), 2 * (sizeof(line) - 7) + 1 + strlen("\nSIZE"));
	smtp_reply_deinit(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ehlo_write),
		cmocka_unit_test(test_ehlo_write_before_learnt),
		cmocka_unit_test(test_ehlo_find),
		cmocka_unit_test(test_ehlo_learn_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
