#include "load/messages.h"

enum { MESSAGE = 25 << 20, RECORD = 16384, LINE = 76, LINE_WHOLE = LINE + 2 };
_Static_assert(MESSAGE == 26214400); /* as the letters say */

enum phase { PHASE_ASK, PHASE_GO, PHASE_HEAD, PHASE_BODY, PHASE_END, PHASE_ANSWER, PHASE_COUNT };

/* What is said before a message and behind it, and how the answers begin; NULL: there is none. */
struct letter {
	const char *ask, *go, *head, *end, *answer;
};

static const struct letter append = { .ask = "m APPEND INBOX {26214400+}\r\n",
	                              .end = "\r\n",
	                              .answer = "m OK" };
static const struct letter data = {
	.ask = "MAIL FROM:<a@c.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n",
	.go = "354",
	.end = ".\r\n",
	.answer = "250",
};
static const struct letter fetch = { .ask = "m FETCH 1 BODY[]<0.26214400>\r\n",
	                             .head = "* 1 FETCH",
	                             .answer = "m OK" };

static const struct letter *letter_of(const struct options *o)
{
	if (!o->is_up)
		return &fetch;
	return o->protocol == PROTOCOL_SMTP ? &data : &append;
}

/* Of base64's length; the body begins anew anywhere in the buffer's first line. */
void messages_init(struct load *l)
{
	for (int i = 0; i < LOAD_BUFFER; i++) {
		int at = i % LINE_WHOLE;
		l->buffer[i] = at < LINE ? 'x' : at == LINE ? '\r' : '\n';
	}
}

/* The next piece of the body, in ret_len: its last two bytes end a line, wherever that is. */
static const char *piece(const struct connection *c, size_t *ret_len)
{
	size_t left = MESSAGE - c->moved;
	const char *from = c->load->buffer + c->moved % LINE_WHOLE;
	*ret_len = left < RECORD ? left : RECORD;
	if (left > RECORD)
		return from;
	if (left <= 2)
		return &"\r\n"[2 - left];
	*ret_len = left - 2;
	return from;
}

static enum progress body_move(struct connection *c)
{
	struct load *l = c->load;
	while (c->moved < MESSAGE) {
		size_t len = MESSAGE - c->moved < LOAD_BUFFER ? MESSAGE - c->moved : LOAD_BUFFER;
		const char *from = l->options->is_up ? piece(c, &len) : NULL;
		int n = from ? connection_put(c, from, len) : connection_get(c, l->buffer, len);
		if (n == CONNECTION_BLOCKED)
			return PROGRESS_WAIT;
		if (n <= 0)
			return connection_failed(c, "body");
		c->moved += (size_t)n;
		l->counts.bytes += (uint64_t)n;
	}
	return PROGRESS_DONE;
}

static enum progress phase_do(struct connection *c, const struct letter *t)
{
	switch ((enum phase)c->phase) {
	case PHASE_ASK:
		c->moved = 0;
		return c->load->stage == LOAD_MEASURING ? connection_say(c, t->ask) : PROGRESS_WAIT;
	case PHASE_GO:
		return t->go ? connection_hear(c, t->go) : PROGRESS_DONE;
	case PHASE_HEAD:
		return t->head ? connection_hear(c, t->head) : PROGRESS_DONE;
	case PHASE_BODY:
		return body_move(c);
	case PHASE_END:
		return t->end ? connection_say(c, t->end) : PROGRESS_DONE;
	case PHASE_ANSWER:
		return connection_hear(c, t->answer);
	case PHASE_COUNT:
		break;
	}
	return PROGRESS_FAILED;
}

enum progress messages_go_on(struct connection *c)
{
	const struct letter *t = letter_of(c->load->options);
	do {
		enum progress p = phase_do(c, t);
		if (p != PROGRESS_DONE)
			return p;
		if (++c->phase < PHASE_COUNT)
			continue;
		c->phase = PHASE_ASK;
		c->left -= c->left < MESSAGE ? c->left : MESSAGE;
	} while (c->left);
	return PROGRESS_DONE;
}
