#include "check/budget.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"

#include <assert.h>
#include <errno.h>

enum { SLOTS = 1024, DOUBLED_MAX = 3, SWEEP_MS = 10000 };

struct check_budget_host {
	struct check_budget_host *next_in_slot;
	struct check_budget_host *next_in_line; /* of those that have somebody waiting */
	bool is_in_line;
	char address[DNS_ADDRESS_CAP];
	struct check_want *waiting; /* by rank */
	unsigned under_way;
	uint64_t rests_until_ms;
	unsigned refusals;                        /* in a row */
	uint64_t minute[CHECK_BUDGET_MINUTE_MAX]; /* a ring: when port 25 was connected to */
	unsigned minute_at, minute_count;
};

struct check_budget {
	struct check_budget_settings set;
	struct check_budget_host *slots[SLOTS];
	struct check_budget_host *line, **line_end;
	size_t line_len, host_count;
	unsigned under_way;
	uint64_t swept_ms;
	uint64_t quiet_until_ms; /* nobody in line may connect before */
};

int check_budget_new(struct check_budget **ret_budget, const struct check_budget_settings *set)
{
	struct check_budget *b = calloc(1, sizeof(*b));
	if (!b)
		return err_raise(-ENOMEM);
	assert(set->at_a_time && set->in_all && set->per_minute);
	assert(set->per_minute <= CHECK_BUDGET_MINUTE_MAX);
	b->set = *set;
	b->line_end = &b->line;
	*ret_budget = b;
	return 0;
}

void check_budget_free(struct check_budget *budget)
{
	for (size_t i = 0; budget && i < SLOTS; i++) {
		while (budget->slots[i]) {
			struct check_budget_host *host = budget->slots[i];
			budget->slots[i] = host->next_in_slot;
			free(host);
		}
	}
	free(budget);
}

size_t check_budget_host_count(const struct check_budget *budget)
{
	return budget->host_count;
}

/* --- Addresses --- */

static struct check_budget_host **slot_of(struct check_budget *b, const char *address)
{
	return &b->slots[hash_place(hash_name(HASH_START, address), SLOTS)];
}

static int host_get(struct check_budget *b, const char *address, struct check_budget_host **ret)
{
	struct check_budget_host **slot = slot_of(b, address);
	for (*ret = *slot; *ret; *ret = (*ret)->next_in_slot)
		if (!strcmp((*ret)->address, address))
			return 0;
	struct check_budget_host *host = calloc(1, sizeof(*host));
	if (!host)
		return err_raise(-ENOMEM);
	memcpy(host->address, address, strlen(address) + 1);
	host->next_in_slot = *slot;
	*slot = host;
	b->host_count++;
	*ret = host;
	return 0;
}

static void line_add(struct check_budget *b, struct check_budget_host *host)
{
	b->quiet_until_ms = 0;
	if (host->is_in_line)
		return;
	host->is_in_line = true;
	host->next_in_line = NULL;
	*b->line_end = host;
	b->line_end = &host->next_in_line;
	b->line_len++;
}

static struct check_budget_host *line_take(struct check_budget *b)
{
	struct check_budget_host *host = b->line;
	b->line = host->next_in_line;
	if (!b->line)
		b->line_end = &b->line;
	host->is_in_line = false;
	b->line_len--;
	return host;
}

/* The last connections to port 25 that still count. */
static void minute_forget(struct check_budget_host *host, uint64_t now_ms)
{
	while (host->minute_count) {
		unsigned first = (host->minute_at + CHECK_BUDGET_MINUTE_MAX - host->minute_count) %
		                 CHECK_BUDGET_MINUTE_MAX;
		if (host->minute[first] + CHECK_BUDGET_MINUTE_MS > now_ms)
			return;
		host->minute_count--;
	}
}

static bool is_forgettable(struct check_budget_host *host, uint64_t now_ms)
{
	minute_forget(host, now_ms);
	return !host->waiting && !host->under_way && !host->is_in_line && !host->minute_count &&
	       host->rests_until_ms <= now_ms;
}

/* Thousands of domains are looked at in a run: what is known of an address is worth a minute. */
static void sweep(struct check_budget *b, uint64_t now_ms)
{
	if (now_ms < b->swept_ms + SWEEP_MS)
		return;
	b->swept_ms = now_ms;
	for (size_t i = 0; i < SLOTS; i++) {
		struct check_budget_host **at = &b->slots[i];
		while (*at) {
			struct check_budget_host *host = *at;
			if (!is_forgettable(host, now_ms)) {
				at = &host->next_in_slot;
				continue;
			}
			*at = host->next_in_slot;
			b->host_count--;
			free(host);
		}
	}
}

/* --- Wanting --- */

int check_budget_want(struct check_budget *budget, struct check_want *want)
{
	struct check_budget_host *host = NULL;
	assert(!want->host);
	int r = host_get(budget, want->address, &host);
	if (r)
		return err_up(r);
	struct check_want **at = &host->waiting;
	while (*at && (*at)->rank <= want->rank)
		at = &(*at)->next;
	want->next = *at;
	*at = want;
	want->host = host;
	want->is_under_way = want->was_refused = false;
	line_add(budget, host);
	return 0;
}

/* When its first may connect at the earliest; now_ms or before: now. UINT64_MAX: when one ends. */
static uint64_t host_due(const struct check_budget *b, struct check_budget_host *host,
                         uint64_t now_ms)
{
	uint64_t due = host->rests_until_ms;
	if (b->set.is_mine)
		return due;
	if (host->under_way >= b->set.at_a_time)
		return UINT64_MAX;
	minute_forget(host, now_ms);
	if (host->waiting->port != 25 || host->minute_count < b->set.per_minute)
		return due;
	unsigned oldest = (host->minute_at + CHECK_BUDGET_MINUTE_MAX - b->set.per_minute) %
	                  CHECK_BUDGET_MINUTE_MAX;
	uint64_t free_ms = host->minute[oldest] + CHECK_BUDGET_MINUTE_MS;
	return free_ms > due ? free_ms : due;
}

static struct check_want *start(struct check_budget *b, struct check_budget_host *host,
                                uint64_t now_ms)
{
	struct check_want *want = host->waiting;
	host->waiting = want->next;
	want->next = NULL;
	want->is_under_way = true;
	host->under_way++;
	b->under_way++;
	if (want->port != 25)
		return want;
	host->minute[host->minute_at] = now_ms;
	host->minute_at = (host->minute_at + 1) % CHECK_BUDGET_MINUTE_MAX;
	if (host->minute_count < CHECK_BUDGET_MINUTE_MAX)
		host->minute_count++;
	return want;
}

/* One round of the line: each goes to its end, so that all have their turn. */
static struct check_want *line_search(struct check_budget *b, uint64_t now_ms, uint64_t *ret_due)
{
	*ret_due = UINT64_MAX;
	for (size_t n = b->line_len; n; n--) {
		struct check_budget_host *host = line_take(b);
		if (!host->waiting)
			continue;
		uint64_t due = host_due(b, host, now_ms);
		struct check_want *want = due <= now_ms ? start(b, host, now_ms) : NULL;
		if (host->waiting)
			line_add(b, host);
		if (want)
			return want;
		*ret_due = due < *ret_due ? due : *ret_due;
	}
	return NULL;
}

struct check_want *check_budget_next(struct check_budget *budget, uint64_t now_ms,
                                     uint32_t *ret_wait_ms)
{
	struct check_want *want = NULL;
	*ret_wait_ms = UINT32_MAX;
	sweep(budget, now_ms);
	if (budget->under_way >= budget->set.in_all)
		return NULL;
	if (now_ms >= budget->quiet_until_ms) {
		uint64_t due;
		want = line_search(budget, now_ms, &due);
		if (!want)
			budget->quiet_until_ms = due;
	}
	if (want || budget->quiet_until_ms == UINT64_MAX)
		return want;
	uint64_t wait = budget->quiet_until_ms - now_ms;
	*ret_wait_ms = wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX - 1;
	return NULL;
}

static void waiting_remove(struct check_budget_host *host, struct check_want *want)
{
	struct check_want **at = &host->waiting;
	while (*at && *at != want)
		at = &(*at)->next;
	if (*at)
		*at = want->next;
}

void check_budget_leave(struct check_budget *budget, struct check_want *want)
{
	struct check_budget_host *host = want->host;
	if (!host)
		return;
	if (want->is_under_way) {
		host->refusals = want->was_refused ? host->refusals : 0;
		host->under_way--;
		budget->under_way--;
	} else {
		waiting_remove(host, want);
	}
	budget->quiet_until_ms = 0;
	want->host = NULL;
	want->next = NULL;
	want->is_under_way = false;
}

bool check_budget_refused(struct check_budget *budget, struct check_want *want, uint64_t now_ms)
{
	struct check_budget_host *host = want->host;
	want->was_refused = true;
	if (!host || host->rests_until_ms > now_ms)
		return false; /* of those that were under way together one refusal counts */
	unsigned doubled = host->refusals < DOUBLED_MAX ? host->refusals : DOUBLED_MAX;
	if (!budget->set.is_mine)
		host->refusals++;
	host->rests_until_ms = now_ms + ((uint64_t)budget->set.back_off_ms << doubled);
	return true;
}
