/* Credentials in clear. */
#include "store/ledger_inside.h"

#include "base/err.h"

#include <string.h>

struct exposure {
	struct ledger_entry entry;
	const char *protocol, *edge; /* words */
	bool password_sent, is_excepted, is_stored;
	bool wants_hook; /* not all of them were allowed */
	int64_t first_s, last_s, count;
	char user[STORE_TEXT_MAX + 1];
	char address[STORE_TEXT_MAX + 1];
	char mechanism[STORE_TEXT_MAX + 1]; /* the last */
};

static void key_make(struct store_ledger *l, const struct store_exposure *from,
                     struct exposure *ret_key)
{
	ledger_text(from->user, ret_key->user);
	ledger_text(from->address, ret_key->address);
	ledger_address_cut(ret_key->address, l->client_address);
	ret_key->protocol = ledger_word(&l->words, from->protocol);
	ret_key->edge = ledger_word(&l->words, from->edge);
	ret_key->password_sent = from->password_sent;
}

static uint64_t hash_of(const struct store_ledger *l, const struct exposure *e)
{
	uint64_t hash = ledger_hash(l, e->password_sent, e->protocol);
	return ledger_hash(l, ledger_hash(l, ledger_hash(l, hash, e->edge), e->user), e->address);
}

static bool is_same(const struct exposure *a, const struct exposure *b)
{
	return a->protocol == b->protocol && a->edge == b->edge &&
	       a->password_sent == b->password_sent && !strcmp(a->user, b->user) &&
	       !strcmp(a->address, b->address);
}

static struct exposure *find(const struct store_ledger *l, const struct exposure *key)
{
	struct exposure *e = ledger_table_find(&l->exposures, hash_of(l, key));
	while (e && !is_same(e, key))
		e = ledger_table_next(e);
	return e;
}

static struct ledger_binder key_bind(struct store_ledger *l, enum ledger_query query,
                                     const struct exposure *e)
{
	struct ledger_binder b = ledger_bind(l, query);
	ledger_bind_text(&b, e->user);
	ledger_bind_text(&b, e->protocol);
	ledger_bind_text(&b, e->edge);
	ledger_bind_text(&b, e->address);
	ledger_bind_number(&b, e->password_sent);
	return b;
}

static struct exposure *exposure_add(struct store_ledger *l, const struct exposure *key)
{
	struct exposure *e = ledger_table_add(&l->exposures, hash_of(l, key), sizeof(*e));
	if (!e)
		return NULL;
	struct ledger_entry entry = e->entry;
	*e = *key;
	e->entry = entry;
	return e;
}

static void exposure_count(struct exposure *e, const struct store_exposure *from)
{
	ledger_text(from->mechanism, e->mechanism);
	e->is_excepted = from->is_excepted;
	e->wants_hook |= e->password_sent && e->user[0] && !from->is_excepted;
	e->first_s = e->first_s && e->first_s < from->at_s ? e->first_s : from->at_s;
	e->last_s = e->last_s > from->at_s ? e->last_s : from->at_s;
	e->count++;
}

int store_ledger_exposure(struct store_ledger *l, const struct store_exposure *exposure,
                          bool *ret_is_new)
{
	struct exposure key = {};
	int64_t one;
	int r = 0;
	*ret_is_new = false;
	key_make(l, exposure, &key);
	struct exposure *e = find(l, &key);
	if (!e) {
		struct ledger_binder b = key_bind(l, LEDGER_EXPOSURE_GET, &key);
		r = ledger_number(&b, &one);
		*ret_is_new = r == LEDGER_NO_ROW;
		key.is_stored = !*ret_is_new;
		e = exposure_add(l, &key);
	}
	if (e)
		exposure_count(e, exposure);
	else
		l->lost++;
	l->has_news = true;
	return r == LEDGER_NO_ROW ? 0 : err_up(r);
}

static int exposure_write(struct store_ledger *l, const struct exposure *e)
{
	struct ledger_binder b = key_bind(l, LEDGER_EXPOSURE_PUT, e);
	ledger_bind_text(&b, e->mechanism);
	ledger_bind_number(&b, e->is_excepted);
	ledger_bind_number(&b, e->first_s);
	ledger_bind_number(&b, e->last_s);
	ledger_bind_number(&b, e->count);
	ledger_bind_number(&b, l->has_hook && e->wants_hook);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_exposures_write(struct store_ledger *l)
{
	for (const struct ledger_entry *at = l->exposures.first; at; at = at->next) {
		const struct exposure *e = (const struct exposure *)at;
		int r = exposure_write(l, e);
		if (r)
			return err_up(r);
		l->exposures_kept.count += !e->is_stored;
	}
	int r = ledger_bound_keep(l, &l->exposures_kept, LEDGER_EXPOSURE_OVER_UNKNOWN);
	return r ? err_up(r)
	         : err_up(ledger_bound_keep(l, &l->exposures_kept, LEDGER_EXPOSURE_OVER));
}
