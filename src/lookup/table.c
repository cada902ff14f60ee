#include "lookup/table.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

/* In front of the block: slots, each 1 + where a line begins in the text behind them; 0: free. */
struct head {
	uint64_t slot_count; /* a power of two, twice the lines at least */
	uint64_t text_len;
};

struct table {
	uint32_t *slots;
	size_t mask;
	uint8_t *text;
	size_t text_len;
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of *rest, which is then what follows. */
static struct slice word_take(struct slice *rest)
{
	size_t from = 0;
	while (from < rest->len && is_space(rest->data[from]))
		from++;
	size_t to = from;
	while (to < rest->len && !is_space(rest->data[to]))
		to++;
	struct slice word = slice_head(slice_skip(*rest, from), to - from);
	*rest = slice_skip(*rest, to);
	return word;
}

static struct slice line_at(const struct table *t, size_t at)
{
	struct slice rest = slice_skip(slice_of(t->text, t->text_len), at);
	return slice_head(rest, slice_find(rest, '\n'));
}

static struct slice user_at(const struct table *t, size_t at)
{
	struct slice line = line_at(t, at);
	return word_take(&line);
}

/* Where the user's line is, or where it would be. */
static uint32_t *slot_find(const struct table *t, struct slice user)
{
	uint64_t hash = hash_bytes(HASH_START, user.data, user.len);
	size_t i = (hash ^ hash >> 32) & t->mask; /* the low bits alone lie close together */
	while (t->slots[i] && !slice_equal(user_at(t, t->slots[i] - 1), user))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* As names are asked for: sasl/credential.h. */
static void domain_lower(uint8_t *user, size_t len)
{
	size_t at = len;
	while (at && user[at - 1] != '@')
		at--;
	for (; at && at < len; at++)
		if (user[at] >= 'A' && user[at] <= 'Z')
			user[at] = (uint8_t)(user[at] + ('a' - 'A'));
}

static bool line_enter(struct table *t, size_t at, struct lookup_table_facts *facts)
{
	struct slice rest = line_at(t, at);
	struct slice user = word_take(&rest), backend = word_take(&rest);
	if (!user.len || user.data[0] == '#')
		return true;
	if (!backend.len || word_take(&rest).len)
		return false;
	domain_lower(t->text + (user.data - t->text), user.len);
	uint32_t *slot = slot_find(t, user);
	facts->is_again = *slot;
	if (*slot)
		return false;
	*slot = (uint32_t)at + 1;
	facts->users++;
	return true;
}

static size_t lines_count(struct slice text)
{
	size_t n = 1;
	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

static bool table_of(uint8_t *block, size_t len, struct table *ret)
{
	struct head head;
	if (len < sizeof(head))
		return false;
	memcpy(&head, block, sizeof(head));
	if (!head.slot_count || head.slot_count > len / sizeof(uint32_t) || head.text_len > len ||
	    sizeof(head) + head.slot_count * sizeof(uint32_t) + head.text_len != len)
		return false;
	*ret = (struct table){
		.slots = (uint32_t *)(block + sizeof(head)),
		.mask = head.slot_count - 1,
		.text = block + sizeof(head) + head.slot_count * sizeof(uint32_t),
		.text_len = head.text_len,
	};
	return true;
}

static int lines_enter(struct table *t, struct lookup_table_facts *facts)
{
	size_t number = 1;
	for (size_t at = 0; at < t->text_len; number++) {
		if (!line_enter(t, at, facts)) {
			facts->bad_line = number;
			return LOOKUP_TABLE_BAD;
		}
		at += line_at(t, at).len + 1;
	}
	return 0;
}

int lookup_table_build(struct slice text, struct buf *ret_block,
                       struct lookup_table_facts *ret_facts)
{
	struct head head = { .slot_count = 2, .text_len = text.len };
	struct table t;
	uint8_t *at;
	*ret_facts = (struct lookup_table_facts){};
	if (text.len > LOOKUP_TABLE_TEXT_MAX)
		return LOOKUP_TABLE_BAD;
	while (head.slot_count < 2 * lines_count(text))
		head.slot_count *= 2;
	size_t slots_len = head.slot_count * sizeof(uint32_t);
	size_t len = sizeof(head) + slots_len + text.len;
	buf_clear(ret_block);
	int r = buf_reserve(ret_block, len, &at);
	if (r)
		return err_up(r);
	memcpy(at, &head, sizeof(head));
	memset(at + sizeof(head), 0, slots_len);
	if (text.len)
		memcpy(at + sizeof(head) + slots_len, text.data, text.len);
	buf_commit(ret_block, len);
	return table_of(at, len, &t) ? lines_enter(&t, ret_facts) : LOOKUP_TABLE_BAD;
}

static bool find_one(const struct table *t, struct slice user, struct slice *ret_backend)
{
	uint32_t slot = *slot_find(t, user);
	if (!slot)
		return false;
	struct slice line = line_at(t, slot - 1);
	word_take(&line);
	*ret_backend = word_take(&line);
	return true;
}

/* What begins with the last "@", or nothing. */
static struct slice domain_of(struct slice user)
{
	size_t at = user.len;
	while (at && user.data[at - 1] != '@')
		at--;
	return at ? slice_skip(user, at - 1) : (struct slice){};
}

bool lookup_table_find(struct slice block, struct slice user, struct slice *ret_backend)
{
	struct table t;
	struct slice domain = domain_of(user);
	/* Nothing is written: the finder is the builder's own. */
	if (!user.len || !table_of((uint8_t *)(uintptr_t)block.data, block.len, &t))
		return false;
	/* "@..." and "*" are lines of the table, and no users. */
	bool is_user = user.data[0] != '@' && !slice_equal(user, slice_str("*"));
	return (is_user && find_one(&t, user, ret_backend)) ||
	       (domain.len && find_one(&t, domain, ret_backend)) ||
	       find_one(&t, slice_str("*"), ret_backend);
}

bool lookup_table_each(struct slice text,
                       bool (*fn)(void *owner, size_t number, struct slice backend), void *owner)
{
	for (size_t number = 1; text.len; number++) {
		struct slice line = slice_head(text, slice_find(text, '\n'));
		struct slice rest = line;
		struct slice user = word_take(&rest), backend = word_take(&rest);
		if (user.len && user.data[0] != '#' && !fn(owner, number, backend))
			return false;
		text = slice_skip(text, line.len < text.len ? line.len + 1 : line.len);
	}
	return true;
}
