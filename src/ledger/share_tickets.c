/*
 * Keys of TLS tickets, the same at all nodes: one for each twelve hours of the clock, made by
 * whoever is the first to want it (SET NX), so nobody has to lead. Each node looks again and
 * again: where the store lost one, the one that is in use is put there; where another is there, it
 * is taken.
 */
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "ledger/share_inside.h"
#include "proc/msg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	BUCKET_S = 12 * 3600,
	KEEP_S = 2 * BUCKET_S + 3600, /* current, previous, and clocks that differ */
	KEYS = 2,
};

/* One of the two. */
struct ticket {
	struct share *share;
	int64_t bucket; /* 0: none yet */
	bool is_known;  /* bytes are what the store has, or had */
	bool is_asked;
	uint8_t bytes[PROC_TICKET_KEY_LEN];
};

struct share_tickets {
	struct ticket tickets[KEYS]; /* current, previous */
	uint8_t told[KEYS * PROC_TICKET_KEY_LEN];
};

/* Both are there: those who use them hear of what is new. */
static void tell(struct share *s)
{
	struct share_tickets *all = s->tickets;
	uint8_t keys[KEYS * PROC_TICKET_KEY_LEN];
	for (size_t i = 0; i < KEYS; i++) {
		if (!all->tickets[i].is_known)
			return;
		memcpy(keys + i * PROC_TICKET_KEY_LEN, all->tickets[i].bytes, PROC_TICKET_KEY_LEN);
	}
	if (memcmp(keys, all->told, sizeof(keys)) != 0) {
		memcpy(all->told, keys, sizeof(keys));
		s->set.on_tickets(s->set.owner, slice_of(keys, sizeof(keys)));
	}
	explicit_bzero(keys, sizeof(keys));
}

static struct share_key key_of(const struct ticket *t)
{
	char name[40];
	snprintf(name, sizeof(name), "ticket:%" PRId64, t->bucket);
	return share_key_of(t->share, name);
}

/* What SET said does not matter: what is there is asked in the next turn, or now. */
static void on_made(void *owner, const struct cluster_value *answer);

/* has_rubbish: something else is in its place. */
static void make(struct ticket *t, bool has_rubbish)
{
	struct share_key key = key_of(t);
	char keep[16];
	snprintf(keep, sizeof(keep), "%d", KEEP_S);
	const struct slice words[] = {
		slice_str("SET"), slice_str(key.text), slice_of(t->bytes, sizeof(t->bytes)),
		slice_str("EX"),  slice_str(keep),     slice_str("NX")
	};
	if (!t->is_known && getrandom(t->bytes, sizeof(t->bytes), 0) != sizeof(t->bytes)) {
		share_complain(t->share, "no random bytes for ticket keys", -EIO);
		return;
	}
	t->is_asked = share_ask(t->share, words, COUNT_OF(words) - has_rubbish, on_made, t);
}

static void on_there(void *owner, const struct cluster_value *answer)
{
	struct ticket *t = owner;
	t->is_asked = false;
	if (!answer)
		return;
	if (answer->kind == CLUSTER_NIL) {
		make(t, false);
		return;
	}
	if (answer->kind != CLUSTER_TEXT || answer->text.len != sizeof(t->bytes)) {
		make(t, true);
		return;
	}
	memcpy(t->bytes, answer->text.data, sizeof(t->bytes));
	t->is_known = true;
	tell(t->share);
}

static void look(struct ticket *t)
{
	struct share_key key = key_of(t);
	const struct slice words[] = { slice_str("GET"), slice_str(key.text) };
	if (!t->is_asked)
		t->is_asked = share_ask(t->share, words, COUNT_OF(words), on_there, t);
}

static void on_made(void *owner, const struct cluster_value *answer)
{
	struct ticket *t = owner;
	t->is_asked = false;
	if (answer && answer->kind != CLUSTER_ERROR)
		look(t);
}

/* The clock went on: the current one is the previous, if it is of the right hours. */
static void bucket_set(struct share *s, int64_t bucket)
{
	struct ticket *t = s->tickets->tickets;
	if (t[0].bucket == bucket || t[0].is_asked || t[1].is_asked)
		return;
	if (t[0].bucket == bucket - 1)
		t[1] = t[0];
	else
		t[1] = (struct ticket){ .share = s, .bucket = bucket - 1 };
	t[0] = (struct ticket){ .share = s, .bucket = bucket };
}

void share_tickets_go(struct share *s)
{
	bucket_set(s, time(NULL) / BUCKET_S);
	for (size_t i = 0; i < KEYS; i++)
		look(&s->tickets->tickets[i]);
}

int share_tickets_new(struct share *s)
{
	s->tickets = calloc(1, sizeof(*s->tickets));
	return s->tickets ? 0 : err_raise(-ENOMEM);
}

void share_tickets_free(struct share_tickets *t)
{
	if (!t)
		return;
	explicit_bzero(t, sizeof(*t));
	free(t);
}
