#include "proc/host.h"

#include "base/address.h"

void proc_host_pack(struct proc_packer *p, const struct policy_host_answer *host)
{
	proc_pack_u8(p, host->is_known);
	proc_pack_u8(p, host->is_file);
	proc_pack_u32(p, host->ttl_s);
	proc_pack_str(p, host->why);
	proc_pack_u8(p, (uint8_t)host->count);
	for (size_t i = 0; i < host->count; i++)
		proc_pack_str(p, host->addresses[i]);
}

bool proc_host_unpack(struct proc_unpacker *u, struct policy_host_answer *ret_host)
{
	struct policy_host_answer host = {};
	uint8_t is_known, is_file, count;
	if (!proc_unpack_u8(u, &is_known) || !proc_unpack_u8(u, &is_file) ||
	    !proc_unpack_u32(u, &host.ttl_s) || !proc_unpack_str(u, host.why, sizeof(host.why)) ||
	    !proc_unpack_u8(u, &count) || is_known > 1 || is_file > 1 ||
	    count > POLICY_HOST_ADDRESSES_MAX || (count > 0) != is_known)
		return false;
	for (; host.count < count; host.count++) {
		char *address = host.addresses[host.count];
		if (!proc_unpack_str(u, address, DNS_ADDRESS_CAP) || !address_is_literal(address))
			return false;
	}
	host.is_known = is_known;
	host.is_file = is_file;
	*ret_host = host;
	return proc_unpack_ends(u);
}
