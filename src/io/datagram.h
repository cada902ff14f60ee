/* Sockets for datagrams, which have no stream. */
#ifndef IO_DATAGRAM_H
#define IO_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* The next one, cut to cap. False: there is none now. */
bool io_datagram_read(int fd, void *ret_bytes, size_t cap, size_t *ret_len);

#endif
