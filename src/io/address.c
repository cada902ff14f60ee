#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>

socklen_t io_address_take(const char *text, uint16_t port, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	*ret_address = (struct sockaddr_storage){};
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof(*v6);
}

void io_address_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	bool is_v6 = sa->sa_family == AF_INET6;
	*ret_port = 0;
	ret_text[0] = '\0';
	if (!is_v6 && sa->sa_family != AF_INET)
		return;
	inet_ntop(sa->sa_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, ret_text,
	          (socklen_t)cap);
	*ret_port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
}
