/*
 * The text of a message, by DATA or by BDAT. What the backend gets is ours: Received, then the
 * client's text made canonical. The end goes on only if it came and nothing was wrong.
 */
#include "base/err.h"
#include "conv/line.h"
#include "smtp/parts.h"
#include "smtp/received.h"

/* PIECE_MAX: of a BDAT to the backend. TAKE_MAX: of the client's bytes at a time. */
enum { PIECE_MAX = 64 * 1024, TAKE_MAX = 32 * 1024 };

static const char say_bare[] = "550 5.6.0 Message has a bare CR, a bare LF or a NUL\r\n";
static const char say_spoilt[] = "503 5.5.1 A chunk before was refused, send RSET\r\n";

static int write_received(struct smtp_edge *e, struct buf *out)
{
	const struct conv_facts *f = &e->conv.facts;
	struct slice rest = buf_slice(&e->hello);
	struct slice verb = conv_line_word(&rest);
	const struct smtp_received how = {
		.setting = e->conv.set->received,
		.hostname = e->conv.set->hostname,
		.session_id = f->session_id,
		.now_s = f->now_s,
		.helo = rest,
		.is_ehlo = !slice_equal_nocase(verb, slice_str("HELO")),
		.is_lmtp = e->conv.set->is_lmtp,
		.is_utf8 = e->is_utf8,
		.is_logged_in = e->conv.is_logged_in,
		.client_addr = f->client_addr,
		.client_is_v6 = f->client_is_v6,
		.is_tls = f->is_tls,
		.tls_version = f->tls_version,
		.tls_cipher = f->tls_cipher,
		.tls_group = f->tls_group,
	};
	return err_up(smtp_received_write(out, &how));
}

static void text_start(struct smtp_edge *e)
{
	e->data = (struct smtp_data){
		.rejects = e->conv.set->bare_newline == CONV_BARE_REJECT,
	};
	e->conv.is_in_data = true;
}

/* How many replies the end of a text has. */
static unsigned ends_of(const struct smtp_edge *e)
{
	return e->conv.set->is_lmtp && e->rcpts ? e->rcpts : 1;
}

int smtp_message_begin(struct smtp_edge *e)
{
	text_start(e);
	e->ends_left = ends_of(e);
	smtp_edge_turn(e, SMTP_EDGE_DATA);
	return err_up(write_received(e, &e->conv.out[CONV_BACKEND]));
}

/* The dropped text is over. */
static int tell_late(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	enum conv_outcome outcome = e->late_outcome;
	int r = 0;
	for (unsigned i = 0; !r && i < e->ends_left; i++)
		r = buf_add(&e->conv.out[CONV_CLIENT], buf_slice(&e->late));
	buf_deinit(&e->late);
	e->is_late = false;
	if (r)
		return err_up(r);
	if (outcome != CONV_OUTCOME_OPEN)
		return err_up(smtp_edge_end(e, outcome, ret_todo));
	e->conv.is_in_data = false;
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	return 0;
}

int smtp_message_drop(struct smtp_edge *e, struct slice reply, enum conv_outcome outcome,
                      enum conv_todo *ret_todo)
{
	if (e->is_late)
		return 0;
	int r = buf_add(&e->late, reply);
	if (r)
		return err_up(r);
	e->is_late = true;
	e->late_outcome = outcome;
	e->data.is_muted = true;
	buf_deinit(&e->chunk);
	if (e->state == SMTP_EDGE_CHUNK && !e->chunk_left)
		return err_up(tell_late(e, ret_todo));
	return 0;
}

/* Counts what was mended; a refused text is dropped, its backend never sees an end. */
static int note_bare(struct smtp_edge *e, unsigned before, enum conv_todo *ret_todo)
{
	e->conv.bare_newlines += e->data.bare - before;
	if (!e->data.is_rejected)
		return 0;
	return err_up(smtp_message_drop(e, slice_str(say_bare), CONV_OUTCOME_SMUGGLING, ret_todo));
}

int smtp_message_text(struct smtp_edge *e, struct slice input, size_t *ret_used,
                      enum conv_todo *ret_todo)
{
	unsigned before = e->data.bare;
	int end = smtp_data_take(&e->data, input, &e->conv.out[CONV_BACKEND], ret_used);
	if (end < 0)
		return err_up(end);
	int r = note_bare(e, before, ret_todo);
	if (r || end != SMTP_DATA_END)
		return err_up(r);
	if (e->is_late)
		return err_up(tell_late(e, ret_todo));
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	e->is_held = true;
	smtp_backend_want(e, SMTP_WANT_END);
	return 0;
}

/* The backend has the message, for one recipient at least: whose number is it there? */
static void note_accepted(struct smtp_edge *e)
{
	if (e->was_accepted)
		return;
	e->was_accepted = true;
	e->conv.messages++;
	e->conv.requiretls += e->requires_tls;
	smtp_reply_queue_id_note(&e->reply, e->conv.queue_ids, sizeof(e->conv.queue_ids));
}

/* LMTP: the reply for the next recipient is awaited. */
static bool more_ends(struct smtp_edge *e, enum smtp_want want)
{
	if (--e->ends_left == 0)
		return false;
	e->is_held = true;
	smtp_backend_want(e, want);
	return true;
}

int smtp_message_end_reply(struct smtp_edge *e, enum conv_todo *)
{
	if (e->reply.code / 100 == 2)
		note_accepted(e);
	if (!more_ends(e, SMTP_WANT_END))
		smtp_edge_forget_mail(e);
	return err_up(smtp_backend_pass(e));
}

/* "BDAT 86 LAST": digits that fit, and nothing else. */
static bool bdat_parse(struct slice args, uint64_t *ret_size, bool *ret_is_last)
{
	struct slice digits = conv_line_word(&args);
	uint64_t size = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t c = digits.data[i];
		if (c < '0' || c > '9' || __builtin_mul_overflow(size, 10, &size) ||
		    __builtin_add_overflow(size, (uint64_t)(c - '0'), &size))
			return false;
	}
	*ret_size = size;
	*ret_is_last = args.len > 0;
	return digits.len && (!args.len || slice_equal_nocase(args, slice_str("LAST")));
}

/* A BDAT to the backend from the front of what is mended. */
static int send_piece(struct smtp_edge *e, size_t len, enum smtp_want want)
{
	struct buf *out = &e->conv.out[CONV_BACKEND];
	bool is_last = want == SMTP_WANT_CHUNK && e->chunk_is_last;
	int r = buf_printf(out, "BDAT %zu%s\r\n", len, is_last ? " LAST" : "");
	if (!r)
		r = buf_add(out, slice_head(buf_slice(&e->chunk), len));
	if (r)
		return err_up(r);
	buf_consume(&e->chunk, len);
	smtp_backend_want(e, want);
	return 0;
}

/* The next piece, once the reply to the one before came: one at a time bounds what we keep. */
static int pump(struct smtp_edge *e)
{
	size_t len = buf_len(&e->chunk);
	if (e->wants.count || e->is_late)
		return 0;
	if (len > PIECE_MAX || (len == PIECE_MAX && e->chunk_left))
		return err_up(send_piece(e, PIECE_MAX, SMTP_WANT_PIECE));
	if (e->chunk_left)
		return 0;
	return err_up(send_piece(e, len, SMTP_WANT_CHUNK));
}

/* Every byte of the client's chunk came. */
static int chunk_end(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	unsigned before = e->data.bare;
	int r = 0;
	if (e->chunk_is_last && !e->is_binary)
		r = smtp_data_chunk_end(&e->data, &e->chunk);
	if (!r)
		r = note_bare(e, before, ret_todo);
	if (r || e->state != SMTP_EDGE_CHUNK)
		return err_up(r);
	return e->is_late ? err_up(tell_late(e, ret_todo)) : err_up(pump(e));
}

static int first_chunk(struct smtp_edge *e)
{
	text_start(e);
	e->has_chunk = true;
	return err_up(write_received(e, &e->chunk));
}

/* What follows a BDAT we refuse are not commands: the session has to end. */
static int bdat_refuse(struct smtp_edge *e, const char *line, enum conv_todo *ret_todo)
{
	return err_up(smtp_edge_quit(e, CONV_OUTCOME_BAD_SYNTAX, line, ret_todo));
}

int smtp_message_bdat(struct smtp_edge *e, const struct smtp_command *c, enum conv_todo *ret_todo)
{
	uint64_t size;
	bool is_last;
	if (e->backend != SMTP_BACKEND_READY)
		return bdat_refuse(e, "503 5.5.1 MAIL comes before BDAT", ret_todo);
	if (!smtp_backend_offers(e, "CHUNKING"))
		return bdat_refuse(e, "502 5.5.1 BDAT is not available", ret_todo);
	if (!bdat_parse(c->args, &size, &is_last))
		return bdat_refuse(e, "521 5.5.4 Syntax: BDAT count [LAST]", ret_todo);
	smtp_edge_turn(e, SMTP_EDGE_CHUNK);
	e->chunk_left = size;
	e->chunk_is_last = is_last;
	e->ends_left = is_last ? ends_of(e) : 1;
	int r = 0;
	if (e->is_spoilt)
		r = smtp_message_drop(e, slice_str(say_spoilt), CONV_OUTCOME_OPEN, ret_todo);
	else if (!e->has_chunk)
		r = first_chunk(e);
	if (r || size || e->state != SMTP_EDGE_CHUNK)
		return err_up(r);
	return err_up(chunk_end(e, ret_todo));
}

int smtp_message_chunk(struct smtp_edge *e, struct slice input, size_t *ret_used,
                       enum conv_todo *ret_todo)
{
	struct slice part = slice_head(input, TAKE_MAX);
	unsigned before = e->data.bare;
	int r = 0;
	if (part.len > e->chunk_left)
		part.len = (size_t)e->chunk_left;
	if (!part.len || (!e->is_late && buf_len(&e->chunk) >= PIECE_MAX && e->wants.count))
		return 0;
	if (e->is_binary && !e->is_late)
		r = buf_add(&e->chunk, part);
	else if (!e->is_late)
		r = smtp_data_chunk_take(&e->data, part, &e->chunk);
	if (r)
		return err_up(r);
	*ret_used = part.len;
	e->chunk_left -= part.len;
	r = note_bare(e, before, ret_todo);
	if (r || e->state != SMTP_EDGE_CHUNK)
		return err_up(r);
	return e->chunk_left ? err_up(pump(e)) : err_up(chunk_end(e, ret_todo));
}

/* A piece was taken, or the rest of the client's chunk is dropped and this is its one reply. */
int smtp_message_piece_reply(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	unsigned class = e->reply.code / 100;
	if (class == 2)
		return err_up(pump(e));
	e->is_spoilt = true;
	enum conv_outcome outcome =
		e->reply.code == 421 ? CONV_OUTCOME_BACKEND_REFUSED : CONV_OUTCOME_OPEN;
	return err_up(smtp_message_drop(e, buf_slice(&e->reply.text), outcome, ret_todo));
}

int smtp_message_chunk_reply(struct smtp_edge *e, enum conv_todo *ret_todo)
{
	bool is_ok = e->reply.code / 100 == 2;
	if (e->is_late)
		return 0;
	int r = smtp_backend_pass(e);
	if (is_ok && e->chunk_is_last)
		note_accepted(e);
	if (r || more_ends(e, SMTP_WANT_CHUNK))
		return err_up(r);
	smtp_edge_turn(e, SMTP_EDGE_COMMAND);
	if (e->reply.code == 421)
		return err_up(smtp_edge_end(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	if (e->chunk_is_last)
		smtp_edge_forget_mail(e);
	else if (!is_ok)
		e->is_spoilt = true;
	if (!is_ok)
		e->conv.is_in_data = false;
	return 0;
}
