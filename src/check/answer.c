#include "check/answer.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "imap/caps.h"
#include "imap/reply.h"
#include "pop3/caps.h"
#include "smtp/ehlo.h"

#define INJECTED_TAG "x9"

static const struct check_phrases phrases[] = {
	[CHECK_SPEAKS_SMTP] = {
		.ask = "EHLO", .starttls = "STARTTLS\r\n", .inject = "NOOP\r\n",
		.noop = "NOOP\r\n", .prove = "NOOP\r\n", .quit = "QUIT\r\n",
	},
	[CHECK_SPEAKS_IMAP] = {
		.ask = "s1 CAPABILITY\r\n", .starttls = "s2 STARTTLS\r\n",
		.inject = INJECTED_TAG " NOOP\r\n", .noop = "s3 NOOP\r\n",
		.quit = "s4 LOGOUT\r\n",
	},
	[CHECK_SPEAKS_POP3] = {
		.ask = "CAPA\r\n", .starttls = "STLS\r\n", .inject = "NOOP\r\n",
		.noop = "CAPA\r\n", .quit = "QUIT\r\n", .noop_is_ask = true,
	},
	[CHECK_SPEAKS_SIEVE] = {
		.ask = "CAPABILITY\r\n", .starttls = "STARTTLS\r\n",
		.inject = "NOOP\r\n", .noop = "NOOP\r\n",
		.prove = "CAPABILITY\r\n",
		.quit = "LOGOUT\r\n", .greets_with_caps = true,
	},
	[CHECK_SPEAKS_NOTHING] = {},
};
_Static_assert(COUNT_OF(phrases) == CHECK_LANGUAGE_COUNT, "a language without phrases");

const struct check_phrases *check_phrases_of(enum check_language language)
{
	return &phrases[language];
}

static void answer_note(struct check_opening *o, struct slice line)
{
	slice_to_text(line, o->answer, sizeof(o->answer));
}

/* --- SMTP --- */

/* 5yz to a greeting or an EHLO is for the conversation to judge. */
static enum check_answer smtp_class(unsigned code)
{
	if (code == 421)
		return CHECK_ANSWER_AWAY;
	return code < 400 ? CHECK_ANSWER_YES : CHECK_ANSWER_NO;
}

static int smtp_take(struct check_opening *o, struct slice input, size_t *ret_used,
                     enum check_answer *ret_answer)
{
	if (o->reply.lines == 0)
		smtp_reply_clear(&o->reply);
	int r = smtp_reply_take(&o->reply, input, ret_used);
	if (r < 0)
		return err_up(r);
	*ret_answer = r == SMTP_REPLY_BROKEN ? CHECK_ANSWER_RUBBISH : CHECK_ANSWER_MORE;
	if (r)
		return 0;
	struct slice whole = buf_slice(&o->reply.text);
	answer_note(o, slice_head(whole, slice_find(whole, '\r')));
	smtp_ehlo_learn(&o->reply, &o->caps);
	*ret_answer = smtp_class(o->reply.code);
	return 0;
}

/* --- IMAP --- */

static enum check_answer imap_untagged(struct check_opening *o, const struct imap_reply *reply)
{
	switch (reply->word) {
	case IMAP_REPLY_BYE:
		answer_note(o, reply->line);
		return CHECK_ANSWER_AWAY;
	case IMAP_REPLY_CAPABILITY:
		imap_caps_keep(reply->text, o->caps.text, sizeof(o->caps.text));
		return CHECK_ANSWER_MORE;
	case IMAP_REPLY_PREAUTH:
		o->is_preauth |= o->state == CHECK_OPENING_GREETING;
		[[fallthrough]];
	case IMAP_REPLY_OK:
		answer_note(o, reply->line);
		return o->state == CHECK_OPENING_GREETING ? CHECK_ANSWER_YES : CHECK_ANSWER_MORE;
	case IMAP_REPLY_NO:
	case IMAP_REPLY_BAD:
	case IMAP_REPLY_ID:
	case IMAP_REPLY_OTHER:
		break;
	}
	return o->state == CHECK_OPENING_GREETING ? CHECK_ANSWER_RUBBISH : CHECK_ANSWER_MORE;
}

static enum check_answer imap_line(struct check_opening *o, struct slice line)
{
	struct imap_reply reply;
	if (imap_reply_parse(line, &reply) || reply.kind == IMAP_REPLY_CONTINUE)
		return CHECK_ANSWER_RUBBISH;
	if (reply.kind == IMAP_REPLY_UNTAGGED)
		return imap_untagged(o, &reply);
	if (o->state == CHECK_OPENING_GREETING)
		return CHECK_ANSWER_RUBBISH;
	if (slice_equal(reply.tag, slice_str(INJECTED_TAG))) {
		o->answer_is_injected = o->is_tls;
		return CHECK_ANSWER_MORE;
	}
	answer_note(o, line);
	return reply.word == IMAP_REPLY_OK ? CHECK_ANSWER_YES : CHECK_ANSWER_NO;
}

/* --- POP3 --- */

static bool is_asking(const struct check_opening *o)
{
	return o->state == CHECK_OPENING_ASKING || o->state == CHECK_OPENING_AGAIN ||
	       (o->state == CHECK_OPENING_NOOP && phrases[o->language].noop_is_ask);
}

/* No capability begins with a sign: it is the answer to CAPA, and what we took for it was not. */
static enum check_answer pop3_listed(struct check_opening *o, struct slice line)
{
	if (slice_equal(line, slice_str("."))) {
		o->is_in_list = false;
		return CHECK_ANSWER_YES;
	}
	if (line.len && (line.data[0] == '+' || line.data[0] == '-')) {
		o->answer_is_injected = o->is_tls;
		return CHECK_ANSWER_MORE;
	}
	pop3_caps_keep(line, o->caps.text, sizeof(o->caps.text));
	return CHECK_ANSWER_MORE;
}

static enum check_answer pop3_line(struct check_opening *o, struct slice line)
{
	struct slice rest = line;
	if (o->is_in_list)
		return pop3_listed(o, line);
	struct slice word = conv_line_word(&rest);
	bool is_yes = slice_equal_nocase(word, slice_str("+OK"));
	if (!is_yes && !slice_equal_nocase(word, slice_str("-ERR")))
		return CHECK_ANSWER_RUBBISH;
	/* CAPA was answered in clear: a refusal now is another command's. */
	if (!is_yes && o->set.injects && o->state == CHECK_OPENING_AGAIN && o->clear.caps[0] &&
	    !o->answer_is_injected) {
		o->answer_is_injected = true;
		return CHECK_ANSWER_MORE;
	}
	answer_note(o, line);
	o->is_in_list = is_yes && is_asking(o);
	if (o->is_in_list)
		return CHECK_ANSWER_MORE;
	return is_yes ? CHECK_ANSWER_YES : CHECK_ANSWER_NO;
}

/* --- ManageSieve --- */

/* A literal at the end of a line (RFC 5804 1.2): so many bytes that are no lines. */
static size_t literal_len(struct slice line)
{
	size_t open = line.len, len = 0;
	if (!line.len || line.data[line.len - 1] != '}')
		return 0;
	while (open && line.data[open - 1] != '{')
		open--;
	for (size_t i = open; open && i + 1 < line.len && line.data[i] != '+'; i++) {
		if (line.data[i] < '0' || line.data[i] > '9' || len > CHECK_OPENING_INPUT_MAX)
			return 0;
		len = len * 10 + (line.data[i] - '0');
	}
	return len;
}

static void caps_add(struct conv_caps *caps, struct slice line)
{
	size_t len = strlen(caps->text), gap = len ? 1 : 0;
	if (conv_line_has_controls(line) || len + gap + line.len >= sizeof(caps->text))
		return;
	if (gap)
		caps->text[len++] = '\n';
	memcpy(caps->text + len, line.data, line.len);
	caps->text[len + line.len] = '\0';
}

static enum check_answer sieve_line(struct check_opening *o, struct slice line)
{
	struct slice rest = line;
	o->literal_left = literal_len(line);
	if (line.len && line.data[0] == '"') {
		caps_add(&o->caps, line);
		return CHECK_ANSWER_MORE;
	}
	struct slice word = conv_line_word(&rest);
	bool is_yes = slice_equal_nocase(word, slice_str("OK"));
	bool is_no = slice_equal_nocase(word, slice_str("NO"));
	bool is_bye = slice_equal_nocase(word, slice_str("BYE"));
	if (!line.len || (!is_yes && !is_no && !is_bye))
		return o->was_heard && !line.len ? CHECK_ANSWER_MORE : CHECK_ANSWER_RUBBISH;
	answer_note(o, line);
	if (is_bye)
		return CHECK_ANSWER_AWAY;
	return is_yes ? CHECK_ANSWER_YES : CHECK_ANSWER_NO;
}

/* --- Whose answer it is --- */

void check_answer_name(const struct check_opening *o, char *ret_name, size_t cap)
{
	struct slice rest = buf_slice(&o->reply.text), text;
	ret_name[0] = '\0';
	if (o->language == CHECK_SPEAKS_SMTP && smtp_reply_next(&rest, &text))
		slice_to_text(conv_line_word(&text), ret_name, cap);
}

bool check_answer_is_caps(const struct check_opening *o)
{
	char name[CHECK_TEXT_CAP];
	if (o->language != CHECK_SPEAKS_SMTP)
		return o->caps.text[0];
	check_answer_name(o, name, sizeof(name));
	return o->reply.lines > 1 || (o->name[0] && !strcmp(name, o->name));
}

/* --- All but SMTP, whose lines belong together --- */

static enum check_answer (*const line_readers[])(struct check_opening *o, struct slice line) = {
	[CHECK_SPEAKS_IMAP] = imap_line,
	[CHECK_SPEAKS_POP3] = pop3_line,
	[CHECK_SPEAKS_SIEVE] = sieve_line,
	[CHECK_SPEAKS_NOTHING] = NULL,
};
_Static_assert(COUNT_OF(line_readers) == CHECK_LANGUAGE_COUNT, "a language that nobody reads");

static int line_take(struct check_opening *o, struct slice input, size_t *ret_used,
                     enum check_answer *ret_answer)
{
	struct slice line;
	*ret_answer = CHECK_ANSWER_MORE;
	if (o->literal_left) {
		*ret_used = o->literal_left < input.len ? o->literal_left : input.len;
		o->literal_left -= *ret_used;
		return 0;
	}
	switch (conv_line_take(input, CHECK_OPENING_LINE_MAX, &line, ret_used)) {
	case 0:
		*ret_answer = line_readers[o->language](o, line);
		break;
	case CONV_LINE_MORE:
		break;
	case CONV_LINE_TOO_LONG:
	case CONV_LINE_BARE:
		*ret_answer = CHECK_ANSWER_RUBBISH;
		break;
	}
	if (*ret_answer == CHECK_ANSWER_RUBBISH)
		answer_note(o, slice_head(input, slice_find(input, '\r')));
	return 0;
}

int check_answer_take(struct check_opening *o, struct slice input, size_t *ret_used,
                      enum check_answer *ret_answer)
{
	*ret_used = 0;
	if (o->language != CHECK_SPEAKS_SMTP)
		return line_take(o, input, ret_used, ret_answer);
	int r = smtp_take(o, input, ret_used, ret_answer);
	if (!r && *ret_answer == CHECK_ANSWER_RUBBISH)
		answer_note(o, slice_head(input, slice_find(input, '\r')));
	return err_up(r);
}
