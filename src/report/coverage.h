/*
 * How much of each leg is sealed. Sealed and authenticated are shares of the sessions that crossed
 * a network and in which something was said (plain, legacy, sealed); what authenticated counts is
 * sealed too. Sessions that never left the host, and failed handshakes, stand apart.
 */
#ifndef REPORT_COVERAGE_H
#define REPORT_COVERAGE_H

#include "report/table.h"
#include "store/ledger_read.h"

struct conf_settings;

struct report_counts {
	uint64_t by_seal[STORE_SEAL_COUNT]; /* sessions */
	uint64_t encrypted;                 /* legacy, sealed, authenticated; of them: */
	uint64_t forward_secrecy, post_quantum, resumed;
	uint64_t messages, bytes;
};

struct report_coverage_line {
	enum store_leg leg;
	char protocol[32];
	struct report_counts counts;
};

/* All zero is empty. */
struct report_coverage {
	struct report_counts legs[STORE_LEG_COUNT];
	struct report_coverage_line *lines; /* by leg and protocol, once it is sorted */
	size_t line_count;
	bool is_configured[STORE_LEG_COUNT]; /* something of the configuration makes this leg */
	int64_t began_s;                     /* since when there is a ledger; 0: not known */
	uint64_t lost;                       /* sessions that were not counted */
};

/* Which legs there are by this configuration. */
void report_coverage_configure(struct report_coverage *c, const struct conf_settings *settings);
/* One more sum. 0 or -ENOMEM. */
[[nodiscard]] int report_coverage_add(struct report_coverage *c,
                                      const struct store_ledger_sum *sum);
/* Asks the ledger, and sorts. 0 or a negative. */
[[nodiscard]] int report_coverage_read(struct report_coverage *c, struct store_ledger_read *l,
                                       const struct store_ledger_filter *filter);
void report_coverage_deinit(struct report_coverage *c);

/* Sessions that were open to be sealed: all but local and failed ones. */
uint64_t report_counts_open(const struct report_counts *counts);
/* Sealed, authenticated or not. */
uint64_t report_counts_sealed(const struct report_counts *counts);

/* WELL: nothing in clear on the legs that are the provider's own to seal, user and internal. */
enum report_coverage_verdict {
	REPORT_COVERAGE_WELL,
	REPORT_COVERAGE_NOT_WELL,
	REPORT_COVERAGE_UNKNOWN, /* not one session */
};
enum report_coverage_verdict report_coverage_judge(const struct report_coverage *c);

/*
 * A row for each leg (protocol "all"), below it its protocols. Notes: what is not known and why,
 * and what to do about the worst line. ret_table: empty or deinitialised before. 0 or -ENOMEM.
 */
[[nodiscard]] int report_coverage_table(struct report_table *ret_table,
                                        const struct report_coverage *c,
                                        const struct store_ledger_filter *filter);

#endif
