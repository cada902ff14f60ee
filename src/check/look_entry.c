/* An endpoint that is looked at, from its first connection to its last. */
#include "base/err.h"
#include "check/look_inside.h"

void check_look_entry_close(struct check_look_entry *entry)
{
	for (size_t i = 0; i < CHECK_LOOK_LANES_MAX; i++) {
		bool was_under_way = entry->lanes[i].probe;
		check_look_lane_close(&entry->lanes[i]);
		if (was_under_way)
			check_look_clock_stop(entry);
	}
	io_deadline_disarm(&entry->late);
	check_plan_deinit(&entry->plan);
	tls_ticket_free(entry->ticket);
	tls_ticket_free(entry->ticket_12);
	entry->ticket = entry->ticket_12 = NULL;
}

static void entry_done(struct check_look_entry *entry)
{
	if (entry->is_done)
		return;
	entry->is_done = true;
	entry->done_ms = io_loop_now_ms(entry->look->loop);
	check_look_entry_close(entry);
	entry->look->progress.done++;
	io_later_add(entry->look->loop, &entry->tell);
}

void check_look_entry_stop(struct check_look_entry *entry, const char *why)
{
	if (entry->is_done)
		return;
	check_plan_stop(&entry->plan, why);
	entry_done(entry);
}

void check_look_entry_late(struct io_deadline *d)
{
	struct check_look_entry *entry = MEMBER_OF(struct check_look_entry, late, d);
	check_look_entry_stop(entry, "no time was left");
	io_later_add(entry->look->loop, &entry->look->pump);
}

void check_look_entry_pump(struct check_look_entry *entry)
{
	struct check_look_lane *lane;
	int r = 0;
	while (!r && !entry->is_done && (lane = check_look_lane_free(entry))) {
		r = check_plan_next(&entry->plan, &lane->ask);
		if (r == CHECK_PLAN_WAIT)
			return;
		if (r == CHECK_PLAN_DONE) {
			entry_done(entry);
			return;
		}
		if (!r)
			r = check_look_lane_want(lane);
	}
	if (r)
		check_look_entry_stop(entry, "out of memory");
}
