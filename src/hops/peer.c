#include "hops/peer.h"

#include "base/clean.h"

/* Where needle begins, or s.len. */
static size_t find(struct slice s, const char *needle)
{
	for (size_t i = 0; i < s.len; i++)
		if (slice_starts_nocase(slice_skip(s, i), needle))
			return i;
	return s.len;
}

static struct slice word_of(struct slice s)
{
	size_t len = 0;
	while (len < s.len && s.data[len] != ' ' && s.data[len] != '\t')
		len++;
	return slice_head(s, len);
}

static bool is_literal(struct slice word)
{
	return word.len && word.data[0] == '[';
}

/* "unknown" and "UnknownHost" are no names. */
static struct slice name_or_none(struct slice word)
{
	struct hops_address address;
	if (hops_address_parse(word, &address) || is_literal(word) ||
	    slice_starts_nocase(word, "unknown") || slice_find(word, '@') < word.len ||
	    slice_find(word, '=') < word.len || slice_find(word, '.') == word.len)
		return (struct slice){};
	return word;
}

/* Exim: "(helo=NAME)", "([ADDRESS] helo=NAME)", "([ADDRESS]:PORT helo=NAME ident=...)". The word
 * before is the name of DNS, or the address. */
static void exim_read(struct hops_peer *p, const struct hops_received *r, struct slice comment)
{
	static const char key[] = "helo=";
	size_t at = find(comment, key);
	p->name = name_or_none(hops_received_word(r, HOPS_FROM));
	p->helo = word_of(slice_skip(comment, at + strlen(key)));
	if (!hops_address_find(slice_head(comment, at), &p->address))
		(void)hops_address_find(hops_received_word(r, HOPS_FROM), &p->address);
}

static bool is_exim(struct slice comment)
{
	size_t at = find(comment, "helo=");
	return at < comment.len && (!at || comment.data[at - 1] == ' ');
}

/* qmail: "from NAME (HELO WORD) (ADDRESS)". */
static bool helo_read(struct hops_peer *p, const struct hops_received *r, struct slice comment)
{
	static const char *const verbs[] = { "HELO ", "EHLO " };
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		if (!slice_starts_nocase(comment, verbs[i]))
			continue;
		p->name = name_or_none(hops_received_word(r, HOPS_FROM));
		p->helo = slice_trim(slice_skip(comment, strlen(verbs[i])));
		return true;
	}
	return false;
}

/* The last comment with an address is the server's own, whatever a HELO looked like. */
static void from_comment_read(struct hops_peer *p, const struct hops_received *r, size_t i)
{
	struct slice comment = r->comments[i].text;
	struct hops_address address;
	if (find(comment, "unix socket") < comment.len)
		p->is_unix = true;
	if (slice_starts_nocase(comment, "Authenticated"))
		p->is_logged_in = true;
	if (is_exim(comment)) {
		exim_read(p, r, comment);
		p->address_comment = i;
		return;
	}
	if (helo_read(p, r, comment) || !hops_address_find(comment, &address))
		return;
	p->address = address;
	p->address_comment = i;
	if (!p->name.len)
		p->name = name_or_none(word_of(comment));
}

static void by_comment_read(struct hops_peer *p, const struct hops_received *r, size_t i)
{
	struct slice comment = r->comments[i].text;
	if (!p->by.is_set)
		(void)hops_address_find(comment, &p->by);
	if (slice_starts_nocase(comment, "authenticated"))
		p->is_logged_in = true;
	if (find(comment, "from userid ") < comment.len)
		p->is_submitted = true; /* Postfix's pickup */
}

/* Comments of fields that have no "from": Sendmail, qmail and nullmailer tell of a program so. */
static bool tells_of_program(const struct hops_received *r)
{
	static const char *const beginnings[] = { "from ", "qmail ", "nullmailer ",
		                                  "sSMTP sendmail emulation" };
	for (size_t i = 0; i < r->comment_count; i++)
		for (size_t b = 0; b < COUNT_OF(beginnings); b++)
			if (slice_starts_nocase(r->comments[i].text, beginnings[b]))
				return true;
	return false;
}

void hops_peer_read(struct hops_peer *ret_peer, const struct hops_received *r)
{
	struct hops_peer p = { .address_comment = HOPS_COMMENTS_MAX };
	struct slice from = hops_received_word(r, HOPS_FROM);
	for (size_t i = 0; i < r->comment_count; i++)
		if (r->comments[i].is_of_from)
			from_comment_read(&p, r, i);
		else
			by_comment_read(&p, r, i);
	if (!p.helo.len)
		p.helo = from;
	if (!p.address.is_set && is_literal(from))
		(void)hops_address_find(from, &p.address);
	if (!p.address.is_set && !p.name.len)
		(void)hops_address_parse(from, &p.address);
	if (find(r->clauses[HOPS_FROM], "unix socket") < r->clauses[HOPS_FROM].len)
		p.is_unix = true;
	if (!from.len && tells_of_program(r))
		p.is_submitted = true;
	(void)hops_address_parse(hops_received_word(r, HOPS_BY), &p.by);
	*ret_peer = p;
}
