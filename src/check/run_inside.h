/* What the files of a run share. run.c: whose turn it is. run_job.c: one domain. */
#ifndef CHECK_RUN_INSIDE_H
#define CHECK_RUN_INSIDE_H

#include "ask/way.h"
#include "check/discover.h"
#include "check/run.h"
#include "check/web.h"
#include "io/loop.h"

/* A place of a domain: its endpoint, and for https what a browser sees. */
struct run_slot {
	struct run_job *job;
	struct check_place place;
	struct check_look_asker asker;
	struct check_endpoint *endpoint; /* NULL: not there yet */
	struct check_web_look *web_look;
	struct check_web web;
};

/* One domain, or one endpoint. */
struct run_job {
	struct check_result result; /* first: the owner frees it by that */
	struct check_run *run;      /* NULL: it is the owner's */
	struct run_job *next;
	struct check_discovery *discovery;
	struct way *way;
	bool is_host;
	char name[POLICY_WAY_NAME_CAP]; /* else */
	struct check_place host;        /* is_host */
	struct run_slot *slots;
	unsigned slot_count, pending;
	struct io_deadline late;
	check_run_fn *fn;
	void *owner;
};

/* One that waits: a list may have a million, and what is known of a domain takes 70 KB. */
struct run_wish {
	struct run_wish *next;
	check_run_fn *fn;
	void *owner;
	struct check_place *host; /* NULL: a domain */
	char name[];              /* else */
};

struct check_run {
	struct check_run_settings set;
	struct run_wish *waiting, **waiting_end;
	struct run_job *busy;
	unsigned waiting_count, busy_count;
	struct io_later turn; /* jobs begin, and end, in a turn of their own */
	struct run_job *done;
};

/* run.c: something is to be begun or ended. */
void check_run_turn(struct check_run *run);

/* Among those that are busy. NULL: no memory. */
struct run_job *check_job_new(struct check_run *run, const struct run_wish *wish);
/* 0, or a negative: it is to be left and freed. */
[[nodiscard]] int check_job_begin(struct run_job *job);
/* Out of the list of those that are busy. */
void check_job_leave(struct run_job *job);
/* All is known that is to be known; the owner gets it. */
void check_job_judge(struct run_job *job);
/* NULL is fine. */
void check_job_free(struct run_job *job);

#endif
