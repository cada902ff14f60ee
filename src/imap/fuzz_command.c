/* The parser of a client's command, and what is built from it; then the same bytes as a reply. */
#include "imap/command.h"
#include "imap/forward.h"
#include "imap/reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was built must parse, and say the same. */
static void check_login(const struct imap_command *command, const char *caps)
{
	struct imap_pieces pieces;
	struct imap_command again;
	struct buf out = {};
	assert(!imap_login_build(command, caps, &pieces));
	while (pieces.count)
		assert(!imap_pieces_send(&pieces, &out));
	assert(!imap_command_parse(buf_slice(&out), &again));
	assert(again.count == 2 && slice_equal(again.tag, command->tag));
	for (size_t i = 0; i < 2; i++) {
		struct buf before = {};
		struct buf after = {};
		assert(!conv_token_value(&command->tokens[i], &before));
		assert(!conv_token_value(&again.tokens[i], &after));
		assert(slice_equal(buf_slice(&before), buf_slice(&after)));
		buf_deinit(&before);
		buf_deinit(&after);
	}
	buf_deinit(&out);
}

/* No field of the proxy's own leaves, and nothing but one line. */
static void check_id(const struct imap_command *command)
{
	struct imap_command again;
	struct buf out = {};
	char text[128];
	assert(!imap_id_build(command, &out));
	assert(slice_find(buf_slice(&out), '\n') == buf_len(&out) - 1);
	assert(!imap_command_parse(buf_slice(&out), &again));
	assert(imap_id_is_valid(&again));
	for (size_t i = 1; i + 2 < again.count; i += 2)
		assert(!slice_starts_nocase(again.tokens[i].text, "x-"));
	imap_id_software(command, text, sizeof(text));
	buf_deinit(&out);
}

static void check_reply(struct slice line)
{
	struct imap_reply reply;
	struct buf out = {};
	if (slice_find(line, '\n') < line.len || slice_find(line, '\r') < line.len ||
	    imap_reply_parse(line, &reply))
		return;
	assert(!imap_reply_print(&reply, false, &out));
	assert(slice_find(buf_slice(&out), '\n') == buf_len(&out) - 1);
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imap_command command;
	struct slice text = slice_of(data, size);
	int r = imap_command_parse(text, &command);
	assert(command.count <= IMAP_TOKENS_MAX && command.tag.len <= IMAP_TAG_MAX);
	if (!r && command.count == 2 && conv_token_is_string(&command.tokens[0]) &&
	    conv_token_is_string(&command.tokens[1])) {
		check_login(&command, "");
		check_login(&command, "LITERAL+");
	}
	if (!r && imap_id_is_valid(&command))
		check_id(&command);
	check_reply(text);
	return 0;
}
