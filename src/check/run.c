#include "check/run.h"

#include "ask/way.h"
#include "base/clean.h"
#include "base/err.h"
#include "check/discover.h"
#include "check/grade.h"
#include "check/judge.h"
#include "check/web.h"
#include "io/address.h"
#include "io/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A place of a domain: its endpoint, and for https what a browser sees. */
struct run_slot {
	struct run_job *job;
	struct check_place place;
	struct check_look_asker asker;
	struct check_endpoint *endpoint; /* NULL: not there yet */
	struct check_web_look *web_look;
	struct check_web web;
};

/* One domain, or one endpoint. */
struct run_job {
	struct check_result result; /* first: the owner frees it by that */
	struct check_run *run;      /* NULL: it is the owner's */
	struct run_job *next;
	struct check_discovery *discovery;
	struct way *way;
	bool is_host;
	char name[POLICY_WAY_NAME_CAP]; /* else */
	struct check_place host;        /* is_host */
	struct run_slot *slots;
	unsigned slot_count, pending;
	struct io_deadline late;
	check_run_fn *fn;
	void *owner;
};

/* One that waits: a list may have a million, and what is known of a domain takes 70 KB. */
struct run_wish {
	struct run_wish *next;
	check_run_fn *fn;
	void *owner;
	struct check_place *host; /* NULL: a domain */
	char name[];              /* else */
};

struct check_run {
	struct check_run_settings set;
	struct run_wish *waiting, **waiting_end;
	struct run_job *busy;
	unsigned waiting_count, busy_count;
	struct io_later turn; /* jobs begin, and end, in a turn of their own */
	struct run_job *done;
};

static void turn_wanted(struct check_run *run)
{
	io_soon_add(run->set.loop, &run->turn);
}

static void job_free(struct run_job *job)
{
	if (!job)
		return;
	io_deadline_disarm(&job->late);
	check_discover_free(job->discovery);
	way_free(job->way);
	check_report_deinit(&job->result.report);
	for (unsigned i = 0; i < job->slot_count; i++) {
		check_web_free(job->slots[i].web_look);
		if (job->slots[i].asker.entry)
			check_look_forget(job->run->set.look, &job->slots[i].asker);
	}
	free(job->slots);
	check_domain_deinit(&job->result.domain);
	free(job);
}

void check_result_free(struct check_result *result)
{
	job_free((struct run_job *)result);
}

/* Out of the list of those that are busy. */
static void job_leave(struct run_job *job)
{
	struct run_job **at = &job->run->busy;
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job->run->busy_count--;
}

static void only_keep(const struct check_run *run, struct check_report *report)
{
	size_t kept = 0;
	if (!run->set.only)
		return;
	for (size_t i = 0; i < report->count; i++) {
		bool is_wanted = false;
		for (const char *const *id = run->set.only; *id; id++)
			is_wanted |= !strcmp(*id, report->findings[i].criterion->id);
		if (is_wanted)
			report->findings[kept++] = report->findings[i];
	}
	report->count = kept;
	check_grade(report);
}

/* As --host takes it. */
static void asked_write(struct run_job *job)
{
	struct check_domain *d = &job->result.domain;
	const struct check_place *p = &job->host;
	bool is_v6 = strchr(p->host, ':');
	if (job->is_host)
		snprintf(d->asked, sizeof(d->asked), "%s%s%s:%u/%s", is_v6 ? "[" : "", p->host,
		         is_v6 ? "]" : "", p->port, check_service_name(p->service));
	else
		snprintf(d->asked, sizeof(d->asked), "%s", job->name);
}

/* All is known that is to be known. */
static void job_judge(struct run_job *job)
{
	struct check_domain *d = &job->result.domain;
	struct check_run *run = job->run;
	d->is_mine = run->set.is_mine;
	for (unsigned i = 0; i < job->slot_count; i++)
		if (job->slots[i].endpoint)
			d->endpoints[d->endpoint_count++] = job->slots[i].endpoint;
	d->at_s = time(NULL);
	asked_write(job);
	job_leave(job);
	if (check_judge(d, run->set.profile, &job->result.report)) {
		job->fn(job->owner, NULL);
		job_free(job);
	} else {
		only_keep(run, &job->result.report);
		job->fn(job->owner, &job->result);
	}
}

static void job_end(struct run_job *job)
{
	io_deadline_disarm(&job->late);
	/* Not from inside whoever told. */
	job_leave(job);
	job->next = job->run->done;
	job->run->done = job;
	job->run->busy_count++;
	turn_wanted(job->run);
}

static void job_settle(struct run_job *job)
{
	if (!--job->pending)
		job_end(job);
}

/* What is not done is left out, however many tarpits a stranger has. */
static void on_job_late(struct io_deadline *d)
{
	struct run_job *job = (struct run_job *)((char *)d - offsetof(struct run_job, late));
	if (!job->pending)
		return; /* not even its places are known: that ends by itself */
	for (unsigned i = 0; i < job->slot_count; i++) {
		struct run_slot *slot = &job->slots[i];
		check_web_free(TAKE(slot->web_look));
		if (slot->endpoint)
			continue;
		check_look_forget(job->run->set.look, &slot->asker);
		job->result.domain.endpoints_left_out++;
	}
	job->pending = 0;
	job_end(job);
}

static void on_web(void *owner)
{
	struct run_slot *slot = owner;
	slot->endpoint->web = slot->web;
	job_settle(slot->job);
}

static bool wants_web(const struct run_slot *slot)
{
	return slot->place.service == CHECK_HTTPS && slot->endpoint->reach == CHECK_OPEN &&
	       !slot->job->is_host;
}

static void on_endpoint(struct check_look_asker *asker, struct check_endpoint *endpoint)
{
	struct run_slot *slot = asker->owner;
	struct check_web_settings web = {
		.fetch = slot->job->run->set.fetch,
		.host = slot->place.host,
		.address = slot->place.address,
		.facts = &slot->web,
	};
	slot->endpoint = endpoint;
	if (!wants_web(slot) || check_web_new(&slot->web_look, &web, on_web, slot))
		job_settle(slot->job);
}

static const struct policy_way_host *way_host(const struct run_job *job, const char *name)
{
	const struct policy_way *way = &job->result.domain.way;
	for (size_t i = 0; i < way->host_count; i++)
		if (!strcmp(way->hosts[i].name, name))
			return &way->hosts[i];
	return NULL;
}

/* Records that a sender would go by; ret_used has room for all. */
static size_t records_choose(const struct policy_way_host *host, struct policy_tlsa *ret_used)
{
	bool is_used[POLICY_TLSA_MAX] = {};
	size_t count = 0;
	if (!host->facts.was_asked || host->facts.tlsa != POLICY_DNS_SECURE)
		return 0;
	policy_tlsa_choose(host->tlsa, host->tlsa_count, is_used);
	for (size_t i = 0; i < host->tlsa_count; i++)
		if (is_used[i])
			ret_used[count++] = host->tlsa[i];
	return count;
}

static int slot_ask(struct run_slot *slot)
{
	struct policy_tlsa used[POLICY_TLSA_MAX];
	const struct run_job *job = slot->job;
	const struct policy_way_host *host =
		slot->place.service == CHECK_SMTP ? way_host(job, slot->place.host) : NULL;
	struct check_look_target target = {
		.host = slot->place.host,
		.address = slot->place.address,
		.port = slot->place.port,
		.service = slot->place.service,
		.records = used,
	};
	if (host) {
		target.record_count = records_choose(host, used);
		target.tlsa_base = host->base[0] ? host->base : NULL;
		/* RFC 7672 3.2.2 */
		if (job->result.domain.name[0] && job->result.domain.way.mx == POLICY_DNS_SECURE)
			target.names[target.name_count++] = job->result.domain.name;
	}
	slot->asker.fn = on_endpoint;
	slot->asker.owner = slot;
	return err_up(check_look_endpoint(job->run->set.look, &target, &slot->asker));
}

static bool is_of_family(const struct check_run *run, const char *address)
{
	return strchr(address, ':') ? !run->set.no_v6 : !run->set.no_v4;
}

static void slots_fill(struct run_job *job, const struct check_place *places, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (is_of_family(job->run, places[i].address))
			job->slots[job->slot_count++] =
				(struct run_slot){ .job = job, .place = places[i] };
}

/* No memory shows as a job without endpoints. */
static void slots_begin(struct run_job *job, const struct check_place *places, unsigned count)
{
	job->pending = 1; /* us */
	job->slots = calloc(count + 1, sizeof(*job->slots));
	if (job->slots)
		slots_fill(job, places, count);
	if (job->slots && job->is_host && count && !job->slot_count)
		snprintf(job->result.domain.why, sizeof(job->result.domain.why),
		         "%.100s has no address of the family that is wished", job->host.host);
	if (!job->slots)
		snprintf(job->result.domain.why, sizeof(job->result.domain.why), "out of memory");
	for (unsigned i = 0; i < job->slot_count; i++) {
		job->pending++;
		if (slot_ask(&job->slots[i]))
			job->pending--;
	}
	job_settle(job);
}

static void on_discovered(void *owner, const struct check_places *places)
{
	struct run_job *job = owner;
	struct check_domain *d = &job->result.domain;
	d->endpoints_left_out = places->left_out;
	if (d->way.end == POLICY_WAY_NO_DOMAIN)
		snprintf(d->why, sizeof(d->why), "there is no such domain");
	slots_begin(job, places->list, places->count);
}

/* A host by itself: each of its addresses is a place. */
static void on_host_way(void *owner, const struct policy_way *facts)
{
	struct run_job *job = owner;
	struct check_domain *d = &job->result.domain;
	struct check_place places[POLICY_WAY_ADDRESSES_MAX];
	way_take(job->way, &d->way);
	const struct policy_way_host *host = way_host(job, job->host.host);
	unsigned count = host ? (unsigned)host->address_count : 0;
	for (unsigned i = 0; i < count; i++) {
		places[i] = job->host;
		strcpy(places[i].address, host->addresses[i]);
	}
	if (!count)
		snprintf(d->why, sizeof(d->why), "%.100s has no address%s%.100s", job->host.host,
		         host && host->why[0] ? ": " : "", host ? host->why : "");
	slots_begin(job, places, count);
}

static int host_begin(struct run_job *job)
{
	struct sockaddr_storage address;
	if (!io_address_take(job->host.host, job->host.port, &address))
		return err_up(way_new(&job->way, job->run->set.lookup, job->host.host, true,
		                      on_host_way, job));
	slice_to_text(slice_str(job->host.host), job->host.address, sizeof(job->host.address));
	slots_begin(job, &job->host, 1);
	return 0;
}

static int job_begin(struct run_job *job)
{
	const struct check_run *run = job->run;
	const struct check_discover_settings set = {
		.loop = run->set.loop,
		.lookup = run->set.lookup,
		.fetch = run->set.fetch,
		.refuses_private = run->set.refuses_private,
		.refuses_inside = run->set.refuses_inside,
		.family = run->set.no_v4   ? AF_INET6
		          : run->set.no_v6 ? AF_INET
		                           : AF_UNSPEC,
	};
	if (job->is_host)
		return err_up(host_begin(job));
	return err_up(check_discover_new(&job->discovery, &set, job->name, &job->result.domain,
	                                 on_discovered, job));
}

static void wish_free(struct run_wish *wish)
{
	if (wish)
		free(wish->host);
	free(wish);
}

static struct run_wish *wish_take(struct check_run *run)
{
	struct run_wish *wish = run->waiting;
	run->waiting = wish->next;
	if (!run->waiting)
		run->waiting_end = &run->waiting;
	run->waiting_count--;
	return wish;
}

/* Among those that are busy. NULL: no memory. */
static struct run_job *job_new(struct check_run *run, const struct run_wish *wish)
{
	struct run_job *job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	job->run = run;
	job->fn = wish->fn;
	job->owner = wish->owner;
	job->late.fn = on_job_late;
	job->is_host = wish->host;
	if (wish->host)
		job->host = *wish->host;
	snprintf(job->name, sizeof(job->name), "%s", wish->name);
	job->next = run->busy;
	run->busy = job;
	run->busy_count++;
	if (run->set.deadline_ms)
		io_deadline_arm(run->set.loop, &job->late, run->set.deadline_ms);
	return job;
}

static void begin_more(struct check_run *run)
{
	while (run->waiting && run->busy_count < run->set.at_once) {
		struct run_wish *wish = wish_take(run);
		struct run_job *job = job_new(run, wish);
		bool has_begun = job && !job_begin(job);
		if (job && !has_begun) {
			job_leave(job);
			job_free(job);
		}
		if (!has_begun)
			wish->fn(wish->owner, NULL);
		wish_free(wish);
	}
}

static void on_turn(struct io_later *l)
{
	struct check_run *run = (struct check_run *)((char *)l - offsetof(struct check_run, turn));
	while (run->done) {
		struct run_job *job = run->done;
		run->done = job->next;
		job->next = run->busy;
		run->busy = job;
		job_judge(job);
	}
	begin_more(run);
}

int check_run_new(struct check_run **ret_run, const struct check_run_settings *set)
{
	struct check_run *run = calloc(1, sizeof(*run));
	if (!run)
		return err_raise(-ENOMEM);
	run->set = *set;
	if (!run->set.at_once)
		run->set.at_once = CHECK_RUN_DOMAINS;
	run->waiting_end = &run->waiting;
	run->turn.fn = on_turn;
	*ret_run = run;
	return 0;
}

static void jobs_free(struct run_job *job)
{
	while (job) {
		struct run_job *next = job->next;
		job_free(job);
		job = next;
	}
}

void check_run_free(struct check_run *run)
{
	if (!run)
		return;
	io_later_remove(run->set.loop, &run->turn);
	while (run->waiting)
		wish_free(wish_take(run));
	jobs_free(run->busy);
	jobs_free(run->done);
	free(run);
}

static struct run_wish *wish_new(const char *name, check_run_fn *fn, void *owner)
{
	struct run_wish *wish = calloc(1, sizeof(*wish) + strlen(name) + 1);
	if (!wish)
		return NULL;
	wish->fn = fn;
	wish->owner = owner;
	memcpy(wish->name, name, strlen(name));
	return wish;
}

static void wish_add(struct check_run *run, struct run_wish *wish)
{
	*run->waiting_end = wish;
	run->waiting_end = &wish->next;
	run->waiting_count++;
	turn_wanted(run);
}

int check_run_domain(struct check_run *run, const char *name, check_run_fn *fn, void *owner)
{
	struct run_wish *wish = wish_new(name, fn, owner);
	if (!wish)
		return err_raise(-ENOMEM);
	wish_add(run, wish);
	return 0;
}

int check_run_host(struct check_run *run, const struct check_place *place, check_run_fn *fn,
                   void *owner)
{
	struct run_wish *wish = wish_new("", fn, owner);
	if (wish)
		wish->host = malloc(sizeof(*wish->host));
	if (!wish || !wish->host) {
		wish_free(wish);
		return err_raise(-ENOMEM);
	}
	*wish->host = *place;
	wish_add(run, wish);
	return 0;
}

static bool is_of(const struct run_job *job, const char *name)
{
	return !job->is_host && !strcmp(job->name, name);
}

static bool waiting_progress(const struct check_run *run, const char *name,
                             struct check_run_progress *ret)
{
	*ret = (struct check_run_progress){ .is_waiting = true };
	for (const struct run_wish *wish = run->waiting; wish; wish = wish->next, ret->before++)
		if (!wish->host && !strcmp(wish->name, name))
			return true;
	return false;
}

static unsigned slots_done(const struct run_job *job)
{
	unsigned done = 0;
	for (unsigned i = 0; i < job->slot_count; i++)
		done += job->slots[i].endpoint != NULL;
	return done;
}

bool check_run_progress(const struct check_run *run, const char *name,
                        struct check_run_progress *ret_progress)
{
	const struct run_job *lists[] = { run->busy, run->done };
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (const struct run_job *job = lists[i]; job; job = job->next)
			if (is_of(job, name)) {
				*ret_progress = (struct check_run_progress){
					.endpoint_count = job->slot_count, .done = slots_done(job)
				};
				return true;
			}
	return waiting_progress(run, name, ret_progress);
}

unsigned check_run_waiting(const struct check_run *run)
{
	return run->waiting_count;
}

unsigned check_run_busy(const struct check_run *run)
{
	return run->busy_count;
}
