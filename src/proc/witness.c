#include "proc/witness.h"

enum {
	OWN = 1,
	HEADER = 2,
	LHLO = 4,
	NAME = 8,
	SELF_SIGNED = 16,
	INCOMPLETE = 32,
	LAST = 64,
	OF_TARGET = OWN | HEADER | LHLO,
	OF_SIGHT = NAME | SELF_SIGNED | INCOMPLETE | LAST
};

void proc_witness_target_pack(struct proc_packer *p, const struct proc_witness_target *target)
{
	proc_pack_u32(p, target->id);
	proc_pack_u16(p, target->port);
	proc_pack_str(p, target->protocol);
	proc_pack_u8(p, (uint8_t)((target->is_own ? OWN : 0) | (target->has_header ? HEADER : 0) |
	                          (target->says_lhlo ? LHLO : 0)));
	proc_pack_str(p, target->host);
	proc_pack_str(p, target->name);
}

bool proc_witness_target_unpack(struct proc_unpacker *u, struct proc_witness_target *ret_target)
{
	struct proc_witness_target t = {};
	uint8_t flags;
	if (!proc_unpack_u32(u, &t.id) || !proc_unpack_u16(u, &t.port) ||
	    !proc_unpack_str(u, t.protocol, sizeof(t.protocol)) || !proc_unpack_u8(u, &flags) ||
	    !proc_unpack_str(u, t.host, sizeof(t.host)) ||
	    !proc_unpack_str(u, t.name, sizeof(t.name)) || flags & ~OF_TARGET)
		return false;
	t.is_own = flags & OWN;
	t.has_header = flags & HEADER;
	t.says_lhlo = flags & LHLO;
	*ret_target = t;
	return true;
}

void proc_witness_sight_pack(struct proc_packer *p, const struct proc_witness_sight *sight)
{
	proc_pack_u32(p, sight->id);
	proc_pack_u8(p, (uint8_t)sight->end);
	proc_pack_u8(p, (uint8_t)sight->tlsa);
	proc_pack_u8(
		p,
		(uint8_t)((sight->has_name ? NAME : 0) | (sight->is_self_signed ? SELF_SIGNED : 0) |
	                  (sight->is_incomplete ? INCOMPLETE : 0) | (sight->is_last ? LAST : 0)));
	proc_pack_u64(p, (uint64_t)sight->not_before_s);
	proc_pack_u64(p, (uint64_t)sight->not_after_s);
	proc_pack_raw(p, slice_of(sight->sha256, sizeof(sight->sha256)));
	proc_pack_raw(p, slice_of(sight->spki, sizeof(sight->spki)));
	proc_pack_str(p, sight->address);
	proc_pack_str(p, sight->why);
}

static bool certificate_unpack(struct proc_unpacker *u, struct proc_witness_sight *s)
{
	uint64_t before, after;
	if (!proc_unpack_u64(u, &before) || !proc_unpack_u64(u, &after) ||
	    !proc_unpack_raw(u, s->sha256, sizeof(s->sha256)) ||
	    !proc_unpack_raw(u, s->spki, sizeof(s->spki)))
		return false;
	s->not_before_s = (int64_t)before;
	s->not_after_s = (int64_t)after;
	return true;
}

bool proc_witness_sight_unpack(struct slice payload, struct proc_witness_sight *ret_sight)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_witness_sight s = {};
	uint8_t end, tlsa, flags;
	if (!proc_unpack_u32(&u, &s.id) || !proc_unpack_u8(&u, &end) ||
	    !proc_unpack_u8(&u, &tlsa) || !proc_unpack_u8(&u, &flags) ||
	    !certificate_unpack(&u, &s) || !proc_unpack_str(&u, s.address, sizeof(s.address)) ||
	    !proc_unpack_str(&u, s.why, sizeof(s.why)) || !proc_unpack_ends(&u) ||
	    end >= PROC_WITNESS_END_COUNT || tlsa >= PROC_WITNESS_TLSA_COUNT || flags & ~OF_SIGHT)
		return false;
	s.end = (enum proc_witness_end)end;
	s.tlsa = (enum proc_witness_tlsa)tlsa;
	s.has_name = flags & NAME;
	s.is_self_signed = flags & SELF_SIGNED;
	s.is_incomplete = flags & INCOMPLETE;
	s.is_last = flags & LAST;
	*ret_sight = s;
	return true;
}
