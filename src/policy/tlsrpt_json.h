/* A TLS report as JSON (RFC 8460 4.4). Pure. */
#ifndef POLICY_TLSRPT_JSON_H
#define POLICY_TLSRPT_JSON_H

#include "base/buf.h"
#include "policy/outcome.h"

struct json_t;

enum {
	POLICY_TLSRPT_ID_CAP = 544, /* "2026-04-01.example.org@mx.example.net" */
	POLICY_TLSRPT_DAY_S = 86400,
};

/* What a report is of, and whose. */
struct policy_tlsrpt_head {
	int64_t day;              /* since 1970-01-01, UTC; all of it */
	const char *domain;       /* that is reported to */
	const char *organization; /* ours */
	const char *contact;      /* a mailbox */
	const char *hostname;     /* of this host: two of us report apart */
};

/* Texts are borrowed. */
struct policy_tlsrpt_sum {
	enum policy_kind kind;
	const char *policy_domain;
	const char *strings, *mx; /* lines, each with LF */
	uint64_t succeeded, failed;
};
struct policy_tlsrpt_fault {
	enum policy_report report;
	const char *sender, *mx, *helo, *receiver, *reason, *more; /* "": not known */
	uint64_t sessions;
};

/* The pieces of it, the caller's. NULL for want of memory. */
struct json_t *policy_tlsrpt_lines_json(const char *lines);
struct json_t *policy_tlsrpt_fault_json(const struct policy_tlsrpt_fault *fault);

/* "Unique" (RFC 8460 4.4), and the same with each try: who gets it twice can tell. ret_id:
 * POLICY_TLSRPT_ID_CAP bytes. */
void policy_tlsrpt_id(const struct policy_tlsrpt_head *head, char *ret_id);
/* "2026-04-01T00:00:00Z". ret_text: 24 bytes. */
void policy_tlsrpt_time(int64_t at_s, char *ret_text);

/* One that is written: a policy, then its failures, and so on. Memory that lacks shows at the
 * end. */
struct policy_tlsrpt_writer;
[[nodiscard]] int policy_tlsrpt_writer_new(struct policy_tlsrpt_writer **ret_w);
void policy_tlsrpt_writer_free(struct policy_tlsrpt_writer *w);
void policy_tlsrpt_writer_freep(struct policy_tlsrpt_writer **w);
void policy_tlsrpt_write_policy(struct policy_tlsrpt_writer *w,
                                const struct policy_tlsrpt_sum *sum);
void policy_tlsrpt_write_failure(struct policy_tlsrpt_writer *w,
                                 const struct policy_tlsrpt_fault *fault);
size_t policy_tlsrpt_policies(const struct policy_tlsrpt_writer *w);
/* Appends the whole, in ASCII. 0 or -ENOMEM. */
[[nodiscard]] int policy_tlsrpt_finish(struct policy_tlsrpt_writer *w, struct buf *to,
                                       const struct policy_tlsrpt_head *head);

#endif
