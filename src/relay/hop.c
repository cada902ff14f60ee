#include "relay/hop_inside.h"

#include "base/err.h"
#include "io/address.h"
#include "relay/hop_wait.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_gone(struct io_later *later)
{
	relay_hop_free((struct relay_hop *)((char *)later - offsetof(struct relay_hop, gone)));
}

static void deadline(struct relay_hop *h, uint32_t ms)
{
	io_deadline_arm(h->loop, &h->late, ms);
}

static void deadline_update(struct relay_hop *h)
{
	uint32_t ms = relay_hop_wait_ms(&h->smtp, h->waited_ms);
	if (ms)
		deadline(h, ms);
	else
		io_deadline_disarm(&h->late);
}

static void on_late(struct io_deadline *d)
{
	struct relay_hop *h = (struct relay_hop *)((char *)d - offsetof(struct relay_hop, late));
	char why[96];
	/* All that there was went out: it is the MTA that is slow, or another far end. */
	if (h->smtp.state == SMTP_HOP_IN_TEXT && io_stream_is_flushed(&h->stream)) {
		deadline(h, RELAY_HOP_TEXT_MS);
		return;
	}
	if (h->is_leaving) {
		io_later_add(h->loop, &h->gone);
		return;
	}
	snprintf(why, sizeof(why), "no answer in time (%s)",
	         h->stream.is_connecting ? "connect" : smtp_hop_state_name(h->smtp.state));
	if (relay_hop_is_in_handshake(h)) /* a large ClientHello may get lost on its way */
		relay_hop_fail_handshake(h, why);
	else
		relay_hop_fail(h, RELAY_HOP_LATE, "451 4.4.2", why);
}

void relay_hop_flush(struct relay_hop *h)
{
	if (relay_hop_is_over(h) && !h->is_leaving)
		return;
	if (buf_len(&h->smtp.out) && io_stream_write(&h->stream, buf_slice(&h->smtp.out)))
		relay_hop_fail_memory(h);
	buf_clear(&h->smtp.out);
	buf_release(&h->smtp.out);
	deadline_update(h);
}

/* True: feed it more. */
static bool todo_do(struct relay_hop *h, enum smtp_hop_todo todo)
{
	switch (todo) {
	case SMTP_HOP_READ:
		return true;
	case SMTP_HOP_HELLO:
		relay_hop_hello(h);
		return !relay_hop_is_over(h);
	case SMTP_HOP_START_TLS:
		relay_hop_start_tls(h);
		return false;
	case SMTP_HOP_READY:
		if (h->is_leaving)
			return true;
		h->facts.is_ready = true;
		h->owner.on_ready(h->owner.owner);
		return true;
	case SMTP_HOP_REPLY:
		if (h->is_leaving) /* nobody waits for it any more */
			return true;
		h->owner.on_reply(h->owner.owner, h->smtp.of, h->smtp.number, &h->smtp.reply);
		return true;
	case SMTP_HOP_TEXT:
		if (h->is_leaving)
			return false;
		h->owner.on_text(h->owner.owner);
		return true;
	case SMTP_HOP_FAILED:
		relay_hop_fail_smtp(h);
		return false;
	case SMTP_HOP_ENDED:
		io_later_add(h->loop, &h->gone);
		return false;
	}
	return false;
}

static void pump(struct relay_hop *h)
{
	bool is_freed = false, goes_on = true;
	h->is_freed = &is_freed;
	while (goes_on && !h->failed.is_queued) {
		enum smtp_hop_todo todo;
		size_t used = 0;
		if (smtp_hop_feed(&h->smtp, io_stream_input(&h->stream), &used, &todo)) {
			relay_hop_fail_memory(h);
			break;
		}
		/* What the reply says is used before the input that it came from. */
		io_stream_consume(&h->stream, used);
		goes_on = todo_do(h, todo) && used;
		if (is_freed)
			return;
	}
	h->is_freed = NULL;
	relay_hop_flush(h);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct relay_hop *h = stream->owner;
	if (h->failed.is_queued || h->gone.is_queued)
		return;
	switch (event) {
	case IO_STREAM_CONNECTED:
		deadline(h, RELAY_HOP_GREETING_MS);
		if (h->is_implicit)
			relay_hop_start_tls(h);
		break;
	case IO_STREAM_DATA:
		pump(h);
		break;
	case IO_STREAM_TLS_UP:
		relay_hop_tls_up(h);
		break;
	case IO_STREAM_TLS_FAILED:
		relay_hop_fail_handshake(h, tls_session_error(stream->tls));
		break;
	case IO_STREAM_ROOM:
		if (!h->is_leaving)
			h->owner.on_room(h->owner.owner);
		break;
	case IO_STREAM_EOF:
		if (relay_hop_is_in_handshake(h))
			relay_hop_fail_handshake(h, "it closed in the handshake");
		else
			relay_hop_fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.2",
			               "it closed the connection");
		break;
	case IO_STREAM_ERROR:
		if (relay_hop_is_in_handshake(h))
			relay_hop_fail_handshake(h, strerror(stream->error));
		else
			relay_hop_fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.1",
			               strerror(stream->error));
		break;
	}
}

static const struct sockaddr *source_of(const struct relay_sources *sources, sa_family_t family)
{
	if (family == AF_INET6)
		return sources->v6.sin6_family ? (const struct sockaddr *)&sources->v6 : NULL;
	return sources->v4.sin_family ? (const struct sockaddr *)&sources->v4 : NULL;
}

static int expectations_take(struct relay_hop *h, const struct relay_hop_settings *set)
{
	const struct relay_host *host = set->target->host;
	snprintf(h->facts.domain, sizeof(h->facts.domain), "%s", set->domain);
	snprintf(h->facts.host, sizeof(h->facts.host), "%s", host->name);
	snprintf(h->facts.address, sizeof(h->facts.address), "%s", set->target->address);
	snprintf(h->base, sizeof(h->base), "%s", host->base);
	h->facts.level = host->decision.level;
	h->facts.memory = host->memory;
	h->rules = set->rules;
	h->decision = host->decision;
	h->decision.why = ""; /* the plan's */
	h->mx_is_secure = set->mx_is_secure;
	snprintf(h->expanded, sizeof(h->expanded), "%s", set->expanded);
	h->is_told = set->is_told;
	h->skips_tls = set->skips_tls;
	h->facts.is_small = set->is_small;
	h->is_implicit = set->is_implicit;
	snprintf(h->pkix_name, sizeof(h->pkix_name), "%s", host->pkix_name);
	if (!host->record_count)
		return 0;
	h->records = calloc(host->record_count, sizeof(*h->records));
	if (!h->records)
		return err_raise(-ENOMEM);
	memcpy(h->records, host->records, host->record_count * sizeof(*h->records));
	h->record_count = host->record_count;
	return 0;
}

static void place_return(struct policy_asker *asker, struct policy_place *place)
{
	asker->place_give(asker, place);
	free(place);
}

int relay_hop_new(struct relay_hop **ret_hop, const struct relay_hop_settings *set,
                  const struct relay_hop_owner *owner)
{
	struct sockaddr_storage sa;
	struct relay_hop *h = calloc(1, sizeof(*h));
	if (!h) {
		place_return(set->asker, set->place);
		return err_raise(-ENOMEM);
	}
	h->loop = set->loop;
	h->asker = set->asker;
	h->place = set->place;
	h->owner = *owner;
	h->late.fn = on_late;
	h->failed.fn = relay_hop_end;
	h->gone.fn = on_gone;
	h->stream = (struct io_stream){ .fd = -1, .owner = h, .on_event = on_event };
	h->tls = tls_hops_ref(set->tls);
	h->facts.began_ms = io_loop_now_ms(h->loop);
	snprintf(h->hostname, sizeof(h->hostname), "%s", set->hostname);
	smtp_hop_init(&h->smtp, h->hostname);
	int r = expectations_take(h, set);
	if (r) {
		relay_hop_free(h);
		return err_up(r);
	}
	*ret_hop = h;
	socklen_t len = io_address_take(set->target->address, set->port, &sa);
	const struct io_way way = {
		.from = source_of(set->sources, sa.ss_family),
		.to = (struct sockaddr *)&sa,
		.len = len,
	};
	r = io_stream_connect(&h->stream, h->loop, &way);
	if (r)
		relay_hop_fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.1", strerror(-r));
	else
		deadline(h, RELAY_HOP_CONNECT_MS);
	return 0;
}

void relay_hop_free(struct relay_hop *h)
{
	if (!h)
		return;
	if (h->is_freed)
		*h->is_freed = true;
	io_deadline_disarm(&h->late);
	io_later_remove(h->loop, &h->failed);
	io_later_remove(h->loop, &h->gone);
	io_stream_deinit(&h->stream);
	smtp_hop_deinit(&h->smtp);
	tls_hops_unref(h->tls);
	place_return(h->asker, h->place);
	buf_deinit(&h->line);
	free(h->records);
	free(h);
}

void relay_hop_leave(struct relay_hop *h)
{
	if (h->failed.is_queued || smtp_hop_quit(&h->smtp) || h->smtp.state != SMTP_HOP_QUITTING) {
		h->is_leaving = true;
		io_later_add(h->loop, &h->gone);
		return;
	}
	h->is_leaving = true;
	relay_hop_flush(h);
}

void relay_hop_give(struct relay_hop *h, const struct relay_hop_owner *owner)
{
	h->owner = *owner;
}

struct smtp_hop *relay_hop_smtp(struct relay_hop *h)
{
	return &h->smtp;
}

void relay_hop_text(struct relay_hop *h, struct slice text)
{
	if (relay_hop_is_over(h))
		return;
	deadline(h, RELAY_HOP_TEXT_MS);
	if (io_stream_write(&h->stream, text))
		relay_hop_fail_memory(h);
}

bool relay_hop_is_full(struct relay_hop *h)
{
	if (relay_hop_is_over(h) || !io_stream_is_full(&h->stream))
		return false;
	io_stream_want_room(&h->stream);
	return true;
}

void relay_hop_text_end(struct relay_hop *h, uint32_t waited_ms)
{
	h->waited_ms = waited_ms < RELAY_HOP_END_MS ? waited_ms : RELAY_HOP_END_MS - 1;
	smtp_hop_text_is_sent(&h->smtp);
	relay_hop_flush(h);
}

const char *relay_hop_operator(const struct relay_hop *h)
{
	return h->place->mx_operator;
}

bool relay_hop_is_idle(const struct relay_hop *h)
{
	return !relay_hop_is_over(h) && h->smtp.state == SMTP_HOP_IDLE;
}

const struct relay_hop_facts *relay_hop_facts(struct relay_hop *h)
{
	h->facts.bytes_in = h->stream.bytes_in;
	h->facts.bytes_out = h->stream.bytes_out;
	h->facts.report = h->report;
	return &h->facts;
}

void relay_hop_local(const struct relay_hop *h, char *ret_text)
{
	struct sockaddr_storage sa = {};
	socklen_t len = sizeof(sa);
	const void *address = &((struct sockaddr_in *)&sa)->sin_addr;
	if (h->stream.fd >= 0)
		(void)!getsockname(h->stream.fd, (struct sockaddr *)&sa, &len);
	if (sa.ss_family == AF_INET6)
		address = &((struct sockaddr_in6 *)&sa)->sin6_addr;
	if (!inet_ntop(sa.ss_family, address, ret_text, DNS_ADDRESS_CAP))
		ret_text[0] = '\0';
}

void relay_hop_note_message(struct relay_hop *h, const struct smtp_reply *reply)
{
	h->facts.messages++;
	smtp_reply_queue_id_note(reply, h->facts.queue_ids, sizeof(h->facts.queue_ids));
}
