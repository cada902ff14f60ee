#include "check/look.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "check/look_inside.h"
#include "io/address.h"

#include <errno.h>
#include <stdio.h>

enum { SECOND = 1000, MINE_AT_A_TIME = 16 };

void check_look_settings_init(struct check_look_settings *set, enum check_tier tier, bool is_mine)
{
	*set = (struct check_look_settings){
		.plan = { .tier = tier, .only = CHECK_STEPS_ALL, .is_mine = is_mine },
		.budget = { .at_a_time = is_mine ? MINE_AT_A_TIME : 2,
		            .per_minute = 20,
		            .in_all = 300,
		            .back_off_ms = is_mine ? SECOND : 8 * SECOND,
		            .is_mine = is_mine },
		.limits = { .connect_ms = 10 * SECOND,
		            .greeting_ms = 35 * SECOND,
		            .answer_ms = 15 * SECOND,
		            .total_ms = 50 * SECOND },
		.endpoint_ms = tier == CHECK_TIER_DEEP ? 300 * SECOND : 55 * SECOND,
		.kept_max = 1000,
	};
}

static void on_pump(struct io_later *later)
{
	struct check_look *look = MEMBER_OF(struct check_look, pump, later);
	struct check_want *want;
	uint32_t wait_ms;
	while ((want = check_budget_next(look->budget, io_loop_now_ms(look->loop), &wait_ms)))
		check_look_lane_start(MEMBER_OF(struct check_look_lane, want, want));
	io_deadline_disarm(&look->wake);
	if (wait_ms != UINT32_MAX)
		io_deadline_arm(look->loop, &look->wake, wait_ms);
}

static void on_wake(struct io_deadline *d)
{
	struct check_look *look = MEMBER_OF(struct check_look, wake, d);
	io_later_add(look->loop, &look->pump);
}

/* --- An entry --- */

static struct check_look_entry **place_of(struct check_look *look, const char *address)
{
	return &look->places[hash_place(hash_name(HASH_START, address), CHECK_LOOK_PLACES)];
}

static void entry_free(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	struct check_look_entry **at = place_of(look, entry->endpoint.address);
	while (*at && *at != entry)
		at = &(*at)->next_in_place;
	if (*at)
		*at = entry->next_in_place;
	if (!entry->is_done)
		check_look_entry_close(entry);
	for (struct check_look_asker *a = entry->askers; a; a = a->next)
		a->entry = NULL;
	io_later_remove(look->loop, &entry->tell);
	check_endpoint_deinit(&entry->endpoint);
	for (size_t i = 0; i < entry->name_count; i++)
		free(entry->names[i]);
	free(entry->tlsa_base);
	free(entry->records);
	free(entry);
}

/* --- Those that nobody asks for --- */

static void kept_remove(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	struct check_look_entry **at = &look->kept;
	if (!entry->is_kept)
		return;
	while (*at != entry)
		at = &(*at)->next_kept;
	*at = entry->next_kept;
	if (!*at)
		look->kept_end = at;
	entry->is_kept = false;
	look->kept_count--;
}

static void kept_add(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	entry->is_kept = true;
	entry->next_kept = NULL;
	*look->kept_end = entry;
	look->kept_end = &entry->next_kept;
	look->kept_count++;
	while (look->kept_count > look->set.kept_max) {
		struct check_look_entry *oldest = look->kept;
		kept_remove(oldest);
		entry_free(oldest);
	}
}

static void entry_leave(struct check_look_entry *entry)
{
	if (entry->askers || entry->is_told_now || entry->is_kept)
		return;
	if (entry->is_done)
		kept_add(entry);
	else
		entry_free(entry);
}

static struct check_look_asker *untold(struct check_look_entry *entry)
{
	struct check_look_asker *asker = entry->askers;
	while (asker && asker->was_told)
		asker = asker->next;
	return asker;
}

static void on_tell(struct io_later *later)
{
	struct check_look_entry *entry = MEMBER_OF(struct check_look_entry, tell, later);
	struct check_look_asker *asker;
	entry->is_told_now = true;
	while ((asker = untold(entry))) {
		asker->was_told = true;
		asker->fn(asker, &entry->endpoint);
	}
	entry->is_told_now = false;
	entry_leave(entry);
}

/* --- Asking --- */

static struct check_look_entry *entry_find(struct check_look *look,
                                           const struct check_look_target *t)
{
	struct check_look_entry *entry = *place_of(look, t->address);
	for (; entry; entry = entry->next_in_place) {
		const struct check_endpoint *e = &entry->endpoint;
		if (e->port == t->port && e->service == t->service &&
		    !strcmp(e->address, t->address) && !strcmp(e->host, t->host))
			return entry;
	}
	return NULL;
}

/* Whoever runs for days has to look again. */
static bool is_stale(const struct check_look_entry *entry)
{
	const struct check_look *look = entry->look;
	return entry->is_kept && look->set.kept_ms &&
	       io_loop_now_ms(look->loop) - entry->done_ms >= look->set.kept_ms;
}

/* What its certificate is held against. */
static int proofs_copy(struct check_look_entry *entry, const struct check_look_target *t)
{
	size_t count = t->record_count < POLICY_TLSA_MAX ? t->record_count : POLICY_TLSA_MAX;
	if (count) {
		entry->records = calloc(count, sizeof(*entry->records));
		if (!entry->records)
			return err_raise(-ENOMEM);
		memcpy(entry->records, t->records, count * sizeof(*entry->records));
		entry->record_count = count;
	}
	if (t->tlsa_base && !(entry->tlsa_base = strdup(t->tlsa_base)))
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < t->name_count && i < COUNT_OF(entry->names); i++) {
		entry->names[i] = strdup(t->names[i]);
		if (!entry->names[i])
			return err_raise(-ENOMEM);
		entry->name_count++;
	}
	return 0;
}

static void entry_init(struct check_look_entry *entry, struct check_look *look,
                       const struct check_look_target *t)
{
	struct check_endpoint *e = &entry->endpoint;
	entry->look = look;
	snprintf(e->host, sizeof(e->host), "%s", t->host);
	snprintf(e->address, sizeof(e->address), "%s", t->address);
	e->port = t->port;
	e->service = t->service;
	entry->left_ms = look->set.endpoint_ms;
	entry->late.fn = check_look_entry_late;
	entry->tell.fn = on_tell;
	look->rank++;
	for (size_t i = 0; i < CHECK_LOOK_LANES_MAX; i++) {
		entry->lanes[i].entry = entry;
		entry->lanes[i].want.rank = look->rank;
	}
	check_plan_init(&entry->plan, &look->set.plan, e);
	struct check_look_entry **place = place_of(look, e->address);
	entry->next_in_place = *place;
	*place = entry;
}

static int entry_new(struct check_look_entry **ret_entry, struct check_look *look,
                     const struct check_look_target *t)
{
	struct sockaddr_storage address;
	if (!io_address_take(t->address, t->port, &address))
		return err_raise(-EINVAL);
	struct check_look_entry *entry = calloc(1, sizeof(*entry));
	if (!entry)
		return err_raise(-ENOMEM);
	entry_init(entry, look, t);
	int r = proofs_copy(entry, t);
	if (r) {
		entry_free(entry);
		return err_up(r);
	}
	look->progress.endpoints++;
	check_look_entry_pump(entry);
	io_later_add(look->loop, &look->pump);
	*ret_entry = entry;
	return 0;
}

int check_look_endpoint(struct check_look *look, const struct check_look_target *target,
                        struct check_look_asker *asker)
{
	struct check_look_entry *entry = entry_find(look, target);
	if (entry && is_stale(entry)) {
		kept_remove(entry);
		entry_free(entry);
		entry = NULL;
	}
	int r = entry ? 0 : entry_new(&entry, look, target);
	if (r)
		return err_up(r);
	kept_remove(entry);
	asker->entry = entry;
	asker->was_told = false;
	asker->next = entry->askers;
	entry->askers = asker;
	if (entry->is_done)
		io_later_add(look->loop, &entry->tell);
	return 0;
}

void check_look_forget(struct check_look *look, struct check_look_asker *asker)
{
	struct check_look_entry *entry = asker->entry;
	(void)look;
	if (!entry)
		return;
	struct check_look_asker **at = &entry->askers;
	while (*at != asker)
		at = &(*at)->next;
	*at = asker->next;
	asker->entry = NULL;
	asker->next = NULL;
	entry_leave(entry);
}

struct check_look_progress check_look_progress(const struct check_look *look)
{
	return look->progress;
}

/* --- Life --- */

static int text_copy(char **ret_copy, const char *text)
{
	*ret_copy = text ? strdup(text) : NULL;
	return text && !*ret_copy ? err_raise(-ENOMEM) : 0;
}

static int settings_copy(struct check_look *look)
{
	int r = text_copy(&look->hostname, look->set.hostname);
	if (!r)
		r = text_copy(&look->from4, look->set.from4);
	if (!r)
		r = text_copy(&look->from6, look->set.from6);
	return err_up(r);
}

static int trust_make(struct check_look *look, char *ret_error, size_t error_cap)
{
	struct tls_hops_settings hops = { .ca_pem = look->set.ca_pem, .min_version = TLS_1_0 };
	int r = tls_hops_new(&look->hops, &hops, ret_error, error_cap);
	if (r)
		return r < 0 ? err_up(r) : r;
	return look->set.ca_pem.len ? tls_roots_new(&look->roots, look->set.ca_pem) : 0;
}

static void look_freep(struct check_look **look)
{
	check_look_free(*look);
}

int check_look_new(struct check_look **ret_look, struct io_loop *loop,
                   const struct check_look_settings *set, char *ret_error, size_t error_cap)
{
	CLEAN(look_freep) struct check_look *look = calloc(1, sizeof(*look));
	if (!look)
		return err_raise(-ENOMEM);
	look->loop = loop;
	look->set = *set;
	look->kept_end = &look->kept;
	look->pump.fn = on_pump;
	look->wake.fn = on_wake;
	int r = settings_copy(look);
	if (!r)
		r = check_budget_new(&look->budget, &set->budget);
	if (!r)
		r = trust_make(look, ret_error, error_cap);
	look->set.ca_pem = (struct slice){};
	if (r)
		return r < 0 ? err_up(r) : TLS_PROOF_BAD_CA;
	*ret_look = TAKE(look);
	return 0;
}

void check_look_free(struct check_look *look)
{
	if (!look)
		return;
	for (size_t i = 0; i < CHECK_LOOK_PLACES; i++)
		while (look->places[i])
			entry_free(look->places[i]);
	io_later_remove(look->loop, &look->pump);
	io_deadline_disarm(&look->wake);
	check_budget_free(look->budget);
	tls_hops_unref(look->hops);
	tls_roots_free(look->roots);
	free(look->hostname);
	free(look->from4);
	free(look->from6);
	free(look);
}
