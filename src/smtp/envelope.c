#include "smtp/envelope.h"

#include "base/clean.h"
#include "conv/line.h"

enum { DOMAIN_MAX = 255, SIZE_DIGITS_MAX = 20 }; /* RFC 5321 4.5.3.1.2, RFC 1870 5 */

static bool is_8bit(uint8_t c)
{
	return c > 0x7f;
}

static bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Dots too, wherever they stand: real mailboxes have two in a row, and the far end judges. */
static bool is_local(uint8_t c)
{
	return c != ' ' && !is_control(c) && !strchr("()<>[]\\,;:@\"", c);
}

/* Real names have underscores, against RFC 5321 2.3.5. */
static bool is_label(uint8_t c)
{
	return is_alnum(c) || c == '-' || c == '_' || is_8bit(c);
}

/* RFC 5321 4.1.3, dcontent. */
static bool is_literal(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '[' && c != '\\' && c != ']';
}

static size_t run_len(struct slice s, bool (*is)(uint8_t c))
{
	size_t n = 0;
	while (n < s.len && is(s.data[n]))
		n++;
	return n;
}

static bool starts(struct slice s, uint8_t c)
{
	return s.len && s.data[0] == c;
}

/* Each _len(): bytes of what s starts with, 0 if it does not. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.data[i] == '"')
			return i + 1;
		if (s.data[i] == '\\' && ++i < s.len && is_8bit(s.data[i]))
			return 0;
		if (i < s.len && is_control(s.data[i]))
			return 0;
	}
	return 0;
}

static size_t literal_len(struct slice s)
{
	size_t n = run_len(slice_skip(s, 1), is_literal);
	return n && starts(slice_skip(s, 1 + n), ']') ? n + 2 : 0;
}

static size_t domain_len(struct slice s)
{
	size_t n = 0;
	if (starts(s, '['))
		return literal_len(s);
	for (;;) {
		size_t label = run_len(slice_skip(s, n), is_label);
		n += label;
		if (!label || n > DOMAIN_MAX)
			return 0;
		if (!starts(slice_skip(s, n), '.'))
			return n;
		n++;
	}
}

static size_t local_len(struct slice s)
{
	return starts(s, '"') ? quoted_len(s) : run_len(s, is_local);
}

/* "@a,@b:" in front of a mailbox, to be accepted and ignored (RFC 5321 4.1.1.3, C). */
static bool route_skip(struct slice *s)
{
	while (starts(*s, '@')) {
		size_t n = domain_len(slice_skip(*s, 1));
		struct slice behind = slice_skip(*s, 1 + n);
		*s = slice_skip(behind, 1);
		if (n && starts(behind, ':'))
			return true;
		if (!n || !starts(behind, ',') || !starts(*s, '@'))
			return false;
	}
	return true;
}

/* What stands between the brackets, off the front of *s. */
static bool mailbox_take(struct slice *s, struct smtp_path *ret_path)
{
	if (!route_skip(s))
		return false;
	struct slice rest = *s;
	size_t local = local_len(rest);
	size_t domain = 0;
	rest = slice_skip(rest, local);
	bool has_at = starts(rest, '@');
	if (has_at) {
		rest = slice_skip(rest, 1);
		domain = domain_len(rest);
	}
	if (!local || (has_at && !domain))
		return false;
	ret_path->domain = slice_head(rest, domain);
	ret_path->mailbox = slice_head(*s, local + has_at + domain);
	*s = slice_skip(rest, domain);
	return true;
}

/* "FROM:<...>" off the front of *args; the parameters are left. */
static bool path_take(struct slice *args, const char *keyword, struct smtp_path *ret_path)
{
	if (!slice_starts_nocase(*args, keyword))
		return false;
	struct slice rest = slice_skip(*args, strlen(keyword));
	while (starts(rest, ' '))
		rest = slice_skip(rest, 1);
	if (!starts(rest, '<'))
		return false;
	rest = slice_skip(rest, 1);
	*ret_path = (struct smtp_path){};
	if (!starts(rest, '>') && !mailbox_take(&rest, ret_path))
		return false;
	if (!starts(rest, '>'))
		return false;
	rest = slice_skip(rest, 1);
	if (rest.len && rest.data[0] != ' ')
		return false;
	*args = slice_trim(rest);
	return true;
}

static int path_check(const struct smtp_path *path, bool is_utf8)
{
	size_t most = is_utf8 ? SMTP_PATH_UTF8_MAX : SMTP_PATH_MAX;
	if (path->mailbox.len + 2 > most)
		return SMTP_ENVELOPE_BAD_PATH;
	for (size_t i = 0; !is_utf8 && i < path->mailbox.len; i++)
		if (is_8bit(path->mailbox.data[i]))
			return SMTP_ENVELOPE_NO_UTF8;
	return 0;
}

static int on_size(struct smtp_handoff_mail *mail, struct slice value)
{
	uint64_t size = 0;
	if (value.len > SIZE_DIGITS_MAX)
		return SMTP_ENVELOPE_BAD_VALUE;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		if (!is_digit(c) || __builtin_mul_overflow(size, 10, &size) ||
		    __builtin_add_overflow(size, (uint64_t)(c - '0'), &size))
			return SMTP_ENVELOPE_BAD_VALUE;
	}
	mail->size = size;
	return 0;
}

static int on_body(struct smtp_handoff_mail *mail, struct slice value)
{
	mail->is_8bit = slice_equal_nocase(value, slice_str("8BITMIME"));
	bool is_known = mail->is_8bit || slice_equal_nocase(value, slice_str("7BIT"));
	return is_known ? 0 : SMTP_ENVELOPE_UNKNOWN;
}

static int on_utf8(struct smtp_handoff_mail *mail, struct slice value)
{
	mail->is_utf8 = true;
	return 0;
}

static int on_requiretls(struct smtp_handoff_mail *mail, struct slice value)
{
	mail->requires_tls = true;
	return 0;
}

/* Who submitted it means nothing to other providers (RFC 4954 5). */
static int on_auth(struct smtp_handoff_mail *mail, struct slice value)
{
	return 0;
}

static const struct param {
	const char *name;
	bool has_value;
	int (*on)(struct smtp_handoff_mail *mail, struct slice value);
} params[] = {
	{ "SIZE", true, on_size },
	{ "BODY", true, on_body },
	{ "AUTH", true, on_auth },
	{ "SMTPUTF8", false, on_utf8 },
	{ "REQUIRETLS", false, on_requiretls },
};

static int param_take(struct slice word, bool offers_requiretls, struct smtp_handoff_mail *mail)
{
	struct slice name = slice_head(word, slice_find(word, '='));
	struct slice value = slice_skip(word, name.len + 1);
	bool has_value = name.len < word.len;
	for (size_t i = 0; i < COUNT_OF(params); i++) {
		if (!slice_equal_nocase(name, slice_str(params[i].name)))
			continue;
		if (params[i].on == on_requiretls && !offers_requiretls)
			return SMTP_ENVELOPE_UNKNOWN;
		if (has_value != params[i].has_value || (has_value && !value.len))
			return SMTP_ENVELOPE_BAD_VALUE;
		return params[i].on(mail, value);
	}
	return SMTP_ENVELOPE_UNKNOWN;
}

int smtp_envelope_mail(struct slice args, bool offers_requiretls, struct smtp_path *ret_path,
                       struct smtp_handoff_mail *ret_mail)
{
	struct smtp_path path;
	struct smtp_handoff_mail mail = {};
	if (!path_take(&args, "FROM:", &path) || (path.mailbox.len && !path.domain.len))
		return SMTP_ENVELOPE_BAD_PATH;
	int r = 0;
	while (args.len && !r)
		r = param_take(conv_line_word(&args), offers_requiretls, &mail);
	if (!r)
		r = path_check(&path, mail.is_utf8);
	if (r)
		return r;
	*ret_path = path;
	*ret_mail = mail;
	return 0;
}

int smtp_envelope_rcpt(struct slice args, bool is_utf8, struct smtp_path *ret_path)
{
	struct smtp_path path;
	if (!path_take(&args, "TO:", &path) || !path.mailbox.len)
		return SMTP_ENVELOPE_BAD_PATH;
	if (args.len)
		return SMTP_ENVELOPE_UNKNOWN;
	int r = path_check(&path, is_utf8);
	if (r)
		return r;
	if (!path.domain.len)
		return SMTP_ENVELOPE_NO_DOMAIN;
	*ret_path = path;
	return 0;
}
