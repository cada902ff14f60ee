#include "hops/suite.h"

#include "base/clean.h"
#include "tls/suite.h"

enum mark {
	MARK_CIPHER = 1 << 0, /* names an algorithm: a word with one is a suite */
	MARK_AEAD = 1 << 1,
	MARK_WEAK = 1 << 2,
	MARK_NULL = 1 << 3,
	MARK_ECDHE = 1 << 4,
	MARK_DHE = 1 << 5,
	MARK_ANON = 1 << 6,
	MARK_13 = 1 << 7,
	MARK_TLS = 1 << 8,  /* "TLS" itself */
	MARK_WITH = 1 << 9, /* IANA's names up to TLS 1.2 */
};

static const struct {
	const char *part;
	unsigned marks;
} parts[] = {
	{ "AES", MARK_CIPHER },
	{ "AES128", MARK_CIPHER },
	{ "AES256", MARK_CIPHER },
	{ "CAMELLIA", MARK_CIPHER },
	{ "CAMELLIA128", MARK_CIPHER },
	{ "CAMELLIA256", MARK_CIPHER },
	{ "ARIA", MARK_CIPHER },
	{ "ARIA128", MARK_CIPHER },
	{ "ARIA256", MARK_CIPHER },
	{ "SEED", MARK_CIPHER },
	{ "CHACHA20", MARK_CIPHER | MARK_AEAD },
	{ "POLY1305", MARK_AEAD },
	{ "GCM", MARK_AEAD },
	{ "CCM", MARK_AEAD },
	{ "CCM8", MARK_AEAD },
	{ "IDEA", MARK_CIPHER | MARK_WEAK },
	{ "RC4", MARK_CIPHER | MARK_WEAK },
	{ "ARCFOUR", MARK_CIPHER | MARK_WEAK },
	{ "RC2", MARK_CIPHER | MARK_WEAK },
	{ "DES", MARK_CIPHER | MARK_WEAK },
	{ "3DES", MARK_CIPHER | MARK_WEAK },
	{ "CBC3", MARK_WEAK },
	{ "MD5", MARK_WEAK },
	{ "EXP", MARK_WEAK },
	{ "EXPORT", MARK_WEAK },
	{ "NULL", MARK_CIPHER | MARK_WEAK | MARK_NULL },
	{ "ECDHE", MARK_ECDHE },
	{ "EECDH", MARK_ECDHE },
	{ "DHE", MARK_DHE },
	{ "EDH", MARK_DHE },
	{ "ADH", MARK_ANON },
	{ "AECDH", MARK_ANON },
	{ "ANON", MARK_ANON },
	{ "TLS13", MARK_13 },
	{ "TLS", MARK_TLS },
	{ "WITH", MARK_WITH },
};

static bool is_joint(uint8_t c)
{
	return c == '-' || c == '_' || c == '+';
}

static bool is_name_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       is_joint(c);
}

static struct slice part_next(struct slice *rest)
{
	size_t len = 0;
	while (len < rest->len && !is_joint(rest->data[len]))
		len++;
	struct slice part = slice_head(*rest, len);
	*rest = slice_skip(*rest, len + 1);
	return part;
}

static unsigned marks_of(struct slice part)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (slice_equal_nocase(part, slice_str(parts[i].part)))
			return parts[i].marks;
	return 0;
}

/* Exchange writes "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P256". */
static const char *group_of(struct slice part)
{
	static const char *const short_names[][2] = { { "P256", "P-256" },
		                                      { "P384", "P-384" },
		                                      { "P521", "P-521" } };
	const struct tls_group *group = tls_group_find(part);
	for (size_t i = 0; i < COUNT_OF(short_names); i++)
		if (slice_equal(part, slice_str(short_names[i][0])))
			return short_names[i][1];
	return group ? group->name : NULL;
}

static unsigned marks_read(struct slice name, const char **ret_group)
{
	unsigned marks = 0;
	while (name.len) {
		struct slice part = part_next(&name);
		const char *group = group_of(part);
		marks |= marks_of(part);
		if (group && ret_group)
			*ret_group = group;
	}
	return marks;
}

bool hops_suite_is_name(struct slice word)
{
	bool has_joint = false;
	if (word.len > 80)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (!is_name_byte(word.data[i]))
			return false;
		has_joint |= is_joint(word.data[i]);
	}
	return has_joint && marks_read(word, NULL) & MARK_CIPHER;
}

static enum hops_exchange exchange_of(unsigned marks)
{
	if (marks & MARK_ANON)
		return HOPS_ANON;
	if (marks & MARK_ECDHE)
		return HOPS_ECDHE;
	return marks & MARK_DHE ? HOPS_DHE : HOPS_STATIC;
}

void hops_suite_read(struct hops_suite *ret_suite, struct slice name)
{
	struct hops_suite s = {};
	unsigned marks = marks_read(name, &s.group);
	s.is_aead = marks & MARK_AEAD;
	s.is_weak = marks & MARK_WEAK;
	s.is_null = marks & MARK_NULL;
	/* TLS_AES_128_GCM_SHA256, but TLS_RSA_WITH_AES_128_GCM_SHA256. */
	s.is_13 = marks & MARK_13 || (slice_starts_nocase(name, "TLS_") && !(marks & MARK_WITH) &&
	                              !(marks & (MARK_ECDHE | MARK_DHE | MARK_ANON)) && s.is_aead);
	if (!s.is_13 && marks & MARK_CIPHER)
		s.exchange = exchange_of(marks);
	/* Where a group is in the name, it may be of either. */
	s.is_12 = s.is_aead && !s.is_13 && !s.group;
	*ret_suite = s;
}
