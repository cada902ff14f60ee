/* A message, whole and in parts: the same fields, the same way. */
#include "hops/mbox.h"
#include "hops/peers.h"
#include "hops/way.h"

#include "base/clean.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the header ended. piece: bytes at a time. */
static size_t way_read(struct hops_way *w, const struct hops_settings *settings, struct slice text,
                       size_t piece)
{
	static struct hops_header h;
	size_t at = 0;
	h = (struct hops_header){};
	hops_way_init(w, settings);
	for (int r = HOPS_HEADER_MORE; r != HOPS_HEADER_END && at < text.len;) {
		size_t used = 0;
		struct slice input = slice_head(slice_skip(text, at), piece);
		r = hops_header_feed(&h, input, &used);
		assert(used <= input.len && (used || r != HOPS_HEADER_MORE));
		assert(h.value_len <= HOPS_VALUE_MAX);
		at += used;
		if (!r)
			hops_way_add(w, &h);
	}
	if (hops_header_finish(&h))
		hops_way_add(w, &h);
	hops_way_finish(w);
	return at;
}

static void bodies_skip(struct slice rest)
{
	struct hops_mbox m = {};
	while (rest.len) {
		size_t used = 0;
		(void)!hops_mbox_skip(&m, rest, &used);
		assert(used && used <= rest.len);
		rest = slice_skip(rest, used);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hops_way whole, parts;
	struct hops_settings settings = {};
	struct hops_peers peers = {};
	struct slice text = slice_of(data, size);
	if (size && data[0] % 2)
		assert(!hops_hosts_add(&settings.trusted, "mx.example"));
	size_t end = way_read(&whole, &settings, text, SIZE_MAX);
	assert(way_read(&parts, &settings, text, 1 + size % 7) == end);
	assert(whole.count == parts.count && whole.left_out == parts.left_out);
	assert(whole.result == parts.result && whole.count <= HOPS_MAX);
	for (size_t i = 0; i < whole.count; i++)
		assert(whole.hops[i].verdict == parts.hops[i].verdict &&
		       !strcmp(whole.hops[i].by, parts.hops[i].by));
	assert(!hops_peers_add(&peers, &whole));
	hops_peers_sort(&peers);
	hops_peers_deinit(&peers);
	bodies_skip(slice_skip(text, end));
	hops_hosts_deinit(&settings.trusted);
	return 0;
}
