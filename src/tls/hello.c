#include "tls/hello.h"

#include "base/hash.h"

#include <stdio.h>

enum {
	RECORD_HANDSHAKE = 22,
	RECORD_HEADER = 5,
	RECORD_MAX = 16384,
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_HEADER = 4,
	RANDOM_LEN = 32,
};

enum {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_SIGALGS = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
};

/*
 * Reads a message that may be cut into several records, without copying it together. A copy of a
 * cursor is a cursor of its own, so a vector inside the message is a copy with less left.
 */
struct cursor {
	struct slice rest; /* the bytes of this record, then the records behind it */
	size_t left_in_record;
	size_t left; /* of the message or vector */
	bool is_bad; /* a length promised more than there is; sticks */
};

struct list {
	uint16_t *at;
	uint8_t *count;
	size_t max;
};

static uint16_t number_at(struct slice s, size_t at)
{
	return (uint16_t)(s.data[at] << 8 | s.data[at + 1]);
}

/* Payload length of the record that rest starts with; 0 or enum tls_hello_result. */
static int record_open(struct slice rest, size_t *ret_len)
{
	if (rest.len >= 1 && rest.data[0] != RECORD_HANDSHAKE)
		return TLS_HELLO_BAD;
	if (rest.len >= 2 && rest.data[1] != 3)
		return TLS_HELLO_BAD;
	if (rest.len < RECORD_HEADER)
		return TLS_HELLO_MORE;
	size_t len = number_at(rest, 3);
	if (!len || len > RECORD_MAX)
		return TLS_HELLO_BAD;
	*ret_len = len;
	return 0;
}

static bool cursor_advance(struct cursor *c)
{
	if (c->left_in_record)
		return true;
	if (record_open(c->rest, &c->left_in_record))
		return false;
	c->rest = slice_skip(c->rest, RECORD_HEADER);
	return true;
}

static void cursor_skip(struct cursor *c, size_t len)
{
	if (len > c->left) {
		c->is_bad = true;
		len = c->left;
	}
	c->left -= len;
	while (len) {
		if (!cursor_advance(c) || !c->rest.len) {
			c->is_bad = true;
			return;
		}
		size_t step = len < c->left_in_record ? len : c->left_in_record;
		if (step > c->rest.len)
			step = c->rest.len;
		c->rest = slice_skip(c->rest, step);
		c->left_in_record -= step;
		len -= step;
	}
}

static uint8_t cursor_u8(struct cursor *c)
{
	if (!c->left || !cursor_advance(c) || !c->rest.len) {
		c->is_bad = true;
		return 0;
	}
	uint8_t value = c->rest.data[0];
	c->rest = slice_skip(c->rest, 1);
	c->left_in_record--;
	c->left--;
	return value;
}

static uint16_t cursor_u16(struct cursor *c)
{
	uint8_t high = cursor_u8(c);
	return (uint16_t)(high << 8 | cursor_u8(c));
}

/* The next len bytes as a cursor of their own. */
static struct cursor cursor_vector(struct cursor *c, size_t len)
{
	struct cursor vector = *c;
	cursor_skip(c, len);
	vector.left = c->is_bad ? 0 : len;
	vector.is_bad = c->is_bad;
	return vector;
}

/* RFC 8701: values that mean nothing, sent to keep servers tolerant. */
static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* What exceeds the list is left out: it is for the record, nothing is decided from it. */
static void list_read(struct cursor vector, struct list list, struct cursor *owner)
{
	if (vector.left % 2)
		owner->is_bad = true;
	*list.count = 0;
	while (vector.left >= 2) {
		uint16_t value = cursor_u16(&vector);
		if (!is_grease(value) && *list.count < list.max)
			list.at[(*list.count)++] = value;
	}
	owner->is_bad |= vector.is_bad;
}

static void text_read(struct cursor vector, char *ret_text, size_t cap)
{
	size_t len = 0;
	while (vector.left && len + 1 < cap)
		ret_text[len++] = (char)cursor_u8(&vector);
	ret_text[len] = '\0';
}

static bool is_host_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
		if (!is_letter && !is_other)
			return false;
	}
	return len > 0 && text[0] != '.';
}

/* RFC 6066 3. A name that is no host name is as good as none. */
static void server_name_read(struct cursor *extension, struct tls_hello *hello)
{
	struct cursor list = cursor_vector(extension, cursor_u16(extension));
	while (list.left) {
		uint8_t type = cursor_u8(&list);
		size_t len = cursor_u16(&list);
		struct cursor name = cursor_vector(&list, len);
		if (type != 0 || list.is_bad || len >= sizeof(hello->sni))
			continue;
		text_read(name, hello->sni, sizeof(hello->sni));
		if (!is_host_name(hello->sni, len))
			hello->sni[0] = '\0';
	}
	extension->is_bad |= list.is_bad;
}

/* RFC 7301 3.1; the first name that is no GREASE. */
static void alpn_read(struct cursor *extension, struct tls_hello *hello)
{
	struct cursor list = cursor_vector(extension, cursor_u16(extension));
	while (list.left && !hello->alpn[0]) {
		size_t len = cursor_u8(&list);
		struct cursor name = cursor_vector(&list, len);
		struct cursor peek = name;
		if (len == 2 && is_grease(cursor_u16(&peek)))
			continue;
		char text[sizeof(hello->alpn)];
		text_read(name, text, sizeof(text));
		slice_to_text(slice_str(text), hello->alpn, sizeof(hello->alpn));
	}
	extension->is_bad |= list.is_bad;
}

static void extension_read(uint16_t type, struct cursor *body, struct tls_hello *hello)
{
	struct list groups = { hello->groups, &hello->group_count, TLS_HELLO_GROUPS_MAX };
	struct list sigalgs = { hello->sigalgs, &hello->sigalg_count, TLS_HELLO_SIGALGS_MAX };
	struct list versions = { hello->versions, &hello->version_count, TLS_HELLO_VERSIONS_MAX };
	switch (type) {
	case EXTENSION_SERVER_NAME:
		server_name_read(body, hello);
		break;
	case EXTENSION_ALPN:
		alpn_read(body, hello);
		break;
	case EXTENSION_GROUPS:
		list_read(cursor_vector(body, cursor_u16(body)), groups, body);
		break;
	case EXTENSION_SIGALGS:
		list_read(cursor_vector(body, cursor_u16(body)), sigalgs, body);
		break;
	case EXTENSION_VERSIONS:
		list_read(cursor_vector(body, cursor_u8(body)), versions, body);
		break;
	default: /* a number of the peer's, not an enum of ours */
		break;
	}
}

static void extensions_read(struct cursor *c, struct tls_hello *hello)
{
	if (!c->left)
		return; /* before TLS 1.2 a hello may end here */
	struct cursor all = cursor_vector(c, cursor_u16(c));
	while (all.left && !all.is_bad) {
		uint16_t type = cursor_u16(&all);
		if (!is_grease(type) && hello->extension_count < TLS_HELLO_EXTENSIONS_MAX)
			hello->extensions[hello->extension_count++] = type;
		struct cursor body = cursor_vector(&all, cursor_u16(&all));
		extension_read(type, &body, hello);
		all.is_bad |= body.is_bad;
	}
	c->is_bad |= all.is_bad;
}

static uint16_t highest_version(const struct tls_hello *hello)
{
	uint16_t highest = 0;
	for (size_t i = 0; i < hello->version_count; i++)
		if (hello->versions[i] >> 8 == 3 && hello->versions[i] > highest)
			highest = hello->versions[i];
	return highest ? highest : hello->legacy_version;
}

/* Needs to be the same everywhere and for ever, not to resist anybody. */
static uint64_t hash_add(uint64_t hash, const uint16_t *values, size_t count)
{
	hash = hash_byte(hash, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		hash = hash_byte(hash_byte(hash, (uint8_t)(values[i] >> 8)), (uint8_t)values[i]);
	return hash;
}

static uint64_t hello_hash(const struct tls_hello *hello)
{
	uint64_t hash = hash_add(HASH_START, &hello->legacy_version, 1);
	hash = hash_add(hash, hello->versions, hello->version_count);
	hash = hash_add(hash, hello->suites, hello->suite_count);
	hash = hash_add(hash, hello->groups, hello->group_count);
	return hash_add(hash, hello->sigalgs, hello->sigalg_count);
}

/*
 * Bytes of the handshake message in the records that are there: want or more, or the result says
 * why not. ret_len is written in any case.
 */
static int message_available(struct slice input, size_t want, size_t *ret_len)
{
	*ret_len = 0;
	while (*ret_len < want) {
		size_t len = 0;
		int r = record_open(input, &len);
		if (r)
			return r;
		input = slice_skip(input, RECORD_HEADER);
		*ret_len += len < input.len ? len : input.len;
		if (input.len < len)
			break;
		input = slice_skip(input, len);
	}
	return *ret_len < want ? TLS_HELLO_MORE : 0;
}

/* A cursor over the body, once all of it is there. 0 or enum tls_hello_result. */
static int message_open(struct slice input, struct cursor *ret_body)
{
	size_t have = 0;
	int r = message_available(input, MESSAGE_HEADER, &have);
	struct cursor c = { .rest = input, .left = have };
	if (have && cursor_u8(&c) != MESSAGE_CLIENT_HELLO)
		return TLS_HELLO_BAD;
	if (r)
		return r;
	size_t len = (size_t)cursor_u8(&c) << 16;
	len |= cursor_u16(&c);
	if (len > TLS_HELLO_LEN_MAX)
		return TLS_HELLO_BAD;
	r = message_available(input, MESSAGE_HEADER + len, &have);
	if (r)
		return r;
	c.left = len;
	*ret_body = c;
	return 0;
}

int tls_hello_parse(struct slice input, struct tls_hello *ret_hello)
{
	struct cursor c = {};
	int r = message_open(input, &c);
	if (r)
		return r;
	struct tls_hello hello = { .legacy_version = cursor_u16(&c) };
	struct list suites = { hello.suites, &hello.suite_count, TLS_HELLO_SUITES_MAX };
	cursor_skip(&c, RANDOM_LEN);
	cursor_skip(&c, cursor_u8(&c)); /* session id */
	list_read(cursor_vector(&c, cursor_u16(&c)), suites, &c);
	cursor_skip(&c, cursor_u8(&c)); /* compression methods */
	if (!c.is_bad)
		extensions_read(&c, &hello);
	if (c.is_bad)
		return TLS_HELLO_BAD;
	hello.max_version = highest_version(&hello);
	hello.hash = hello_hash(&hello);
	*ret_hello = hello;
	return 0;
}

const char *tls_hello_version_name(uint16_t version)
{
	static const char *const names[] = { "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
	static char unknown[8]; /* no threads; a version nobody knows is rare and logged at once */
	if (version >= 0x0300 && version <= 0x0304)
		return names[version - 0x0300];
	snprintf(unknown, sizeof(unknown), "0x%04x", version);
	return unknown;
}
