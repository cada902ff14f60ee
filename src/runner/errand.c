#include "runner/errand.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/hook.h"
#include "proc/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct runner_errand {
	struct runner_errand *next;
	struct runner_errands *all;
	uint32_t number;
	uint32_t deadline_ms;
	struct proc_program *program;
	char *words[PROC_HOOK_ARGS_MAX + 1];
};

static void errand_free(struct runner_errand *e)
{
	if (!e)
		return;
	proc_program_free(e->program);
	for (size_t i = 0; e->words[i]; i++)
		free(e->words[i]);
	free(e);
}

static void errand_freep(struct runner_errand **e)
{
	errand_free(*e);
}

static void errand_remove(struct runner_errand *e)
{
	struct runner_errand **at = &e->all->first;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	errand_free(e);
}

static void tell(const struct runner_errands *all, uint32_t number, bool is_well, struct slice said)
{
	uint8_t payload[4 + 1 + PROC_PROGRAM_OUTPUT_MAX];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, number);
	proc_pack_u8(&p, is_well);
	proc_pack_raw(&p, slice_head(said, PROC_PROGRAM_OUTPUT_MAX));
	if (*all->parent && proc_peer_queue(*all->parent, PROC_MSG_PROGRAM_ENDED, proc_packed(&p)))
		log_debug(NULL, "parent is not told how a program ended");
}

static void on_end(void *owner, struct proc_program *program,
                   const struct proc_program_result *result)
{
	struct runner_errand *e = owner;
	struct runner_errands *all = e->all;
	(void)program;
	if (result->is_late)
		tell(all, e->number, false, slice_str("it took too long and was ended"));
	else
		tell(all, e->number, proc_program_is_well(result), result->output);
	errand_remove(e);
	if (!all->first)
		all->on_idle(all->owner);
}

/* False: it is none, or there is no memory. */
static bool errand_read(struct runner_errand *e, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	char word[PROC_HOOK_ARG_MAX];
	if (!proc_unpack_u32(&u, &e->number) || !proc_unpack_u32(&u, &e->deadline_ms))
		return false;
	for (size_t i = 0; u.rest.len; i++) {
		if (i == PROC_HOOK_ARGS_MAX || !proc_unpack_str(&u, word, sizeof(word)))
			return false;
		e->words[i] = strdup(word);
		if (!e->words[i])
			return false;
	}
	return e->words[0];
}

int runner_errand_start(struct runner_errands *all, struct slice payload, int fd)
{
	CLEAN(closep) int in = fd;
	CLEAN(errand_freep) struct runner_errand *e = calloc(1, sizeof(*e));
	if (!e)
		return err_raise(-ENOMEM);
	e->all = all;
	if (!errand_read(e, payload))
		return err_raise(-EPROTO);
	const struct proc_program_settings set = {
		.loop = all->loop,
		.argv = e->words,
		.input_fd = &in,
		.deadline_ms = e->deadline_ms,
		.owner = e,
		.on_end = on_end,
	};
	int r = proc_program_start(&e->program, &set);
	if (r) {
		tell(all, e->number, false, slice_str(strerror(-r)));
		return 0;
	}
	e->next = all->first;
	all->first = TAKE(e);
	return 0;
}

void runner_errands_end(struct runner_errands *all)
{
	while (all->first)
		errand_remove(all->first);
}
