#include "policy/tlsrpt_record.h"

#include "dns/message.h"

enum { LOCAL_PART_MAX = 64 }; /* RFC 5321 4.5.3.1.1 */

static const char mailto[] = "mailto:";
static const char https[] = "https://";

/* RFC 3986 2, less what would have to be quoted somewhere. */
static bool is_uri(struct slice uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if (uri.data[i] <= ' ' || uri.data[i] > '~' || strchr("\"<>\\^`{|}", uri.data[i]))
			return false;
	return uri.len < POLICY_TLSRPT_URI_CAP;
}

static bool is_known(struct slice uri)
{
	return (slice_starts_nocase(uri, mailto) && uri.len > strlen(mailto)) ||
	       (slice_starts_nocase(uri, https) && uri.len > strlen(https));
}

static bool is_there(const struct policy_tlsrpt_record *record, const char *uri)
{
	for (size_t i = 0; i < record->count; i++)
		if (!strcmp(record->uris[i], uri))
			return true;
	return false;
}

static void uris_take(struct slice list, struct policy_tlsrpt_record *record)
{
	while (list.len && record->count < POLICY_TLSRPT_URIS_MAX) {
		char *to = record->uris[record->count];
		struct slice uri = slice_trim(slice_head(list, slice_find(list, ',')));
		list = slice_skip(list, slice_find(list, ',') + 1);
		if (!is_uri(uri) || !is_known(uri))
			continue;
		slice_to_text(uri, to, POLICY_TLSRPT_URI_CAP);
		record->count += !is_there(record, to);
	}
}

int policy_tlsrpt_record_parse(struct slice text, struct policy_tlsrpt_record *ret_record)
{
	static const char version[] = "v=TLSRPTv1";
	struct slice first = slice_trim(slice_head(text, slice_find(text, ';')));
	ret_record->count = 0;
	if (!text.len || text.data[0] != 'v' || !slice_equal(first, slice_str(version)) ||
	    slice_find(text, ';') == text.len)
		return POLICY_TLSRPT_ABSENT;
	struct slice rest = slice_skip(text, slice_find(text, ';') + 1);
	while (rest.len && !ret_record->count) {
		struct slice field = slice_trim(slice_head(rest, slice_find(rest, ';')));
		rest = slice_skip(rest, slice_find(rest, ';') + 1);
		if (slice_equal(slice_head(field, 4), slice_str("rua=")))
			uris_take(slice_skip(field, 4), ret_record);
	}
	return ret_record->count ? 0 : POLICY_TLSRPT_BAD;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1, up to a "?". False: it does not fit, or is broken. */
static bool percent_decode(const char *from, char *ret_text, size_t cap)
{
	size_t len = 0;
	for (; *from && *from != '?' && len < cap - 1; from++) {
		if (*from != '%') {
			ret_text[len++] = *from;
			continue;
		}
		int high = hex_value(from[1]), low = high < 0 ? -1 : hex_value(from[2]);
		if (low < 0 || !(high * 16 + low))
			return false;
		ret_text[len++] = (char)(high * 16 + low);
		from += 2;
	}
	ret_text[len] = '\0';
	return !*from || *from == '?';
}

/* Dot-atom (RFC 5322 3.2.3), without the signs that once were routes ("%", "!"). What has to be
 * quoted no report goes to. */
static bool is_local_part(struct slice local)
{
	bool is_begun = false;
	for (size_t i = 0; i < local.len; i++) {
		uint8_t c = local.data[i];
		bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (c == '.' && !is_begun)
			return false;
		if (c != '.' && !is_alnum && (!c || !strchr("#$&'*+-/=?^_`{|}~", c)))
			return false;
		is_begun = c != '.';
	}
	return is_begun && local.len <= LOCAL_PART_MAX;
}

bool policy_tlsrpt_mailbox(const char *uri, char *ret_mailbox)
{
	if (!slice_starts_nocase(slice_str(uri), mailto) ||
	    !percent_decode(uri + strlen(mailto), ret_mailbox, POLICY_TLSRPT_MAILBOX_CAP))
		return false;
	size_t at = slice_find(slice_str(ret_mailbox), '@');
	return ret_mailbox[at] && is_local_part(slice_head(slice_str(ret_mailbox), at)) &&
	       dns_name_is_host(ret_mailbox + at + 1);
}

void policy_tlsrpt_mailbox_domain(const char *mailbox, char *ret_domain)
{
	size_t at = slice_find(slice_str(mailbox), '@'), len = 0;
	for (const char *c = mailbox + at + (mailbox[at] != '\0'); *c; c++)
		ret_domain[len++] = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	ret_domain[len] = '\0';
}

bool policy_tlsrpt_is_https(const char *uri)
{
	return slice_starts_nocase(slice_str(uri), https);
}
