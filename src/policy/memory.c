#include "policy/memory.h"

enum {
	DAY_S = 24 * 3600,
	MANY_OF = 100, /* one in so many */
	MANY_LEAST = 5,
};

bool policy_memory_is_our_fault(size_t lost, size_t known)
{
	return lost >= MANY_LEAST && lost * MANY_OF > known;
}

enum policy_memory_verdict policy_memory_judge(const struct policy_memory *m,
                                               const struct policy_memory_rules *rules,
                                               int64_t now_s)
{
	bool is_old = m->sessions >= POLICY_MEMORY_SESSIONS &&
	              now_s - m->sealed_since_s >= (int64_t)POLICY_MEMORY_DAYS * DAY_S;
	bool is_over = m->lost_since_s && now_s - m->lost_since_s >= rules->hold_s;
	if (!m->sessions)
		return POLICY_MEMORY_QUIET;
	if (rules->is_refused)
		return POLICY_MEMORY_REFUSE;
	if ((rules->is_listed || is_old) && m->may_hold && rules->hold_s && !is_over)
		return POLICY_MEMORY_HOLD;
	return POLICY_MEMORY_WARN;
}
