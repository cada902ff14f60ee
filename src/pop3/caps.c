#include "pop3/caps.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "sasl/sasl.h"

static const char *const edge_words[] = { "STLS", "XCLIENT" };

static bool line_is(struct slice line, const char *word)
{
	return slice_equal_nocase(conv_line_word(&line), slice_str(word));
}

static bool is_printable(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] < ' ' || line.data[i] >= 0x7f)
			return false;
	return line.len > 0 && line.data[0] != ' ';
}

void pop3_caps_keep(struct slice line, char *caps, size_t cap)
{
	size_t len = strlen(caps);
	size_t newline = len ? 1 : 0;
	if (!is_printable(line) || line.len + newline >= cap - len)
		return;
	if (newline)
		caps[len++] = '\n';
	memcpy(caps + len, line.data, line.len);
	caps[len + line.len] = '\0';
}

/* "SASL" and its mechanisms without -PLUS; nothing if none is left. */
static int print_sasl(struct slice line, struct buf *out)
{
	bool is_first = true;
	conv_line_word(&line);
	while (line.len) {
		struct slice mechanism = conv_line_word(&line);
		if (sasl_mechanism_is_plus(mechanism))
			continue;
		int r = buf_add_str(out, is_first ? "SASL " : " ");
		if (!r)
			r = buf_add(out, mechanism);
		if (r)
			return err_up(r);
		is_first = false;
	}
	return is_first ? 0 : err_up(buf_add_str(out, "\r\n"));
}

static bool is_edge_line(struct slice line)
{
	for (size_t i = 0; i < COUNT_OF(edge_words); i++)
		if (line_is(line, edge_words[i]))
			return true;
	return false;
}

int pop3_caps_print(const char *caps, const char *word, bool keeps_plus, struct buf *out)
{
	struct slice rest = slice_str(caps);
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		int r;
		if (is_edge_line(line) || (word && !line_is(line, word)))
			continue;
		if (line_is(line, "SASL") && !keeps_plus)
			r = print_sasl(line, out);
		else
			r = buf_printf(out, "%.*s\r\n", (int)line.len, line.data);
		if (r)
			return err_up(r);
	}
	return 0;
}
