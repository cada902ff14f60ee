#include "store/ledger_words.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "store/record.h"

#include <errno.h>
#include <sys/random.h>

const char ledger_word_none[] = "";

struct word {
	struct ledger_entry entry;
	char text[];
};

int ledger_words_init(struct ledger_words *w, size_t max)
{
	if (getrandom(&w->seed, sizeof(w->seed), 0) != sizeof(w->seed))
		return err_raise(-EIO);
	return err_up(ledger_table_init(&w->table, max));
}

void ledger_words_deinit(struct ledger_words *w)
{
	ledger_table_deinit(&w->table);
}

const char *ledger_word(struct ledger_words *w, const char *text)
{
	char clean[STORE_TEXT_MAX + 1];
	if (!*text)
		return ledger_word_none;
	slice_to_text(slice_of(text, strnlen(text, STORE_TEXT_MAX)), clean, sizeof(clean));
	size_t len = strlen(clean);
	uint64_t hash = hash_bytes(HASH_START ^ w->seed, clean, len);
	for (struct word *at = ledger_table_find(&w->table, hash); at; at = ledger_table_next(at))
		if (!strcmp(at->text, clean))
			return at->text;
	struct word *new = ledger_table_add(&w->table, hash, sizeof(*new) + len + 1);
	if (!new)
		return LEDGER_WORD_OTHER;
	memcpy(new->text, clean, len + 1);
	return new->text;
}
