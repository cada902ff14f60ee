#include "check/look.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "io/address.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum {
	PLACES = 4096,
	LANES_MAX = 8, /* connections to one endpoint at a time, whatever the budget has */
	SECOND = 1000,
	MINE_AT_A_TIME = 16,
};

struct check_look {
	struct io_loop *loop;
	struct check_look_settings set;
	char *hostname, *from4, *from6;
	struct tls_hops *hops;
	struct tls_roots *roots;
	struct check_budget *budget;
	struct check_look_entry *places[PLACES];
	struct check_look_entry *kept, **kept_end; /* done, and nobody asks; oldest first */
	unsigned kept_count;
	uint64_t rank;
	struct io_later pump;
	struct io_deadline wake;
	struct check_look_progress progress;
};

/* One connection of an entry's, wanted or under way. */
struct lane {
	struct check_look_entry *entry;
	bool is_used;
	struct check_want want;
	struct check_ask ask;
	struct tls_record records[POLICY_TLSA_MAX]; /* of the entry, for expected */
	struct tls_expectation expected;
	struct check_probe *probe;
};

struct check_look_entry {
	struct check_look *look;
	struct check_look_entry *next_in_place, *next_kept;
	struct check_look_asker *askers;
	bool is_kept;
	bool is_told_now; /* askers are being told: it lives */
	bool is_done;
	uint64_t done_ms;
	struct check_endpoint endpoint;
	struct check_plan plan;
	struct policy_tlsa *records;
	size_t record_count;
	char *tlsa_base;
	char *names[TLS_PROOF_NAMES_MAX - 1];
	size_t name_count;
	struct tls_ticket *ticket;
	struct lane lanes[LANES_MAX];
	unsigned under_way;
	uint64_t since_ms; /* the first of them began */
	uint32_t left_ms;  /* of its time */
	struct io_deadline late;
	struct io_later tell;
};

#define MEMBER_OF(type, member, at) ((type *)((char *)(at)-offsetof(type, member)))

static void entry_pump(struct check_look_entry *entry);

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
		.kept_max = 2000,
	};
}

/* --- A lane --- */

static void lane_close(struct lane *lane)
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

static void clock_stop(struct check_look_entry *entry)
{
	struct check_look *look = entry->look;
	look->progress.under_way--;
	if (--entry->under_way)
		return;
	uint64_t used = io_loop_now_ms(look->loop) - entry->since_ms;
	entry->left_ms = used < entry->left_ms ? entry->left_ms - (uint32_t)used : 1;
	io_deadline_disarm(&entry->late);
}

static void heard_fill(struct check_heard *ret_heard, struct lane *lane)
{
	struct check_probe *probe = lane->probe;
	*ret_heard = (struct check_heard){
		.end = check_probe_end(probe),
		.why = check_probe_why(probe),
		.opening = check_probe_opening(probe),
		.answer = lane->ask.is_visit ? NULL : check_probe_answer(probe),
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

static int lane_hear(struct lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	struct check_heard heard;
	heard_fill(&heard, lane);
	if (heard.end != CHECK_PROBE_TLS && heard.end != CHECK_PROBE_NO_TLS) {
		if (is_refusal(entry, heard.end))
			check_budget_refused(entry->look->budget, &lane->want,
			                     io_loop_now_ms(entry->look->loop));
		check_plan_lose(&entry->plan, lane->ask.step, &heard);
		return 0;
	}
	int r = check_plan_hear(&entry->plan, lane->ask.step, &heard);
	if (!r && lane->ask.step == CHECK_STEP_HANDSHAKE && !entry->ticket)
		entry->ticket = TAKE(check_probe_seen(lane->probe)->ticket);
	return err_up(r);
}

static void entry_stop(struct check_look_entry *entry, const char *why);

static void on_probe_end(void *owner)
{
	struct lane *lane = owner;
	struct check_look_entry *entry = lane->entry;
	int r = lane_hear(lane);
	lane_close(lane);
	clock_stop(entry);
	if (r)
		entry_stop(entry, "out of memory");
	else
		entry_pump(entry);
	io_later_add(entry->look->loop, &entry->look->pump);
}

/* --- Starting a connection --- */

static int hello_write(const struct check_ask *ask, struct buf *out)
{
	uint8_t random[TLS_OFFER_RANDOM_LEN];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_raise(-EIO);
	return ask->is_ssl2 ? err_up(tls_offer_write_ssl2(random, out))
	                    : err_up(tls_offer_write(&ask->offer, random, out));
}

/* The probe borrows it until the connection ends. */
static void expectation_fill(struct lane *lane)
{
	struct tls_expectation *ret_expected = &lane->expected;
	struct tls_record *records = lane->records;
	const struct check_look_entry *entry = lane->entry;
	const char *sni = entry->tlsa_base ?: entry->plan.sni;
	*ret_expected = (struct tls_expectation){
		.sni = lane->ask.has_no_sni ? NULL : sni,
		.host = entry->endpoint.host,
		.records = records,
		.record_count = entry->record_count,
	};
	for (size_t i = 0; i < entry->record_count; i++)
		records[i] = (struct tls_record){
			.usage = entry->records[i].usage,
			.selector = entry->records[i].selector,
			.matching = entry->records[i].matching,
			.data = slice_of(entry->records[i].data, entry->records[i].len),
		};
	if (sni)
		ret_expected->names[ret_expected->name_count++] = sni;
	for (size_t i = 0; i < entry->name_count; i++)
		ret_expected->names[ret_expected->name_count++] = entry->names[i];
}

static int probe_start(struct lane *lane, struct slice hello)
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
		.visit = { .hops = look->hops,
		           .expected = &lane->expected,
		           .tls = ask->tls,
		           .renegotiations_max = ask->renegotiations_max },
		.on_end = on_probe_end,
		.owner = lane,
	};
	set.visit.tls.ticket = ask->resumes ? entry->ticket : NULL;
	return err_up(check_probe_new(&lane->probe, look->loop, &set));
}

static void lane_start(struct lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	struct buf hello = {};
	int r = lane->ask.is_visit ? 0 : hello_write(&lane->ask, &hello);
	if (!r)
		r = probe_start(lane, buf_slice(&hello));
	buf_deinit(&hello);
	if (!r) {
		clock_start(entry);
		return;
	}
	entry_stop(entry, "out of memory");
}

static void on_pump(struct io_later *later)
{
	struct check_look *look = MEMBER_OF(struct check_look, pump, later);
	struct check_want *want;
	uint32_t wait_ms;
	while ((want = check_budget_next(look->budget, io_loop_now_ms(look->loop), &wait_ms)))
		lane_start(MEMBER_OF(struct lane, want, want));
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

static void entry_close(struct check_look_entry *entry)
{
	for (size_t i = 0; i < LANES_MAX; i++) {
		bool was_under_way = entry->lanes[i].probe;
		lane_close(&entry->lanes[i]);
		if (was_under_way)
			clock_stop(entry);
	}
	io_deadline_disarm(&entry->late);
	check_plan_deinit(&entry->plan);
	tls_ticket_free(entry->ticket);
	entry->ticket = NULL;
}

static void entry_done(struct check_look_entry *entry)
{
	if (entry->is_done)
		return;
	entry->is_done = true;
	entry->done_ms = io_loop_now_ms(entry->look->loop);
	entry_close(entry);
	entry->look->progress.done++;
	io_later_add(entry->look->loop, &entry->tell);
}

static void entry_stop(struct check_look_entry *entry, const char *why)
{
	if (entry->is_done)
		return;
	check_plan_stop(&entry->plan, why);
	entry_done(entry);
}

static void on_entry_late(struct io_deadline *d)
{
	struct check_look_entry *entry = MEMBER_OF(struct check_look_entry, late, d);
	entry_stop(entry, "no time was left");
	io_later_add(entry->look->loop, &entry->look->pump);
}

static struct lane *lane_free(struct check_look_entry *entry)
{
	unsigned count = entry->look->set.budget.at_a_time;
	for (size_t i = 0; i < LANES_MAX && i < count; i++)
		if (!entry->lanes[i].is_used)
			return &entry->lanes[i];
	return NULL;
}

static int lane_want(struct lane *lane)
{
	struct check_look_entry *entry = lane->entry;
	lane->is_used = true;
	snprintf(lane->want.address, sizeof(lane->want.address), "%s", entry->endpoint.address);
	lane->want.port = entry->endpoint.port;
	return err_up(check_budget_want(entry->look->budget, &lane->want));
}

/* As many connections as the plan has use for, and the budget might grant. */
static void entry_pump(struct check_look_entry *entry)
{
	struct lane *lane;
	int r = 0;
	while (!r && !entry->is_done && (lane = lane_free(entry))) {
		r = check_plan_next(&entry->plan, &lane->ask);
		if (r == CHECK_PLAN_WAIT)
			return;
		if (r == CHECK_PLAN_DONE) {
			entry_done(entry);
			return;
		}
		if (!r)
			r = lane_want(lane);
	}
	if (r)
		entry_stop(entry, "out of memory");
}

static struct check_look_entry **place_of(struct check_look *look, const char *address)
{
	return &look->places[hash_place(hash_name(HASH_START, address), PLACES)];
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
		entry_close(entry);
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
	entry->late.fn = on_entry_late;
	entry->tell.fn = on_tell;
	look->rank++;
	for (size_t i = 0; i < LANES_MAX; i++) {
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
	entry_pump(entry);
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
	for (size_t i = 0; i < PLACES; i++)
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
