#include "base/clean.h"
#include "imap/command.h"
#include "imap/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* tokens: values with '|' between; ( and ) as they are. */
static const struct command_case {
	const char *name;
	const char *text;
	int result;
	const char *tag;
	const char *verb;
	const char *tokens;
} cases[] = {
	{ "no arguments", "a NOOP\r\n", 0, "a", "NOOP", "" },
	{ "spaces behind", "a NOOP  \r\n", 0, "a", "NOOP", "" },
	{ "atoms", "a1.x LOGIN joe s%c*r]t\\\r\n", 0, "a1.x", "LOGIN", "joe|s%c*r]t\\" },
	{ "quoted", "a LOGIN \"\" \"a\\\\b\\\"\"\r\n", 0, "a", "LOGIN", "|a\\b\"" },
	{ "literal", "a LOGIN {3}\r\nj\r\n x\r\n", 0, "a", "LOGIN", "j\r\n|x" },
	{ "literal unasked", "a LOGIN {0+}\r\n {1+}\r\nx\r\n", 0, "a", "LOGIN", "|x" },
	{ "list", "a ID (\"a\" NIL)\r\n", 0, "a", "ID", "(|a|NIL|)" },
	{ "literal to come", "a LOGIN joe {3}\r\n", IMAP_COMMAND_MORE, "a", "LOGIN", "joe" },
	{ "literal half there", "a LOGIN {3}\r\nj", IMAP_COMMAND_MORE, "a", "LOGIN", "" },
	{ "empty literal to come", "a LOGIN {0}\r\n", IMAP_COMMAND_MORE, "a", "LOGIN", "" },
	{ "huge literal", "a X {99999999999999999999}\r\n", IMAP_COMMAND_MORE, "a", "X", "" },
	{ "text behind the size", "a X {1} y\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "literal behind an atom", "a X y{1}\r\nz\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "literal8", "a X ~{1}\r\nz\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "two sizes", "a X {1{1}\r\nz\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "minus size", "a X {-1}\r\nz\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "no size", "a X {+}\r\nz\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "quote not closed", "a X \"y\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "size inside a quote", "a X \"y {1}\r\nz\"\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "backslash before a letter", "a X \"\\y\"\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "backslash at the end", "a X \"y\\\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "nothing between strings", "a X \"y\"\"z\"\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "eight bit atom", "a X \xc3\xa9\r\n", IMAP_COMMAND_BAD, "a", "X", "" },
	{ "eight bit quoted", "a X \"\xc3\xa9\"\r\n", 0, "a", "X", "\xc3\xa9" },
	{ "no verb", "a\r\n", IMAP_COMMAND_BAD, "a", "", "" },
	{ "verb with a quote", "a N\"P\r\n", IMAP_COMMAND_BAD, "a", "", "" },
	{ "empty", "\r\n", IMAP_COMMAND_NO_TAG, "", "", "" },
	{ "space first", " NOOP\r\n", IMAP_COMMAND_NO_TAG, "", "", "" },
	{ "star", "* NOOP\r\n", IMAP_COMMAND_NO_TAG, "", "", "" },
	{ "plus in a tag", "a+ NOOP\r\n", IMAP_COMMAND_NO_TAG, "", "", "" },
	{ "tag of 65", "a234567890123456789012345678901234567890123456789012345678901234x NOOP\r\n",
	  IMAP_COMMAND_NO_TAG, "", "", "" },
	{ "tag of 64", "a234567890123456789012345678901234567890123456789012345678901234 NOOP\r\n",
	  0, "a234567890123456789012345678901234567890123456789012345678901234", "NOOP", "" },
};

static void tokens_join(const struct imap_command *command, struct buf *ret)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i)
			assert_int_equal(buf_add_str(ret, "|"), 0);
		assert_int_equal(conv_token_value(&command->tokens[i], ret), 0);
	}
}

static void test_command_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct command_case *c = &cases[i];
		struct imap_command command;
		CLEAN(buf_deinit) struct buf tokens = {};
		int r = imap_command_parse(slice_str(c->text), &command);
		tokens_join(&command, &tokens);
		if (r != c->result || !slice_equal(command.tag, slice_str(c->tag)) ||
		    !slice_equal(command.verb, slice_str(c->verb)) ||
		    !slice_equal(buf_slice(&tokens), slice_str(c->tokens)))
			fail_msg("%s: result %d, tokens '%.*s'", c->name, r, (int)buf_len(&tokens),
			         (const char *)buf_slice(&tokens).data);
	}
}

/* Whatever is cut off, the parser reads nothing behind the end. */
static void test_command_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t len = 0; len < strlen(cases[i].text); len++) {
			struct imap_command command;
			CLEAN(freep)
			char *copy = len ? memcpy(malloc(len), cases[i].text, len) : NULL;
			assert_true(imap_command_parse(slice_of(copy, len), &command) != 0 ||
			            len >= 2);
		}
	}
}

static void test_command_too_many_tokens(void **state)
{
	(void)state;
	char text[512] = "a X";
	struct imap_command command;
	for (int i = 0; i < IMAP_TOKENS_MAX + 1; i++)
		strcat(text, " y");
	strcat(text, "\r\n");
	assert_int_equal(imap_command_parse(slice_str(text), &command), IMAP_COMMAND_BAD);
	assert_int_equal(command.count, IMAP_TOKENS_MAX);
}

static const struct literal_case {
	const char *line;
	bool is_announced;
	uint64_t len;
	bool is_plus;
} literals[] = {
	{ "a {0}", true, 0, false },
	{ "{12+}", true, 12, true },
	{ "{18446744073709551616}", true, UINT64_MAX, false },
	{ "{1}x", false, 0, false },
	{ "{}", false, 0, false },
	{ "{+}", false, 0, false },
	{ "1}", false, 0, false },
	{ "{1-}", false, 0, false },
	{ "{ 1}", false, 0, false },
	{ "", false, 0, false },
};

static void test_literal_announced(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(literals); i++) {
		struct conv_literal literal = {};
		bool is = conv_literal_announced(slice_str(literals[i].line), &literal);
		if (is != literals[i].is_announced || literal.len != literals[i].len ||
		    literal.is_plus != literals[i].is_plus)
			fail_msg("%s", literals[i].line);
	}
}

/* What LOGIN becomes, whole: all pieces one behind the other. */
static const struct build_case {
	const char *text;
	const char *caps;
	unsigned pieces;
	const char *result;
} builds[] = {
	{ "a LOGIN joe x\r\n", "", 1, "a LOGIN \"joe\" \"x\"\r\n" },
	{ "a LOGIN {2}\r\n\\\" {0}\r\n\r\n", "", 1, "a LOGIN \"\\\\\\\"\" \"\"\r\n" },
	{ "a LOGIN j {2}\r\n\r\n\r\n", "", 2, "a LOGIN \"j\" {2}\r\n\r\n\r\n" },
	{ "a LOGIN j {2}\r\n\r\n\r\n", "LITERAL-", 1, "a LOGIN \"j\" {2+}\r\n\r\n\r\n" },
	{ "a LOGIN {1}\r\n\t \"\xe9\"\r\n", "", 3, "a LOGIN {1}\r\n\t {1}\r\n\xe9\r\n" },
};

static void test_login_build(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(builds); i++) {
		struct imap_command command;
		struct imap_pieces pieces;
		CLEAN(buf_deinit) struct buf out = {};
		assert_int_equal(imap_command_parse(slice_str(builds[i].text), &command), 0);
		assert_int_equal(imap_login_build(&command, builds[i].caps, &pieces), 0);
		if (pieces.count != builds[i].pieces)
			fail_msg("%s: %u pieces", builds[i].text, pieces.count);
		while (pieces.count)
			assert_int_equal(imap_pieces_send(&pieces, &out), 0);
		if (!slice_equal(buf_slice(&out), slice_str(builds[i].result)))
			fail_msg("%s: '%.*s'", builds[i].text, (int)buf_len(&out),
			         (const char *)buf_slice(&out).data);
	}
}

static void test_id_software_is_cut(void **state)
{
	(void)state;
	struct imap_command command;
	char text[16];
	char tiny[4];
	struct slice id =
		slice_str("a ID (\"vendor\" \"V\" \"Name\" \"Long Name\" \"version\" {3}\r\n"
	                  "1\r\n)\r\n");
	assert_int_equal(imap_command_parse(id, &command), 0);
	assert_true(imap_id_is_valid(&command));
	imap_id_software(&command, text, sizeof(text));
	assert_string_equal(text, "Long Name 1?? V");
	imap_id_software(&command, tiny, sizeof(tiny));
	assert_string_equal(tiny, "Lon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_parse),
		cmocka_unit_test(test_command_cut_anywhere),
		cmocka_unit_test(test_command_too_many_tokens),
		cmocka_unit_test(test_literal_announced),
		cmocka_unit_test(test_login_build),
		cmocka_unit_test(test_id_software_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
