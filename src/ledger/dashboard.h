/* The dashboard in this process: what the parent says for it, and the configuration it shows. */
#ifndef LEDGER_DASHBOARD_H
#define LEDGER_DASHBOARD_H

#include "proc/chan.h"

struct dashboard;
struct io_loop;

/* text: the configuration; path: of the ledger's file, copied. 0 or a negative. */
[[nodiscard]] int dashboard_new(struct dashboard **ret_d, struct io_loop *loop, const char *text,
                                const char *path);
/* NULL is fine. */
void dashboard_free(struct dashboard *d);

/* 0, DASHBOARD_OTHER: the message is for somebody else; or a negative. */
enum { DASHBOARD_OTHER = 1 };
[[nodiscard]] int dashboard_message(struct dashboard *d, struct proc_msg *msg);

#endif
