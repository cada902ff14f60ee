/*
 * Lines of other servers' logs: one small parser a format. What a log can say of a session is the
 * version and cipher that were used, not what the client could do. Pure; a line is what strangers
 * wrote in part, and everything taken from it is bounded and printable.
 */
#ifndef REPORT_LOG_H
#define REPORT_LOG_H

#include "base/slice.h"

enum { LOG_LINE_MAX = 8192, LOG_NOTHING = 1 };

enum log_protocol { LOG_SMTP, LOG_SUBMISSION, LOG_IMAP, LOG_POP3, LOG_SIEVE, LOG_PROTOCOL_COUNT };
const char *log_protocol_name(enum log_protocol protocol);

enum log_tls {
	LOG_TLS_NONE,    /* in clear */
	LOG_TLS_USED,    /* version and cipher are known */
	LOG_TLS_UNKNOWN, /* there was some; the log does not say which */
	LOG_TLS_REFUSED, /* a handshake failed */
};

/* Texts: printable ASCII, cut where they do not fit; "" where nothing is known. */
struct log_session {
	enum log_protocol protocol;
	enum log_tls tls;
	char address[64];
	char user[128];
	char software[128]; /* a host's name, as the server saw it */
	char version[16];   /* "TLSv1.2" */
	char cipher[80];    /* as the server calls it */
	uint64_t messages, bytes;
	int64_t at_s; /* Unix time; 0: not known */
};

/*
 * The time at the start of a line: RFC 3339, "2027-03-31 12:00:00" (taken as UTC), or syslog's
 * "Mar 31 12:00:00", which is of the year before now_s. 0: none.
 */
int64_t log_time(struct slice line, int64_t now_s);

/* Dovecot: a login, or a handshake that failed. 0 or LOG_NOTHING. */
[[nodiscard]] int log_dovecot_line(struct slice line, struct log_session *ret_session);

/* Exim's main log: a message that came in, or a handshake that failed. 0 or LOG_NOTHING. */
[[nodiscard]] int log_exim_line(struct slice line, struct log_session *ret_session);

/* Postfix: lines of one process are a session, until it says "disconnect". As many processes as
 * there are places; another one of the same place ends what was there. */
enum { LOG_POSTFIX_PLACES = 4096 };
struct log_postfix_place {
	uint32_t process; /* 0: free */
	struct log_session session;
};
struct log_postfix {
	struct log_postfix_place places[LOG_POSTFIX_PLACES];
};
/* 0: a session ended. Or LOG_NOTHING. */
[[nodiscard]] int log_postfix_line(struct log_postfix *p, struct slice line, int64_t at_s,
                                   struct log_session *ret_session);
/* After the last line: those that are left, one a call. 0 or LOG_NOTHING. */
[[nodiscard]] int log_postfix_rest(struct log_postfix *p, struct log_session *ret_session);

/* --- for the parsers --- */

/* Offset of text in s; s.len: it is not there. */
size_t log_find(struct slice s, const char *text);
/* From behind text on; empty if it is not there. */
struct slice log_behind(struct slice s, const char *text);
/* Up to the first of these bytes. */
struct slice log_until(struct slice s, const char *ends);
/* "TLSv1.2" of that, of "TLS1.2", of "TLSv1" and the like; "" of anything else. */
void log_version(struct slice text, char ret_version[16]);

#endif
