/* Transparent ends: where a connection was on its way to when nftables caught it. */
#include "link/inside.h"

#include "io/address.h"

#include <netinet/in.h>
#include <string.h>

void link_wanted_find(const struct link_end *end, int fd, struct sockaddr_storage *ret_sa)
{
	enum { ORIGINAL_DST = 80 }; /* SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST of the kernel */
	socklen_t len = sizeof(*ret_sa);
	*ret_sa = (struct sockaddr_storage){};
	getsockname(fd, (struct sockaddr *)ret_sa, &len);
	int level = ret_sa->ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	len = sizeof(*ret_sa);
	if (end->is_transparent && getsockopt(fd, level, ORIGINAL_DST, ret_sa, &len))
		*ret_sa = (struct sockaddr_storage){};
}

bool link_is_destination(const struct link_end *end, const struct sockaddr_storage *sa)
{
	char addr[48], listed[48];
	uint16_t port, listed_port;
	io_address_text((const struct sockaddr *)sa, addr, sizeof(addr), &port);
	for (size_t i = 0; i < end->destination_count; i++) {
		io_address_text((const struct sockaddr *)&end->destinations[i].sa, listed,
		                sizeof(listed), &listed_port);
		if (port == listed_port && !strcmp(addr, listed))
			return true;
	}
	return false;
}

bool link_is_wanted(const struct link_end *end, const struct sockaddr_storage *sa)
{
	return !end->is_transparent || link_is_destination(end, sa);
}
