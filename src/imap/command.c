#include "imap/command.h"

#include "base/clean.h"
#include "conv/line.h"

/* RFC 9051 9: tag, less what would look like something else in our answers. */
static bool is_tag_byte(uint8_t c)
{
	return conv_is_atom_byte(c) && c != '+' && c != '%' && c != '*' && c != '\\';
}

static bool tag_is_valid(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (!is_tag_byte(tag.data[i]))
			return false;
	return tag.len >= 1 && tag.len <= IMAP_TAG_MAX;
}

static bool verb_is_valid(struct slice verb)
{
	for (size_t i = 0; i < verb.len; i++)
		if (!conv_is_atom_byte(verb.data[i]))
			return false;
	return verb.len > 0;
}

int imap_command_parse(struct slice text, struct imap_command *ret_command)
{
	*ret_command = (struct imap_command){};
	struct slice line = slice_head(text, slice_find(text, '\r'));
	struct slice rest = line;
	struct slice tag = conv_line_word(&rest);
	if (!tag_is_valid(tag))
		return IMAP_COMMAND_NO_TAG;
	ret_command->tag = tag;
	struct slice verb = conv_line_word(&rest);
	if (!verb_is_valid(verb))
		return IMAP_COMMAND_BAD;
	ret_command->verb = verb;
	/* rest ends with the first line; the tokens go on behind it. */
	return conv_tokens_read(slice_skip(text, line.len - rest.len), ret_command->tokens,
	                        COUNT_OF(ret_command->tokens), &ret_command->count);
}
