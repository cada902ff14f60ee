/* What the files of the reporter share. reporter.c: days, turns, the store. reporter_job.c: one
 * report, from its domain's record to its end. */
#ifndef RESOLVER_REPORTER_INSIDE_H
#define RESOLVER_REPORTER_INSIDE_H

#include "ask/lookup.h"
#include "io/loop.h"
#include "policy/tlsrpt_record.h"
#include "resolver/reporter.h"
#include "store/tlsrpt_sent.h"

struct post;
struct submit;

struct reporter_job {
	struct reporter_job *next;
	struct reporter *reporter;
	int64_t id, day, begun_s;
	unsigned tries; /* this one with them */
	bool is_begun;
	char domain[256];
	char uri[POLICY_TLSRPT_URI_CAP]; /* "": the record is asked for */
	struct lookup_question *question;
	struct post *post;
	struct submit *submit;
};

/* How a job ended. */
enum reporter_end {
	REPORTER_SENT,
	REPORTER_DROPPED, /* the record said all, or there is none */
	REPORTER_FAILED,  /* to be tried again */
	REPORTER_REFUSED, /* for good */
};

/* reporter.c */
const struct reporter_settings *reporter_set(const struct reporter *r);
/* Frees the job. why: of FAILED and REFUSED. */
void reporter_job_over(struct reporter_job *job, enum reporter_end end, const char *why);

/* reporter_job.c */
void reporter_job_begin(struct reporter_job *job);
/* What it has under way. */
void reporter_job_deinit(struct reporter_job *job);

#endif
