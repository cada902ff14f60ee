#include "hops/received.h"

#include "base/clean.h"

static const char *const keywords[] = {
	[HOPS_FROM] = "from", [HOPS_BY] = "by",     [HOPS_VIA] = "via",
	[HOPS_WITH] = "with", [HOPS_OVER] = "over", [HOPS_ID] = "id",
	[HOPS_FOR] = "for",   [HOPS_TLS] = "tls",   [HOPS_GROUP] = "group",
};
_Static_assert(COUNT_OF(keywords) == HOPS_CLAUSE_COUNT);

struct parser {
	struct hops_received *out;
	struct slice text;
	size_t at;
	int clause;            /* that words belong to; HOPS_CLAUSE_COUNT: none */
	bool is_keyword_fresh; /* the next word is its value, whatever it is */
	bool is_running;       /* the next word goes on where the one before ended */
	bool has_by;
	bool has_open_angle; /* a "<" without end was met: none is looked for any more */
	bool has_open_quote;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Behind the quoted string that begins at "at"; at itself if it has no end. */
static size_t quote_skip(struct parser *p, size_t at)
{
	if (p->has_open_quote)
		return at;
	for (size_t i = at + 1; i < p->text.len; i++) {
		if (p->text.data[i] == '\\')
			i++;
		else if (p->text.data[i] == '"')
			return i + 1;
	}
	p->has_open_quote = true;
	return at;
}

/* The same for <address>, in which a quoted local part may hold anything. */
static size_t angle_skip(struct parser *p, size_t at)
{
	if (p->has_open_angle)
		return at;
	for (size_t i = at + 1; i < p->text.len; i++) {
		if (p->text.data[i] == '>')
			return i + 1;
		if (p->text.data[i] == '"') {
			size_t end = quote_skip(p, i);
			i = end > i ? end - 1 : i;
		}
	}
	p->has_open_angle = true;
	return at;
}

/* Past the byte at "at", with all that belongs to it. */
static size_t piece_skip(struct parser *p, size_t at, bool is_in_comment)
{
	size_t end = at;
	if (p->text.data[at] == '\\')
		return at + 2;
	if (p->text.data[at] == '<')
		end = angle_skip(p, at);
	else if (p->text.data[at] == '"' && !is_in_comment)
		end = quote_skip(p, at);
	return end > at ? end : at + 1;
}

static void comment_add(struct parser *p, struct slice text)
{
	struct hops_received *r = p->out;
	p->is_running = p->is_keyword_fresh = false;
	if (r->comment_count == HOPS_COMMENTS_MAX) {
		r->is_whole = false;
		return;
	}
	r->comments[r->comment_count++] = (struct hops_comment){
		.text = slice_trim(text),
		.is_of_from = !p->has_by,
	};
}

/* At "(". */
static void comment_take(struct parser *p)
{
	size_t begin = p->at + 1, depth = 1;
	size_t at = begin;
	while (at < p->text.len && depth) {
		uint8_t c = p->text.data[at];
		depth += c == '(';
		depth -= c == ')';
		if (depth)
			at = piece_skip(p, at, true);
	}
	if (at >= p->text.len) {
		p->out->is_whole = false;
		p->at = p->text.len;
		return;
	}
	comment_add(p, slice_of(p->text.data + begin, at - begin));
	p->at = at + 1;
}

/* What the last "by" says counts: whatever came before was somebody else's. */
static void by_begin(struct parser *p)
{
	struct hops_received *r = p->out;
	for (int i = HOPS_BY; i < HOPS_CLAUSE_COUNT; i++)
		r->clauses[i] = (struct slice){};
	for (size_t i = 0; i < r->comment_count; i++)
		r->comments[i].is_of_from = true;
	p->has_by = true;
}

/* HOPS_CLAUSE_COUNT: the word begins no clause here. */
static int keyword_find(const struct parser *p, struct slice word)
{
	for (int i = 0; i < HOPS_CLAUSE_COUNT; i++) {
		if (!slice_equal_nocase(word, slice_str(keywords[i])))
			continue;
		bool is_here = i == HOPS_FROM    ? p->clause == HOPS_CLAUSE_COUNT && !p->has_by
		               : i == HOPS_BY    ? true
		               : i == HOPS_GROUP ? p->clause == HOPS_TLS
		                                 : p->has_by;
		return is_here ? i : HOPS_CLAUSE_COUNT;
	}
	return HOPS_CLAUSE_COUNT;
}

static void word_add(struct parser *p, struct slice word)
{
	if (p->clause == HOPS_CLAUSE_COUNT)
		return;
	struct slice *to = &p->out->clauses[p->clause];
	if (!to->len)
		*to = word;
	else if (p->is_running)
		to->len = (size_t)(word.data + word.len - to->data);
	p->is_running = to->data + to->len == word.data + word.len;
}

/* "with ESMTP with STARTTLS" is one clause; else a clause that comes again says nothing new. */
static void clause_begin(struct parser *p, int clause)
{
	if (clause == HOPS_BY)
		by_begin(p);
	p->is_running = clause == HOPS_WITH && p->clause == HOPS_WITH && p->is_running;
	p->clause = clause;
	p->is_keyword_fresh = true;
}

static void word_take(struct parser *p)
{
	size_t begin = p->at;
	while (p->at < p->text.len && !is_blank(p->text.data[p->at]) &&
	       p->text.data[p->at] != '(' && p->text.data[p->at] != ';')
		p->at = piece_skip(p, p->at, false);
	if (p->at > p->text.len)
		p->at = p->text.len;
	struct slice word = slice_of(p->text.data + begin, p->at - begin);
	int clause = p->is_keyword_fresh ? HOPS_CLAUSE_COUNT : keyword_find(p, word);
	p->is_keyword_fresh = false;
	if (clause != HOPS_CLAUSE_COUNT)
		clause_begin(p, clause);
	else
		word_add(p, word);
}

/* A date comes, or what its writer took for a clause. */
static void semicolon_take(struct parser *p)
{
	p->at++;
	p->out->date = slice_trim(slice_skip(p->text, p->at));
	p->clause = p->has_by ? HOPS_CLAUSE_COUNT : p->clause;
	p->is_running = p->is_keyword_fresh = false;
}

void hops_received_parse(struct hops_received *r, struct slice value)
{
	struct parser p = { .out = r, .text = value, .clause = HOPS_CLAUSE_COUNT };
	*r = (struct hops_received){ .is_whole = true };
	while (p.at < value.len) {
		if (is_blank(value.data[p.at]))
			p.at++;
		else if (value.data[p.at] == '(')
			comment_take(&p);
		else if (value.data[p.at] == ';')
			semicolon_take(&p);
		else
			word_take(&p);
	}
	r->is_whole = r->is_whole && !p.has_open_angle && !p.has_open_quote;
}

struct slice hops_received_word(const struct hops_received *r, enum hops_clause clause)
{
	struct slice words = r->clauses[clause];
	size_t len = 0;
	while (len < words.len && !is_blank(words.data[len]))
		len++;
	return slice_head(words, len);
}
