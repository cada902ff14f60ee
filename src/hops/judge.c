#include "hops/judge.h"

#include "base/clean.h"
#include "hops/date.h"

static const char *const verdict_names[] = {
	[HOPS_NOT_STATED] = "not stated",
	[HOPS_PLAINTEXT] = "plaintext",
	[HOPS_ENCRYPTED] = "encrypted",
	[HOPS_LOCAL] = "local",
};
_Static_assert(COUNT_OF(verdict_names) == HOPS_VERDICT_COUNT);

const char *hops_verdict_name(enum hops_verdict verdict)
{
	return verdict_names[verdict];
}

enum kind { KIND_OTHER, KIND_PLAIN, KIND_TLS, KIND_LOCAL };

/* RFC 3848, and what else is written behind "with"; "UTF8" may stand before each (RFC 6531 4.3;
 * Exim writes "utf8esmtps"). */
static const struct {
	const char *word;
	enum kind kind;
	bool is_logged_in;
} protocols[] = {
	{ "SMTP", KIND_PLAIN, false },  { "SMTPS", KIND_TLS, false },
	{ "SMTPA", KIND_PLAIN, true },  { "SMTPSA", KIND_TLS, true },
	{ "ESMTP", KIND_PLAIN, false }, { "ESMTPA", KIND_PLAIN, true },
	{ "ESMTPS", KIND_TLS, false },  { "ESMTPSA", KIND_TLS, true },
	{ "ASMTP", KIND_PLAIN, true },  { "LMTP", KIND_PLAIN, false },
	{ "LMTPA", KIND_PLAIN, true },  { "LMTPS", KIND_TLS, false },
	{ "LMTPSA", KIND_TLS, true },   { "HTTPS", KIND_TLS, false },
	{ "local", KIND_LOCAL, false },
};

static bool is_word(struct slice word, const char *text)
{
	return slice_equal_nocase(word, slice_str(text));
}

static bool has_word(struct slice words, const char *text)
{
	for (size_t i = 0; i < words.len; i++)
		if (slice_starts_nocase(slice_skip(words, i), text))
			return true;
	return false;
}

/* "ESMTP/TLS/SUITE" (Cisco). */
static enum kind slashed_kind(struct hops_judged *j, struct slice word)
{
	static const char *const beginnings[] = { "ESMTP/TLS/", "SMTP/TLS/" };
	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (slice_starts_nocase(word, beginnings[i])) {
			(void)hops_notation_cipher(&j->tls,
			                           slice_skip(word, strlen(beginnings[i])));
			j->protocol = slice_head(word, slice_find(word, '/'));
			return KIND_TLS;
		}
	return KIND_OTHER;
}

/* "SUITE encrypted SMTP" (MessageLabs, qmail's patch), "ESMTP with STARTTLS" (Mimecast), "over TLS
 * secured channel" (IIS). */
static enum kind words_kind(struct hops_judged *j, struct slice with)
{
	struct slice first = hops_received_word(&j->parts, HOPS_WITH);
	struct slice over = j->parts.clauses[HOPS_OVER];
	if (has_word(with, " encrypted ")) {
		(void)hops_notation_cipher(&j->tls, first);
		return KIND_TLS;
	}
	if (has_word(with, " with STARTTLS") || slice_starts_nocase(over, "TLS secured channel"))
		return KIND_TLS;
	/* Exchange and IIS. */
	return slice_starts_nocase(with, "Microsoft SMTP") ? KIND_PLAIN : KIND_OTHER;
}

/* What the words behind "with" say. */
static enum kind protocol_kind(struct hops_judged *j)
{
	struct slice with = j->parts.clauses[HOPS_WITH];
	struct slice word = hops_received_word(&j->parts, HOPS_WITH);
	enum kind kind = words_kind(j, with);
	j->protocol = with;
	if (kind == KIND_OTHER)
		kind = slashed_kind(j, word);
	if (kind != KIND_OTHER)
		return kind;
	struct slice plain = slice_skip(word, slice_starts_nocase(word, "UTF8") ? 4 : 0);
	if (slice_starts_nocase(plain, "local-"))
		return KIND_LOCAL; /* Exim: by a pipe, in whatever words */
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (is_word(plain, protocols[i].word)) {
			j->is_logged_in |= protocols[i].is_logged_in;
			j->protocol = word;
			return protocols[i].kind;
		}
	return KIND_OTHER;
}

/* Comments and the tls clause. Before "by" only what stands behind the address is the server's. */
static bool notations_read(struct hops_judged *j)
{
	const struct hops_received *r = &j->parts;
	struct slice cipher = hops_received_word(r, HOPS_TLS);
	bool is_told = false;
	for (size_t i = 0; i < r->comment_count; i++) {
		const struct hops_comment *c = &r->comments[i];
		if (c->is_of_from &&
		    (j->peer.address_comment >= HOPS_COMMENTS_MAX || i <= j->peer.address_comment))
			continue;
		is_told |= hops_notation_comment(&j->tls, c->text,
		                                 c->is_of_from ? HOPS_BEFORE_BY : HOPS_BEHIND_BY);
	}
	if (cipher.len && hops_notation_cipher(&j->tls, cipher))
		is_told = true;
	if (is_told && r->clauses[HOPS_GROUP].len)
		hops_notation_group(&j->tls, hops_received_word(r, HOPS_GROUP));
	return is_told;
}

/* A name is no proof of being the same host: who brings mail may call itself as it likes. */
static bool is_same_host(const struct hops_judged *j)
{
	struct slice by = hops_received_word(&j->parts, HOPS_BY);
	if (j->peer.address.is_set)
		return hops_address_equal(&j->peer.address, &j->peer.by) ||
		       (j->vendor.checks_names && j->peer.name.len &&
		        slice_equal_nocase(j->peer.name, by));
	return by.len &&
	       (slice_equal_nocase(j->peer.helo, by) || is_word(j->peer.helo, "localhost"));
}

static bool is_local(const struct hops_judged *j, enum kind kind)
{
	return kind == KIND_LOCAL || j->peer.is_unix || j->peer.is_submitted ||
	       hops_address_scope(&j->peer.address) == HOPS_SCOPE_HOST ||
	       (kind == KIND_PLAIN && is_same_host(j));
}

static void say(struct hops_judged *j, enum hops_verdict verdict, const char *why)
{
	j->verdict = verdict;
	j->why = why;
}

static void encrypted_say(struct hops_judged *j, const char *why)
{
	j->tls.is_used = true;
	hops_notation_finish(&j->tls);
	if (hops_notation_is_null(&j->tls))
		say(j, HOPS_PLAINTEXT, "a cipher suite that encrypts nothing");
	else
		say(j, HOPS_ENCRYPTED, why);
}

/* Whoever wrote it would have told of TLS, or would not have. */
static void silence_say(struct hops_judged *j, enum kind kind, const struct hops_judge *judge)
{
	struct slice by = hops_received_word(&j->parts, HOPS_BY);
	if (kind != KIND_PLAIN) {
		say(j, HOPS_NOT_STATED, "its protocol says nothing of TLS");
		return;
	}
	if (j->vendor.marks == HOPS_MARKS_UNKNOWN) {
		say(j, HOPS_NOT_STATED, "its software does not always say");
		return;
	}
	if (judge->is_terminated && judge->is_terminated(judge->owner, by, &j->peer.by)) {
		say(j, HOPS_NOT_STATED, "TLS ends before this host, which cannot know");
		return;
	}
	j->is_likely = j->vendor.marks == HOPS_MARKS_LIKELY;
	say(j, HOPS_PLAINTEXT,
	    j->is_likely ? "the layout is of software that would most likely have told of TLS"
	                 : "its software would have told of TLS");
}

void hops_judge_field(struct hops_judged *ret_judged, struct slice value,
                      const struct hops_judge *judge)
{
	struct hops_judged *j = ret_judged;
	*j = (struct hops_judged){};
	hops_received_parse(&j->parts, value);
	hops_peer_read(&j->peer, &j->parts);
	j->has_date = hops_date_parse(j->parts.date, &j->at_s);
	j->vendor = hops_vendor_find(&j->parts, &j->peer, j->has_date, j->at_s);
	j->is_logged_in = j->peer.is_logged_in;
	enum kind kind = protocol_kind(j);
	bool is_told = notations_read(j);
	if (!j->parts.is_whole) {
		j->tls = (struct hops_tls){};
		say(j, HOPS_NOT_STATED, "the field is broken");
	} else if (kind == KIND_TLS)
		encrypted_say(j, is_told ? "it says with what" : "its protocol says so");
	else if (is_told)
		encrypted_say(j, "it says with what");
	else if (is_local(j, kind))
		say(j, HOPS_LOCAL, "it never left the host");
	else
		silence_say(j, kind, judge);
}
