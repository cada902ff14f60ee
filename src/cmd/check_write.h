/* Where the results of `mailseal check` go: the terminal or JSON, and files beside. */
#ifndef CMD_CHECK_WRITE_H
#define CMD_CHECK_WRITE_H

#include "check/baseline.h"
#include "cmd/check_options.h"

#include <stdio.h>

struct check_writer {
	const struct check_options *options;
	FILE *html, *junit, *prometheus, *resume; /* NULL: not wanted */
	char *metrics_path;                       /* until it is whole; owned */
	struct check_prometheus metrics;
	struct check_baseline baseline;
	bool has_baseline;
	bool is_long; /* several domains: a line each, or an object a line */
	int status;   /* the exit status so far */
};

/* Opens all files, so that a wrong name shows before anybody is connected to. 0, or all was said.
 * is_long: more than one domain is to come. */
int check_writer_begin(struct check_writer *w, const struct check_options *options, bool is_long);
/* 0, or all was said: what cannot be written is worth nothing. */
int check_writer_add(struct check_writer *w, const struct check_report *report);
/* 0, or all was said. To be called also after a begin that failed. */
int check_writer_end(struct check_writer *w);

#endif
