#include "proxyhdr/proxyhdr.h"

#include "base/clean.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

enum {
	V2_HEADER_LEN = 16, /* signature, command, family, length */
	VERSION_2 = 0x20,
	COMMAND_LOCAL = 0,
	COMMAND_PROXY = 1,
	FAMILY_UNSPEC = 0,
	FAMILY_INET = 1,
	FAMILY_INET6 = 2,
	FAMILY_UNIX = 3,
	TRANSPORT_STREAM = 1,
	INET_LEN = 12, /* two addresses and two ports */
	INET6_LEN = 36,
	UNIX_LEN = 216,
	TLV_HEADER_LEN = 3,
	TLV_ALPN = 0x01,
	TLV_UNIQUE_ID = 0x05,
	TLV_SSL = 0x20,
	TLV_SSL_VERSION = 0x21,
	TLV_SSL_CN = 0x22,
	TLV_SSL_CIPHER = 0x23,
	CLIENT_SSL = 0x01,
	CLIENT_CERT_CONN = 0x02,
	CLIENT_CERT_SESS = 0x04,
	TEXT_MAX = 255,
};

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
enum { SIGNATURE_LEN = sizeof(signature) - 1 };

/* --- writing --- */

/* As 16 bytes; IPv4 goes mapped (::ffff:a.b.c.d). */
struct address {
	uint8_t bytes[16];
	bool is_v4;
};

static bool address_read(const char *text, struct address *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char plain[PROXYHDR_ADDR_MAX];
	size_t len = strcspn(text, "%"); /* the zone of a link-local address means nothing there */
	if (len >= sizeof(plain))
		return false;
	memcpy(plain, text, len);
	plain[len] = 0;
	memcpy(ret->bytes, mapped, sizeof(mapped));
	ret->is_v4 = inet_pton(AF_INET, plain, ret->bytes + sizeof(mapped)) == 1;
	if (ret->is_v4)
		return true;
	if (inet_pton(AF_INET6, plain, ret->bytes) != 1)
		return false;
	ret->is_v4 = memcmp(ret->bytes, mapped, sizeof(mapped)) == 0;
	return true;
}

static int add_u8(struct buf *out, unsigned value)
{
	return buf_add(out, slice_of(&(uint8_t){ (uint8_t)value }, 1));
}

static int add_u16(struct buf *out, unsigned value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	return buf_add(out, slice_of(bytes, sizeof(bytes)));
}

static int add_tlv(struct buf *out, unsigned type, struct slice value)
{
	int r = add_u8(out, type);
	if (!r)
		r = add_u16(out, (unsigned)value.len);
	return r ? r : buf_add(out, value);
}

static int add_text(struct buf *out, unsigned type, const char *text)
{
	if (!text || !*text)
		return 0;
	return add_tlv(out, type, slice_head(slice_str(text), TEXT_MAX));
}

static int add_ssl(struct buf *out, const struct proxyhdr_facts *f)
{
	CLEAN(buf_deinit) struct buf value = {};
	bool has_certificate = f->client_cn && *f->client_cn;
	unsigned client = CLIENT_SSL;
	if (has_certificate)
		client |= CLIENT_CERT_CONN | CLIENT_CERT_SESS;
	int r = add_u8(&value, client);
	/* verify, 32 bits: zero if the client presented a certificate that was verified. */
	if (!r)
		r = add_u16(&value, 0);
	if (!r)
		r = add_u16(&value, has_certificate ? 0 : 1);
	if (!r)
		r = add_text(&value, TLV_SSL_VERSION, f->tls_version);
	if (!r)
		r = add_text(&value, TLV_SSL_CN, f->client_cn);
	if (!r)
		r = add_text(&value, TLV_SSL_CIPHER, f->tls_cipher);
	return r ? r : add_tlv(out, TLV_SSL, buf_slice(&value));
}

static int add_addresses(struct buf *out, const struct proxyhdr_facts *f, bool is_v4,
                         const struct address *client, const struct address *local)
{
	size_t skip = is_v4 ? 12 : 0;
	int r = buf_add(out, slice_of(client->bytes + skip, 16 - skip));
	if (!r)
		r = buf_add(out, slice_of(local->bytes + skip, 16 - skip));
	if (!r)
		r = add_u16(out, f->client_port);
	return r ? r : add_u16(out, f->local_port);
}

static int add_head(struct buf *out, unsigned command, unsigned family, size_t len)
{
	int r = buf_add(out, slice_of(signature, SIGNATURE_LEN));
	if (!r)
		r = add_u8(out, VERSION_2 | command);
	if (!r)
		r = add_u8(out, family);
	return r ? r : add_u16(out, (unsigned)len);
}

int proxyhdr_build(struct buf *out, const struct proxyhdr_facts *facts)
{
	CLEAN(buf_deinit) struct buf rest = {};
	struct address client, local;
	struct slice id = slice_str(facts->unique_id ? facts->unique_id : "");
	if (facts->is_local)
		return err_up(add_head(out, COMMAND_LOCAL, FAMILY_UNSPEC, 0));
	if (!facts->client_addr || !facts->local_addr || id.len > PROXYHDR_UNIQUE_ID_MAX ||
	    !address_read(facts->client_addr, &client) || !address_read(facts->local_addr, &local))
		return err_raise(-EINVAL);
	bool is_v4 = client.is_v4 && local.is_v4;
	int r = add_addresses(&rest, facts, is_v4, &client, &local);
	if (!r && facts->has_tls)
		r = add_text(&rest, TLV_ALPN, facts->alpn);
	if (!r && facts->has_tls)
		r = add_ssl(&rest, facts);
	if (!r && id.len)
		r = add_tlv(&rest, TLV_UNIQUE_ID, id);
	if (!r)
		r = add_head(out, COMMAND_PROXY,
		             (is_v4 ? FAMILY_INET : FAMILY_INET6) << 4 | TRANSPORT_STREAM,
		             buf_len(&rest));
	if (!r)
		r = buf_add(out, buf_slice(&rest));
	return err_up(r);
}

/* --- reading --- */

static unsigned u16_at(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Canonical text; IPv4 that was mapped into IPv6 is IPv4 again, so limits see one address. */
static void address_write(const uint8_t bytes[16], bool is_v4, char ret_text[PROXYHDR_ADDR_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (is_v4)
		inet_ntop(AF_INET, bytes, ret_text, PROXYHDR_ADDR_MAX);
	else if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, bytes + sizeof(mapped), ret_text, PROXYHDR_ADDR_MAX);
	else
		inet_ntop(AF_INET6, bytes, ret_text, PROXYHDR_ADDR_MAX);
}

/* The lengths of all TLVs must add up to the rest; what they say is not asked. */
static bool tlvs_are_whole(struct slice rest)
{
	while (rest.len) {
		if (rest.len < TLV_HEADER_LEN)
			return false;
		size_t len = TLV_HEADER_LEN + u16_at(rest.data + 1);
		if (len > rest.len)
			return false;
		rest = slice_skip(rest, len);
	}
	return true;
}

/* How many bytes of addresses a family has. false: no such family, or not for streams. */
static bool family_len(unsigned family, size_t *ret_len)
{
	static const size_t lens[] = {
		[FAMILY_INET] = INET_LEN,
		[FAMILY_INET6] = INET6_LEN,
		[FAMILY_UNIX] = UNIX_LEN,
	};
	*ret_len = 0;
	if (family == FAMILY_UNSPEC)
		return true;
	if (family >> 4 == 0 || family >> 4 > FAMILY_UNIX || (family & 0xf) != TRANSPORT_STREAM)
		return false;
	*ret_len = lens[family >> 4];
	return true;
}

static int v2_body_parse(unsigned command, unsigned family, struct slice body,
                         struct proxyhdr_result *ret)
{
	size_t len;
	if (command == COMMAND_LOCAL) { /* the rest is discarded, whatever it is */
		ret->is_local = true;
		return 0;
	}
	if (!family_len(family, &len) || body.len < len || !tlvs_are_whole(slice_skip(body, len)))
		return PROXYHDR_BAD;
	if (len != INET_LEN && len != INET6_LEN)
		return 0;
	bool is_v4 = len == INET_LEN;
	size_t size = is_v4 ? 4 : 16;
	ret->has_addresses = true;
	address_write(body.data, is_v4, ret->client_addr);
	address_write(body.data + size, is_v4, ret->local_addr);
	ret->client_port = (uint16_t)u16_at(body.data + 2 * size);
	ret->local_port = (uint16_t)u16_at(body.data + 2 * size + 2);
	return 0;
}

static int v2_parse(struct slice input, struct proxyhdr_result *ret, size_t *ret_used)
{
	if (input.len > SIGNATURE_LEN && input.data[SIGNATURE_LEN] != (VERSION_2 | COMMAND_LOCAL) &&
	    input.data[SIGNATURE_LEN] != (VERSION_2 | COMMAND_PROXY))
		return PROXYHDR_BAD;
	if (input.len < V2_HEADER_LEN)
		return PROXYHDR_MORE;
	size_t len = u16_at(input.data + 14);
	if (V2_HEADER_LEN + len > PROXYHDR_V2_MAX)
		return PROXYHDR_BAD;
	if (input.len < V2_HEADER_LEN + len)
		return PROXYHDR_MORE;
	struct slice body = slice_of(input.data + V2_HEADER_LEN, len);
	*ret_used = V2_HEADER_LEN + len;
	return v2_body_parse(input.data[12] & 0xf, input.data[13], body, ret);
}

/* The next word of a v1 line: one space ends it, and there must be something in it. */
static bool word_take(struct slice *line, struct slice *ret_word)
{
	size_t end = slice_find(*line, ' ');
	*ret_word = slice_head(*line, end);
	*line = slice_skip(*line, end + 1);
	return end > 0;
}

static bool v1_address(struct slice word, int family, char ret_text[PROXYHDR_ADDR_MAX])
{
	char text[PROXYHDR_ADDR_MAX];
	uint8_t bytes[16];
	if (word.len >= sizeof(text) || slice_find(word, 0) != word.len)
		return false;
	memcpy(text, word.data, word.len);
	text[word.len] = 0;
	if (inet_pton(family, text, bytes) != 1)
		return false;
	address_write(bytes, family == AF_INET, ret_text);
	return true;
}

/* 0 to 65535 without leading zeros (the specification forbids them). */
static bool v1_port(struct slice word, uint16_t *ret_port)
{
	unsigned port = 0;
	if (word.len > 5 || (word.len > 1 && word.data[0] == '0'))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		port = port * 10 + (word.data[i] - '0');
	}
	*ret_port = (uint16_t)port;
	return port <= UINT16_MAX;
}

static int v1_line_parse(struct slice line, struct proxyhdr_result *ret)
{
	struct slice word[6]; /* PROXY, family, addresses, ports */
	if (!word_take(&line, &word[0]) || !word_take(&line, &word[1]))
		return PROXYHDR_BAD;
	if (slice_equal(word[1], slice_str("UNKNOWN"))) /* the rest of the line is ignored */
		return 0;
	bool is_v4 = slice_equal(word[1], slice_str("TCP4"));
	if (!is_v4 && !slice_equal(word[1], slice_str("TCP6")))
		return PROXYHDR_BAD;
	for (int i = 2; i < 6; i++)
		if (!word_take(&line, &word[i]))
			return PROXYHDR_BAD;
	int family = is_v4 ? AF_INET : AF_INET6;
	const uint8_t *last = word[5].data + word[5].len;
	if (line.len || *last != '\r' || /* a space at the end */
	    !v1_address(word[2], family, ret->client_addr) ||
	    !v1_address(word[3], family, ret->local_addr) || !v1_port(word[4], &ret->client_port) ||
	    !v1_port(word[5], &ret->local_port))
		return PROXYHDR_BAD;
	ret->has_addresses = true;
	return 0;
}

static int v1_parse(struct slice input, struct proxyhdr_result *ret, size_t *ret_used)
{
	struct slice head = slice_head(input, PROXYHDR_V1_MAX);
	size_t cr = slice_find(head, '\r');
	if (slice_find(slice_head(head, cr), '\n') != cr)
		return PROXYHDR_BAD;
	if (cr + 1 >= head.len) /* no CR, or nothing behind it */
		return head.len < PROXYHDR_V1_MAX ? PROXYHDR_MORE : PROXYHDR_BAD;
	if (head.data[cr + 1] != '\n')
		return PROXYHDR_BAD;
	*ret_used = cr + 2;
	return v1_line_parse(slice_head(head, cr), ret);
}

/* Does it begin like this, as far as it came? */
static bool begins_with(struct slice input, const char *start, size_t len)
{
	size_t n = input.len < len ? input.len : len;
	return n == 0 || memcmp(input.data, start, n) == 0;
}

int proxyhdr_parse(struct slice input, struct proxyhdr_result *ret, size_t *ret_used)
{
	static const char v1_start[] = "PROXY ";
	struct proxyhdr_result result = {};
	size_t used = 0;
	int r = PROXYHDR_MORE;
	if (input.len == 0)
		return PROXYHDR_MORE;
	if (begins_with(input, signature, SIGNATURE_LEN))
		r = v2_parse(input, &result, &used);
	else if (begins_with(input, v1_start, sizeof(v1_start) - 1))
		r = v1_parse(input, &result, &used);
	else
		return PROXYHDR_BAD;
	if (r)
		return r;
	*ret = result;
	*ret_used = used;
	return 0;
}
