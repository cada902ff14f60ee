/*
 * Own domains, looked at on a schedule: which is due, asked of runner (which starts `mailseal
 * check` on it), and what it said, written and compared with the look before. One at a time. When a
 * domain was looked at last is in the file, so a restart looks at nothing before its time.
 */
#ifndef LEDGER_CHECKS_H
#define LEDGER_CHECKS_H

#include "ledger/hooks.h"

struct checks;
struct conf_check;

enum {
	CHECKS_LOOK_MS = 5 * 1000,
	CHECKS_AGAIN_MS = 15 * 60 * 1000, /* after a look that failed here */
	CHECKS_SAID_MAX = 10,             /* findings that got worse, in the log */
};

/* conf: borrowed; path: of the file, copied. 0 or a negative. hooks has to be freed before. */
[[nodiscard]] int checks_new(struct checks **ret_c, struct io_loop *loop, struct hooks *hooks,
                             const struct conf_check *conf, const char *path);
/* NULL is fine. */
void checks_free(struct checks *c);

/* When it is due, in Unix time: every so often, looked at last then (0: never). */
int64_t checks_due_s(int64_t last_s, uint32_t every_s, int64_t now_s);

#endif
