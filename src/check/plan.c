#include "check/plan.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "check/plan_inside.h"

#include <stdio.h>

const char *check_step_name(enum check_step step)
{
	return check_steps[step].name;
}

static bool is_of_plan(const struct check_plan *plan, enum check_step step)
{
	const struct check_step_row *row = &check_steps[step];
	bool is_in = row->tier == CHECK_TIER_ATTACKS ? plan->set.has_attacks
	                                             : row->tier <= plan->set.tier;
	return is_in && row->services & 1u << plan->endpoint->service &&
	       (step == CHECK_STEP_HANDSHAKE || plan->set.only & UINT64_C(1) << step);
}

void check_plan_init(struct check_plan *plan, const struct check_plan_settings *set,
                     struct check_endpoint *endpoint)
{
	*plan = (struct check_plan){ .set = *set, .endpoint = endpoint };
	/* RFC 6066 3: an address is no name. */
	if (endpoint->host[0] && !address_is_literal(endpoint->host))
		plan->sni = endpoint->host;
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
		if (!is_of_plan(plan, s))
			plan->states[s] = CHECK_STEP_LEFT_OUT;
}

void check_plan_deinit(struct check_plan *plan)
{
	for (enum check_step s = 0; plan && s < CHECK_STEP_COUNT; s++) {
		free(plan->enumerations[s]);
		plan->enumerations[s] = NULL;
	}
}

static bool is_under_way(const struct check_plan *plan)
{
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
		if (plan->states[s] == CHECK_STEP_UNDER_WAY)
			return true;
	return false;
}

static bool is_done(const struct check_plan *plan, enum check_step step)
{
	return plan->states[step] == CHECK_STEP_DONE || plan->states[step] == CHECK_STEP_LEFT_OUT;
}

/* What follows from the whole. */
static void conclude(struct check_plan *plan)
{
	struct check_endpoint *e = plan->endpoint;
	bool has_13 = e->versions[CHECK_TLS13].is_there != CHECK_NO;
	e->groups_are_whole = plan->set.tier == CHECK_TIER_DEEP && e->group_count &&
	                      is_done(plan, CHECK_STEP_GROUPS_12) &&
	                      is_done(plan, CHECK_STEP_GROUPS_13);
	if (e->has_pq == CHECK_UNKNOWN && !has_13)
		e->has_pq = CHECK_NO;
	/* Where there is no ticket there is nothing to bleed. */
	if (plan->set.has_attacks && plan->states[CHECK_STEP_INJECT] == CHECK_STEP_DONE &&
	    plan->states[CHECK_STEP_TICKETBLEED] == CHECK_STEP_LEFT_OUT)
		e->attacks.ticketbleed = CHECK_NO;
	if (e->reach != CHECK_OPEN || e->has_tls == CHECK_YES)
		return;
	if (check_step_is_settled(plan, CHECK_STEP_12) &&
	    plan->states[CHECK_STEP_12] == CHECK_STEP_DONE)
		e->has_tls = CHECK_NO;
}

static void give_up(struct check_plan *plan, enum check_step step)
{
	plan->states[step] = CHECK_STEP_LOST;
	plan->endpoint->probes_lost++;
	plan->endpoint->steps_lost |= UINT64_C(1) << step;
}

/* More would be more than a stranger should bear. */
static bool is_used_up(const struct check_plan *plan)
{
	return !plan->set.is_mine && plan->connections >= CHECK_PLAN_CONNECTIONS_MAX;
}

/* True: it is to be asked now. */
static bool look_at(struct check_plan *plan, enum check_step step, bool *waits)
{
	if (plan->states[step] != CHECK_STEP_TODO)
		return false;
	if (step != CHECK_STEP_HANDSHAKE && !check_step_is_settled(plan, CHECK_STEP_HANDSHAKE)) {
		*waits = true;
		return false;
	}
	switch (check_step_need(plan, step)) {
	case CHECK_NEED_NOT:
		plan->states[step] = CHECK_STEP_LEFT_OUT;
		return false;
	case CHECK_NEED_WAIT:
		*waits = true;
		return false;
	case CHECK_NEED_ASK:
		break;
	}
	if (is_used_up(plan)) {
		give_up(plan, step);
		return false;
	}
	return true;
}

int check_plan_next(struct check_plan *plan, struct check_ask *ret_ask)
{
	bool waits = false;
	if (plan->is_over)
		return is_under_way(plan) ? CHECK_PLAN_WAIT : CHECK_PLAN_DONE;
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++) {
		if (!look_at(plan, s, &waits))
			continue;
		int r = check_step_ask(plan, s, ret_ask);
		if (r)
			return err_up(r);
		plan->states[s] = CHECK_STEP_UNDER_WAY;
		plan->connections++;
		plan->endpoint->connections++;
		return 0;
	}
	if (is_under_way(plan))
		return CHECK_PLAN_WAIT;
	/* One waits for another that was left out in this very round. */
	if (waits)
		return err_up(check_plan_next(plan, ret_ask));
	conclude(plan);
	plan->is_over = true;
	return CHECK_PLAN_DONE;
}

/* --- What became of it --- */

/* There is nothing more to be learnt here. */
static void close_book(struct check_plan *plan, enum check_reach reach, const char *why)
{
	plan->endpoint->reach = reach;
	snprintf(plan->endpoint->why, sizeof(plan->endpoint->why), "%s", why);
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
		if (plan->states[s] == CHECK_STEP_TODO)
			plan->states[s] = CHECK_STEP_LEFT_OUT;
}

static void on_no_tls(struct check_plan *plan, const struct check_heard *h)
{
	struct check_endpoint *e = plan->endpoint;
	bool is_refused = h->opening && h->opening->end == CHECK_OPENING_REFUSED;
	close_book(plan, CHECK_OPEN, "");
	e->has_tls = CHECK_NO;
	e->handshake.is_done = is_refused ? CHECK_NO : CHECK_UNKNOWN;
	if (is_refused)
		snprintf(e->starttls_answer, sizeof(e->starttls_answer), "%s", h->opening->answer);
}

int check_plan_hear(struct check_plan *plan, enum check_step step, const struct check_heard *heard)
{
	if (heard->opening)
		check_facts_talk(plan->endpoint, heard->opening);
	plan->endpoint->reach = CHECK_OPEN;
	plan->states[step] = CHECK_STEP_DONE;
	if (heard->end == CHECK_PROBE_NO_TLS) {
		if (step == CHECK_STEP_HANDSHAKE)
			on_no_tls(plan, heard);
		else if (step != CHECK_STEP_INJECT) /* that one may be refused for what it is */
			check_plan_lose(plan, step, heard);
		return 0;
	}
	int r = check_step_hear(plan, step, heard);
	if (r)
		return err_up(r);
	if (check_step_goes_on(plan, step))
		plan->states[step] = CHECK_STEP_TODO;
	plan->tries[step] = 0;
	return 0;
}

static enum check_reach reach_of(enum check_probe_end end)
{
	switch (end) {
	case CHECK_PROBE_CLOSED:
		return CHECK_CLOSED;
	case CHECK_PROBE_RATE:
		return CHECK_RATE;
	case CHECK_PROBE_FOREIGN:
		return CHECK_FOREIGN;
	case CHECK_PROBE_SILENT:
	case CHECK_PROBE_LOST:
	case CHECK_PROBE_UNDER_WAY:
	case CHECK_PROBE_TLS:
	case CHECK_PROBE_NO_TLS:
	case CHECK_PROBE_END_COUNT:
		break;
	}
	return CHECK_SILENT;
}

/* The first contact: who is not there, or speaks something else, will be so next time. */
static bool is_final(enum check_probe_end end)
{
	return end == CHECK_PROBE_CLOSED || end == CHECK_PROBE_SILENT || end == CHECK_PROBE_FOREIGN;
}

/* A greeting is a word, and a server that then says no more is no silent one. */
static void words_take(struct check_plan *plan, const struct check_heard *h)
{
	if (!h->opening)
		return;
	check_facts_talk(plan->endpoint, h->opening);
	if (h->end == CHECK_PROBE_LOST && h->opening->was_heard)
		plan->endpoint->reach = CHECK_OPEN;
}

void check_plan_lose(struct check_plan *plan, enum check_step step, const struct check_heard *heard)
{
	words_take(plan, heard);
	bool is_first = step == CHECK_STEP_HANDSHAKE && plan->endpoint->reach != CHECK_OPEN;
	unsigned most = heard->end == CHECK_PROBE_RATE ? CHECK_PLAN_TRIES : CHECK_PLAN_TRIES_LOST;
	plan->tries[step]++;
	plan->states[step] = CHECK_STEP_TODO;
	if (plan->tries[step] < most && !(is_first && is_final(heard->end)) && !plan->is_over)
		return;
	give_up(plan, step);
	if (is_first)
		close_book(plan, reach_of(heard->end), heard->why);
}

void check_plan_stop(struct check_plan *plan, const char *why)
{
	struct check_endpoint *e = plan->endpoint;
	bool is_first = !check_step_is_settled(plan, CHECK_STEP_HANDSHAKE);
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
		if (plan->states[s] == CHECK_STEP_UNDER_WAY ||
		    (plan->states[s] == CHECK_STEP_TODO &&
		     check_step_need(plan, s) != CHECK_NEED_NOT))
			give_up(plan, s);
	if (is_first && e->reach != CHECK_OPEN)
		close_book(plan, CHECK_SILENT, why);
	conclude(plan);
	plan->is_over = true;
}
