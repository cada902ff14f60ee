/* Of /metrics: the ledger. Sums since this process began, so that none falls while it runs. */
#include "web/figures.h"
#include "web/views.h"

#include "base/clean.h"
#include "base/exposition.h"
#include "store/ledger_read.h"

enum { HOUR_S = 3600 };

static const struct exposition_family
	sessions = { "mailseal_sessions_total", EXPOSITION_COUNTER,
	             "Sessions by leg, protocol and what sealed them." },
	downgrades = { "mailseal_downgrades_total", EXPOSITION_COUNTER,
	               "Times that a partner was met with weaker TLS than before." },
	is_open = { "mailseal_ledger_open", EXPOSITION_GAUGE, "1: the ledger has its file." },
	rows = { "mailseal_ledger_rows", EXPOSITION_GAUGE, "Sessions that have a row." },
	bytes = { "mailseal_ledger_size_bytes", EXPOSITION_GAUGE, "Size of the ledger's file." },
	waiting = { "mailseal_ledger_waiting_sessions", EXPOSITION_GAUGE,
	            "Sessions that workers keep until the ledger has written them." },
	lost = { "mailseal_ledger_lost_sessions_total", EXPOSITION_COUNTER,
	         "Sessions that were not recorded." };

static void state_write(struct exposition *e, const json_t *ledger)
{
	const struct {
		const struct exposition_family *family;
		double value;
	} values[] = {
		{ &is_open, json_is_true(json_object_get(ledger, "open")) },
		{ &rows, (double)web_json_number(ledger, "rows") },
		{ &bytes, (double)web_json_number(ledger, "bytes") },
		{ &waiting, (double)web_json_number(ledger, "waiting") },
		{ &lost, (double)web_json_number(ledger, "lost") },
	};
	for (size_t i = 0; ledger && i < COUNT_OF(values); i++) {
		exposition_begin(e, values[i].family);
		exposition_value(e, values[i].family, values[i].value);
	}
}

/* Every seal of a protocol that was met: a counter that begins at 1 tells no increase. */
static void coverage_write(struct exposition *e, const struct report_coverage *c)
{
	exposition_begin(e, &sessions);
	for (size_t i = 0; i < c->line_count; i++)
		for (int seal = 0; seal < STORE_SEAL_COUNT; seal++)
			exposition_value(e, &sessions, (double)c->lines[i].counts.by_seal[seal],
			                 { "leg", store_leg_name(c->lines[i].leg) },
			                 { "protocol", c->lines[i].protocol },
			                 { "seal", store_seal_name((enum store_seal)seal) });
}

static int event_count(void *owner, const struct store_ledger_event *event)
{
	uint64_t *counts = owner;
	if ((unsigned)event->kind < STORE_EVENT_COUNT)
		counts[event->kind] += event->count;
	return 0;
}

static void events_write(struct exposition *e, const uint64_t *counts)
{
	exposition_begin(e, &downgrades);
	for (int kind = 0; kind < STORE_EVENT_COUNT; kind++)
		exposition_value(e, &downgrades, (double)counts[kind],
		                 { "kind", store_event_name((enum store_event_kind)kind) });
}

static void file_write(struct exposition *e, struct store_ledger_read *l,
                       const struct store_ledger_filter *filter)
{
	struct report_coverage c = {};
	uint64_t counts[STORE_EVENT_COUNT] = {};
	if (!report_coverage_read(&c, l, filter))
		coverage_write(e, &c);
	report_coverage_deinit(&c);
	if (!store_ledger_read_events(l, filter, event_count, counts))
		events_write(e, counts);
}

void web_metrics_ledger(const struct web *web, int64_t now_s, struct exposition *e)
{
	CLEAN(web_ledger_closep) struct store_ledger_read *l = NULL;
	const struct store_ledger_filter filter = { .since_s = web->began_s - web->began_s % HOUR_S,
		                                    .until_s = now_s + 1,
		                                    .leg = -1 };
	state_write(e, json_object_get(web->state, "ledger"));
	if (!store_ledger_read_open(&l, web->ledger_path))
		file_write(e, l, &filter);
}
