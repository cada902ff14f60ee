#include "tunnel/question.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

static int attribute_add(struct buf *b, uint16_t type, struct slice value)
{
	static const uint8_t padding[NLA_ALIGNTO];
	const struct nlattr a = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + value.len) };
	int r = buf_add(b, slice_of(&a, sizeof(a)));
	if (!r)
		r = buf_add(b, value);
	if (!r)
		r = buf_add(b, slice_of(padding, NLA_ALIGN(value.len) - value.len));
	return err_up(r);
}

/* With its NUL, as the kernel wants it. */
static int text_add(struct buf *b, uint16_t type, const char *text)
{
	return err_up(attribute_add(b, type, slice_of(text, strlen(text) + 1)));
}

/* What is behind the header of netlink: a struct of the kernel's. */
static int begin(struct buf *b, uint16_t type, uint16_t flags, struct slice head)
{
	const struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };
	int r = buf_add(b, slice_of(&h, sizeof(h)));
	if (!r)
		r = buf_add(b, head);
	return err_up(r);
}

/* The message is all that is in the buf. r: how its parts went. */
static int end(struct buf *b, int r)
{
	uint32_t len = (uint32_t)buf_len(b);
	if (!r)
		memcpy(b->data + b->start, &len, sizeof(len));
	return err_up(r);
}

int tunnel_ask_link(struct buf *question, const char *name)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	int r = begin(question, RTM_GETLINK, 0, slice_of(&info, sizeof(info)));
	if (!r)
		r = text_add(question, IFLA_IFNAME, name);
	return end(question, r);
}

int tunnel_ask_route(struct buf *question, const struct tunnel_way *way, uint32_t uid)
{
	const size_t len = way->to.is_v6 ? 16 : 4;
	const struct rtmsg route = { .rtm_family = way->to.is_v6 ? AF_INET6 : AF_INET,
		                     .rtm_dst_len = (uint8_t)(8 * len) };
	const uint16_t port = htons(way->port);
	const uint8_t protocol = IPPROTO_TCP;
	int r = begin(question, RTM_GETROUTE, 0, slice_of(&route, sizeof(route)));
	if (!r)
		r = attribute_add(question, RTA_DST, slice_of(way->to.bytes, len));
	if (!r)
		r = attribute_add(question, RTA_UID, slice_of(&uid, sizeof(uid)));
	if (!r)
		r = attribute_add(question, RTA_IP_PROTO, slice_of(&protocol, sizeof(protocol)));
	if (!r)
		r = attribute_add(question, RTA_DPORT, slice_of(&port, sizeof(port)));
	return end(question, r);
}

int tunnel_ask_family(struct buf *question)
{
	const struct genlmsghdr h = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	int r = begin(question, GENL_ID_CTRL, 0, slice_of(&h, sizeof(h)));
	if (!r)
		r = text_add(question, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	return end(question, r);
}

int tunnel_ask_peers(struct buf *question, uint16_t family, const char *name)
{
	const struct genlmsghdr h = { .cmd = WG_CMD_GET_DEVICE, .version = WG_GENL_VERSION };
	int r = begin(question, family, NLM_F_DUMP, slice_of(&h, sizeof(h)));
	if (!r)
		r = text_add(question, WGDEVICE_A_IFNAME, name);
	return end(question, r);
}

int tunnel_ask_policies(struct buf *question)
{
	const struct xfrm_userpolicy_id all = {};
	return end(question,
	           begin(question, XFRM_MSG_GETPOLICY, NLM_F_DUMP, slice_of(&all, sizeof(all))));
}

int tunnel_ask_sas(struct buf *question)
{
	const struct xfrm_usersa_id all = {};
	return end(question,
	           begin(question, XFRM_MSG_GETSA, NLM_F_DUMP, slice_of(&all, sizeof(all))));
}
