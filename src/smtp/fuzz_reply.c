/* A backend's bytes: the first says how many arrive at a time. */
#include "smtp/ehlo.h"
#include "smtp/reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line that begins so: within a line the bytes may stand, in the name of a mechanism. */
static bool has_line(struct slice text, const char *start)
{
	while (text.len) {
		if (slice_starts_nocase(text, start))
			return true;
		text = slice_skip(text, slice_find(text, '\n') + 1);
	}
	return false;
}

static void check_whole(const struct smtp_reply *reply)
{
	struct slice rest = buf_slice(&reply->text);
	struct slice text;
	unsigned lines = 0;
	char id[64];
	struct conv_caps caps;
	struct buf out = {};
	const struct smtp_ehlo_view view = { .hostname = "h", .offers_auth = true };
	while (smtp_reply_next(&rest, &text))
		lines++;
	assert(lines == reply->lines);
	assert(reply->code >= 200 && reply->code < 600);
	smtp_reply_queue_id(reply, id, sizeof(id));
	smtp_ehlo_learn(reply, &caps);
	assert(strnlen(caps.text, sizeof(caps.text)) < sizeof(caps.text));
	assert(smtp_ehlo_write(&out, &caps, &view) == 0);
	struct slice got = buf_slice(&out);
	assert(!has_line(got, "250-STARTTLS") && !has_line(got, "250 STARTTLS"));
	assert(!has_line(got, "250-XCLIENT") && !has_line(got, "250 XCLIENT"));
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply reply = {};
	if (!size)
		return 0;
	size_t step = data[0] ? data[0] : size;
	struct slice input = slice_of(data + 1, size - 1);
	size_t shown = 0;
	while (shown < input.len) {
		shown = input.len - shown < step ? input.len : shown + step;
		size_t used = 0;
		int r = smtp_reply_take(&reply, slice_head(input, shown), &used);
		assert(r >= 0 && used <= shown);
		if (r == SMTP_REPLY_BROKEN)
			break;
		if (!r) {
			check_whole(&reply);
			smtp_reply_clear(&reply);
		}
		input = slice_skip(input, used);
		shown -= used;
		if (!r)
			shown = 0;
	}
	smtp_reply_deinit(&reply);
	return 0;
}
