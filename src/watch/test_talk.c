#include "watch/protos.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* "C: " and "S: " lines; what is found at the end. tests/test_watch.py has many more, as packets.
 */
struct talk_case {
	const char *name;
	const struct watch_proto *proto;
	const char *lines[12];
	enum watch_secret secret;
	const char *mechanism, *user;
	bool is_proven, is_offered, is_tls, is_asked, is_private;
};

/* "\0anna\0secret" */
#define PLAIN "AGFubmEAc2VjcmV0"

static const struct talk_case cases[] = {
	{ .name = "mail",
	  .proto = &watch_proto_smtp,
	  .lines = { "S: 220 x ESMTP", "C: EHLO a", "C: MAIL FROM:<a@b>" },
	  .is_proven = true },
	{ .name = "a probe",
	  .proto = &watch_proto_smtp,
	  .lines = { "S: 220 x ESMTP", "C: EHLO a", "C: QUIT" } },
	{ .name = "STARTTLS",
	  .proto = &watch_proto_smtp,
	  .lines = { "S: 250-STARTTLS", "S: 250 x", "C: STARTTLS", "S: 220 go" },
	  .is_offered = true,
	  .is_tls = true },
	{ .name = "what stands behind STARTTLS waits",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: STARTTLS", "C: AUTH PLAIN " PLAIN },
	  .is_asked = true },
	{ .name = "refused, then a password",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: STARTTLS", "S: 454 no", "C: AUTH PLAIN " PLAIN },
	  .secret = WATCH_SECRET_PASSWORD,
	  .mechanism = "PLAIN",
	  .user = "anna",
	  .is_proven = true },
	{ .name = "PLAIN that is no base64",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: AUTH PLAIN !!!" } },
	{ .name = "PLAIN without a password",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: AUTH PLAIN AGFubmEA" },
	  .user = "anna" },
	{ .name = "no response but a command",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: AUTH PLAIN", "S: 504 no", "C: MAIL FROM:<a@b>" },
	  .is_proven = true },
	{ .name = "a body is no command",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: DATA", "S: 354 go", "C: AUTH PLAIN " PLAIN, "C: STARTTLS", "C: .",
	             "S: 250 ok" } },
	{ .name = "AUTH LOGIN, half",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: YW5uYQ==" },
	  .user = "anna" },
	{ .name = "XOAUTH2 is a token",
	  .proto = &watch_proto_smtp,
	  .lines = { "C: AUTH XOAUTH2 dXNlcj1hbm5hAWF1dGg9QmVhcmVyIHgBAQ==" },
	  .secret = WATCH_SECRET_TOKEN,
	  .mechanism = "XOAUTH2",
	  .user = "anna",
	  .is_proven = true },
	{ .name = "LOGIN with a quoted name",
	  .proto = &watch_proto_imap,
	  .lines = { "C: a login \"an na\" secret" },
	  .secret = WATCH_SECRET_PASSWORD,
	  .mechanism = "LOGIN",
	  .user = "an na",
	  .is_proven = true },
	{ .name = "LOGIN without a password",
	  .proto = &watch_proto_imap,
	  .lines = { "C: a LOGIN anna" },
	  .user = "anna" },
	{ .name = "a literal that is a message is no command",
	  .proto = &watch_proto_imap,
	  .lines = { "C: a APPEND x {10}", "S: + go", "C: b LOGIN x", "C: ", "C: c NOOP" },
	  .is_proven = true },
	{ .name = "IMAP STARTTLS",
	  .proto = &watch_proto_imap,
	  .lines = { "C: a STARTTLS", "S: * x", "S: a OK go" },
	  .is_tls = true },
	{ .name = "IMAP STARTTLS refused",
	  .proto = &watch_proto_imap,
	  .lines = { "C: a STARTTLS", "S: a NO x" } },
	{ .name = "an APOP is a hash",
	  .proto = &watch_proto_pop3,
	  .lines = { "C: APOP anna 0123" },
	  .secret = WATCH_SECRET_HASH,
	  .mechanism = "APOP",
	  .user = "anna",
	  .is_proven = true },
	{ .name = "STLS in a mail is no offer",
	  .proto = &watch_proto_pop3,
	  .lines = { "C: RETR 1", "S: +OK", "S: STLS" },
	  .is_proven = true },
	{ .name = "STLS in CAPA is",
	  .proto = &watch_proto_pop3,
	  .lines = { "C: CAPA", "S: +OK", "S: STLS" },
	  .is_offered = true },
	{ .name = "doveadm's STARTTLS has no answer",
	  .proto = &watch_proto_doveadm,
	  .lines = { "C: VERSION\tdoveadm-server\t1\t2", "S: VERSION\tdoveadm-client\t1\t2", "S: -",
	             "C: STARTTLS" },
	  .is_tls = true },
	{ .name = "dict names the user behind each key since its version 3",
	  .proto = &watch_proto_dovecot_dict,
	  .lines = { "C: H3\t2\t0\t\tquota", "C: Lpriv/quota/storage\tanna" },
	  .user = "anna",
	  .is_proven = true },
	{ .name = "and before it once",
	  .proto = &watch_proto_dovecot_dict,
	  .lines = { "C: H2\t2\t0\tanna\tquota", "C: Lpriv/quota/storage" },
	  .user = "anna",
	  .is_proven = true },
	{ .name = "a request that rspamd's keys encrypt",
	  .proto = &watch_proto_http,
	  .lines = { "C: POST /post HTTP/1.0", "C: Content-Length: 264",
	             "C: Key: h9yya=haziyp3gcgqt1zrdbhkghegrj4duyq5u4wke4qi4mu5frnorbzxy", "C: " },
	  .is_private = true },
	{ .name = "the same path without a key",
	  .proto = &watch_proto_http,
	  .lines = { "C: POST /post HTTP/1.0", "C: Key: mine", "C: " },
	  .is_proven = true },
	{ .name = "a key elsewhere encrypts nothing",
	  .proto = &watch_proto_http,
	  .lines = { "C: POST /x HTTP/1.0",
	             "C: Key: h9yya=haziyp3gcgqt1zrdbhkghegrj4duyq5u4wke4qi4mu5frnorbzxy", "C: " },
	  .is_proven = true },
	{ .name = "anonymous FTP has no password",
	  .proto = &watch_proto_ftp,
	  .lines = { "C: USER ftp", "C: PASS a@b" },
	  .user = "ftp",
	  .is_proven = true },
	{ .name = "a user name is one line of printable text",
	  .proto = &watch_proto_pop3,
	  .lines = { "C: USER \x1b[31m\x80" },
	  .user = "?[31m?" },
};

static void say(struct watch_talk *t, const char *line)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "%s\r\n", line + 3);
	(void)watch_talk_feed(t, line[0] == 'C' ? WATCH_CLIENT : WATCH_SERVER,
	                      slice_of(text, (size_t)len));
}

static void test_talk_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct talk_case *c = &cases[i];
		struct watch_talk t = { .proto = c->proto };
		for (size_t n = 0; n < COUNT_OF(c->lines) && c->lines[n]; n++)
			say(&t, c->lines[n]);
		bool is_right = t.secret == c->secret && t.is_proven == c->is_proven &&
		                t.is_offered == c->is_offered && t.is_tls == c->is_tls &&
		                t.is_asked == c->is_asked && t.is_private == c->is_private &&
		                !strcmp(t.mechanism, c->mechanism ? c->mechanism : "") &&
		                !strcmp(t.user, c->user ? c->user : "");
		if (!is_right)
			print_error(
				"%s: secret %d %s \"%s\" proven %d offered %d tls %d asked %d\n",
				c->name, t.secret, t.mechanism, t.user, t.is_proven, t.is_offered,
				t.is_tls, t.is_asked);
		assert_true(is_right);
	}
}

/* A line without end is passed over in bounded memory, and the next one is read. */
static void test_talk_long_line(void **state)
{
	struct watch_talk t = { .proto = &watch_proto_smtp };
	uint8_t block[WATCH_LINE_MAX];
	(void)state;
	memset(block, 'x', sizeof(block));
	assert_int_equal(watch_talk_feed(&t, WATCH_CLIENT, slice_of(block, sizeof(block) - 1)), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(watch_talk_feed(&t, WATCH_CLIENT, slice_of(block, sizeof(block))),
		                 sizeof(block));
	say(&t, "C: MAIL FROM:<a@b>");
	assert_false(t.is_proven);
	say(&t, "C: MAIL FROM:<a@b>");
	assert_true(t.is_proven);
}

static void test_talk_gap_goes_on_with_the_next_line(void **state)
{
	struct watch_talk t = { .proto = &watch_proto_smtp },
			  binary = { .proto = &watch_proto_ldap };
	(void)state;
	watch_talk_gap(&t, WATCH_CLIENT);
	say(&t, "C: MAIL FROM:<half@a-line>");
	assert_false(t.is_proven);
	say(&t, "C: RCPT TO:<a@b>");
	assert_true(t.is_proven);
	watch_talk_gap(&binary, WATCH_CLIENT);
	assert_true(binary.is_lost);
}

/* Nothing of what is kept of a conversation is the password. */
static void test_talk_keeps_no_password(void **state)
{
	static const char *const lines[][3] = { { "C: AUTH PLAIN " PLAIN },
		                                { "C: AUTH LOGIN YW5uYQ==", "C: c2VjcmV0" } };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct watch_talk t = { .proto = &watch_proto_smtp };
		for (size_t n = 0; n < 3 && lines[i][n]; n++)
			say(&t, lines[i][n]);
		assert_int_equal(t.secret, WATCH_SECRET_PASSWORD);
		assert_null(memmem(&t, sizeof(t), "secret", 6));
		assert_null(memmem(&t, sizeof(t), "c2VjcmV0", 8));
	}
}

/* The first bytes of one protocol are not those of another. */
static void test_proto_find(void **state)
{
	static const struct {
		const char *client, *server, *protocol;
		bool has_more;
	} openings[] = {
		{ "", "220 x ESMTP y\r\n", "smtp", false },
		{ "", "220 x ready\r\n", NULL, true },
		{ "EHLO a\r\n", "220 x ready\r\n", "smtp", false },
		{ "LHLO a\r\n", "220 x ready\r\n", "lmtp", false },
		{ "USER a\r\n", "220 x ready\r\n", "ftp", false },
		{ "USER a\r\n", "+OK x\r\n", "pop3", false },
		{ "GET / HTTP/1.1\r\n", "", "http", false },
		{ "get key\r\n", "", "memcached", false },
		{ "*1\r\n$4\r\nPING\r\n", "", "redis", false },
		{ "AUTH secret\r\n", "", "redis", false },
		{ "AUTH secret\r\n", "+OK x\r\n", "pop3", false },
		{ "", "* OK x\r\n", "imap", false },
		{ "SSH-2.0-x\r\n", "SSH-2.0-y\r\n", "ssh", false },
		{ "\xfe\1\2\3", "nonsense", NULL, false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(openings); i++) {
		bool has_more;
		const struct watch_opening o = { slice_str(openings[i].client),
			                         slice_str(openings[i].server) };
		const struct watch_proto *proto = watch_proto_find(&o, &has_more);
		assert_string_equal(proto ? proto->name : "-",
		                    openings[i].protocol ? openings[i].protocol : "-");
		if (!proto)
			assert_int_equal(has_more, openings[i].has_more);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk_cases),
		cmocka_unit_test(test_talk_long_line),
		cmocka_unit_test(test_talk_gap_goes_on_with_the_next_line),
		cmocka_unit_test(test_talk_keeps_no_password),
		cmocka_unit_test(test_proto_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
