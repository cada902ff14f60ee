#include "io/datagram.h"

#include <sys/socket.h>

bool io_datagram_read(int fd, void *ret_bytes, size_t cap, size_t *ret_len)
{
	ssize_t len = recv(fd, ret_bytes, cap, MSG_DONTWAIT);
	if (len < 0)
		return false;
	*ret_len = (size_t)len;
	return true;
}
