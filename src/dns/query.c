#include "dns/query.h"

#include "dns/wire.h"

enum { OPT_LEN = 11, RECURSION_DESIRED = 0x01 /* of byte 2 */ };

/* The root, type 41, 1232 bytes, no flags: what fits in one packet everywhere. */
static const uint8_t opt[OPT_LEN] = { 0, 0, 41, 1232 >> 8, 1232 & 0xff };

static int name_write(uint8_t *to, size_t *ret_len, const char *name)
{
	size_t len = 0;
	while (*name) {
		size_t label = strcspn(name, ".");
		if (!label || label > DNS_WIRE_LABEL_MAX || len + label + 2 > DNS_WIRE_NAME_MAX)
			return DNS_BAD;
		to[len] = (uint8_t)label;
		memcpy(to + len + 1, name, label);
		len += label + 1;
		name += label + (name[label] == '.');
	}
	to[len] = 0;
	*ret_len = len + 1;
	return 0;
}

int dns_query_write(uint8_t ret_query[DNS_QUERY_MAX], size_t *ret_len, uint16_t id,
                    const char *name, enum dns_type type)
{
	const uint8_t header[DNS_WIRE_HEADER_LEN] = {
		(uint8_t)(id >> 8), (uint8_t)id, RECURSION_DESIRED,
		DNS_WIRE_AUTHENTIC, [5] = 1,     [11] = 1,
	};
	const uint8_t tail[] = { (uint8_t)(type >> 8), (uint8_t)type, 0, DNS_WIRE_CLASS_IN };
	size_t name_len;
	uint8_t *at = ret_query + DNS_WIRE_HEADER_LEN;
	if (name_write(at, &name_len, name))
		return DNS_BAD;
	memcpy(ret_query, header, sizeof(header));
	memcpy(at + name_len, tail, sizeof(tail));
	memcpy(at + name_len + sizeof(tail), opt, sizeof(opt));
	*ret_len = DNS_WIRE_HEADER_LEN + name_len + sizeof(tail) + sizeof(opt);
	return 0;
}

void dns_query_undirect(uint8_t query[DNS_QUERY_MAX])
{
	query[2] &= (uint8_t)~RECURSION_DESIRED;
	query[3] &= (uint8_t)~DNS_WIRE_AUTHENTIC;
}

int dns_query_match(struct slice query, struct slice packet)
{
	size_t len = query.len - DNS_WIRE_HEADER_LEN - OPT_LEN; /* of the question */
	if (packet.len < DNS_WIRE_HEADER_LEN + len || memcmp(packet.data, query.data, 2) != 0 ||
	    !(packet.data[2] & DNS_WIRE_RESPONSE))
		return DNS_BAD;
	/* RFC 4343: a server may change the case. No other byte of a question is a letter's. */
	if (memcmp(packet.data + 4, "\0\1", 2) != 0 ||
	    !slice_equal_nocase(slice_of(packet.data + DNS_WIRE_HEADER_LEN, len),
	                        slice_of(query.data + DNS_WIRE_HEADER_LEN, len)))
		return DNS_BAD;
	return packet.data[2] & DNS_WIRE_TRUNCATED ? DNS_TRUNCATED : 0;
}
