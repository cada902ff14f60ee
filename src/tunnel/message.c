#include "tunnel/message.h"

#include <linux/netlink.h>

/* Both kinds begin with their length, are as long as that, and end where a multiple of four is. */
static bool frame_cut(struct slice *bytes, size_t len, size_t header, struct slice *ret_body)
{
	if (len < header || len > bytes->len)
		return false;
	*ret_body = slice_skip(slice_head(*bytes, len), header);
	*bytes = slice_skip(*bytes, (len + 3) & ~(size_t)3);
	return true;
}

bool tunnel_message_next(struct slice *bytes, struct tunnel_message *ret_message)
{
	struct nlmsghdr h;
	if (bytes->len < sizeof(h))
		return false;
	memcpy(&h, bytes->data, sizeof(h));
	ret_message->type = h.nlmsg_type;
	return frame_cut(bytes, h.nlmsg_len, NLMSG_HDRLEN, &ret_message->body);
}

int tunnel_message_error(const struct tunnel_message *message)
{
	int32_t error = 0;
	bool has_error = message->type == NLMSG_ERROR || message->type == NLMSG_DONE;
	if (has_error && message->body.len >= sizeof(error))
		memcpy(&error, message->body.data, sizeof(error));
	return error > 0 ? 0 : error;
}

bool tunnel_attribute_next(struct slice *list, struct tunnel_attribute *ret_attribute)
{
	struct nlattr a;
	if (list->len < sizeof(a))
		return false;
	memcpy(&a, list->data, sizeof(a));
	ret_attribute->type = a.nla_type & NLA_TYPE_MASK;
	return frame_cut(list, a.nla_len, NLA_HDRLEN, &ret_attribute->value);
}

struct slice tunnel_attribute_find(struct slice list, unsigned type)
{
	struct tunnel_attribute a;
	while (tunnel_attribute_next(&list, &a))
		if (a.type == type)
			return a.value;
	return (struct slice){};
}

bool tunnel_value_read(struct slice value, void *ret, size_t len)
{
	if (!value.data || value.len != len)
		return false;
	memcpy(ret, value.data, len);
	return true;
}

bool tunnel_head_read(struct slice body, void *ret, size_t len, struct slice *ret_attributes)
{
	if (body.len < len)
		return false;
	memcpy(ret, body.data, len);
	*ret_attributes = slice_skip(body, (len + 3) & ~(size_t)3);
	return true;
}
