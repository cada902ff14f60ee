#include "smtp/data.h"

#include "base/err.h"

#include <errno.h>
#include <string.h>

/* What a vector register of every machine that Debian runs on holds. */
typedef uint8_t block __attribute__((vector_size(16)));

/* So many bytes are looked at together. */
enum { PIECE = 64 };

static int put(struct smtp_data *d, struct buf *out, const char *text)
{
	return d->is_muted ? 0 : err_up(buf_add_str(out, text));
}

static void note_bare(struct smtp_data *d)
{
	d->bare++;
	if (d->rejects)
		d->is_rejected = d->is_muted = true;
}

/* Whether c needs thought, or what is in front of it: a CR or LF by itself, NUL, a dot that begins
 * a line. */
static bool is_odd(uint8_t before, uint8_t c)
{
	return (c == '\n') != (before == '\r') || !c || (c == '.' && before == '\n');
}

static block load(const uint8_t *at)
{
	block bytes;
	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

/* Whether any of the piece is_odd; the byte in front of it is read too. */
static bool piece_is_odd(const uint8_t *piece)
{
	block odd = {};
#pragma GCC unroll 4
	for (size_t i = 0; i < PIECE; i += sizeof(block)) {
		block before = load(piece + i - 1), c = load(piece + i);
		odd |= (block)((c == '\n') ^ (before == '\r')) | (block)(c == 0) |
		       (block)((c == '.') & (before == '\n'));
	}
	uint64_t halves[2];
	memcpy(halves, &odd, sizeof(halves));
	return halves[0] | halves[1];
}

/*
 * How many bytes from inside a line on can go out as they are. Ends before a byte that needs
 * thought; *ret_at_line: what it ends with is a CRLF.
 */
static size_t clean_run(struct slice input, bool *ret_at_line)
{
	size_t at = 1;
	*ret_at_line = false;
	if (is_odd('x', input.data[0]))
		return 0;
	while (input.len - at >= PIECE && !piece_is_odd(input.data + at))
		at += PIECE;
	while (at < input.len && !is_odd(input.data[at - 1], input.data[at]))
		at++;
	if (input.data[at - 1] == '\r')
		return at - 1;
	*ret_at_line = input.data[at - 1] == '\n';
	return at;
}

/* A bare CR, LF or NUL came, text stands for it and what was held back. */
static int step_bare(struct smtp_data *d, struct buf *out, const char *text,
                     enum smtp_data_state next)
{
	note_bare(d);
	d->state = next;
	return put(d, out, text);
}

static int step_in_line(struct smtp_data *d, uint8_t c, struct buf *out)
{
	if (c == '\r') {
		d->state = SMTP_DATA_IN_CR;
		return 0;
	}
	if (c == '\n')
		return step_bare(d, out, "\r\n", SMTP_DATA_AT_BARE);
	return step_bare(d, out, " ", SMTP_DATA_IN_LINE);
}

/*
 * One byte at a place that matters. *ret_took is false if the state changed and the byte is to be
 * looked at again. SMTP_DATA_END behind the end.
 */
static int step(struct smtp_data *d, uint8_t c, struct buf *out, bool *ret_took)
{
	*ret_took = true;
	switch (d->state) {
	case SMTP_DATA_AT_LINE:
		*ret_took = c == '.';
		d->state = c == '.' ? SMTP_DATA_AT_DOT : SMTP_DATA_IN_LINE;
		return 0;
	case SMTP_DATA_AT_DOT:
		if (c == '\r') {
			d->state = SMTP_DATA_AT_DOT_CR;
			return 0;
		}
		if (c == '\n')
			return step_bare(d, out, "..\r\n", SMTP_DATA_AT_BARE);
		*ret_took = false;
		d->state = SMTP_DATA_IN_LINE;
		return put(d, out, ".");
	case SMTP_DATA_AT_DOT_CR:
		if (c == '\n') {
			int r = put(d, out, ".\r\n");
			return r ? r : SMTP_DATA_END;
		}
		*ret_took = false;
		return step_bare(d, out, ". ", SMTP_DATA_IN_LINE);
	case SMTP_DATA_AT_BARE:
		*ret_took = c == '.';
		d->state = SMTP_DATA_IN_LINE;
		return c == '.' ? put(d, out, "..") : 0;
	case SMTP_DATA_IN_LINE:
		return step_in_line(d, c, out);
	case SMTP_DATA_IN_CR:
		if (c == '\n') {
			d->state = SMTP_DATA_AT_LINE;
			return put(d, out, "\r\n");
		}
		*ret_took = false;
		return step_bare(d, out, " ", SMTP_DATA_IN_LINE);
	}
	return err_raise(-ENOTRECOVERABLE);
}

/* The clean run at the front of *input goes out and is cut off. */
static int take_run(struct smtp_data *d, struct slice *input, struct buf *out)
{
	bool is_at_line;
	size_t run = clean_run(*input, &is_at_line);
	if (run && !d->is_muted) {
		int r = buf_add(out, slice_head(*input, run));
		if (r)
			return err_up(r);
	}
	if (is_at_line)
		d->state = SMTP_DATA_AT_LINE;
	*input = slice_skip(*input, run);
	return 0;
}

int smtp_data_take(struct smtp_data *d, struct slice input, struct buf *out, size_t *ret_used)
{
	struct slice rest = input;
	while (rest.len) {
		int r = d->state == SMTP_DATA_IN_LINE ? take_run(d, &rest, out) : 0;
		if (r)
			return err_up(r);
		if (!rest.len)
			break;
		bool took;
		r = step(d, rest.data[0], out, &took);
		if (r < 0)
			return err_up(r);
		if (took)
			rest = slice_skip(rest, 1);
		if (r == SMTP_DATA_END) {
			*ret_used = input.len - rest.len;
			return SMTP_DATA_END;
		}
	}
	*ret_used = input.len;
	return 0;
}

/* In chunks no place is special but behind a CR. */
static void forget_line_start(struct smtp_data *d)
{
	if (d->state != SMTP_DATA_IN_CR)
		d->state = SMTP_DATA_IN_LINE;
}

int smtp_data_chunk_take(struct smtp_data *d, struct slice input, struct buf *out)
{
	while (input.len) {
		forget_line_start(d);
		int r = d->state == SMTP_DATA_IN_LINE ? take_run(d, &input, out) : 0;
		if (r)
			return err_up(r);
		forget_line_start(d);
		bool took = false;
		/* A run may have ended behind a CRLF, at a dot: then this byte starts the next run.
		 */
		if (!input.len || (d->state == SMTP_DATA_IN_LINE && input.data[0] == '.'))
			continue;
		r = step(d, input.data[0], out, &took);
		if (r)
			return err_up(r);
		if (took)
			input = slice_skip(input, 1);
	}
	return 0;
}

int smtp_data_chunk_end(struct smtp_data *d, struct buf *out)
{
	if (d->state != SMTP_DATA_IN_CR)
		return 0;
	return err_up(step_bare(d, out, " ", SMTP_DATA_IN_LINE));
}
