/* One domain, or one endpoint: from discovery over its places to the verdict. */
#include "check/run_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/grade.h"
#include "check/judge.h"
#include "io/address.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void check_job_free(struct run_job *job)
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

void check_job_leave(struct run_job *job)
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

void check_job_judge(struct run_job *job)
{
	struct check_domain *d = &job->result.domain;
	struct check_run *run = job->run;
	d->is_mine = run->set.is_mine;
	for (unsigned i = 0; i < job->slot_count; i++)
		if (job->slots[i].endpoint)
			d->endpoints[d->endpoint_count++] = job->slots[i].endpoint;
	d->at_s = time(NULL);
	asked_write(job);
	check_job_leave(job);
	if (check_judge(d, run->set.profile, &job->result.report)) {
		job->fn(job->owner, NULL);
		check_job_free(job);
	} else {
		only_keep(run, &job->result.report);
		job->fn(job->owner, &job->result);
	}
}

static void job_end(struct run_job *job)
{
	io_deadline_disarm(&job->late);
	/* Not from inside whoever told. */
	check_job_leave(job);
	job->next = job->run->done;
	job->run->done = job;
	job->run->busy_count++;
	check_run_turn(job->run);
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

int check_job_begin(struct run_job *job)
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

struct run_job *check_job_new(struct check_run *run, const struct run_wish *wish)
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
