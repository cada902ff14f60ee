#include "proc/guard.h"

void proc_guard_place_pack(struct proc_packer *p, const struct proc_guard_place *place)
{
	proc_pack_u16(p, place->port);
	proc_pack_str(p, place->host);
}

bool proc_guard_place_unpack(struct proc_unpacker *u, struct proc_guard_place *ret_place)
{
	return proc_unpack_u16(u, &ret_place->port) &&
	       proc_unpack_str(u, ret_place->host, sizeof(ret_place->host));
}

void proc_guard_question_pack(struct proc_packer *p, const struct proc_guard_question *question)
{
	proc_pack_u32(p, question->number);
	proc_pack_u16(p, (uint16_t)question->count);
	for (size_t i = 0; i < question->count; i++)
		proc_guard_place_pack(p, &question->places[i]);
	proc_pack_raw(p, question->chain_pem);
}

bool proc_guard_question_unpack(struct slice payload, struct proc_guard_question *ret_question)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint16_t count;
	if (!proc_unpack_u32(&u, &ret_question->number) || !proc_unpack_u16(&u, &count) ||
	    count > PROC_GUARD_PLACES_MAX)
		return false;
	ret_question->count = count;
	for (size_t i = 0; i < count; i++)
		if (!proc_guard_place_unpack(&u, &ret_question->places[i]))
			return false;
	return proc_unpack_text(&u, &ret_question->chain_pem);
}

void proc_guard_answer_pack(struct proc_packer *p, const struct proc_guard_answer *answer)
{
	proc_pack_u32(p, answer->number);
	proc_pack_u8(p, (uint8_t)answer->tlsa);
	proc_guard_place_pack(p, &answer->place);
}

bool proc_guard_answer_unpack(struct slice payload, struct proc_guard_answer *ret_answer)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint8_t tlsa;
	if (!proc_unpack_u32(&u, &ret_answer->number) || !proc_unpack_u8(&u, &tlsa) ||
	    tlsa >= PROC_WITNESS_TLSA_COUNT || !proc_guard_place_unpack(&u, &ret_answer->place))
		return false;
	ret_answer->tlsa = (enum proc_witness_tlsa)tlsa;
	return proc_unpack_ends(&u);
}

bool proc_guard_is_worse(enum proc_witness_tlsa a, enum proc_witness_tlsa than)
{
	static const uint8_t ranks[] = {
		[PROC_WITNESS_TLSA_NONE] = 0,
		[PROC_WITNESS_TLSA_COVERS] = 1,
		[PROC_WITNESS_TLSA_UNKNOWN] = 2,
		[PROC_WITNESS_TLSA_MISSES] = 3,
	};
	_Static_assert(sizeof(ranks) == PROC_WITNESS_TLSA_COUNT, "a result without its rank");
	return ranks[a] > ranks[than];
}
