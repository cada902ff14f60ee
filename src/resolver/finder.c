#include "resolver/finder.h"

#include "ask/way.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "io/loop.h"
#include "resolver/policies.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

enum { PLACES = 1024 };

struct finder_wish {
	struct finder_wish *next, *prev;
	struct search *search;
	finder_fn *fn;
	void *owner;
};

/* One domain. It goes on to its end when nobody wishes for it any more: the caches learn. */
struct search {
	struct search *next;
	struct finder *finder;
	struct finder_wish wishes; /* a ring, this is its head */
	struct way *way;
	struct policies_question *question;
	const struct policy_way *way_facts; /* once they are there */
	const struct policy_sts_facts *sts_facts;
	struct io_later end;
	bool is_host;
	char domain[POLICY_WAY_NAME_CAP];
};

struct finder {
	struct io_loop *loop;
	struct lookup *lookup;
	struct policies *policies;
	uint64_t seed;
	size_t open;
	struct search *places[PLACES];
};

static struct search **place_of(struct finder *f, const char *domain)
{
	return &f->places[hash_place(hash_name(f->seed, domain), PLACES)];
}

static void search_free(struct search *s)
{
	struct search **at = place_of(s->finder, s->domain);
	while (*at && *at != s)
		at = &(*at)->next;
	if (*at) {
		*at = s->next;
		s->finder->open--;
	}
	io_later_remove(s->finder->loop, &s->end);
	way_free(s->way);
	policies_question_free(s->question);
	free(s);
}

/* Each wish is taken out before it is told: its owner may free others, and make new ones. */
static void on_end(struct io_later *later)
{
	struct search *s = (struct search *)((char *)later - offsetof(struct search, end));
	struct finder_wish *head = &s->wishes;
	while (head->next != head) {
		struct finder_wish *w = head->next;
		head->next = w->next;
		w->next->prev = head;
		w->search = NULL;
		w->fn(w->owner, s->way_facts, s->sts_facts);
	}
	search_free(s);
}

static void end_if_whole(struct search *s)
{
	if (s->way_facts && s->sts_facts)
		io_soon_add(s->finder->loop, &s->end);
}

static void on_way(void *owner, const struct policy_way *facts)
{
	struct search *s = owner;
	s->way_facts = facts;
	end_if_whole(s);
}

static void on_sts(void *owner, const struct policy_sts_facts *facts)
{
	struct search *s = owner;
	s->sts_facts = facts;
	end_if_whole(s);
}

static int search_new(struct search **ret_s, struct finder *f, const char *domain, bool is_host)
{
	static const struct policy_sts_facts none;
	if (f->open == FINDER_SEARCHES_MAX)
		return FINDER_BUSY;
	struct search *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->finder = f;
	s->end.fn = on_end;
	s->wishes.next = s->wishes.prev = &s->wishes;
	snprintf(s->domain, sizeof(s->domain), "%s", domain);
	s->is_host = is_host;
	if (is_host)
		s->sts_facts = &none;
	int r = way_new(&s->way, f->lookup, domain, is_host, on_way, s);
	if (!r && !is_host)
		r = policies_ask(&s->question, f->policies, domain, on_sts, s);
	if (r) {
		search_free(s);
		return err_up(r);
	}
	struct search **at = place_of(f, domain);
	s->next = *at;
	*at = s;
	f->open++;
	*ret_s = s;
	return 0;
}

int finder_wish(struct finder_wish **ret_wish, struct finder *f, const char *domain, bool is_host,
                finder_fn *fn, void *owner)
{
	struct finder_wish *w = calloc(1, sizeof(*w));
	if (!w)
		return err_raise(-ENOMEM);
	struct search *s = *place_of(f, domain);
	while (s && (s->is_host != is_host || strcmp(s->domain, domain) != 0))
		s = s->next;
	int r = s ? 0 : search_new(&s, f, domain, is_host);
	if (r) {
		free(w);
		return r < 0 ? err_up(r) : r;
	}
	*w = (struct finder_wish){
		.next = &s->wishes, .prev = s->wishes.prev, .search = s, .fn = fn, .owner = owner
	};
	w->prev->next = w;
	s->wishes.prev = w;
	*ret_wish = w;
	return 0;
}

void finder_wish_free(struct finder_wish *w)
{
	if (!w)
		return;
	if (w->search) {
		w->prev->next = w->next;
		w->next->prev = w->prev;
	}
	free(w);
}

int finder_new(struct finder **ret_f, struct io_loop *loop, struct lookup *lookup,
               struct policies *policies)
{
	struct finder *f = calloc(1, sizeof(*f));
	if (!f)
		return err_raise(-ENOMEM);
	f->loop = loop;
	f->lookup = lookup;
	f->policies = policies;
	if (getrandom(&f->seed, sizeof(f->seed), 0) != sizeof(f->seed))
		f->seed = HASH_START;
	*ret_f = f;
	return 0;
}

void finder_free(struct finder *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < PLACES; i++)
		while (f->places[i])
			search_free(f->places[i]);
	free(f);
}

size_t finder_open(const struct finder *f)
{
	return f->open;
}
