/*
 * What a certificate that a port served is worth: held against the files, what is in force, DNS and
 * the clock. Pure: facts in, what is wrong out.
 */
#ifndef PARENT_VERDICT_H
#define PARENT_VERDICT_H

#include "proc/alarm.h"
#include "proc/witness.h"

enum {
	VERDICT_STALE_S = 60,             /* a file that is older, and not served, is an alarm */
	VERDICT_WARN_S = 21 * 24 * 3600,  /* before a certificate expires */
	VERDICT_SHORT_S = 90 * 24 * 3600, /* one that lives shorter: a third of its life */
};

/* Who sees to it that the right certificate is served. */
enum verdict_keeper {
	VERDICT_KEEPER_OTHER, /* a server that mailseal does not front, and its ACME client */
	VERDICT_KEEPER_FILES, /* mailseal serves what an operator, or his ACME client, writes */
	VERDICT_KEEPER_OURS,  /* mailseal orders it */
	VERDICT_KEEPER_COUNT
};

/* What should be there. */
struct verdict_expected {
	bool has_file; /* what is on the disk is known */
	uint8_t file_sha256[32];
	int64_t file_s;    /* Unix time when it came there */
	bool has_force;    /* an edge of ours */
	bool is_in_force;  /* it serves what it was told to */
	bool is_self_made; /* by mailseal itself, which renews it */
	char file[512];    /* for the text */
};

struct verdict {
	bool is_wrong[PROC_ALARM_KIND_COUNT];
	char texts[PROC_ALARM_KIND_COUNT][PROC_ALARM_TEXT_CAP]; /* of those */
};

/* Nothing is said of a sight that is LOST: ask again. */
void verdict_find(struct verdict *ret_verdict, const struct proc_witness_sight *sight,
                  const struct verdict_expected *expected, int64_t now_s);
/* The kinds that it may find. */
bool verdict_may_find(enum proc_alarm_kind kind);

/* What to do about it. NULL: what is done about any alarm of this kind. */
const char *verdict_mend(enum proc_alarm_kind kind, enum verdict_keeper keeper);

/* Is an alarm's subject this target, or one of its addresses ("TARGET ADDRESS")? */
bool verdict_is_about(const char *subject, const char *target, size_t target_len);

#endif
