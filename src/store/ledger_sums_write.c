/* The sums of the ledger's memory, into its file. */
#include "store/ledger_inside.h"

#include "base/err.h"

static int sum_write(struct store_ledger *l, const struct ledger_sum *sum)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_SUM_ADD);
	const struct ledger_sum_key *k = &sum->key;
	ledger_bind_number(&b, k->hour);
	ledger_bind_number(&b, k->leg);
	ledger_bind_text(&b, k->protocol);
	ledger_bind_text(&b, k->edge);
	ledger_bind_number(&b, k->seal);
	ledger_bind_text(&b, k->version);
	ledger_bind_text(&b, k->cipher);
	ledger_bind_text(&b, k->kex);
	ledger_bind_number(&b, k->is_resumed);
	ledger_bind_number(&b, k->has_forward_secrecy);
	ledger_bind_number(&b, (int64_t)sum->sessions);
	ledger_bind_number(&b, (int64_t)sum->messages);
	ledger_bind_number(&b, (int64_t)sum->bytes_in);
	ledger_bind_number(&b, (int64_t)sum->bytes_out);
	ledger_bind_number(&b, (int64_t)sum->login_failures);
	return err_up(ledger_run(l, &b, NULL));
}

int ledger_sums_write(struct store_ledger *l)
{
	for (const struct ledger_entry *e = l->sums.first; e; e = e->next) {
		int r = sum_write(l, (const struct ledger_sum *)e);
		if (r)
			return err_up(r);
	}
	return 0;
}
