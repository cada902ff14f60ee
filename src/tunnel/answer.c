/* Links and routes. */
#include "tunnel/answer.h"

#include "tunnel/message.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

bool tunnel_ip_equal(const struct tunnel_ip *a, const struct tunnel_ip *b)
{
	return a->is_v6 == b->is_v6 && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool tunnel_ip_is_in(const struct tunnel_ip *ip, const struct tunnel_ip *network, unsigned prefix)
{
	if (ip->is_v6 != network->is_v6 || prefix > (ip->is_v6 ? 128U : 32U))
		return false;
	unsigned whole = prefix / 8, left = prefix % 8;
	uint8_t mask = (uint8_t)(0xff00 >> left);
	return !memcmp(ip->bytes, network->bytes, whole) &&
	       (!left || !((ip->bytes[whole] ^ network->bytes[whole]) & mask));
}

bool tunnel_ip_take(struct tunnel_ip *ret_ip, int family, struct slice bytes)
{
	size_t len = family == AF_INET6 ? 16 : family == AF_INET ? 4 : 0;
	if (!len || !bytes.data || bytes.len < len)
		return false;
	*ret_ip = (struct tunnel_ip){ .is_v6 = family == AF_INET6 };
	memcpy(ret_ip->bytes, bytes.data, len);
	return true;
}

static uint8_t byte_of(struct slice list, unsigned type)
{
	uint8_t byte = 0;
	(void)tunnel_value_read(tunnel_attribute_find(list, type), &byte, sizeof(byte));
	return byte;
}

static void kind_read(struct tunnel_link *link, struct slice info)
{
	struct slice kind = tunnel_attribute_find(info, IFLA_INFO_KIND);
	struct slice data = tunnel_attribute_find(info, IFLA_INFO_DATA);
	slice_to_text(slice_head(kind, slice_find(kind, 0)), link->kind, sizeof(link->kind));
	if (!strcmp(link->kind, "xfrm")) {
		(void)tunnel_value_read(tunnel_attribute_find(data, IFLA_XFRM_IF_ID), &link->if_id,
		                        sizeof(link->if_id));
	} else if (!strcmp(link->kind, "macsec")) {
		link->macsec_encrypts =
			byte_of(data, IFLA_MACSEC_ENCRYPT) && byte_of(data, IFLA_MACSEC_PROTECT);
		link->macsec_is_strict =
			byte_of(data, IFLA_MACSEC_VALIDATION) == MACSEC_VALIDATE_STRICT;
	}
}

bool tunnel_link_read(struct slice body, struct tunnel_link *ret_link)
{
	struct ifinfomsg info;
	struct slice list;
	if (!tunnel_head_read(body, &info, sizeof(info), &list))
		return false;
	*ret_link = (struct tunnel_link){ .index = (unsigned)info.ifi_index,
		                          .is_up = info.ifi_flags & IFF_UP };
	kind_read(ret_link, tunnel_attribute_find(list, IFLA_LINKINFO));
	return true;
}

bool tunnel_route_read(struct slice body, struct tunnel_route *ret_route)
{
	struct rtmsg route;
	struct slice list;
	if (!tunnel_head_read(body, &route, sizeof(route), &list))
		return false;
	*ret_route = (struct tunnel_route){
		.has_gateway = tunnel_attribute_find(list, RTA_GATEWAY).data ||
		               tunnel_attribute_find(list, RTA_VIA).data,
	};
	bool has_source = tunnel_ip_take(&ret_route->source, route.rtm_family,
	                                 tunnel_attribute_find(list, RTA_PREFSRC));
	ret_route->is_there =
		tunnel_value_read(tunnel_attribute_find(list, RTA_OIF), &ret_route->interface,
	                          sizeof(ret_route->interface)) &&
		route.rtm_type == RTN_UNICAST && has_source;
	return true;
}
