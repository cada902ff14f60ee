#include "relay/words.h"

#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>

/* RFC 3463 2: class "." subject "." detail, the latter of one to three digits. A longer one would
 * make a line that nobody reads. */
static bool is_enhanced(struct slice word, unsigned class)
{
	size_t digits[3] = {};
	size_t part = 0;
	for (size_t i = 0; i < word.len; i++)
		if (word.data[i] != '.')
			digits[part]++;
		else if (++part == COUNT_OF(digits))
			return false;
	return part == 2 && digits[0] == 1 && digits[1] && digits[1] <= 3 && digits[2] &&
	       digits[2] <= 3 && word.data[0] - '0' == (int)class;
}

/* One line of it. Long ones are cut: with what we add they must still be a line of a reply. */
static int line_pass(struct buf *out, const struct smtp_reply *reply, struct slice text,
                     bool is_last, const char *whose)
{
	char own[16];
	struct slice enhanced = smtp_reply_enhanced(&text);
	/* RFC 2034 4: the class is that of the code, or it is no such code. */
	if (!is_enhanced(enhanced, reply->code / 100)) {
		snprintf(own, sizeof(own), "%u.0.0", reply->code / 100);
		enhanced = slice_str(own);
	}
	text = slice_head(text, 400);
	return err_up(buf_printf(out, "%u%c%.*s %s said: %.*s\r\n", reply->code,
	                         is_last ? ' ' : '-', (int)enhanced.len,
	                         (const char *)enhanced.data, whose, (int)text.len,
	                         (const char *)text.data));
}

int relay_words_pass(struct buf *out, const struct smtp_reply *reply, const char *host,
                     const char *address)
{
	char whose[400];
	struct slice rest = buf_slice(&reply->text), text, next;
	snprintf(whose, sizeof(whose), "%s[%s]", host, address);
	bool has_line = smtp_reply_next(&rest, &text);
	while (has_line) {
		bool has_next = smtp_reply_next(&rest, &next);
		int r = line_pass(out, reply, text, !has_next, whose);
		if (r)
			return err_up(r);
		text = next;
		has_line = has_next;
	}
	return 0;
}

int relay_words_own(struct buf *out, const char *code, const char *host, const char *address,
                    const char *text)
{
	if (!address)
		return err_up(buf_printf(out, "%s %s: %.400s\r\n", code, host, text));
	return err_up(buf_printf(out, "%s %s[%s]: %.400s\r\n", code, host, address, text));
}
