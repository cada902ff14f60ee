#include "advice/criteria.h"
#include "advice/mend.h"
#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_criteria_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_criterion_count; i++) {
		const struct advice_criterion *c = &advice_criteria[i];
		assert_ptr_equal(advice_criterion_find(c->id), c); /* none twice */
		assert_true(c->title[0] && c->source[0] && c->why[0]);
		assert_int_equal(c->why[strlen(c->why) - 1], '.');
	}
	assert_null(advice_criterion_find("Z1"));
	assert_null(advice_criterion_find(""));
}

/* In reference/check.md 2.1. */
static void test_criteria_of_the_reference(void **state)
{
	static const struct {
		char area;
		unsigned last;
		const char *none; /* " 10 ": numbers that are no criteria */
	} areas[] = { { 'A', 12, " 10 " }, { 'B', 10, "" }, { 'C', 5, "" },
		      { 'D', 18, " 10 " }, { 'E', 9, "" },  { 'F', 9, "" },
		      { 'G', 9, "" },      { 'H', 3, "" },  { 'I', 4, "" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(areas); i++)
		for (unsigned n = 1; n <= areas[i].last; n++) {
			char id[16], mark[16];
			snprintf(id, sizeof(id), "%c%u", areas[i].area, n);
			snprintf(mark, sizeof(mark), " %u ", n);
			bool is_none = strstr(areas[i].none, mark) != NULL;
			if ((advice_criterion_find(id) == NULL) != is_none)
				fail_msg("%s", id);
		}
}

static void mend_is_whole(const struct advice_criterion *c, const struct advice_mend *m)
{
	assert_string_equal(m->id, c->id);
	assert_true(m->text[0]);
	assert_int_not_equal(m->text[strlen(m->text) - 1], '\n');
	for (const char *at = m->text; *at; at++)
		if ((*at < ' ' && *at != '\n') || *at > '~')
			fail_msg("%s for %s: a byte that is no text", m->id, m->software);
}

static void test_mend_every_criterion_has_one(void **state)
{
	unsigned all = 0;
	(void)state;
	for (size_t i = 0; i < advice_criterion_count; i++) {
		const struct advice_criterion *c = &advice_criteria[i];
		const struct advice_mend *m = NULL;
		unsigned count = 0;
		while ((m = advice_mend_next(c->id, m))) {
			mend_is_whole(c, m);
			/* The first of that software is the one that is found: none twice. */
			if (m->software[0])
				assert_ptr_equal(advice_mend_for(c->id, m->software), m);
			count++;
		}
		if (!count)
			fail_msg("no mend for %s", c->id);
		all += count;
	}
	assert_true(all > 300);
}

/* Whatever a server's configuration decides: those that carry mail are all there. */
static void test_mend_of_the_usual_servers(void **state)
{
	static const struct {
		const char *software, *ids;
	} usual[] = {
		{ "mailseal",
		  "B1 B2 B3 B5 B6 B7 B8 C1 C2 C3 C4 D3 D4 D5 D6 D7 D8 D9 D13 D15 D17 E1 E2 "
		  "E3 E4 E6 E8 G1 G2 G3 G4 G5 I1 I2 I3 I4" },
		{ "Postfix",
		  "B1 B2 B5 B6 B7 B10 C1 C2 C3 C4 D3 D4 D5 D6 D7 D8 D9 D13 D15 D17 E1 E2 E3 "
		  "E4 E6 E8 F2 G1 G2 I2 I3" },
		{ "Exim",
		  "B1 B2 B5 B6 B7 B10 C1 C2 D3 D4 D5 D6 D7 D8 D9 D13 D15 D17 E1 E2 E3 E4 E6 E8 "
		  "G1 G2 I2 I3" },
		{ "Dovecot",
		  "B7 C1 C2 C3 C4 D2 D3 D4 D5 D6 D7 D8 D9 D13 D17 E1 E2 E3 E4 E6 E8 G1 G2 "
		  "G3 G4 G5 G6 G7 I2 I3" },
		{ "nginx", "C1 C2 D2 D3 D4 D5 D6 D8 D9 D16 D17 E1 E2 E3 E6 F6 G2 G4 G5 H1 H2 H3" },
		{ "DNS", "A1 A2 A3 A5 A6 A7 A8 A9 A11 F1 F2 F3 F4 F5 F7 F8 F9" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		for (const char *at = usual[i].ids; *at;) {
			char id[8] = "";
			size_t len = strcspn(at, " ");
			memcpy(id, at, len);
			if (!advice_mend_for(id, usual[i].software))
				fail_msg("no mend of %s for %s", id, usual[i].software);
			at += len + (at[len] != '\0');
		}
}

static void test_mend_finds_by_first_word(void **state)
{
	(void)state;
	assert_string_equal(advice_mend_for("C2", "EXIM 4.96")->software, "Exim");
	assert_string_equal(advice_mend_for("C2", "postfix (Debian)")->software, "Postfix");
	assert_string_equal(advice_mend_for("C2", "nginx/1.22.1")->software, "nginx");
	assert_null(advice_mend_for("C2", ""));
	assert_null(advice_mend_for("C2", "qmail"));
	assert_null(advice_mend_for("Z1", "Postfix"));
	assert_null(advice_mend_next("Z1", NULL));
	assert_string_equal(advice_mend_next("C2", NULL)->software, "mailseal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_criteria_are_whole),
		cmocka_unit_test(test_criteria_of_the_reference),
		cmocka_unit_test(test_mend_every_criterion_has_one),
		cmocka_unit_test(test_mend_of_the_usual_servers),
		cmocka_unit_test(test_mend_finds_by_first_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
