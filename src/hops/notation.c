#include "hops/notation.h"

#include "base/clean.h"
#include "hops/suite.h"
#include "tls/server.h"
#include "tls/suite.h"

static const char *const version_names[] = {
	[HOPS_VERSION_UNKNOWN] = "", [HOPS_SSL_2] = "SSL 2",     [HOPS_SSL_3] = "SSL 3",
	[HOPS_TLS_1_0] = "TLS 1.0",  [HOPS_TLS_1_1] = "TLS 1.1", [HOPS_TLS_1_2] = "TLS 1.2",
	[HOPS_TLS_1_3] = "TLS 1.3",
};
_Static_assert(COUNT_OF(version_names) == HOPS_VERSION_COUNT);

static const char *const grade_names[] = {
	[HOPS_UNGRADED] = "",
	[HOPS_LEGACY] = "legacy",
	[HOPS_SEALED] = "sealed",
};
_Static_assert(COUNT_OF(grade_names) == HOPS_GRADE_COUNT);

const char *hops_version_name(enum hops_version version)
{
	return version_names[version];
}

const char *hops_grade_name(enum hops_grade grade)
{
	return grade_names[grade];
}

/* Behind "TLS" and "SSL" and perhaps one of "v_-". */
static const struct {
	bool is_ssl;
	const char *number;
	enum hops_version version;
} versions[] = {
	{ false, "1.3", HOPS_TLS_1_3 }, { false, "1_3", HOPS_TLS_1_3 },
	{ false, "1.2", HOPS_TLS_1_2 }, { false, "1_2", HOPS_TLS_1_2 },
	{ false, "1.1", HOPS_TLS_1_1 }, { false, "1_1", HOPS_TLS_1_1 },
	{ false, "1.0", HOPS_TLS_1_0 }, { false, "1_0", HOPS_TLS_1_0 },
	{ false, "1", HOPS_TLS_1_0 },   { true, "3", HOPS_SSL_3 },
	{ true, "3.0", HOPS_SSL_3 },    { true, "2", HOPS_SSL_2 },
	{ true, "2.0", HOPS_SSL_2 },
};

/* OpenSSL's name of the oldest suites: that of a session in any version up to 1.2. */
static const char any_version[] = "TLSv1/SSLv3";

bool hops_notation_version(struct hops_tls *t, struct slice word)
{
	bool is_ssl = slice_starts_nocase(word, "SSL");
	if (slice_equal_nocase(word, slice_str(any_version))) {
		t->is_used = true;
		return true;
	}
	if (!is_ssl && !slice_starts_nocase(word, "TLS"))
		return false;
	struct slice number = slice_skip(word, 3);
	if (number.len && strchr("vV_-", number.data[0]))
		number = slice_skip(number, 1);
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		if (versions[i].is_ssl != is_ssl ||
		    !slice_equal(number, slice_str(versions[i].number)))
			continue;
		t->is_used = true;
		t->version = versions[i].version;
		return true;
	}
	return false;
}

/* "0x" and four digits. */
static const struct tls_suite *numbered(struct slice word)
{
	uint16_t number = 0;
	if (word.len != 6 || !slice_starts_nocase(word, "0x"))
		return NULL;
	for (size_t i = 2; i < 6; i++) {
		uint8_t c = word.data[i] | 0x20;
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return NULL;
		number = (uint16_t)(number << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++)
		if (tls_suites[i].number == number)
			return &tls_suites[i];
	return NULL;
}

bool hops_notation_cipher(struct hops_tls *t, struct slice word)
{
	const struct tls_suite *suite = tls_suite_find(word);
	if (!suite)
		suite = numbered(word);
	if (!suite && !hops_suite_is_name(word))
		return false;
	slice_to_text(suite ? slice_str(suite->name) : word, t->cipher, sizeof(t->cipher));
	t->is_used = true;
	return true;
}

void hops_notation_group(struct hops_tls *t, struct slice word)
{
	const struct tls_group *group = tls_group_find(word);
	slice_to_text(group ? slice_str(group->name) : word, t->group, sizeof(t->group));
}

/* --- comments --- */

/* The next word; blanks and some signs separate them. */
static struct slice word_next(struct slice *rest)
{
	static const char between[] = " \t\n,:;=()";
	while (rest->len && rest->data[0] && strchr(between, rest->data[0]))
		*rest = slice_skip(*rest, 1);
	size_t len = 0;
	while (len < rest->len && !(rest->data[len] && strchr(between, rest->data[len])))
		len++;
	struct slice word = slice_head(*rest, len);
	*rest = slice_skip(*rest, len);
	return word;
}

static bool is_word(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_str(text));
}

/* "key-exchange X25519", "key-exchange ECDHE (P-256)"; of DHE nothing but bits is said. */
static void exchange_take(struct hops_tls *t, struct slice rest)
{
	struct slice word = word_next(&rest);
	if (is_word(word, "ECDHE"))
		word = word_next(&rest);
	if (!is_word(word, "DHE"))
		hops_notation_group(t, word);
}

static void words_take(struct hops_tls *t, struct slice rest)
{
	while (rest.len) {
		struct slice word = word_next(&rest);
		if (is_word(word, "key-exchange"))
			exchange_take(t, rest);
		else if (!hops_notation_version(t, word) && !t->cipher[0])
			(void)hops_notation_cipher(t, word);
	}
}

/* How a comment that tells of TLS begins. */
static const struct {
	const char *begin;
	bool is_before_by; /* servers put it there */
	bool is_enough;    /* nothing more needs to be said */
} beginnings[] = {
	{ "using TLS", true, false },
	{ "using SSL", true, false },
	{ "version=TLS", true, false },
	{ "version=SSL", true, false },
	{ "TLS: ", true, true },
	{ "Cipher ", false, false },
	{ "Google Transport Security", false, true },
	{ "requiretls", false, true },
};

/* Courier: "AUTH: LOGIN user, TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384". */
static struct slice auth_skip(struct slice comment)
{
	static const char tls[] = ", TLS: ";
	if (!slice_starts_nocase(comment, "AUTH: "))
		return comment;
	for (size_t i = comment.len; i-- > 0;)
		if (slice_starts_nocase(slice_skip(comment, i), tls))
			return slice_skip(comment, i + 2);
	return comment;
}

/* Behind "by" a version or suite may come first, or "TLS" alone. */
static bool is_bare(struct slice comment)
{
	struct hops_tls scratch = {};
	struct slice rest = comment;
	struct slice word = word_next(&rest);
	return is_word(comment, "TLS") || hops_notation_version(&scratch, word) ||
	       hops_notation_cipher(&scratch, word);
}

bool hops_notation_comment(struct hops_tls *t, struct slice comment, enum hops_place place)
{
	comment = auth_skip(comment);
	bool is_told = place == HOPS_BEHIND_BY && is_bare(comment), is_enough = is_told;
	for (size_t i = 0; !is_told && i < COUNT_OF(beginnings); i++) {
		is_told = slice_starts_nocase(comment, beginnings[i].begin) &&
		          (place == HOPS_BEHIND_BY || beginnings[i].is_before_by);
		is_enough = is_told && beginnings[i].is_enough;
	}
	if (!is_told)
		return false;
	struct hops_tls found = { .is_used = is_enough };
	words_take(&found, comment);
	if (!found.is_used)
		return false;
	t->is_used = true;
	if (found.version)
		t->version = found.version;
	if (found.cipher[0])
		memcpy(t->cipher, found.cipher, sizeof(t->cipher));
	if (found.group[0])
		memcpy(t->group, found.group, sizeof(t->group));
	return true;
}

/* --- what it is worth --- */

void hops_notation_finish(struct hops_tls *t)
{
	const struct tls_suite *suite = tls_suite_find(slice_str(t->cipher));
	struct hops_suite words;
	hops_suite_read(&words, slice_str(t->cipher));
	if (!t->version && words.is_13)
		t->version = HOPS_TLS_1_3;
	if (!t->version && (suite ? suite->min_version == TLS_1_2 : words.is_12))
		t->version = HOPS_TLS_1_2;
	if (!t->group[0] && words.group)
		slice_to_text(slice_str(words.group), t->group, sizeof(t->group));
}

bool hops_notation_is_null(const struct hops_tls *t)
{
	struct hops_suite words;
	hops_suite_read(&words, slice_str(t->cipher));
	return words.is_null;
}

enum hops_grade hops_notation_grade(const struct hops_tls *t, bool is_user)
{
	struct hops_suite words;
	hops_suite_read(&words, slice_str(t->cipher));
	if (!t->is_used)
		return HOPS_UNGRADED;
	if (t->version && t->version < HOPS_TLS_1_2)
		return HOPS_LEGACY;
	if (t->version == HOPS_TLS_1_3)
		return HOPS_SEALED;
	if (!t->cipher[0])
		return HOPS_UNGRADED;
	if (words.is_weak || words.exchange != HOPS_ECDHE || (is_user && !words.is_aead))
		return words.exchange == HOPS_EXCHANGE_UNKNOWN && !words.is_weak ? HOPS_UNGRADED
		                                                                 : HOPS_LEGACY;
	return t->version == HOPS_TLS_1_2 ? HOPS_SEALED : HOPS_UNGRADED;
}
