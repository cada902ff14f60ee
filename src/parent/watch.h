/* Processes that watch an interface each, and what they say. */
#ifndef PARENT_WATCH_H
#define PARENT_WATCH_H

#include "parent/child.h"

struct json_t;
struct parent;

/* A process that watches an interface. */
struct parent_watch {
	struct parent_child child; /* first: what is told of the one is of the other */
	struct parent_watch *next;
	bool is_unwanted; /* it ends, and none comes in its place */
	char why[256];    /* nothing can be captured; "": it can, or nobody knows yet */
	char told[256];   /* the last why that the log has */
	uint64_t numbers[PROC_WATCH_NUMBER_COUNT];
};

/* Those of the plan in force are there, others end; who stays is told the settings. */
void parent_watches_adjust(struct parent *p);
/* There is another ledger. */
void parent_watches_introduce(struct parent *p);
void parent_watch_began(struct parent_child *c);
void parent_watch_message(struct parent_child *c, const struct proc_msg *msg);
/* Was it one of them that ended? */
bool parent_watch_reaped(struct parent *p, pid_t pid, int status);
void parent_watches_ask(struct parent *p); /* for numbers; parent_ctl_status_came() follows */
bool parent_watches_are_asked(const struct parent *p);
bool parent_watches_have(const struct parent *p, pid_t pid);
void parent_watches_end(struct parent *p);
void parent_watches_free(struct parent *p);
struct json_t *parent_watches_json(const struct parent *p);
/* The sum of one number. */
uint64_t parent_watches_sum(const struct parent *p, enum proc_watch_number number);

#endif
