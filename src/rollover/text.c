/* A rollover as a file: a line a field, all of them, in this order. Anything else is no such file.
 */
#include "rollover/rollover.h"

#include "base/clean.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static const char head[] = "mailseal rollover 1";

enum { NUMBER_CAP = 24 };

struct number {
	const char *name;
	int64_t value;
	int64_t max;
};

enum { PLANNED, SEEN, SWITCHED, LOOKED, WATCHED, TTL, NUMBER_COUNT };

static void numbers_of(const struct rollover *r, struct number ret_numbers[NUMBER_COUNT])
{
	const struct number numbers[] = {
		[PLANNED] = { "planned", r->planned_s, INT64_MAX },
		[SEEN] = { "seen", r->seen_s, INT64_MAX },
		[SWITCHED] = { "switched", r->switched_s, INT64_MAX },
		[LOOKED] = { "looked", r->looked_s, INT64_MAX },
		[WATCHED] = { "watched", r->watched_s, INT64_MAX / 2 },
		[TTL] = { "ttl", r->ttl_s, ROLLOVER_TTL_MAX_S },
	};
	_Static_assert(COUNT_OF(numbers) == NUMBER_COUNT);
	memcpy(ret_numbers, numbers, sizeof(numbers));
}

static int digest_write(struct buf *text, const char *name, const uint8_t *digest)
{
	int r = buf_printf(text, "%s ", name);
	for (size_t i = 0; !r && i < ROLLOVER_DIGEST_LEN; i++)
		r = buf_printf(text, "%02x", digest[i]);
	return r ? r : buf_add_str(text, "\n");
}

int rollover_write(struct buf *ret_text, const struct rollover *r)
{
	struct number numbers[NUMBER_COUNT];
	numbers_of(r, numbers);
	int e = buf_printf(ret_text, "%s\nstate %s\n", head, rollover_state_name(r->state));
	if (!e)
		e = digest_write(ret_text, "current", r->current);
	if (!e)
		e = digest_write(ret_text, "next", r->next);
	for (size_t i = 0; !e && i < NUMBER_COUNT; i++)
		e = buf_printf(ret_text, "%s %lld\n", numbers[i].name, (long long)numbers[i].value);
	return e ? err_up(e) : 0;
}

/* The next line's value, if its name is this one. */
static bool value_take(struct slice *text, const char *name, struct slice *ret_value)
{
	struct slice line;
	size_t len = strlen(name);
	if (!slice_line_next(text, &line) || line.len < len + 2 ||
	    memcmp(line.data, name, len) != 0 || line.data[len] != ' ')
		return false;
	*ret_value = slice_skip(line, len + 1);
	return true;
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool digest_take(struct slice *text, const char *name, uint8_t *ret_digest)
{
	struct slice hex;
	if (!value_take(text, name, &hex) || hex.len != 2 * ROLLOVER_DIGEST_LEN)
		return false;
	for (size_t i = 0; i < ROLLOVER_DIGEST_LEN; i++) {
		int high = nibble(hex.data[2 * i]), low = nibble(hex.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool state_take(struct slice *text, enum rollover_state *ret_state)
{
	struct slice word;
	if (!value_take(text, "state", &word))
		return false;
	for (enum rollover_state s = 0; s < ROLLOVER_STATE_COUNT; s++) {
		*ret_state = s;
		if (slice_equal(word, slice_str(rollover_state_name(s))))
			return true;
	}
	return false;
}

/* Digits alone: a sign, a space or a number that is too large is no number of ours. */
static bool number_take(struct slice *text, struct number *number)
{
	struct slice digits;
	if (!value_take(text, number->name, &digits) || digits.len >= NUMBER_CAP)
		return false;
	int64_t value = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9' ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digits.data[i] - '0', &value))
			return false;
	}
	number->value = value;
	return value <= number->max;
}

int rollover_read(struct rollover *ret_r, struct slice text)
{
	struct rollover r = {};
	struct number numbers[NUMBER_COUNT];
	struct slice line;
	if (!text.len || text.len > ROLLOVER_TEXT_MAX || text.data[text.len - 1] != '\n' ||
	    !slice_line_next(&text, &line) || !slice_equal(line, slice_str(head)) ||
	    !state_take(&text, &r.state) || !digest_take(&text, "current", r.current) ||
	    !digest_take(&text, "next", r.next))
		return ROLLOVER_BAD;
	numbers_of(&r, numbers);
	for (size_t i = 0; i < NUMBER_COUNT; i++)
		if (!number_take(&text, &numbers[i]))
			return ROLLOVER_BAD;
	if (text.len)
		return ROLLOVER_BAD;
	r.planned_s = numbers[PLANNED].value;
	r.seen_s = numbers[SEEN].value;
	r.switched_s = numbers[SWITCHED].value;
	r.looked_s = numbers[LOOKED].value;
	r.watched_s = numbers[WATCHED].value;
	r.ttl_s = (uint32_t)numbers[TTL].value;
	*ret_r = r;
	return 0;
}
