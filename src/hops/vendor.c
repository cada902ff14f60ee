#include "hops/vendor.h"

#include "base/clean.h"

enum place { IN_COMMENT, IN_WITH };

/* How the comment behind "by", or the words of "with", begin. */
static const struct {
	enum place place;
	const char *begin;
	struct hops_vendor vendor;
} table[] = {
	{ IN_COMMENT, "Postfix", { "Postfix", HOPS_MARKS_ALWAYS, true, false } },
	{ IN_COMMENT, "Exim", { "Exim", HOPS_MARKS_ALWAYS, true, false } },
	{ IN_COMMENT, "OpenSMTPD", { "OpenSMTPD", HOPS_MARKS_ALWAYS, false, false } },
	{ IN_COMMENT, "mailseal", { "mailseal", HOPS_MARKS_ALWAYS, false, false } },
	{ IN_COMMENT, "Haraka", { "Haraka", HOPS_MARKS_ALWAYS, false, false } },
	{ IN_COMMENT, "Stalwart", { "Stalwart", HOPS_MARKS_ALWAYS, false, false } },
	{ IN_COMMENT, "Dovecot", { "Dovecot", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "Cyrus", { "Cyrus", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "Spam Firewall", { "Barracuda", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "CommuniGate", { "CommuniGate", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "PowerMTA", { "PowerMTA", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "ecelerity", { "Momentum", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "SimpleEmailService", { "SES", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "SG", { "SendGrid", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "RZmta", { "RZmta", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "MDaemon", { "MDaemon", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "Lotus Domino", { "Domino", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "IBM Domino", { "Domino", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "HCL Domino", { "Domino", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "IceWarp", { "IceWarp", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "Scalix", { "Scalix", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "XMail", { "XMail", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "amavisd", { "amavis", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "fetchmail", { "fetchmail", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "getmail", { "getmail", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_COMMENT, "Roundcube", { "Roundcube", HOPS_MARKS_UNKNOWN, false, false } },
	{ IN_WITH, "Microsoft SMTPSVC", { "IIS", HOPS_MARKS_ALWAYS, false, false } },
	{ IN_WITH, "XMail", { "XMail", HOPS_MARKS_UNKNOWN, false, false } },
};

static bool is_word(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_str(text));
}

static bool has_comment(const struct hops_received *r, bool is_of_from, const char *begin)
{
	for (size_t i = 0; i < r->comment_count; i++)
		if (r->comments[i].is_of_from == is_of_from &&
		    slice_starts_nocase(r->comments[i].text, begin))
			return true;
	return false;
}

static bool has_comment_of_by(const struct hops_received *r)
{
	for (size_t i = 0; i < r->comment_count; i++)
		if (!r->comments[i].is_of_from)
			return true;
	return false;
}

/* The number that text begins with; -1: none. */
static int number_of(struct slice *text)
{
	int number = -1;
	while (text->len && text->data[0] >= '0' && text->data[0] <= '9' && number < 10000) {
		number = (number < 0 ? 0 : number) * 10 + (text->data[0] - '0');
		*text = slice_skip(*text, 1);
	}
	return number;
}

/* "(8.17.1/8.17.1)": STARTTLS is said since 8.12. */
static bool is_sendmail(const struct hops_received *r, struct hops_vendor *ret_vendor)
{
	for (size_t i = 0; i < r->comment_count; i++) {
		struct slice text = r->comments[i].text;
		if (r->comments[i].is_of_from || slice_find(text, '/') == text.len)
			continue;
		int major = number_of(&text);
		if (major != 8 || !text.len || text.data[0] != '.')
			continue;
		text = slice_skip(text, 1);
		bool tells = number_of(&text) >= 12;
		*ret_vendor = (struct hops_vendor){ "Sendmail",
			                            tells ? HOPS_MARKS_ALWAYS : HOPS_MARKS_UNKNOWN,
			                            true, false };
		return true;
	}
	return false;
}

/* Exchange since 2007 (version 8) says "(TLS)" or more; between its own servers it says nothing. */
static bool is_exchange(const struct hops_received *r, struct hops_vendor *ret_vendor)
{
	struct slice id = r->clauses[HOPS_ID], with = r->clauses[HOPS_WITH];
	if (!slice_starts_nocase(with, "Microsoft SMTP Server") && !is_word(with, "mapi"))
		return false;
	bool is_inside = is_word(with, "mapi") || r->clauses[HOPS_VIA].len;
	bool tells = !is_inside && number_of(&id) >= 8;
	*ret_vendor =
		(struct hops_vendor){ "Exchange", tells ? HOPS_MARKS_ALWAYS : HOPS_MARKS_UNKNOWN,
		                      false, false };
	return true;
}

static bool ends_with(struct slice name, const char *end)
{
	size_t len = strlen(end);
	return name.len > len && slice_starts_nocase(slice_skip(name, name.len - len), end);
}

/* Its edge always tells; within, hosts are named by their address. */
static bool is_gmail(const struct hops_received *r, const struct hops_peer *peer,
                     struct hops_vendor *ret_vendor)
{
	struct slice by = hops_received_word(r, HOPS_BY);
	if (!ends_with(by, ".google.com"))
		return false;
	bool tells =
		peer->address.is_set && hops_address_scope(&peer->address) == HOPS_SCOPE_PUBLIC;
	*ret_vendor = (struct hops_vendor){ "Gmail", tells ? HOPS_MARKS_ALWAYS : HOPS_MARKS_UNKNOWN,
		                            false, false };
	return true;
}

/* GMX and 1&1 began to tell in 2019. */
static bool is_nemesis(const struct hops_received *r, bool has_date, int64_t at_s,
                       struct hops_vendor *ret_vendor)
{
	enum { BEGAN_S = 1546300800 };
	if (!has_comment(r, false, "Nemesis"))
		return false;
	bool tells = has_date && at_s >= BEGAN_S;
	*ret_vendor =
		(struct hops_vendor){ "Nemesis", tells ? HOPS_MARKS_ALWAYS : HOPS_MARKS_UNKNOWN,
		                      false, false };
	return true;
}

static bool has_bare_date(const struct hops_received *r)
{
	return r->date.len && r->date.data[0] >= '0' && r->date.data[0] <= '9';
}

/* Cisco ESA: "from NAME ([ADDRESS]) by HOST with ESMTP; 24 Nov 2026 ...": nothing else does. */
static bool is_cisco(const struct hops_received *r, const struct hops_peer *peer)
{
	struct slice with = r->clauses[HOPS_WITH];
	if (slice_starts_nocase(with, "ESMTP/") || slice_starts_nocase(with, "SMTP/"))
		return true;
	return (is_word(with, "ESMTP") || is_word(with, "SMTP")) && peer->address.is_set &&
	       peer->address_comment < HOPS_COMMENTS_MAX &&
	       slice_find(r->comments[peer->address_comment].text, '[') == 0 &&
	       !r->clauses[HOPS_ID].len && !r->clauses[HOPS_FOR].len && !has_comment_of_by(r) &&
	       has_bare_date(r);
}

/* "from NAME (HELO WORD) (ADDRESS) by HOST with SMTP; 24 Nov 2026 ...", without the first comment
 * if both names are one. Its patches for TLS tell. */
static bool is_qmail(const struct hops_received *r, const struct hops_peer *peer)
{
	struct slice with = r->clauses[HOPS_WITH];
	if (peer->address_comment >= HOPS_COMMENTS_MAX || r->clauses[HOPS_ID].len ||
	    has_comment_of_by(r) || !(is_word(with, "SMTP") || is_word(with, "ESMTP")))
		return false;
	struct slice address = r->comments[peer->address_comment].text;
	return has_comment(r, true, "HELO ") || has_comment(r, true, "EHLO ") ||
	       (has_bare_date(r) && slice_find(address, '[') == address.len);
}

static bool is_courier(const struct hops_received *r, const struct hops_peer *peer)
{
	static const char mapped[] = "::ffff:";
	if (peer->address_comment >= HOPS_COMMENTS_MAX || has_comment_of_by(r))
		return false;
	struct slice text = r->comments[peer->address_comment].text;
	size_t at = slice_find(text, '[');
	return slice_starts_nocase(slice_skip(text, at + 1), mapped);
}

/* Eight bytes in lower-case hex, as edges and relays name their sessions. */
static bool is_session_id(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!(id.data[i] >= '0' && id.data[i] <= '9') &&
		    !(id.data[i] >= 'a' && id.data[i] <= 'f'))
			return false;
	return id.len == 16;
}

static struct hops_vendor by_layout(const struct hops_received *r, const struct hops_peer *peer)
{
	if (is_word(hops_received_word(r, HOPS_VIA), "tcp"))
		return (struct hops_vendor){ "mox", HOPS_MARKS_ALWAYS, false, false };
	if (is_qmail(r, peer))
		return (struct hops_vendor){ "qmail", HOPS_MARKS_LIKELY, false, false };
	if (is_cisco(r, peer))
		return (struct hops_vendor){ "Cisco ESA", HOPS_MARKS_LIKELY, false, false };
	if (is_courier(r, peer))
		return (struct hops_vendor){ "Courier", HOPS_MARKS_ALWAYS, false, false };
	return (struct hops_vendor){ "", HOPS_MARKS_UNKNOWN, false, false };
}

struct hops_vendor hops_vendor_find(const struct hops_received *r, const struct hops_peer *peer,
                                    bool has_date, int64_t at_s)
{
	struct hops_vendor v;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		bool is_it = table[i].place == IN_COMMENT
		                     ? has_comment(r, false, table[i].begin)
		                     : slice_starts_nocase(r->clauses[HOPS_WITH], table[i].begin);
		if (!is_it)
			continue;
		v = table[i].vendor;
		v.is_mailseal = is_word(slice_str(v.name), "mailseal") &&
		                is_session_id(r->clauses[HOPS_ID]);
		return v;
	}
	if (is_sendmail(r, &v) || is_exchange(r, &v) || is_gmail(r, peer, &v) ||
	    is_nemesis(r, has_date, at_s, &v))
		return v;
	return by_layout(r, peer);
}
