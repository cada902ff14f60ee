/*
 * Alarms: one list of all that is wrong until somebody mends it, whoever found out. An alarm is in
 * the log when it is raised, once a day while it stays, and when it is gone; it is in `ctl status`,
 * /metrics, the ledger and the dashboard, and the hook of alarms is run for it, once.
 */
#ifndef PARENT_ALARMS_H
#define PARENT_ALARMS_H

#include "proc/alarm.h"

#include <stddef.h>

struct json_t;
struct parent;
struct parent_alarms; /* parent->alarms; NULL: there was none yet */

enum { PARENT_ALARMS_MAX = 256 }; /* at a time; more are counted, and said once */

/* What is wrong. Borrowed; texts of strangers may be in it, they are made printable here. */
struct parent_alarm_news {
	enum proc_alarm_kind kind;
	const char *subject; /* with kind: which alarm it is */
	const char *text;
	const char *mend; /* NULL: that of the kind */
};

/*
 * It is so. Called again and again while it is: the first call raises it, the others keep what it
 * says up to date and nothing else.
 */
void parent_alarm_raise(struct parent *p, const struct parent_alarm_news *news);
/* It is not so (any more). Nothing if it was not raised. */
void parent_alarm_clear(struct parent *p, enum proc_alarm_kind kind, const char *subject);
/* All of that kind whose subject is none that is_known() knows: what they are about is gone. */
void parent_alarms_forget(struct parent *p, enum proc_alarm_kind kind,
                          bool (*is_known)(void *owner, const char *subject), void *owner);
bool parent_alarm_is_raised(const struct parent *p, enum proc_alarm_kind kind, const char *subject);

/* A new ledger is told all. */
void parent_alarms_tell_ledger(struct parent *p);
/* A new runner: what waits for the hook is run. */
void parent_alarms_hooks_begin(struct parent *p);
/* The hook of an alarm ended. */
void parent_alarms_hook_ended(struct parent *p, struct slice payload);
/* [{kind, subject, since, text, mend}], the oldest first. */
struct json_t *parent_alarms_json(const struct parent *p);
void parent_alarms_free(struct parent *p);

#endif
