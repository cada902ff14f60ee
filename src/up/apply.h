/*
 * Puts a work in place and takes it back: all of it or nothing. Files first, then each server's own
 * check of them, then their reload, then mailseal takes the ports. What fails on the way takes back
 * all that was done before it.
 */
#ifndef UP_APPLY_H
#define UP_APPLY_H

#include "servers/servers.h"
#include "up/journal.h"
#include "up/ports.h"

enum { UP_WHY_CAP = 1024 };

struct up_apply {
	const char *journal;   /* the folder, locked */
	const char *conf_path; /* mailseal's */
	const char *program;   /* mailseal itself */
	bool has_systemd;      /* it starts and stops mailseal */
	servers_run_fn run;
	void *run_owner;
	int (*ports)(struct up_ports *ret_ports);   /* up_ports_read, or a test's */
	unsigned patience_ms;                       /* for ports to be free, or taken */
	void (*say)(void *owner, const char *text); /* each step as it begins */
	void *say_owner;
	char why[UP_WHY_CAP]; /* of an outcome */
};

enum {
	UP_APPLY_REFUSED = 1, /* why; everything is as it was before */
	UP_APPLY_STUCK = 2,   /* why; some of it is in place: up_undo() when that is mended */
};

/* work: grounded, UP_BEGUN; one of the journal is gone on with. 0, an outcome or a negative. */
[[nodiscard]] int up_apply(struct up_apply *a, struct up_work *work);

/*
 * Ends mailseal, puts the files back, reloads the servers and closes the journal.
 *
 * returns: one for each file, judged
 *
 * Returns 0; UP_APPLY_STUCK (why): mailseal did not end and nothing was changed, or a file could
 * not be written and it can be done again, or all files are back and a server does not take them;
 * or a negative.
 */
[[nodiscard]] int up_undo(struct up_apply *a, const struct up_work *work,
                          const struct up_return *returns);

#endif
