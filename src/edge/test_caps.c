#include "edge/caps.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct meet_case {
	const char *name;
	const char *ours, *others, *both;
};

static const struct meet_case lines[] = {
	{ "the same", "SIZE 9\n8BITMIME", "SIZE 9\n8BITMIME", "SIZE 9\n8BITMIME" },
	{ "another order and case", "DSN\n8BITMIME", "8bitmime\nDSN", "DSN\n8BITMIME" },
	{ "one lacks a line", "DSN\nPIPELINING\n8BITMIME", "DSN\n8BITMIME", "DSN\n8BITMIME" },
	{ "one has more", "DSN", "DSN\nCHUNKING", "DSN" },
	{ "no word within a word", "DSN", "DSNX\nXDSN", "" },
	{ "the smaller SIZE", "SIZE 2000", "SIZE 1000", "SIZE 1000" },
	{ "the smaller SIZE, ours", "SIZE 1000", "SIZE 20000", "SIZE 1000" },
	{ "SIZE without a limit", "SIZE\nDSN", "SIZE 1000\nDSN", "SIZE 1000\nDSN" },
	{ "SIZE 0 is no limit", "SIZE 1000", "SIZE 0", "SIZE 1000" },
	{ "mechanisms", "AUTH PLAIN LOGIN SCRAM-SHA-1", "AUTH scram-sha-1 PLAIN",
	  "AUTH PLAIN SCRAM-SHA-1" },
	{ "no mechanism in common", "AUTH LOGIN\nDSN", "AUTH PLAIN\nDSN", "DSN" },
	{ "both ways to write AUTH", "AUTH PLAIN X\nAUTH=PLAIN X", "AUTH PLAIN\nAUTH=PLAIN",
	  "AUTH PLAIN\nAUTH=PLAIN" },
	{ "values of which one knows nothing", "DELIVERBY 10\nDSN", "DELIVERBY\nDSN", "DSN" },
	{ "POP3", "UIDL\nSASL PLAIN LOGIN\nIMPLEMENTATION a", "SASL PLAIN\nUIDL\nIMPLEMENTATION b",
	  "UIDL\nSASL PLAIN" },
	{ "nothing of theirs", "DSN", "", "" },
	{ "nothing of ours", "", "DSN", "" },
};

static const struct meet_case words[] = {
	{ "another order and case", "IMAP4rev1 SASL-IR AUTH=PLAIN IDLE",
	  "idle IMAP4rev1 AUTH=PLAIN AUTH=LOGIN", "IMAP4rev1 AUTH=PLAIN IDLE" },
	{ "none in common", "IMAP4rev1", "X", "" },
};

static void caps_set(struct conv_caps *caps, const char *text)
{
	snprintf(caps->text, sizeof(caps->text), "%s", text);
}

static void meet_check(const struct meet_case *m, bool are_words)
{
	struct conv_caps ours, others;
	caps_set(&ours, m->ours);
	caps_set(&others, m->others);
	edge_caps_meet(&ours, &others, are_words);
	if (strcmp(ours.text, m->both) != 0)
		fail_msg("%s: '%s'", m->name, ours.text);
}

static void test_caps_meet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		meet_check(&lines[i], false);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		meet_check(&words[i], true);
}

/* As much as fits stays as it is. */
static void test_caps_meet_full(void **state)
{
	(void)state;
	struct conv_caps ours, others;
	memset(ours.text, 'x', sizeof(ours.text));
	for (size_t i = 7; i < sizeof(ours.text); i += 8)
		ours.text[i] = '\n';
	ours.text[sizeof(ours.text) - 1] = '\0';
	others = ours;
	edge_caps_meet(&ours, &others, false);
	assert_string_equal(ours.text, others.text);
}

static const struct {
	const char *text;
	bool has_plus;
} pluses[] = {
	{ "SIZE 9\nAUTH PLAIN SCRAM-SHA-256-PLUS\nDSN", true },
	{ "AUTH=SCRAM-SHA-1-PLUS", true },
	{ "IMAP4rev1 AUTH=PLAIN AUTH=scram-sha-1-plus", true },
	{ "UIDL\nSASL PLAIN SCRAM-SHA-1-PLUS", true },
	{ "AUTH PLAIN SCRAM-SHA-256", false },
	{ "IMAP4rev1 X-PLUS LITERAL+", false },
	{ "IMPLEMENTATION MAIL-PLUS\nSASL PLAIN", false },
	{ "", false },
};

static void test_caps_has_plus(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pluses); i++) {
		struct conv_caps caps;
		caps_set(&caps, pluses[i].text);
		if (edge_caps_has_plus(&caps) != pluses[i].has_plus)
			fail_msg("%s", pluses[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps_meet),
		cmocka_unit_test(test_caps_meet_full),
		cmocka_unit_test(test_caps_has_plus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
