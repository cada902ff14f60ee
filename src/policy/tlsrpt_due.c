#include "policy/tlsrpt_due.h"

enum { DAY_S = 86400 };

bool policy_tlsrpt_day(int64_t now_s, int64_t *ret_day, int64_t *ret_first_s)
{
	int64_t today = now_s / DAY_S;
	if (now_s < today * DAY_S + POLICY_TLSRPT_AFTER_S)
		return false;
	*ret_day = today - 1;
	*ret_first_s = now_s;
	return true;
}

bool policy_tlsrpt_again(int64_t begun_s, unsigned tries, int64_t now_s, int64_t *ret_due_s)
{
	int64_t pause_s = POLICY_TLSRPT_PAUSE_S;
	for (unsigned i = 1; i < tries && pause_s < POLICY_TLSRPT_PAUSE_MAX_S; i++)
		pause_s *= 2;
	if (pause_s > POLICY_TLSRPT_PAUSE_MAX_S)
		pause_s = POLICY_TLSRPT_PAUSE_MAX_S;
	*ret_due_s = now_s + pause_s;
	return *ret_due_s <= begun_s + POLICY_TLSRPT_PATIENCE_S;
}

bool policy_tlsrpt_is_own_echo(uint64_t sessions, uint64_t reports)
{
	return sessions <= reports;
}
