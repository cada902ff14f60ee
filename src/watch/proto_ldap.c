/* LDAP (RFC 4511): BER messages; a simple bind with a password, StartTLS (RFC 4511 4.14). */
#include "watch/protos.h"

#include "watch/word.h"

enum {
	LDAP_BIND = 0x60,
	LDAP_EXTENDED = 0x77,
	LDAP_EXTENDED_ANSWER = 0x78,
	LDAP_WHOLE_MAX = 4096, /* of what is looked into */
};

/* One element: its tag and content. False: it is not whole, or broken. */
static bool element_take(struct slice *rest, uint8_t *ret_tag, struct slice *ret_content)
{
	if (rest->len < 2)
		return false;
	size_t header = 2, len = rest->data[1];
	if (len & 0x80) {
		size_t count = len & 0x7f;
		if (!count || count > 4 || rest->len < 2 + count)
			return false;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | rest->data[2 + i];
		header += count;
	}
	if (len > rest->len - header)
		return false;
	*ret_tag = rest->data[0];
	*ret_content = slice_head(slice_skip(*rest, header), len);
	*rest = slice_skip(*rest, header + len);
	return true;
}

/* How long the header and the message in *ret_len are; 0: more is needed, or *ret_is_bad. */
static size_t header_read(struct slice s, uint64_t *ret_len, bool *ret_is_bad)
{
	*ret_is_bad = s.len && s.data[0] != 0x30;
	if (s.len < 2 || *ret_is_bad)
		return 0;
	size_t count = s.data[1] & 0x80 ? s.data[1] & 0x7f : 0;
	*ret_is_bad = count > 4 || (s.data[1] == 0x80);
	if (*ret_is_bad || s.len < 2 + count)
		return 0;
	*ret_len = count ? 0 : s.data[1];
	for (size_t i = 0; i < count; i++)
		*ret_len = *ret_len << 8 | s.data[2 + i];
	return 2 + count;
}

/* 30 len 02 len id, and the tag of an operation a client may begin with. */
static enum watch_fit ldap_fit(const struct watch_opening *o)
{
	uint64_t len;
	bool is_bad;
	if (!o->client.len)
		return o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	size_t header = header_read(o->client, &len, &is_bad);
	struct slice rest = slice_skip(o->client, header);
	if (is_bad || (header && len < 5))
		return WATCH_FIT_NO;
	if (!header || rest.len < 3)
		return WATCH_FIT_MORE;
	if (rest.data[0] != 0x02 || !rest.data[1] || rest.data[1] > 4)
		return WATCH_FIT_NO;
	if (rest.len < (size_t)rest.data[1] + 3)
		return WATCH_FIT_MORE;
	uint8_t operation = rest.data[2 + rest.data[1]];
	return operation && memchr("\x60\x63\x66\x68\x4a\x6c\x6e\x77", operation, 8) ? WATCH_FIT_YES
	                                                                             : WATCH_FIT_NO;
}

/* version, name, then 80: a password, a3: SASL. */
static void on_bind(struct watch_talk *t, struct slice content)
{
	uint8_t tag;
	struct slice version, name, choice, mechanism;
	if (!element_take(&content, &tag, &version) || !element_take(&content, &tag, &name) ||
	    !element_take(&content, &tag, &choice))
		return;
	if (tag == 0x80 && choice.len)
		watch_talk_secret(t, WATCH_SECRET_PASSWORD, slice_str("SIMPLE"), name);
	else if (tag == 0xa3 && element_take(&choice, &tag, &mechanism))
		watch_talk_secret(t,
		                  watch_word_is(mechanism, "PLAIN") ? WATCH_SECRET_PASSWORD
		                                                    : WATCH_SECRET_HASH,
		                  mechanism, name);
}

static void on_extended(struct watch_talk *t, struct slice content)
{
	uint8_t tag;
	struct slice name;
	if (!element_take(&content, &tag, &name))
		return;
	if (watch_word_is(name, "1.3.6.1.4.1.1466.20037"))
		t->is_asked = true;
	else
		t->is_proven = true; /* changing a password is one of these */
}

/* content begins with the id. */
static void message(struct watch_talk *t, enum watch_side side, struct slice content)
{
	uint8_t tag, inner;
	struct slice id, operation, code;
	if (!element_take(&content, &tag, &id) || !element_take(&content, &tag, &operation))
		return;
	if (side == WATCH_SERVER) {
		if (tag == LDAP_EXTENDED_ANSWER && t->is_asked) {
			t->is_asked = false;
			t->is_tls = element_take(&operation, &inner, &code) && code.len == 1 &&
			            !code.data[0];
		}
	} else if (tag == LDAP_BIND) {
		on_bind(t, operation);
	} else if (tag == LDAP_EXTENDED) {
		on_extended(t, operation);
	} else if (tag != 0x42) { /* unbind */
		t->is_proven = true;
	}
}

static size_t ldap_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	uint64_t len = 0;
	bool is_bad;
	size_t header = header_read(input, &len, &is_bad);
	t->is_lost = is_bad;
	if (!header)
		return 0;
	if (len > LDAP_WHOLE_MAX) {
		t->is_proven = true; /* no login is that long */
		t->skip[side] = len;
		return header;
	}
	if (input.len < header + len)
		return 0;
	message(t, side, slice_head(slice_skip(input, header), len));
	return header + len;
}

const struct watch_proto watch_proto_ldap = {
	.name = "ldap",
	.fit = ldap_fit,
	.feed = ldap_feed,
	.is_link_good = true,
	.mend = "ldaps:// or start_tls = yes in clients, olcSecurity: tls=1 in slapd",
};
