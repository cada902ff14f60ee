#include "imap/reply.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/conv.h"
#include "conv/line.h"
#include "imap/caps.h"

static const char *const words[] = {
	[IMAP_REPLY_OK] = "OK",           [IMAP_REPLY_NO] = "NO",
	[IMAP_REPLY_BAD] = "BAD",         [IMAP_REPLY_BYE] = "BYE",
	[IMAP_REPLY_PREAUTH] = "PREAUTH", [IMAP_REPLY_CAPABILITY] = "CAPABILITY",
	[IMAP_REPLY_ID] = "ID",
};
_Static_assert(COUNT_OF(words) == IMAP_REPLY_OTHER);

static enum imap_reply_word word_find(struct slice text)
{
	enum imap_reply_word word = IMAP_REPLY_OK;
	while (word < IMAP_REPLY_OTHER && !slice_equal_nocase(text, slice_str(words[word])))
		word++;
	return word;
}

/* The code in brackets in front of a status text. */
static int code_cut(struct imap_reply *reply)
{
	if (reply->word > IMAP_REPLY_PREAUTH || !reply->text.len || reply->text.data[0] != '[')
		return 0;
	size_t end = slice_find(reply->text, ']');
	if (end == reply->text.len)
		return IMAP_REPLY_RUBBISH;
	reply->code_args = slice_skip(slice_head(reply->text, end), 1);
	reply->code = conv_line_word(&reply->code_args);
	reply->text = slice_trim(slice_skip(reply->text, end + 1));
	return reply->code.len ? 0 : IMAP_REPLY_RUBBISH;
}

int imap_reply_parse(struct slice line, struct imap_reply *ret_reply)
{
	*ret_reply = (struct imap_reply){ .line = line, .text = line, .word = IMAP_REPLY_OTHER };
	if (slice_find(line, '\0') < line.len)
		return IMAP_REPLY_RUBBISH;
	ret_reply->tag = conv_line_word(&ret_reply->text);
	if (slice_equal(ret_reply->tag, slice_str("+"))) {
		ret_reply->kind = IMAP_REPLY_CONTINUE;
		return 0;
	}
	bool is_untagged = slice_equal(ret_reply->tag, slice_str("*"));
	ret_reply->kind = is_untagged ? IMAP_REPLY_UNTAGGED : IMAP_REPLY_TAGGED;
	ret_reply->word_text = conv_line_word(&ret_reply->text);
	ret_reply->word = word_find(ret_reply->word_text);
	if (!ret_reply->tag.len || !ret_reply->word_text.len)
		return IMAP_REPLY_RUBBISH;
	return code_cut(ret_reply);
}

static int print_caps(const struct imap_reply *reply, bool keeps_plus, struct buf *out)
{
	char caps[CONV_CAPS_MAX];
	bool is_code = reply->word != IMAP_REPLY_CAPABILITY;
	imap_caps_rewrite(is_code ? reply->code_args : reply->text, keeps_plus, caps, sizeof(caps));
	if (!is_code)
		return err_up(buf_printf(out, "* CAPABILITY %s\r\n", caps));
	return err_up(buf_printf(out, "%.*s %s [CAPABILITY %s] %.*s\r\n", (int)reply->tag.len,
	                         reply->tag.data, words[reply->word], caps, (int)reply->text.len,
	                         reply->text.data));
}

int imap_reply_print(const struct imap_reply *reply, bool keeps_plus, struct buf *out)
{
	bool is_caps = slice_equal_nocase(reply->code, slice_str("CAPABILITY"));
	if (is_caps || reply->word == IMAP_REPLY_CAPABILITY)
		return err_up(print_caps(reply, keeps_plus, out));
	if (slice_equal_nocase(reply->code, slice_str("REFERRAL")))
		return err_up(buf_printf(out, "%.*s %s %.*s\r\n", (int)reply->tag.len,
		                         reply->tag.data, words[reply->word], (int)reply->text.len,
		                         reply->text.data));
	int r = buf_add(out, reply->line);
	return r ? err_up(r) : err_up(buf_add_str(out, "\r\n"));
}
