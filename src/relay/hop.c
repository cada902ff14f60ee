#include "relay/hop.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "io/address.h"
#include "io/stream.h"
#include "policy/ask.h"
#include "relay/words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	SECOND = 1000,
	CONNECT_MS = 30 * SECOND,
	GREETING_MS = 60 * SECOND, /* RFC 5321 4.5.3.2 has 5 minutes: RCPT must be answered in 4 */
	COMMAND_MS = 300 * SECOND,
	DATA_MS = 100 * SECOND, /* less than an MTA waits for 354, and for room */
	TEXT_MS = 150 * SECOND,
	END_MS = 570 * SECOND, /* less than the MTA waits */
	QUIT_MS = 5 * SECOND,
	HANDSHAKE_MS = 30 * SECOND,
};
/* RFC 5321 4.5.3.2.4 to 4.5.3.2.6: an MTA that gave up first would send again what was taken. */
_Static_assert(DATA_MS < 120 * SECOND && TEXT_MS < 180 * SECOND && END_MS < 600 * SECOND,
               "the MTA gives up first");

struct relay_hop {
	struct io_loop *loop;
	struct io_stream stream;
	struct smtp_hop smtp;
	struct relay_hop_owner owner;
	struct policy_asker *asker;
	struct policy_place *place;
	struct tls_hops *tls;
	struct io_deadline late;
	struct io_later failed;
	struct io_later gone;
	struct policy_decision decision;
	bool skips_tls;
	bool is_implicit;
	uint32_t waited_ms; /* of END_MS, before the final dot went out */
	bool is_leaving;
	bool *is_freed;
	struct relay_hop_facts facts;
	char hostname[POLICY_WAY_NAME_CAP];
	/* What the certificate is held against. */
	char base[POLICY_WAY_NAME_CAP];
	char pkix_name[POLICY_WAY_NAME_CAP];
	bool mx_is_secure;
	char expanded[POLICY_WAY_NAME_CAP];
	bool is_told; /* by the operator, who knows whom */
	struct policy_memory_rules rules;
	struct policy_tlsa *records;
	size_t record_count;
	/* What is told once. */
	enum relay_hop_end end;
	enum policy_report report;
	struct buf line;
	char why[256];
};

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

static bool is_over(const struct relay_hop *h)
{
	return h->failed.is_queued || h->is_leaving;
}

/* Told from a later turn; the connection is cut at once. */
static void fail(struct relay_hop *h, enum relay_hop_end end, const char *code, const char *why)
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
	fail(h, end, code, said);
}

static void on_failed(struct io_later *later)
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

static void on_gone(struct io_later *later)
{
	relay_hop_free((struct relay_hop *)((char *)later - offsetof(struct relay_hop, gone)));
}

static void deadline(struct relay_hop *h, uint32_t ms)
{
	io_deadline_arm(h->loop, &h->late, ms);
}

/* What is awaited decides how long. */
static void deadline_update(struct relay_hop *h)
{
	switch (h->smtp.state) {
	case SMTP_HOP_GREETING:
	case SMTP_HOP_IN_EHLO:
	case SMTP_HOP_IN_HELO:
	case SMTP_HOP_IN_STARTTLS:
		deadline(h, GREETING_MS);
		break;
	case SMTP_HOP_IN_TLS:
		deadline(h, HANDSHAKE_MS);
		break;
	case SMTP_HOP_BUSY:
		if (h->smtp.count && h->smtp.pending[h->smtp.first].command == SMTP_HOP_END)
			deadline(h, END_MS - h->waited_ms);
		else if (h->smtp.count && h->smtp.pending[h->smtp.first].command == SMTP_HOP_DATA)
			deadline(h, DATA_MS);
		else if (h->smtp.count)
			deadline(h, COMMAND_MS);
		else
			io_deadline_disarm(&h->late); /* nothing is awaited but the MTA */
		break;
	case SMTP_HOP_IN_TEXT:
		deadline(h, TEXT_MS);
		break;
	case SMTP_HOP_QUITTING:
		deadline(h, QUIT_MS);
		break;
	case SMTP_HOP_CLEAR:
	case SMTP_HOP_IDLE:
	case SMTP_HOP_OVER:
	case SMTP_HOP_STATE_COUNT:
		io_deadline_disarm(&h->late);
		break;
	}
}

static bool is_in_handshake(const struct relay_hop *h)
{
	return h->stream.tls && !h->facts.tls;
}

static void fail_handshake(struct relay_hop *h, const char *why)
{
	h->report = POLICY_REPORT_VALIDATION_FAILURE;
	fail(h, RELAY_HOP_BAD_TLS, "451 4.7.5", why);
}

static void on_late(struct io_deadline *d)
{
	struct relay_hop *h = (struct relay_hop *)((char *)d - offsetof(struct relay_hop, late));
	char why[96];
	/* All that there was went out: it is the MTA that is slow, or another far end. */
	if (h->smtp.state == SMTP_HOP_IN_TEXT && io_stream_is_flushed(&h->stream)) {
		deadline(h, TEXT_MS);
		return;
	}
	if (h->is_leaving) {
		io_later_add(h->loop, &h->gone);
		return;
	}
	snprintf(why, sizeof(why), "no answer in time (%s)",
	         h->stream.is_connecting ? "connect" : smtp_hop_state_name(h->smtp.state));
	if (is_in_handshake(h)) /* a large ClientHello may get lost on its way */
		fail_handshake(h, why);
	else
		fail(h, RELAY_HOP_LATE, "451 4.4.2", why);
}

void relay_hop_flush(struct relay_hop *h)
{
	if (is_over(h) && !h->is_leaving)
		return;
	if (buf_len(&h->smtp.out) && io_stream_write(&h->stream, buf_slice(&h->smtp.out)))
		fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
	buf_clear(&h->smtp.out);
	buf_release(&h->smtp.out);
	deadline_update(h);
}

/* --- TLS --- */

bool relay_hop_is_held(const struct policy_memory *m, const struct policy_memory_rules *rules)
{
	enum policy_memory_verdict v = policy_memory_judge(m, rules, time(NULL));
	return v == POLICY_MEMORY_HOLD || v == POLICY_MEMORY_REFUSE;
}

/* It had TLS before: mail waits, for a while or for good. */
static bool is_held(struct relay_hop *h)
{
	char why[160], day[16] = "";
	struct tm tm;
	time_t since = (time_t)h->facts.memory.sealed_since_s;
	if (!relay_hop_is_held(&h->facts.memory, &h->rules))
		return false;
	if (gmtime_r(&since, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(why, sizeof(why), "it has no TLS now and had it since %s: mail waits%s", day,
	         h->rules.is_refused ? "" : " for a while");
	fail(h, RELAY_HOP_NO_TLS, "451 4.7.4", why);
	return true;
}

static void helo_take(struct relay_hop *h)
{
	struct slice rest = buf_slice(&h->smtp.reply.text), text;
	if (smtp_reply_next(&rest, &text))
		slice_to_text(slice_head(text, slice_find(text, ' ')), h->facts.helo,
		              sizeof(h->facts.helo));
}

/* Was the hello answered without STARTTLS, where that must be? */
static void on_hello(struct relay_hop *h)
{
	struct slice params;
	helo_take(h);
	if (!h->is_told && !strcasecmp(h->facts.helo, h->hostname)) {
		fail(h, RELAY_HOP_UNWELL, "554 5.4.6",
		     "it calls itself by our own name: mail for it loops back to this host");
		return;
	}
	bool has_tls =
		smtp_hop_offers(&h->smtp, "STARTTLS", &params) && h->decision.level != POLICY_PLAIN;
	if (has_tls && !h->skips_tls) {
		if (smtp_hop_starttls(&h->smtp))
			fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
		return;
	}
	if (!has_tls && h->decision.level != POLICY_PLAIN)
		h->report = POLICY_REPORT_STARTTLS_NOT_SUPPORTED;
	if (h->decision.level != POLICY_OPPORTUNISTIC && h->decision.level != POLICY_PLAIN) {
		fail(h, RELAY_HOP_NO_TLS, "451 4.7.4",
		     "it offers no STARTTLS, and mail must not go there in clear");
		return;
	}
	if (h->decision.level == POLICY_OPPORTUNISTIC && is_held(h))
		return;
	smtp_hop_go_plain(&h->smtp);
	h->facts.is_ready = true;
	h->owner.on_ready(h->owner.owner);
}

static int session_new(struct relay_hop *h, struct tls_session **ret_tls)
{
	struct tls_record records[POLICY_TLSA_MAX];
	bool has_dane = h->decision.needs_dane;
	for (size_t i = 0; i < h->record_count; i++)
		records[i] = (struct tls_record){
			.usage = h->records[i].usage,
			.selector = h->records[i].selector,
			.matching = h->records[i].matching,
			.data = slice_of(h->records[i].data, h->records[i].len),
		};
	/* RFC 7672 8.1: the base domain is what the host is asked for. */
	const char *name = has_dane && h->base[0] ? h->base : h->pkix_name;
	struct sockaddr_storage sa;
	struct tls_expectation e = {
		.sni = io_address_take(name, 0, &sa) ? NULL : name, /* RFC 6066 3 */
		.host = h->pkix_name, /* asked in any case, for memory */
		.records = records,
		.record_count = h->record_count,
	};
	/* RFC 7672 3.2.2 */
	e.names[e.name_count++] = name;
	if (strcmp(h->facts.host, name) != 0)
		e.names[e.name_count++] = h->facts.host;
	if (h->mx_is_secure)
		e.names[e.name_count++] = h->facts.domain;
	if (h->mx_is_secure && h->expanded[0])
		e.names[e.name_count++] = h->expanded;
	return err_up(tls_session_connect_hop(ret_tls, h->tls, &e, &h->stream)); /* for keys */
}

static void on_start_tls(struct relay_hop *h)
{
	struct tls_session *tls = NULL;
	if (io_stream_has_input(&h->stream)) {
		fail(h, RELAY_HOP_BROKEN, "451 4.7.5",
		     "it sent text behind its answer to STARTTLS");
		return;
	}
	if (session_new(h, &tls)) {
		fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
		return;
	}
	io_stream_start_tls(&h->stream, tls);
}

/* One of our own hosts has not renewed. */
static void expiry_say(const struct relay_hop *h)
{
	static struct log_calm calm; /* of the process, as its log is */
	int64_t ago_s = tls_session_expired_s(h->stream.tls);
	uint64_t unsaid;
	if (!ago_s || !log_calm(&calm, io_loop_now_ms(h->stream.loop), &unsaid))
		return;
	log_error(NULL, "certificate of one of our hosts has expired and is accepted for now",
	          kv_str("host", h->facts.host), kv_str("names", h->pkix_name),
	          kv_int("expired_s", ago_s),
	          kv_str("mend", "renew it: mailseal pki renew NAME on the CA's host"),
	          kv_int("unsaid", (int64_t)unsaid));
}

static void on_tls_up(struct relay_hop *h)
{
	struct relay_verdict *v = &h->facts.verdict;
	char why[200];
	h->facts.tls = tls_session_facts(h->stream.tls);
	relay_judge(v, &h->decision, tls_session_proof(h->stream.tls));
	h->report = v->report;
	snprintf(why, sizeof(why), "its certificate does not prove what it must: %s", v->why);
	v->why = "";
	expiry_say(h);
	if (!v->is_enough)
		fail(h, RELAY_HOP_UNPROVEN, "451 4.7.5", why);
	else if (smtp_hop_tls_up(&h->smtp))
		fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
	relay_hop_flush(h);
}

/* --- SMTP --- */

static void on_smtp_failed(struct relay_hop *h)
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
		fail(h, RELAY_HOP_BROKEN, "451 4.5.0", smtp_hop_failure_name(h->smtp.failure));
		break;
	}
}

/* True: feed it more. */
static bool todo_do(struct relay_hop *h, enum smtp_hop_todo todo)
{
	switch (todo) {
	case SMTP_HOP_READ:
		return true;
	case SMTP_HOP_HELLO:
		on_hello(h);
		return !is_over(h);
	case SMTP_HOP_START_TLS:
		on_start_tls(h);
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
		on_smtp_failed(h);
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
			fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
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
		deadline(h, GREETING_MS);
		if (h->is_implicit)
			on_start_tls(h);
		break;
	case IO_STREAM_DATA:
		pump(h);
		break;
	case IO_STREAM_TLS_UP:
		on_tls_up(h);
		break;
	case IO_STREAM_TLS_FAILED:
		fail_handshake(h, tls_session_error(stream->tls));
		break;
	case IO_STREAM_ROOM:
		if (!h->is_leaving)
			h->owner.on_room(h->owner.owner);
		break;
	case IO_STREAM_EOF:
		if (is_in_handshake(h))
			fail_handshake(h, "it closed in the handshake");
		else
			fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.2", "it closed the connection");
		break;
	case IO_STREAM_ERROR:
		if (is_in_handshake(h))
			fail_handshake(h, strerror(stream->error));
		else
			fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.1", strerror(stream->error));
		break;
	}
}

/* --- life --- */

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
	h->failed.fn = on_failed;
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
		fail(h, RELAY_HOP_UNREACHABLE, "451 4.4.1", strerror(-r));
	else
		deadline(h, CONNECT_MS);
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
	if (is_over(h))
		return;
	deadline(h, TEXT_MS);
	if (io_stream_write(&h->stream, text))
		fail(h, RELAY_HOP_BROKEN, "451 4.3.0", "out of memory");
}

bool relay_hop_is_full(struct relay_hop *h)
{
	if (is_over(h) || !io_stream_is_full(&h->stream))
		return false;
	io_stream_want_room(&h->stream);
	return true;
}

void relay_hop_text_end(struct relay_hop *h, uint32_t waited_ms)
{
	h->waited_ms = waited_ms < END_MS ? waited_ms : END_MS - 1;
	smtp_hop_text_is_sent(&h->smtp);
	relay_hop_flush(h);
}

const char *relay_hop_operator(const struct relay_hop *h)
{
	return h->place->mx_operator;
}

bool relay_hop_is_idle(const struct relay_hop *h)
{
	return !is_over(h) && h->smtp.state == SMTP_HOP_IDLE;
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
