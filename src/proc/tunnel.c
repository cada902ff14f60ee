#include "proc/tunnel.h"

void proc_tunnel_pack(struct proc_packer *p, const struct tunnel_told *tunnel)
{
	proc_pack_str(p, tunnel->interface);
	proc_pack_str(p, tunnel->address);
	proc_pack_u8(p, tunnel->accepts_unproven);
	proc_pack_u8(p, (uint8_t)tunnel->state);
}

bool proc_tunnel_unpack(struct proc_unpacker *u, struct tunnel_told *ret_tunnel)
{
	struct tunnel_told t = {};
	uint8_t accepts = 0, state = 0;
	if (!proc_unpack_str(u, t.interface, sizeof(t.interface)) ||
	    !proc_unpack_str(u, t.address, sizeof(t.address)) || !proc_unpack_u8(u, &accepts) ||
	    !proc_unpack_u8(u, &state) || accepts > 1 || state == TUNNEL_GONE ||
	    state >= TUNNEL_STATE_COUNT)
		return false;
	t.accepts_unproven = accepts;
	t.state = (enum tunnel_state)state;
	*ret_tunnel = t;
	return true;
}
