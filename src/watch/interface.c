#include "watch/interface.h"

#include "base/clean.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <sys/socket.h>

static const struct {
	const char *kind;
	enum watch_wire wire;
} kinds[] = {
	{ "loopback", WATCH_LOCAL },   { "veth", WATCH_LOCAL }, { "dummy", WATCH_LOCAL },
	{ "wireguard", WATCH_INSIDE }, { "tun", WATCH_INSIDE }, { "macsec", WATCH_INSIDE },
	{ "xfrm", WATCH_INSIDE },      { "vti", WATCH_INSIDE }, { "vti6", WATCH_INSIDE },
	{ "ovpn", WATCH_INSIDE },
};

enum watch_wire watch_interface_kind_wire(const char *kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (!strcmp(kinds[i].kind, kind))
			return kinds[i].wire;
	return WATCH_NETWORK;
}

/* The attribute of a type among len bytes of them; NULL: it is not there. */
static const struct rtattr *attribute_find(const struct rtattr *at, size_t len, unsigned type)
{
	for (int left = (int)len; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static void answer_read(const struct nlmsghdr *answer, struct watch_interface *i)
{
	const struct ifinfomsg *info = NLMSG_DATA(answer);
	const struct rtattr *link, *mac, *kind = NULL;
	if (answer->nlmsg_type != RTM_NEWLINK)
		return;
	link = attribute_find(IFLA_RTA(info), IFLA_PAYLOAD(answer), IFLA_LINKINFO);
	if (link)
		kind = attribute_find(RTA_DATA(link), RTA_PAYLOAD(link), IFLA_INFO_KIND);
	if (kind)
		snprintf(i->kind, sizeof(i->kind), "%.*s", (int)RTA_PAYLOAD(kind),
		         (const char *)RTA_DATA(kind));
	else if (info->ifi_flags & IFF_LOOPBACK)
		snprintf(i->kind, sizeof(i->kind), "loopback");
	mac = attribute_find(IFLA_RTA(info), IFLA_PAYLOAD(answer), IFLA_ADDRESS);
	i->has_mac = info->ifi_type == ARPHRD_ETHER && mac && RTA_PAYLOAD(mac) == sizeof(i->mac);
	if (i->has_mac)
		memcpy(i->mac, RTA_DATA(mac), sizeof(i->mac));
}

static void kernel_ask(int fd, unsigned index, struct watch_interface *i)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} question = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		            .nlmsg_type = RTM_GETLINK,
		            .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
	};
	_Alignas(struct nlmsghdr) char bytes[16 * 1024];
	const struct nlmsghdr *answer = (const struct nlmsghdr *)bytes;
	if (send(fd, &question, question.header.nlmsg_len, 0) < 0)
		return;
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (n > 0 && NLMSG_OK(answer, (size_t)n))
		answer_read(answer, i);
}

void watch_interface_look(struct watch_interface *ret_interface, const char *name)
{
	unsigned index = if_nametoindex(name);
	CLEAN(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	*ret_interface = (struct watch_interface){};
	if (fd >= 0 && index)
		kernel_ask(fd, index, ret_interface);
	ret_interface->wire = watch_interface_kind_wire(ret_interface->kind);
}

bool watch_interface_is_passed(const struct watch_interface *interface, struct slice frame)
{
	enum { MULTICAST = 1 };
	return interface->has_mac && frame.len >= 2 * WATCH_MAC_LEN &&
	       !(frame.data[0] & MULTICAST) && memcmp(frame.data, interface->mac, WATCH_MAC_LEN) &&
	       memcmp(frame.data + WATCH_MAC_LEN, interface->mac, WATCH_MAC_LEN);
}
