/* What is wrong until somebody mends it: few, and each is written when it is told. */
#include "store/ledger_inside.h"

#include "base/err.h"

int store_ledger_alarm_put(struct store_ledger *l, const struct store_alarm *alarm)
{
	struct ledger_binder b = ledger_bind(l, LEDGER_ALARM_PUT);
	ledger_bind_text(&b, alarm->kind);
	ledger_bind_text(&b, alarm->subject);
	ledger_bind_number(&b, alarm->since_s);
	ledger_bind_number(&b, alarm->seen_s);
	ledger_bind_number(&b, alarm->cleared_s);
	ledger_bind_text(&b, alarm->detail);
	ledger_bind_text(&b, alarm->mend);
	return err_up(ledger_run(l, &b, NULL));
}
