/* Each kind of ClientHello, once. */
#include "store/ledger_inside.h"

#include "base/err.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MAX = STORE_HELLO_LIST_MAX * 5 }; /* "c02b," each; the last comma is the NUL */

struct lists {
	char versions[LIST_MAX], suites[LIST_MAX], groups[LIST_MAX], sigalgs[LIST_MAX];
};

struct hello {
	struct ledger_entry entry; /* its hash is that of the hello */
	int64_t first_s, last_s;
	unsigned sni;
	bool is_told; /* the rest is known */
	uint16_t legacy_version, max_version;
	struct lists lists;
};

static struct hello *hello_get(struct store_ledger *l, uint64_t hash, int64_t now_s)
{
	struct hello *h = ledger_table_find(&l->hellos, hash);
	if (!h)
		h = ledger_table_add(&l->hellos, hash, sizeof(*h));
	if (!h)
		return NULL;
	h->first_s = h->first_s && h->first_s < now_s ? h->first_s : now_s;
	h->last_s = h->last_s > now_s ? h->last_s : now_s;
	return h;
}

void ledger_hello_touch(struct store_ledger *l, const struct store_record *record)
{
	struct hello *h = record->hello ? hello_get(l, record->hello, record->ended_s) : NULL;
	if (h)
		h->sni |= 1u << record->sni;
}

static void list_write(char ret_text[LIST_MAX], const uint16_t *numbers, size_t count)
{
	size_t len = 0;
	ret_text[0] = '\0';
	if (count > STORE_HELLO_LIST_MAX)
		count = STORE_HELLO_LIST_MAX;
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(ret_text + len, LIST_MAX - len, "%s%04x", i ? "," : "",
		                        numbers[i]);
}

int store_ledger_hello(struct store_ledger *l, const struct store_hello *hello, int64_t now_s)
{
	struct hello *h = hello->hash ? hello_get(l, hello->hash, now_s) : NULL;
	if (!h || h->is_told)
		return 0;
	h->is_told = true;
	h->legacy_version = hello->legacy_version;
	h->max_version = hello->max_version;
	list_write(h->lists.versions, hello->versions, hello->version_count);
	list_write(h->lists.suites, hello->suites, hello->suite_count);
	list_write(h->lists.groups, hello->groups, hello->group_count);
	list_write(h->lists.sigalgs, hello->sigalgs, hello->sigalg_count);
	l->has_news = true;
	return 0;
}

static struct ledger_binder bind(struct store_ledger *l, enum ledger_query query,
                                 const struct hello *h)
{
	struct ledger_binder b = ledger_bind(l, query);
	ledger_bind_number(&b, h->first_s);
	ledger_bind_number(&b, h->last_s);
	ledger_bind_number(&b, h->sni);
	ledger_bind_number(&b, (int64_t)h->entry.hash);
	return b;
}

static int hello_write(struct store_ledger *l, const struct hello *h)
{
	int64_t changes = 0;
	struct ledger_binder b = bind(l, LEDGER_HELLO_TOUCH, h);
	int r = ledger_run(l, &b, &changes);
	if (r || changes || !h->is_told)
		return err_up(r);
	b = bind(l, LEDGER_HELLO_PUT, h);
	ledger_bind_number(&b, h->legacy_version);
	ledger_bind_number(&b, h->max_version);
	ledger_bind_text(&b, h->lists.versions);
	ledger_bind_text(&b, h->lists.suites);
	ledger_bind_text(&b, h->lists.groups);
	ledger_bind_text(&b, h->lists.sigalgs);
	r = ledger_run(l, &b, NULL);
	l->hellos_kept.count += !r;
	return err_up(r);
}

int ledger_hellos_write(struct store_ledger *l)
{
	for (const struct ledger_entry *e = l->hellos.first; e; e = e->next) {
		int r = hello_write(l, (const struct hello *)e);
		if (r)
			return err_up(r);
	}
	return err_up(ledger_bound_keep(l, &l->hellos_kept, LEDGER_HELLO_OVER));
}
