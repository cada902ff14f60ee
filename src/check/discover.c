#include "check/discover_private.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static void finish(struct check_discovery *d)
{
	io_deadline_disarm(&d->late);
	check_discover_hosts_settle(d);
	check_places_find(&d->places, d->facts, d->addresses, d->named, d->named_count);
	d->facts->endpoints_left_out = d->places.left_out;
	d->fn(d->owner, &d->places); /* d may be gone */
}

static void one_ended(struct check_discovery *d)
{
	if (!--d->open)
		finish(d);
}

static struct check_task *task_new(struct check_discovery *d, void *subject, unsigned number)
{
	struct check_task *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->discovery = d;
	t->subject = subject;
	t->number = number;
	t->next = &d->tasks;
	t->prev = d->tasks.prev;
	t->prev->next = t->next->prev = t;
	d->open++;
	return t;
}

static void task_free(struct check_task *t)
{
	lookup_question_free(t->question);
	fetch_request_free(t->request);
	t->prev->next = t->next;
	t->next->prev = t->prev;
	free(t);
}

static void task_end(struct check_task *t)
{
	struct check_discovery *d = t->discovery;
	task_free(t);
	one_ended(d);
}

static void on_answer(void *owner, const struct lookup_answer *answer)
{
	struct check_task *t = owner;
	t->on_answer(t, answer);
	task_end(t);
}

static void on_page(void *owner, const struct fetch_page *page)
{
	struct check_task *t = owner;
	t->on_page(t, page);
	task_end(t);
}

/* It did not even begin: somebody else is open still, the caller. */
static void task_give_up(struct check_task *t)
{
	t->discovery->open--;
	task_free(t);
}

void check_task_ask(struct check_discovery *d, const char *name, enum dns_type type,
                    check_answer_fn *fn, void *subject, unsigned number)
{
	struct check_task *t = task_new(d, subject, number);
	if (!t)
		return;
	t->on_answer = fn;
	snprintf(t->name, sizeof(t->name), "%s", name);
	if (lookup_ask(&t->question, d->set.lookup, t->name, type, on_answer, t))
		task_give_up(t);
}

void check_task_get(struct check_discovery *d, const struct fetch_page_wish *wish,
                    check_page_fn *fn, void *subject, unsigned number)
{
	struct check_task *t = task_new(d, subject, number);
	if (!t)
		return;
	t->on_page = fn;
	if (fetch_page_get(&t->request, d->set.fetch, wish, on_page, t))
		task_give_up(t);
}

static void on_way(void *owner, const struct policy_way *way)
{
	struct check_discovery *d = owner;
	(void)way;
	way_take(d->way, &d->facts->way);
	way_free(TAKE(d->way));
	if (!d->facts->is_late)
		check_discover_mx(d);
	one_ended(d);
}

static void on_sts(void *owner, const struct sts_result *result)
{
	struct check_discovery *d = owner;
	(void)result;
	sts_search_free(TAKE(d->sts));
	one_ended(d);
}

/* The record was there in time, or not even that. */
static void sts_hurry(struct check_discovery *d)
{
	struct policy_sts_facts *sts = &d->facts->sts;
	bool has_record = sts->id[0];
	sts_search_free(TAKE(d->sts));
	sts->state = has_record ? POLICY_STS_BROKEN : POLICY_STS_LOST;
	snprintf(sts->why, sizeof(sts->why), "%s: no answer in time",
	         has_record ? "the policy file could not be fetched"
	                    : "the record could not be looked up");
	d->open--;
}

/* What is open is given up. The caller of finish() is the last of them. */
static void on_late(struct io_deadline *late)
{
	struct check_discovery *d =
		(struct check_discovery *)((char *)late - offsetof(struct check_discovery, late));
	d->facts->is_late = true;
	d->open++; /* this one */
	while (d->tasks.next != &d->tasks)
		task_give_up(d->tasks.next);
	if (d->sts)
		sts_hurry(d);
	if (d->way)
		way_hurry(d->way);
	one_ended(d);
}

static int searches_begin(struct check_discovery *d, const char *domain)
{
	const struct sts_settings sts = { .lookup = d->set.lookup,
		                          .fetch = d->set.fetch,
		                          .domain = domain,
		                          .facts = &d->facts->sts };
	int r = way_new(&d->way, d->set.lookup, domain, false, on_way, d);
	if (r)
		return err_up(r);
	d->open++;
	r = sts_search_new(&d->sts, &sts, on_sts, d);
	if (r)
		return err_up(r);
	d->open++;
	return 0;
}

int check_discover_new(struct check_discovery **ret_discovery,
                       const struct check_discover_settings *set, const char *domain,
                       struct check_domain *facts, check_discover_fn *fn, void *owner)
{
	struct check_discovery *d = calloc(1, sizeof(*d));
	if (!d)
		return err_raise(-ENOMEM);
	d->set = *set;
	d->facts = facts;
	d->fn = fn;
	d->owner = owner;
	d->late.fn = on_late;
	d->tasks.next = d->tasks.prev = &d->tasks;
	snprintf(facts->name, sizeof(facts->name), "%s", domain);
	facts->at_s = time(NULL);
	facts->nsec3_iterations = -1;
	int r = searches_begin(d, domain);
	if (r) {
		check_discover_free(d);
		return err_up(r);
	}
	check_discover_documents_begin(d);
	check_discover_records(d);
	check_discover_habits(d);
	io_deadline_arm(set->loop, &d->late,
	                set->deadline_ms ? set->deadline_ms : CHECK_DISCOVER_MS);
	*ret_discovery = d;
	return 0;
}

void check_discover_free(struct check_discovery *d)
{
	if (!d)
		return;
	io_deadline_disarm(&d->late);
	while (d->tasks.next != &d->tasks)
		task_free(d->tasks.next);
	way_free(d->way);
	sts_search_free(d->sts);
	free(d);
}
