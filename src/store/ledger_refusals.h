/* From where a ClientHello was refused lately: in memory alone, and bounded. Pure. */
#ifndef STORE_LEDGER_REFUSALS_H
#define STORE_LEDGER_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LEDGER_REFUSALS_S = 3600, /* so long it is remembered */
	LEDGER_REFUSALS_SETS = 4096,
	LEDGER_REFUSALS_WAYS = 4,
};

/* All zero is the start. */
struct ledger_refusals {
	struct ledger_refusal {
		uint64_t address; /* its hash, seeded */
		int64_t at_s;     /* 0: free */
	} sets[LEDGER_REFUSALS_SETS][LEDGER_REFUSALS_WAYS];
};

/* The oldest of its set makes room. */
void ledger_refusals_note(struct ledger_refusals *r, uint64_t address, int64_t at_s);
/* It came sealed after all. */
void ledger_refusals_forget(struct ledger_refusals *r, uint64_t address);
bool ledger_refusals_has(const struct ledger_refusals *r, uint64_t address, int64_t now_s);

#endif
