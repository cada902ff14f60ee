#include "proc/capture.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/loop.h"
#include "proc/program.h"

#include <stdio.h>

enum { NOT_EXECUTED = 127 };

struct waiting {
	struct io_loop *loop;
	const struct proc_capture_limits *limits;
	struct buf *said;
	int r;
};

static int why(struct buf *said, const struct proc_program_result *result,
               const struct proc_capture_limits *limits)
{
	if (result->is_too_long)
		return buf_printf(said, "it wrote more than %zu bytes", limits->out_max);
	if (result->is_late)
		return buf_printf(said, "it did not end within %u s",
		                  (unsigned)limits->deadline_ms / 1000);
	if (result->signal)
		return buf_printf(said, "signal %d ended it", result->signal);
	return buf_printf(said, "it ended with status %d", result->exit);
}

static void on_end(void *owner, struct proc_program *program,
                   const struct proc_program_result *result)
{
	struct waiting *w = owner;
	bool is_well = proc_program_is_well(result);
	int r = is_well ? 0 : why(w->said, result, w->limits);
	if (!r && !is_well && result->output.len)
		r = buf_add_str(w->said, ": ");
	if (!r && !is_well)
		r = buf_add(w->said, result->output);
	w->r = r                              ? err_up(r)
	       : is_well                      ? 0
	       : result->exit == NOT_EXECUTED ? PROC_CAPTURE_ABSENT
	                                      : PROC_CAPTURE_FAILED;
	proc_program_free(program);
	io_loop_stop(w->loop);
}

int proc_capture(char *const *argv, const struct proc_capture_limits *limits, struct buf *ret_out,
                 struct buf *ret_said)
{
	struct waiting w = { .limits = limits, .said = ret_said };
	struct proc_program *program = NULL;
	int r = io_loop_new(&w.loop);
	if (r)
		return err_up(r);
	r = proc_program_start(&program, &(struct proc_program_settings){
						 .loop = w.loop,
						 .argv = argv,
						 .deadline_ms = limits->deadline_ms,
						 .out = ret_out,
						 .out_max = limits->out_max,
						 .owner = &w,
						 .on_end = on_end,
					 });
	if (!r)
		r = io_loop_run(w.loop);
	io_loop_free(w.loop);
	return r ? err_up(r) : w.r;
}
