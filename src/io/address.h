/* An address as text, and as a socket has it. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* "192.0.2.1" or "2001:db8::1". The length for the kernel; 0: that is no address. */
socklen_t io_address_take(const char *text, uint16_t port, struct sockaddr_storage *ret_address);

/* The other way round; "" and 0 for a unix socket. */
void io_address_text(const struct sockaddr *sa, char *ret_text, size_t cap, uint16_t *ret_port);

#endif
