/*
 * A session by a schedule of operations, one byte each (enum op). SAYS and RCPT are followed by a
 * length byte and that many bytes, MAIL by a byte of flags and then those. All that the server said
 * is fed at once behind each.
 */
#include "smtp/hop.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op { SAYS, MAIL, RCPT, DATA, RSET, SENT, STARTTLS, TLS_UP, PLAIN, QUIT, OP_COUNT };

/* What was seen of a session from outside. */
struct watch {
	struct smtp_hop hop;
	struct buf in;
	bool may_mail; /* hello is done for good */
	unsigned queued, answered;
};

static bool is_transaction(struct slice line)
{
	return slice_starts_nocase(line, "MAIL") || slice_starts_nocase(line, "RCPT") ||
	       slice_starts_nocase(line, "DATA") || slice_starts_nocase(line, "RSET");
}

/* Whole lines, and no command in another's place. */
static void collect(struct watch *w)
{
	struct slice rest = buf_slice(&w->hop.out);
	while (rest.len) {
		size_t len = slice_find(rest, '\n') + 1;
		assert(len <= rest.len && len >= 6 && len <= SMTP_HOP_LINE_MAX);
		assert(rest.data[len - 2] == '\r');
		for (size_t i = 0; i < len - 2; i++)
			assert(rest.data[i] >= 0x20 && rest.data[i] != 0x7f);
		assert(w->may_mail || !is_transaction(rest));
		rest = slice_skip(rest, len);
	}
	buf_clear(&w->hop.out);
}

static void check_ring(const struct smtp_hop *hop)
{
	struct slice params;
	size_t len = 0;
	assert(hop->sent <= hop->count && hop->count <= SMTP_HOP_QUEUE_MAX);
	assert(hop->sent <= 1 || smtp_hop_offers(hop, "PIPELINING", &params));
	for (unsigned i = 0; i < hop->count; i++) {
		const struct smtp_hop_pending *p =
			&hop->pending[(hop->first + i) % SMTP_HOP_QUEUE_MAX];
		bool ends_group = p->command == SMTP_HOP_DATA || p->command == SMTP_HOP_END;
		assert(!ends_group || i + 1 >= hop->sent);
		len += i < hop->sent ? 0 : p->len;
	}
	assert(len == buf_len(&hop->queue));
}

static void check_todo(struct watch *w, enum smtp_hop_todo todo)
{
	const struct smtp_hop *hop = &w->hop;
	switch (todo) {
	case SMTP_HOP_READ:
		break;
	case SMTP_HOP_HELLO:
		assert(hop->state == SMTP_HOP_CLEAR && !hop->is_tls);
		break;
	case SMTP_HOP_START_TLS:
		assert(hop->state == SMTP_HOP_IN_TLS && !buf_len(&w->in));
		break;
	case SMTP_HOP_READY:
		assert(hop->state == SMTP_HOP_IDLE && hop->is_tls);
		w->may_mail = true;
		break;
	case SMTP_HOP_REPLY:
		assert(hop->state == SMTP_HOP_IDLE || hop->state == SMTP_HOP_BUSY ||
		       (hop->state == SMTP_HOP_OVER && hop->of == SMTP_HOP_END &&
		        hop->reply.code >= 400));
		assert(hop->number == w->answered++ && hop->reply.code);
		assert(hop->of != SMTP_HOP_DATA || hop->reply.code >= 400);
		break;
	case SMTP_HOP_TEXT:
		assert(hop->state == SMTP_HOP_IN_TEXT && hop->number == w->answered);
		break;
	case SMTP_HOP_FAILED:
		assert(hop->state == (hop->failure == SMTP_HOP_STARTTLS_REFUSED ? SMTP_HOP_CLEAR
		                                                                : SMTP_HOP_OVER));
		assert((hop->failure == SMTP_HOP_BROKEN || hop->failure == SMTP_HOP_INJECTED) ==
		       !hop->reply.code);
		break;
	case SMTP_HOP_ENDED:
		assert(hop->state == SMTP_HOP_OVER);
		break;
	}
}

static void pump(struct watch *w)
{
	size_t used = 1;
	while (used && buf_len(&w->in)) {
		struct slice all = buf_slice(&w->in);
		bool was_over = w->hop.state == SMTP_HOP_OVER;
		enum smtp_hop_todo todo;
		uint8_t *copy = malloc(all.len);
		assert(copy);
		memcpy(copy, all.data, all.len);
		int r = smtp_hop_feed(&w->hop, slice_of(copy, all.len), &used, &todo);
		free(copy);
		assert(r == 0 && used <= all.len);
		assert(!was_over || (todo == SMTP_HOP_READ && used == all.len));
		buf_consume(&w->in, used);
		check_todo(w, todo);
		check_ring(&w->hop);
		collect(w);
	}
}

static struct slice cut(struct slice *schedule, size_t len)
{
	struct slice head = slice_head(*schedule, len);
	*schedule = slice_skip(*schedule, len);
	return head;
}

static struct slice cut_text(struct slice *schedule)
{
	struct slice len = cut(schedule, 1);
	return cut(schedule, len.len ? len.data[0] : 0);
}

static int mail(struct watch *w, struct slice *schedule)
{
	struct slice flags = cut(schedule, 1);
	uint8_t bits = flags.len ? flags.data[0] : 0;
	const struct smtp_hop_mail m = {
		.path = cut_text(schedule),
		.is_8bit = bits & 1,
		.is_utf8 = bits & 2,
		.requires_tls = bits & 4,
		.size = (uint64_t)bits >> 3,
	};
	return smtp_hop_mail(&w->hop, &m, w->queued);
}

/* What the call was answered; 0 from those that cannot be refused. */
static int call(struct watch *w, enum op op, struct slice *schedule)
{
	switch (op) {
	case MAIL:
		return mail(w, schedule);
	case RCPT:
		return smtp_hop_rcpt(&w->hop, cut_text(schedule), w->queued);
	case DATA:
		return smtp_hop_data(&w->hop, w->queued);
	case RSET:
		return smtp_hop_rset(&w->hop, w->queued);
	case STARTTLS:
		return smtp_hop_starttls(&w->hop);
	case TLS_UP:
		return smtp_hop_tls_up(&w->hop);
	case QUIT:
		return smtp_hop_quit(&w->hop);
	case SENT:
		smtp_hop_text_is_sent(&w->hop);
		return 0;
	case PLAIN:
		w->may_mail |= w->hop.state == SMTP_HOP_CLEAR;
		smtp_hop_go_plain(&w->hop);
		return 0;
	case SAYS:
		return buf_add(&w->in, cut_text(schedule));
	case OP_COUNT:
		break;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice schedule = slice_of(data, size);
	struct watch w = {};
	smtp_hop_init(&w.hop, "relay.example");
	while (schedule.len) {
		enum op op = cut(&schedule, 1).data[0] % OP_COUNT;
		bool was_over = w.hop.state == SMTP_HOP_OVER;
		int r = call(&w, op, &schedule);
		assert(r >= 0);
		if (op == MAIL || op == RCPT || op == DATA || op == RSET)
			w.queued += r == 0;
		else
			assert(r == 0);
		assert(!was_over || !buf_len(&w.hop.out));
		check_ring(&w.hop);
		collect(&w);
		pump(&w);
	}
	smtp_hop_deinit(&w.hop);
	buf_deinit(&w.in);
	return 0;
}
