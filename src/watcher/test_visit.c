#include "watcher/visit.h"

#include "base/clean.h"
#include "tls/hello.h"
#include "watch/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What a visit tells, as text. */
struct told {
	struct store_recorder recorder;
	char exposures[512]; /* "user mechanism sent;" for each */
	char session[512];
	unsigned sessions, hellos;
};

static void on_session(struct store_recorder *r, const struct store_record *s)
{
	struct told *t = (struct told *)r;
	t->sessions++;
	snprintf(t->session, sizeof(t->session),
	         "%s %s %s %s user=%s%s software=%s failures=%u messages=%u tls=%s %s %s",
	         store_leg_name(s->leg), s->protocol, s->edge, store_seal_name(s->seal), s->user,
	         s->is_logged_in ? "!" : "", s->software, s->login_failures, s->messages,
	         s->tls_version, s->group, s->outcome);
}

static void on_hello(struct store_recorder *r, const struct store_hello *hello)
{
	((struct told *)r)->hellos++;
}

static void on_exposure(struct store_recorder *r, const struct store_exposure *e)
{
	struct told *t = (struct told *)r;
	size_t len = strlen(t->exposures);
	assert_string_equal(e->address, "192.0.2.7");
	snprintf(t->exposures + len, sizeof(t->exposures) - len, "%s %s %s;", e->user, e->mechanism,
	         e->password_sent ? "sent" : "tried");
}

struct stage {
	struct told told;
	struct watch_flow flow;
	struct watch_ear *ear;
};

static void stage_begin(struct stage *s, enum conf_protocol protocol)
{
	static char name[] = "m";
	const struct conf_mirror mirror = { .name = name, .protocol = protocol };
	*s = (struct stage){ .told.recorder = { on_session, on_hello, on_exposure },
		             .flow = { .client = { { [10] = 0xff, 0xff, 192, 0, 2, 7 } } } };
	struct watcher_visit *v = watcher_visit_new(&mirror, &s->told.recorder, &s->flow);
	assert_non_null(v);
	s->ear = watcher_visit_ear(v);
}

struct talk {
	const char *name;
	enum conf_protocol protocol;
	const char *recogniser;
	const char *lines[14]; /* "C: text", "S: text", "L: a literal of the client" */
	const char *exposures, *session;
};

#define ANNA "AGFubmEAc2VjcmV0" /* "\0anna\0secret" */

static const struct talk talks[] = {
	{ "mail in clear",
	  CONF_SMTP,
	  "smtp",
	  { "S: 220 mx", "C: EHLO a.example", "S: 250-mx", "S: 250 STARTTLS", "C: MAIL FROM:<a@b>",
	    "S: 250 ok", "C: DATA", "S: 354 go", "C: AUTH PLAIN " ANNA, "C: .", "S: 250 ok" },
	  "",
	  "inbound smtp m plain user= software=a.example failures=0 messages=1 tls=  ok" },
	{ "refused before a response",
	  CONF_SUBMISSION,
	  "smtp",
	  { "S: 220 mx", "C: EHLO p", "S: 250 mx", "C: AUTH LOGIN", "S: 538 no", "C: QUIT" },
	  " LOGIN tried;",
	  "user submission m plain user= software=p failures=0 messages=0 tls=  ok" },
	{ "refused with one, and sent once more all the same",
	  CONF_SUBMISSION,
	  "smtp",
	  { "S: 220 mx", "C: EHLO p", "S: 250 mx", "C: AUTH PLAIN", "S: 538 no", "C: " ANNA,
	    "S: 500 what", "C: QUIT" },
	  " PLAIN tried;anna PLAIN sent;",
	  "user submission m plain user= software=p failures=0 messages=0 tls=  ok" },
	{ "AUTH LOGIN step by step",
	  CONF_SUBMISSION,
	  "smtp",
	  { "C: EHLO p", "S: 250 mx", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6",
	    "C: YW5uYQ==", "S: 334 UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 235 in" },
	  " LOGIN tried;anna LOGIN tried;anna LOGIN sent;",
	  "user submission m plain user=anna! software=p failures=0 messages=0 tls=  ok" },
	{ "a login that failed",
	  CONF_SUBMISSION,
	  "smtp",
	  { "C: EHLO p", "S: 250 mx", "C: AUTH PLAIN " ANNA, "S: 535 no" },
	  "anna PLAIN sent;",
	  "user submission m plain user=anna software=p failures=1 messages=0 tls=  ok" },
	{ "LOGIN refused",
	  CONF_IMAP,
	  "imap",
	  { "S: * OK", "C: a LOGIN anna secret", "S: a NO [PRIVACYREQUIRED] no" },
	  "anna LOGIN sent;",
	  "user imap m plain user=anna software= failures=0 messages=0 tls=  ok" },
	{ "LOGIN in literals",
	  CONF_IMAP,
	  "imap",
	  { "S: * OK", "C: a LOGIN {4}", "S: + go on", "L: anna", "C:  {6}", "S: + go on",
	    "L: secret", "C: ", "S: a OK in" },
	  "anna LOGIN sent;",
	  "user imap m plain user=anna! software= failures=0 messages=0 tls=  ok" },
	{ "a literal that is refused is no credential",
	  CONF_IMAP,
	  "imap",
	  { "S: * OK", "C: a LOGIN {4}", "S: a BAD no", "C: b LOGOUT", "S: b OK" },
	  "",
	  "user imap m none user= software= failures=0 messages=0 tls=  ok" },
	{ "AUTHENTICATE",
	  CONF_IMAP,
	  "imap",
	  { "S: * OK", "C: a ID (\"name\" \"Mail\")", "S: a OK", "C: b AUTHENTICATE PLAIN", "S: + ",
	    "C: " ANNA, "S: b NO [AUTHENTICATIONFAILED] no" },
	  " PLAIN tried;anna PLAIN sent;",
	  "user imap m plain user=anna software=Mail failures=1 messages=0 tls=  ok" },
	{ "USER and PASS",
	  CONF_POP3,
	  "pop3",
	  { "S: +OK", "C: USER anna", "S: +OK", "C: PASS secret", "S: +OK in", "C: USER x" },
	  "anna USER/PASS tried;anna USER/PASS sent;",
	  "user pop3 m plain user=anna! software= failures=0 messages=0 tls=  ok" },
	{ "AUTH of POP3",
	  CONF_POP3,
	  "pop3",
	  { "S: +OK", "C: AUTH PLAIN", "S: + ", "C: " ANNA, "S: -ERR [AUTH] no" },
	  " PLAIN tried;anna PLAIN sent;",
	  "user pop3 m plain user=anna software= failures=1 messages=0 tls=  ok" },
	{ "APOP",
	  CONF_POP3,
	  "pop3",
	  { "S: +OK <1@x>", "C: APOP anna c4c9334bac560ecc979e58001b3e22fb", "S: -ERR no" },
	  "anna APOP tried;",
	  "user pop3 m plain user=anna software= failures=0 messages=0 tls=  ok" },
	{ "ManageSieve",
	  CONF_IMAP, /* which protocol it is recorded as, the settings say */
	  "managesieve",
	  { "S: \"SASL\" \"PLAIN\"", "S: OK", "C: AUTHENTICATE \"PLAIN\" \"" ANNA "\"", "S: OK" },
	  " PLAIN tried;anna PLAIN sent;",
	  "user imap m plain user=anna! software= failures=0 messages=0 tls=  ok" },
	{ "ManageSieve with a literal",
	  CONF_IMAP,
	  "managesieve",
	  { "C: AUTHENTICATE \"PLAIN\" {16+}", "L: " ANNA, "C: ", "S: NO (ENCRYPT-NEEDED)" },
	  " PLAIN tried;anna PLAIN sent;",
	  "user imap m plain user=anna software= failures=0 messages=0 tls=  ok" },
	{ "what is no mail is not read",
	  CONF_IMAP,
	  "redis",
	  { "C: a LOGIN anna secret" },
	  "",
	  "user imap m none user= software= failures=0 messages=0 tls=  ok" },
	{ "who only asks what is offered was no plain session",
	  CONF_SMTP,
	  "smtp",
	  { "S: 220 mx", "C: EHLO scan.example", "S: 250 mx", "C: QUIT" },
	  "",
	  "inbound smtp m none user= software=scan.example failures=0 messages=0 tls=  ok" },
};

static void say(struct stage *s, const struct watch_proto *proto, const char *line)
{
	struct watch_talk talk = { .proto = proto, .is_literal = line[0] == 'L' };
	enum watch_side side = line[0] == 'S' ? WATCH_SERVER : WATCH_CLIENT;
	s->flow.has_spoken[side] = true;
	s->ear->line(s->ear, &talk, side, slice_str(line + 3));
	s->flow.talk.is_proven |= slice_starts_nocase(slice_str(line + 3), "MAIL ");
}

static const struct watch_proto *proto_find(const char *name)
{
	for (size_t i = 0; i < watch_proto_count; i++)
		if (!strcmp(watch_protos[i]->name, name))
			return watch_protos[i];
	fail_msg("%s", name);
	return NULL;
}

static void test_visit_talks(void **state)
{
	for (size_t i = 0; i < COUNT_OF(talks); i++) {
		const struct talk *t = &talks[i];
		struct stage s;
		stage_begin(&s, t->protocol);
		for (size_t n = 0; n < COUNT_OF(t->lines) && t->lines[n]; n++)
			say(&s, proto_find(t->recogniser), t->lines[n]);
		watcher_visit_end(s.ear, &s.flow);
		if (strcmp(s.told.exposures, t->exposures) || strcmp(s.told.session, t->session))
			fail_msg("%s: %s | %s", t->name, s.told.exposures, s.told.session);
	}
}

static void test_visit_in_tls(void **state)
{
	struct stage s;
	stage_begin(&s, CONF_IMAP);
	s.ear->hello(s.ear, &(struct tls_hello){ .hash = 7, .max_version = 0x0304 });
	s.flow.has_spoken[WATCH_CLIENT] = true;
	s.flow.tls = (struct watch_tls){
		.version = 0x0303, .suite = 0xc02b, .group = 23, .has_answer = true
	};
	watcher_visit_end(s.ear, &s.flow);
	assert_int_equal(s.told.hellos, 1);
	assert_string_equal(s.told.session, "user imap m sealed user= software= failures=0 "
	                                    "messages=0 tls=TLSv1.2 P-256 ok");
}

static void test_visit_whose_handshake_was_refused(void **state)
{
	struct stage s;
	stage_begin(&s, CONF_SMTP);
	s.ear->hello(s.ear, &(struct tls_hello){ .hash = 7, .max_version = 0x0301 });
	s.flow.has_spoken[WATCH_CLIENT] = true;
	s.flow.tls.is_refused = true;
	watcher_visit_end(s.ear, &s.flow);
	assert_string_equal(s.told.session, "inbound smtp m none user= software= failures=0 "
	                                    "messages=0 tls=  tls-failed");
}

static void test_visit_without_a_word_is_none(void **state)
{
	struct stage s;
	stage_begin(&s, CONF_SMTP);
	say(&s, proto_find("smtp"), "S: 220 mx");
	watcher_visit_end(s.ear, &s.flow);
	assert_int_equal(s.told.sessions, 0);
}

static void test_visit_says_what_it_keeps(void **state)
{
	struct stage s;
	stage_begin(&s, CONF_IMAP);
	say(&s, proto_find("imap"), "C: a LOGIN anna {999+}");
	assert_true(s.ear->held > 0);
	say(&s, proto_find("imap"), "S: a BAD no");
	assert_int_equal(s.ear->held, 0);
	watcher_visit_end(s.ear, &s.flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visit_talks),
		cmocka_unit_test(test_visit_in_tls),
		cmocka_unit_test(test_visit_whose_handshake_was_refused),
		cmocka_unit_test(test_visit_without_a_word_is_none),
		cmocka_unit_test(test_visit_says_what_it_keeps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
