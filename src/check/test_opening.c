/* Conversations as transcripts: what the server says, what we say, how it ends. */
#include "check/opening.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LINES_MAX = 12 };

struct talk {
	const char *name;
	enum check_service service;
	bool asks_mail, injects;
	const char *server[LINES_MAX]; /* fed one after the other; TLS: the handshake is done */
	const char *client;            /* all that we said */
	enum check_opening_end end;
	enum check_opening_todo last;
};

static const char TLS[] = "TLS";

#define HELLO "220 mx.example.org ESMTP Postfix (Debian/GNU)\r\n"
#define EHLO_YES "250-mx.example.org\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"
#define EHLO_NO "250-mx.example.org\r\n250 SIZE 1000\r\n"
#define EHLO_TLS "250-mx.example.org\r\n250-REQUIRETLS\r\n250 AUTH PLAIN\r\n"

static const struct talk talks[] = {
	{ "starttls", CHECK_SMTP, .server = { HELLO, EHLO_YES, "220 go\r\n" },
	  .client = "EHLO me.test\r\nSTARTTLS\r\n", .last = CHECK_OPENING_START_TLS },
	{ "a greeting of many lines is read whole", CHECK_SMTP,
	  .server = { "220-mx.example.org\r\n", "220-wait\r\n220 ready\r\n", EHLO_YES,
	              "220 go\r\n" },
	  .client = "EHLO me.test\r\nSTARTTLS\r\n", .last = CHECK_OPENING_START_TLS },
	{ "second look", CHECK_SMTP, .server = { HELLO, EHLO_YES, "220 go\r\n", TLS, EHLO_TLS },
	  .client = "EHLO me.test\r\nSTARTTLS\r\nEHLO me.test\r\nQUIT\r\n",
	  .end = CHECK_OPENING_DONE, .last = CHECK_OPENING_OVER },
	{ "mail in clear is taken", CHECK_SMTP, .asks_mail = true,
	  .server = { HELLO, EHLO_YES, "250 ok\r\n", "250 ok\r\n", "220 go\r\n" },
	  .client = "EHLO me.test\r\nMAIL FROM:<>\r\nRSET\r\nSTARTTLS\r\n",
	  .last = CHECK_OPENING_START_TLS },
	{ "greeted with 421", CHECK_SMTP, .server = { "421 4.7.0 too many connections\r\n" },
	  .client = "", .end = CHECK_OPENING_RATE, .last = CHECK_OPENING_OVER },
	{ "greeted with 554", CHECK_SMTP, .server = { "554 5.7.1 no service for you\r\n" },
	  .client = "QUIT\r\n", .end = CHECK_OPENING_RATE, .last = CHECK_OPENING_OVER },
	{ "450 to EHLO", CHECK_SMTP, .server = { HELLO, "450 4.7.1 slow down\r\n" },
	  .client = "EHLO me.test\r\nQUIT\r\n", .end = CHECK_OPENING_RATE,
	  .last = CHECK_OPENING_OVER },
	{ "451 to STARTTLS", CHECK_SMTP, .server = { HELLO, EHLO_YES, "451 4.7.1 later\r\n" },
	  .client = "EHLO me.test\r\nSTARTTLS\r\nQUIT\r\n", .end = CHECK_OPENING_RATE,
	  .last = CHECK_OPENING_OVER },
	{ "454 to STARTTLS", CHECK_SMTP,
	  .server = { HELLO, EHLO_YES, "454 4.7.0 TLS not available\r\n" },
	  .client = "EHLO me.test\r\nSTARTTLS\r\nQUIT\r\n", .end = CHECK_OPENING_REFUSED,
	  .last = CHECK_OPENING_OVER },
	{ "no STARTTLS", CHECK_SMTP, .server = { HELLO, EHLO_NO },
	  .client = "EHLO me.test\r\nQUIT\r\n", .end = CHECK_OPENING_NO_STARTTLS,
	  .last = CHECK_OPENING_OVER },
	{ "HELO alone", CHECK_SMTP, .server = { HELLO, "502 what\r\n", "250 STARTTLS\r\n" },
	  .client = "EHLO me.test\r\nHELO me.test\r\nQUIT\r\n", .end = CHECK_OPENING_NO_STARTTLS,
	  .last = CHECK_OPENING_OVER },
	{ "another protocol", CHECK_SMTP, .server = { "HTTP/1.1 400 Bad Request\r\n" },
	  .client = "", .end = CHECK_OPENING_FOREIGN, .last = CHECK_OPENING_OVER },
	{ "imap", CHECK_IMAP,
	  .server = { "* OK Dovecot ready.\r\n",
	              "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n", "s1 OK done\r\n",
	              "s2 OK begin\r\n", TLS, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
	              "s1 OK done\r\n" },
	  .client = "s1 CAPABILITY\r\ns2 STARTTLS\r\ns1 CAPABILITY\r\ns4 LOGOUT\r\n",
	  .end = CHECK_OPENING_DONE, .last = CHECK_OPENING_OVER },
	{ "imap is full", CHECK_IMAP, .server = { "* BYE [UNAVAILABLE] too many connections\r\n" },
	  .client = "", .end = CHECK_OPENING_RATE, .last = CHECK_OPENING_OVER },
	{ "imap refuses STARTTLS", CHECK_IMAP,
	  .server = { "* PREAUTH welcome root\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\n",
	              "s1 OK done\r\n", "s2 BAD not now\r\n" },
	  .client = "s1 CAPABILITY\r\ns2 STARTTLS\r\ns4 LOGOUT\r\n", .end = CHECK_OPENING_REFUSED,
	  .last = CHECK_OPENING_OVER },
	{ "pop3", CHECK_POP3,
	  .server = { "+OK ready\r\n", "+OK list\r\nUSER\r\nSTLS\r\nSASL PLAIN\r\n.\r\n",
	              "+OK begin\r\n", TLS, "+OK list\r\nUSER\r\n.\r\n" },
	  .client = "CAPA\r\nSTLS\r\nCAPA\r\nQUIT\r\n", .end = CHECK_OPENING_DONE,
	  .last = CHECK_OPENING_OVER },
	{ "pop3 without CAPA is asked for STLS all the same", CHECK_POP3,
	  .server = { "+OK ready <1@x>\r\n", "-ERR what\r\n", "-ERR what\r\n" },
	  .client = "CAPA\r\nSTLS\r\nQUIT\r\n", .end = CHECK_OPENING_REFUSED,
	  .last = CHECK_OPENING_OVER },
	{ "managesieve", CHECK_MANAGESIEVE,
	  .server = { "\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SASL\" \"\"\r\n",
	              "\"STARTTLS\"\r\nOK \"ready\"\r\n", "OK begin\r\n", TLS,
	              "\"SASL\" \"PLAIN LOGIN\"\r\nOK {6}\r\ntls up\r\n" },
	  .client = "STARTTLS\r\nLOGOUT\r\n", .end = CHECK_OPENING_DONE,
	  .last = CHECK_OPENING_OVER },
	{ "imaps", CHECK_IMAPS,
	  .server = { TLS, "* OK hi\r\n", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\ns1 OK x\r\n" },
	  .client = "s1 CAPABILITY\r\ns4 LOGOUT\r\n", .end = CHECK_OPENING_DONE,
	  .last = CHECK_OPENING_OVER },
	{ "https", CHECK_HTTPS, .server = { TLS }, .client = "", .end = CHECK_OPENING_DONE,
	  .last = CHECK_OPENING_OVER },
};

struct run {
	struct check_opening o;
	struct buf said;
	enum check_opening_todo last;
};

static void collect(struct run *run)
{
	assert_int_equal(buf_add(&run->said, buf_slice(&run->o.out)), 0);
	buf_clear(&run->o.out);
}

static void met(struct run *run, enum check_opening_todo todo)
{
	collect(run);
	if (todo == CHECK_OPENING_LOOKED) {
		assert_int_equal(check_opening_quit(&run->o), 0);
		todo = CHECK_OPENING_OVER;
		collect(run);
	}
	if (todo != CHECK_OPENING_READ)
		run->last = todo;
}

/* step: bytes that come at once; 0: all */
static void feed(struct run *run, const char *text, size_t step)
{
	struct buf in = {};
	struct slice rest = slice_str(text);
	while (rest.len) {
		struct slice part = slice_head(rest, step ?: rest.len);
		size_t used = 1;
		assert_int_equal(buf_add(&in, part), 0);
		rest = slice_skip(rest, part.len);
		while (used) {
			enum check_opening_todo todo;
			assert_int_equal(check_opening_feed(&run->o, buf_slice(&in), &used, &todo),
			                 0);
			buf_consume(&in, used);
			met(run, todo);
		}
	}
	buf_deinit(&in);
}

static void run_talk(struct run *run, const struct talk *t, size_t step)
{
	struct check_opening_settings set = { .service = t->service,
		                              .hostname = "me.test",
		                              .asks_mail = t->asks_mail,
		                              .injects = t->injects };
	*run = (struct run){};
	check_opening_init(&run->o, &set);
	met(run, check_opening_start(&run->o));
	for (size_t i = 0; i < LINES_MAX && t->server[i]; i++) {
		enum check_opening_todo todo;
		if (t->server[i] != TLS) {
			feed(run, t->server[i], step);
			continue;
		}
		assert_int_equal(run->last, CHECK_OPENING_START_TLS);
		assert_int_equal(check_opening_tls_up(&run->o, &todo), 0);
		met(run, todo);
	}
}

static void run_end(struct run *run)
{
	check_opening_deinit(&run->o);
	buf_deinit(&run->said);
}

static void test_opening_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(talks); i++) {
		for (size_t step = 0; step < 3; step++) {
			struct run run;
			run_talk(&run, &talks[i], step);
			assert_int_equal(buf_add(&run.said, slice_of("", 1)), 0);
			if (strcmp((char *)run.said.data, talks[i].client) != 0 ||
			    run.o.end != talks[i].end || run.last != talks[i].last)
				fail_msg("%s: end %d todo %d, said %s", talks[i].name, run.o.end,
				         run.last, (char *)run.said.data);
			run_end(&run);
		}
	}
}

static void test_opening_facts(void **state)
{
	(void)state;
	struct run run;
	run_talk(&run, &talks[2], 0);
	assert_string_equal(run.o.software, "Postfix");
	assert_string_equal(run.o.greeting, "220 mx.example.org ESMTP Postfix (Debian/GNU)");
	assert_true(run.o.clear.offers_starttls && !run.o.sealed.offers_starttls);
	assert_true(run.o.sealed.offers_requiretls);
	assert_string_equal(run.o.clear.auth, "PLAIN LOGIN");
	assert_string_equal(run.o.sealed.auth, "PLAIN");
	assert_string_equal(run.o.clear.caps, "SIZE 1000 | STARTTLS | AUTH PLAIN LOGIN");
	run_end(&run);
}

static const struct talk *talk_named(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(talks); i++)
		if (!strcmp(talks[i].name, name))
			return &talks[i];
	fail_msg("no talk %s", name);
	return NULL;
}

static void test_opening_other_languages(void **state)
{
	(void)state;
	struct run run;
	run_talk(&run, talk_named("imap"), 0);
	assert_true(run.o.clear.login_disabled && !run.o.clear.is_preauth);
	assert_string_equal(run.o.sealed.auth, "PLAIN");
	assert_string_equal(run.o.software, "Dovecot");
	run_end(&run);
	run_talk(&run, talk_named("imap refuses STARTTLS"), 0);
	assert_true(run.o.clear.is_preauth);
	run_end(&run);
	run_talk(&run, talk_named("pop3"), 0);
	assert_true(run.o.clear.offers_user && run.o.sealed.offers_user);
	assert_string_equal(run.o.clear.auth, "PLAIN");
	run_end(&run);
	run_talk(&run, talk_named("pop3 without CAPA is asked for STLS all the same"), 0);
	assert_false(run.o.clear.was_heard);
	run_end(&run);
	run_talk(&run, talk_named("managesieve"), 0);
	assert_string_equal(run.o.clear.auth, "");
	assert_string_equal(run.o.sealed.auth, "PLAIN LOGIN");
	assert_string_equal(run.o.software, "Dovecot");
	run_end(&run);
}

static void test_opening_mail_in_clear(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum check_seen seen;
	} cases[] = {
		{ "250 ok\r\n", CHECK_YES },
		{ "530 5.7.0 Must issue a STARTTLS command first\r\n", CHECK_NO },
		{ "451 4.7.1 greylisted\r\n", CHECK_UNKNOWN },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct talk t = *talk_named("mail in clear is taken");
		struct run run;
		t.server[2] = cases[i].answer;
		run_talk(&run, &t, 0);
		assert_int_equal(run.o.plain_mail, cases[i].seen);
		assert_int_equal(run.last, CHECK_OPENING_START_TLS);
		run_end(&run);
	}
}

/* What follows the handshake when a command was sent in one piece with STARTTLS. */
static void test_opening_injection(void **state)
{
	(void)state;
	static const struct {
		const char *like;
		size_t clear; /* lines of it before TLS */
		const char *inside[3];
		enum check_seen seen;
	} cases[] = {
		{ "second look", 3, { EHLO_TLS, "250 ok\r\n" }, CHECK_NO },
		{ "second look", 3, { "250 ok\r\n", EHLO_TLS }, CHECK_YES },
		{ "second look", 3, { "250 ok\r\n" EHLO_TLS }, CHECK_YES },
		/* One line alone: the name tells whose answer it is. */
		{ "second look", 3, { "250 mx.example.org\r\n", "250 ok\r\n" }, CHECK_NO },
		{ "second look", 3, { "250 ok\r\n", "250 mx.example.org\r\n" }, CHECK_YES },
		{ "imap", 4, { "s1 OK x\r\n" }, CHECK_NO },
		{ "imap", 4, { "x9 OK x\r\n", "s1 OK x\r\n" }, CHECK_YES },
		{ "pop3", 3, { "+OK\r\nUSER\r\n.\r\n" }, CHECK_NO },
		{ "pop3", 3, { "+OK\r\n+OK\r\nUSER\r\n.\r\n" }, CHECK_YES },
		{ "pop3", 3, { "-ERR\r\n+OK\r\nUSER\r\n.\r\n" }, CHECK_YES },
		{ "managesieve",
		  3,
		  { "\"SASL\" \"\"\r\nOK\r\n", "\"SASL\" \"\"\r\nOK\r\n" },
		  CHECK_NO },
		{ "managesieve", 3, { "\"SASL\" \"\"\r\nOK\r\nOK\r\n" }, CHECK_YES },
		{ "managesieve", 3, { "OK\r\n\"SASL\" \"\"\r\nOK\r\n", "OK\r\n" }, CHECK_YES },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct talk t = *talk_named(cases[i].like);
		struct run run;
		t.injects = true;
		t.server[cases[i].clear] = TLS;
		for (size_t n = 0; n < 3; n++)
			t.server[cases[i].clear + 1 + n] = cases[i].inside[n];
		t.server[cases[i].clear + 4] = NULL;
		run_talk(&run, &t, 0);
		if (run.o.injection != cases[i].seen || run.o.end != CHECK_OPENING_DONE)
			fail_msg("case %zu: injection %d end %d", i, run.o.injection, run.o.end);
		const char *second = cases[i].inside[1];
		if (run.o.injection == CHECK_YES && second && !strcmp(second, EHLO_TLS))
			assert_true(run.o.sealed.offers_requiretls);
		run_end(&run);
	}
}

static void test_opening_injection_refused(void **state)
{
	(void)state;
	struct talk t = *talk_named("454 to STARTTLS");
	struct run run;
	t.injects = true;
	run_talk(&run, &t, 0);
	assert_int_equal(run.o.injection, CHECK_NO);
	run_end(&run);
	t.server[2] = "421 4.7.0 bye\r\n";
	run_talk(&run, &t, 0);
	assert_int_equal(run.o.injection, CHECK_NO);
	run_end(&run);
	t.server[2] = NULL;
	run_talk(&run, &t, 0);
	check_opening_eof(&run.o);
	assert_int_equal(run.o.injection, CHECK_NO);
	assert_int_equal(run.o.end, CHECK_OPENING_SHUT);
	run_end(&run);
}

static void test_opening_closed_without_a_word(void **state)
{
	(void)state;
	struct run run;
	struct talk t = { .service = CHECK_SMTP };
	run_talk(&run, &t, 0);
	check_opening_eof(&run.o);
	assert_int_equal(run.o.end, CHECK_OPENING_RATE);
	run_end(&run);
}

static void test_opening_endless_greeting(void **state)
{
	(void)state;
	static const struct {
		enum check_service service;
		const char *line;
	} cases[] = {
		{ CHECK_SMTP, "220-and another thing\r\n" },
		{ CHECK_IMAP, "* CAPABILITY and another thing\r\n" },
		{ CHECK_MANAGESIEVE, "\"X\" \"and another thing\"\r\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct talk t = { .service = cases[i].service };
		struct run run;
		run_talk(&run, &t, 0);
		for (int n = 0; n < 6000; n++)
			feed(&run, cases[i].line, 0);
		assert_int_equal(run.o.end, CHECK_OPENING_FOREIGN);
		run_end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opening_talks),
		cmocka_unit_test(test_opening_facts),
		cmocka_unit_test(test_opening_other_languages),
		cmocka_unit_test(test_opening_mail_in_clear),
		cmocka_unit_test(test_opening_injection),
		cmocka_unit_test(test_opening_injection_refused),
		cmocka_unit_test(test_opening_closed_without_a_word),
		cmocka_unit_test(test_opening_endless_greeting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
