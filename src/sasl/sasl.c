#include "sasl/sasl.h"

#include "base/clean.h"
#include "sasl/base64.h"

/* What a decoded response says; user points into it. */
struct found {
	struct slice user;
	bool has_password;
	bool is_doubtful; /* servers may find another name in it */
};

/* Cuts what stands before the first c off *rest; *rest is then what follows c. */
static struct slice cut(struct slice *rest, uint8_t c)
{
	struct slice head = slice_head(*rest, slice_find(*rest, c));
	*rest = slice_skip(*rest, head.len + 1);
	return head;
}

/* RFC 4616 2: authzid NUL authcid NUL passwd. */
static void find_plain(struct slice text, struct found *ret)
{
	struct slice rest = text;
	struct slice authzid = cut(&rest, '\0');
	if (authzid.len == text.len) {
		/* Not PLAIN at all: nobody knows what it is, so it may be the password. */
		ret->has_password = text.len > 0;
		return;
	}
	struct slice authcid = cut(&rest, '\0');
	ret->user = authcid.len ? authcid : authzid;
	ret->has_password = rest.len > 0;
}

/* LOGIN's first response, EXTERNAL's authzid. No name has a NUL: what has one may be PLAIN's, with
 * the password in it. */
static void find_whole(struct slice text, struct found *ret)
{
	ret->user = cut(&text, '\0');
	ret->has_password = text.len > 0;
}

/* RFC 2195 2: name, space, digest; the name may hold spaces. */
static void find_cram(struct slice text, struct found *ret)
{
	size_t n = text.len;
	while (n && text.data[n - 1] != ' ')
		n--;
	ret->user = slice_head(text, n ? n - 1 : 0);
}

/* Up to the quote that ends it, or the comma where none begins it; *rest is then what follows. */
static struct slice cut_value(struct slice *rest)
{
	size_t end = 1;
	if (!rest->len || rest->data[0] != '"')
		return cut(rest, ',');
	while (end < rest->len && rest->data[end] != '"')
		end += rest->data[end] == '\\' ? 2 : 1;
	struct slice value = slice_head(slice_skip(*rest, 1), end - 1);
	*rest = slice_skip(*rest, end + 1);
	cut(rest, ',');
	return value;
}

/* RFC 2831 2.1.2: key=value, ...; a name without its quotes is none there, but servers take it. */
static void find_digest(struct slice text, struct found *ret)
{
	while (text.len) {
		struct slice key = slice_trim(cut(&text, '=')), value = cut_value(&text);
		if (!slice_equal_nocase(key, slice_str("username")))
			continue;
		ret->user = value;
		return;
	}
}

/* RFC 5802 7: gs2-cbind-flag "," [authzid] "," ["m=" ... ","] "n=" name "," ... */
static void find_scram(struct slice text, struct found *ret)
{
	cut(&text, ',');
	cut(&text, ',');
	while (text.len) {
		struct slice attribute = cut(&text, ',');
		if (!slice_starts_nocase(attribute, "n="))
			continue;
		ret->user = slice_skip(attribute, 2);
		return;
	}
}

static void find_token(struct slice part, struct found *ret)
{
	if (slice_starts_nocase(part, "auth="))
		ret->has_password = part.len > 5;
}

/* "user=NAME^Aauth=Bearer TOKEN^A^A". */
static void find_xoauth2(struct slice text, struct found *ret)
{
	unsigned names = 0;
	while (text.len) {
		struct slice part = cut(&text, '\x01');
		find_token(part, ret);
		names += slice_starts_nocase(part, "user=");
		if (slice_equal(slice_head(part, 5), slice_str("user=")))
			ret->user = slice_skip(part, 5);
	}
	ret->is_doubtful = names > 1;
}

/* RFC 7628 3.1: "n,a=NAME,^A...auth=Bearer TOKEN^A^A". A "user=" behind it is no name. */
static void find_oauthbearer(struct slice text, struct found *ret)
{
	struct slice header = cut(&text, '\x01');
	find_token(header, ret);
	cut(&header, ',');
	struct slice authzid = cut(&header, ',');
	if (slice_starts_nocase(authzid, "a="))
		ret->user = slice_skip(authzid, 2);
	ret->is_doubtful = header.len;
	while (text.len)
		find_token(cut(&text, '\x01'), ret);
}

static const struct mechanism {
	const char *name; /* a last '*' stands for any end */
	void (*find)(struct slice text, struct found *ret);
} mechanisms[] = {
	{ "PLAIN", find_plain },
	{ "LOGIN", find_whole },
	{ "EXTERNAL", find_whole },
	{ "CRAM-MD5", find_cram },
	{ "SCRAM-*", find_scram },
	{ "XOAUTH2", find_xoauth2 },
	{ "OAUTHBEARER", find_oauthbearer },
	{ "DIGEST-MD5", find_digest },
};

static bool mechanism_matches(const struct mechanism *m, struct slice name)
{
	struct slice pattern = slice_str(m->name);
	if (pattern.data[pattern.len - 1] != '*')
		return slice_equal_nocase(name, pattern);
	pattern.len--;
	return slice_equal_nocase(slice_head(name, pattern.len), pattern);
}

static void find(struct slice mechanism, struct slice text, struct found *ret)
{
	for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
		if (mechanism_matches(&mechanisms[i], mechanism))
			mechanisms[i].find(text, ret);
}

/* Two NULs, no more (RFC 4616 2): servers do not agree on what stands behind a third. */
static struct slice plain_mailbox(struct slice text)
{
	struct slice rest = text;
	struct slice authzid = cut(&rest, '\0');
	struct slice authcid = cut(&rest, '\0');
	bool is_plain = authzid.len + authcid.len + 2 + rest.len == text.len &&
	                slice_find(rest, '\0') == rest.len && authcid.len;
	if (!is_plain)
		return (struct slice){};
	return authzid.len ? authzid : authcid;
}

struct slice sasl_mailbox_find(struct slice mechanism, struct slice text)
{
	struct found found = {};
	if (slice_equal_nocase(mechanism, slice_str("PLAIN")))
		return plain_mailbox(text);
	if (slice_equal_nocase(mechanism, slice_str("LOGIN")))
		return slice_find(text, '\0') == text.len ? text : (struct slice){};
	find(mechanism, text, &found);
	return found.is_doubtful ? (struct slice){} : found.user;
}

int sasl_user_decode(struct slice mechanism, struct slice base64, char *ret_user, size_t cap,
                     bool *ret_has_password)
{
	uint8_t data[SASL_BASE64_DATA_MAX];
	size_t len = 0;
	if (slice_equal(base64, slice_str("=")))
		base64.len = 0;
	int r = sasl_base64_decode(base64, data, sizeof(data), &len);
	if (r) {
		explicit_bzero(data, sizeof(data));
		return SASL_BAD;
	}
	struct found found = {};
	find(mechanism, slice_of(data, len), &found);
	slice_to_text(found.user, ret_user, cap);
	*ret_has_password = found.has_password;
	explicit_bzero(data, sizeof(data));
	return 0;
}

bool sasl_mechanism_is_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return name.len >= 1 && name.len <= SASL_MECHANISM_MAX;
}

bool sasl_mechanism_is_plus(struct slice name)
{
	struct slice plus = slice_str("-PLUS");
	return name.len >= plus.len &&
	       slice_equal_nocase(slice_skip(name, name.len - plus.len), plus);
}
