#include "common/listener.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 65535 };

int listener_port(const char *text)
{
	char *end = NULL;
	long port = strtol(text, &end, 10);
	return end != text && !*end && port >= 1 && port <= 65535 ? (int)port : 0;
}

int listener_address(struct sockaddr_in *ret_address, const char *text)
{
	char host[INET_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	if (!colon || (size_t)(colon - text) >= sizeof(host) || !listener_port(colon + 1))
		return -1;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = 0;
	*ret_address =
		(struct sockaddr_in){ .sin_family = AF_INET,
		                      .sin_port = htons((uint16_t)listener_port(colon + 1)) };
	return inet_pton(AF_INET, host, &ret_address->sin_addr) == 1 ? 0 : -1;
}

int listener_open(const struct sockaddr_in *at, bool is_shared)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (!bind(fd, (const struct sockaddr *)at, sizeof(*at)) && !listen(fd, BACKLOG))
		return fd;
	close(fd);
	return -1;
}
