/*
 * A sender's side of a conversation. First byte: which offer, and the length of a piece. Then it is
 * all that the sender says; 0xff ends what is said in clear.
 */
#include "check/sender_talk.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whole lines of ours, and no more than one for each that came. */
static void collect(struct check_sender_talk *t)
{
	struct slice said = buf_slice(&t->out);
	assert(!said.len || (said.len > 2 && said.data[said.len - 1] == '\n'));
	buf_clear(&t->out);
}

static enum check_sender_talk_todo feed(struct check_sender_talk *t, struct buf *in,
                                        struct slice said, size_t step)
{
	enum check_sender_talk_todo todo = CHECK_SENDER_TALK_READ;
	while (said.len && todo == CHECK_SENDER_TALK_READ) {
		size_t used;
		struct slice piece = slice_head(said, step);
		said = slice_skip(said, piece.len);
		if (buf_add(in, piece) || check_sender_talk_feed(t, buf_slice(in), &used, &todo))
			return CHECK_SENDER_TALK_CLOSE;
		assert(used <= buf_len(in));
		buf_consume(in, used);
		assert(buf_len(in) < 4096); /* no more than a line waits */
		collect(t);
	}
	return todo;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_sender_talk t;
	struct buf in = {};
	if (!size)
		return 0;
	struct check_sender_talk_settings set = {
		.offer = data[0] % (CHECK_SENDER_OFFER_INJECTS + 1),
		.was_sealed = data[0] & 0x80,
		.host = "mx-x.test.example",
		.domain = "x.test.example",
	};
	size_t step = 1 + (data[0] >> 3) % 16 * 7;
	struct slice all = slice_of(data + 1, size - 1);
	size_t cut = slice_find(all, 0xff);
	if (check_sender_talk_init(&t, &set))
		return 0;
	collect(&t);
	if (feed(&t, &in, slice_head(all, cut), step) == CHECK_SENDER_TALK_START_TLS) {
		assert(!buf_len(&in) && set.offer != CHECK_SENDER_OFFERS_NONE &&
		       set.offer != CHECK_SENDER_OFFER_REFUSED);
		check_sender_talk_secured(&t);
		feed(&t, &in, slice_skip(all, cut + 1), step);
	}
	enum check_sender_arrival a = check_sender_talk_arrival(&t);
	assert(a < CHECK_SENDER_ARRIVAL_COUNT && (!t.messages || a >= CHECK_SENDER_IN_TLS));
	assert(a != CHECK_SENDER_MISLED || set.offer == CHECK_SENDER_OFFER_INJECTS);
	check_sender_talk_deinit(&t);
	buf_deinit(&in);
	return 0;
}
