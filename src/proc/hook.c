#include "proc/hook.h"

#include "base/clean.h"
#include "base/err.h"
#include "store/record.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

const char *proc_hook_name(enum proc_hook hook)
{
	static const char *const names[] = { [PROC_HOOK_EXPOSURE] = "exposure",
		                             [PROC_HOOK_CHECK] = "check",
		                             [PROC_HOOK_ALARM] = "alarm" };
	_Static_assert(COUNT_OF(names) == PROC_HOOK_COUNT, "a hook without a name");
	return names[hook];
}

void proc_hooks_pack(struct proc_packer *p, const struct proc_hooks *hooks)
{
	proc_pack_u32(p, hooks->rate);
	proc_pack_u32(p, hooks->deadline_ms);
	proc_pack_u8(p, PROC_HOOK_COUNT);
	for (size_t i = 0; i < PROC_HOOK_COUNT; i++) {
		uint8_t count = 0;
		while (hooks->argv[i][count])
			count++;
		proc_pack_u8(p, count);
		for (uint8_t word = 0; word < count; word++)
			proc_pack_str(p, hooks->argv[i][word]);
	}
}

static bool argv_unpack(struct proc_unpacker *u, char **argv)
{
	char text[PROC_HOOK_ARG_MAX + 1];
	uint8_t count;
	if (!proc_unpack_u8(u, &count) || count > PROC_HOOK_ARGS_MAX)
		return false;
	for (uint8_t i = 0; i < count; i++)
		if (!proc_unpack_str(u, text, sizeof(text)) || !(argv[i] = strdup(text)))
			return false;
	return true;
}

/* Those that are not known here are of a newer parent. */
bool proc_hooks_unpack(struct slice payload, struct proc_hooks *ret_hooks)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_hooks *h = ret_hooks;
	uint32_t rate;
	uint8_t count;
	*h = (struct proc_hooks){};
	if (!proc_unpack_u32(&u, &rate) || !proc_unpack_u32(&u, &h->deadline_ms) ||
	    !proc_unpack_u8(&u, &count) || !rate || rate > PROC_HOOK_RATE_MAX)
		return false;
	h->rate = rate;
	for (size_t i = 0; i < PROC_HOOK_COUNT && i < count; i++)
		if (!argv_unpack(&u, h->argv[i]))
			return false;
	return true;
}

void proc_hooks_deinit(struct proc_hooks *hooks)
{
	for (size_t i = 0; i < PROC_HOOK_COUNT; i++)
		for (char **word = hooks->argv[i]; *word; word++)
			free(TAKE(*word));
}

void proc_hook_run_pack(struct proc_packer *p, const struct proc_hook_run *run)
{
	proc_pack_u64(p, run->number);
	proc_pack_u8(p, (uint8_t)run->hook);
	proc_pack_str(p, run->whom);
	proc_pack_raw(p, run->facts);
}

bool proc_hook_run_unpack(struct slice payload, struct proc_hook_run *ret_run)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_hook_run *run = ret_run;
	uint8_t hook;
	if (!proc_unpack_u64(&u, &run->number) || !proc_unpack_u8(&u, &hook) ||
	    !proc_unpack_str(&u, run->whom, sizeof(run->whom)) ||
	    !proc_unpack_text(&u, &run->facts))
		return false;
	run->hook = (enum proc_hook)hook;
	return hook < PROC_HOOK_COUNT && run->facts.len <= PROC_HOOK_FACTS_MAX;
}

/* Printable, whoever wrote it. */
static json_t *text_json(const char *text)
{
	char printable[STORE_TEXT_MAX + 1];
	slice_to_text(slice_str(text), printable, sizeof(printable));
	return json_string(printable);
}

static json_t *exposure_json(const struct store_exposure *e, bool is_known)
{
	char first[32] = "";
	time_t at = (time_t)e->at_s;
	struct tm tm;
	if (gmtime_r(&at, &tm))
		strftime(first, sizeof(first), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:s}", "event",
	                 proc_hook_name(PROC_HOOK_EXPOSURE), "user", text_json(e->user), "protocol",
	                 text_json(e->protocol), "edge", text_json(e->edge), "address",
	                 text_json(e->address), "mechanism", text_json(e->mechanism),
	                 "password_sent", e->password_sent, "excepted", e->is_excepted, "known",
	                 is_known, "first", first);
}

int proc_hook_exposure_facts(struct buf *ret_json, const struct store_exposure *exposure,
                             bool is_known)
{
	json_t *facts = exposure_json(exposure, is_known);
	char *text = facts ? json_dumps(facts, JSON_ENSURE_ASCII) : NULL;
	json_decref(facts);
	if (!text)
		return err_raise(-ENOMEM);
	int r = buf_printf(ret_json, "%s\n", text);
	free(text);
	return err_up(r);
}
