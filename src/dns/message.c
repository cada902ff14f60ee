#include "dns/message.h"

#include "dns/wire.h"

#include <arpa/inet.h>
#include <stdio.h>

static uint16_t u16_at(struct slice s, size_t at)
{
	return (uint16_t)(s.data[at] << 8 | s.data[at + 1]);
}

static bool has(struct slice whole, size_t at, size_t len)
{
	return at <= whole.len && whole.len - at >= len;
}

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Adds one label. The name's length on the wire bounds the text. */
static size_t label_add(char *text, size_t len, struct slice label)
{
	if (len)
		text[len++] = '.';
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = lower(label.data[i]);
		if (is_plain(c))
			text[len++] = (char)c;
		else
			len += (size_t)snprintf(text + len, 5, "\\%03u", c);
	}
	text[len] = '\0';
	return len;
}

/*
 * RFC 1035 4.1.4. A pointer leads backwards only, each further than the one before: no circle can
 * be written. ret_text may be NULL.
 */
static int name_read(struct slice whole, size_t at, char *ret_text, size_t *ret_next)
{
	char text[DNS_NAME_CAP] = "";
	size_t len = 0;
	size_t wire_len = 1;
	size_t before = at;
	bool has_jumped = false;
	for (;;) {
		if (!has(whole, at, 1))
			return DNS_BAD;
		uint8_t n = whole.data[at];
		if (n >= 0xc0) {
			if (!has(whole, at, 2))
				return DNS_BAD;
			size_t to = u16_at(whole, at) & 0x3fff;
			if (!has_jumped)
				*ret_next = at + 2;
			if (to >= before)
				return DNS_BAD;
			has_jumped = true;
			before = at = to;
			continue;
		}
		if (n > DNS_WIRE_LABEL_MAX || !has(whole, at + 1, n))
			return DNS_BAD;
		if (!n)
			break;
		wire_len += n + 1u;
		if (wire_len > DNS_WIRE_NAME_MAX)
			return DNS_BAD;
		len = label_add(text, len, slice_of(whole.data + at + 1, n));
		at += n + 1u;
	}
	if (!has_jumped)
		*ret_next = at + 1;
	if (ret_text)
		memcpy(ret_text, text, len + 1);
	return 0;
}

int dns_message_open(struct dns_message *ret_message, struct slice packet)
{
	size_t at;
	if (packet.len < DNS_WIRE_HEADER_LEN || !(packet.data[2] & DNS_WIRE_RESPONSE) ||
	    packet.data[2] & DNS_WIRE_TRUNCATED || u16_at(packet, 4) != 1)
		return DNS_BAD;
	if (name_read(packet, DNS_WIRE_HEADER_LEN, NULL, &at) || !has(packet, at, 4))
		return DNS_BAD;
	*ret_message =
		(struct dns_message){ .whole = packet,
		                      .at = at + 4,
		                      .answers_left = u16_at(packet, 6),
		                      .authorities_left = u16_at(packet, 8),
		                      .rcode = packet.data[3] & DNS_WIRE_RCODE,
		                      .is_authentic = packet.data[3] & DNS_WIRE_AUTHENTIC,
		                      .is_authoritative = packet.data[2] & DNS_WIRE_AUTHORITATIVE };
	return 0;
}

static int section_next(struct dns_message *m, unsigned *left, struct dns_record *ret_record)
{
	struct slice w = m->whole;
	while (*left) {
		size_t at;
		(*left)--;
		if (name_read(w, m->at, ret_record->name, &at) || !has(w, at, 10))
			return DNS_BAD;
		size_t len = u16_at(w, at + 8);
		if (!has(w, at + 10, len))
			return DNS_BAD;
		uint16_t class = u16_at(w, at + 2);
		uint32_t ttl_s = (uint32_t)u16_at(w, at + 4) << 16 | u16_at(w, at + 6);
		ret_record->type = u16_at(w, at);
		ret_record->ttl_s = ttl_s > INT32_MAX ? 0 : ttl_s; /* RFC 2181 8 */
		ret_record->data = slice_of(w.data + at + 10, len);
		m->at = at + 10 + len;
		if (class == DNS_WIRE_CLASS_IN)
			return 0;
	}
	return DNS_END;
}

int dns_message_next(struct dns_message *m, struct dns_record *ret_record)
{
	return section_next(m, &m->answers_left, ret_record);
}

int dns_message_next_authority(struct dns_message *m, struct dns_record *ret_record)
{
	return m->answers_left ? DNS_BAD : section_next(m, &m->authorities_left, ret_record);
}

/* A name in a record's data: may point before it, and has to end with it. */
static int data_name_read(const struct dns_message *m, struct slice data, char *ret_name)
{
	size_t at = (size_t)(data.data - m->whole.data);
	size_t next;
	if (name_read(slice_head(m->whole, at + data.len), at, ret_name, &next))
		return DNS_BAD;
	return next == at + data.len ? 0 : DNS_BAD;
}

int dns_mx_read(const struct dns_message *m, const struct dns_record *r, struct dns_mx *ret_mx)
{
	if (r->data.len < 3)
		return DNS_BAD;
	ret_mx->preference = u16_at(r->data, 0);
	return data_name_read(m, slice_skip(r->data, 2), ret_mx->host);
}

int dns_cname_read(const struct dns_message *m, const struct dns_record *r, char *ret_name)
{
	return r->data.len ? data_name_read(m, r->data, ret_name) : DNS_BAD;
}

int dns_address_read(const struct dns_record *r, char *ret_text)
{
	bool is_v4 = r->type == DNS_A;
	if ((!is_v4 && r->type != DNS_AAAA) || r->data.len != (is_v4 ? 4 : 16) ||
	    !inet_ntop(is_v4 ? AF_INET : AF_INET6, r->data.data, ret_text, DNS_ADDRESS_CAP))
		return DNS_BAD;
	return 0;
}

int dns_tlsa_read(const struct dns_record *r, struct dns_tlsa *ret_tlsa)
{
	if (r->data.len < 4)
		return DNS_BAD;
	*ret_tlsa = (struct dns_tlsa){ .usage = r->data.data[0],
		                       .selector = r->data.data[1],
		                       .matching = r->data.data[2],
		                       .data = slice_skip(r->data, 3) };
	return 0;
}

int dns_srv_read(const struct dns_message *m, const struct dns_record *r, struct dns_srv *ret_srv)
{
	if (r->data.len < 7)
		return DNS_BAD;
	ret_srv->priority = u16_at(r->data, 0);
	ret_srv->weight = u16_at(r->data, 2);
	ret_srv->port = u16_at(r->data, 4);
	return data_name_read(m, slice_skip(r->data, 6), ret_srv->target);
}

int dns_caa_read(const struct dns_record *r, struct dns_caa *ret_caa)
{
	enum { CRITICAL = 0x80 };
	size_t tag_len = r->data.len < 2 ? 0 : r->data.data[1];
	if (!tag_len || r->data.len - 2 < tag_len)
		return DNS_BAD;
	struct slice tag = slice_head(slice_skip(r->data, 2), tag_len);
	for (size_t i = 0; i < tag.len; i++) {
		uint8_t c = lower(tag.data[i]);
		if (!is_plain(c) || c == '-' || c == '_' || c == '*')
			return DNS_BAD;
	}
	*ret_caa = (struct dns_caa){ .is_critical = r->data.data[0] & CRITICAL,
		                     .tag = tag,
		                     .value = slice_skip(r->data, 2 + tag_len) };
	return 0;
}

int dns_nsec3_read(const struct dns_record *r, uint16_t *ret_iterations)
{
	enum { PARAM_LEN = 5 }; /* algorithm, flags, iterations, length of the salt */
	if ((r->type != DNS_NSEC3 && r->type != DNS_NSEC3PARAM) || r->data.len < PARAM_LEN ||
	    r->data.len - PARAM_LEN < r->data.data[4])
		return DNS_BAD;
	*ret_iterations = u16_at(r->data, 2);
	return 0;
}

int dns_txt_read(const struct dns_record *r, uint8_t *ret_text, size_t *ret_len)
{
	struct slice rest = r->data;
	size_t len = 0;
	if (!rest.len)
		return DNS_BAD;
	while (rest.len) {
		size_t n = rest.data[0];
		if (n >= rest.len || len + n > DNS_TXT_CAP)
			return DNS_BAD;
		memcpy(ret_text + len, rest.data + 1, n);
		len += n;
		rest = slice_skip(rest, n + 1);
	}
	*ret_len = len;
	return 0;
}

bool dns_name_is_host(const char *name)
{
	size_t label = 0;
	size_t len = strlen(name);
	if (!len || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)name[i];
		bool is_edge = !label || i + 1 == len || name[i + 1] == '.';
		if (c == '.' ? !label : c == '*' || !is_plain(lower(c)) || (c == '-' && is_edge))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > DNS_WIRE_LABEL_MAX)
			return false;
	}
	return label > 0;
}
