#include "watch/dns.h"

#include "watch/wire.h"

enum { HEADER = 12, ANSWER = 0x80, OPCODE = 0x78, RESERVED = 0x40 };

/* One name that is whole, a type and a class that exist. */
static bool question_is_right(struct slice s)
{
	size_t at = 0;
	while (at < s.len && s.data[at]) {
		if (s.data[at] > 63)
			return false;
		at += (size_t)s.data[at] + 1;
	}
	if (at + 5 > s.len)
		return false;
	uint16_t class = watch_u16(s.data + at + 3);
	return watch_u16(s.data + at + 1) && (class == 1 || class == 3 || class == 255);
}

static bool header_is_right(struct slice m, uint8_t answer)
{
	if (m.len < HEADER + 5)
		return false;
	uint8_t opcode = (m.data[2] & OPCODE) >> 3;
	return (m.data[2] & ANSWER) == answer && (opcode == 0 || opcode == 4 || opcode == 5) &&
	       !(m.data[3] & RESERVED) && watch_u16(m.data + 4) == 1;
}

bool watch_dns_is_query(struct slice m)
{
	return header_is_right(m, 0) && !(m.data[3] & 15) && watch_u16(m.data + 6) == 0 &&
	       watch_u16(m.data + 10) <= 3 && question_is_right(slice_skip(m, HEADER));
}

bool watch_dns_is_answer(struct slice m)
{
	return header_is_right(m, ANSWER) && question_is_right(slice_skip(m, HEADER));
}
