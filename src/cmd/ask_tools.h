/* What commands need that find the way to a domain: asked once, then over. */
#ifndef CMD_ASK_TOOLS_H
#define CMD_ASK_TOOLS_H

#include "cmd/dns_options.h"
#include "io/loop.h"

struct fetch;
struct finder;
struct lookup;
struct policies;
struct store_sts;

struct ask_tools {
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct policies *policies;
	struct finder *finder;
	/* Inside. */
	struct io_deadline patience;
	bool has_said_so;
};

/*
 * dns:    settled; borrowed
 * ca_pem: borrowed
 * kept:   policies that the daemon keeps, read only; NULL: none
 *
 * 0, or why in ret_error ("out of memory" stands there before). ask_tools_deinit() in any case.
 */
[[nodiscard]] int ask_tools_make(struct ask_tools *t, const struct dns_options *dns,
                                 struct slice ca_pem, struct store_sts *kept, char *ret_error,
                                 size_t error_cap);

/* Runs the loop until somebody stops it; a person who waits is told what for. 0 or a negative. */
[[nodiscard]] int ask_tools_run(struct ask_tools *t);
/* The line that says so is to go: something is printed now. */
void ask_tools_hide(struct ask_tools *t);

void ask_tools_deinit(struct ask_tools *t);

#endif
