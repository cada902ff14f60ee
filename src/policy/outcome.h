/*
 * How one session ended, for TLS reports (RFC 8460 4): by each policy that held for it, with what
 * failed. Connections that did not come to TLS, or to its refusal, are none. Texts are borrowed.
 * Pure.
 */
#ifndef POLICY_OUTCOME_H
#define POLICY_OUTCOME_H

#include "base/buf.h"
#include "policy/report.h"
#include "policy/way.h"

/* By the numbers of libtlsrpt's datagrams. */
enum policy_kind { POLICY_KIND_TLSA = 1, POLICY_KIND_STS = 2, POLICY_KIND_NONE = 9 };
/* "tlsa", "sts", "no-policy-found"; NULL for numbers that are none. */
const char *policy_kind_name(enum policy_kind kind);

enum {
	POLICY_OUTCOME_PARTS_MAX = 8,
	POLICY_OUTCOME_FAILURES_MAX = 8,      /* of one part */
	POLICY_OUTCOME_LINES_MAX = 16 * 1024, /* bytes of a policy, or of its MX patterns */
	POLICY_OUTCOME_TEXT_MAX = 255,        /* bytes of any other text */
};

struct policy_failure {
	enum policy_report report;
	struct slice sender;   /* our address */
	struct slice mx;       /* host name */
	struct slice helo;     /* as it calls itself */
	struct slice receiver; /* its address */
	struct slice reason;   /* "failure-reason-code": free text */
	struct slice more;     /* "additional-information" */
};

/* One policy, and how the session ended by it alone. */
struct policy_part {
	enum policy_kind kind;
	char domain[POLICY_WAY_NAME_CAP]; /* that it is of; for DANE the TLSA base domain */
	struct slice strings;             /* the policy: lines, each with LF; or none */
	struct slice mx;                  /* its MX patterns, the same */
	bool has_failed;
	size_t failure_count;
	struct policy_failure failures[POLICY_OUTCOME_FAILURES_MAX];
};

struct policy_outcome {
	char domain[POLICY_WAY_NAME_CAP]; /* whose mail it was: who is reported to */
	size_t part_count;
	struct policy_part parts[POLICY_OUTCOME_PARTS_MAX];
};

/* Within the limits, names are names in lower case, addresses addresses, texts printable ASCII.
 * The one test for all that comes from elsewhere. */
bool policy_outcome_is_fine(const struct policy_outcome *outcome);

/* Another part, to be filled in; NULL if there is no room. */
struct policy_part *policy_outcome_add(struct policy_outcome *outcome, enum policy_kind kind,
                                       const char *domain);
/* Another failure; the part has failed. */
void policy_part_fail(struct policy_part *part, const struct policy_failure *failure);

/* A policy as reports quote it (RFC 8460 4.4), in lines. What is over POLICY_OUTCOME_LINES_MAX is
 * left out. 0 or -ENOMEM. */
[[nodiscard]] int policy_sts_lines(struct buf *lines, const struct policy_sts *sts);
[[nodiscard]] int policy_sts_patterns(struct buf *lines, const struct policy_sts *sts);
/* In one order, whichever DNS had. */
[[nodiscard]] int policy_tlsa_lines(struct buf *lines, const struct policy_tlsa *records,
                                    size_t count);

#endif
