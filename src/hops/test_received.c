#include "hops/received.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct received_case {
	const char *name, *field;
	const char *clauses[HOPS_CLAUSE_COUNT]; /* NULL: not there */
	const char *date;
	const char *comments; /* joined by "|"; those before "by" have a "<" */
	bool is_broken;
};

static const struct received_case cases[] = {
	{ .name = "all of RFC 5321 and RFC 8314",
	  .field = "from a (b [192.0.2.1]) by c (X) via TCP with ESMTPS tls T group G id 1 for "
	           "<d@e>; "
	           "D",
	  .clauses = { "a", "c", "TCP", "ESMTPS", NULL, "1", "<d@e>", "T", "G" },
	  .date = "D",
	  .comments = "<b [192.0.2.1]|X" },
	{ .name = "words of more than one",
	  .field = "from a by c with Microsoft SMTP Server (TLS) id 15.0; D",
	  .clauses = { "a", "c", NULL, "Microsoft SMTP Server", NULL, "15.0" },
	  .date = "D",
	  .comments = "TLS" },
	{ .name = "with twice is one clause",
	  .field = "by c with ESMTP with STARTTLS (x) id 1",
	  .clauses = { NULL, "c", NULL, "ESMTP with STARTTLS", NULL, "1" },
	  .comments = "x" },
	{ .name = "but not across a comment",
	  .field = "by c with ESMTP (x) with HTTP",
	  .clauses = { NULL, "c", NULL, "ESMTP" },
	  .comments = "x" },
	{ .name = "over",
	  .field = "from a by c over TLS secured channel with Microsoft SMTPSVC(7.5);D",
	  .clauses = { "a", "c", NULL, "Microsoft SMTPSVC", "TLS secured channel" },
	  .date = "D",
	  .comments = "7.5" },
	{ .name = "comments in comments",
	  .field = "by c (a (b (c)) d) with SMTP",
	  .clauses = { NULL, "c", NULL, "SMTP" },
	  .comments = "a (b (c)) d" },
	{ .name = "an escaped parenthesis",
	  .field = "by c (a \\) by x) with SMTP",
	  .clauses = { NULL, "c", NULL, "SMTP" },
	  .comments = "a \\) by x" },
	{ .name = "keywords as values",
	  .field = "from by by with with id id for; D",
	  .clauses = { "by", "with", NULL, "id", NULL, "for" },
	  .date = "D" },
	{ .name = "no name behind from",
	  .field = "from (unknown [192.0.2.1]) by c with SMTP",
	  .clauses = { NULL, "c", NULL, "SMTP" },
	  .comments = "<unknown [192.0.2.1]" },
	{ .name = "the last by counts",
	  .field = "from x by y (n) with ESMTPS tls T id 9 by c with SMTP id 1",
	  .clauses = { "x", "c", NULL, "SMTP", NULL, "1" },
	  .comments = "<n" },
	{ .name = "by in quotes, in <> and in comments is none",
	  .field = "by c with SMTP for <\"a by b>\"@d> (<\") by x\"@y>); D",
	  .clauses = { NULL, "c", NULL, "SMTP", NULL, NULL, "<\"a by b>\"@d>" },
	  .date = "D",
	  .comments = "<\") by x\"@y>" },
	{ .name = "a group without tls is a word",
	  .field = "by c with SMTP group X",
	  .clauses = { NULL, "c", NULL, "SMTP group X" } },
	{ .name = "two semicolons", .field = "by c; D; E", .clauses = { NULL, "c" }, .date = "E" },
	{ .name = "a comment without end",
	  .field = "by c (x with SMTP; D",
	  .clauses = { NULL, "c" },
	  .is_broken = true },
	{ .name = "a quote without end",
	  .field = "by \"c",
	  .clauses = { NULL, "\"c" },
	  .is_broken = true },
	{ .name = "a bracket without end",
	  .field = "by c for <d; D",
	  .clauses = { NULL, "c", [HOPS_FOR] = "<d" },
	  .date = "D",
	  .is_broken = true },
	{ .name = "a backslash at the end", .field = "by c\\", .clauses = { NULL, "c\\" } },
	{ .name = "nothing", .field = "" },
	{ .name = "no keyword", .field = "hello (x) world", .comments = "<x" },
};

static void comments_join(const struct hops_received *r, char *ret_text, size_t cap)
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < r->comment_count; i++)
		len += (size_t)snprintf(ret_text + len, cap - len, "%s%s%.*s", i ? "|" : "",
		                        r->comments[i].is_of_from ? "<" : "",
		                        (int)r->comments[i].text.len,
		                        (const char *)r->comments[i].text.data);
}

static bool is_text(struct slice got, const char *wanted)
{
	return slice_equal(got, slice_str(wanted ? wanted : ""));
}

static void test_received_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct received_case *k = &cases[i];
		struct hops_received r;
		char comments[256];
		hops_received_parse(&r, slice_str(k->field));
		for (int c = 0; c < HOPS_CLAUSE_COUNT; c++)
			if (!is_text(r.clauses[c], k->clauses[c]))
				fail_msg("%s: clause %d: '%.*s'", k->name, c, (int)r.clauses[c].len,
				         (const char *)r.clauses[c].data);
		comments_join(&r, comments, sizeof(comments));
		if (strcmp(comments, k->comments ? k->comments : ""))
			fail_msg("%s: comments '%s'", k->name, comments);
		if (!is_text(r.date, k->date))
			fail_msg("%s: date", k->name);
		if (r.is_whole == k->is_broken)
			fail_msg("%s: whole or not", k->name);
	}
}

static void test_received_too_many_comments(void **state)
{
	(void)state;
	static const char piece[] = "(x) ";
	char field[sizeof(piece) * (HOPS_COMMENTS_MAX + 2)] = "by c ";
	struct hops_received r;
	for (int i = 0; i <= HOPS_COMMENTS_MAX; i++)
		memcpy(field + 5 + i * (sizeof(piece) - 1), piece, sizeof(piece));
	hops_received_parse(&r, slice_str(field));
	assert_int_equal(r.comment_count, HOPS_COMMENTS_MAX);
	assert_false(r.is_whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_parse),
		cmocka_unit_test(test_received_too_many_comments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
