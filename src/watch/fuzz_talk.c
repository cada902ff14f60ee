/* Each protocol's parser: what two sides say, in pieces of any size. Lines mean the same however
 * they are cut. */
#include "watch/proto.h"

#include "base/clean.h"
#include "watch/tls_look.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PENDING_MAX = 16384 };

struct pending {
	uint8_t bytes[PENDING_MAX];
	size_t len;
};

static void drain(struct watch_talk *t, struct pending *p, enum watch_side side)
{
	size_t used = watch_talk_feed(t, side, slice_of(p[side].bytes, p[side].len));
	assert(used <= p[side].len);
	p[side].len -= used;
	memmove(p[side].bytes, p[side].bytes + used, p[side].len);
}

static void feed(struct watch_talk *t, struct pending *p, enum watch_side side, struct slice piece)
{
	if (piece.len > PENDING_MAX - p[side].len)
		return;
	memcpy(p[side].bytes + p[side].len, piece.data, piece.len);
	p[side].len += piece.len;
	drain(t, p, side);
}

/* Both sides, until nothing moves: what one said may let the other go on. */
static void settle(struct watch_talk *t, struct pending *p)
{
	size_t before;
	do {
		before = p[0].len + p[1].len;
		drain(t, p, WATCH_SERVER);
		drain(t, p, WATCH_CLIENT);
	} while (p[0].len + p[1].len < before && !t->is_tls && !t->is_lost);
}

/* A byte with the side and the length, then so many bytes. */
static void talk(struct watch_talk *t, struct slice input, size_t piece)
{
	static struct pending pending[WATCH_SIDE_COUNT];
	pending[0].len = pending[1].len = 0;
	while (input.len && !t->is_tls && !t->is_lost) {
		enum watch_side side = input.data[0] & 1 ? WATCH_SERVER : WATCH_CLIENT;
		struct slice said = slice_head(slice_skip(input, 1), input.data[0] >> 1);
		input = slice_skip(input, said.len + 1);
		while (said.len) {
			struct slice part = slice_head(said, piece);
			feed(t, pending, side, part);
			said = slice_skip(said, part.len);
		}
		settle(t, pending);
	}
}

static void openings(struct slice s)
{
	struct watch_opening o = { slice_head(s, s.len / 2), slice_skip(s, s.len / 2) };
	bool has_more;
	uint16_t version;
	(void)watch_proto_find(&o, &has_more);
	(void)watch_proto_find_middle(&o);
	(void)watch_tls_fit(&o);
	(void)watch_tls_is_records(s, &version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch_talk whole = {}, parts = {};
	struct slice input = slice_skip(slice_of(data, size), 1);
	if (!size)
		return 0;
	openings(input);
	whole.proto = parts.proto = watch_protos[data[0] % watch_proto_count];
	talk(&whole, input, SIZE_MAX);
	talk(&parts, input, 1);
	assert(strlen(whole.user) < WATCH_USER_CAP &&
	       strlen(whole.mechanism) < WATCH_MECHANISM_CAP);
	if (whole.proto->line) {
		assert(whole.is_proven == parts.is_proven && whole.secret == parts.secret);
		assert(whole.is_tls == parts.is_tls && whole.is_offered == parts.is_offered);
		assert(!strcmp(whole.user, parts.user) &&
		       !strcmp(whole.mechanism, parts.mechanism));
	}
	return 0;
}
