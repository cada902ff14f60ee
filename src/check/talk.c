#include "check/talk.h"

#include "base/clean.h"
#include "conv/line.h"

#include <stdio.h>

static const enum check_language languages[] = {
	[CHECK_SMTP] = CHECK_SPEAKS_SMTP,        [CHECK_SUBMISSION] = CHECK_SPEAKS_SMTP,
	[CHECK_SUBMISSIONS] = CHECK_SPEAKS_SMTP, [CHECK_IMAP] = CHECK_SPEAKS_IMAP,
	[CHECK_IMAPS] = CHECK_SPEAKS_IMAP,       [CHECK_POP3] = CHECK_SPEAKS_POP3,
	[CHECK_POP3S] = CHECK_SPEAKS_POP3,       [CHECK_MANAGESIEVE] = CHECK_SPEAKS_SIEVE,
	[CHECK_HTTPS] = CHECK_SPEAKS_NOTHING,    [CHECK_TLS] = CHECK_SPEAKS_NOTHING,
};
_Static_assert(COUNT_OF(languages) == CHECK_SERVICE_COUNT, "a service without a language");

enum check_language check_language_of(enum check_service service)
{
	return languages[service];
}

static void text_add(char *text, size_t cap, const char *between, struct slice word)
{
	size_t len = strlen(text);
	size_t gap = len ? strlen(between) : 0;
	if (!word.len || len + gap + word.len >= cap)
		return;
	memcpy(text + len, between, gap);
	slice_to_text(word, text + len + gap, cap - len - gap);
}

static bool auth_has(const struct check_talk *talk, struct slice mechanism)
{
	struct slice rest = slice_str(talk->auth);
	while (rest.len)
		if (slice_equal_nocase(conv_line_word(&rest), mechanism))
			return true;
	return false;
}

static void auth_add(struct check_talk *talk, struct slice mechanisms)
{
	while (mechanisms.len) {
		struct slice mechanism = conv_line_word(&mechanisms);
		if (mechanism.len && !auth_has(talk, mechanism))
			text_add(talk->auth, sizeof(talk->auth), " ", mechanism);
	}
}

/* "AUTH PLAIN", and "AUTH=PLAIN" of servers for clients of last century. */
static void smtp_read(struct check_talk *talk, struct slice line)
{
	if (slice_starts_nocase(line, "AUTH=")) {
		auth_add(talk, slice_skip(line, 5));
		return;
	}
	struct slice word = conv_line_word(&line);
	if (slice_equal_nocase(word, slice_str("STARTTLS")))
		talk->offers_starttls = true;
	else if (slice_equal_nocase(word, slice_str("REQUIRETLS")))
		talk->offers_requiretls = true;
	else if (slice_equal_nocase(word, slice_str("AUTH")))
		auth_add(talk, line);
}

static void imap_read(struct check_talk *talk, struct slice line)
{
	while (line.len) {
		struct slice word = conv_line_word(&line);
		if (slice_starts_nocase(word, "AUTH="))
			auth_add(talk, slice_skip(word, 5));
		else if (slice_equal_nocase(word, slice_str("STARTTLS")))
			talk->offers_starttls = true;
		else if (slice_equal_nocase(word, slice_str("LOGINDISABLED")))
			talk->login_disabled = true;
	}
}

static void pop3_read(struct check_talk *talk, struct slice line)
{
	struct slice word = conv_line_word(&line);
	if (slice_equal_nocase(word, slice_str("STLS")))
		talk->offers_starttls = true;
	else if (slice_equal_nocase(word, slice_str("USER")))
		talk->offers_user = true;
	else if (slice_equal_nocase(word, slice_str("SASL")))
		auth_add(talk, line);
}

/* What stands between the next two quotes (RFC 5804 1.2; no capability has one within). */
static struct slice quoted_cut(struct slice *line)
{
	struct slice text = slice_skip(*line, slice_find(*line, '"') + 1);
	*line = slice_skip(text, slice_find(text, '"') + 1);
	return slice_head(text, slice_find(text, '"'));
}

static void sieve_read(struct check_talk *talk, struct slice line)
{
	struct slice word = quoted_cut(&line);
	if (slice_equal_nocase(word, slice_str("STARTTLS")))
		talk->offers_starttls = true;
	else if (slice_equal_nocase(word, slice_str("SASL")))
		auth_add(talk, quoted_cut(&line));
}

static void nothing_read(struct check_talk *talk, struct slice line)
{
	(void)talk;
	(void)line;
}

static void (*const readers[])(struct check_talk *talk, struct slice line) = {
	[CHECK_SPEAKS_SMTP] = smtp_read,       [CHECK_SPEAKS_IMAP] = imap_read,
	[CHECK_SPEAKS_POP3] = pop3_read,       [CHECK_SPEAKS_SIEVE] = sieve_read,
	[CHECK_SPEAKS_NOTHING] = nothing_read,
};
_Static_assert(COUNT_OF(readers) == CHECK_LANGUAGE_COUNT, "a language that nobody reads");

void check_talk_read(struct check_talk *talk, enum check_language language,
                     const struct conv_caps *caps)
{
	bool is_preauth = talk->is_preauth;
	struct slice rest = slice_str(caps->text);
	*talk = (struct check_talk){ .was_heard = true, .is_preauth = is_preauth };
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		readers[language](talk, line);
		text_add(talk->caps, sizeof(talk->caps), " | ", line);
	}
}
