#include "report/log.h"

#include "base/clean.h"

#include <stdio.h>
#include <time.h>

static const char *const protocol_names[] = {
	[LOG_SMTP] = "smtp", [LOG_SUBMISSION] = "submission", [LOG_IMAP] = "imap",
	[LOG_POP3] = "pop3", [LOG_SIEVE] = "managesieve",
};
_Static_assert(COUNT_OF(protocol_names) == LOG_PROTOCOL_COUNT, "a protocol without a name");

const char *log_protocol_name(enum log_protocol protocol)
{
	return protocol_names[protocol];
}

size_t log_find(struct slice s, const char *text)
{
	const uint8_t *at = s.len ? memmem(s.data, s.len, text, strlen(text)) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

struct slice log_behind(struct slice s, const char *text)
{
	size_t at = log_find(s, text);
	return at == s.len ? slice_skip(s, s.len) : slice_skip(s, at + strlen(text));
}

struct slice log_until(struct slice s, const char *ends)
{
	size_t len = 0;
	while (len < s.len && s.data[len] && !strchr(ends, s.data[len]))
		len++;
	return slice_head(s, len);
}

void log_version(struct slice text, char ret_version[16])
{
	ret_version[0] = '\0';
	if (!slice_starts_nocase(text, "TLS"))
		return;
	text = slice_skip(text, 3);
	if (text.len && (text.data[0] == 'v' || text.data[0] == 'V'))
		text = slice_skip(text, 1);
	if (!text.len || text.data[0] != '1')
		return;
	char minor = text.len >= 3 && text.data[1] == '.' ? (char)text.data[2] : '0';
	if (minor >= '0' && minor <= '3')
		snprintf(ret_version, 16, "TLSv1.%c", minor);
}

/* --- time --- */

enum { TIME_CAP = 40 };

/* "+02:00", "-0700", "Z" or nothing; seconds east. */
static int64_t zone_of(const char *text)
{
	int hours = 0, minutes = 0;
	text += strspn(text, ".0123456789"); /* of a second */
	if ((*text == '+' || *text == '-') && sscanf(text + 1, "%2d:%2d", &hours, &minutes) < 2)
		sscanf(text + 1, "%2d%2d", &hours, &minutes);
	return (*text == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
}

static int64_t dated(const char *text)
{
	struct tm tm = {};
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	if (!end || (*end != 'T' && *end != ' '))
		return 0;
	end = strptime(end + 1, "%H:%M:%S", &tm);
	return end ? timegm(&tm) - zone_of(end) : 0;
}

static int64_t undated(const char *text, int64_t now_s)
{
	struct tm tm = {};
	time_t now = (time_t)now_s;
	struct tm today = {};
	gmtime_r(&now, &today);
	if (!strptime(text, "%b %d %H:%M:%S", &tm))
		return 0;
	tm.tm_year = today.tm_year;
	int64_t at = timegm(&tm);
	if (at <= now_s + 86400)
		return at;
	tm.tm_year--;
	return timegm(&tm);
}

int64_t log_time(struct slice line, int64_t now_s)
{
	char text[TIME_CAP];
	slice_to_text(slice_head(line, TIME_CAP - 1), text, sizeof(text));
	int64_t at = dated(text);
	return at ? at : undated(text, now_s);
}
