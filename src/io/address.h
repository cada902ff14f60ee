/* An address as text, for a socket. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

/* "192.0.2.1" or "2001:db8::1". The length for the kernel; 0: that is no address. */
socklen_t io_address_take(const char *text, uint16_t port, struct sockaddr_storage *ret_address);

#endif
