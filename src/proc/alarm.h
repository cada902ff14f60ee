/*
 * What is wrong and stays wrong until somebody mends it: kinds, their names and mends, and an
 * alarm as it crosses from parent to ledger. Pure. parent/alarms.h raises them.
 */
#ifndef PROC_ALARM_H
#define PROC_ALARM_H

#include "proc/msg.h"

/* The numbers are the wire's: only append. */
enum proc_alarm_kind {
	/* of what a port serves: raised by what witness saw */
	PROC_ALARM_STALE,            /* another certificate is on the disk */
	PROC_ALARM_NOT_SERVED,       /* it is none of those that are in force */
	PROC_ALARM_TLSA_MISMATCH,    /* no TLSA record covers it */
	PROC_ALARM_EXPIRED,          /* or not valid yet */
	PROC_ALARM_EXPIRES,          /* soon */
	PROC_ALARM_NAME_MISMATCH,    /* it is not for the name it was asked for */
	PROC_ALARM_UNREACHABLE,      /* the port does not answer, or has no TLS */
	PROC_ALARM_CHAIN_INCOMPLETE, /* certificates between it and a CA are missing */
	/* of others */
	PROC_ALARM_TLSA_GUARD,  /* a certificate is kept out of service: no TLSA record covers it */
	PROC_ALARM_ACME_FAILED, /* a certificate could not be got or renewed */
	PROC_ALARM_MTA_STS,     /* our own policy is not published as it should be */
	PROC_ALARM_STS_MISMATCH, /* strangers see another policy of ours than is served */
	PROC_ALARM_KIND_COUNT
};

/* "tlsa-mismatch". Never NULL. */
const char *proc_alarm_name(enum proc_alarm_kind kind);
/* What to do about it, if the alarm says nothing better. Never NULL. */
const char *proc_alarm_mend(enum proc_alarm_kind kind);
/* False: no kind has this name. */
bool proc_alarm_find(const char *name, enum proc_alarm_kind *ret_kind);

enum {
	PROC_ALARM_SUBJECT_CAP = 256,
	PROC_ALARM_TEXT_CAP = 512,
	PROC_ALARM_MEND_CAP = 512,
	PROC_ALARM_PACKED_MAX =
		2 + 8 + 3 * 2 + PROC_ALARM_SUBJECT_CAP + PROC_ALARM_TEXT_CAP + PROC_ALARM_MEND_CAP,
};

/* One kind and one subject are one alarm. Texts are printable ASCII. */
struct proc_alarm {
	enum proc_alarm_kind kind;
	bool is_cleared;
	int64_t since_s;                      /* Unix time when it was raised */
	char subject[PROC_ALARM_SUBJECT_CAP]; /* an edge, HOST:PORT, a certificate, a domain */
	char text[PROC_ALARM_TEXT_CAP];       /* what is wrong, on one line */
	char mend[PROC_ALARM_MEND_CAP];
};

/* As they cross: "is so" or "is not any more". */
void proc_alarm_pack(struct proc_packer *p, const struct proc_alarm *alarm);
/* False: it is none. */
bool proc_alarm_unpack(struct slice payload, struct proc_alarm *ret_alarm);

/* For the hook: one line of JSON. 0 or a negative. */
[[nodiscard]] int proc_alarm_facts(struct buf *ret_json, const struct proc_alarm *alarm);

#endif
