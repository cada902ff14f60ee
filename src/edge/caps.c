#include "edge/caps.h"

#include "conv/line.h"
#include "sasl/sasl.h"

#include <stdlib.h>

/* What is being put together: never longer than what it is taken from. */
struct text {
	char *at;
	size_t len, cap;
};

static void text_add(struct text *t, struct slice bytes)
{
	if (bytes.len >= t->cap - t->len)
		return;
	memcpy(t->at + t->len, bytes.data, bytes.len);
	t->len += bytes.len;
	t->at[t->len] = '\0';
}

static void text_add_item(struct text *t, const char *separator, struct slice item)
{
	if (t->len)
		text_add(t, slice_str(separator));
	text_add(t, item);
}

/* "AUTH PLAIN" and the older "AUTH=PLAIN" are both of the keyword AUTH. */
static struct slice keyword_of(struct slice line)
{
	struct slice word = slice_head(line, slice_find(line, ' '));
	return slice_head(word, slice_find(word, '='));
}

static bool has_word(struct slice words, struct slice wanted)
{
	while (words.len)
		if (slice_equal_nocase(conv_line_word(&words), wanted))
			return true;
	return false;
}

static bool find_line(const struct conv_caps *caps, struct slice keyword, struct slice *ret_line)
{
	struct slice rest = slice_str(caps->text);
	while (slice_line_next(&rest, ret_line))
		if (slice_equal_nocase(keyword_of(*ret_line), keyword))
			return true;
	return false;
}

/* 0: no fixed limit (RFC 1870 4). */
static unsigned long long size_of(struct slice values)
{
	char text[24];
	slice_to_text(values, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static void meet_line(struct text *t, struct slice line, struct slice other)
{
	struct slice keyword = keyword_of(line);
	struct slice values = slice_skip(line, keyword.len + 1);
	struct slice others = slice_skip(other, keyword.len + 1);
	if (slice_equal_nocase(keyword, slice_str("SIZE"))) {
		unsigned long long ours = size_of(values), theirs = size_of(others);
		text_add_item(t, "\n", theirs && (!ours || theirs < ours) ? other : line);
		return;
	}
	if (!values.len && !others.len) {
		text_add_item(t, "\n", line);
		return;
	}
	bool is_first = true;
	while (values.len) {
		struct slice value = conv_line_word(&values);
		if (!value.len || !has_word(others, value))
			continue;
		if (is_first)
			text_add_item(t, "\n", slice_head(line, keyword.len + 1));
		else
			text_add(t, slice_str(" "));
		text_add(t, value);
		is_first = false;
	}
}

void edge_caps_meet(struct conv_caps *caps, const struct conv_caps *others, bool are_words)
{
	struct conv_caps old = *caps;
	struct slice rest = slice_str(old.text);
	struct slice other;
	struct text t = { .at = caps->text, .cap = sizeof(caps->text) };
	caps->text[0] = '\0';
	while (rest.len && are_words) {
		struct slice word = conv_line_word(&rest);
		if (has_word(slice_str(others->text), word))
			text_add_item(&t, " ", word);
	}
	struct slice line;
	while (slice_line_next(&rest, &line))
		if (find_line(others, keyword_of(line), &other))
			meet_line(&t, line, other);
}

static bool is_mechanism_word(struct slice word, struct slice *ret_mechanism)
{
	*ret_mechanism = slice_skip(word, 5);
	return slice_starts_nocase(word, "AUTH=");
}

static void words_keep_replayable(struct text *t, struct slice words)
{
	bool has_plain = has_word(words, slice_str("AUTH=PLAIN"));
	while (words.len) {
		struct slice mechanism, word = conv_line_word(&words);
		bool is_login = slice_equal_nocase(word, slice_str("AUTH=LOGIN"));
		if (word.len && (!is_mechanism_word(word, &mechanism) ||
		                 (sasl_is_replayable(mechanism) && (!is_login || has_plain))))
			text_add_item(t, " ", word);
	}
}

void edge_caps_keep_replayable(struct conv_caps *caps, bool are_words)
{
	static const char with_plain[] = "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER";
	static const char without[] = "AUTH XOAUTH2 OAUTHBEARER";
	struct conv_caps old = *caps;
	struct slice rest = slice_str(old.text), line;
	struct text t = { .at = caps->text, .cap = sizeof(caps->text) };
	caps->text[0] = '\0';
	if (are_words) {
		words_keep_replayable(&t, rest);
		return;
	}
	while (slice_line_next(&rest, &line)) {
		struct slice keyword = keyword_of(line);
		bool has_plain = has_word(slice_skip(line, keyword.len + 1), slice_str("PLAIN"));
		/* Both keywords are as long. */
		if (slice_equal_nocase(keyword, slice_str("AUTH")) ||
		    slice_equal_nocase(keyword, slice_str("SASL")))
			meet_line(&t, line, slice_str(has_plain ? with_plain : without));
		else
			text_add_item(&t, "\n", line);
	}
}

/* Of "AUTH=X" (IMAP, old SMTP) or a value of AUTH (SMTP) or SASL (POP3, ManageSieve). */
bool edge_caps_has_plus(const struct conv_caps *caps)
{
	struct slice rest = slice_str(caps->text);
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		struct slice keyword = keyword_of(line);
		bool are_mechanisms = slice_equal_nocase(keyword, slice_str("AUTH")) ||
		                      slice_equal_nocase(keyword, slice_str("SASL"));
		while (line.len) {
			struct slice word = conv_line_word(&line);
			if (sasl_mechanism_is_plus(word) &&
			    (are_mechanisms || slice_starts_nocase(word, "AUTH=")))
				return true;
		}
	}
	return false;
}
