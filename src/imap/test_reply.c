#include "base/clean.h"
#include "imap/reply.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct reply_case {
	const char *line;
	int result;
	enum imap_reply_kind kind;
	enum imap_reply_word word;
	const char *printed; /* NULL: as it came */
} cases[] = {
	{ "* OK hello", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_OK, NULL },
	{ "* ok", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_OK, NULL },
	{ "a1 NO [AUTHENTICATIONFAILED] no", 0, IMAP_REPLY_TAGGED, IMAP_REPLY_NO, NULL },
	{ "* BYE x", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_BYE, NULL },
	{ "* PREAUTH x", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_PREAUTH, NULL },
	{ "* 3 EXISTS", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_OTHER, NULL },
	{ "* ID (\"name\" \"[x\")", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_ID, NULL },
	{ "+", 0, IMAP_REPLY_CONTINUE, IMAP_REPLY_OTHER, NULL },
	{ "+ abc=", 0, IMAP_REPLY_CONTINUE, IMAP_REPLY_OTHER, NULL },
	{ "* CAPABILITY IMAP4rev1 STARTTLS AUTH=X-PLUS", 0, IMAP_REPLY_UNTAGGED,
	  IMAP_REPLY_CAPABILITY, "* CAPABILITY IMAP4rev1" },
	{ "a NO [CAPABILITY LOGINDISABLED IDLE] x y", 0, IMAP_REPLY_TAGGED, IMAP_REPLY_NO,
	  "a NO [CAPABILITY IDLE] x y" },
	{ "* BYE [referral imap://x/] gone away", 0, IMAP_REPLY_UNTAGGED, IMAP_REPLY_BYE,
	  "* BYE gone away" },
	{ "* OK [CAPABILITY", IMAP_REPLY_RUBBISH, 0, 0, NULL },
	{ "* OK []", IMAP_REPLY_RUBBISH, 0, 0, NULL },
	{ "", IMAP_REPLY_RUBBISH, 0, 0, NULL },
	{ " OK", IMAP_REPLY_RUBBISH, 0, 0, NULL },
	{ "a", IMAP_REPLY_RUBBISH, 0, 0, NULL },
	{ "*", IMAP_REPLY_RUBBISH, 0, 0, NULL },
};

static void test_reply_parse_and_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct reply_case *c = &cases[i];
		struct imap_reply reply;
		CLEAN(buf_deinit) struct buf out = {};
		int r = imap_reply_parse(slice_str(c->line), &reply);
		if (r != c->result || (!r && (reply.kind != c->kind || reply.word != c->word)))
			fail_msg("%s: result %d, kind %d, word %d", c->line, r, reply.kind,
			         reply.word);
		if (r)
			continue;
		assert_int_equal(imap_reply_print(&reply, false, &out), 0);
		struct slice printed = buf_slice(&out);
		struct slice want = slice_str(c->printed ? c->printed : c->line);
		printed.len -= 2;
		if (!slice_equal(printed, want))
			fail_msg("%s: '%.*s'", c->line, (int)printed.len, printed.data);
	}
}

static void test_reply_nul_refused(void **state)
{
	(void)state;
	struct imap_reply reply;
	assert_int_equal(imap_reply_parse(slice_of("* OK a\0b", 8), &reply), IMAP_REPLY_RUBBISH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_parse_and_print),
		cmocka_unit_test(test_reply_nul_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
