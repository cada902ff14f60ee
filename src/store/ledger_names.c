/* Who came with which ClientHello to which edge. */
#include "store/ledger_inside.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

/* In the table by edge and who, so that all hellos of one are found together. */
struct name {
	struct ledger_entry entry;
	const char *edge, *protocol, *version, *cipher, *kex; /* words */
	enum store_leg leg;
	bool is_user, is_stored;
	struct ledger_habit habit;                   /* with what is in the file */
	uint64_t sessions, refused, messages, bytes; /* to be added to it */
	enum store_seal seal;                        /* of these; NONE: they were refused */
	char software[STORE_TEXT_MAX + 1];
	char who[];
};

/* What is known of one at an edge. */
struct habits {
	struct ledger_habit of[STORE_LEDGER_HELLOS_EACH];
	size_t count;
};

static uint64_t hash_of(const struct store_ledger *l, const struct ledger_seen *seen)
{
	return ledger_hash(l, ledger_hash(l, 0, seen->edge), seen->who);
}

static bool is_of(const struct name *n, const struct ledger_seen *seen)
{
	return n->edge == seen->edge && !strcmp(n->who, seen->who);
}

static bool is_in_clear(const struct ledger_seen *seen)
{
	return seen->record->seal == STORE_SEAL_PLAIN || seen->record->seal == STORE_SEAL_LOCAL;
}

static uint64_t hello_of(const struct ledger_seen *seen)
{
	return is_in_clear(seen) ? 0 : seen->record->hello;
}

static struct name *find(const struct store_ledger *l, const struct ledger_seen *seen,
                         uint64_t hello)
{
	struct name *n = ledger_table_find(&l->names, hash_of(l, seen));
	while (n && !(is_of(n, seen) && n->habit.hello == hello))
		n = ledger_table_next(n);
	return n;
}

static int stored_habits_read(struct store_ledger *l, const struct ledger_seen *seen,
                              struct habits *habits)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_NAME_PAST);
	int step;
	ledger_bind_text(&b, seen->who);
	ledger_bind_text(&b, seen->edge);
	ledger_bind_number(&b, seen->is_user);
	ledger_bind_number(&b, COUNT_OF(habits->of));
	while ((step = sqlite3_step(b.at)) == SQLITE_ROW) {
		struct ledger_habit h = { .hello = (uint64_t)sqlite3_column_int64(b.at, 0),
			                  .sessions = (uint64_t)sqlite3_column_int64(b.at, 1),
			                  .refused = (uint64_t)sqlite3_column_int64(b.at, 2),
			                  .first_s = sqlite3_column_int64(b.at, 3),
			                  .last_s = sqlite3_column_int64(b.at, 4),
			                  .seal = (enum store_seal)sqlite3_column_int(b.at, 5) };
		if (!find(l, seen, h.hello))
			habits->of[habits->count++] = h;
	}
	sqlite3_reset(b.at);
	return step == SQLITE_DONE ? 0 : err_raise(-EIO);
}

static int habits_read(struct store_ledger *l, const struct ledger_seen *seen,
                       struct habits *habits)
{
	habits->count = 0;
	int r = stored_habits_read(l, seen, habits);
	for (const struct name *n = ledger_table_find(&l->names, hash_of(l, seen));
	     n && habits->count < COUNT_OF(habits->of); n = ledger_table_next(n))
		if (is_of(n, seen) && n->is_user == seen->is_user)
			habits->of[habits->count++] = n->habit;
	return err_up(r);
}

int ledger_name_past(struct store_ledger *l, const struct ledger_seen *seen,
                     struct ledger_past *ret_past)
{
	struct habits habits;
	struct ledger_past past = {};
	int r = habits_read(l, seen, &habits);
	for (size_t i = 0; i < habits.count; i++)
		ledger_past_add(&past, &habits.of[i], hello_of(seen));
	/* Others share the part of an address that is kept: that is not who was refused. */
	if (l->client_address != STORE_ADDRESS_FULL)
		past.refused_s = 0;
	*ret_past = past;
	return err_up(r);
}

/* The habit of one hello in the file. LEDGER_NO_ROW: none. */
static int stored_habit_read(struct store_ledger *l, const struct ledger_seen *seen,
                             struct ledger_habit *h)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_NAME_GET);
	ledger_bind_text(&b, seen->edge);
	ledger_bind_number(&b, (int64_t)h->hello);
	ledger_bind_text(&b, seen->who);
	int step = sqlite3_step(b.at);
	if (step == SQLITE_ROW) {
		h->sessions = (uint64_t)sqlite3_column_int64(b.at, 0);
		h->refused = (uint64_t)sqlite3_column_int64(b.at, 1);
		h->first_s = sqlite3_column_int64(b.at, 2);
		h->last_s = sqlite3_column_int64(b.at, 3);
		h->seal = (enum store_seal)sqlite3_column_int(b.at, 4);
	}
	sqlite3_reset(b.at);
	if (step == SQLITE_DONE)
		return LEDGER_NO_ROW;
	return step == SQLITE_ROW ? 0 : err_raise(-EIO);
}

/* One of so many hellos that another says nothing new. */
static int has_too_many(struct store_ledger *l, const struct ledger_seen *seen, bool *ret_has)
{
	struct habits habits;
	int r = habits_read(l, seen, &habits);
	*ret_has = habits.count == COUNT_OF(habits.of);
	return err_up(r);
}

static struct name *name_add(struct store_ledger *l, const struct ledger_seen *seen,
                             const struct ledger_habit *habit, bool is_stored)
{
	size_t len = strlen(seen->who) + 1;
	struct name *n = ledger_table_add(&l->names, hash_of(l, seen), sizeof(*n) + len);
	if (!n)
		return NULL;
	n->edge = seen->edge;
	n->is_stored = is_stored;
	n->habit = *habit;
	n->version = n->cipher = n->kex = ledger_word_none;
	memcpy(n->who, seen->who, len);
	return n;
}

static void name_count(struct name *n, const struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	struct ledger_habit *h = &n->habit;
	n->leg = r->leg;
	n->is_user = seen->is_user;
	n->protocol = seen->protocol;
	n->sessions++;
	n->refused += seen->is_refused;
	n->messages += r->messages;
	n->bytes += r->bytes_in + r->bytes_out;
	h->sessions++;
	h->refused += seen->is_refused;
	h->first_s = h->first_s && h->first_s < r->ended_s ? h->first_s : r->ended_s;
	h->last_s = h->last_s > r->ended_s ? h->last_s : r->ended_s;
	if (*seen->software)
		memcpy(n->software, seen->software, sizeof(n->software));
	if (r->seal == STORE_SEAL_NONE)
		return;
	h->seal = n->seal = r->seal;
	n->version = seen->version;
	n->cipher = seen->cipher;
	n->kex = seen->kex;
}

/* Of a session in which nothing came, or whose hello nobody told, there is nothing to learn. */
static bool has_name(const struct ledger_seen *seen)
{
	return seen->record->hello || is_in_clear(seen);
}

int ledger_name_note(struct store_ledger *l, const struct ledger_seen *seen, bool *ret_is_new)
{
	struct ledger_habit habit = { .hello = hello_of(seen) };
	bool has_many = false;
	*ret_is_new = false;
	if (!has_name(seen))
		return 0;
	struct name *n = find(l, seen, habit.hello);
	if (n) {
		name_count(n, seen);
		return 0;
	}
	int r = stored_habit_read(l, seen, &habit);
	bool is_stored = r != LEDGER_NO_ROW;
	if (!is_stored && habit.hello)
		r = has_too_many(l, seen, &has_many);
	if (has_many)
		return err_up(r);
	*ret_is_new = !is_stored;
	n = name_add(l, seen, &habit, is_stored);
	if (!n)
		return r < 0 ? err_up(r) : LEDGER_FULL;
	name_count(n, seen);
	return r == LEDGER_NO_ROW ? 0 : err_up(r);
}

static int name_write(struct store_ledger *l, const struct name *n)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_NAME_PUT);
	ledger_bind_text(&b, n->edge);
	ledger_bind_number(&b, (int64_t)n->habit.hello);
	ledger_bind_text(&b, n->who);
	ledger_bind_number(&b, n->is_user);
	ledger_bind_number(&b, n->leg);
	ledger_bind_text(&b, n->protocol);
	ledger_bind_number(&b, n->habit.first_s);
	ledger_bind_number(&b, n->habit.last_s);
	ledger_bind_number(&b, (int64_t)n->sessions);
	ledger_bind_number(&b, (int64_t)n->refused);
	ledger_bind_number(&b, (int64_t)n->messages);
	ledger_bind_number(&b, (int64_t)n->bytes);
	ledger_bind_number(&b, n->seal);
	ledger_bind_text(&b, n->version);
	ledger_bind_text(&b, n->cipher);
	ledger_bind_text(&b, n->kex);
	ledger_bind_text(&b, n->software);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_names_write(struct store_ledger *l)
{
	for (const struct ledger_entry *e = l->names.first; e; e = e->next) {
		const struct name *n = (const struct name *)e;
		int r = name_write(l, n);
		if (r)
			return err_up(r);
		l->names_kept.count += !n->is_stored;
	}
	int r = ledger_bound_keep(l, &l->names_kept, LEDGER_NAME_OVER_FEW);
	return r ? err_up(r) : err_up(ledger_bound_keep(l, &l->names_kept, LEDGER_NAME_OVER));
}
