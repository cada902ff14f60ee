#include "imap/caps.h"

#include "base/clean.h"
#include "conv/line.h"
#include "sasl/sasl.h"

static const char *const edge_words[] = { "STARTTLS", "LOGINDISABLED", "LOGIN-REFERRALS" };

bool imap_caps_has_word(const char *caps, struct slice word)
{
	struct slice rest = slice_str(caps);
	while (rest.len)
		if (slice_equal_nocase(conv_line_word(&rest), word))
			return true;
	return false;
}

bool imap_caps_has(const char *caps, const char *word)
{
	return imap_caps_has_word(caps, slice_str(word));
}

bool imap_caps_is_plus(struct slice word)
{
	return slice_starts_nocase(word, "AUTH=") && sasl_mechanism_is_plus(slice_skip(word, 5));
}

static bool is_printable(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.data[i] <= ' ' || word.data[i] >= 0x7f || word.data[i] == ']')
			return false;
	return word.len > 0;
}

static bool is_edge_word(struct slice word)
{
	for (size_t i = 0; i < COUNT_OF(edge_words); i++)
		if (slice_equal_nocase(word, slice_str(edge_words[i])))
			return true;
	return false;
}

/* Appends to the caps of *len bytes; false if it does not fit. */
static bool word_add(char *caps, size_t cap, size_t *len, struct slice word)
{
	size_t space = *len ? 1 : 0;
	if (word.len + space >= cap - *len)
		return false;
	if (space)
		caps[(*len)++] = ' ';
	memcpy(caps + *len, word.data, word.len);
	*len += word.len;
	caps[*len] = '\0';
	return true;
}

void imap_caps_keep(struct slice words, char *ret_caps, size_t cap)
{
	size_t len = 0;
	ret_caps[0] = '\0';
	while (words.len) {
		struct slice word = conv_line_word(&words);
		if (is_printable(word) && !word_add(ret_caps, cap, &len, word))
			return;
	}
}

void imap_caps_rewrite(struct slice caps, bool keeps_plus, char *ret_caps, size_t cap)
{
	size_t len = 0;
	ret_caps[0] = '\0';
	while (caps.len) {
		struct slice word = conv_line_word(&caps);
		if (!is_printable(word) || is_edge_word(word))
			continue;
		if (!keeps_plus && imap_caps_is_plus(word))
			continue;
		if (!word_add(ret_caps, cap, &len, word))
			return;
	}
}
