#include "base/log.h"

#include "base/clean.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LINE_TAIL = 48, /* kept free for dropped=, the end of a JSON object and '\n' */
	SYSLOG_MAIL = 2 << 3,
	SYSLOG_HEAD_MAX = 48,
};

static const struct {
	const char *name;
	int severity; /* RFC 3164 4.1.1 */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },   [LOG_LEVEL_WARN] = { "warn", 4 },
	[LOG_LEVEL_NOTICE] = { "notice", 5 }, [LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};
_Static_assert(COUNT_OF(levels) == LOG_LEVEL_COUNT, "a level without a name");

/* A process has one log, and whoever writes to it should not need to be handed it: a static. */
static struct {
	char process[32];
	enum log_format format;
	enum log_level level;
	mode_t stderr_kind; /* S_IFSOCK: journald */
	int syslog_fd;      /* -1: stderr */
	struct sockaddr_un syslog;
	uint64_t dropped;
	uint64_t dropped_unsaid;
	bool is_torn; /* stderr ends in a line cut short */
	bool is_holding;
	char held[LOG_LINE_MAX]; /* whole lines; a pipe takes as many in one piece */
	size_t held_len;
	unsigned held_lines;
	uint64_t held_dropped; /* what these lines say of dropped ones */
} the_log = { .process = "mailseal", .level = LOG_LEVEL_INFO, .syslog_fd = -1 };

/* --- one line, pure --- */

struct writer {
	char *text;
	size_t len;
	size_t cap; /* nothing is written past it; is_full tells that something should have been */
	bool is_full;
	bool is_json;
};

static void put(struct writer *w, const char *text, size_t len)
{
	if (w->is_full || w->cap - w->len < len) {
		w->is_full = true;
		return;
	}
	memcpy(w->text + w->len, text, len);
	w->len += len;
}

static void put_str(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

static void put_escaped(struct writer *w, uint8_t c)
{
	char escape[8];
	if (c == '"' || c == '\\')
		snprintf(escape, sizeof(escape), "\\%c", c);
	else if (c >= ' ' && c < 0x7f)
		snprintf(escape, sizeof(escape), "%c", c);
	else /* a byte, not a character: what a peer wrote need not be UTF-8 */
		snprintf(escape, sizeof(escape), w->is_json ? "\\u%04x" : "\\x%02x", c);
	put_str(w, escape);
}

static void put_quoted(struct writer *w, struct slice value)
{
	size_t limit = w->len + LOG_VALUE_MAX;
	put_str(w, "\"");
	for (size_t i = 0; i < value.len && !w->is_full; i++) {
		if (w->len > limit) {
			put_str(w, "...");
			break;
		}
		put_escaped(w, value.data[i]);
	}
	put_str(w, "\"");
}

static void put_text(struct writer *w, struct slice value)
{
	bool needs_quotes = w->is_json || value.len == 0 || value.len > LOG_VALUE_MAX;
	for (size_t i = 0; i < value.len && !needs_quotes; i++)
		needs_quotes = !is_plain(value.data[i]);
	if (needs_quotes)
		put_quoted(w, value);
	else
		put(w, (const char *)value.data, value.len);
}

static void put_key(struct writer *w, const char *key)
{
	bool is_first = w->len == 0;
	if (w->is_json)
		put_str(w, is_first ? "{\"" : ",\"");
	else if (!is_first)
		put_str(w, " ");
	put_str(w, key);
	put_str(w, w->is_json ? "\":" : "=");
}

static void put_field_text(struct writer *w, const char *key, struct slice value)
{
	if (!value.len)
		return;
	put_key(w, key);
	put_text(w, value);
}

__attribute__((format(printf, 3, 4))) static void put_number(struct writer *w, const char *key,
                                                             const char *format, ...)
{
	char text[48];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_key(w, key);
	put_str(w, text);
}

static void put_field(struct writer *w, const struct log_field *f)
{
	switch (f->type) {
	case LOG_FIELD_STR:
		put_field_text(w, f->key, slice_str(f->str ? f->str : ""));
		break;
	case LOG_FIELD_SLICE:
		put_field_text(w, f->key, f->slice);
		break;
	case LOG_FIELD_INT:
		put_number(w, f->key, "%" PRId64, f->number);
		break;
	case LOG_FIELD_MS:
		put_number(w, f->key, "%" PRIu64 ".%03u", f->ms / 1000, (unsigned)(f->ms % 1000));
		break;
	case LOG_FIELD_BOOL:
		put_number(w, f->key, "%s", f->yes ? "true" : "false");
		break;
	}
}

static void put_time(struct writer *w, const struct timespec *at)
{
	struct tm tm;
	char text[48];
	if (!gmtime_r(&at->tv_sec, &tm))
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	         tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	         (int)(at->tv_nsec / 1000000));
	put_key(w, "time");
	if (w->is_json)
		put_quoted(w, slice_str(text));
	else
		put_str(w, text);
}

size_t log_line_format(const struct log_line *line, const struct log_field *fields, char *ret_text)
{
	struct writer w = {
		.text = ret_text,
		.cap = LOG_LINE_MAX - LINE_TAIL,
		.is_json = line->format == LOG_FORMAT_JSON,
	};
	if (line->has_time)
		put_time(&w, &line->time);
	put_field_text(&w, "level", slice_str(levels[line->level].name));
	put_field_text(&w, "process", slice_str(line->process));
	put_field_text(&w, "event", slice_str(line->event));
	put_field_text(&w, "session", slice_str(line->session_id ? line->session_id : ""));
	bool is_cut = false;
	for (const struct log_field *f = fields; f->key; f++) {
		size_t before = w.len;
		put_field(&w, f);
		if (!w.is_full)
			continue;
		w.len = before; /* a field is there whole or not at all */
		w.is_full = false;
		is_cut = true;
	}
	w.cap = LOG_LINE_MAX;
	w.is_full = false;
	if (is_cut)
		put_number(&w, "cut", "true");
	if (line->dropped)
		put_number(&w, "dropped", "%" PRIu64, line->dropped);
	put_str(&w, w.is_json ? "}\n" : "\n");
	return w.len;
}

/* --- where it goes --- */

static mode_t stderr_kind(void)
{
	struct stat st;
	return fstat(STDERR_FILENO, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

int log_syslog_open(const char *path)
{
	struct stat st;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(to.sun_path) || stat(path, &st) || !S_ISSOCK(st.st_mode))
		return LOG_SETUP_NO_SYSLOG;
	memcpy(to.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return LOG_SETUP_NO_SYSLOG;
	if (the_log.syslog_fd >= 0)
		close(the_log.syslog_fd);
	the_log.syslog_fd = fd;
	the_log.syslog = to;
	return 0;
}

int log_setup(const char *process, enum log_format format, enum log_target target)
{
	struct tm tm;
	snprintf(the_log.process, sizeof(the_log.process), "%s", process);
	the_log.format = format;
	the_log.stderr_kind = stderr_kind();
	gmtime_r(&(time_t){ 0 }, &tm); /* reads its files now, while there are any */
	if (target == LOG_TARGET_SYSLOG)
		return log_syslog_open("/dev/log");
	if (the_log.syslog_fd >= 0)
		close(the_log.syslog_fd);
	the_log.syslog_fd = -1;
	return 0;
}

void log_set_level(enum log_level level)
{
	the_log.level = level;
}

bool log_has_level(enum log_level level)
{
	return level <= the_log.level;
}

uint64_t log_dropped(void)
{
	return the_log.dropped;
}

/*
 * The descriptor is shared with other programs, so it is not made non-blocking. A pipe that poll
 * calls writable has room for PIPE_BUF bytes, and a line is no longer. A file never makes us wait.
 */
static bool stderr_take(const char *text, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	if (S_ISSOCK(the_log.stderr_kind))
		return send(STDERR_FILENO, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
	if (!S_ISREG(the_log.stderr_kind) && (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT)))
		return false;
	/* A full disk may have taken half a line: the next one begins a new one all the same. */
	if (the_log.is_torn && write(STDERR_FILENO, "\n", 1) != 1)
		return false;
	ssize_t n = write(STDERR_FILENO, text, len);
	the_log.is_torn = n > 0 && n < (ssize_t)len;
	return n == (ssize_t)len;
}

/* The address goes with each line: no connection that a restart of syslog would break. */
static bool syslog_take(enum log_level level, const char *text, size_t len)
{
	char packet[SYSLOG_HEAD_MAX + LOG_LINE_MAX];
	int head =
		snprintf(packet, SYSLOG_HEAD_MAX,
	                 "<%d>mailseal[%d]: ", SYSLOG_MAIL | levels[level].severity, (int)getpid());
	size_t total = (size_t)head + len - 1; /* without '\n' */
	memcpy(packet + head, text, len - 1);
	return sendto(the_log.syslog_fd, packet, total, MSG_DONTWAIT | MSG_NOSIGNAL,
	              (const struct sockaddr *)&the_log.syslog,
	              sizeof(the_log.syslog)) == (ssize_t)total;
}

static void drop(uint64_t lines, uint64_t said)
{
	the_log.dropped += lines;
	the_log.dropped_unsaid += lines + said;
}

void log_hold(void)
{
	the_log.is_holding = true;
}

void log_flush(void)
{
	int saved = errno;
	if (!the_log.held_len)
		return;
	if (!stderr_take(the_log.held, the_log.held_len))
		drop(the_log.held_lines, the_log.held_dropped);
	the_log.held_len = 0;
	the_log.held_lines = 0;
	the_log.held_dropped = 0;
	errno = saved;
}

void log_release(void)
{
	log_flush();
	the_log.is_holding = false;
}

/* False: this one cannot wait. */
static bool hold(enum log_level level, const char *text, size_t len)
{
	if (the_log.held_len + len > sizeof(the_log.held))
		log_flush();
	if (!the_log.is_holding || level <= LOG_LEVEL_WARN || the_log.syslog_fd >= 0) {
		log_flush();
		return false;
	}
	memcpy(the_log.held + the_log.held_len, text, len);
	the_log.held_len += len;
	the_log.held_lines++;
	the_log.held_dropped += the_log.dropped_unsaid;
	return true;
}

void log_write(enum log_level level, const char *session_id, const char *event,
               const struct log_field *fields)
{
	char text[LOG_LINE_MAX];
	bool is_syslog = the_log.syslog_fd >= 0;
	int saved = errno;
	if (!log_has_level(level))
		return;
	struct log_line line = {
		.format = the_log.format,
		.level = level,
		.has_time = !is_syslog,
		.process = the_log.process,
		.session_id = session_id,
		.event = event,
		.dropped = the_log.dropped_unsaid,
	};
	clock_gettime(CLOCK_REALTIME, &line.time);
	size_t len = log_line_format(&line, fields, text);
	if (hold(level, text, len) ||
	    (is_syslog ? syslog_take(level, text, len) : stderr_take(text, len)))
		the_log.dropped_unsaid = 0;
	else
		drop(1, 0);
	errno = saved;
}
