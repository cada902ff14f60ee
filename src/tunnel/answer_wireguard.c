/* WireGuard, which generic netlink carries: its number there, and its peers. */
#include "tunnel/answer.h"

#include "tunnel/message.h"

#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>

bool tunnel_family_read(struct slice body, uint16_t *ret_family)
{
	struct genlmsghdr h;
	struct slice list;
	return tunnel_head_read(body, &h, sizeof(h), &list) &&
	       tunnel_value_read(tunnel_attribute_find(list, CTRL_ATTR_FAMILY_ID), ret_family,
	                         sizeof(*ret_family));
}

static void allowed_look(struct tunnel_peers *peers, struct slice list)
{
	struct tunnel_ip network;
	uint16_t family;
	uint8_t prefix;
	if (!tunnel_value_read(tunnel_attribute_find(list, WGALLOWEDIP_A_FAMILY), &family,
	                       sizeof(family)) ||
	    !tunnel_value_read(tunnel_attribute_find(list, WGALLOWEDIP_A_CIDR_MASK), &prefix,
	                       sizeof(prefix)) ||
	    !tunnel_ip_take(&network, family, tunnel_attribute_find(list, WGALLOWEDIP_A_IPADDR)) ||
	    !tunnel_ip_is_in(&peers->wanted, &network, prefix))
		return;
	if (peers->is_there && prefix <= peers->prefix)
		return;
	peers->is_there = true;
	peers->prefix = prefix;
	peers->handshake_s = peers->key_handshake_s;
}

static void peer_look(struct tunnel_peers *peers, struct slice list)
{
	struct slice key = tunnel_attribute_find(list, WGPEER_A_PUBLIC_KEY);
	struct slice allowed = tunnel_attribute_find(list, WGPEER_A_ALLOWEDIPS);
	struct __kernel_timespec handshake;
	struct tunnel_attribute one;
	if (key.len != sizeof(peers->key))
		return;
	if (memcmp(peers->key, key.data, key.len) != 0)
		peers->key_handshake_s = 0;
	memcpy(peers->key, key.data, key.len);
	if (tunnel_value_read(tunnel_attribute_find(list, WGPEER_A_LAST_HANDSHAKE_TIME), &handshake,
	                      sizeof(handshake)))
		peers->key_handshake_s = handshake.tv_sec;
	while (tunnel_attribute_next(&allowed, &one))
		allowed_look(peers, one.value);
}

bool tunnel_peers_read(struct slice body, struct tunnel_peers *peers)
{
	struct genlmsghdr h;
	struct slice list;
	struct tunnel_attribute one;
	if (!tunnel_head_read(body, &h, sizeof(h), &list))
		return false;
	struct slice all = tunnel_attribute_find(list, WGDEVICE_A_PEERS);
	while (tunnel_attribute_next(&all, &one))
		peer_look(peers, one.value);
	return true;
}
