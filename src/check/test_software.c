#include "check/software.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_software_guess(void **state)
{
	(void)state;
	static const struct {
		const char *words, *before, *software;
	} cases[] = {
		{ "220 mx.example.org ESMTP Postfix (Debian/GNU)", "", "Postfix" },
		{ "220 mx.example.org ESMTP Exim 4.96 Mon, 01 Jan 2026", "", "Exim 4.96" },
		{ "220 x ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Mon", "", "Sendmail 8.17.1.9" },
		{ "220 x ESMTP OpenSMTPD", "", "OpenSMTPD" },
		{ "220 x Microsoft ESMTP MAIL Service ready", "", "Exchange" },
		{ "SIZE | X-EXPS GSSAPI NTLM | X-ANONYMOUSTLS", "", "Exchange" },
		{ "* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.", "", "Dovecot" },
		{ "* OK Dovecot ready.", "", "Dovecot" },
		{ "* OK x Cyrus IMAP 3.6.1-Debian server ready", "", "Cyrus 3.6.1" },
		{ "\"IMPLEMENTATION\" \"Cyrus timsieved v2.4.3\"", "", "Cyrus 2.4.3" },
		{ "* OK [CAPABILITY IMAP4rev1] Courier-IMAP ready. Copyright", "", "Courier" },
		{ "220 mx.example.org ESMTP mailseal", "", "mailseal" },
		/* The name of a host says nothing. */
		{ "220 exim.example.org ESMTP ready", "", "" },
		{ "220 mx-postfix.example.org ESMTP", "", "" },
		{ "220 mox.example.org ESMTP", "", "" },
		{ "220 x ESMTP", "", "" },
		/* What is known stays, unless more is known. */
		{ "x Postfix", "Dovecot", "Dovecot" },
		{ "250 x Exim 4.96", "Exim", "Exim 4.96" },
		{ "250 x Exim", "Exim 4.96", "Exim 4.96" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char software[64];
		strcpy(software, cases[i].before);
		check_software_guess(slice_str(cases[i].words), software, sizeof(software));
		assert_string_equal(software, cases[i].software);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_software_guess),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
