/*
 * Netlink's frames (RFC 3549): messages in a run of bytes, attributes in a message. Pure; what is
 * cut or lies about its length ends the run.
 */
#ifndef TUNNEL_MESSAGE_H
#define TUNNEL_MESSAGE_H

#include "base/slice.h"

struct tunnel_message {
	uint16_t type;
	struct slice body; /* behind the header of netlink */
};

/* Cuts the next one off *bytes. False: there is none that is whole. */
bool tunnel_message_next(struct slice *bytes, struct tunnel_message *ret_message);

/* Of an error message, or the end of a dump: 0 (it is well) or a negative errno, as the kernel has
 * it. */
int tunnel_message_error(const struct tunnel_message *message);

struct tunnel_attribute {
	unsigned type; /* without its flags */
	struct slice value;
};

/* The same of attributes. */
bool tunnel_attribute_next(struct slice *list, struct tunnel_attribute *ret_attribute);

/* The first of that type; with data NULL: there is none. */
struct slice tunnel_attribute_find(struct slice list, unsigned type);

/* One to eight bytes in this host's order. False: another length. */
bool tunnel_value_read(struct slice value, void *ret, size_t len);

/* A struct of the kernel's at the front of body; what is behind it are attributes. False: cut. */
bool tunnel_head_read(struct slice body, void *ret, size_t len, struct slice *ret_attributes);

#endif
