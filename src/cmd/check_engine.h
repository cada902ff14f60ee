/* All that `mailseal check` looks with, made by its options: for a run, and for --serve. */
#ifndef CMD_CHECK_ENGINE_H
#define CMD_CHECK_ENGINE_H

#include "check/run.h"
#include "cmd/check_options.h"

/* Zeroed is none. */
struct check_engine {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct check_look *look;
	struct check_run *run;
	struct buf ca_pem;
};

/* 0, or ret_error says why not. */
int check_engine_begin(struct check_engine *e, const struct check_options *options, char *ret_error,
                       size_t error_cap);
/* Also of one that did not begin. Deadlines of its loop are to be disarmed before. */
void check_engine_end(struct check_engine *e);

#endif
