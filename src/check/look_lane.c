/* A connection of an entry's: what goes out, and who hears what came of it. */
#include "base/clean.h"
#include "base/err.h"
#include "check/look_inside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

void check_look_lane_close(struct check_look_lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	if (!lane->is_used)
		return;
	lane->is_used = false;
	check_probe_free(lane->probe);
	lane->probe = NULL;
	check_budget_leave(entry->look->budget, &lane->want);
}

/* The clock of an entry runs while a connection of its own is under way. */
static void clock_start(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	look->progress.under_way++;
	look->progress.connections++;
	if (entry->under_way++)
		return;
	entry->since_ms = io_loop_now_ms(look->loop);
	io_deadline_arm(look->loop, &entry->late, entry->left_ms);
}

void check_look_clock_stop(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	look->progress.under_way--;
	if (--entry->under_way)
		return;
	uint64_t used = io_loop_now_ms(look->loop) - entry->since_ms;
	entry->left_ms = used < entry->left_ms ? entry->left_ms - (uint32_t)used : 1;
	io_deadline_disarm(&entry->late);
}

static void heard_fill(struct check_heard *ret_heard, struct check_look_lane *lane)
{
	struct check_probe *probe = lane->probe;
	*ret_heard = (struct check_heard){
		.end = check_probe_end(probe),
		.why = check_probe_why(probe),
		.opening = check_probe_opening(probe),
		.answer = lane->ask.is_visit ? NULL : check_probe_answer(probe),
		.reaction = check_probe_reaction(probe),
		.seen = lane->ask.is_visit ? check_probe_seen(probe) : NULL,
		.roots = lane->entry->look->roots,
		.now_s = time(NULL),
	};
}

/* Where somebody was, and is no more, we came too often. */
static bool is_refusal(const struct check_look_entry *entry, enum check_probe_end end)
{
	bool is_gone = end == CHECK_PROBE_CLOSED || end == CHECK_PROBE_SILENT;
	return end == CHECK_PROBE_RATE || (is_gone && entry->endpoint.reach == CHECK_OPEN);
}

static void refusal_note(struct check_look_lane *lane, enum check_probe_end end)
{
	struct check_look_entry *entry = lane->entry;
	if (!is_refusal(entry, end))
		return;
	if (check_budget_refused(entry->look->budget, &lane->want,
	                         io_loop_now_ms(entry->look->loop)))
		entry->refusals++;
}

/*
 * Where TLS begins at once, who is turned away hears nothing, as does one whose hello is refused by
 * a server that sends no alerts: where much hangs on it, it is asked again behind a rest.
 */
static bool may_be_refusal(const struct check_look_lane *lane, const struct check_heard *h)
{
	const struct check_look_entry *entry = lane->entry;
	enum check_step step = lane->ask.step;
	bool is_cut = h->seen ? h->seen->is_cut
	                      : h->answer && h->answer->kind == TLS_ANSWER_NONE &&
	                                (step == CHECK_STEP_12 || step == CHECK_STEP_13);
	return is_cut && h->end == CHECK_PROBE_TLS && !entry->plan.tries[step] &&
	       !check_service_has_starttls(entry->endpoint.service);
}

static int lane_hear(struct check_look_lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	struct check_heard heard;
	heard_fill(&heard, lane);
	if (may_be_refusal(lane, &heard))
		heard.end = CHECK_PROBE_RATE;
	if (heard.end != CHECK_PROBE_TLS && heard.end != CHECK_PROBE_NO_TLS) {
		refusal_note(lane, heard.end);
		check_plan_lose(&entry->plan, lane->ask.step, &heard);
		return 0;
	}
	/* One's own host has limits too: what comes in small portions comes all the same. */
	if (entry->look->set.plan.is_mine)
		entry->refusals = 0;
	int r = check_plan_hear(&entry->plan, lane->ask.step, &heard);
	if (!r && lane->ask.step == CHECK_STEP_HANDSHAKE && !entry->ticket)
		entry->ticket = TAKE(check_probe_seen(lane->probe)->ticket);
	if (!r && entry->plan.has_ticket_12 && lane->ask.tls.is_tls12 && !entry->ticket_12)
		entry->ticket_12 = TAKE(check_probe_seen(lane->probe)->ticket);
	return err_up(r);
}

static void on_probe_end(void *owner)
{
	struct check_look_lane *lane = owner;
	struct check_look_entry *entry = lane->entry;
	int r = lane_hear(lane);
	check_look_lane_close(lane);
	check_look_clock_stop(entry);
	if (r)
		check_look_entry_stop(entry, "out of memory");
	else if (entry->refusals >= CHECK_LOOK_REFUSALS_MAX)
		check_look_entry_stop(entry, "turned away again and again");
	else
		check_look_entry_pump(entry);
	io_later_add(entry->look->loop, &entry->look->pump);
}

/* --- Starting a connection --- */

static int offer_write(const struct check_ask *ask, struct buf *out)
{
	uint8_t random[TLS_OFFER_RANDOM_LEN];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_raise(-EIO);
	return ask->is_ssl2 ? err_up(tls_offer_write_ssl2(random, out))
	                    : err_up(tls_offer_write(&ask->offer, random, out));
}

/* Without a ticket what goes out is the hello as it is, and the server's answer says nothing. */
static int hello_write(const struct check_look_lane *lane, struct buf *out)
{
	const struct tls_ticket *ticket = lane->entry->ticket_12;
	struct buf plain = {};
	if (lane->ask.attack != CHECK_ATTACK_TICKETBLEED || !ticket)
		return err_up(offer_write(&lane->ask, out));
	int r = offer_write(&lane->ask, &plain);
	if (!r)
		r = check_attack_hello(buf_slice(&plain), tls_ticket_bytes(ticket), out);
	if (r == CHECK_ATTACK_POINTLESS)
		r = buf_add(out, buf_slice(&plain));
	buf_deinit(&plain);
	return err_up(r);
}

static void expectation_fill(struct check_look_lane *lane)
{
	const struct check_look_entry *entry = lane->entry;
	const char *sni = entry->tlsa_base ?: entry->plan.sni;
	lane->expected = (struct tls_expectation){
		.sni = lane->ask.has_no_sni ? NULL : sni,
		.host = entry->endpoint.host,
		.records = lane->records,
		.record_count = entry->record_count,
	};
	for (size_t i = 0; i < entry->record_count; i++)
		lane->records[i] = (struct tls_record){
			.usage = entry->records[i].usage,
			.selector = entry->records[i].selector,
			.matching = entry->records[i].matching,
			.data = slice_of(entry->records[i].data, entry->records[i].len),
		};
	if (sni)
		lane->expected.names[lane->expected.name_count++] = sni;
	for (size_t i = 0; i < entry->name_count; i++)
		lane->expected.names[lane->expected.name_count++] = entry->names[i];
}

static int probe_start(struct check_look_lane *lane, struct slice hello)
{
	struct check_look_entry *entry = lane->entry;
	struct check_look *look = entry->look;
	const struct check_endpoint *e = &entry->endpoint;
	const struct check_ask *ask = &lane->ask;
	expectation_fill(lane);
	struct check_probe_settings set = {
		.way = { .address = e->address,
		         .port = e->port,
		         .from = strchr(e->address, ':') ? look->from6 : look->from4 },
		.opening = { .service = e->service,
		             .hostname = look->hostname,
		             .asks_mail = ask->asks_mail,
		             .injects = ask->injects },
		.limits = look->set.limits,
		.hello = hello,
		.attack = ask->attack,
		.variant = ask->variant,
		.visit = { .hops = look->hops,
		           .expected = &lane->expected,
		           .tls = ask->tls,
		           .renegotiations_max = ask->renegotiations_max,
		           .waits_for_ticket = ask->step == CHECK_STEP_HANDSHAKE },
		.on_end = on_probe_end,
		.owner = lane,
	};
	set.visit.tls.ticket = ask->resumes ? entry->ticket : NULL;
	return err_up(check_probe_new(&lane->probe, look->loop, &set));
}

void check_look_lane_start(struct check_look_lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	struct buf hello = {};
	int r = lane->ask.is_visit ? 0 : hello_write(lane, &hello);
	if (!r)
		r = probe_start(lane, buf_slice(&hello));
	buf_deinit(&hello);
	if (!r) {
		clock_start(entry);
		return;
	}
	check_look_entry_stop(entry, "out of memory");
}

struct check_look_lane *check_look_lane_free(struct check_look_entry *entry)
{
	unsigned count = entry->look->set.budget.at_a_time;
	for (size_t i = 0; i < CHECK_LOOK_LANES_MAX && i < count; i++)
		if (!entry->lanes[i].is_used)
			return &entry->lanes[i];
	return NULL;
}

int check_look_lane_want(struct check_look_lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	lane->is_used = true;
	snprintf(lane->want.address, sizeof(lane->want.address), "%s", entry->endpoint.address);
	lane->want.port = entry->endpoint.port;
	return err_up(check_budget_want(entry->look->budget, &lane->want));
}
