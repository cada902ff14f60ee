#include "cmd/report_hook.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/report_options.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/hook.h"
#include "proc/program.h"

#include <errno.h>
#include <stdio.h>

/* An exposure that is to be told. */
struct item {
	struct item *next;
	char user[STORE_TEXT_MAX + 1];
	struct buf facts;
};

struct hook {
	const struct report_asking *asking;
	char *const *argv;
	struct io_loop *loop;
	struct item *first, **end;
	struct proc_program *program; /* of the first */
	size_t failed;
	int r;
};

static void item_free(struct item *item)
{
	buf_deinit(&item->facts);
	free(item);
}

/* --- what there is: all of it first, so that the file is not held while programs run --- */

static int on_name(void *owner, const struct store_ledger_name *name)
{
	*(bool *)owner = true;
	return 0;
}

static int facts_make(struct hook *h, struct item *item, const struct store_ledger_exposure *e)
{
	const struct store_exposure exposure = {
		.at_s = e->first_s,
		.protocol = e->protocol,
		.edge = e->edge,
		.address = e->address,
		.user = e->user,
		.mechanism = e->mechanism,
		.password_sent = e->password_sent,
		.is_excepted = e->is_excepted,
	};
	bool is_known = false;
	int r = store_ledger_read_names(h->asking->ledger, e->user, true, on_name, &is_known);
	if (!r)
		r = proc_hook_exposure_facts(&item->facts, &exposure, is_known);
	return err_up(r);
}

static int on_exposure(void *owner, const struct store_ledger_exposure *e)
{
	struct hook *h = owner;
	struct item *item = calloc(1, sizeof(*item));
	if (!item)
		return err_raise(-ENOMEM);
	int r = facts_make(h, item, e);
	if (r) {
		item_free(item);
		return err_up(r);
	}
	slice_to_text(slice_str(e->user), item->user, sizeof(item->user));
	*h->end = item;
	h->end = &item->next;
	return 0;
}

/* --- one after the other --- */

static void failure_say(const struct item *item, const struct proc_program_result *result)
{
	char says[PROC_PROGRAM_OUTPUT_MAX + 1], how[48];
	slice_to_text(slice_head(result->output, slice_find(result->output, '\n')), says,
	              sizeof(says));
	if (result->signal)
		snprintf(how, sizeof(how), "ended by signal %d", result->signal);
	else
		snprintf(how, sizeof(how), "exit %d", result->exit);
	fprintf(stderr, "mailseal report exposures: hook for \"%s\": %s%s%s%s\n", item->user, how,
	        result->is_late ? ", too late" : "", says[0] ? ": " : "", says);
}

static void item_begin(struct hook *h);

static void on_end(void *owner, struct proc_program *program,
                   const struct proc_program_result *result)
{
	struct hook *h = owner;
	struct item *item = h->first;
	if (!proc_program_is_well(result)) {
		failure_say(item, result);
		h->failed++;
	}
	proc_program_free(TAKE(h->program));
	h->first = item->next;
	item_free(item);
	item_begin(h);
}

/* The first, or the end. */
static void item_begin(struct hook *h)
{
	if (h->first)
		h->r = proc_program_start(
			&h->program,
			&(struct proc_program_settings){
				.loop = h->loop,
				.argv = h->argv,
				.input = buf_slice(&h->first->facts),
				.deadline_ms = h->asking->settings->ledger.hook_timeout_ms,
				.owner = h,
				.on_end = on_end,
			});
	if (!h->first || h->r)
		io_loop_stop(h->loop);
}

static int items_run(struct hook *h)
{
	int r = io_loop_new(&h->loop);
	if (r)
		return err_up(r);
	item_begin(h);
	if (h->program)
		r = io_loop_run(h->loop);
	proc_program_free(h->program);
	io_loop_free(h->loop);
	return err_up(r ? r : h->r);
}

int report_hook_exposures(const struct report_asking *asking, char *const *argv, size_t *ret_failed)
{
	struct hook h = { .asking = asking, .argv = argv };
	h.end = &h.first;
	int r = store_ledger_read_exposures(asking->ledger, &asking->filter, asking->options.limit,
	                                    on_exposure, &h);
	if (!r && h.first)
		r = items_run(&h);
	while (h.first) {
		struct item *item = h.first;
		h.first = item->next;
		item_free(item);
	}
	*ret_failed = h.failed;
	return err_up(r);
}
