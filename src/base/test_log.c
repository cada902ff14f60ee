#include "base/clean.h"
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#define FIELDS(...) ((const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .key = NULL } })

/* 2026-01-02T03:04:05.123Z */
static const struct timespec then = { .tv_sec = 1767323045, .tv_nsec = 123456789 };

static const char *format_line(enum log_format format, const struct log_field *fields)
{
	static char text[LOG_LINE_MAX + 1];
	struct log_line line = {
		.format = format,
		.level = LOG_LEVEL_NOTICE,
		.has_time = true,
		.time = then,
		.process = "worker-0",
		.session_id = "s1",
		.event = "session ended",
	};
	size_t len = log_line_format(&line, fields, text);
	assert_in_range(len, 1, LOG_LINE_MAX);
	text[len] = 0;
	return text;
}

#define LOGFMT_HEAD                                                                                \
	"time=2026-01-02T03:04:05.123Z level=notice process=worker-0 event=\"session ended\" "     \
	"session=s1"
#define JSON_HEAD                                                                                  \
	"{\"time\":\"2026-01-02T03:04:05.123Z\",\"level\":\"notice\",\"process\":\"worker-0\","    \
	"\"event\":\"session ended\",\"session\":\"s1\""

static void test_log_types(void **state)
{
	(void)state;
	const struct log_field *fields =
		FIELDS(kv_str("client", "192.0.2.1"), kv_int("port", -7), kv_ms("seconds", 61005),
	               kv_bool("resumed", true), kv_bool("tls", false), kv_str("none", ""),
	               kv_str("null", NULL), kv_slice("part", slice_of("abcdef", 3)),
	               kv_slice("no_part", (struct slice){}));
	assert_string_equal(format_line(LOG_FORMAT_LOGFMT, fields),
	                    LOGFMT_HEAD " client=192.0.2.1 port=-7 seconds=61.005 resumed=true "
	                                "tls=false part=abc\n");
	assert_string_equal(format_line(LOG_FORMAT_JSON, fields),
	                    JSON_HEAD ",\"client\":\"192.0.2.1\",\"port\":-7,\"seconds\":61.005,"
	                              "\"resumed\":true,\"tls\":false,\"part\":\"abc\"}\n");
	assert_string_equal(format_line(LOG_FORMAT_LOGFMT, FIELDS()), LOGFMT_HEAD "\n");
	assert_string_equal(format_line(LOG_FORMAT_JSON, FIELDS()), JSON_HEAD "}\n");
}

/* What a peer writes to forge a field, a line, or an end of the object. */
static const struct {
	const char *name;
	const char *value;
	const char *logfmt;
	const char *json;
} forged[] = {
	{ "plain", "mx1.example.org", "mx1.example.org", "\"mx1.example.org\"" },
	{ "space", "a b", "\"a b\"", "\"a b\"" },
	{ "field", "x outcome=ok", "\"x outcome=ok\"", "\"x outcome=ok\"" },
	{ "equal sign", "a=b", "\"a=b\"", "\"a=b\"" },
	{ "quote", "a\" b=\"c", "\"a\\\" b=\\\"c\"", "\"a\\\" b=\\\"c\"" },
	{ "backslash", "a\\", "\"a\\\\\"", "\"a\\\\\"" },
	{ "line", "a\r\ntime=0", "\"a\\x0d\\x0atime=0\"", "\"a\\u000d\\u000atime=0\"" },
	{ "escape sequence", "\x1b[2J", "\"\\x1b[2J\"", "\"\\u001b[2J\"" },
	{ "not ASCII", "\xc3\xa9\xff", "\"\\xc3\\xa9\\xff\"", "\"\\u00c3\\u00a9\\u00ff\"" },
	{ "DEL", "\x7f", "\"\\x7f\"", "\"\\u007f\"" },
};

static void test_log_forged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(forged); i++) {
		char expected[512];
		const struct log_field *fields = FIELDS(kv_str("helo", forged[i].value));
		snprintf(expected, sizeof(expected), LOGFMT_HEAD " helo=%s\n", forged[i].logfmt);
		assert_string_equal(format_line(LOG_FORMAT_LOGFMT, fields), expected);
		snprintf(expected, sizeof(expected), JSON_HEAD ",\"helo\":%s}\n", forged[i].json);
		assert_string_equal(format_line(LOG_FORMAT_JSON, fields), expected);
	}
	const struct log_field *nul = FIELDS(kv_slice("helo", slice_of("a\0b", 3)));
	assert_string_equal(format_line(LOG_FORMAT_LOGFMT, nul), LOGFMT_HEAD " helo=\"a\\x00b\"\n");
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void test_log_bounded(void **state)
{
	(void)state;
	char big[3 * LOG_LINE_MAX];
	memset(big, 'x', sizeof(big));
	for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
		const char *one = format_line(
			(enum log_format)format,
			FIELDS(kv_slice("a", slice_of(big, sizeof(big))), kv_str("b", "there")));
		assert_int_equal(count_of(one, "...\""), 1);
		assert_int_equal(count_of(one, "there"), 1);
		memset(big, '\n', sizeof(big));
		struct slice huge = slice_of(big, sizeof(big));
		const char *many = format_line((enum log_format)format,
		                               FIELDS(kv_slice("a", huge), kv_slice("b", huge),
		                                      kv_slice("c", huge), kv_slice("d", huge),
		                                      kv_int("last", 1)));
		assert_int_equal(count_of(many, "\n"), 1);
		assert_int_equal(count_of(many, "last"), 1);
		assert_int_equal(count_of(many, "cut"), 1);
		if (format == LOG_FORMAT_JSON)
			assert_string_equal(many + strlen(many) - 2, "}\n");
	}
}

/* Writes into a pipe in place of stderr; what came out is in ret_text. */
struct capture {
	int saved, read_fd;
};

static struct capture capture_start(void)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	struct capture c = { .saved = dup(STDERR_FILENO), .read_fd = fds[0] };
	assert_true(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	/* It looks once what stderr is; until now that may have been a file. */
	assert_int_equal(log_setup("worker-1", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR), 0);
	return c;
}

static size_t capture_read(const struct capture *c, char *ret_text, size_t cap)
{
	size_t len = 0;
	ssize_t n;
	while (len + 1 < cap && (n = read(c->read_fd, ret_text + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	ret_text[len] = 0;
	return len;
}

static void capture_end(struct capture *c)
{
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->read_fd);
}

static void test_log_levels(void **state)
{
	(void)state;
	char text[8192];
	struct capture c = capture_start();
	log_error(NULL, "one");
	log_warn("s2", "two", kv_int("n", 2));
	log_debug(NULL, "hidden");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug(NULL, "shown");
	log_set_level(LOG_LEVEL_WARN);
	log_notice(NULL, "hidden");
	log_set_level(LOG_LEVEL_INFO);
	capture_read(&c, text, sizeof(text));
	capture_end(&c);
	assert_non_null(strstr(text, " level=error process=worker-1 event=one\n"));
	assert_non_null(strstr(text, " level=warn process=worker-1 event=two session=s2 n=2\n"));
	assert_non_null(strstr(text, "event=shown"));
	assert_null(strstr(text, "hidden"));
}

/* A reader that does not read: lines are dropped, and the next one says so. */
static void test_log_never_waits(void **state)
{
	(void)state;
	static char text[1 << 20];
	char filler[900];
	memset(filler, 'f', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = 0;
	uint64_t before = log_dropped();
	struct capture c = capture_start();
	for (int i = 0; i < 1000; i++)
		log_info(NULL, "full", kv_str("filler", filler));
	uint64_t dropped = log_dropped() - before;
	capture_read(&c, text, sizeof(text));
	log_info(NULL, "again");
	capture_read(&c, text, sizeof(text));
	capture_end(&c);
	assert_in_range(dropped, 1, 999);
	char expected[64];
	snprintf(expected, sizeof(expected), "event=again dropped=%u\n", (unsigned)dropped);
	assert_non_null(strstr(text, expected));
}

/* Held lines are written together, in order, and at the latest before a warning. */
static void test_log_held(void **state)
{
	(void)state;
	static char text[2 * LOG_LINE_MAX];
	struct capture c = capture_start();
	log_hold();
	log_info(NULL, "first");
	log_notice(NULL, "second");
	capture_read(&c, text, sizeof(text));
	assert_string_equal(text, "");
	log_flush();
	capture_read(&c, text, sizeof(text));
	assert_non_null(strstr(strstr(text, "event=first\n"), "event=second\n"));
	log_info(NULL, "third");
	log_warn(NULL, "fourth");
	capture_read(&c, text, sizeof(text));
	assert_non_null(strstr(strstr(text, "event=third\n"), "event=fourth\n"));
	char filler[1000] = "";
	memset(filler, 'f', sizeof(filler) - 1);
	for (int i = 0; i < 5; i++)
		log_info(NULL, "much", kv_str("filler", filler));
	capture_read(&c, text, sizeof(text));
	assert_non_null(strstr(text, "event=much")); /* they did not fit */
	log_flush();
	log_release();
	capture_end(&c);
}

/* A reader that does not read: each of the held lines counts. */
static void test_log_held_dropped(void **state)
{
	(void)state;
	int saved = dup(STDERR_FILENO);
	uint64_t before = log_dropped();
	log_hold();
	log_info(NULL, "one");
	log_info(NULL, "two");
	close(STDERR_FILENO);
	log_flush();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(log_dropped() - before, 2);
	struct capture c = capture_start();
	char text[1024];
	log_info(NULL, "somewhere");
	log_info(NULL, "else");
	log_release();
	capture_read(&c, text, sizeof(text));
	capture_end(&c);
	assert_non_null(strstr(text, "event=somewhere dropped=2\n"));
	assert_non_null(strstr(text, "event=else\n"));
}

static void test_log_stderr_closed(void **state)
{
	(void)state;
	int saved = dup(STDERR_FILENO);
	uint64_t before = log_dropped();
	close(STDERR_FILENO);
	log_info(NULL, "nowhere");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(log_dropped() - before, 1);
	struct capture c = capture_start();
	log_info(NULL, "somewhere");
	char text[512];
	capture_read(&c, text, sizeof(text));
	capture_end(&c);
	assert_non_null(strstr(text, "event=somewhere dropped=1\n"));
}

/* A full disk takes half a line; the next begins a new one. */
static void test_log_torn(void **state)
{
	(void)state;
	struct rlimit before;
	char text[4096] = "";
	char path[] = "/tmp/mailseal-log-XXXXXX";
	int file = mkstemp(path);
	int saved = dup(STDERR_FILENO);
	assert_true(file >= 0 && saved >= 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit full = { .rlim_cur = 40, .rlim_max = before.rlim_max };

	dup2(file, STDERR_FILENO);
	int r = log_setup("worker-1", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR);
	setrlimit(RLIMIT_FSIZE, &full);
	log_info(NULL, "does not fit");
	log_info(NULL, "nor does this");
	setrlimit(RLIMIT_FSIZE, &before);
	log_info(NULL, "fits");
	log_info(NULL, "so does this");
	dup2(saved, STDERR_FILENO);
	close(saved);
	signal(SIGXFSZ, SIG_DFL);

	assert_true(pread(file, text, sizeof(text) - 1, 0) > 0);
	close(file);
	unlink(path);
	assert_int_equal(r, 0);
	assert_int_equal(strcspn(text, "\n"), 40);
	assert_memory_equal(text + 41, "time=", 5);
	assert_null(strstr(text, "nor does this"));
	char *next = strstr(text, "event=fits dropped=2\ntime=");
	assert_non_null(next);
	assert_non_null(strstr(next, "event=\"so does this\"\n"));
	assert_int_equal(log_setup("worker-1", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR), 0);
}

static int syslogd_open(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(at->sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)at, sizeof(*at)), 0);
	return fd;
}

static void test_log_syslog(void **state)
{
	(void)state;
	char dir[] = "/tmp/mailseal-log-XXXXXX";
	char packet[8192];
	char expected[128];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	assert_non_null(mkdtemp(dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/log", dir);
	assert_int_equal(log_syslog_open(at.sun_path), LOG_SETUP_NO_SYSLOG);

	int fd = syslogd_open(&at);
	assert_int_equal(log_syslog_open(at.sun_path), 0);
	log_notice(NULL, "hello there");
	ssize_t n = recv(fd, packet, sizeof(packet) - 1, 0);
	assert_true(n > 0);
	packet[n] = 0;
	snprintf(expected, sizeof(expected),
	         "<21>mailseal[%d]: level=notice process=worker-1 event=\"hello there\"",
	         (int)getpid());
	assert_string_equal(packet, expected);

	close(fd); /* syslog restarts */
	log_notice(NULL, "lost");
	fd = syslogd_open(&at);
	log_error(NULL, "found again");
	n = recv(fd, packet, sizeof(packet) - 1, 0);
	assert_true(n > 0);
	packet[n] = 0;
	snprintf(expected, sizeof(expected),
	         "<19>mailseal[%d]: level=error process=worker-1 event=\"found again\" dropped=1",
	         (int)getpid());
	assert_string_equal(packet, expected);
	close(fd);
	unlink(at.sun_path);
	rmdir(dir);
	assert_int_equal(log_setup("worker-1", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_types),        cmocka_unit_test(test_log_forged),
		cmocka_unit_test(test_log_bounded),      cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_log_never_waits),  cmocka_unit_test(test_log_held),
		cmocka_unit_test(test_log_held_dropped), cmocka_unit_test(test_log_stderr_closed),
		cmocka_unit_test(test_log_torn),         cmocka_unit_test(test_log_syslog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
