/* The bytes as a payload, read by a script that they carry themselves; and as a frame's header. */
#include "proc/msg.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_one(struct proc_unpacker *u, uint8_t what)
{
	uint8_t n8 = 0, raw[16];
	uint16_t n16 = 0;
	uint32_t n32 = 0;
	uint64_t n64 = 0;
	char text[32] = "";
	struct slice s = {};
	bool is_read = false;
	switch (what % 8) {
	case 0:
		return proc_unpack_u8(u, &n8);
	case 1:
		return proc_unpack_u16(u, &n16);
	case 2:
		return proc_unpack_u32(u, &n32);
	case 3:
		return proc_unpack_u64(u, &n64);
	case 4:
		is_read = proc_unpack_bytes(u, &s);
		for (size_t i = 0; i < s.len; i++)
			n8 ^= s.data[i]; /* touch it all */
		return is_read;
	case 5:
		is_read = proc_unpack_str(u, text, sizeof(text));
		assert(strnlen(text, sizeof(text)) < sizeof(text));
		return is_read;
	case 6:
		return proc_unpack_raw(u, raw, what % sizeof(raw));
	default:
		is_read = proc_unpack_text(u, &s);
		assert(!is_read || u->rest.len == 0);
		return is_read;
	}
}

static void header_check(const uint8_t *data)
{
	uint8_t again[PROC_HEADER_LEN];
	struct proc_header h = proc_header_read(data);
	proc_header_write(h, again);
	assert(memcmp(data, again, sizeof(again)) == 0);
	for (int from = 0; from < PROC_ROLE_COUNT; from++)
		for (int to = 0; to < PROC_ROLE_COUNT; to++)
			assert(!proc_msg_allowed((enum proc_role)from, (enum proc_role)to, h.type,
			                         h.len, proc_msg_has_fd(h.type)) ||
			       h.len <= PROC_PAYLOAD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 16)
		return 0;
	header_check(data);
	struct proc_unpacker u = proc_unpacker_over(slice_of(data + 16, size - 16));
	bool was_fine = true;
	for (size_t i = 0; i < 16; i++) {
		bool is_fine = read_one(&u, data[i]);
		assert(was_fine || !is_fine); /* a failure sticks */
		was_fine = is_fine;
	}
	assert(was_fine || !proc_unpack_ends(&u));
	return 0;
}
