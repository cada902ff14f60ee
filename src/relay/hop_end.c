/* How a hop ends, and what the MTA is told of it. */
#include "relay/hop_inside.h"

#include "base/clean.h"
#include "relay/words.h"

#include <stdio.h>

static const char *const end_names[] = {
	[RELAY_HOP_UNREACHABLE] = "unreachable", [RELAY_HOP_LATE] = "timeout",
	[RELAY_HOP_UNWELL] = "refused",          [RELAY_HOP_NO_TLS] = "no-tls",
	[RELAY_HOP_BAD_TLS] = "tls-failed",      [RELAY_HOP_UNPROVEN] = "unproven",
	[RELAY_HOP_BROKEN] = "broken",
};
_Static_assert(COUNT_OF(end_names) == RELAY_HOP_END_COUNT, "an end without a name");

const char *relay_hop_end_name(enum relay_hop_end end)
{
	return end_names[end];
}

void relay_hop_fail(struct relay_hop *h, enum relay_hop_end end, const char *code, const char *why)
{
	if (h->failed.is_queued)
		return;
	h->end = end;
	snprintf(h->why, sizeof(h->why), "%s", why);
	if (!buf_len(&h->line) &&
	    relay_words_own(&h->line, code, h->facts.host, h->facts.address, h->why))
		buf_clear(&h->line);
	io_deadline_disarm(&h->late);
	io_stream_pause(&h->stream);
	io_later_add(h->loop, &h->failed);
}

/* With the far end's own words. */
static void fail_said(struct relay_hop *h, enum relay_hop_end end, const char *code)
{
	char said[200] = "no reply";
	struct slice rest = buf_slice(&h->smtp.reply.text), text;
	if (smtp_reply_next(&rest, &text))
		slice_to_text(text, said, sizeof(said));
	/* That a host does not want us now is no reason to return mail: another may. */
	if (h->smtp.reply.code / 100 == 4 &&
	    relay_words_pass(&h->line, &h->smtp.reply, h->facts.host, h->facts.address))
		buf_clear(&h->line);
	relay_hop_fail(h, end, code, said);
}

void relay_hop_end(struct io_later *later)
{
	struct relay_hop *h =
		(struct relay_hop *)((char *)later - offsetof(struct relay_hop, failed));
	if (h->is_leaving) {
		relay_hop_free(h);
		return;
	}
	static const char memory[] = "451 4.3.0 out of memory\r\n";
	struct slice line = buf_slice(&h->line);
	const struct relay_hop_failure f = { .end = h->end,
		                             .report = h->report,
		                             .line = line.len ? line : slice_str(memory),
		                             .why = h->why };
	h->owner.on_failed(h->owner.owner, &f);
}

void relay_hop_fail_handshake(struct relay_hop *h, const char *why)
{
	h->report = POLICY_REPORT_VALIDATION_FAILURE;
	relay_hop_fail(h, RELAY_HOP_BAD_TLS, "451 4.7.5", why);
}

void relay_hop_fail_memory(struct relay_hop *h)
{
	relay_hop_fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
}

void relay_hop_fail_smtp(struct relay_hop *h)
{
	switch (h->smtp.failure) {
	case SMTP_HOP_GREETED_BADLY:
	case SMTP_HOP_HELLO_REFUSED:
	case SMTP_HOP_SHUT_DOWN:
		fail_said(h, RELAY_HOP_UNWELL, "451 4.4.0");
		break;
	case SMTP_HOP_STARTTLS_REFUSED:
		h->report = POLICY_REPORT_STARTTLS_NOT_SUPPORTED;
		fail_said(h, RELAY_HOP_BAD_TLS, "451 4.7.4");
		break;
	case SMTP_HOP_INJECTED:
	case SMTP_HOP_BROKEN:
	case SMTP_HOP_NO_FAILURE:
	case SMTP_HOP_FAILURE_COUNT:
		relay_hop_fail(h, RELAY_HOP_BROKEN, "451 4.5.0",
		               smtp_hop_failure_name(h->smtp.failure));
		break;
	}
}
