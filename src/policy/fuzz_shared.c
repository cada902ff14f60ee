/* What another node may have written of far ends: what is read is written and read again. */
#include "policy/shared.h"

#include "base/clean.h"

#include <stdlib.h>

enum { NOW = 1700000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void memory_again(const struct policy_shared_memory *m)
{
	struct policy_shared_memory again, sum = *m;
	char text[POLICY_SHARED_CAP];
	policy_shared_memory_print(m, text);
	if (!policy_shared_memory_parse(slice_str(text), NOW, &again) ||
	    again.sessions != m->sessions || again.lost_since_s != m->lost_since_s)
		abort();
	policy_shared_memory_add(&sum, m);
	if (sum.sessions > POLICY_SHARED_SESSIONS_MAX || sum.sealed_since_s > sum.sealed_last_s)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	CLEAN(buf_deinit) struct buf written = {};
	struct policy_shared_memory memory;
	struct policy_shared_fault fault;
	struct policy_shared_sts sts, again;
	struct policy_fault sum = {};
	if (policy_shared_memory_parse(text, NOW, &memory))
		memory_again(&memory);
	if (policy_shared_fault_parse(text, NOW, &fault))
		policy_shared_fault_add(&sum, &fault, NOW);
	if (policy_shared_sts_parse(text, NOW, &sts) &&
	    (policy_shared_sts_print(&sts, &written) ||
	     !policy_shared_sts_parse(buf_slice(&written), NOW, &again)))
		abort();
	return 0;
}
