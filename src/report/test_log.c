#include "base/clean.h"
#include "report/impact_log.h"
#include "report/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000 }; /* 2027-01-15 */

static const struct time_case {
	const char *line;
	int64_t at_s;
} times[] = {
	{ "2027-01-14T08:00:00.123456+00:00 mx postfix/smtpd[1]: x", NOW - 86400 },
	{ "2027-01-14T10:00:00+02:00 mx", NOW - 86400 },
	{ "2027-01-14T01:00:00-0700 mx", NOW - 86400 },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= a", NOW - 86400 },
	{ "Jan 14 08:00:00 mx postfix", NOW - 86400 },
	{ "Jan  5 08:00:00 mx postfix", NOW - 10 * 86400 },
	{ "Dec 31 08:00:00 mx postfix", NOW - 15 * 86400 }, /* of the year before */
	{ "yesterday", 0 },
	{ "2027-99-99T08:00:00 mx", 0 },
	{ "", 0 },
};

static void test_log_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++)
		if (log_time(slice_str(times[i].line), NOW) != times[i].at_s)
			fail_msg("%s: %lld", times[i].line,
			         (long long)log_time(slice_str(times[i].line), NOW));
}

static const struct line_case {
	const char *line;
	int (*parse)(struct slice line, struct log_session *ret_session);
	int result;
	struct log_session session; /* without its time */
} lines[] = {
	{ "Jan 14 08:00:00 mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, "
	  "rip=192.0.2.1, lip=192.0.2.9, mpid=77, TLS, session=<abc/def>",
	  log_dovecot_line,
	  0,
	  { LOG_IMAP, LOG_TLS_UNKNOWN, "192.0.2.1", "alice", "", "", "", 1, 0, 0 } },
	{ "imap-login: Info: Login: user=<al,ice>, method=PLAIN, rip=2001:db8::1, lip=::1, "
	  "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
	  log_dovecot_line,
	  0,
	  { LOG_IMAP, LOG_TLS_USED, "2001:db8::1", "al,ice", "", "TLSv1.3",
	    "TLS_AES_256_GCM_SHA384", 1, 0, 0 } },
	{ "pop3-login: Info: Logged in: user=<bob>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9",
	  log_dovecot_line,
	  0,
	  { LOG_POP3, LOG_TLS_NONE, "192.0.2.1", "bob", "", "", "", 1, 0, 0 } },
	{ "imap-login: Login: user=<carl>, method=PLAIN, rip=127.0.0.1, lip=127.0.0.1, secured",
	  log_dovecot_line,
	  LOG_NOTHING,
	  {} },
	{ "imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=192.0.2.1, "
	  "lip=192.0.2.9, TLS handshaking: SSL_accept() failed: error:0A000102:SSL "
	  "routines::unsupported protocol, session=<x>",
	  log_dovecot_line,
	  0,
	  { LOG_IMAP, LOG_TLS_REFUSED, "192.0.2.1", "", "", "", "", 0, 0, 0 } },
	{ "imap-login: Disconnected: Inactivity: user=<>, rip=192.0.2.1",
	  log_dovecot_line,
	  LOG_NOTHING,
	  {} },
	{ "imap-login: Login: user=<>, method=PLAIN, rip=192.0.2.1, TLS",
	  log_dovecot_line,
	  LOG_NOTHING,
	  {} },
	{ "imap(alice): Login: user=<alice>", log_dovecot_line, LOG_NOTHING, {} },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= a@example.org H=mx.example.org [192.0.2.1] "
	  "P=esmtps X=TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256 CV=no S=1234 id=1@x",
	  log_exim_line,
	  0,
	  { LOG_SMTP, LOG_TLS_USED, "192.0.2.1", "", "mx.example.org", "TLSv1.2",
	    "ECDHE_RSA_AES_256_GCM_SHA384", 1, 1234, 0 } },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= a@example.org H=(pc) [2001:db8::1]:4711 "
	  "P=esmtpsa X=TLSv1:AES128-SHA:128 CV=no A=plain:alice S=99",
	  log_exim_line,
	  0,
	  { LOG_SUBMISSION, LOG_TLS_USED, "2001:db8::1", "alice", "(pc)", "TLSv1.0", "AES128-SHA",
	    1, 99, 0 } },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= a@example.org H=mx.example.org [192.0.2.1] "
	  "P=esmtp S=5",
	  log_exim_line,
	  0,
	  { LOG_SMTP, LOG_TLS_NONE, "192.0.2.1", "", "mx.example.org", "", "", 1, 5, 0 } },
	/* the sender writes no fields */
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= \"a H=evil [203.0.113.1] A=x:eve\"@example.org "
	  "H=mx [192.0.2.1] P=esmtp S=5",
	  log_exim_line,
	  0,
	  { LOG_SMTP, LOG_TLS_NONE, "192.0.2.1", "", "mx", "", "", 1, 5, 0 } },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x <= root@mx U=root P=local S=5",
	  log_exim_line,
	  LOG_NOTHING,
	  {} },
	{ "2027-01-14 08:00:00 1tAbCd-000001-2x => b@example.org R=r T=t H=x [192.0.2.1]",
	  log_exim_line,
	  LOG_NOTHING,
	  {} },
	{ "2027-01-14 08:00:00 TLS error on connection from old.example.org [192.0.2.1] "
	  "(SSL_accept): error:0A000102:SSL routines::unsupported protocol",
	  log_exim_line,
	  0,
	  { LOG_SMTP, LOG_TLS_REFUSED, "192.0.2.1", "", "old.example.org", "", "", 0, 0, 0 } },
};

static bool is_same(const struct log_session *a, const struct log_session *b)
{
	return a->protocol == b->protocol && a->tls == b->tls && !strcmp(a->address, b->address) &&
	       !strcmp(a->user, b->user) && !strcmp(a->software, b->software) &&
	       !strcmp(a->version, b->version) && !strcmp(a->cipher, b->cipher) &&
	       a->messages == b->messages && a->bytes == b->bytes;
}

static void test_log_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct log_session s = {};
		int r = lines[i].parse(slice_str(lines[i].line), &s);
		if (r != lines[i].result || (!r && !is_same(&s, &lines[i].session)))
			fail_msg("%s: %d %d %s %s %s %s %s", lines[i].line, r, s.tls, s.address,
			         s.user, s.software, s.version, s.cipher);
	}
}

/* --- Postfix --- */

#define AT "Jan 14 08:00:00 mx "
static const char *const postfix_log[] = {
	AT "postfix/smtpd[10]: connect from old.example.net[192.0.2.1]",
	AT "postfix/submission/smtpd[11]: connect from unknown[2001:db8::1]",
	AT "postfix/smtpd[10]: Anonymous TLS connection established from "
	   "old.example.net[192.0.2.1]: TLSv1 with cipher ECDHE-RSA-AES256-SHA (256/256 bits)",
	AT "postfix/submission/smtpd[11]: Anonymous TLS connection established from "
	   "unknown[2001:db8::1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) "
	   "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256",
	AT "postfix/smtpd[10]: 4F1B21: client=old.example.net[192.0.2.1]",
	AT "postfix/cleanup[12]: 4F1B21: message-id=<connect from x[203.0.113.1]>",
	AT "postfix/smtpd[10]: 4F1B22: client=old.example.net[192.0.2.1]",
	AT "postfix/submission/smtpd[11]: 4F1B23: client=unknown[2001:db8::1], "
	   "sasl_method=PLAIN, sasl_username=alice",
	AT "postfix/smtpd[10]: disconnect from old.example.net[192.0.2.1] ehlo=2 starttls=1 mail=2",
	AT "postfix/submission/smtpd[11]: disconnect from unknown[2001:db8::1]",
	AT "postfix/smtpd[10]: connect from plain.example.net[192.0.2.2]",
	AT "postfix/smtpd[10]: NOQUEUE: client=plain.example.net[192.0.2.2]",
	AT "postfix/smtpd[10]: disconnect from plain.example.net[192.0.2.2]",
	AT "postfix/smtpd[10]: connect from scan.example.net[192.0.2.3]",
	AT "postfix/smtpd[10]: lost connection after CONNECT from scan.example.net[192.0.2.3]",
	AT "postfix/smtpd[10]: disconnect from scan.example.net[192.0.2.3]",
	AT "postfix/smtpd[10]: connect from ssl3.example.net[192.0.2.4]",
	AT "postfix/smtpd[10]: SSL_accept error from ssl3.example.net[192.0.2.4]: -1",
	AT "postfix/smtpd[10]: disconnect from ssl3.example.net[192.0.2.4]",
	AT "postfix/smtpd[4106]: connect from same.place[192.0.2.5]", /* 10 + 4096 */
	AT "postfix/smtpd[4106]: 4F1B25: client=same.place[192.0.2.5]",
};

static const struct log_session postfix_sessions[] = {
	{ LOG_SMTP, LOG_TLS_USED, "192.0.2.1", "", "old.example.net", "TLSv1.0",
	  "ECDHE-RSA-AES256-SHA", 2, 0, 0 },
	{ LOG_SUBMISSION, LOG_TLS_USED, "2001:db8::1", "alice", "unknown", "TLSv1.3",
	  "TLS_AES_256_GCM_SHA384", 1, 0, 0 },
	{ LOG_SMTP, LOG_TLS_NONE, "192.0.2.2", "", "plain.example.net", "", "", 1, 0, 0 },
	{ LOG_SMTP, LOG_TLS_REFUSED, "192.0.2.4", "", "ssl3.example.net", "", "", 0, 0, 0 },
	{ LOG_SMTP, LOG_TLS_NONE, "192.0.2.5", "", "same.place", "", "", 1, 0, 0 },
};

static void session_check(size_t at, const struct log_session *s)
{
	if (at >= COUNT_OF(postfix_sessions) || !is_same(s, &postfix_sessions[at]))
		fail_msg("session %zu: %d %s %s %s %s %s %llu", at, s->tls, s->address, s->user,
		         s->software, s->version, s->cipher, (unsigned long long)s->messages);
}

static void test_log_postfix(void **state)
{
	(void)state;
	CLEAN(freep) struct log_postfix *p = calloc(1, sizeof(*p));
	struct log_session s;
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(postfix_log); i++)
		if (!log_postfix_line(p, slice_str(postfix_log[i]), NOW, &s))
			session_check(count++, &s);
	while (!log_postfix_rest(p, &s))
		session_check(count++, &s);
	assert_int_equal(count, COUNT_OF(postfix_sessions));
}

/* --- what it comes to --- */

static void log_freep(struct impact_log **log)
{
	impact_log_free(*log);
}

static struct impact judged(struct impact_log *log)
{
	struct impact impact;
	int64_t began_s;
	uint64_t dropped;
	assert_int_equal(impact_log_judge(log, &impact, &began_s, &dropped), 0);
	return impact;
}

static void test_log_is_judged(void **state)
{
	(void)state;
	static const struct impact_wish wish = { .min_version = TLS_1_2, .requires_tls = false };
	CLEAN(log_freep) struct impact_log *log = NULL;
	assert_int_equal(impact_log_new(&log, &wish, NOW), 0);
	for (size_t i = 0; i < COUNT_OF(postfix_log); i++)
		assert_int_equal(impact_log_line(log, slice_str(postfix_log[i])), 0);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_int_equal(impact_log_line(log, slice_str(lines[i].line)), 0);
	CLEAN(impact_deinit) struct impact i = judged(log);
	assert_int_equal(i.counts[LOG_SMTP][IMPACT_FALLS].messages, 2);
	assert_int_equal(i.counts[LOG_SMTP][IMPACT_SAME].names, 1); /* GnuTLS's name of a suite */
	assert_int_equal(i.counts[LOG_SMTP][IMPACT_PLAIN].names, 3);
	assert_int_equal(i.counts[LOG_SMTP][IMPACT_REFUSED].names, 2);
	assert_int_equal(i.counts[LOG_SUBMISSION][IMPACT_CUT].names, 1);
	assert_int_equal(i.counts[LOG_SUBMISSION][IMPACT_SAME].names, 1);
	assert_int_equal(i.counts[LOG_IMAP][IMPACT_UNKNOWN].names, 1); /* "TLS" and no more */
	assert_int_equal(i.counts[LOG_IMAP][IMPACT_SAME].names, 1);
	assert_int_equal(i.counts[LOG_POP3][IMPACT_PLAIN_REFUSED].names, 1);
	assert_string_equal(i.findings[0].who, "192.0.2.1");
	assert_string_equal(i.findings[0].software, "old.example.net");
}

static void test_log_names_are_bounded(void **state)
{
	(void)state;
	static const struct impact_wish wish = {};
	CLEAN(log_freep) struct impact_log *log = NULL;
	CLEAN(impact_deinit) struct impact impact = {};
	int64_t began_s = 0;
	uint64_t dropped = 0;
	assert_int_equal(impact_log_new(&log, &wish, NOW), 0);
	for (int i = 0; i < IMPACT_LOG_NAMES_MAX + 500; i++) {
		char line[128];
		snprintf(line, sizeof(line),
		         "imap-login: Login: user=<u%d>, method=PLAIN, rip=192.0.2.1, TLS", i);
		assert_int_equal(impact_log_line(log, slice_str(line)), 0);
	}
	assert_int_equal(impact_log_judge(log, &impact, &began_s, &dropped), 0);
	assert_int_equal(dropped, 500);
	assert_int_equal(impact.counts[LOG_IMAP][IMPACT_UNKNOWN].sessions,
	                 IMPACT_LOG_NAMES_MAX + 500);
	assert_int_equal(impact.counts[LOG_IMAP][IMPACT_UNKNOWN].names, IMPACT_LOG_NAMES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_time),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_log_postfix),
		cmocka_unit_test(test_log_is_judged),
		cmocka_unit_test(test_log_names_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
