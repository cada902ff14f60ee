#include "smtp/envelope.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TLS = 1, UTF8 = 2, EIGHT = 4 };

struct envelope {
	const char *name;
	const char *args;
	const char *mailbox, *domain;
	uint64_t size;
	unsigned flags;
};

struct refusal {
	const char *name;
	const char *args;
	int result;
};

/* clang-format off */
static const struct envelope mails[] = {
	{ "plain", "FROM:<a@b.example>", "a@b.example", "b.example", 0, 0 },
	{ "nobody", "FROM:<>", "", "", 0, 0 },
	{ "keyword in any case", "from:<a@b.example>", "a@b.example", "b.example", 0, 0 },
	{ "space behind the colon", "FROM: <a@b.example>", "a@b.example", "b.example", 0, 0 },
	{ "space at the end", "FROM:<a@b.example> ", "a@b.example", "b.example", 0, 0 },
	{ "quoted", "FROM:<\"a b\"@c.example>", "\"a b\"@c.example", "c.example", 0, 0 },
	{ "quoted signs", "FROM:<\"a@b>\\\"\\\\ \"@c>", "\"a@b>\\\"\\\\ \"@c", "c", 0, 0 },
	{ "source route", "FROM:<@x.example,@y:a@b>", "a@b", "b", 0, 0 },
	{ "address literal", "FROM:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]",
	  "[IPv6:2001:db8::1]", 0, 0 },
	{ "dots that real mailboxes have", "FROM:<a..b.@c>", "a..b.@c", "c", 0, 0 },
	{ "underscore", "FROM:<a@b_c.example>", "a@b_c.example", "b_c.example", 0, 0 },
	{ "signs", "FROM:<a+b=c#d/e!f%g@h>", "a+b=c#d/e!f%g@h", "h", 0, 0 },

	{ "parameters", "FROM:<a@b> SIZE=12 BODY=8BITMIME AUTH=<>", "a@b", "b", 12, EIGHT },
	{ "in any case", "FROM:<a@b>  size=0  body=8bitmime smtputf8", "a@b", "b", 0, EIGHT | UTF8 },
	{ "7BIT", "FROM:<a@b> BODY=7BIT", "a@b", "b", 0, 0 },
	{ "largest size", "FROM:<a@b> SIZE=18446744073709551615", "a@b", "b", UINT64_MAX, 0 },
	{ "REQUIRETLS", "FROM:<> REQUIRETLS", "", "", 0, TLS },
	{ "UTF-8", "FROM:<\xc3\xa9@\xc3\xa9.example> SMTPUTF8", "\xc3\xa9@\xc3\xa9.example",
	  "\xc3\xa9.example", 0, UTF8 },
	{ "UTF-8, quoted", "FROM:<\"\xc3\xa9\"@b> SMTPUTF8", "\"\xc3\xa9\"@b", "b", 0, UTF8 },
};

static const struct refusal bad_mails[] = {
	{ "nothing", "", SMTP_ENVELOPE_BAD_PATH },
	{ "TO", "TO:<a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "no brackets", "FROM:a@b", SMTP_ENVELOPE_BAD_PATH },
	{ "space before the colon", "FROM :<a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "not closed", "FROM:<a@b", SMTP_ENVELOPE_BAD_PATH },
	{ "glued parameter", "FROM:<a@b>SIZE=1", SMTP_ENVELOPE_BAD_PATH },
	{ "no domain", "FROM:<a>", SMTP_ENVELOPE_BAD_PATH },
	{ "empty domain", "FROM:<a@>", SMTP_ENVELOPE_BAD_PATH },
	{ "empty local part", "FROM:<@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "empty label", "FROM:<a@b..c>", SMTP_ENVELOPE_BAD_PATH },
	{ "dot at the end", "FROM:<a@b.>", SMTP_ENVELOPE_BAD_PATH },
	{ "two at signs", "FROM:<a@b@c>", SMTP_ENVELOPE_BAD_PATH },
	{ "space", "FROM:<a b@c>", SMTP_ENVELOPE_BAD_PATH },
	{ "bracket inside", "FROM:<a<b@c>", SMTP_ENVELOPE_BAD_PATH },
	{ "two", "FROM:<a@b>,<c@d>", SMTP_ENVELOPE_BAD_PATH },
	{ "control byte", "FROM:<a\x01@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "DEL", "FROM:<a\x7f@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "control byte, quoted", "FROM:<\"a\x01\"@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "control byte, escaped", "FROM:<\"a\\\x01\"@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "8 bit, escaped", "FROM:<\"\\\xc3\xa9\"@b> SMTPUTF8", SMTP_ENVELOPE_BAD_PATH },
	{ "quote not closed", "FROM:<\"a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "escape at the end", "FROM:<\"a\\", SMTP_ENVELOPE_BAD_PATH },
	{ "half quoted", "FROM:<\"a\"b@c>", SMTP_ENVELOPE_BAD_PATH },
	{ "literal not closed", "FROM:<a@[1.2.3.4>", SMTP_ENVELOPE_BAD_PATH },
	{ "empty literal", "FROM:<a@[]>", SMTP_ENVELOPE_BAD_PATH },
	{ "8 bit in a literal", "FROM:<a@[\xc3\xa9]> SMTPUTF8", SMTP_ENVELOPE_BAD_PATH },
	{ "route without end", "FROM:<@x,a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "route of nothing", "FROM:<@:a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "route to nobody", "FROM:<@x:>", SMTP_ENVELOPE_BAD_PATH },

	{ "8 bit without SMTPUTF8", "FROM:<\xc3\xa9@b>", SMTP_ENVELOPE_NO_UTF8 },
	{ "8 bit domain", "FROM:<a@\xc3\xa9> BODY=8BITMIME", SMTP_ENVELOPE_NO_UTF8 },
	{ "DSN's RET", "FROM:<a@b> RET=HDRS", SMTP_ENVELOPE_UNKNOWN },
	{ "DSN's ENVID", "FROM:<a@b> SIZE=1 ENVID=x", SMTP_ENVELOPE_UNKNOWN },
	{ "BINARYMIME", "FROM:<a@b> BODY=BINARYMIME", SMTP_ENVELOPE_UNKNOWN },
	{ "no name", "FROM:<a@b> =1", SMTP_ENVELOPE_UNKNOWN },
	{ "a name's head", "FROM:<a@b> SMTPUTF", SMTP_ENVELOPE_UNKNOWN },
	{ "no size", "FROM:<a@b> SIZE", SMTP_ENVELOPE_BAD_VALUE },
	{ "empty size", "FROM:<a@b> SIZE=", SMTP_ENVELOPE_BAD_VALUE },
	{ "negative size", "FROM:<a@b> SIZE=-1", SMTP_ENVELOPE_BAD_VALUE },
	{ "size over 64 bits", "FROM:<a@b> SIZE=18446744073709551616", SMTP_ENVELOPE_BAD_VALUE },
	{ "size of 21 digits", "FROM:<a@b> SIZE=000000000000000000001", SMTP_ENVELOPE_BAD_VALUE },
	{ "SMTPUTF8 with a value", "FROM:<a@b> SMTPUTF8=1", SMTP_ENVELOPE_BAD_VALUE },
	{ "REQUIRETLS with a value", "FROM:<a@b> REQUIRETLS=1", SMTP_ENVELOPE_BAD_VALUE },
	{ "AUTH alone", "FROM:<a@b> AUTH", SMTP_ENVELOPE_BAD_VALUE },
};

static const struct envelope rcpts[] = {
	{ "plain", "TO:<a@b.example>", "a@b.example", "b.example", 0, 0 },
	{ "source route", "to: <@x:a@b.example> ", "a@b.example", "b.example", 0, 0 },
	{ "UTF-8", "TO:<\xc3\xa9@b>", "\xc3\xa9@b", "b", 0, UTF8 },
	{ "quoted at sign", "TO:<\"a@x\"@b>", "\"a@x\"@b", "b", 0, 0 },
};

static const struct refusal bad_rcpts[] = {
	{ "nobody", "TO:<>", SMTP_ENVELOPE_BAD_PATH },
	{ "FROM", "FROM:<a@b>", SMTP_ENVELOPE_BAD_PATH },
	{ "postmaster", "TO:<postmaster>", SMTP_ENVELOPE_NO_DOMAIN },
	{ "postmaster by a route", "TO:<@x:Postmaster>", SMTP_ENVELOPE_NO_DOMAIN },
	{ "8 bit without SMTPUTF8", "TO:<\xc3\xa9@b>", SMTP_ENVELOPE_NO_UTF8 },
	{ "DSN's NOTIFY", "TO:<a@b> NOTIFY=NEVER", SMTP_ENVELOPE_UNKNOWN },
};
/* clang-format on */

/* A copy of just that size: reading past it is an error that ASan sees. */
static struct slice copy_of(const char *text)
{
	size_t len = strlen(text);
	uint8_t *copy = malloc(len + !len);
	assert_non_null(copy);
	memcpy(copy, text, len);
	return slice_of(copy, len);
}

static void check_path(const struct envelope *want, const struct smtp_path *path)
{
	if (!slice_equal(path->mailbox, slice_str(want->mailbox)))
		fail_msg("%s: mailbox '%.*s'", want->name, (int)path->mailbox.len,
		         path->mailbox.data);
	if (!slice_equal(path->domain, slice_str(want->domain)))
		fail_msg("%s: domain '%.*s'", want->name, (int)path->domain.len, path->domain.data);
}

static void check_mail(const struct envelope *want, const struct smtp_handoff_mail *mail)
{
	unsigned flags = (mail->requires_tls ? TLS : 0) | (mail->is_utf8 ? UTF8 : 0) |
	                 (mail->is_8bit ? EIGHT : 0);
	if (mail->size != want->size || flags != want->flags)
		fail_msg("%s: flags %u", want->name, flags);
}

static void test_envelope_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mails); i++) {
		struct slice args = copy_of(mails[i].args);
		struct smtp_handoff_mail mail;
		struct smtp_path path;
		if (smtp_envelope_mail(args, true, &path, &mail))
			fail_msg("%s: refused", mails[i].name);
		check_path(&mails[i], &path);
		check_mail(&mails[i], &mail);
		free((void *)args.data);
	}
}

static void test_envelope_mail_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_mails); i++) {
		struct slice args = copy_of(bad_mails[i].args);
		struct smtp_handoff_mail mail;
		struct smtp_path path;
		int r = smtp_envelope_mail(args, true, &path, &mail);
		if (r != bad_mails[i].result)
			fail_msg("%s: result %d", bad_mails[i].name, r);
		free((void *)args.data);
	}
}

static void test_envelope_rcpt(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rcpts); i++) {
		struct slice args = copy_of(rcpts[i].args);
		struct smtp_path path;
		if (smtp_envelope_rcpt(args, rcpts[i].flags & UTF8, &path))
			fail_msg("%s: refused", rcpts[i].name);
		check_path(&rcpts[i], &path);
		free((void *)args.data);
	}
}

static void test_envelope_rcpt_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_rcpts); i++) {
		struct slice args = copy_of(bad_rcpts[i].args);
		struct smtp_path path;
		int r = smtp_envelope_rcpt(args, false, &path);
		if (r != bad_rcpts[i].result)
			fail_msg("%s: result %d", bad_rcpts[i].name, r);
		free((void *)args.data);
	}
}

static void test_envelope_requiretls_not_offered(void **state)
{
	(void)state;
	struct smtp_handoff_mail mail;
	struct smtp_path path;
	struct slice args = slice_str("FROM:<a@b> REQUIRETLS");
	assert_int_equal(smtp_envelope_mail(args, false, &path, &mail), SMTP_ENVELOPE_UNKNOWN);
}

/* "TO:<xxx...@b>" with a path of that many bytes, brackets included. */
static int rcpt_of_len(size_t len, bool is_utf8)
{
	char args[2048];
	struct smtp_path path;
	assert_true(len + 3 < sizeof(args));
	memset(args, 'x', sizeof(args));
	memcpy(args, "TO:<", 4);
	memcpy(args + len, "@b>", 3);
	return smtp_envelope_rcpt(slice_of(args, len + 3), is_utf8, &path);
}

static void test_envelope_path_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(rcpt_of_len(SMTP_PATH_MAX, false), 0);
	assert_int_equal(rcpt_of_len(SMTP_PATH_MAX + 1, false), SMTP_ENVELOPE_BAD_PATH);
	assert_int_equal(rcpt_of_len(SMTP_PATH_UTF8_MAX, true), 0);
	assert_int_equal(rcpt_of_len(SMTP_PATH_UTF8_MAX + 1, true), SMTP_ENVELOPE_BAD_PATH);
}

/* "TO:<a@x.x.x>" with a domain of that many bytes, an odd number. */
static int rcpt_with_domain(size_t len)
{
	char args[1024];
	struct smtp_path path;
	assert_true(len + 7 < sizeof(args));
	memcpy(args, "TO:<a@", 6);
	for (size_t i = 0; i < len; i++)
		args[6 + i] = i % 2 ? '.' : 'x';
	args[6 + len] = '>';
	return smtp_envelope_rcpt(slice_of(args, len + 7), true, &path);
}

static void test_envelope_domain_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(rcpt_with_domain(255), 0);
	assert_int_equal(rcpt_with_domain(257), SMTP_ENVELOPE_BAD_PATH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope_mail),
		cmocka_unit_test(test_envelope_mail_refused),
		cmocka_unit_test(test_envelope_rcpt),
		cmocka_unit_test(test_envelope_rcpt_refused),
		cmocka_unit_test(test_envelope_requiretls_not_offered),
		cmocka_unit_test(test_envelope_path_is_bounded),
		cmocka_unit_test(test_envelope_domain_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
