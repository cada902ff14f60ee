#include "proc/everywhere.h"

#include <string.h>

void proc_everywhere_question_pack(struct proc_packer *p,
                                   const struct proc_everywhere_question *question)
{
	proc_pack_u32(p, question->number);
	proc_pack_raw(p, slice_of(question->spki, sizeof(question->spki)));
	proc_pack_u16(p, (uint16_t)question->count);
	for (size_t i = 0; i < question->count; i++)
		proc_guard_place_pack(p, &question->places[i]);
}

static bool spki_unpack(struct proc_unpacker *u, uint8_t *ret_spki)
{
	if (u->rest.len < PROC_SPKI_LEN)
		return false;
	memcpy(ret_spki, u->rest.data, PROC_SPKI_LEN);
	u->rest = slice_skip(u->rest, PROC_SPKI_LEN);
	return true;
}

bool proc_everywhere_question_unpack(struct slice payload,
                                     struct proc_everywhere_question *ret_question)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint16_t count;
	if (!proc_unpack_u32(&u, &ret_question->number) || !spki_unpack(&u, ret_question->spki) ||
	    !proc_unpack_u16(&u, &count) || count > PROC_GUARD_PLACES_MAX)
		return false;
	ret_question->count = count;
	for (size_t i = 0; i < count; i++)
		if (!proc_guard_place_unpack(&u, &ret_question->places[i]))
			return false;
	return proc_unpack_ends(&u);
}

void proc_everywhere_answer_pack(struct proc_packer *p, const struct proc_everywhere_answer *answer)
{
	proc_pack_u32(p, answer->number);
	proc_pack_u8(p, answer->is_everywhere);
	proc_pack_u32(p, answer->ttl_s);
	proc_pack_str(p, answer->why);
}

bool proc_everywhere_answer_unpack(struct slice payload, struct proc_everywhere_answer *ret_answer)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint8_t is_everywhere;
	if (!proc_unpack_u32(&u, &ret_answer->number) || !proc_unpack_u8(&u, &is_everywhere) ||
	    is_everywhere > 1 || !proc_unpack_u32(&u, &ret_answer->ttl_s) ||
	    !proc_unpack_str(&u, ret_answer->why, sizeof(ret_answer->why)))
		return false;
	ret_answer->is_everywhere = is_everywhere;
	return proc_unpack_ends(&u);
}
