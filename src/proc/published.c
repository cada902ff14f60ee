#include "proc/published.h"

void proc_published_pack(struct proc_packer *p, const struct proc_published *published)
{
	proc_pack_str(p, published->domain);
	proc_pack_u8(p, (uint8_t)published->state);
	proc_pack_str(p, published->id);
	proc_pack_str(p, published->why);
	proc_pack_raw(p, published->text);
}

bool proc_published_unpack(struct slice payload, struct proc_published *ret_published)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint8_t state;
	if (!proc_unpack_str(&u, ret_published->domain, sizeof(ret_published->domain)) ||
	    !proc_unpack_u8(&u, &state) || state > POLICY_STS_IN_FORCE ||
	    !proc_unpack_str(&u, ret_published->id, sizeof(ret_published->id)) ||
	    !proc_unpack_str(&u, ret_published->why, sizeof(ret_published->why)) ||
	    u.rest.len > PROC_PUBLISHED_FILE_MAX)
		return false;
	ret_published->state = (enum policy_sts_state)state;
	ret_published->text = u.rest;
	return true;
}
