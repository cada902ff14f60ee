/*
 * The log: one event is one line with a fixed text and fields, as logfmt or JSON, on stderr or to
 * syslog (facility mail). Values may come from a peer: they are escaped, so none can forge a field
 * or a line. A line is at most LOG_LINE_MAX bytes and never split between two writes. It never
 *waits: what the reader does not take is dropped, counted, and said in the next line that gets
 *through.
 *
 *	log_notice(session_id, "session ended", kv_str("client", addr), kv_int("messages", n));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* Error: a person must act. Warn: we coped. Notice: a session began, ended, was refused. */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT,
};

enum { LOG_LINE_MAX = 4096, LOG_VALUE_MAX = 1024 }; /* bytes; a longer value ends in "..." */

enum log_field_type { LOG_FIELD_STR, LOG_FIELD_SLICE, LOG_FIELD_INT, LOG_FIELD_MS, LOG_FIELD_BOOL };

/* key is ours (never a peer's) and plain: letters, digits, '_'. Values are borrowed. */
struct log_field {
	const char *key;
	enum log_field_type type;
	union {
		const char *str;
		struct slice slice;
		int64_t number;
		uint64_t ms;
		bool yes;
	};
};

/* An empty text (or NULL) is a thing not known: the field is left out. */
static inline struct log_field kv_str(const char *key, const char *value)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_STR, .str = value };
}

static inline struct log_field kv_slice(const char *key, struct slice value)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_SLICE, .slice = value };
}

static inline struct log_field kv_int(const char *key, int64_t value)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_INT, .number = value };
}

/* Milliseconds in, written as seconds with three decimals. */
static inline struct log_field kv_ms(const char *key, uint64_t ms)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_MS, .ms = ms };
}

static inline struct log_field kv_bool(const char *key, bool value)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_BOOL, .yes = value };
}

enum log_setup_result { LOG_SETUP_NO_SYSLOG = 1 }; /* no /dev/log: stderr is used instead */

/*
 * Once, at the start of a process and before it is boxed (the socket for syslog is opened here; a
 * restarted syslog is found again). Without it the log is logfmt on stderr from "mailseal".
 * process is copied: "parent", "worker-0". Returns 0 or LOG_SETUP_NO_SYSLOG.
 */
int log_setup(const char *process, enum log_format format, enum log_target target);

/* The least important level that is written; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);
bool log_has_level(enum log_level level);

/*
 * From now on lines that are less than a warning wait for log_flush(), which writes several at
 * once: for a process that writes a line a session, and flushes at the end of each turn.
 */
void log_hold(void);
void log_flush(void);
/* What waits is written, and no line waits any more. */
void log_release(void);

/* Lines that were not taken since the start. */
uint64_t log_dropped(void);

/* fields end with one whose key is NULL. Use the macros below. */
void log_write(enum log_level level, const char *session_id, const char *event,
               const struct log_field *fields);

#define LOG_AT_(level, session_id, event, ...)                                                     \
	log_write((level), (session_id), (event),                                                  \
	          (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .key = NULL } })

/* session_id: NULL where there is no session. What follows event: any number of kv_...(). */
#define log_error(session_id, ...) LOG_AT_(LOG_LEVEL_ERROR, session_id, __VA_ARGS__)
#define log_warn(session_id, ...) LOG_AT_(LOG_LEVEL_WARN, session_id, __VA_ARGS__)
#define log_notice(session_id, ...) LOG_AT_(LOG_LEVEL_NOTICE, session_id, __VA_ARGS__)
#define log_info(session_id, ...) LOG_AT_(LOG_LEVEL_INFO, session_id, __VA_ARGS__)
/* The fields are not even computed where debug is off. */
#define log_debug(session_id, ...)                                                                 \
	do {                                                                                       \
		if (log_has_level(LOG_LEVEL_DEBUG))                                                \
			LOG_AT_(LOG_LEVEL_DEBUG, session_id, __VA_ARGS__);                         \
	} while (0)

/* What log_write() puts on a line, for tests: pure. */
struct log_line {
	enum log_format format;
	enum log_level level;
	bool has_time; /* syslog has its own */
	struct timespec time;
	const char *process;
	const char *session_id; /* may be NULL */
	const char *event;
	uint64_t dropped; /* lines lost just before; 0: not said */
};

/* Writes the line, '\n' last, no NUL. ret_text has LOG_LINE_MAX bytes. Returns its length. */
size_t log_line_format(const struct log_line *line, const struct log_field *fields, char *ret_text);

/* Lines go to the datagram socket at path. 0 or LOG_SETUP_NO_SYSLOG. For log_setup() and tests. */
int log_syslog_open(const char *path);

#endif
