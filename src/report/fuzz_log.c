/* Any bytes as lines of any log. What is taken is printable and whole. */
#include "base/clean.h"
#include "report/impact_log.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void printable_check(const char *text, size_t cap)
{
	size_t len = strnlen(text, cap);
	assert(len < cap);
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= ' ' && text[i] <= '~');
}

static void session_check(const struct log_session *s)
{
	printable_check(s->address, sizeof(s->address));
	printable_check(s->user, sizeof(s->user));
	printable_check(s->software, sizeof(s->software));
	printable_check(s->version, sizeof(s->version));
	printable_check(s->cipher, sizeof(s->cipher));
	assert(s->protocol < LOG_PROTOCOL_COUNT);
	assert((s->tls == LOG_TLS_USED) == (s->version[0] != '\0'));
}

static void line_check(struct log_postfix *postfix, struct slice line)
{
	struct log_session s;
	(void)log_time(line, 1800000000);
	if (!log_dovecot_line(line, &s))
		session_check(&s);
	if (!log_exim_line(line, &s))
		session_check(&s);
	if (!log_postfix_line(postfix, line, 1, &s))
		session_check(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log_postfix postfix; /* too large for the stack */
	struct slice rest = slice_of(data, size);
	struct log_session s;
	while (rest.len) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		line_check(&postfix, line);
		rest = slice_skip(rest, line.len + 1);
	}
	while (!log_postfix_rest(&postfix, &s))
		session_check(&s);
	return 0;
}
