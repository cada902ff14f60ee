/* The bytes as what may be run, and as what is to be run. */
#include "proc/hook.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void argv_check(const struct proc_hooks *hooks)
{
	for (size_t i = 0; i < PROC_HOOK_COUNT; i++) {
		size_t count = 0;
		for (char *const *word = hooks->argv[i]; *word; word++, count++)
			assert(strlen(*word) <= PROC_HOOK_ARG_MAX);
		assert(count <= PROC_HOOK_ARGS_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_hooks hooks;
	struct proc_hook_run run;
	bool is_hooks = proc_hooks_unpack(slice_of(data, size), &hooks);
	assert(!is_hooks || (hooks.rate && hooks.rate <= PROC_HOOK_RATE_MAX));
	argv_check(&hooks);
	proc_hooks_deinit(&hooks);
	if (proc_hook_run_unpack(slice_of(data, size), &run))
		assert(run.hook < PROC_HOOK_COUNT && strlen(run.whom) < sizeof(run.whom));
	return 0;
}
