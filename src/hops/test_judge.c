#include "hops/judge.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define POSTFIX " by mx.example (Postfix) with ESMTP id 1; 24 Nov 2026 06:28:09 +0000"

/* told: software, protocol, helo, name, address, joined by "|". */
static const struct {
	const char *name, *field;
	enum hops_verdict verdict;
	const char *told;
} cases[] = {
	{ "Postfix", "from h (n.example [203.0.113.1])" POSTFIX, HOPS_PLAINTEXT,
	  "Postfix|ESMTP|h|n.example|203.0.113.1" },
	{ "no name in DNS", "from h (unknown [IPv6:2001:db8::1])" POSTFIX, HOPS_PLAINTEXT,
	  "Postfix|ESMTP|h||2001:db8::1" },
	{ "loopback", "from h (localhost [::1])" POSTFIX, HOPS_LOCAL, "Postfix|ESMTP|h||::1" },
	{ "its own name, looked up both ways", "from h (mx.example [203.0.113.1])" POSTFIX,
	  HOPS_LOCAL, "Postfix|ESMTP|h|mx.example|203.0.113.1" },
	{ "its own name, by its own word", "from mx.example (unknown [203.0.113.1])" POSTFIX,
	  HOPS_PLAINTEXT, "Postfix|ESMTP|mx.example||203.0.113.1" },
	{ "its own address", "from h (10.0.0.1) by x (10.0.0.1) with Microsoft SMTP Server id 15.0",
	  HOPS_LOCAL, "Exchange|Microsoft SMTP Server|h||10.0.0.1" },
	{ "behind a terminator",
	  "from h (n.example [203.0.113.1]) by terminated (Postfix) with ESMTP", HOPS_NOT_STATED,
	  "Postfix|ESMTP|h|n.example|203.0.113.1" },
	{ "encrypted behind a terminator",
	  "from h ([203.0.113.1]) by terminated (Postfix) with ESMTPS", HOPS_ENCRYPTED,
	  "Postfix|ESMTPS|h||203.0.113.1" },
	{ "Exim", "from n.example ([203.0.113.1]:25 helo=[10.0.0.1]) by x with esmtp (Exim 4.96)",
	  HOPS_PLAINTEXT, "Exim|esmtp|[10.0.0.1]|n.example|203.0.113.1" },
	{ "Exim without a name", "from [203.0.113.1] (helo=h) by x with esmtp (Exim 4.96)",
	  HOPS_PLAINTEXT, "Exim|esmtp|h||203.0.113.1" },
	{ "qmail with ident", "from n.example (HELO h) (u@203.0.113.1) by x with SMTP; 1 Jan 2026",
	  HOPS_PLAINTEXT, "qmail|SMTP|h|n.example|203.0.113.1" },
	{ "Postfix's pickup", "by x (Postfix, from userid 0) id 1", HOPS_LOCAL, "Postfix||||" },
	{ "a unix socket", "from x ([unix socket]) by y (Cyrus 3.6) with LMTPA", HOPS_LOCAL,
	  "Cyrus|LMTPA|x||" },
	{ "a comment before the address is the client's",
	  "from h (using TLSv1.3 with cipher TLS_AES_128_GCM_SHA256) (n.example "
	  "[203.0.113.1])" POSTFIX,
	  HOPS_PLAINTEXT, "Postfix|ESMTP|h|n.example|203.0.113.1" },
	{ "no address at all", "from h (using TLSv1.3)" POSTFIX, HOPS_PLAINTEXT,
	  "Postfix|ESMTP|h||" },
	{ "unknown software", "from h ([203.0.113.1]) by x with ESMTP id 1", HOPS_NOT_STATED,
	  "|ESMTP|h||203.0.113.1" },
	{ "no protocol", "by x id 1", HOPS_NOT_STATED, "||||" },
	{ "broken", "from h by x (Postfix with ESMTPS", HOPS_NOT_STATED, "||h||" },
	{ "nothing", "", HOPS_NOT_STATED, "||||" },
};

static bool is_terminated(void *owner, struct slice host, const struct hops_address *address)
{
	(void)owner;
	(void)address;
	return slice_equal(host, slice_str("terminated"));
}

static void test_judge_field(void **state)
{
	(void)state;
	const struct hops_judge judge = { .is_terminated = is_terminated };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hops_judged j;
		char told[256], address[HOPS_ADDRESS_CAP];
		hops_judge_field(&j, slice_str(cases[i].field), &judge);
		hops_address_print(&j.peer.address, address);
		snprintf(told, sizeof(told), "%s|%.*s|%.*s|%.*s|%s", j.vendor.name,
		         (int)j.protocol.len, (const char *)j.protocol.data, (int)j.peer.helo.len,
		         (const char *)j.peer.helo.data, (int)j.peer.name.len,
		         (const char *)j.peer.name.data, address);
		if (j.verdict != cases[i].verdict || strcmp(told, cases[i].told))
			fail_msg("%s: %s: %s", cases[i].name, hops_verdict_name(j.verdict), told);
		assert_non_null(j.why);
	}
}

static void test_judge_knows_mailseal_by_its_session_id(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		bool is_mailseal;
	} fields[] = {
		{ "by x (mailseal) with ESMTP id 0123456789abcdef", true },
		{ "by x (mailseal) with ESMTP id 0123456789ABCDEF", false },
		{ "by x (mailseal) with ESMTP id 0123456789abcde", false },
		{ "by x (mailseal) with ESMTP", false },
		{ "by x (Postfix) with ESMTP id 0123456789abcdef", false },
	};
	const struct hops_judge judge = {};
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct hops_judged j;
		hops_judge_field(&j, slice_str(fields[i].field), &judge);
		if (j.vendor.is_mailseal != fields[i].is_mailseal)
			fail_msg("%s", fields[i].field);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_field),
		cmocka_unit_test(test_judge_knows_mailseal_by_its_session_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
