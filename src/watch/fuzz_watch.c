/* All of it from frames: raw ones, and TCP and UDP of one connection in any order. */
#include "watch/links.h"
#include "watch/services.h"
#include "watch/watch.h"

#include "base/clean.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	IS_SERVER = 1,
	IS_SYN = 2,
	IS_FIN = 4,
	IS_LATER = 8,
	IS_LOST = 16,
	IS_UDP = 32,
	IS_RAW = 64
};

struct wire {
	uint32_t seq[2];
	bool has_syn[2];
};

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static size_t tcp_write(uint8_t *at, struct wire *w, uint8_t control, struct slice payload)
{
	unsigned side = control & IS_SERVER;
	uint32_t seq = w->seq[side] + (control & IS_LATER ? payload.len : 0);
	put16(at, side ? 25 : 40000);
	put16(at + 2, side ? 40000 : 25);
	put32(at + 4, seq);
	put32(at + 8, w->seq[!side]);
	at[12] = 5 << 4;
	at[13] = (uint8_t)((control & IS_SYN ? WATCH_TCP_SYN : 0) |
	                   (control & IS_FIN ? WATCH_TCP_FIN : 0) | (side ? WATCH_TCP_ACK : 0));
	w->seq[side] += (uint32_t)payload.len + !!(control & IS_SYN);
	memcpy(at + 20, payload.data, payload.len);
	return 20 + payload.len;
}

static size_t udp_write(uint8_t *at, uint8_t control, struct slice payload)
{
	put16(at, control & IS_SERVER ? 25 : 40000);
	put16(at + 2, control & IS_SERVER ? 40000 : 25);
	put16(at + 4, payload.len + 8);
	memcpy(at + 8, payload.data, payload.len);
	return 8 + payload.len;
}

static void packet_feed(struct watch *watch, struct wire *w, uint8_t control, struct slice payload)
{
	uint8_t bytes[20 + 20 + 256] = { 0x45 };
	bytes[9] = control & IS_UDP ? WATCH_IP_UDP : WATCH_IP_TCP;
	bytes[12] = bytes[16] = 10;
	bytes[15] = control & IS_SERVER ? 2 : 1;
	bytes[19] = control & IS_SERVER ? 1 : 2;
	size_t len = 20 + (control & IS_UDP ? udp_write(bytes + 20, control, payload)
	                                    : tcp_write(bytes + 20, w, control, payload));
	put16(bytes + 2, len);
	const struct watch_frame frame = { .bytes = slice_of(bytes, len), .at_s = 1 };
	if (!(control & IS_LOST))
		assert(!watch_feed(watch, &frame));
}

static bool is_ours(const void *of, const struct watch_address *address)
{
	(void)of;
	(void)address;
	return true;
}

static void links_check(const struct watch_services *services)
{
	CLEAN(watch_links_deinit) struct watch_links links = {};
	CLEAN(buf_deinit) struct buf text = {};
	assert(!watch_links_make(&links, services, &(struct watch_ours){ .is_ours = is_ours }));
	for (size_t i = 0; i < links.host_count; i++)
		assert(!watch_link_host_write(&links.hosts[i], &text));
}

static void result_check(struct watch *watch)
{
	struct watch_services services;
	uint64_t flows = 0;
	assert(!watch_services_make(&services, watch_rows_of(watch)));
	for (size_t i = 0; i < services.count; i++)
		flows += services.list[i].flows;
	assert(flows <= watch_counts_of(watch)->flows);
	links_check(&services);
	watch_services_deinit(&services);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = { WATCH_LINK_RAW, WATCH_LINK_ETHERNET, WATCH_LINK_COOKED2 };
	struct watch *watch;
	struct wire wire = { .seq = { 0xffffff00, 77 } };
	struct slice input = slice_of(data, size);
	if (!size)
		return 0;
	const struct watch_settings settings = { .link = links[data[0] % COUNT_OF(links)],
		                                 .flows_max = 4 };
	assert(!watch_new(&watch, &settings));
	for (input = slice_skip(input, 1); input.len > 1;) {
		uint8_t control = input.data[0];
		struct slice payload = slice_head(slice_skip(input, 2), input.data[1]);
		const struct watch_frame raw = { .bytes = payload, .at_s = 2 };
		input = slice_skip(input, payload.len + 2);
		if (control & IS_RAW)
			assert(!watch_feed(watch, &raw));
		else
			packet_feed(watch, &wire, control, payload);
	}
	assert(!watch_end(watch));
	result_check(watch);
	watch_free(watch);
	return 0;
}
