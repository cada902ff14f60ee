/*
 * Words of our own that come again and again (protocols, edges, ciphers, outcomes): kept once, for
 * the life of the ledger, so that two are equal where their pointers are.
 */
#ifndef STORE_LEDGER_WORDS_H
#define STORE_LEDGER_WORDS_H

#include "store/ledger_table.h"

enum { LEDGER_WORDS_MAX = 4096 };
#define LEDGER_WORD_OTHER "other"

struct ledger_words {
	uint64_t seed;
	struct ledger_table table;
};

/* 0 or a negative. */
[[nodiscard]] int ledger_words_init(struct ledger_words *w, size_t max);
void ledger_words_deinit(struct ledger_words *w);

extern const char ledger_word_none[]; /* "" */

/* Never NULL: ledger_word_none for "", LEDGER_WORD_OTHER for a new one when there are too many. Cut
 * and made printable. */
const char *ledger_word(struct ledger_words *w, const char *text);

#endif
