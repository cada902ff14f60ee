/* A hop comes to the TLS that its host must have, or does not. */
#include "relay/hop_inside.h"

#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "io/address.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
	relay_hop_fail(h, RELAY_HOP_NO_TLS, "451 4.7.4", why);
	return true;
}

static void helo_take(struct relay_hop *h)
{
	struct slice rest = buf_slice(&h->smtp.reply.text), text;
	if (smtp_reply_next(&rest, &text))
		slice_to_text(slice_head(text, slice_find(text, ' ')), h->facts.helo,
		              sizeof(h->facts.helo));
}

void relay_hop_hello(struct relay_hop *h)
{
	struct slice params;
	helo_take(h);
	if (!h->is_told && !strcasecmp(h->facts.helo, h->hostname)) {
		relay_hop_fail(
			h, RELAY_HOP_UNWELL, "554 5.4.6",
			"it calls itself by our own name: mail for it loops back to this host");
		return;
	}
	bool has_tls =
		smtp_hop_offers(&h->smtp, "STARTTLS", &params) && h->decision.level != POLICY_PLAIN;
	if (has_tls && !h->skips_tls) {
		if (smtp_hop_starttls(&h->smtp))
			relay_hop_fail_memory(h);
		return;
	}
	if (!has_tls && h->decision.level != POLICY_PLAIN)
		h->report = POLICY_REPORT_STARTTLS_NOT_SUPPORTED;
	if (h->decision.level != POLICY_OPPORTUNISTIC && h->decision.level != POLICY_PLAIN) {
		relay_hop_fail(h, RELAY_HOP_NO_TLS, "451 4.7.4",
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

void relay_hop_start_tls(struct relay_hop *h)
{
	struct tls_session *tls = NULL;
	if (io_stream_has_input(&h->stream)) {
		relay_hop_fail(h, RELAY_HOP_BROKEN, "451 4.7.5",
		               "it sent text behind its answer to STARTTLS");
		return;
	}
	if (session_new(h, &tls)) {
		relay_hop_fail_memory(h);
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

void relay_hop_tls_up(struct relay_hop *h)
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
		relay_hop_fail(h, RELAY_HOP_UNPROVEN, "451 4.7.5", why);
	else if (smtp_hop_tls_up(&h->smtp))
		relay_hop_fail_memory(h);
	relay_hop_flush(h);
}
